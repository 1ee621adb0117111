package examples_test

import (
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/mocks/kv"
	"pymode-tui/runtime"
)

// TestFastAPI lets an ASGI application answer whose functions are coroutines and
// plain ones.
func TestFastAPI(t *testing.T) {
	site, _ := install(t, "fastapi")
	store, err := kv.New(kv.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := example(t, "fastapi", func(c *runtime.Config) {
		c.SitePackages, c.Bindings = site, mocks.New(nil, store)
		c.Env["NOTES_KV"] = runtime.Binding{Kind: "kv", Target: "notes"}
	})
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/notes", "", 200, "[]"},
		{"PUT", "/notes/tea%20time", `{"title": "Buy tea", "stars": 3}`, 201, `{"title":"Buy tea","text":"","stars":3}`},
		{"PUT", "/notes/ham", `{"title": "", "stars": 9}`, 422, `"type":"less_than_equal","loc":["body","stars"]`},
		{"GET", "/notes/tea%20time", "", 200, `{"title":"Buy tea","text":"","stars":3}`},
		{"GET", "/notes/ham", "", 404, `{"detail":"there is no note 'ham'"}`},
		{"GET", "/notes", "", 200, `["tea time"]`},
		{"GET", "/openapi.json", "", 200, `"title":"Notes"`},
	} {
		r := w.Do(t.Context(), &runtime.Request{
			Method: c.method, URL: "http://localhost" + c.path, Body: []byte(c.body), Headers: []runtime.Header{{"Content-Type", "application/json"}},
		})
		if r.Status != c.status || !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%s %s %s: %d %s, want %d with %s", c.method, c.path, c.body, r.Status, r.Body, c.status, c.want)
		}
	}
}
