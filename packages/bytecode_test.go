package packages

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"pymode-tui/runtime/cpython"
)

func TestCompileSite(t *testing.T) {
	opts, err := Options{Site: filepath.Join(t.TempDir(), "site-packages"), Runtime: &cpython.Runtime{}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := &syncer{opts: opts, cache: cache{opts.store}, meter: newMeter(nil, 1)}
	for name, text := range map[string]string{
		"one.py": "x = 1\n", "two/__init__.py": "def f(): return 1 is 1\n", "bad.py": "print 'of long ago'\n", "null.py": "\x00", "empty.py": "",
	} {
		path := filepath.Join(opts.Site, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.compileSite(t.Context(), opts.Site); err != nil {
		t.Fatal(err)
	}
	for name, guest := range map[string]string{
		"__pycache__/one.cpython-313.pyc": "/site/one.py", "two/__pycache__/__init__.cpython-313.pyc": "/site/two/__init__.py",
		"__pycache__/empty.cpython-313.pyc": "/site/empty.py", "__pycache__/bad.cpython-313.pyc": "", "__pycache__/null.cpython-313.pyc": "",
	} {
		data, err := os.ReadFile(filepath.Join(opts.Site, filepath.FromSlash(name)))
		if guest == "" {
			if !os.IsNotExist(err) {
				t.Errorf("%s is there, %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		// PEP 552: by the digest of the source, which is to be checked.
		if flags := binary.LittleEndian.Uint32(data[4:8]); flags != 0b11 {
			t.Errorf("%s: flags %b, want 11", name, flags)
		}
		if !bytes.Contains(data, []byte(guest)) {
			t.Errorf("%s does not call its source %s", name, guest)
		}
	}
}
