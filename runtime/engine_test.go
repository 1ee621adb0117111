package runtime_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// A damaged cache mends itself: whatever was done to it, the next start works,
// and the one after finds the cache whole.
func TestDamagedCacheMendsItself(t *testing.T) {
	config := runtimetest.EngineConfig(t)
	config.CacheDir = t.TempDir()
	open := func() {
		t.Helper()
		e, err := runtime.NewEngine(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		w, err := e.NewWorker(runtime.Config{
			Name: "test", Module: "entry", Path: []string{"."},
			Dir: runtimetest.Project(t, map[string]string{"entry.py": "def on_fetch(request, env):\n    return 'ok'"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Reload(t.Context(), nil)
		check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "ok"})
		w.Close()
		if err := e.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cached := func(pattern string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(config.CacheDir, "images", pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", pattern, found, err)
		}
		return found[0]
	}
	open()
	for _, pattern := range []string{"*.img", "*.code"} {
		path := cached(pattern)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, damaged := range map[string][]byte{
			"cut":     whole[:len(whole)/2],
			"empty":   nil,
			"flipped": append(append(bytes.Clone(whole[:len(whole)/2]), whole[len(whole)/2]^0xff), whole[len(whole)/2+1:]...),
		} {
			t.Log(pattern, name)
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			open()
			if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, whole) && pattern == "*.code" {
				t.Errorf("%s, %s: not mended: %v", pattern, name, err)
			}
		}
	}
}
