package r2

import (
	"encoding/json"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// evaluator is a worker that runs the snippet in a request's body and answers
// what it assigned to r, or class and text of what it raised.
const evaluator = `
import ast, datetime, hashlib, inspect, io, json
from pymode.env import R2Error, R2Object, R2Objects
from pymode._headers import Headers

def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return repr(value)

async def on_fetch(request, env):
    scope = dict(globals(), B=env.B, env=env)
    try:
        code = compile(request.text(), "<row>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waited = eval(code, scope)
        if inspect.isawaitable(waited):
            await waited
        return json.dumps(scope.get("r"), default=plain)
    except Exception as error:
        return json.dumps(f"{type(error).__name__}: {error}")
`

// guest is a worker with a binding B on a store.
type guest struct{ worker *runtime.Worker }

// opened opens a store that is closed with the test.
func opened(tb testing.TB, config Config) *Store {
	tb.Helper()
	s, err := New(tb.Context(), config)
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

// guestOf makes a worker on a store, from the text given.
func guestOf(tb testing.TB, s *Store, entry string) *guest {
	tb.Helper()
	w := runtimetest.Worker(tb, entry, func(c *runtime.Config) {
		c.Env["B"] = runtime.Binding{Kind: "r2"}
		c.Bindings = mocks.New(nil, s)
	})
	return &guest{w}
}

// eval runs a snippet and returns the JSON of its r.
func (g *guest) eval(tb testing.TB, code string) string {
	tb.Helper()
	r := g.worker.Do(tb.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/", Body: []byte(code)})
	if r.Status != 200 {
		tb.Fatalf("status %d: %s", r.Status, r.Body)
	}
	return string(r.Body)
}

// same compares JSON texts; a want that begins with "~" has to be in the answer.
func same(tb testing.TB, got, want string) {
	tb.Helper()
	if text, ok := strings.CutPrefix(want, "~"); ok {
		if !strings.Contains(got, text) {
			tb.Errorf("got  %s\nwant %s in it", got, text)
		}
		return
	}
	if compact(tb, got) != compact(tb, want) {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
}

func compact(tb testing.TB, text string) string {
	tb.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
