package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// answer is what a handler's answer is compared by.
type answer struct {
	status int
	body   string // has to be in the body
	kind   runtime.FailureKind
	text   string // has to be in the error's message
	line   int    // of the innermost frame, where there is an error with one
}

func check(t *testing.T, r *runtime.Result, want answer) {
	t.Helper()
	if r.Status != want.status {
		t.Errorf("status %d, want %d", r.Status, want.status)
	}
	if !strings.Contains(string(r.Body), want.body) {
		t.Errorf("body %.300q, want %q in it", r.Body, want.body)
	}
	switch {
	case want.kind == "" && r.Error != nil:
		t.Errorf("error %+v", r.Error)
	case want.kind != "" && r.Error == nil:
		t.Errorf("no error, want %s", want.kind)
	case want.kind != "":
		if r.Error.Kind != want.kind || !strings.Contains(r.Error.Message, want.text) {
			t.Errorf("error %s %q, want %s with %q", r.Error.Kind, r.Error.Message, want.kind, want.text)
		}
		if want.line != 0 {
			if n := len(r.Error.Traceback); n == 0 || r.Error.Traceback[n-1].Line != want.line || r.Error.Traceback[n-1].File != "entry.py" {
				t.Errorf("traceback %+v, want it to end in entry.py, line %d", r.Error.Traceback, want.line)
			}
		}
	}
}

func TestHandlers(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       answer
	}{
		{"str", "def on_fetch(request, env):\n    return 'hi ' + request.path", answer{status: 200, body: "hi /p"}},
		{"fetch", "def fetch(request, env):\n    return 'fetched'", answer{status: 200, body: "fetched"}},
		{"bytes", "def on_fetch(request, env):\n    return b'\\x00\\xff'", answer{status: 200, body: "\x00\xff"}},
		{"dict", "def on_fetch(request, env):\n    return {'a': [1]}", answer{status: 200, body: `{"a": [1]}`}},
		{"None", "def on_fetch(request, env):\n    return None", answer{status: 204}},
		{"pair", "def on_fetch(request, env):\n    return 'made', 201", answer{status: 201, body: "made"}},
		{"coroutine", "import asyncio\nasync def on_fetch(request, env):\n    await asyncio.sleep(0.001)\n    return 'slept'", answer{status: 200, body: "slept"}},
		{"await of a value", "async def on_fetch(request, env):\n    return str(await 7) + str(await None)", answer{status: 200, body: "7None"}},
		{"entrypoint", "from workers import WorkerEntrypoint, Response\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        return Response('class')", answer{status: 200, body: "class"}},
		{"object", "def on_fetch(request, env):\n    return object()", answer{status: 500, body: "object", kind: runtime.FailureProtocol}},
		{"status 99", "from pymode.workers import Response\ndef on_fetch(request, env):\n    return Response('', status=99)", answer{status: 500, kind: runtime.FailureProtocol, text: "99"}},
		{"header with newline", "from pymode.workers import Response\ndef on_fetch(request, env):\n    return Response('', headers={'x': 'a\\nb'})", answer{status: 500, kind: runtime.FailureProtocol, text: "x"}},
		{"exception", "def on_fetch(request, env):\n    return 1 / 0", answer{status: 500, body: "ZeroDivisionError", kind: runtime.FailureException, text: "division by zero", line: 2}},
		{"SystemExit", "import sys\ndef on_fetch(request, env):\n    sys.exit(3)", answer{status: 500, kind: runtime.FailureException, text: "SystemExit"}},
		{"os._exit", "import os\ndef on_fetch(request, env):\n    os._exit(3)", answer{status: 500, kind: runtime.FailureException, text: "exit code 3"}},
		{"deep recursion", "def f():\n    f()\ndef on_fetch(request, env):\n    f()", answer{status: 500, kind: runtime.FailureException, text: "RecursionError"}},
		{"nested repr", "def on_fetch(request, env):\n    x = []\n    for _ in range(100000): x = [x]\n    return repr(x)", answer{status: 500, kind: runtime.FailureException, text: "RecursionError"}},
		{"abort", "import os\ndef on_fetch(request, env):\n    os.abort()", answer{status: 500, kind: runtime.FailureException}},
		{"memory", "def on_fetch(request, env):\n    return 'x' * 10**9", answer{status: 503, body: "error code: 1102", kind: runtime.FailureMemory, text: "128 MB", line: 2}},
		{"growing list", "def on_fetch(request, env):\n    a = []\n    while True: a.append(bytearray(10**6))", answer{status: 503, kind: runtime.FailureMemory, line: 3}},
		{"writes to stdout", "import os\ndef on_fetch(request, env):\n    os.write(1, b'junk')\n    print('more')\n    return 'clean'", answer{status: 200, body: "clean"}},
		{"no handler", "x = 1", answer{status: 500, body: "on_fetch", kind: runtime.FailureImport, text: "entry.py"}},
		{"handler is no function", "on_fetch = 7", answer{status: 500, kind: runtime.FailureImport, text: "on_fetch"}},
		{"syntax error", "def on_fetch(request, env):\n    return (", answer{status: 500, body: "SyntaxError", kind: runtime.FailureImport, line: 2}},
		{"import error", "import nothing_of_that_name", answer{status: 500, kind: runtime.FailureImport, text: "nothing_of_that_name", line: 1}},
		{"SystemExit at import", "raise SystemExit(4)", answer{status: 500, kind: runtime.FailureImport, text: "SystemExit"}},
		{"os._exit at import", "import os\nos._exit(9)", answer{status: 500, kind: runtime.FailureImport, text: "exit code 9"}},
		{"missing module with advice", "import sqlite3", answer{status: 500, kind: runtime.FailureImport, text: "D1"}},
		{"thread", "import threading\ndef on_fetch(request, env):\n    threading.Thread(target=print).start()", answer{status: 500, kind: runtime.FailureException, text: "RuntimeError"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := runtimetest.Worker(t, c.code, nil)
			check(t, runtimetest.Get(t, w, "/p"), c.want)
			check(t, runtimetest.Get(t, w, "/p"), c.want) // and again: the worker lives on
		})
	}
}

func TestRequestIsSeenWhole(t *testing.T) {
	w := runtimetest.Worker(t, `
from pymode.workers import Response
def on_fetch(request, env):
    body = request.bytes()
    r = Response.json({"method": request.method, "url": request.url, "path": request.path, "query": request.query,
                       "tags": request.headers.get_all("x-tag"), "len": len(body), "sum": sum(body), "var": env.GREETING})
    r.headers.append("set-cookie", "a=1")
    r.headers.append("set-cookie", "b=2")
    return r
`, func(c *runtime.Config) { c.Env["GREETING"] = runtime.Binding{Kind: "var", Value: "hi"} })
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = byte(i)
	}
	r := w.Do(t.Context(), &runtime.Request{
		Method: "PUT", URL: "http://x.test/a%20b?q=1&q=2", Body: body,
		Headers: []runtime.Header{{"X-Tag", "one"}, {"X-Tag", "two"}},
	})
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	want := map[string]any{
		"method": "PUT", "url": "http://x.test/a%20b?q=1&q=2", "len": 1048576.0, "sum": 133693440.0, "var": "hi",
		"query": map[string]any{"q": []any{"1", "2"}}, "tags": []any{"one", "two"},
	}
	for key, value := range want {
		if fmt.Sprint(got[key]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	var cookies []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name(), "set-cookie") {
			cookies = append(cookies, h.Value())
		}
	}
	if fmt.Sprint(cookies) != "[a=1 b=2]" {
		t.Errorf("cookies %v", cookies)
	}
}

func TestRequestsShareNothing(t *testing.T) {
	w := runtimetest.Worker(t, `
import random, uuid, time
count = 0
def on_fetch(request, env):
    global count
    count += 1
    return {"count": count, "random": random.random(), "uuid": str(uuid.uuid4()), "now": time.time()}
`, nil)
	seen := map[string]bool{}
	for range 5 {
		var got struct {
			Count  int
			Random float64
			UUID   string
			Now    float64
		}
		r := runtimetest.Get(t, w, "/")
		if err := json.Unmarshal(r.Body, &got); err != nil {
			t.Fatalf("%s: %v", r.Body, err)
		}
		if got.Count != 1 {
			t.Errorf("a request sees the count %d of others", got.Count)
		}
		if age := time.Since(time.Unix(0, int64(got.Now*1e9))); age < -time.Second || age > time.Minute {
			t.Errorf("the guest's clock is off by %v", age)
		}
		for _, value := range []string{fmt.Sprint(got.Random), got.UUID} {
			if seen[value] {
				t.Errorf("%s came twice", value)
			}
			seen[value] = true
		}
	}
}

// The image has room for what a short request allocates: an instance that has grown
// can't serve again. What the import has allocated must not decide it, so there are
// imports of many sizes.
func TestShortRequestsDoNotGrowTheMemory(t *testing.T) {
	for size := range 8 {
		w := runtimetest.Worker(t, fmt.Sprintf("kept = [bytes(100) for _ in range(%d)]\n"+
			"def on_fetch(request, env):\n    return {'made': len([bytes(1000) for _ in range(1000)])}", 500*size), nil)
		for range 3 {
			r := runtimetest.Get(t, w, "/")
			check(t, r, answer{status: 200, body: `{"made": 1000}`})
			if grown := r.Metrics.Memory - w.ImageSize(); grown != 0 {
				t.Errorf("import %d: the memory of a request has grown by %d bytes", size, grown)
			}
		}
	}
}

func TestLogs(t *testing.T) {
	var mu sync.Mutex
	var events []string
	w := runtimetest.Worker(t, `
import logging, sys
print("at import")
def on_fetch(request, env):
    print("one\ntwo")
    print("error", file=sys.stderr)
    logging.warning("warned")
    print("partial", end="")
    return "ok"
`, func(c *runtime.Config) {
		c.Observe = func(e runtime.Event) {
			if l, ok := e.(runtime.Logged); ok {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, l.ID+" "+l.Log.Level+" "+l.Log.Text)
			}
		}
	})
	r := runtimetest.Get(t, w, "/")
	var got []string
	for _, l := range r.Logs {
		got = append(got, l.Level+" "+l.Text)
	}
	if want := "info one|info two|error error|warning warned|info partial"; strings.Join(got, "|") != want {
		t.Errorf("logs %q, want %q", got, want)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(events) != 6 || events[0] != " info at import" || events[1] != r.ID+" info one" {
		t.Errorf("events %q", events)
	}
}

func TestLogsAreBounded(t *testing.T) {
	w := runtimetest.Worker(t, "for i in range(100_000): print('x' * 1000)\ndef on_fetch(request, env):\n    for i in range(30_000): print(i)\n    return 'ok'", nil)
	r := runtimetest.Get(t, w, "/")
	check(t, r, answer{status: 200, body: "ok"})
	if n := len(r.Logs); n != 10_001 || !strings.Contains(r.Logs[n-1].Text, "20000 more log lines were dropped") {
		t.Errorf("%d lines, the last %q", n, r.Logs[n-1].Text)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	var shown strings.Builder
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    print('the token is', env.TOKEN)\n    return env.TOKEN", func(c *runtime.Config) {
		c.Env["TOKEN"] = runtime.Binding{Kind: "secret", Value: "hunter22"}
		c.Secrets = map[string]string{"PASSWORD": "hunter22"}
		c.Observe = func(e runtime.Event) {
			b, _ := json.Marshal(e)
			shown.Write(b)
			if done, ok := e.(runtime.RequestDone); ok {
				b, _ := json.Marshal(done.Result)
				shown.Write(b)
			}
		}
	})
	r := runtimetest.Get(t, w, "/?t=hunter22")
	if string(r.Body) != "hunter22" {
		t.Errorf("the client gets %q", r.Body)
	}
	if strings.Contains(shown.String(), "hunter22") || !strings.Contains(shown.String(), "[secret:PASSWORD]") {
		t.Errorf("events carry the secret: %s", shown.String())
	}
}

func TestReload(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{
		"entry.py":  "import helper\ndef on_fetch(request, env):\n    return helper.word",
		"helper.py": "word = 'old'",
	})
	var mu sync.Mutex
	var states []string
	w := runtimetest.WorkerOf(t, dir, func(c *runtime.Config) {
		c.Observe = func(e runtime.Event) {
			if s, ok := e.(runtime.StateChanged); ok {
				mu.Lock()
				defer mu.Unlock()
				states = append(states, fmt.Sprint(s.State, " ", s.Generation, " ", s.Files))
			}
		}
	})
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "old"})
	runtimetest.Write(t, filepath.Join(dir, "helper.py"), "word = 'new'")
	w.Reload(t.Context(), []string{"helper.py"})
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "new"})
	runtimetest.Write(t, filepath.Join(dir, "helper.py"), "word = ")
	w.Reload(t.Context(), []string{"helper.py"})
	check(t, runtimetest.Get(t, w, "/"), answer{status: 500, kind: runtime.FailureImport, text: "SyntaxError"})
	runtimetest.Write(t, filepath.Join(dir, "helper.py"), "word = 'mended'")
	w.Reload(t.Context(), []string{"helper.py"})
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "mended"})
	mu.Lock()
	defer mu.Unlock()
	want := "importing 1 []|ready 1 []|importing 2 [helper.py]|ready 2 [helper.py]|importing 3 [helper.py]|import failed 3 [helper.py]|importing 4 [helper.py]|ready 4 [helper.py]"
	if got := strings.Join(states, "|"); got != want {
		t.Errorf("states\n%s, want\n%s", got, want)
	}
}

// A request right after a save gets the new code, also where nobody has told
// the worker of the save.
func TestNeverOldCodeAfterASave(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{"entry.py": "def on_fetch(request, env):\n    return 'n0;'"})
	w := runtimetest.WorkerOf(t, dir, nil)
	for n := 1; n <= 3; n++ {
		want := fmt.Sprintf("n%d;", n)
		runtimetest.Write(t, filepath.Join(dir, "entry.py"), "def on_fetch(request, env):\n    return '"+want+"'")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: want}) })
		}
		group.Wait()
	}
}

// A save of the same text is no reason to import anything.
func TestSameTextIsNoChange(t *testing.T) {
	const text = "def on_fetch(request, env):\n    return 'same'"
	dir := runtimetest.Project(t, map[string]string{"entry.py": text})
	w := runtimetest.WorkerOf(t, dir, nil)
	entry := filepath.Join(dir, "entry.py")
	if err := os.Remove(entry); err != nil {
		t.Fatal(err)
	}
	runtimetest.Write(t, entry, text)
	if r := runtimetest.Get(t, w, "/"); r.Generation != 1 || string(r.Body) != "same" {
		t.Errorf("generation %d answers %q", r.Generation, r.Body)
	}
}

func TestReloadSupersedesAStuckImport(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{"entry.py": "while True: pass"})
	w, err := runtimetest.Engine(t).NewWorker(runtime.Config{Name: "test", Dir: dir, Module: "entry", Path: []string{"."}, ImportLimit: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	var group sync.WaitGroup
	group.Go(func() { w.Reload(t.Context(), nil) })
	for w.State().State != runtime.StateImporting {
		time.Sleep(time.Millisecond)
	}
	runtimetest.Write(t, filepath.Join(dir, "entry.py"), "def on_fetch(request, env):\n    return 'mended'")
	w.Reload(t.Context(), nil)
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "mended"})
	group.Wait()
}

func TestConcurrentRequests(t *testing.T) {
	w := runtimetest.Worker(t, "import asyncio\nasync def on_fetch(request, env):\n    await asyncio.sleep(0.05)\n    return request.path", nil)
	var group sync.WaitGroup
	start := time.Now()
	for n := range 20 {
		group.Go(func() {
			path := fmt.Sprintf("/%d", n)
			check(t, runtimetest.Get(t, w, path), answer{status: 200, body: path})
		})
	}
	group.Wait()
	if took := time.Since(start); took > 20*50*time.Millisecond {
		t.Errorf("20 requests that wait 50 ms each took %v: one after another", took)
	}
}

func TestCancelledRequestEnds(t *testing.T) {
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    while True: pass", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r := w.Do(ctx, &runtime.Request{Method: "GET", URL: "http://localhost/"})
	if r.Error == nil || !strings.Contains(r.Error.Message, "cancelled") {
		t.Errorf("got %+v", r.Error)
	}
}

func TestGuestSeesOnlyTheProject(t *testing.T) {
	outside := t.TempDir()
	runtimetest.Write(t, filepath.Join(outside, "secret.txt"), "outside")
	dir := runtimetest.Project(t, map[string]string{
		"entry.py": `
import os
def on_fetch(request, env):
    what = request.query["open"][0]
    mode = request.query.get("mode", ["r"])[0]
    try:
        with open(what, mode) as f:
            return f.read()
    except OSError as e:
        return type(e).__name__ + " refused"
`,
		"data.txt":  "inside",
		".dev.vars": "TOKEN=abc",
	})
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "file")); err != nil {
		t.Fatal(err)
	}
	w := runtimetest.WorkerOf(t, dir, nil)
	for query, want := range map[string]string{
		"/app/data.txt":                        "inside",
		"/app/link/secret.txt":                 "refused",
		"/app/file":                            "refused",
		"/app/../" + outside + "/secret.txt":   "refused",
		"/app/../../../../../../../etc/passwd": "refused",
		"/etc/passwd":                          "refused",
		"/app/.dev.vars":                       "refused",
		"/app/new.txt&mode=w":                  "refused",
		"/app/data.txt&mode=a":                 "refused",
	} {
		if got := string(runtimetest.Get(t, w, "/?open="+query).Body); !strings.Contains(got, want) {
			t.Errorf("open %s: %q, want %s", query, got, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "data.txt")); err != nil || string(b) != "inside" {
		t.Errorf("data.txt is %q now, %v", b, err)
	}
}

func TestProjectMayVanishAndComeBack(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "project")
	entry := filepath.Join(dir, "entry.py")
	runtimetest.Write(t, entry, "def on_fetch(request, env):\n    return 'first'")
	w := runtimetest.WorkerOf(t, dir, nil)
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "first"})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	w.Reload(t.Context(), nil)
	if r := runtimetest.Get(t, w, "/"); r.Error == nil || r.Error.Kind != runtime.FailureImport {
		t.Errorf("without a project: %d %+v", r.Status, r.Error)
	}
	runtimetest.Write(t, entry, "def on_fetch(request, env):\n    return 'second'")
	w.Reload(t.Context(), nil)
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "second"})
}

func TestLargeBodies(t *testing.T) {
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    return str(len(request.bytes()))", nil)
	post := func(size int) *runtime.Result {
		return w.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/", Body: make([]byte, size)})
	}
	check(t, post(10<<20), answer{status: 200, body: "10485760"})
	check(t, post(50<<20), answer{status: 200, body: "52428800"})
	check(t, post(90<<20), answer{status: 200, body: "94371840"})
	check(t, post(120<<20), answer{status: 503, kind: runtime.FailureMemory, text: "128 MB"})
	check(t, post(1), answer{status: 200, body: "1"})
}

func TestLargeResponses(t *testing.T) {
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    return bytes(range(256)) * int(request.query['kb'][0]) * 4", nil)
	for _, kb := range []int{47, 48, 49, 1024, 50 << 10} {
		r := runtimetest.Get(t, w, fmt.Sprint("/?kb=", kb))
		if r.Status != 200 || len(r.Body) != kb<<10 || r.Body[len(r.Body)-1] != 255 {
			t.Errorf("%d kB: status %d, %d bytes, %v", kb, r.Status, len(r.Body), r.Error)
		}
	}
}

func TestClosedWorker(t *testing.T) {
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    return ''", nil)
	w.Close()
	check(t, runtimetest.Get(t, w, "/"), answer{status: 503, kind: runtime.FailureProtocol, text: "closed"})
	w.Close()
}
