//go:build unix

package cpython

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeWasmOpt is a program in a folder of its own that prints a line.
func fakeWasmOpt(t *testing.T, prints string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wasm-opt")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+prints+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindWasmOpt(t *testing.T) {
	right := fakeWasmOpt(t, "wasm-opt version 132 (version_132)")
	older := fakeWasmOpt(t, "wasm-opt version 108")
	other := fakeWasmOpt(t, "hello")
	for _, test := range []struct {
		name, given, path string
		want              []string
		problem           string
	}{
		{name: "on PATH", path: right, want: []string{right}},
		{name: "another version on PATH", path: older},
		{name: "not one on PATH", path: other},
		{name: "given, of any version", given: older, path: right, want: []string{older}},
		{name: "given, not one", given: other, problem: `wasm-opt --version says "hello"`},
		{name: "given, not there", given: "/nowhere/wasm-opt", problem: "the given wasm-opt: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", filepath.Dir(test.path))
			found, err := findWasmOpt(t.Context(), Options{WasmOpt: test.given})
			if (err != nil) != (test.problem != "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error is %v, want %q", err, test.problem)
			}
			if !slices.Equal(found, test.want) {
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
}

// A wasm-opt that was removed is looked for anew.
func TestWasmOptIntact(t *testing.T) {
	program, dir := fakeWasmOpt(t, "wasm-opt version 132"), t.TempDir()
	if wasmOptIntact(dir) {
		t.Error("a folder without a command counts")
	}
	if err := os.WriteFile(filepath.Join(dir, wasmOptFile), []byte("/bin/sh\n"+program+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if !wasmOptIntact(dir) {
		t.Error("a program that is there does not count")
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if wasmOptIntact(dir) {
		t.Error("a program that is gone counts")
	}
}
