package runtime_test

import (
	"sync"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// Masking copies a request, and the copy is still one that another worker made.
func TestMaskedRequestKeepsItsParent(t *testing.T) {
	var mu sync.Mutex
	var done []runtime.RequestDone
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    return 'ok'\n", func(c *runtime.Config) {
		c.Secrets = map[string]string{"TOKEN": "s3cr3t"}
		c.Observe = func(e runtime.Event) {
			if e, ok := e.(runtime.RequestDone); ok {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, e)
			}
		}
	})
	w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://localhost/?s3cr3t", Parent: &runtime.Parent{Worker: "shop", ID: "7"}})
	mu.Lock()
	defer mu.Unlock()
	if len(done) != 1 || done[0].Request.URL != "http://localhost/?[secret:TOKEN]" || done[0].Request.Parent == nil || done[0].Request.Parent.ID != "7" {
		t.Errorf("events %+v", done)
	}
}
