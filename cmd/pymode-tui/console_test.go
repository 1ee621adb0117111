package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/tui"
	"pymode-tui/tui/consoletest"
)

// The console over real workers: engine, watcher, gateway, bindings and captures are
// those of the command. Only the terminal is missing; TestTerminal has that.

// screen is a console over copies of projects.
type screen struct {
	*consoletest.Driver[*screen]
	t       *testing.T
	session *session
	dirs    []string
}

// show copies projects, runs them and shows them on a screen of 120 by 40.
func show(t *testing.T, projects ...string) *screen {
	t.Helper()
	c := &screen{t: t}
	for _, project := range projects {
		c.dirs = append(c.dirs, copied(t, project))
	}
	engine := runtimetest.Engine(t)
	s, err := newSession(c.dirs, &workerFlags{addr: ":0", cpuLimit: 2 * time.Second, memoryLimit: runtime.DefaultMemoryLimit})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = engine
	c.session = s
	options := s.consoleOptions(s.stream.Subscribe(subscription))
	options.LayoutFile, options.Exec = "", consoletest.Exec
	console := tui.New(t.Context(), options)

	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := console.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		s.close()
		running.Wait()
	})
	c.Driver = consoletest.Live(t, console, c, console.Relay)
	return c.Resize(120, 40).Status("gen 1 · ready")
}

// copied is a copy of a project.
func copied(t *testing.T, project string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), filepath.Base(project))
	if err := os.CopyFS(dir, os.DirFS(filepath.FromSlash(project))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ask sends a request from outside, and waits until it is on the screen.
func (c *screen) ask(method, path, body string) *screen {
	c.t.Helper()
	status := c.fetch(method, path, body)
	name, _, _ := strings.Cut(path, "?")
	return c.newest(method, name, fmt.Sprint(status), "s")
}

// fetch sends a request from outside.
func (c *screen) fetch(method, path, body string) (status int) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.session.gateway.URL()+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode
}

// newest waits until the list begins with a request.
func (c *screen) newest(texts ...string) *screen {
	c.t.Helper()
	c.Requests().Row(func(row string) bool { return !strings.HasPrefix(row, "/ ") }, "the newest request", texts...)
	return c
}

// save changes a file of the first project.
func (c *screen) save(name, old, now string) *screen {
	c.t.Helper()
	path := filepath.Join(c.dirs[0], filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		c.t.Fatalf("%s has no %q", name, old)
	}
	runtimetest.Write(c.t, path, strings.Replace(string(text), old, now, 1))
	return c
}

const (
	hello    = "../../examples/hello"
	greeting = `f"{env.GREETING}, {unquote(name)}!"`
)

func TestConsoleShowsTheFirstAnswer(t *testing.T) {
	c := show(t, hello).ask("GET", "/hello/Ada", "")
	c.Requests().Title("Requests 1").Marked("○", "1 GET", "/hello/Ada", "200")
	c.Detail().Contains("HTTP 200 OK · application/json", `"message": "Hello, Ada!"`)
	c.Status("hello · gen 1 · ready", c.session.gateway.URL())
	c.Detail().Focus().Press("l").Contains("GET /hello/Ada", "Host: "+c.session.gateway.Addr())
	c.Press("l").Detail().Contains("wall time", "instance", "handler")
}

// TestConsoleComparesAfterASave pins a request: a save sends it again by itself.
func TestConsoleComparesAfterASave(t *testing.T) {
	c := show(t, hello).ask("GET", "/hello/Ada", "").Press("p").Footer("pinned GET /hello/Ada")
	c.save("src/entry.py", greeting, `f"Good evening, {unquote(name)}!"`).Status("gen 2 · ready · 1 differs")
	c.newest("≠", "2 GET", "/hello/Ada", "200")
	c.Detail().Contains(`"message": "Good evening, Ada!"`)
	c.Press("d").Detail().Contains("generation 1 → 2", `-  "message": "Hello, Ada!"`, `+  "message": "Good evening, Ada!"`)
	c.Logs().Contains("generation 2: src/entry.py")
	c.save("src/entry.py", "A first worker", "A worker").Status("gen 3 · ready · 1 same")
	c.newest("=", "3 GET", "/hello/Ada", "200")
	c.Requests().Title("Requests 3")
}

// TestConsoleShowsASyntaxErrorAndItsMending also asks meanwhile: the answer is the
// error, at once.
func TestConsoleShowsASyntaxErrorAndItsMending(t *testing.T) {
	c := show(t, hello).ask("GET", "/", "")
	c.save("src/entry.py", "match request.method", "match (request.method").Status("gen 2 · import failed")
	c.Detail().Title("Import failed").Contains("the code could not be imported", "SyntaxError", "src/entry.py:")
	c.Logs().Contains("import failed: SyntaxError")
	c.ask("GET", "/", "").newest("2 GET", "500")
	c.save("src/entry.py", "match (request.method", "match request.method").Status("gen 3 · ready")
	c.ask("GET", "/", "").Detail().Title("Response").Contains("HTTP 200", "Hello, world!")
}

func TestConsoleReplays(t *testing.T) {
	c := show(t, hello).ask("GET", "/hello/Ada", "").ask("GET", "/query?a=1", "").ask("POST", "/echo", "twice")
	c.Requests().Focus().Press("r").Title("Requests 4").Row(func(string) bool { return true }, "the newest", "POST /echo", "200")
	c.Detail().Contains("twice")
	c.Requests().Press("j", "j", "j").Marked("●", "/hello/Ada").Press("r").Title("Requests 5", "4 newer").Marked("●", "/hello/Ada")
	c.newest("GET", "/hello/Ada")
	c.Press("/").Type("echo").Press("enter").Requests().Title("2/5").Press("ctrl+r").Title("4/7")
}

// TestConsoleShowsATraceback has a handler raise, and opens the editor where it did.
func TestConsoleShowsATraceback(t *testing.T) {
	c := show(t, hello).save("src/entry.py", greeting, "f'{1 / 0}'").Status("gen 2 · ready").ask("GET", "/hello/Ada", "")
	c.Detail().Title("[Traceback]").Contains("the handler raised", "ZeroDivisionError: division by zero", "src/entry.py:", "in on_fetch", "1 / 0")
	c.Requests().Focus().Press("enter").Detail().Press("h", "h").Title("[Response]").Contains("HTTP 500")
	opened := c.editor(`echo "$@" > opened`)
	c.Press("e").Until("the editor is opened at the line", func() bool {
		text, _ := os.ReadFile(filepath.Join(opened, "opened"))
		return strings.HasPrefix(string(text), "+") && strings.HasSuffix(string(text), "src/entry.py\n")
	})
}

// editor makes a script the user's editor, which runs in a folder of its own.
func (c *screen) editor(script string) (dir string) {
	c.t.Helper()
	dir = c.t.TempDir()
	path := filepath.Join(dir, "vi") // a name that is known to take a line
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncd "+dir+"\n"+script+"\n"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	c.t.Setenv("EDITOR", path)
	return dir
}

// TestConsoleShowsHostCalls looks at what a worker asks of D1, and what that holds.
func TestConsoleShowsHostCalls(t *testing.T) {
	c := show(t, "templates/todo").ask("POST", "/", `{"title": "buy tea"}`).ask("GET", "/", "").ask("POST", "/", "{}")
	c.Calls().Contains("── GET / ─", "d1.all    DB SELECT id, title", "── POST / ─", "d1.run    DB INSERT INTO todo")
	c.Requests().Focus().Press("j").Marked("●", "GET  /", "200")
	c.Calls().Title("Host calls 1 in").Contains("d1.all").Lacks("INSERT")
	c.Press("k").Calls().Contains("this request called nothing")
	c.Press("esc", "5", "enter").Bindings().Contains("todo", "d1_migrations")
	c.Press("j", "enter").Bindings().Contains("id", "title", "buy tea")
	c.fetch("POST", "/", `{"title": "call Ada"}`)
	c.Bindings().Contains("buy tea", "call Ada")
}

// TestConsoleShowsBudgets lets a request run into the CPU limit, and another allocate.
func TestConsoleShowsBudgets(t *testing.T) {
	c := show(t, hello).save("src/entry.py", greeting, `f"{len(bytearray(40 << 20))}"`).Status("gen 2 · ready")
	c.ask("GET", "/hello/Ada", "").Screen("Memory", "last 1", "of 128 MB", "CPU", "of 2 s", "Imports", "entry")
	c.Press("6").Screen("[Budgets]", "last 1 request").Press("1")
	c.Detail().Focus().Press("h").Title("[Timing]").Contains("memory", "of 128 MB", "CPU", "of 2 s")
	c.save("src/entry.py", `f"{len(bytearray(40 << 20))}"`, `f"{sum(range(10**12))}"`).Status("gen 3 · ready")
	c.ask("GET", "/hello/Ada", "").newest("3 GET", "503")
	c.Screen("stopped at src/entry.py")
	c.Press("l").Detail().Title("[Response]").Contains("stopped at the CPU limit")
}

func TestConsoleKeepsTheFilterOverAReload(t *testing.T) {
	c := show(t, hello).ask("GET", "/hello/Ada", "").ask("GET", "/", "").ask("GET", "/hello/Bob", "")
	c.Press("/").Type("/hello/").Press("enter").Requests().Title("2/3")
	c.save("src/entry.py", greeting, `"changed"`).Status("gen 2 · ready")
	c.Requests().Title("2/3").First("/ /hello/")
	c.ask("GET", "/hello/Eve", "").Requests().Title("3/4")
	c.Press("r").Requests().Title("4/5").Lacks("GET /  ")
	c.Press("/", "esc").Requests().Title("Requests 5")
}

// TestConsoleComposes writes a request in the editor, then edits it and sends it again.
func TestConsoleComposes(t *testing.T) {
	c := show(t, hello)
	c.editor(`sed -i 's|^POST .*|POST '"$(sed -n 's|^POST ||p' "$1")"'echo|; s|{}|{"written": true}|' "$1"`)
	c.Press("n").newest("POST", "/echo", "200")
	c.Detail().Contains("application/json", `"written": true`)
	c.editor(`sed -i 's|true|"twice"|' "$1"`)
	c.Press("E").Requests().Title("Requests 2")
	c.Detail().Contains(`"written": "twice"`)
	c.editor(`echo 'GET http://[' > "$1"`)
	c.Press("n").Footer("n opens it again").Requests().Title("Requests 2")
	c.editor(`grep -q '^GET http://\[$' "$1" && echo "GET http://localhost/hello/draft" > "$1"`)
	c.Press("n").newest("GET", "/hello/draft", "200")
}

// TestConsoleShowsWorkersThatCallEachOther has two workers, and the call below the
// request that made it.
func TestConsoleShowsWorkersThatCallEachOther(t *testing.T) {
	c := show(t, "../../examples/services/handler", "../../examples/services/compute").Status("handler (of 2)")
	c.ask("GET", "/?n=50", "").Requests().Title("Requests 2").Contains("handler", "/?n=50", "compute", "└ /primes?n=50")
	c.Detail().Contains(`"primes": 15`)
	c.Calls().Contains("fetch")
}

// TestConsoleSavesATest saves a request, breaks the worker, and sees it differ.
func TestConsoleSavesATest(t *testing.T) {
	c := show(t, hello).ask("GET", "/hello/Ada", "").Press("S").Footer("saved as ")
	c.save("src/entry.py", greeting, `"broken"`).Status("gen 2 · ready · 1 differs").newest("≠", "2 GET", "/hello/Ada")
	c.Press("d").Detail().Contains("requests/", `-  "message": "Hello, Ada!"`, `+  "message": "broken"`)
	c.save("src/entry.py", `"broken"`, greeting).Status("gen 3 · ready · 1 same")
}
