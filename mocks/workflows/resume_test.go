package workflows_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// TestResume interrupts a run in each of the ways that there are, and goes on
// with it: what was finished does not run again.
func TestResume(t *testing.T) {
	for _, c := range []struct{ mode, status, resumed string }{
		{"fail", "failed", ""},
		{"loop", "interrupted", "first complete 1, second complete 2, third complete 1"},
		{"exit", "interrupted", "first complete 1, second complete 2, third complete 1"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			s := open(t, t.TempDir(), nil)
			angry, calm := worker(t, entry, s, false), worker(t, entry, s, true)
			post(t.Context(), angry, "/workflow/run", fmt.Sprintf(`{"id":"r","input":{"mode":%q}}`, c.mode))
			if got := decode(t, runtimetest.Get(t, calm, "/workflow/info?id=r")); got.Status != c.status || got.Steps[0].Status != "complete" {
				t.Errorf("interrupted: %+v, want %s", got, c.status)
			}
			r := post(t.Context(), calm, "/workflow/resume", `{"id":"r"}`)
			got := decode(t, r)
			if c.resumed == "" {
				if got.Status != "failed" || got.steps() != "first complete 1, second failed 6" || strings.Contains(printed(r), "first") {
					t.Errorf("resumed: %+v, log %q", got, printed(r))
				}
				return
			}
			if r.Status != 200 || got.steps() != c.resumed || printed(r) != "second runs 1, third runs" || fmt.Sprint(got.Result) != "[2 [1 2] r]" {
				t.Errorf("resumed: %d %+v, log %q", r.Status, got, printed(r))
			}
			again := post(t.Context(), calm, "/workflow/resume", `{"id":"r"}`)
			if again.Status != 200 || printed(again) != "" || string(again.Body) == "" || fmt.Sprint(decode(t, again)) != fmt.Sprint(got) {
				t.Errorf("again: %d %s, log %q", again.Status, again.Body, printed(again))
			}
		})
	}
}

// TestKilled kills a process in the middle of a step, and goes on at once.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill := func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	s := open(t, dir, nil)
	calm := worker(t, entry, s, true)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r := runtimetest.Get(t, calm, "/workflow/info?id=killed")
		if r.Status == 200 && decode(t, r).steps() == "first complete 1, second running 1" {
			break
		}
		if time.Now().After(deadline) {
			kill()
			t.Fatalf("the child did not get that far: %s, %s", r.Body, output.String())
		}
	}
	if r := post(t.Context(), calm, "/workflow/resume", `{"id":"killed"}`); r.Status != 409 || !strings.Contains(string(r.Body), "another request") {
		t.Errorf("while the other process runs it: %d %s", r.Status, r.Body)
	}
	kill()
	if got := decode(t, runtimetest.Get(t, calm, "/workflow/info?id=killed")); got.Status != "interrupted" || got.steps() != "first complete 1, second interrupted 1" {
		t.Errorf("after the kill: %+v", got)
	}
	r := post(t.Context(), calm, "/workflow/resume", `{"id":"killed"}`)
	if got := decode(t, r); r.Status != 200 || got.steps() != "first complete 1, second complete 2, third complete 1" || printed(r) != "second runs 1, third runs" {
		t.Errorf("resumed: %d %s, log %q", r.Status, r.Body, printed(r))
	}
}

func TestOneAtATime(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	angry, calm := worker(t, entry, s, false), worker(t, entry, s, true)
	post(t.Context(), angry, "/workflow/run", `{"id":"r","input":{"mode":"exit"}}`)
	const n = 4
	statuses := make(chan int, n)
	for range n {
		go func() { statuses <- post(t.Context(), calm, "/workflow/resume", `{"id":"r"}`).Status }()
	}
	seen := map[int]int{}
	for range n {
		seen[<-statuses]++
	}
	// Those that come after the end get what is stored.
	if seen[200]+seen[409] != n || seen[200] == 0 {
		t.Errorf("statuses %v", seen)
	}
	busy := make(chan *runtime.Result, 1)
	go func() { busy <- post(t.Context(), calm, "/workflow/run", `{"id":"busy","input":{"mode":"busy"}}`) }()
	refused := 0
	for range 200 {
		r := post(t.Context(), calm, "/workflow/resume", `{"id":"busy"}`)
		if r.Status == 200 {
			break
		}
		if r.Status == 409 {
			refused++
		}
	}
	if r := <-busy; r.Status != 200 || decode(t, r).steps() != "first complete 1, second complete 1, third complete 1" || refused == 0 {
		t.Errorf("%d %s, %d refused", r.Status, r.Body, refused)
	}
}
