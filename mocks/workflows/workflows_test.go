package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/workflows"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// entry is a workflow whose second step does what the input's mode says.
const entry = `
import asyncio, time
from pymode.workflows import NonRetryableError, Workflow

wf = Workflow("order")

@wf.step
def first(ctx):
    print("first runs")
    return {"n": (ctx.input or {}).get("n", 0) + 1, "pair": (1, 2)}

@wf.step(retries=2, backoff=0.05, timeout=0.3)
async def second(ctx):
    print("second runs", ctx.attempt)
    mode = (ctx.input or {}).get("mode")
    if mode == "fail": raise ValueError("no luck")
    if mode == "twice" and ctx.attempt < 3: raise ValueError("not yet")
    if mode == "fatal": raise NonRetryableError("never")
    if mode == "loop" and not ctx.env.CALM:
        while True: pass
    if mode == "hang" and not ctx.env.CALM: time.sleep(60)
    if mode == "slow": await asyncio.sleep(5)
    if mode == "slow sync": time.sleep(0.4)
    if mode == "exit" and not ctx.env.CALM: raise SystemExit(1)
    if mode == "object": return object()
    if mode == "nan": return float("nan")
    if mode == "large": return "x" * (1 << 20)
    if mode == "busy": time.sleep(0.2)
    return ctx.results["first"]

@wf.step(backoff="linear")
def third(ctx):
    print("third runs")
    return [ctx.results["second"]["n"] * 2, ctx.results["first"]["pair"], ctx.run_id]

on_fetch = wf.handler()
`

// newWorker makes a worker of the workflow outside of a test.
func newWorker(dir string, s *workflows.Store) (*runtime.Worker, error) {
	var quiet quietTB
	engine := runtimetest.Engine(&quiet)
	project := filepath.Join(dir, "project")
	if err := os.MkdirAll(project, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(project, "entry.py"), []byte(entry), 0o644); err != nil {
		return nil, err
	}
	w, err := engine.NewWorker(runtime.Config{
		Name: "test", Dir: project, Module: "entry", Path: []string{"."}, Bindings: mocks.New(nil, s),
		Env: map[string]runtime.Binding{"CALM": {Kind: "var", Value: false}}, CPULimit: time.Second,
	})
	if err == nil {
		w.Reload(context.Background(), nil)
	}
	return w, err
}

// quietTB is the part of testing.TB that the engine needs outside of a test.
type quietTB struct{ testing.TB }

func (*quietTB) Helper() {}

func (*quietTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func post(ctx context.Context, w *runtime.Worker, path, body string) *runtime.Result {
	return w.Do(ctx, &runtime.Request{Method: "POST", URL: "http://localhost" + path, Body: []byte(body)})
}

func open(t *testing.T, dir string, notify func(string)) *workflows.Store {
	t.Helper()
	s, err := workflows.New(t.Context(), workflows.Config{Dir: dir, Notify: notify})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func worker(t *testing.T, code string, s *workflows.Store, calm bool) *runtime.Worker {
	t.Helper()
	w := runtimetest.Worker(t, code, func(c *runtime.Config) {
		c.Bindings, c.CPULimit = mocks.New(nil, s), time.Second
		c.Env["CALM"] = runtime.Binding{Kind: "var", Value: calm}
	})
	if r := runtimetest.Get(t, w, "/workflow/info"); r.Status != 200 {
		t.Fatalf("info: %d %s", r.Status, r.Body)
	}
	return w
}

// run is what the routes answer.
type run struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Result any    `json:"result"`
	Error  string `json:"error"`
	Steps  []struct {
		Name     string `json:"name"`
		Status   string `json:"status"`
		Attempts int    `json:"attempts"`
		Error    string `json:"error"`
	} `json:"steps"`
}

func (r run) steps() string {
	var parts []string
	for _, s := range r.Steps {
		parts = append(parts, fmt.Sprintf("%s %s %d", s.Name, s.Status, s.Attempts))
	}
	return strings.Join(parts, ", ")
}

func decode(t *testing.T, r *runtime.Result) (got run) {
	t.Helper()
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	return got
}

// printed are the lines that the steps wrote.
func printed(r *runtime.Result) string {
	var lines []string
	for _, l := range r.Logs {
		if l.Level == "info" {
			lines = append(lines, l.Text)
		}
	}
	return strings.Join(lines, ", ")
}

func TestRuns(t *testing.T) {
	w := worker(t, entry, open(t, t.TempDir(), nil), false)
	for _, c := range []struct {
		name, mode      string
		status          int
		steps, err, log string
		atLeast, atMost time.Duration
	}{
		{name: "at once", status: 200, steps: "first complete 1, second complete 1, third complete 1", log: "first runs, second runs 1, third runs"},
		{
			name: "third attempt", mode: "twice", status: 200, steps: "first complete 1, second complete 3, third complete 1",
			log: "first runs, second runs 1, second runs 2, second runs 3, third runs", atLeast: 150 * time.Millisecond,
		},
		{
			name: "never", mode: "fail", status: 500, steps: "first complete 1, second failed 3", err: "step 'second': ValueError: no luck",
			log: "first runs, second runs 1, second runs 2, second runs 3", atLeast: 150 * time.Millisecond,
		},
		{name: "not to be retried", mode: "fatal", status: 500, steps: "first complete 1, second failed 1", err: "NonRetryableError: never", log: "first runs, second runs 1"},
		{
			name: "coroutine that is too slow", mode: "slow", status: 500, steps: "first complete 1, second failed 3", err: "StepTimeoutError: step 'second' took longer than its 0.3 s",
			log: "first runs, second runs 1, second runs 2, second runs 3", atLeast: 900 * time.Millisecond, atMost: 4 * time.Second,
		},
		{name: "blocking for too long", mode: "slow sync", status: 500, steps: "first complete 1, second failed 3", err: "StepTimeoutError", log: "first runs, second runs 1, second runs 2, second runs 3"},
		{name: "no JSON", mode: "object", status: 500, steps: "first complete 1, second failed 1", err: "the result of step 'second' can't be kept in the journal as JSON", log: "first runs, second runs 1"},
		{name: "no number", mode: "nan", status: 500, steps: "first complete 1, second failed 1", err: "not JSON compliant", log: "first runs, second runs 1"},
		{name: "large", mode: "large", status: 500, steps: "first complete 1, second failed 1", err: "at most 1048576 (1 MB) can be kept", log: "first runs, second runs 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			r := post(t.Context(), w, "/workflow/run", fmt.Sprintf(`{"input":{"mode":%q}}`, c.mode))
			took := time.Since(start)
			got := decode(t, r)
			if r.Status != c.status || got.steps() != c.steps || !strings.Contains(got.Error, c.err) || printed(r) != c.log {
				t.Errorf("got %d, %s, error %q, log %q\nwant %d, %s, error %q, log %q", r.Status, got.steps(), got.Error, printed(r), c.status, c.steps, c.err, c.log)
			}
			if took < c.atLeast || c.atMost > 0 && took > c.atMost {
				t.Errorf("took %v", took)
			}
			if r.Metrics.CPU > 900_000 {
				t.Errorf("waiting took CPU time: %d µs", r.Metrics.CPU)
			}
			if c.status == 200 {
				want := fmt.Sprint([]any{2.0, []any{1.0, 2.0}, got.ID})
				if result := fmt.Sprint(got.Result); result != want {
					t.Errorf("result %s, want %s", result, want)
				}
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	w := worker(t, entry, open(t, t.TempDir(), nil), true)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/workflow/run", `{"id":"a","input":{"n":4}}`, 200, `[10, [1, 2], "a"]`},
		{"POST", "/workflow/run", `{"id":"a","input":1}`, 409, `there is a run \"a\" already`},
		{"POST", "/workflow/run", `{"n":6}`, 200, `"result": [14,`},
		{"POST", "/workflow/run", "", 200, `"result": [2,`},
		{"POST", "/workflow/run", "{", 400, "no JSON"},
		{"POST", "/workflow/run", `{"id":7,"input":null}`, 400, "the id must be a string"},
		{"POST", "/workflow/run", `{"id":"` + strings.Repeat("i", 257) + `","input":null}`, 400, "at most 256"},
		{"POST", "/workflow/run", `"` + strings.Repeat("i", 1<<20) + `"`, 400, "at most 1048576 (1 MB)"},
		{"POST", "/workflow/resume", `{"id":"../a"}`, 404, `workflow \"order\" has no run \"../a\"`},
		{"POST", "/workflow/resume", `{}`, 400, "the id of the run"},
		{"POST", "/workflow/resume", `[`, 400, "no JSON"},
		{"GET", "/workflow/info?id=b", "", 404, "has no run"},
		{"GET", "/workflow/info?id=a", "", 200, `"input": {"n": 4}`},
		{"GET", "/workflow/info", "", 200, `{"name": "second", "retries": 2, "backoff": 0.05, "timeout": 0.3}`},
		{"GET", "/workflow/info", "", 200, `"total_runs": 3`},
		{"GET", "/workflow/run", "", 405, "takes POST"},
		{"GET", "/other", "", 404, "/workflow/run, /workflow/resume, /workflow/info"},
	} {
		r := w.Do(t.Context(), &runtime.Request{Method: c.method, URL: "http://localhost" + c.path, Body: []byte(c.body)})
		if r.Status != c.status || !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%s %s %.60s: %d %.400s, want %d with %s", c.method, c.path, c.body, r.Status, r.Body, c.status, c.want)
		}
	}
}

// TestDefinitions evaluates definitions that are refused, in a handler.
func TestDefinitions(t *testing.T) {
	w := runtimetest.Worker(t, `
from pymode.workflows import Workflow
def on_fetch(request, env):
    wf = Workflow("w")
    try:
        return str(eval(request.text()))
    except Exception as e:
        return f"{type(e).__name__}: {e}"
`, nil)
	for code, want := range map[string]string{
		"Workflow('')":                     "TypeError: a workflow needs a name",
		"wf.step(retries=-1)(print)":       "ValueError: step 'print': retries is -1; it must be 0 or more",
		"wf.step(backoff='cubic')(print)":  "ValueError: step 'print': backoff is 'cubic'; it must be seconds, or one of exponential, linear, constant",
		"wf.step(backoff=-1)(print)":       "ValueError: step 'print': backoff is -1; it must be 0 s or more",
		"wf.step(timeout=0)(print)":        "ValueError: step 'print': timeout is 0; it must be above 0 s",
		"wf.step(5)":                       "TypeError: a step is a function, not int",
		"[wf.step(print), wf.step(print)]": "ValueError: workflow 'w' has a step 'print' already",
		"[wf.step(backoff=b, name=str(b))(print) and [wf.steps[-1].delay(n) for n in (1, 2, 3, 99)] for b in (0.5, 'exponential', 'linear', 'constant')]": "" +
			"[[0.5, 1.0, 2.0, 60.0], [1.0, 2.0, 4.0, 60.0], [1.0, 2.0, 3.0, 60.0], [1.0, 1.0, 1.0, 1.0]]",
	} {
		if got := string(post(t.Context(), w, "/", code).Body); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestDamagedJournal(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"other bytes": func([]byte) []byte { return []byte(strings.Repeat("no database ", 1000)) },
		"a hole": func(b []byte) []byte {
			clear(b[4096:])
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "workflows.sqlite")
			s := open(t, dir, nil)
			post(t.Context(), worker(t, entry, s, true), "/workflow/run", `{"id":"a","input":null}`)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b = damage(b)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			var told string
			s = open(t, dir, func(text string) { told += text })
			aside, err := filepath.Glob(path + ".corrupt-*")
			if err != nil || len(aside) != 1 || !strings.Contains(told, filepath.Base(aside[0])) {
				t.Fatalf("set aside as %q, told %q, %v", aside, told, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != string(b) {
				t.Errorf("what was set aside differs: %d of %d bytes, %v", len(kept), len(b), err)
			}
			if r := post(t.Context(), worker(t, entry, s, true), "/workflow/run", `{"id":"a","input":null}`); r.Status != 200 {
				t.Errorf("the new journal: %d %s", r.Status, r.Body)
			}
		})
	}
}

// TestWorkersApart gives two workers runs of the same name.
func TestWorkersApart(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	one := worker(t, entry, s, true)
	other := runtimetest.Worker(t, entry, func(c *runtime.Config) {
		c.Name, c.Bindings = "other", mocks.New(nil, s)
		c.Env["CALM"] = runtime.Binding{Kind: "var", Value: true}
	})
	for i, w := range []*runtime.Worker{one, other} {
		r := post(t.Context(), w, "/workflow/run", fmt.Sprintf(`{"id":"a","input":{"n":%d}}`, i))
		if r.Status != 200 || fmt.Sprint(decode(t, r).Result) != fmt.Sprintf("[%d [1 2] a]", 2*(i+1)) {
			t.Errorf("worker %d: %d %s", i, r.Status, r.Body)
		}
	}
}

// TestRecords looks at what the console shows of a run's host calls.
func TestRecords(t *testing.T) {
	w := worker(t, entry, open(t, t.TempDir(), nil), true)
	r := post(t.Context(), w, "/workflow/run", `{"id":"a","input":null}`)
	var calls []string
	for _, c := range r.Calls {
		calls = append(calls, fmt.Sprintf("%s %s: %s", c.Op, c.Binding, c.Detail))
	}
	want := []string{
		"workflow.begin order: a: running",
		"workflow.step order: a first running", "workflow.step order: a first complete",
		"workflow.step order: a second running", "workflow.step order: a second complete",
		"workflow.step order: a third running", "workflow.step order: a third complete",
		"workflow.finish order: a complete",
	}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Errorf("calls\n%s\nwant\n%s", strings.Join(calls, "\n"), strings.Join(want, "\n"))
	}
}
