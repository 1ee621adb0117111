package runtime_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/runtime/wasmbin"
)

// A worker runs in the deployable binary as in the plain one, and is stopped
// there too, though that has no loop checks of its own.
func TestDeployableBinary(t *testing.T) {
	config := runtimetest.Deployable(t)
	if again := runtimetest.Deployable(t); again != config {
		t.Errorf("the second time it is %+v, want %+v", again, config)
	}
	engine := runtimetest.EngineOf(t, config)
	dir := runtimetest.Project(t, map[string]string{"entry.py": `
def on_fetch(request, env):
    while request.path == "/loop":
        pass
    return {"path": request.path}
`})
	w := runtimetest.WorkerIn(t, engine, runtime.Config{Name: "test", Dir: dir, Module: "entry", Path: []string{"."}, CPULimit: 200 * time.Millisecond})
	if got := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://test/a"}); got.Status != 200 || string(got.Body) != `{"path": "/a"}` {
		t.Errorf("answer is %d %s", got.Status, got.Body)
	}
	if got := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://test/loop"}); got.Status != 503 || !strings.Contains(string(got.Body), "1102") {
		t.Errorf("answer of a loop is %d %s", got.Status, got.Body)
	}
}

// A binary that can't run workers is refused by what it lacks.
func TestBinaryRefused(t *testing.T) {
	config := runtimetest.EngineConfig(t)
	plain, err := os.ReadFile(config.Wasm)
	if err != nil {
		t.Fatal(err)
	}
	without := func(name string) []byte {
		out, err := wasmbin.WithoutExports(plain, func(export string, _ wasmbin.Kind) bool { return export != name })
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, test := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"no load", without("pm_load"), "it does not export pm_load"},
		{"no yield", without("pm_yield"), "it does not export pm_yield"},
		{"no table", without("__indirect_function_table"), "does not export __indirect_function_table"},
		{"no version", without("Py_Version"), "it does not export Py_Version"},
		{"other version", otherVersion(t, plain), "it is Python 3.12.5, and the standard library is that of 3.13.5"},
		{"cut off", plain[:len(plain)/2], "wasm offset"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "python.wasm")
			if err := os.WriteFile(file, test.module, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := config.WithBinary(file)
			if !errors.Is(err, runtime.ErrBinary) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// otherVersion is a copy of the module that says that it is another Python.
func otherVersion(t *testing.T, module []byte) []byte {
	t.Helper()
	copied := bytes.Clone(module)
	m, err := wasmbin.Parse(copied)
	if err != nil {
		t.Fatal(err)
	}
	address, ok := m.ExportedGlobalI32("Py_Version")
	if !ok {
		t.Fatal("there is no Py_Version")
	}
	version, ok := m.DataAt(address, 4) // a part of the copy
	if !ok {
		t.Fatal("Py_Version can't be read")
	}
	binary.LittleEndian.PutUint32(version, 0x030c05f0)
	return copied
}
