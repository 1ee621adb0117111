package cpython

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ulikunitz/xz"
)

var longAgo = time.Date(2025, 6, 11, 12, 0, 0, 0, time.UTC)

// tarball writes members into an archive that is compressed as its name says.
func tarball(t *testing.T, name string, members []tar.Header) string {
	t.Helper()
	var packed bytes.Buffer
	var stream io.WriteCloser
	var err error
	if filepath.Ext(name) == ".xz" {
		stream, err = xz.NewWriter(&packed)
	} else {
		stream = gzip.NewWriter(&packed)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(stream)
	for _, m := range members {
		content := []byte("content of " + m.Name)
		if m.Typeflag != tar.TypeReg {
			content = nil
		}
		m.Size, m.ModTime = int64(len(content)), longAgo
		if err := w.WriteHeader(&m); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), stream.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	writeFile(t, path, packed.String())
	return path
}

func TestUnpack(t *testing.T) {
	members := []tar.Header{
		{Name: "thing-1.0/", Typeflag: tar.TypeDir, Mode: 0o700},
		{Name: "thing-1.0/configure", Typeflag: tar.TypeReg, Mode: 0o755},
		{Name: "thing-1.0/deep/er/file.c", Typeflag: tar.TypeReg, Mode: 0o600},
	}
	for _, name := range []string{"thing.tar.gz", "thing.tar.xz"} {
		for _, path := range []string{os.Getenv("PATH"), ""} { // with and without the tool xz
			t.Run(name, func(t *testing.T) {
				file := tarball(t, name, members)
				t.Setenv("PATH", path)
				dir := t.TempDir()
				last := 0.0
				if err := unpack(t.Context(), file, dir, func(fraction float64, _ string) { last = fraction }); err != nil {
					t.Fatal(err)
				}
				if last <= 0 || last > 1 {
					t.Errorf("reported %v of the archive at last, want something up to 1", last)
				}
				st, err := os.Stat(filepath.Join(dir, "configure"))
				if err != nil {
					t.Fatal(err)
				}
				if st.Mode().Perm()&0o100 == 0 {
					t.Error("configure is not executable")
				}
				if !st.ModTime().Equal(longAgo) {
					t.Errorf("time is %v, want the archive's, %v: make goes by it", st.ModTime(), longAgo)
				}
				data, err := os.ReadFile(filepath.Join(dir, "deep", "er", "file.c"))
				if err != nil || string(data) != "content of thing-1.0/deep/er/file.c" {
					t.Errorf("file.c = %q, %v", data, err)
				}
			})
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	tests := map[string]tar.Header{
		"a way up":         {Name: "thing/../../evil", Typeflag: tar.TypeReg},
		"a way up at once": {Name: "../evil", Typeflag: tar.TypeReg},
		"an absolute path": {Name: "/etc/evil", Typeflag: tar.TypeReg},
		"a backslash":      {Name: `thing\..\evil`, Typeflag: tar.TypeReg},
		"a symbolic link":  {Name: "thing/evil", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		"a hard link":      {Name: "thing/evil", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"},
		"a device":         {Name: "thing/evil", Typeflag: tar.TypeChar},
	}
	for name, member := range tests {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			dir := filepath.Join(outer, "a", "b")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			err := unpack(t.Context(), tarball(t, "thing.tar.gz", []tar.Header{member}), dir, func(float64, string) {})
			if !errors.Is(err, errUnsafeArchive) {
				t.Errorf("error is %v, want %v", err, errUnsafeArchive)
			}
			for _, place := range []string{outer, filepath.Join(outer, "a")} {
				if pathExists(filepath.Join(place, "evil")) {
					t.Errorf("wrote into %s", place)
				}
			}
		})
	}
}

func TestUnpackDamaged(t *testing.T) {
	for _, name := range []string{"thing.tar.gz", "thing.tar.xz"} {
		for _, path := range []string{os.Getenv("PATH"), ""} {
			t.Run(name, func(t *testing.T) {
				file := tarball(t, name, []tar.Header{{Name: "thing/file", Typeflag: tar.TypeReg}})
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, file, string(data[:len(data)/2]))
				t.Setenv("PATH", path)
				if err := unpack(t.Context(), file, t.TempDir(), func(float64, string) {}); err == nil {
					t.Error("no error")
				}
			})
		}
	}
}
