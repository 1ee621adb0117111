package cpython

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestChooseModules(t *testing.T) {
	stdlib := fstest.MapFS{}
	for _, name := range []string{
		"json/__init__.py", "json/decoder.py", "json/tests/test_x.py", "json/__pycache__/decoder.py", "test/support.py", "tkinter/__init__.py",
		"turtle.py", "dbm/gnu.py", "dbm/dumb.py", "select.py", "socket/__init__.py", "socket/deep.py", "asyncio/__init__.py", "asyncio/base.py",
		"LICENSE.txt", "pydoc_data/_pydoc.css",
	} {
		stdlib[name] = &fstest.MapFile{}
	}
	own := fstest.MapFS{}
	for _, name := range []string{
		"pymode/__init__.py", "socket.py", "select/__init__.py", "asyncio/base.py", "turtle.py", "__pycache__/x.py", "notes.md",
	} {
		own[name] = &fstest.MapFile{}
	}
	got, err := chooseModules(stdlib, own)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{ // path: ours
		"json/__init__.py": false, "json/decoder.py": false, "dbm/dumb.py": false,
		"asyncio/__init__.py": false, "asyncio/base.py": true, // one file of a package
		"socket.py": true, "select/__init__.py": true, // a module for a package and the other way round
		"turtle.py":          true, // left out, and ours
		"pymode/__init__.py": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}

func TestWriteArchive(t *testing.T) {
	tree := fstest.MapFS{
		"json/__init__.pyc": {Data: []byte("package"), ModTime: longAgo},
		"abc.pyc":           {Data: bytes.Repeat([]byte("x"), 10_000)},
		"empty.pyc":         {},
	}
	file := filepath.Join(t.TempDir(), stdlibFile)
	if err := writeArchive(file, tree); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	var names []string
	for _, member := range archive.File {
		names = append(names, member.Name)
		if member.Method != zip.Store || member.Flags&8 != 0 {
			t.Errorf("%s: method %d, flags %#x; want stored, without a data descriptor", member.Name, member.Method, member.Flags)
		}
	}
	if diff := cmp.Diff([]string{"abc.pyc", "empty.pyc", "json/__init__.pyc"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if err := fstest.TestFS(archive, names...); err != nil {
		t.Error(err)
	}
	again := file + ".again"
	for _, f := range tree {
		f.ModTime = f.ModTime.AddDate(1, 0, 0)
	}
	if err := writeArchive(again, tree); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two archives of the same files differ")
	}
}
