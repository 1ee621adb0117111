package runtime_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// slowPackage takes its time to be imported, and counts how often that is done:
// what an import leaves in the log is seen.
const slowPackage = `
import time, sys
time.sleep(0.05)
print("slow package imported")
VALUE = 1
`

// TestPackagesLayer: what a worker imports from site-packages is imported once,
// until a file of it changes.
func TestPackagesLayer(t *testing.T) {
	packages := t.TempDir()
	runtimetest.Write(t, filepath.Join(packages, "slow", "__init__.py"), slowPackage)
	dir := runtimetest.Project(t, map[string]string{"entry.py": "import slow\nX = 1\ndef on_fetch(request, env):\n    return f'{slow.VALUE} {X}'\n"})
	var imports int
	w := runtimetest.WorkerOf(t, dir, func(c *runtime.Config) {
		c.SitePackages = packages
		c.Observe = func(e runtime.Event) {
			if l, ok := e.(runtime.Logged); ok && l.Log.Text == "slow package imported" {
				imports++
			}
		}
	})
	answers := func(want string) {
		t.Helper()
		if got := string(runtimetest.Get(t, w, "/").Body); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	answers("1 1")
	settle := func() {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !runtime.HasLayer(w); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no layer was made")
			}
		}
	}
	settle()
	before := imports
	for _, x := range []string{"2", "3"} {
		runtimetest.Write(t, filepath.Join(dir, "entry.py"), "import slow\nX = "+x+"\ndef on_fetch(request, env):\n    return f'{slow.VALUE} {X}'\n")
		w.Reload(t.Context(), nil)
		answers("1 " + x)
	}
	if imports != before {
		t.Errorf("the package was imported %d times more", imports-before)
	}

	// A change in the package throws the layer away.
	runtimetest.Write(t, filepath.Join(packages, "slow", "__init__.py"), slowPackage+"VALUE = 2\n")
	w.Reload(t.Context(), nil)
	answers("2 3")
	settle()

	// A worker that no longer imports it works without it.
	if err := os.RemoveAll(filepath.Join(packages, "slow")); err != nil {
		t.Fatal(err)
	}
	runtimetest.Write(t, filepath.Join(dir, "entry.py"), "def on_fetch(request, env):\n    return 'alone'\n")
	w.Reload(t.Context(), nil)
	answers("alone")
}
