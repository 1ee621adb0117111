package cpython

import (
	"os"
	"slices"
	"testing"
)

func TestRecipe(t *testing.T) {
	r := newRecipe()
	if again := newRecipe(); again.digests[stepRuntime] != r.digests[stepRuntime] {
		t.Error("two recipes of the same inputs have different digests")
	}
	cache := t.TempDir()
	plan := r.plan(cache, stepRuntime)
	const extras = 3 // the tests, wasm-opt and the deployable binary
	if len(plan) != len(r.steps)-extras {
		t.Errorf("%d steps in an empty cache, want all but the extras: %d", len(plan), len(r.steps)-extras)
	}
	for _, s := range r.steps {
		if s.title == "" || s.root == "" || s.run == nil || s.seconds <= 0 {
			t.Errorf("step %s is incomplete", s.name)
		}
	}
	// With all but the library done, nothing of the compiler is needed.
	for _, name := range []string{stepLink, stepSideModules, stepCompile, stepNative, stepPythonSource} {
		dir := r.dir(cache, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := finish(dir, &record{Step: name}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, s := range r.plan(cache, stepRuntime) {
		names = append(names, s.name)
	}
	if want := []string{stepStdlib, stepRuntime}; !slices.Equal(names, want) {
		t.Errorf("plan is %v, want %v", names, want)
	}
}

func BenchmarkLookup(b *testing.B) {
	opts := Options{CacheDir: b.TempDir()}
	for b.Loop() {
		Lookup(opts)
	}
}
