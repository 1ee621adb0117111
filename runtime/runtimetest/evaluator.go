package runtimetest

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

// evaluator runs the Python code of a request's body in a function of its own,
// and answers with what it returned, as JSON, or with the class and the text of
// what it raised.
const evaluator = `
import json
from pymode.workers import Response

def plain(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes:" + bytes(value).decode("latin-1")
    return repr(value)

def on_fetch(request, env):
    code = "".join("    " + line + "\n" for line in request.text().split("\n"))
    scope = {"env": env}
    try:
        exec("def f():\n" + code, scope)
        text = json.dumps(scope["f"](), default=plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    return Response(text)
`

// Evaluator returns a function that runs Python statements in the guest, with env
// at hand, and returns what they return as compact JSON, or the exception's class
// and text: "KVError: KV PUT failed: …".
func Evaluator(tb testing.TB, change func(*runtime.Config)) func(code string) string {
	tb.Helper()
	w := Worker(tb, evaluator, change)
	if f := w.State().Error; f != nil {
		tb.Fatalf("import: %v", f)
	}
	return func(code string) string {
		tb.Helper()
		result := w.Do(tb.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/", Body: []byte(strings.TrimSpace(code))})
		if result.Error != nil {
			return result.Error.Message
		}
		return string(result.Body)
	}
}
