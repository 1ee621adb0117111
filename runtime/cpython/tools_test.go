//go:build unix

package cpython

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPathWithSpace(t *testing.T) {
	opts := Options{CacheDir: filepath.Join(t.TempDir(), "my cache")}
	if _, err := Build(t.Context(), opts); !errors.Is(err, ErrPathWithSpace) {
		t.Errorf("error is %v, want %v", err, ErrPathWithSpace)
	}
	if _, _, err := Native(t.Context(), opts); !errors.Is(err, ErrPathWithSpace) {
		t.Errorf("a part of it: error is %v, want %v", err, ErrPathWithSpace)
	}
}

func TestMissingTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CC", "")
	for name, want := range map[string]string{stepNative: "make", stepConfigure: "make", stepZig: "Python 3 with pip"} {
		err := checkTools(t.Context(), Options{}, []step{{name: name}})
		var missing *MissingToolError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) || missing.Hint() == "" {
			t.Errorf("%s: error is %v, want one that asks for %s", name, err, want)
		}
	}
	var missing *MissingToolError
	if err := checkCompiler(t.Context()); !errors.As(err, &missing) {
		t.Errorf("no compiler: error is %v", err)
	}
	t.Setenv("CC", "/bin/false")
	if err := checkCompiler(t.Context()); !errors.As(err, &missing) || !strings.Contains(err.Error(), "/bin/false") {
		t.Errorf("a compiler that fails: error is %v", err)
	}
	if err := checkTools(t.Context(), Options{}, []step{{name: stepLink}, {name: stepStdlib}}); err != nil {
		t.Errorf("steps that need no tools: %v", err)
	}
}

func TestGivenZig(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old-zig")
	if err := os.WriteFile(old, []byte("#!/bin/sh\necho 0.9.1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	right := filepath.Join(dir, "zig")
	if err := os.WriteFile(right, []byte("#!/bin/sh\necho "+ZigVersion+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := findZig(t.Context(), Options{Zig: old}); err == nil || !strings.Contains(err.Error(), "0.9.1") {
		t.Errorf("an old one: error is %v", err)
	}
	if _, err := findZig(t.Context(), Options{Zig: filepath.Join(dir, "none")}); err == nil {
		t.Error("one that is not there: no error")
	}
	if got, err := findZig(t.Context(), Options{Zig: right}); err != nil || got != right {
		t.Errorf("the right one: %q, %v", got, err)
	}
	t.Setenv("PATH", dir)
	if got, err := findZig(t.Context(), Options{}); err != nil || got != right {
		t.Errorf("on PATH: %q, %v", got, err)
	}
	if err := os.Rename(old, right); err != nil {
		t.Fatal(err)
	}
	if got, err := findZig(t.Context(), Options{}); err != nil || got != "" {
		t.Errorf("an old one on PATH: %q, %v; want none", got, err)
	}
}
