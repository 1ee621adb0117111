package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/gateway"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// running is a session that runs, with a client.
type running struct {
	*session
	t   *testing.T
	dir string
	out *lockedBuffer // what the headless printer wrote
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t *testing.T, files map[string]string, asJSON bool) *running {
	t.Helper()
	runtimetest.Engine(t) // so that the time for a build is not the session's
	dir := runtimetest.Project(t, files)
	s, err := newSession([]string{dir}, &workerFlags{addr: ":0", cpuLimit: time.Second, memoryLimit: runtime.DefaultMemoryLimit})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{session: s, t: t, dir: dir, out: &lockedBuffer{}}
	ctx, cancel := context.WithCancel(t.Context())
	sub := s.stream.Subscribe(subscription)
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.run(ctx); err != nil {
			t.Error(err)
		}
	})
	group.Go(func() { newHeadless(r.out, io.Discard, asJSON).run(sub) })
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		s.close()
		group.Wait()
	})
	return r
}

func (r *running) get(path string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.gateway.URL()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (r *running) expect(status int, text string) {
	r.t.Helper()
	if got, body := r.get("/"); got != status || !strings.Contains(body, text) {
		r.t.Errorf("got %d %q, want %d with %q", got, body, status, text)
	}
}

func (r *running) write(name, text string) {
	r.t.Helper()
	runtimetest.Write(r.t, filepath.Join(r.dir, name), text)
}

// eventually waits until the printed lines contain text.
func (r *running) eventually(text string) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(r.out.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("no %q in\n%s", text, r.out.String())
		}
	}
}

// until waits until something holds.
func (r *running) until(holds func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("it does not come; printed:\n%s", r.out.String())
		}
	}
}

// file is a file of the project as it is told.
func (r *running) file(name string) string { return shown(filepath.Join(r.dir, name)) }

func handler(answer string) string {
	return "def on_fetch(request, env):\n    return " + answer + "\n"
}

func TestSaveAndSeeTheAnswer(t *testing.T) {
	r := start(t, map[string]string{"entry.py": handler("'one'")}, false)
	r.expect(200, "one")
	r.write("entry.py", handler("'two'"))
	r.expect(200, "two")
	r.eventually("ready, generation 2 (entry.py)")
	r.write("entry.py", handler("1 / 0"))
	r.expect(500, "ZeroDivisionError")
	r.eventually("ZeroDivisionError: division by zero (entry.py:2)")
	r.write("entry.py", "def on_fetch(")
	r.expect(500, "SyntaxError")
	r.eventually("import failed, generation 4 (entry.py)")
	r.write("entry.py", handler("'four'"))
	r.expect(200, "four")
}

func TestSaveWithoutAChangeDoesNothing(t *testing.T) {
	r := start(t, map[string]string{"entry.py": handler("'one'")}, false)
	r.expect(200, "one")
	r.write("entry.py", handler("'one'"))
	r.write("other.py", "")
	r.eventually("(other.py)")
	if out := r.out.String(); strings.Contains(out, "entry.py") || strings.Contains(out, "generation 3") {
		t.Errorf("the save of the same text was a change:\n%s", out)
	}
}

func TestConfigChanges(t *testing.T) {
	r := start(t, map[string]string{"entry.py": handler("env.get('WORD', 'none')")}, false)
	r.expect(200, "none")
	r.write("pyproject.toml", "[tool.pymode.vars]\nWORD = 'hello'\n")
	r.eventually("ready, generation 2")
	r.expect(200, "hello")
	r.write("pyproject.toml", "[tool.pymode.vars\n")
	r.eventually("import failed, generation 3")
	r.expect(500, "pyproject.toml")
	r.write("pyproject.toml", "[tool.pymode.vars]\nWORD = 'mended'\n")
	r.eventually("ready, generation 4")
	r.expect(200, "mended")
}

func TestJSONLines(t *testing.T) {
	r := start(t, map[string]string{"entry.py": "def on_fetch(request, env):\n    print('said')\n    return 'ok'\n"}, true)
	r.expect(200, "ok")
	r.eventually(`"event":"request"`)
	seen := map[string]int{}
	for line := range strings.Lines(r.out.String()) {
		var e struct {
			Event  string
			Method string
			ID     string
			Status int
			Logs   []runtime.Log
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[e.Event]++
		if e.Event == "request" && (e.Method != "GET" || e.Status != 200 || e.ID != "1" || len(e.Logs) != 1 || e.Logs[0].Text != "said") {
			t.Errorf("request line %s", line)
		}
	}
	for _, event := range []string{"state", "log", "request-started", "request"} {
		if seen[event] == 0 {
			t.Errorf("no event %q in\n%s", event, r.out.String())
		}
	}
}

func TestTwoConsolesOnOnePort(t *testing.T) {
	r := start(t, map[string]string{"entry.py": handler("'one'")}, false)
	_, err := newSession([]string{r.dir}, &workerFlags{addr: r.gateway.Addr(), cpuLimit: time.Second})
	var inUse *gateway.InUseError
	if !errors.As(err, &inUse) {
		t.Errorf("got %v", err)
	}
	if hint(err) == "" {
		t.Error("no hint")
	}
	r.expect(200, "one")
}

func TestExamples(t *testing.T) {
	for dir, want := range map[string]string{"hello": "Hello, world!", "async": "", "multi-file": "", "services/compute": `{"primes": 25}`} {
		t.Run(dir, func(t *testing.T) {
			runtimetest.Engine(t)
			dir := filepath.Join("..", "..", "examples", dir)
			w, err := openWorker(t.Context(), dir, &workerFlags{cpuLimit: 30 * time.Second, memoryLimit: runtime.DefaultMemoryLimit}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.close(context.Background()) }()
			r := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://localhost/"})
			if r.Status != 200 || r.Error != nil || !strings.Contains(string(r.Body), want) || len(r.Body) == 0 {
				t.Errorf("got %d %q %v", r.Status, r.Body, r.Error)
			}
		})
	}
}

// TestHeadlessSaysWhatBecameSlower has the same rule as the console.
func TestHeadlessSaysWhatBecameSlower(t *testing.T) {
	var out strings.Builder
	h := newHeadless(&out, io.Discard, false)
	for i := range 10 {
		h.event(runtime.RequestDone{
			Worker: "w", Request: &runtime.Request{Method: "GET", URL: "http://127.0.0.1:8787/users/7?page=1"},
			Result: &runtime.Result{Status: 200, Generation: 1 + i/5, Metrics: runtime.Metrics{Wall: []int64{3_100, 9_800}[i/5]}},
		})
	}
	if want := "note: GET /users/*: p50 3.1 → 9.8 ms since generation 2\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want %q at its end", out.String(), want)
	}
}
