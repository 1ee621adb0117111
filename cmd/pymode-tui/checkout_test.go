package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A repository may be anybody's: nothing of it gets out of the directory.
func TestUnpackStaysInside(t *testing.T) {
	for name, heads := range map[string][]tar.Header{
		"a path upwards":   {{Name: "../evil", Typeflag: tar.TypeReg, Size: 1}},
		"an absolute path": {{Name: "/evil", Typeflag: tar.TypeReg, Size: 1}},
		"through a link":   {{Name: "link", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "link/evil", Typeflag: tar.TypeReg, Size: 1}},
		"a huge file":      {{Name: "evil", Typeflag: tar.TypeReg, Size: maxRevisionBytes + 1}},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range heads {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Size == 1 {
				if _, err := w.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}
		}
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unpack(&b, dir); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(filepath.Join(dir, "..", "evil")); err == nil {
			t.Errorf("%s: a file got out", name)
		}
	}
}
