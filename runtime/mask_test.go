package runtime_test

import (
	"slices"
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

// Events of a request with an observer of its own go there, masked, and nowhere else.
func TestRequestsOwnObserver(t *testing.T) {
	var mu sync.Mutex
	var all, own []string
	note := func(list *[]string) func(runtime.Event) {
		return func(e runtime.Event) {
			mu.Lock()
			defer mu.Unlock()
			text := e.Kind()
			if l, ok := e.(runtime.Logged); ok {
				text += " " + l.Log.Text
			}
			*list = append(*list, text)
		}
	}
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    print('it is s3cr3t')\n    return 'ok'\n", func(c *runtime.Config) {
		c.Secrets = map[string]string{"TOKEN": "s3cr3t"}
		c.Observe = note(&all)
	})
	mu.Lock()
	before := len(all)
	mu.Unlock()
	w.Do(runtime.WithObserver(t.Context(), note(&own)), &runtime.Request{Method: "GET", URL: "http://localhost/"})
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"request-started", "log it is [secret:TOKEN]", "request"}; !slices.Equal(own, want) {
		t.Errorf("own %q, want %q", own, want)
	}
	if len(all) != before {
		t.Errorf("others %q", all[before:])
	}
}
