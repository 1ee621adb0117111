package packages

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/runtime/cpython"
)

// TestRustIsChecked tells compilers apart by what they say.
func TestRustIsChecked(t *testing.T) {
	for release, want := range map[string]string{
		"1.88.0": "", "1.99.0-nightly": "", "1.63.0": "rustc is 1.63.0", "": "rustc is ",
	} {
		sysroot := t.TempDir()
		for path, text := range map[string]string{
			"bin/rustc": "#!/bin/sh\necho 'rustc'\necho 'release: " + release + "'\n", "bin/cargo": "#!/bin/sh\n",
			"lib/rustlib/src/rust/library/std/Cargo.toml": "",
		} {
			path = filepath.Join(sysroot, filepath.FromSlash(path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
				t.Fatal(err)
			}
		}
		r, err := describeRust(t.Context(), sysroot, nil)
		if want == "" && (err != nil || r.source == "" || r.hasTarget()) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %+v, %v, want %q", release, r, err, want)
		}
	}
}

// TestRustupFails says so in a line, soon.
func TestRustupFails(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'info: downloading' >&2\necho \"error: could not download $5 for $4\" >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "rustup"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	s := &syncer{cache: cache{dir}, meter: newMeter(func(cpython.Progress) {}, 1)}
	err := s.askRustup(t.Context(), &rust{bin: filepath.Join(dir, "stable", "bin")})
	const want = "rustc has no wasm32-wasip1, and rustup can't fetch it: could not download wasm32-wasip1 for stable"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestNoRust says what to install, where neither the machine nor apt has any.
func TestNoRust(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := &syncer{opts: Options{Offline: true}, cache: cache{t.TempDir()}, meter: newMeter(func(cpython.Progress) {}, 1)}
	_, err := s.findRust(t.Context())
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrOffline) || strings.Contains(e.Message, "\n") || !strings.Contains(e.Hint(), "rustup target add wasm32-wasip1") {
		t.Errorf("offline: %v", err)
	}
	s.opts.Offline = false
	if _, err := s.findRust(t.Context()); !errors.As(err, &e) || !errors.Is(err, ErrMachine) || !strings.Contains(e.Hint(), "apt-get install rustc-web") {
		t.Errorf("without apt: %v", err)
	}
}

// TestReplaceInSource changes what is there, and leaves alone what is not.
func TestReplaceInSource(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.rs"), []byte("one two one"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := replaceInSource(dir, []replacement{{File: "a.rs", Text: "one ", With: ""}, {File: "a.rs", Text: "six"}, {File: "b.rs", Text: "one"}})
	if data, _ := os.ReadFile(filepath.Join(dir, "a.rs")); err != nil || string(data) != "two one" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestRustOfDebian sets up a compiler on a machine that has none, and builds a
// package with it: once a cache, since both take minutes.
func TestRustOfDebian(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("this machine has no apt: it is not a Debian")
	}
	opts := syncOptions(t, "orjson") // with C of its own
	var path []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "rustc")); err != nil {
			path = append(path, dir)
		}
	}
	t.Setenv("PATH", strings.Join(path, string(os.PathListSeparator)))
	full, err := opts.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := &syncer{opts: full, cache: cache{full.store}, meter: newMeter(full.Progress, 1)}
	r, err := s.findRust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	std, err := filepath.Glob(filepath.Join(r.sysroot, "lib", "rustlib", RustTarget, "lib", "libstd-*.rlib"))
	if err != nil || len(std) != 1 {
		t.Errorf("the guest's standard library: %v, %v", std, err)
	}
	mustSync(t, opts)
	if n := checkModules(t, opts); n != 1 {
		t.Errorf("%d side modules, want 1", n)
	}
}
