package filecache

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write makes a file that was used so many hours ago.
func write(t *testing.T, dir, name string, size, hours int) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-time.Duration(hours) * time.Hour)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrune(t *testing.T) {
	for name, test := range map[string]struct {
		most  int
		bytes int64
		want  []string
	}{
		"all fit":      {10, 1000, []string{".busy/new", "a/middle", "a/old", "b/new", "b/older"}},
		"by number":    {2, 1000, []string{".busy/new", "a/middle", "b/new"}},
		"by size":      {10, 250, []string{".busy/new", "a/middle", "b/new"}},
		"none may be":  {10, 50, []string{".busy/new"}},
		"exactly full": {3, 300, []string{".busy/new", "a/middle", "a/old", "b/new"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, hours := range map[string]int{"a/old": 30, "a/middle": 20, "b/new": 10, "b/older": 40, ".busy/new": 90} {
				write(t, dir, file, 100, hours)
			}
			Prune(dir, test.most, test.bytes)
			var left []string
			for _, pattern := range []string{"*/*", ".busy/*"} {
				files, err := filepath.Glob(filepath.Join(dir, pattern))
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					name, _ := filepath.Rel(dir, file)
					left = append(left, filepath.ToSlash(name))
				}
			}
			slices.Sort(left)
			if diff := cmp.Diff(test.want, slices.Compact(left)); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUsedFilesStay(t *testing.T) {
	dir := t.TempDir()
	old, newer := write(t, dir, "old", 100, 30), write(t, dir, "newer", 100, 20)
	Used(old)
	Used(filepath.Join(dir, "gone"))
	Prune(dir, 1, 1000)
	if _, err := os.Stat(old); err != nil {
		t.Errorf("what was used is gone: %v", err)
	}
	if _, err := os.Stat(newer); !os.IsNotExist(err) {
		t.Errorf("what was not used is there: %v", err)
	}
}

func TestPruneOfNothing(t *testing.T) {
	Prune(filepath.Join(t.TempDir(), "gone"), 1, 1) // must not fail
}
