package packages

import "testing"

func TestShaken(t *testing.T) {
	r := &recipe{Keep: []string{"kept/tests"}, Drop: []string{"a/builder", "a/_tests.wasm"}}
	for name, want := range map[string]bool{
		"a/__init__.py": false, "a.py": false, "a/_speedups.wasm": false, "a/data.json": false, "a/LICENSE": false,
		"a/tests/__init__.py": true, "a/b/tests/x.txt": true, "a/builder/b.py": true, "a/builders.py": false, "a/_tests.wasm": true, "tests/test_a.py": true, "test/a.py": true,
		"django/test/client.py": false, "numpy/testing/x.py": false, "kept/tests/a.py": false,
		"a/_speedups.pyi": true, "a/py.typed": true, "a/_speedups.c": true, "a/b.pyx": true, "a/include/x.h": true,
		"bitarray/test_bitarray.py": true, "test_helper.py": false,
		"a-1.dist-info/METADATA": false, "a-1.dist-info/licenses/tests/LICENSE": false,
	} {
		if got := shaken(name, r); got != want {
			t.Errorf("shaken(%q) = %v", name, got)
		}
	}
}

func TestShakeRecord(t *testing.T) {
	record := "a/__init__.py,sha256=x,1\na/tests/t.py,sha256=y,2\n\"a,b.py\",,\na-1.dist-info/RECORD,,\n"
	kept := map[string]bool{"a/__init__.py": true, "a,b.py": true, "a-1.dist-info/RECORD": true}
	want := "a/__init__.py,,\n\"a,b.py\",,\na-1.dist-info/RECORD,,\n"
	if got := string(shakeRecord([]byte(record), kept)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestShakeMetadata(t *testing.T) {
	for metadata, want := range map[string]string{
		"Name: a\nVersion: 1\n\n# a\n\nlong\n": "Name: a\nVersion: 1\n\n",
		"Name: a\r\n\r\nlong\r\n":              "Name: a\r\n\r\n",
		"Name: a\nSummary: short\n":            "Name: a\nSummary: short\n",
		"":                                     "",
	} {
		if got := string(shakeMetadata([]byte(metadata))); got != want {
			t.Errorf("%q: got %q, want %q", metadata, got, want)
		}
	}
}
