// Package runtimetest runs Python code in the real interpreter, for tests: the
// runtime is built where it has not been, and shared by all tests of a process.
package runtimetest

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"
)

var config = sync.OnceValues(func() (runtime.EngineConfig, error) {
	built, err := cpython.Build(context.Background(), cpython.Options{})
	if err != nil {
		return runtime.EngineConfig{}, err
	}
	cache, err := os.UserCacheDir()
	return runtime.EngineConfig{
		Wasm: built.Wasm, LibDir: filepath.Dir(built.Stdlib), Digest: built.Digest,
		CacheDir: filepath.Join(cache, "pymode-tui"),
	}, err
})

var shared = sync.OnceValues(func() (*runtime.Engine, error) {
	c, err := config()
	if err != nil {
		return nil, err
	}
	return runtime.NewEngine(context.Background(), c)
})

// EngineConfig returns what [Engine] is made of.
func EngineConfig(tb testing.TB) runtime.EngineConfig {
	tb.Helper()
	c, err := config()
	if err != nil {
		tb.Fatalf("the runtime: %v", err)
	}
	return c
}

// Engine returns the engine of this process. The first call may build CPython,
// which takes minutes.
func Engine(tb testing.TB) *runtime.Engine {
	tb.Helper()
	e, err := shared()
	if err != nil {
		tb.Fatalf("the runtime: %v", err)
	}
	return e
}

// Deployable is [EngineConfig] with the deployable binary, which the first call may
// build.
func Deployable(tb testing.TB) runtime.EngineConfig {
	tb.Helper()
	built, err := cpython.Build(tb.Context(), cpython.Options{Asyncify: true})
	if err != nil {
		tb.Fatal(err)
	}
	c, err := EngineConfig(tb).WithBinary(built.Asyncified)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// EngineOf returns an engine of its own, which is closed with the test.
func EngineOf(tb testing.TB, config runtime.EngineConfig) *runtime.Engine {
	tb.Helper()
	e, err := runtime.NewEngine(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// Project writes files (paths with slashes) to a directory of their own.
func Project(tb testing.TB, files map[string]string) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	for name, text := range files {
		Write(tb, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

// Write writes one file, and the directories that it needs.
func Write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Worker imports entry.py, with the text given, and is closed with the test.
// Change, which may be nil, adjusts the configuration. Whether the import
// succeeded is for the test to see, in [runtime.Worker.State].
func Worker(tb testing.TB, entry string, change func(*runtime.Config)) *runtime.Worker {
	tb.Helper()
	return WorkerOf(tb, Project(tb, map[string]string{"entry.py": entry}), change)
}

// WorkerOf is Worker for a project directory with an entry.py.
func WorkerOf(tb testing.TB, dir string, change func(*runtime.Config)) *runtime.Worker {
	tb.Helper()
	config := runtime.Config{Name: "test", Dir: dir, Module: "entry", Path: []string{"."}, Env: map[string]runtime.Binding{}}
	if change != nil {
		change(&config)
	}
	return WorkerIn(tb, Engine(tb), config)
}

// WorkerIn imports a worker in that engine, and closes it with the test.
func WorkerIn(tb testing.TB, engine *runtime.Engine, config runtime.Config) *runtime.Worker {
	tb.Helper()
	w, err := engine.NewWorker(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Close)
	w.Reload(tb.Context(), nil)
	return w
}

// Get requests a path and returns the result.
func Get(tb testing.TB, w *runtime.Worker, path string) *runtime.Result {
	tb.Helper()
	return w.Do(tb.Context(), &runtime.Request{Method: "GET", URL: "http://localhost" + path, Headers: []runtime.Header{{"Host", "localhost"}}})
}

// Env is an environment with one binding of a kind.
func Env(name, kind string) func(*runtime.Config) {
	return func(c *runtime.Config) {
		maps.Copy(c.Env, map[string]runtime.Binding{name: {Kind: kind}})
	}
}
