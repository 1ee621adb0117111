package skeleton

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime/wasmbin"

	"github.com/tetratelabs/wazero"
)

// memory is a Store.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memory) Get(name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[name]
	return b, ok
}

func (m *memory) Put(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = data
}

// open opens the cache in a directory as a new process does.
func open(t *testing.T, dir string, store Store) *Cache {
	t.Helper()
	ctx := context.Background()
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	config := wazero.NewRuntimeConfig()
	runtime := wazero.NewRuntimeWithConfig(ctx, config.WithCompilationCache(cache))
	t.Cleanup(func() {
		if err := errors.Join(runtime.Close(ctx), cache.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	c, err := Open(ctx, runtime, config, dir, 1<<30, store)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// adder is a module that adds a number below 64.
func adder(t *testing.T, n byte) []byte {
	t.Helper()
	var b wasmbin.Builder
	i32 := []wasmbin.ValType{wasmbin.I32}
	b.Export("add", wasmbin.KindFunc, b.Func(b.Type(i32, i32), nil, 0x20, 0, 0x41, n, 0x6a))
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func place(t *testing.T, c *Cache, module []byte) Code {
	t.Helper()
	code, err := c.Place(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// add calls the function of a loaded module.
func add(t *testing.T, c *Cache, code Code, to uint64) uint64 {
	t.Helper()
	compiled, err := c.Load(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := c.runtime.InstantiateModule(t.Context(), compiled, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		t.Fatal(err)
	}
	results, err := instance.ExportedFunction("add").Call(t.Context(), to)
	if err != nil {
		t.Fatalf("the skeleton was compiled: %v", err)
	}
	return results[0]
}

// Where there is no room, the code that was used the longest ago makes it.
func TestCodeIsBounded(t *testing.T) {
	c := open(t, t.TempDir(), &memory{files: map[string][]byte{}})
	codes := []Code{place(t, c, adder(t, 1)), place(t, c, adder(t, 2))}
	path := func(code Code) string { return filepath.Join(c.dir, code.File) }
	old := time.Now().Add(-24 * time.Hour)
	for i, code := range codes {
		when := old.Add(time.Duration(i) * time.Hour)
		if err := os.Chtimes(path(code), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if got := add(t, c, codes[0], 40); got != 41 { // now the second one is the older
		t.Errorf("40 and 1 is %d", got)
	}
	c.most = 2 * codes[0].Size
	third := place(t, c, adder(t, 3))
	if a, b := add(t, c, codes[0], 40), add(t, c, third, 40); a != 41 || b != 43 {
		t.Errorf("40 and 1 is %d, 40 and 3 is %d", a, b)
	}
	if _, err := c.Load(t.Context(), codes[1]); !errors.Is(err, ErrNoCode) {
		t.Errorf("the code that nobody used: %v, want ErrNoCode", err)
	}
}

func TestPlaceAndLoad(t *testing.T) {
	dir, store := t.TempDir(), &memory{files: map[string][]byte{}}
	first := open(t, dir, store)
	one, two := place(t, first, adder(t, 1)), place(t, first, adder(t, 2))
	for _, c := range []*Cache{first, open(t, dir, store)} { // this process, and the next
		if a, b := add(t, c, one, 40), add(t, c, two, 40); a != 41 || b != 42 {
			t.Errorf("40 and 1 is %d, 40 and 2 is %d", a, b)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, placing+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string, code *Code){
		"no file": func(t *testing.T, path string, _ *Code) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"no folder": func(t *testing.T, path string, _ *Code) {
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		},
		"half a file": func(t *testing.T, path string, code *Code) {
			if err := os.Truncate(path, code.Size/2); err != nil {
				t.Fatal(err)
			}
		},
		"other code": func(t *testing.T, path string, _ *Code) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)-12] ^= 1 // of the code, whose sum stands behind it
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"the skeleton's own code": func(t *testing.T, path string, code *Code) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			c := open(t, filepath.Dir(filepath.Dir(path)), &memory{files: map[string][]byte{}})
			if _, err := c.runtime.CompileModule(t.Context(), code.Skeleton); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
		},
		"another processor": func(_ *testing.T, _ string, code *Code) { code.Probe = "another" },
		"nothing":           func(_ *testing.T, _ string, code *Code) { *code = Code{Probe: code.Probe} },
	} {
		t.Run(name, func(t *testing.T) {
			dir, store := t.TempDir(), &memory{files: map[string][]byte{}}
			code := place(t, open(t, dir, store), adder(t, 1))
			damage(t, filepath.Join(dir, code.File), &code)
			c := open(t, dir, store)
			if _, err := c.Load(t.Context(), code); !errors.Is(err, ErrNoCode) {
				t.Errorf("got %v, want %v", err, ErrNoCode)
			}
			if sum := add(t, c, place(t, c, adder(t, 1)), 1); sum != 2 {
				t.Errorf("placed again, 1 and 1 is %d", sum)
			}
		})
	}
}

// Where the probe's code is not found, as with another processor, wazero compiles
// its skeleton, which is noticed.
func TestProbeIsPlacedAgain(t *testing.T) {
	dir, store := t.TempDir(), &memory{files: map[string][]byte{}}
	c := open(t, dir, store)
	probe := filepath.Join(dir, c.probe)
	one := place(t, c, adder(t, 1))
	whole, err := os.ReadFile(probe)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"gone": nil, "other code": append(whole[:len(whole):len(whole)], 0)} {
		if err := os.Remove(probe); err != nil {
			t.Fatal(err)
		}
		if b != nil {
			if err := os.WriteFile(probe, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again := open(t, dir, store)
		if sum := add(t, again, one, 1); sum != 2 {
			t.Errorf("%s: 1 and 1 is %d", name, sum)
		}
		if b, err := os.ReadFile(probe); err != nil || len(b) != len(whole) {
			t.Errorf("%s: the probe was not placed again: %v", name, err)
		}
	}
}

func TestOpenAtOnce(t *testing.T) {
	dir, store := t.TempDir(), &memory{files: map[string][]byte{}}
	var processes sync.WaitGroup
	for n := range byte(8) {
		c := open(t, dir, store)
		processes.Go(func() {
			for range 3 {
				if sum := add(t, c, place(t, c, adder(t, n)), 10); sum != 10+uint64(n) {
					t.Errorf("10 and %d is %d", n, sum)
				}
			}
		})
	}
	processes.Wait()
}
