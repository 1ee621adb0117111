//go:build unix

package cpython

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestFailedStep(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	r := smallRecipe(counted(&runs, func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{path: "/bin/sh", args: []string{"-c", "for i in $(seq 50); do echo line $i; done; echo 'x.c:1: error: no' >&2; exit 3"}})
		}
	}))
	_, err := buildRecipe(t.Context(), opts, r)
	var failed *StepError
	if !errors.As(err, &failed) {
		t.Fatalf("error is %v, want a StepError", err)
	}
	if got := failed.Error(); got != "compile it: sh: exit status 3: x.c:1: error: no" {
		t.Errorf("error is %q", got)
	}
	if len(failed.Tail) != tailLines || failed.Tail[tailLines-2] != "line 50" {
		t.Errorf("tail is %q", failed.Tail)
	}
	log, err := os.ReadFile(failed.Log)
	if err != nil || !strings.Contains(string(log), "line 1\n") {
		t.Errorf("the log %s does not have all of it: %v", failed.Log, err)
	}
	if !strings.Contains(failed.Hint(), failed.Log) {
		t.Errorf("hint is %q", failed.Hint())
	}
	if pathExists(r.dir(opts.CacheDir, "compile")) {
		t.Error("the failed step left its directory")
	}
	// The next build goes on after the last finished step.
	again := smallRecipe(counted(&runs, nil))
	if _, err := buildRecipe(t.Context(), opts, again); err != nil {
		t.Fatal(err)
	}
	if counts := runsOf(&runs); counts["source"] != 1 {
		t.Errorf("runs: %v, want 1 of source", counts)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		// Only Linux has a disk that is always full; the words are what is
		// looked for elsewhere.
		if !diskFull(nil, []string{"cc: error: No space left on device"}) {
			t.Error("not recognised")
		}
		return
	}
	for name, run := range map[string]func(context.Context, *job) error{
		"a tool says so": func(ctx context.Context, j *job) error {
			return j.run(ctx, command{path: "/bin/sh", args: []string{"-c", "cat /proc/self/status >/dev/full"}})
		},
		"an error of ours": func(context.Context, *job) error { return os.WriteFile("/dev/full", []byte("x"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			opts := testOptions(t)
			_, err := buildRecipe(t.Context(), opts, smallRecipe(func(steps map[string]*step) { steps["compile"].run = run }))
			var full *DiskFullError
			if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("error is %v, want a DiskFullError", err)
			}
			if full.Dir != opts.CacheDir || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("error is %q", err)
			}
		})
	}
}

// TestCancelKillsChildren runs a command with a child in the background, ends
// the build, and expects both to be gone.
func TestCancelKillsChildren(t *testing.T) {
	opts := testOptions(t)
	reader, writer := io.Pipe()
	r := smallRecipe(func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{
				path: "/bin/sh", args: []string{"-c", "sleep 1000 & echo child $!; wait"},
				each: func(line string) { fmt.Fprintln(writer, line) },
			})
		}
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error)
	go func() {
		_, err := buildRecipe(ctx, opts, r)
		result <- err
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "child ")))
	if err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if err := <-result; !errors.Is(err, interrupted) {
		t.Errorf("error is %v, want %v", err, interrupted)
	}
	if pathExists(r.dir(opts.CacheDir, "compile")) {
		t.Error("the step's directory is still there")
	}
	// The kernel has sent the signal; the child is an orphan, and whoever
	// adopts it takes a moment to collect it.
	deadline := time.Now().Add(5 * time.Second)
	for alive(child) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", child)
		}
		time.Sleep(time.Millisecond)
	}
}

// alive tells a running process from none and from a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestProgressOnlyGoesForward(t *testing.T) {
	opts := testOptions(t)
	opts.TestSuite = true
	var seen []Progress
	opts.Progress = func(p Progress) { seen = append(seen, p) }
	r := smallRecipe(func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{
				path: "/bin/sh", args: []string{"-c", "for i in 1 2 3 4 5 6 7; do echo cc -c $i.c; done"},
				counts: func(line string) bool { return strings.Contains(line, " -c ") }, total: 5,
			})
		}
	})
	if _, err := buildRecipe(t.Context(), opts, r); err != nil {
		t.Fatal(err)
	}
	for i, p := range seen {
		if p.Percent < 0 || p.Percent > 100 || p.Number < 1 || p.Number > p.Steps || p.Steps != 4 || p.Step == "" || p.Remaining < 0 {
			t.Errorf("report %d makes no sense: %+v", i, p)
		}
		if i > 0 && (p.Percent < seen[i-1].Percent || p.Number < seen[i-1].Number) {
			t.Errorf("report %d goes back: %+v after %+v", i, p, seen[i-1])
		}
	}
	if last := seen[len(seen)-1]; last.Percent != 100 || last.Number != 4 {
		t.Errorf("the last report is %+v", last)
	}
	if !slices.ContainsFunc(seen, func(p Progress) bool { return p.Step == "compile it" && p.Line == "cc -c 3.c" }) {
		t.Error("the output of the command was not shown")
	}
}

func TestCleanEnv(t *testing.T) {
	env := cleanEnv([]string{"PATH=/bin", "MAKEFLAGS=-j", "PYTHONPATH=/x", "CFLAGS=-g", "LANG=de_DE", "LC_CTYPE=C.UTF-8", "HTTPS_PROXY=p", "CC=gcc"})
	for _, want := range []string{"PATH=/bin", "HTTPS_PROXY=p", "CC=gcc", "LC_ALL=C"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %v", want, env)
		}
	}
	for _, entry := range env {
		for _, bad := range []string{"MAKEFLAGS", "PYTHONPATH", "CFLAGS", "LANG", "LC_CTYPE"} {
			if strings.HasPrefix(entry, bad+"=") {
				t.Errorf("%s was passed on", entry)
			}
		}
	}
}
