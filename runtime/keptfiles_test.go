package runtime_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
)

func TestKeptFilesAreBounded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	long := make([]byte, 100)
	for i := range 8 {
		name := strconv.Itoa(i)
		runtime.Keep(dir, 4, 350, name, long)
		old := time.Now().Add(time.Duration(i-100) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "test-"+name), old, old); err != nil {
			t.Fatal(err)
		}
		if i == 5 { // a use makes it new
			if _, ok := runtime.Kept(dir, "4"); !ok {
				t.Error("the last but one is gone")
			}
		}
	}
	for name, want := range map[string]bool{"4": true, "7": true, "6": true, "5": false, "0": false} {
		if _, ok := runtime.Kept(dir, name); ok != want {
			t.Errorf("%s is there: %v", name, ok)
		}
	}
}

func TestKeptFilesAreWhole(t *testing.T) {
	dir := t.TempDir()
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() { runtime.Keep(dir, 10, 1<<30, "one", bytes.Repeat([]byte{byte(i)}, 100_000)) })
	}
	writers.Wait()
	b, ok := runtime.Kept(dir, "one")
	if !ok || len(b) != 100_000 || !bytes.Equal(b, bytes.Repeat(b[:1], len(b))) {
		t.Fatalf("%d bytes, %v: of several writers", len(b), ok)
	}
	path := filepath.Join(dir, "test-one")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"cut": whole[:1000], "empty": nil, "flipped": append([]byte{whole[0] ^ 1}, whole[1:]...)} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := runtime.Kept(dir, "one"); ok {
			t.Errorf("%s: taken for whole", name)
		}
	}
}

func TestImportLines(t *testing.T) {
	dir := t.TempDir()
	digest := func(text string) [32]byte {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "entry.py"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := runtime.ImportLines(dir, "entry.py")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const code = "import numpy\nfrom os import (\n    path,\n    sep,\n)\n\ndef f():\n    return 1\n"
	before := digest(code)
	for text, same := range map[string]bool{
		code:                   true,
		code + "x = (1,\n2)\n": true,
		"import numpy\nfrom os import (\n    path,\n    sep,\n)\n\ndef f():\n    return 2\n":     true,
		"import numpy\nfrom os import (\n    path,\n    name,\n)\n\ndef f():\n    return 1\n":    false,
		"from os import (\n    path,\n    sep,\n)\n\ndef f():\n    import numpy\n    return 1\n": false,
		"from os import (\n    path,\n    sep,\n)\n\ndef f():\n    return 1\n":                   false,
		code + "__import__('json')\n": false,
		"if f:\n    import numpy\nfrom os import (\n    path,\n    sep,\n)\ndef f():\n return 1\n": false,
	} {
		if got := digest(text) == before; got != same {
			t.Errorf("the same: %v\n%s", got, text)
		}
	}
	if _, err := runtime.ImportLines(dir, "gone.py"); err == nil {
		t.Error("a file that is gone has lines")
	}
}
