package main

import (
	"strings"
	"testing"

	"pymode-tui/bundle"
	"pymode-tui/runtime/cpython"
)

// What is counted is what would be deployed, and where that is not there, the
// text says so.
func TestSizeCountsTheDeployable(t *testing.T) {
	plain := &cpython.Runtime{Wasm: "plain.wasm"}
	both := &cpython.Runtime{Wasm: "plain.wasm", Asyncified: "deployable.wasm"}
	for _, test := range []struct {
		built            *cpython.Runtime
		given            string
		path, what, note string
	}{
		{plain, "", "plain.wasm", "plain", "runtime build --asyncify"},
		{both, "", "deployable.wasm", "deployable", ""},
		{both, "mine.wasm", "mine.wasm", "given", ""},
	} {
		path, what := interpreter(test.built, &workerFlags{binary: test.given})
		if path != test.path || what != test.what {
			t.Errorf("counted is %s, %s; want %s, %s", path, what, test.path, test.what)
		}
		var out strings.Builder
		if err := printSize(&out, &bundle.Report{Interpreter: what}, false); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "runtime build --asyncify"); got != (test.note != "") {
			t.Errorf("%s: the text tells of the deployable binary: %v\n%s", what, got, out.String())
		}
	}
}
