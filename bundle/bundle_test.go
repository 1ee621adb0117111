package bundle

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files and returns their directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// noise is text that can't be compressed.
func noise(n int) string {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(b)
	return string(b)
}

func contents(dir string, sources ...string) Contents {
	return Contents{Wasm: filepath.Join(dir, "python.wasm"), Stdlib: filepath.Join(dir, "python313.zip"), Dir: dir, Sources: sources}
}

func measure(t *testing.T, c Contents) *Report {
	t.Helper()
	entries, err := c.Entries()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Measure(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReport(t *testing.T) {
	dir := tree(t, map[string]string{
		"python.wasm": noise(5000), "python313.zip": strings.Repeat("library ", 1000), "src/entry.py": "import pkg", "src/idle.py": "x = 1",
		".pymode/site-packages/pkg/__init__.py": "", ".pymode/site-packages/pkg/fast.wasm": noise(900), ".pymode/site-packages/pkg/data.json": "{}",
		".pymode/site-packages/pkg/__pycache__/x.pyc": noise(9000), ".pymode/site-packages/other.py": "y = 2",
	})
	if err := os.Symlink("/", filepath.Join(dir, ".pymode", "site-packages", "root")); err != nil {
		t.Fatal(err)
	}
	r := measure(t, contents(dir, "src/entry.py", "src/idle.py", "gone.py"))
	r.Mark([]string{"/app/src/entry.py", "/site/pkg/__init__.py"})

	type part struct {
		Kind  Kind
		Files int
		Bytes int64
	}
	var parts []part
	for _, p := range r.Parts {
		parts = append(parts, part{p.Kind, p.Files, p.Bytes})
	}
	if diff := cmp.Diff([]part{{Interpreter, 1, 5000}, {Stdlib, 1, 8000}, {Packages, 4, 907}, {Sources, 2, 15}}, parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if f := r.Files[0]; f.Name != "python.wasm" || f.Compressed < 5000 || f.Compressed > 5100 {
		t.Errorf("the largest file is %+v", f)
	}
	if r.Files[1].Name != "pkg/fast.wasm" {
		t.Errorf("the second is %+v: the order is that of the compressed sizes", r.Files[1])
	}
	type unused struct {
		Name        string
		Modules, Of int
	}
	var idle []unused
	for _, u := range r.Unused {
		idle = append(idle, unused{u.Name, u.Modules, u.Of})
	}
	if diff := cmp.Diff([]unused{{"pkg", 1, 2}, {"other.py", 1, 1}, {"src/idle.py", 1, 1}}, idle); diff != "" {
		t.Errorf("not imported (-want +got):\n%s", diff)
	}
	if r.Compressed < 5000 || r.Compressed >= r.Separately { // the noise of both files begins in the same way
		t.Errorf("%d bytes together, %d one by one", r.Compressed, r.Separately)
	}
	if r.Warning != "" {
		t.Errorf("warning %q of a small bundle", r.Warning)
	}
}

// The archive has some of the folder's files: counting it would count them twice,
// and counting it alone would leave side modules out.
func TestArchiveOfPackagesIsNotCounted(t *testing.T) {
	dir := tree(t, map[string]string{
		"python.wasm": "", "python313.zip": "", ".pymode/site-packages.zip": noise(700), ".pymode/site-packages/pkg.py": noise(700), ".pymode/site-packages/fast.wasm": noise(900),
	})
	r := measure(t, contents(dir))
	if p := r.Parts[2]; p.Files != 2 || p.Bytes != 1600 {
		t.Errorf("packages: %+v", p)
	}
}

func TestWarningFromEightyPercentOn(t *testing.T) {
	for size, want := range map[int64]string{
		Limit*8/10 - 1: "",
		Limit*8/10 + 1: "the bundle is at 80 % of the limit: 8.0 of 10 MB, compressed",
		Limit:          "the bundle is at 100 % of the limit: 10.0 of 10 MB, compressed",
		Limit * 2:      "the bundle is too large to be deployed: 20.0 of 10 MB, compressed",
	} {
		if got := warning(size); got != want {
			t.Errorf("%d bytes: %q, want %q", size, got, want)
		}
	}
}

func TestMeasureFails(t *testing.T) {
	dir := tree(t, map[string]string{"a/b": ""})
	if _, err := Measure(t.Context(), []Entry{{Sources, "a", filepath.Join(dir, "a")}}); err == nil || err.Error() != "a: is not a file" {
		t.Errorf("a directory: %v", err)
	}
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, maxSize+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Measure(t.Context(), []Entry{{Sources, "huge", huge}}); err == nil || err.Error() != "huge: is larger than 1024 MB" {
		t.Errorf("a huge file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, []Entry{{Sources, "b", filepath.Join(dir, "a", "b")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
