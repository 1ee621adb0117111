package main

import (
	"path/filepath"
	"testing"

	"pymode-tui/packages"
	"pymode-tui/runtime/cpython"
)

// TestPackagesWhileServing installs a package while its worker is served, and
// takes it away again.
func TestPackagesWhileServing(t *testing.T) {
	r := start(t, map[string]string{"entry.py": `
try:
    import six
    found = "six " + six.__name__
except ImportError:
    found = "nothing"
def on_fetch(request, env):
    return found
`}, false)
	r.expect(200, "nothing")
	built, err := cpython.Build(t.Context(), cpython.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := r.workers[0].project
	opts := packages.Options{Dependencies: []string{"six"}, Lock: filepath.Join(t.TempDir(), packages.LockFile), Site: siteDir(p), Runtime: built}
	for i, text := range []string{"six six", "nothing"} {
		if _, err := packages.Sync(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		r.eventually([]string{"ready, generation 2 (site-packages)", "ready, generation 3 (site-packages)"}[i])
		r.expect(200, text)
		opts.Dependencies = nil
	}
}
