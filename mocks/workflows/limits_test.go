package workflows_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/mocks/workflows"
	"pymode-tui/runtime"
)

// guest calls the ops as a request does.
type guest struct {
	t       *testing.T
	ops     map[string]mocks.Op
	closers []func()
}

func newGuest(t *testing.T, s *workflows.Store) *guest {
	return &guest{t: t, ops: s.Ops()}
}

// close ends the request.
func (g *guest) close() {
	for _, f := range g.closers {
		f()
	}
}

// call gives the answer, or the error's text.
func (g *guest) call(op, args string, data string) (answer map[string]any, err string) {
	g.t.Helper()
	caller := mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: "w"}, OnClose: func(f func()) { g.closers = append(g.closers, f) }}
	result, _, failure := g.ops["workflow."+op](g.t.Context(), caller, []byte(args), []byte(data))
	if failure != nil {
		return nil, failure.Error()
	}
	if err := json.Unmarshal(result, &answer); err != nil {
		g.t.Fatal(err)
	}
	return answer, ""
}

// begin starts a run and gives its lease.
func (g *guest) begin(id string) string {
	g.t.Helper()
	answer, err := g.call("begin", fmt.Sprintf(`{"workflow":"f","id":%q}`, id), "null")
	if err != "" {
		g.t.Fatal(err)
	}
	return answer["lease"].(string)
}

// TestHostileCalls calls the ops as no guest of ours does.
func TestHostileCalls(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	g := newGuest(t, s)
	lease := g.begin("r")
	step := func(name, status string) string {
		return fmt.Sprintf(`{"workflow":"f","id":"r","lease":%q,"step":%q,"status":%q}`, lease, name, status)
	}
	for _, c := range []struct{ name, op, args, data, want string }{
		{"no JSON", "begin", `{`, "", "TypeError: the arguments are no JSON"},
		{"no workflow", "begin", `{"id":"x"}`, "null", "TypeError: the workflow needs a name"},
		{"no id", "begin", `{"workflow":"f"}`, "null", "TypeError: the run needs an id"},
		{"input that is no JSON", "begin", `{"workflow":"f","id":"x"}`, "{", "TypeError: the input is no JSON"},
		{"held", "begin", `{"workflow":"f","id":"r","resume":true}`, "", `RunConflict: run "r" is being run by another request`},
		{"long name", "load", `{"workflow":"f","id":"` + strings.Repeat("x", 257) + `"}`, "", "RangeError: the run's id has 257 bytes; at most 256 are possible"},
		{"no lease", "step", `{"workflow":"f","id":"r","step":"a","status":"running"}`, "", `RunConflict: run "r" is not held by this request`},
		{"other lease", "finish", `{"workflow":"f","id":"r","lease":"x","status":"complete"}`, "1", `RunConflict: run "r" is not held by this request`},
		{"no step", "step", step("", "running"), "", "TypeError: the step needs a name"},
		{"no status", "step", step("a", "lost"), "", `TypeError: "lost" is no status of a step`},
		{"result that is no JSON", "step", step("a", "complete"), "nan", `TypeError: the result of step "a" is no JSON`},
		{"large result", "step", step("a", "complete"), `"` + strings.Repeat("x", workflows.MaxResult) + `"`, `RangeError: the result of step "a" has 1048578 bytes as JSON; at most 1048576 (1 MB) can be kept`},
		{"begins", "step", step("a", "running"), "", ""},
		{"ends", "step", step("a", "complete"), "1", ""},
		{"ends twice", "step", step("a", "complete"), "2", `RunConflict: step "a" of run "r" is complete already`},
		{"ends oddly", "finish", fmt.Sprintf(`{"workflow":"f","id":"r","lease":%q,"status":"running"}`, lease), "", `TypeError: "running" is no status of a run's end`},
		{"finishes", "finish", fmt.Sprintf(`{"workflow":"f","id":"r","lease":%q,"status":"complete"}`, lease), "1", ""},
		{"finishes twice", "finish", fmt.Sprintf(`{"workflow":"f","id":"r","lease":%q,"status":"failed"}`, lease), "", `RunConflict: run "r" is not held by this request`},
	} {
		if _, got := g.call(c.op, c.args, c.data); (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestJournalIsBounded(t *testing.T) {
	g := newGuest(t, open(t, t.TempDir(), nil))
	lease := g.begin("r")
	write := func(step, data string) string {
		_, err := g.call("step", fmt.Sprintf(`{"workflow":"f","id":"r","lease":%q,"step":%q,"status":"complete"}`, lease, step), data)
		return err
	}
	mb := `"` + strings.Repeat("x", workflows.MaxResult-2) + `"`
	for n := range workflows.MaxJournal / workflows.MaxResult {
		if err := write(fmt.Sprint("large ", n), mb); err != "" {
			t.Fatal(n, err)
		}
	}
	if err := write("one more", "1"); !strings.Contains(err, `at most 16777216 (16 MB)`) {
		t.Errorf("one more: %q", err)
	}
	answer, err := g.call("begin", `{"workflow":"f","id":"long"}`, "null")
	if err != "" {
		t.Fatal(err)
	}
	lease = answer["lease"].(string)
	for n := range workflows.MaxSteps + 1 {
		_, err := g.call("step", fmt.Sprintf(`{"workflow":"f","id":"long","lease":%q,"step":"%d","status":"running","error":%q}`, lease, n, strings.Repeat("ü", 5000)), "")
		if n < workflows.MaxSteps && err != "" || n == workflows.MaxSteps && !strings.HasPrefix(err, "RangeError: run \"long\" has 1000 steps") {
			t.Fatal(n, err)
		}
	}
}

func TestOldRunsGo(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	g, other := newGuest(t, s), newGuest(t, s)
	g.begin("held")
	other.begin("interrupted")
	other.close()
	for n := range workflows.MaxRuns {
		lease := g.begin(fmt.Sprint(n))
		if _, err := g.call("finish", fmt.Sprintf(`{"workflow":"f","id":"%d","lease":%q,"status":"complete"}`, n, lease), "1"); err != "" {
			t.Fatal(err)
		}
	}
	listed, _ := g.call("list", `{"workflow":"f"}`, "")
	if listed["total"] != float64(workflows.MaxRuns) || len(listed["runs"].([]any)) != 100 {
		t.Errorf("%v runs, %d listed", listed["total"], len(listed["runs"].([]any)))
	}
	for id, want := range map[string]string{"held": "running", "interrupted": "interrupted", "0": "", "999": "complete"} {
		run, err := g.call("load", fmt.Sprintf(`{"workflow":"f","id":%q}`, id), "")
		if want == "" && !strings.HasPrefix(err, "RunNotFound") || want != "" && run["status"] != want {
			t.Errorf("%s: %v %s, want %q", id, run, err, want)
		}
	}
}

// TestTwoStores opens one journal twice, as two consoles do.
func TestTwoStores(t *testing.T) {
	dir := t.TempDir()
	one := open(t, dir, nil)
	two := open(t, dir, nil)
	first, second := newGuest(t, one), newGuest(t, two)
	first.begin("r")
	const resume = `{"workflow":"f","id":"r","resume":true}`
	if _, err := second.call("begin", resume, ""); !strings.HasPrefix(err, "RunConflict") {
		t.Errorf("while the other has it: %q", err)
	}
	first.close()
	if _, err := second.call("begin", resume, ""); err != "" {
		t.Errorf("when the other's request is over: %q", err)
	}
	if _, err := first.call("begin", resume, ""); !strings.HasPrefix(err, "RunConflict") {
		t.Errorf("while the second has it: %q", err)
	}
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	if _, err := first.call("begin", resume, ""); err != "" {
		t.Errorf("when the second is closed: %q", err)
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.owner")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
