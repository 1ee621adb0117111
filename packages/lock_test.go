package packages

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const someDigest = "2e9ad7dd851bf45fab9f75cbff4cb493fee9979e8d8c7c9c3ee119022518edd6"

func someLock() *Lock {
	return newLock([]string{"jinja2>=3", "markupsafe"}, []Package{
		{Name: "markupsafe", Version: "3.0.4", Kind: KindSource, File: "markupsafe-3.0.4.tar.gz", SHA256: someDigest, url: "https://index/a"},
		{Name: "jinja2", Version: "3.1.6", Kind: KindWheel, File: "jinja2-3.1.6-py3-none-any.whl", SHA256: someDigest, Requires: []string{"markupsafe"}},
	})
}

func TestLockIsTheSameAfterReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockFile)
	l := someLock()
	if err := l.write(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, read, cmpopts.IgnoreUnexported(Package{})); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "://") {
		t.Errorf("the lock file names a host:\n%s", text)
	}
	if strings.Index(string(text), "jinja2-3.1.6") > strings.Index(string(text), "markupsafe-3.0.4") {
		t.Errorf("the packages are not in the order of their names:\n%s", text)
	}
}

func TestLockIsForDependencies(t *testing.T) {
	l := someLock()
	for _, c := range []struct {
		dependencies []string
		want         bool
	}{
		{[]string{"jinja2>=3", "markupsafe"}, true},
		{[]string{"markupsafe", " jinja2>=3 "}, true},
		{[]string{"jinja2>=3"}, false},
		{[]string{"jinja2>=3.1", "markupsafe"}, false},
		{nil, false},
	} {
		if got := l.isFor(c.dependencies); got != c.want {
			t.Errorf("isFor(%q) = %v", c.dependencies, got)
		}
	}
}

func TestReadLockErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadLock(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	good, err := someLock().encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"no TOML":        {"version = 1", "version = ", "line 2"},
		"a conflict":     {"[[package]]", "<<<<<<< ours\n[[package]]", "line"},
		"later format":   {"version = 1", "version = 2", "version 2"},
		"odd name":       {"name = 'jinja2'", "name = 'Jinja2'", "name of a package"},
		"odd kind":       {"kind = 'wheel'", "kind = 'egg'", "kind"},
		"short digest":   {someDigest, "abc", "SHA-256"},
		"file elsewhere": {"jinja2-3.1.6-py3-none-any.whl", "../../x.whl", "name of a file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, LockFile)
			if err := os.WriteFile(path, []byte(strings.Replace(string(good), c.from, c.to, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadLock(path)
			if !errors.Is(err, ErrLockFile) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzParseLock(f *testing.F) {
	good, err := someLock().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("version = 1\n[[package]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := parseLock(data)
		if err != nil {
			return
		}
		for _, p := range l.Packages {
			if strings.ContainsAny(p.File, "/") {
				t.Errorf("a file %q", p.File)
			}
		}
	})
}
