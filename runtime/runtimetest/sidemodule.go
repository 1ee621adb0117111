package runtimetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pymode-tui/runtime/cpython"
)

// SideModule compiles C to a side module, as a package's build does, and returns
// its bytes. What it exports are the functions and variables with
// __attribute__((visibility("default"))). Libraries are side modules, by file
// name, whose symbols it takes.
func SideModule(tb testing.TB, source string, libraries map[string][]byte, flags ...string) []byte {
	tb.Helper()
	built, err := cpython.Build(tb.Context(), cpython.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	zig, err := cpython.Zig(tb.Context(), cpython.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	run := func(args ...string) {
		tb.Helper()
		cmd := exec.CommandContext(tb.Context(), zig, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ZIG_GLOBAL_CACHE_DIR="+filepath.Join(filepath.Dir(zig), "cache"), "ZIG_LOCAL_CACHE_DIR="+filepath.Join(dir, "zig"))
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("zig %v: %v\n%s", args, err, out)
		}
	}
	Write(tb, filepath.Join(dir, "module.c"), source)
	run("cc", "-target", "wasm32-wasi", "-c", "-fPIC", "-O2", "-fvisibility=hidden", "-I"+built.Include, "module.c", "-o", "module.o")
	args := append([]string{
		"wasm-ld", "--shared", "--experimental-pic", "--no-entry", "--gc-sections", "-Bsymbolic", "--strip-all",
		"--export-if-defined=__wasm_call_ctors", "--unresolved-symbols=import-dynamic", "module.o", "-o", "module.wasm",
	}, flags...)
	for name, library := range libraries {
		if err := os.WriteFile(filepath.Join(dir, name), library, 0o644); err != nil {
			tb.Fatal(err)
		}
		args = append(args, name)
	}
	run(args...)
	module, err := os.ReadFile(filepath.Join(dir, "module.wasm"))
	if err != nil {
		tb.Fatal(err)
	}
	return module
}

// Extension is the C source of an extension module of a name: body defines
// functions, and methods lists them as PyMethodDef entries.
func Extension(name, body, methods string) string {
	return fmt.Sprintf(`#include <Python.h>
#define EXPORT __attribute__((visibility("default")))
%s
static PyMethodDef methods[] = { %s {NULL, NULL, 0, NULL} };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "%s", "A test.", 0, methods };
EXPORT PyObject *PyInit_%s(void) { return PyModuleDef_Init(&module); }
`, body, methods, name, name)
}
