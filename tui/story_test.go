package tui

import (
	"fmt"
	"strings"
	"time"

	"pymode-tui/runtime"
)

// Events for the tests.

// ready makes a generation live, from its import on.
func ready(generation int, files ...string) []runtime.Event {
	return []runtime.Event{
		runtime.StateChanged{Worker: testWorker, At: epoch, State: runtime.StateImporting, Generation: generation, Files: files},
		runtime.StateChanged{Worker: testWorker, At: epoch, State: runtime.StateReady, Generation: generation, Files: files, Duration: 31_000, CPU: 19_200},
	}
}

// failed makes a generation that can't be imported.
func failed(generation int, files ...string) []runtime.Event {
	return []runtime.Event{
		runtime.StateChanged{Worker: testWorker, At: epoch, State: runtime.StateImporting, Generation: generation, Files: files},
		runtime.StateChanged{
			Worker: testWorker, At: epoch, State: runtime.StateImportFailed, Generation: generation, Files: files,
			Error: &runtime.Failure{
				Kind: runtime.FailureImport, Message: "NameError: name 'usres' is not defined",
				Traceback: []runtime.Frame{
					{File: "src/entry.py", Line: 3, Function: "<module>", Text: "from users import find"},
					{File: "src/users.py", Line: 41, Function: "<module>", Text: "CACHE = {u.id: u for u in usres}"},
				},
			},
		},
	}
}

// request is a request with its logs and its answer; change may alter those.
func request(id int, method, path string, change ...func(*runtime.Request, *runtime.Result)) []runtime.Event {
	req := &runtime.Request{Method: method, URL: "http://127.0.0.1:8787" + path}
	result := &runtime.Result{
		ID: fmt.Sprint(id), Status: 200, Generation: 1,
		Headers: []runtime.Header{{"Content-Type", "application/json"}},
		Body:    []byte(`{"id":7,"name":"Ada"}`),
		Metrics: runtime.Metrics{Start: 620, Wall: 3_100, CPU: 2_200, Host: 400, Memory: 22 << 20, MemoryPeak: 23 << 20},
	}
	for _, f := range change {
		f(req, result)
	}
	at := epoch.Add(time.Duration(id) * time.Second)
	events := []runtime.Event{runtime.RequestStarted{
		Worker: testWorker, At: at, ID: result.ID, Generation: result.Generation, Request: req, Method: method, URL: req.URL,
	}}
	for _, l := range result.Logs {
		events = append(events, runtime.Logged{Worker: testWorker, At: at, ID: result.ID, Generation: result.Generation, Log: l})
	}
	for _, call := range result.Calls {
		events = append(events, runtime.Called{Worker: testWorker, At: at, ID: result.ID, Generation: result.Generation, Call: call})
	}
	return append(events, runtime.RequestDone{Worker: testWorker, At: at, Request: req, Result: result})
}

// logs has a request log lines.
func logs(texts ...string) func(*runtime.Request, *runtime.Result) {
	return func(_ *runtime.Request, r *runtime.Result) {
		for _, text := range texts {
			r.Logs = append(r.Logs, runtime.Log{Level: "info", Text: text})
		}
	}
}

// answers sets the status, the type and the body of an answer.
func answers(status int, contentType, body string) func(*runtime.Request, *runtime.Result) {
	return func(_ *runtime.Request, r *runtime.Result) {
		r.Status, r.Headers, r.Body = status, []runtime.Header{{"Content-Type", contentType}}, []byte(body)
	}
}

// raises has the handler raise.
func raises(_ *runtime.Request, r *runtime.Result) {
	r.Status, r.Body = 500, []byte("Internal Server Error\n")
	r.Error = &runtime.Failure{
		Kind: runtime.FailureException, Message: "ZeroDivisionError: division by zero",
		Traceback: []runtime.Frame{
			{File: "src/entry.py", Line: 18, Function: "on_fetch", Text: "return await orders.create(request, env)"},
			{File: "src/orders.py", Line: 52, Function: "create", Text: "share = total / len(items)"},
		},
	}
}

// written is lines that a worker wrote outside of any request.
func written(format string, from, to int) []runtime.Event {
	var events []runtime.Event
	for i := from; i < to; i++ {
		events = append(events, runtime.Logged{
			Worker: testWorker, At: epoch.Add(time.Duration(i) * time.Millisecond),
			Log: runtime.Log{Level: "info", Text: fmt.Sprintf(format, i)},
		})
	}
	return events
}

// imports is what the import of a generation cost.
func imports() []runtime.Event {
	return []runtime.Event{
		runtime.Imported{Worker: testWorker, At: epoch, Generation: 2, Imports: []runtime.Import{
			{Name: "markupsafe._speedups", Self: 12_400, Cumulative: 12_400, Memory: 512 << 10},
			{Name: "users", Self: 3_100, Cumulative: 18_000},
			{Name: "entry", Self: 900, Cumulative: 19_000},
			{Name: "markupsafe", Self: 400, Cumulative: 12_800},
		}},
	}
}

// exceeds has a budget stop the handler.
func exceeds(kind runtime.FailureKind) func(*runtime.Request, *runtime.Result) {
	return func(_ *runtime.Request, r *runtime.Result) {
		r.Status, r.Metrics.CPU, r.Metrics.MemoryPeak = 503, 30_002_000, 128<<20
		r.Error = &runtime.Failure{Kind: kind, Message: "the worker used up its budget", Traceback: []runtime.Frame{
			{File: "src/entry.py", Line: 7, Function: "on_fetch", Text: "while True: pass"},
		}}
	}
}

// story is a morning's work: what the golden views show.
func story() []runtime.Event {
	calls := func(_ *runtime.Request, r *runtime.Result) {
		r.Calls = []runtime.Call{
			{Op: "kv.get", Binding: "CACHE_KV", Detail: "user:7 hit", At: 300, Duration: 200, BytesIn: 6, BytesOut: 412},
			{Op: "d1.all", Binding: "MY_DB", Detail: "SELECT * FROM orders WHERE user = ?1 – 3 rows", At: 700, Duration: 600, BytesOut: 1_840},
			{Op: "http.fetch", Detail: "https://example.org/ refused", At: 900, Duration: 1_200, Error: "connection refused"},
		}
		r.Modules = []runtime.Module{{Path: "markupsafe/_speedups.wasm", Bytes: 2_867, Duration: 1_400}}
	}
	second := func(_ *runtime.Request, r *runtime.Result) { r.Generation = 2 }
	var events []runtime.Event
	for _, more := range [][]runtime.Event{
		ready(1),
		request(1, "GET", "/", answers(200, "text/html; charset=utf-8", "<!doctype html>\n<h1>Hello, worker!</h1>\n"), logs("hello from on_fetch")),
		request(2, "GET", "/users/7", calls, logs("loaded user 7")),
		request(3, "POST", "/orders?dry-run=1", raises, logs("stock of item 12 is low", "order failed")),
		request(4, "GET", "/logo.png", answers(200, "image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"+strings.Repeat("\x00\x7f", 600))),
		request(5, "GET", "/a/missing/page/with/a/rather/long/path?and=a&query=too", answers(404, "application/json", `{"error":"not found"}`)),
		ready(2, "src/users.py"),
		imports(),
		request(6, "GET", "/users/7", second, calls, logs("loaded user 7")),
	} {
		events = append(events, more...)
	}
	return events
}
