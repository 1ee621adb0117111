package runtime_test

import (
	"strings"
	"sync"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// A file that the import leaves open is the worker's to mend; that importlib.metadata
// keeps the library open is nobody's.
func TestOpenFilesAreWarnedOf(t *testing.T) {
	for code, want := range map[string]string{
		"import importlib.metadata\nFOUND = list(importlib.metadata.distributions())": "",
		"DATA = open(__file__)": "the file entry.py was left open",
	} {
		var mu sync.Mutex
		var warnings []string
		w := runtimetest.Worker(t, code+"\ndef on_fetch(request, env): return 'ok'", func(c *runtime.Config) {
			c.Observe = func(e runtime.Event) {
				if l, ok := e.(runtime.Logged); ok && l.Log.Level == "warning" {
					mu.Lock()
					defer mu.Unlock()
					warnings = append(warnings, l.Log.Text)
				}
			}
		})
		check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "ok"})
		mu.Lock()
		if got := strings.Join(warnings, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: warnings %q, want %q", code, got, want)
		}
		mu.Unlock()
	}
}
