package packages

import (
	"bytes"
	"encoding/csv"
	"path"
	"slices"
	"strings"
)

// shaken reports whether a worker never imports a file, and it is left out: tests,
// type stubs, and what extension modules were made of.
//
// A folder `test` may be a part of the package itself (django.test), `tests` is
// not, by long custom.
func shaken(name string, r *recipe) bool {
	under := func(place string) bool {
		return name == place || strings.HasPrefix(name, strings.TrimSuffix(place, "/")+"/")
	}
	if r != nil && slices.ContainsFunc(r.Keep, under) {
		return false
	}
	if r != nil && slices.ContainsFunc(r.Drop, under) {
		return true
	}
	folders := strings.Split(path.Dir(name), "/")
	if strings.HasSuffix(folders[0], ".dist-info") {
		return len(folders) > 1 && folders[1] == "sboms" // for auditors: the crates that maturin built in
	}
	if slices.Contains(folders, "tests") || folders[0] == "test" || slices.Contains(folders, "__pycache__") {
		return true
	}
	base := path.Base(name)
	if base == "py.typed" {
		return true
	}
	switch path.Ext(base) {
	case ".pyi", ".pyc", ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".pxi", ".a", ".o", ".so", ".dylib", ".dll", ".pyd":
		return true
	}
	// bitarray and its like have their tests beside the code.
	return strings.HasPrefix(base, "test_") && strings.HasSuffix(base, ".py") && len(folders) > 0 && folders[0] != "."
}

// shakeRecord takes out of a RECORD the lines of files that are not there, and of
// the others their digests: nobody checks an installed file by them, and nothing
// compresses them. kept says which files are there.
func shakeRecord(record []byte, kept map[string]bool) []byte {
	rows := csv.NewReader(bytes.NewReader(record))
	rows.FieldsPerRecord = -1
	all, err := rows.ReadAll()
	if err != nil {
		return record // importlib.metadata reads it or not, as it would have
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range all {
		if len(row) > 0 && kept[row[0]] {
			_ = w.Write([]string{row[0], "", ""}) // to memory
		}
	}
	w.Flush()
	return out.Bytes()
}

// shakeMetadata takes the description out of a METADATA, which is the package's
// page in the index: what programs ask for stands in the headers before it.
func shakeMetadata(metadata []byte) []byte {
	for _, end := range []string{"\n\n", "\r\n\r\n"} {
		if at := bytes.Index(metadata, []byte(end)); at >= 0 {
			return metadata[:at+len(end)]
		}
	}
	return metadata
}

// topLevel is the part of site-packages that a file belongs to: its first folder,
// or the file itself.
func topLevel(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}
