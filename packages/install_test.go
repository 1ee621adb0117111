package packages

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime/cpython"
)

// someWheel writes a wheel with these files.
func someWheel(t *testing.T, name string, files map[string]string) *wheel {
	t.Helper()
	var z zipBuffer
	all := map[string]string{name + "-1.dist-info/METADATA": "Name: " + name + "\n", name + "-1.dist-info/RECORD": ""}
	for file, text := range files {
		all[file] = text
		all[name+"-1.dist-info/RECORD"] += file + ",,\n"
	}
	for file, text := range all {
		if err := z.add(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := z.bytes()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+"-1-py3-none-any.whl")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := openWheel(path)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func someSyncer(t *testing.T) *syncer {
	return &syncer{opts: Options{Site: filepath.Join(t.TempDir(), "site-packages"), Runtime: &cpython.Runtime{}}, recipes: map[string]*recipe{}, compile: func(context.Context, string) error { return nil }}
}

func TestInstall(t *testing.T) {
	s := someSyncer(t)
	packages := []Package{{Name: "both"}, {Name: "native"}, {Name: "pure"}}
	wheels := []*wheel{
		someWheel(t, "both", map[string]string{"shared/both.py": "1"}),
		someWheel(t, "native", map[string]string{"shared/native.py": "2", "native/_speedups.wasm": magic, "native/_speedups.c": "int x;"}),
		someWheel(t, "pure", map[string]string{
			"pure/__init__.py": "3", "pure/tests/t.py": "4", "pure-1.data/purelib/other.py": "5", "pure-1.data/scripts/run": "6",
		}),
	}
	report, err := s.install(t.Context(), packages, wheels, "digest")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		stampFile, "both-1.dist-info/METADATA", "both-1.dist-info/RECORD", "native-1.dist-info/METADATA", "native-1.dist-info/RECORD",
		"native/_speedups.wasm", "other.py", "pure-1.dist-info/METADATA", "pure-1.dist-info/RECORD", "pure/__init__.py",
		"shared/both.py", "shared/native.py",
	}
	if got := tree(t, s.opts.Site); !slices.Equal(got, want) {
		t.Errorf("installed:\n%s", strings.Join(got, "\n"))
	}
	// A package that shares a folder with one of side modules stays out of the archive.
	r, err := zip.OpenReader(s.archive())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var zipped []string
	for _, f := range r.File {
		zipped = append(zipped, f.Name)
	}
	if want := []string{"other.py", "pure-1.dist-info/METADATA", "pure-1.dist-info/RECORD", "pure/__init__.py"}; !slices.Equal(zipped, want) {
		t.Errorf("in the archive: %v", zipped)
	}
	if report.Packages[0].Zipped || !report.Packages[2].Zipped || len(report.Packages[1].Modules) != 1 || report.ShakenFrom <= report.SiteBytes-200 {
		t.Errorf("%+v", report)
	}
	record, err := os.ReadFile(filepath.Join(s.opts.Site, "pure-1.dist-info", "RECORD"))
	if err != nil || bytes.Contains(record, []byte("tests")) {
		t.Errorf("RECORD: %q, %v", record, err)
	}
	if _, ok := s.upToDate("digest"); !ok {
		t.Error("what was just installed is not up to date")
	}
	if _, ok := s.upToDate("another"); ok {
		t.Error("it is up to date with something else")
	}

	// The next one takes the place of the first, and nothing else is left.
	if _, err := s.install(t.Context(), packages[:1], wheels[:1], "next"); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, s.opts.Site); len(got) != 4 {
		t.Errorf("installed: %v", got)
	}
	if got, err := os.ReadDir(filepath.Dir(s.opts.Site)); err != nil || len(got) != 2 { // the archive is the other
		t.Errorf("beside site-packages: %v, %v", got, err)
	}
}

func TestInstallWithoutPython(t *testing.T) {
	s := someSyncer(t)
	wheels := []*wheel{someWheel(t, "pure", map[string]string{"pure.py": ""}), someWheel(t, "native", map[string]string{"n.wasm": magic})}
	packages := []Package{{Name: "pure"}, {Name: "native"}}
	if _, err := s.install(t.Context(), packages[:1], wheels[:1], "a"); err != nil {
		t.Fatal(err)
	}
	if report, err := s.install(t.Context(), packages[1:], wheels[1:], "b"); err != nil || report.ZipBytes != 0 {
		t.Fatal(report, err)
	}
	if _, err := os.Stat(s.archive()); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an archive of nothing, or of what was installed before:", err)
	}
	if _, ok := s.upToDate("b"); !ok {
		t.Error("what was just installed is not up to date")
	}
}

func TestInstallConflict(t *testing.T) {
	s := someSyncer(t)
	files := map[string]string{"same.py": "1"}
	_, err := s.install(t.Context(), []Package{{Name: "a"}, {Name: "b"}}, []*wheel{someWheel(t, "a", files), someWheel(t, "b", files)}, "x")
	if !errors.Is(err, ErrConflict) || err.Error() != "a and b both have a file same.py" {
		t.Error(err)
	}
	if _, err := os.Stat(s.opts.Site); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was installed:", err)
	}
}

func TestOpenWheelThatLeavesItsFolder(t *testing.T) {
	for _, name := range []string{"../x.py", "/x.py", "a/../../x.py", "a//b.py"} {
		var z zipBuffer
		for _, file := range []string{"a-1.dist-info/METADATA", name} {
			if err := z.add(file, nil); err != nil {
				t.Fatal(err)
			}
		}
		data, err := z.bytes()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.whl")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openWheel(path); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

func TestRequires(t *testing.T) {
	metadata := "Name: a\nRequires-Dist: MarkupSafe>=2.0\nRequires-Dist: six; python_version < '4'\n" +
		"Requires-Dist: babel; extra == 'i18n'\nRequires-Dist: colorama; sys_platform == 'win32'\n\nRequires-Dist: text\n"
	w := someWheel(t, "a", map[string]string{"a-1.dist-info/METADATA": metadata})
	chosen := newLock(nil, []Package{{Name: "markupsafe"}, {Name: "six"}, {Name: "babel"}, {Name: "text"}})
	if got := w.requires(chosen); !slices.Equal(got, []string{"markupsafe", "six"}) {
		t.Error(got)
	}
}

// tree lists the files below dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
