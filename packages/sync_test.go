package packages

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/wasmbin"
)

// syncOptions are those of a project in a folder of its own.
func syncOptions(t *testing.T, dependencies ...string) Options {
	t.Helper()
	found, err := cpython.Build(t.Context(), cpython.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Options{
		Dependencies: dependencies, Lock: filepath.Join(dir, LockFile),
		Site: filepath.Join(dir, ".pymode", "site-packages"), Runtime: found,
	}
}

func mustSync(t *testing.T, opts Options) *Report {
	t.Helper()
	report, err := Sync(t.Context(), opts)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			t.Fatalf("%v\n%s", err, strings.Join(e.Tail, "\n"))
		}
		t.Fatal(err)
	}
	return report
}

// TestSync builds C and C++ with an empty cache, and then has it all there.
func TestSync(t *testing.T) {
	opts := syncOptions(t, "markupsafe", "simplejson", "ujson", "six")
	opts.store = t.TempDir()
	report := mustSync(t, opts)
	if !report.Changed || !report.LockWrote || len(report.Packages) != 4 {
		t.Errorf("%+v", report)
	}
	for _, p := range report.Packages {
		if pure := p.Name == "six"; p.Zipped != pure || p.Built == pure || (len(p.Modules) == 0) != pure {
			t.Errorf("%+v", p)
		}
	}
	if n := checkModules(t, opts); n != 3 {
		t.Errorf("%d side modules, want 3", n)
	}

	again := mustSync(t, opts)
	if again.Changed || again.LockWrote || len(again.Packages) != 4 || again.Packages[0].Built {
		t.Errorf("a second time: %+v", again)
	}
	before, err := os.ReadFile(opts.Site + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{opts.Site, opts.Site + ".zip"} {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
	opts.Frozen, opts.Offline = true, true
	frozen := mustSync(t, opts)
	if !frozen.Changed || frozen.LockWrote || frozen.Packages[0].Built {
		t.Errorf("frozen, from the cache: %+v", frozen)
	}
	after, err := os.ReadFile(opts.Site + ".zip")
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("site-packages.zip is another one: %v", err)
	}

	opts.Dependencies = append(opts.Dependencies, "attrs")
	if _, err := Sync(t.Context(), opts); !errors.Is(err, ErrFrozen) {
		t.Errorf("frozen with another dependency: %v", err)
	}
	opts.Frozen = false
	if _, err := Sync(t.Context(), opts); !errors.Is(err, ErrOffline) {
		t.Errorf("offline with another dependency: %v", err)
	}
	// A failure leaves what was installed.
	if n := checkModules(t, opts); n != 3 {
		t.Errorf("%d side modules are left, want 3", n)
	}
	opts.Dependencies = nil
	if empty := mustSync(t, opts); !empty.Changed || len(empty.Packages) != 0 || checkModules(t, opts) != 0 {
		t.Errorf("without dependencies: %+v", empty)
	}
}

// TestSyncLockedElsewhere installs what another machine locked: nothing is in the
// cache, and the file in the index must have the digest that is locked.
func TestSyncLockedElsewhere(t *testing.T) {
	opts := syncOptions(t, "six==1.17.0")
	mustSync(t, opts)
	opts.store, opts.Site, opts.Frozen = t.TempDir(), filepath.Join(t.TempDir(), "site-packages"), true
	mustSync(t, opts)
	if _, err := os.Stat(filepath.Join(opts.Site, "six.py")); err != nil {
		t.Error(err)
	}
	l, err := ReadLock(opts.Lock)
	if err != nil {
		t.Fatal(err)
	}
	l.Packages[0].SHA256 = someDigest
	if err := l.write(opts.Lock); err != nil {
		t.Fatal(err)
	}
	if _, err := Sync(t.Context(), opts); !errors.Is(err, ErrDigest) {
		t.Errorf("with another digest: %v", err)
	}
	if _, err := os.Stat(filepath.Join(opts.Site, "six.py")); err != nil {
		t.Error("the failure took away what was installed:", err)
	}
}

func TestSyncErrors(t *testing.T) {
	for dependencies, want := range map[string]error{
		"pymode-tui-no-such-package": ErrNotFound,
		"six>=99":                    ErrNotFound,
		"jinja2<3 flask>=3":          ErrConflict,
		"cryptography":               ErrUnsupported,
		"six@git+https://x/y":        ErrUnsupported,
		"six=1":                      ErrRequirement,
	} {
		opts := syncOptions(t, strings.Fields(dependencies)...)
		_, err := Sync(t.Context(), opts)
		if !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", dependencies, err)
		}
		for _, name := range []string{opts.Site, opts.Lock} {
			if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: there is a %s", dependencies, filepath.Base(name))
			}
		}
	}
}

// TestSyncPackages builds what the README promises: what the example packages has,
// by its lock file, so that its own test finds it built, or this one.
func TestSyncPackages(t *testing.T) {
	modules := map[string][]string{
		"markupsafe": {"markupsafe/_speedups.wasm"},
		"simplejson": {"simplejson/_speedups.wasm"},
		"regex":      {"regex/_regex.wasm"},
		"msgpack":    {"msgpack/_cmsgpack.wasm"},
		"multidict":  {"multidict/_multidict.wasm"},
		"bitarray":   {"bitarray/_bitarray.wasm", "bitarray/_util.wasm"},
		"lz4":        {"lz4/_version.wasm", "lz4/block/_block.wasm", "lz4/frame/_frame.wasm"},
		"ujson":      {"ujson.wasm"},
		"xxhash":     {"xxhash/_xxhash.wasm"},
		"pyyaml":     {"yaml/_yaml.wasm"},
	}
	opts := syncOptions(t)
	opts.Lock, opts.Frozen = filepath.Join("..", "examples", "packages", LockFile), true
	l, err := ReadLock(opts.Lock)
	if err != nil {
		t.Fatal(err)
	}
	opts.Dependencies = l.Dependencies
	report := mustSync(t, opts)
	checkModules(t, opts)
	for _, p := range report.Packages {
		for _, want := range modules[p.Name] {
			if !slices.ContainsFunc(p.Modules, func(m Module) bool { return m.Path == want }) {
				t.Errorf("%s has no %s but %v", p.Name, want, p.Modules)
			}
		}
		delete(modules, p.Name)
	}
	if len(modules) > 0 {
		t.Errorf("not installed: %v", modules)
	}
}

// TestSyncPython installs what is of Python alone.
func TestSyncPython(t *testing.T) {
	opts := syncOptions(t, "requests", "httpx", "attrs", "pytest")
	for _, p := range mustSync(t, opts).Packages {
		if slices.Contains(opts.Dependencies, p.Name) && (!p.Zipped || len(p.Modules) > 0) {
			t.Errorf("%+v is not of Python alone", p)
		}
	}
}

// checkModules makes sure that each side module in site-packages can be linked to
// python.wasm, and returns how many there are.
func checkModules(t *testing.T, opts Options) (n int) {
	t.Helper()
	data, err := os.ReadFile(opts.Runtime.Wasm)
	if err != nil {
		t.Fatal(err)
	}
	main, err := wasmbin.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	own := []string{"memory", "__indirect_function_table", "__memory_base", "__table_base", "__stack_pointer"}
	err = filepath.WalkDir(opts.Site, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".wasm" {
			return err
		}
		n++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m, err := wasmbin.Parse(data)
		if err != nil {
			return err
		}
		if m.Sections[0].Name != "dylink.0" {
			t.Errorf("%s is no side module", path)
		}
		if _, ok := m.ExportedFunc("PyInit_" + strings.TrimSuffix(entry.Name(), ".wasm")); !ok {
			t.Errorf("%s has no PyInit function", path)
		}
		for _, i := range m.Imports {
			_, there := main.Export(i.Name)
			_, self := m.Export(i.Name)
			got := i.Module == "GOT.mem" || i.Module == "GOT.func"
			if i.Module != "env" && !got || !there && !slices.Contains(own, i.Name) && (!got || !self) {
				t.Errorf("%s imports %s.%s", path, i.Module, i.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
