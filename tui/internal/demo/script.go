package main

import (
	"strings"

	"pymode-tui/runtime"
)

const origin = "http://127.0.0.1:8787"

// script is what is asked of the made-up worker.
var script = []*runtime.Request{
	{Method: "GET", URL: origin + "/"},
	{Method: "GET", URL: origin + "/users/7", Headers: []runtime.Header{{"User-Agent", "curl/8.5.0"}, {"Accept", "*/*"}}},
	{
		Method: "POST", URL: origin + "/orders?dry-run=1",
		Headers: []runtime.Header{{"Content-Type", "application/json"}},
		Body:    []byte(`{"item": 12, "note": "it's urgent", "tags": ["a", "b"]}`),
	},
	{Method: "GET", URL: origin + "/missing/page/with/a/rather/long/path?and=a&query=too"},
	{Method: "GET", URL: origin + "/logo.png"},
	{Method: "DELETE", URL: origin + "/evil"},
	{Method: "GET", URL: origin + "/slow"},
	{Method: "GET", URL: origin + "/users/7"},
}

// answer is what the made-up worker answers.
func answer(req *runtime.Request) *runtime.Result {
	path := strings.TrimPrefix(req.URL, origin)
	jsonType := []runtime.Header{{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}
	switch {
	case strings.HasPrefix(path, "/users"):
		return &runtime.Result{
			Status: 200, Headers: jsonType,
			Body: []byte(`{"id":7,"name":"Ada Lovelace","email":"ada@example.org","roles":["admin","author"],"address":{"city":"London","zip":null},"active":true,"bio":"Wrote the first program for a machine that was never built, and saw further than its maker what such machines would be for."}`),
			Logs: []runtime.Log{{Level: "info", Text: "loaded user 7"}, {Level: "debug", Text: "cache hit for user:7"}},
			Calls: []runtime.Call{
				{Op: "kv.get", Binding: "CACHE_KV", Detail: "user:7 hit", At: 300, Duration: 200, BytesIn: 6, BytesOut: 412},
				{Op: "d1.all", Binding: "MY_DB", Detail: "SELECT * FROM orders WHERE user = ?1 – 3 rows", At: 700, Duration: 600, BytesOut: 1_840},
			},
			Modules: []runtime.Module{{Path: "markupsafe/_speedups.wasm", Bytes: 2_867, Duration: 1_400}},
		}
	case strings.HasPrefix(path, "/orders"):
		return &runtime.Result{
			Status: 500, Headers: []runtime.Header{{"Content-Type", "text/plain; charset=utf-8"}},
			Body: []byte("Internal Server Error\n"),
			Logs: []runtime.Log{{Level: "warning", Text: "stock of item 12 is low"}, {Level: "error", Text: "order failed: ZeroDivisionError"}},
			Error: &runtime.Failure{
				Kind: runtime.FailureException, Message: "ZeroDivisionError: division by zero",
				Traceback: []runtime.Frame{
					{File: "src/entry.py", Line: 18, Function: "on_fetch", Text: "return await orders.create(request, env)"},
					{File: "src/orders.py", Line: 52, Function: "create", Text: "share = total / len(items)"},
				},
			},
		}
	case strings.HasPrefix(path, "/missing"):
		return &runtime.Result{Status: 404, Headers: jsonType, Body: []byte(`{"error":"not found"}`)}
	case strings.HasPrefix(path, "/logo"):
		body := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06\x00\x00\x00")
		for i := range 1200 {
			body = append(body, byte(i*7))
		}
		return &runtime.Result{Status: 200, Headers: []runtime.Header{{"Content-Type", "image/png"}}, Body: body}
	case strings.HasPrefix(path, "/evil"):
		return &runtime.Result{
			Status: 418, Headers: []runtime.Header{{"Content-Type", "text/plain"}, {"X-Evil", "a\x1b]0;owned\x07b"}},
			Body: []byte("\x1b[2J\x1b[Hcleared?\r\nback\x08\x08space\ttab\n\xff\xfe bad bytes\n日本語のテキスト 👩‍👩‍👧‍👦 e\u0301\u0301\u0301 \u202egnirts\u202c"),
			Logs: []runtime.Log{
				{Level: "info", Text: "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eoverride\u202c 日本語 👨‍👩‍👧 🇩🇪"},
				{Level: "info", Text: "two\nlines\tand a tab\rand a return"},
				{Level: "info", Text: strings.Repeat("a long line ", 1_000_000)},
			},
		}
	default:
		return &runtime.Result{
			Status: 200, Headers: []runtime.Header{{"Content-Type", "text/html; charset=utf-8"}},
			Body: []byte("<!doctype html>\n<title>hello</title>\n<h1>Hello, worker!</h1>\n"),
			Logs: []runtime.Log{{Level: "log", Text: "hello from on_fetch"}},
		}
	}
}
