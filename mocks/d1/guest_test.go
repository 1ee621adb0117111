package d1

import (
	"encoding/json"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// entry runs the request's body as Python and answers with what it leaves in r,
// or with the error's class and text.
const entry = `
import asyncio, datetime, json, math
from pymode.env import D1, D1Error, D1Result

def show(x):
    if isinstance(x, D1Result):
        return x.results
    if isinstance(x, bytes):
        return {"bytes": list(x)}
    return repr(x)

async def awaited(env):
    s = env.DB.prepare("SELECT 1 AS a")
    return [await s.first("a"), await s.first(), await env.DB.prepare("SELECT 1 WHERE 0").first(), len(await s.all())]

async def on_fetch(request, env):
    if request.path == "/await":
        return json.dumps(await awaited(env))
    return run(request, env)

def run(request, env):
    scope = dict(globals(), DB=env.DB, env=env, request=request)
    try:
        exec(request.text(), scope)
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}", "cause": str(e.__cause__)}
    return json.dumps(scope.get("r"), default=show)
`

func newStore(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := New(tb.Context(), Config{Dir: dir, Notify: func(text string) { tb.Log(text) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func newWorker(tb testing.TB, s *Store) *runtime.Worker {
	tb.Helper()
	return runtimetest.Worker(tb, entry, func(c *runtime.Config) {
		runtimetest.Env("DB", "d1")(c)
		c.Bindings = mocks.New(nil, s)
	})
}

func python(tb testing.TB, w *runtime.Worker, code string) (string, *runtime.Result) {
	tb.Helper()
	r := w.Do(tb.Context(), &runtime.Request{
		Method: "POST", URL: "http://localhost/", Headers: []runtime.Header{{"Host", "localhost"}}, Body: []byte(code),
	})
	return strings.TrimSpace(string(r.Body)), r
}

// errorOf reads an error's class and text, and its cause's text.
func errorOf(tb testing.TB, body string) (text, cause string) {
	tb.Helper()
	var e struct{ Error, Cause string }
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		tb.Fatalf("%s: %v", body, err)
	}
	return e.Error, e.Cause
}

func request(tb testing.TB, w *runtime.Worker, path string) *runtime.Result {
	tb.Helper()
	return runtimetest.Get(tb, w, path)
}
