package ignore_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"pymode-tui/project/ignore"

	"github.com/google/go-cmp/cmp"
)

// write makes the files, given as path and content, below root.
func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// walk lists every file that is not ignored, sorted.
func walk(t *testing.T, r *ignore.Rules) []string {
	t.Helper()
	var found []string
	var visit func(dir string)
	visit = func(dir string) {
		files, dirs, err := r.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			found = append(found, path.Join(dir, f.Name()))
		}
		for _, d := range dirs {
			visit(path.Join(dir, d.Name()))
		}
	}
	visit(".")
	slices.Sort(found)
	return found
}

func TestWalk(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			"directories of tools",
			map[string]string{
				"src/entry.py": "", "src/__pycache__/entry.cpython-313.pyc": "", ".git/HEAD": "", ".pymode/state": "",
				"node_modules/x/index.js": "", ".venv/bin/python": "", "venv/bin/python": "", "sub/.git": "gitdir: ..",
			},
			[]string{"src/entry.py"},
		},
		{
			"a virtual environment of any name",
			map[string]string{"env313/pyvenv.cfg": "", "env313/lib/x.py": "", "env/x.py": ""},
			[]string{"env/x.py"},
		},
		{
			"the project itself is never a virtual environment",
			map[string]string{"pyvenv.cfg": "", "entry.py": ""},
			[]string{"entry.py", "pyvenv.cfg"},
		},
		{
			"files that editors leave",
			map[string]string{
				"entry.py": "", ".entry.py.swp": "", ".entry.py.swo": "", "4913": "", "5036": "", "entry.py~": "",
				"#entry.py#": "", ".#entry.py": "", "entry.py___jb_tmp___": "", "entry.py___jb_old___": "", ".goutputstream-A1B2C3": "",
				"4914": "", "x.swp": "", "#notes": "",
			},
			[]string{"#notes", "4914", "entry.py", "x.swp"},
		},
		{
			"nested .gitignore, the deeper wins",
			map[string]string{
				".gitignore": "*.txt\nout/\n", "a.txt": "", "out/x.py": "",
				"pkg/.gitignore": "!keep.txt\n/gen\n", "pkg/keep.txt": "", "pkg/drop.txt": "", "pkg/gen/x.py": "", "pkg/sub/gen/x.py": "",
			},
			[]string{".gitignore", "pkg/.gitignore", "pkg/keep.txt", "pkg/sub/gen/x.py"},
		},
		{
			"what configures the worker is kept",
			map[string]string{
				".gitignore": "*\n", ".dev.vars": "", "pyproject.toml": "", "wrangler.toml": "", "wrangler.jsonc": "",
				"sub/.dev.vars": "", "other.toml": "",
			},
			[]string{".dev.vars", "pyproject.toml", "wrangler.jsonc", "wrangler.toml"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, tt.files)
			if diff := cmp.Diff(tt.want, walk(t, ignore.New(root))); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepositoryAbove(t *testing.T) {
	repo := t.TempDir()
	write(t, repo, map[string]string{
		".git/HEAD":                    "",
		".gitignore":                   "*.out\n/workers/api/local/\n/scratch/\n",
		"workers/.gitignore":           "!keep.out\n",
		"workers/api/entry.py":         "",
		"workers/api/x.out":            "",
		"workers/api/keep.out":         "",
		"workers/api/local/x.py":       "",
		"scratch/try/entry.py":         "",
		"scratch/try/x.out":            "",
		"workers/other/local/entry.py": "",
	})
	tests := []struct {
		dir  string
		want []string
	}{
		{"workers/api", []string{"entry.py", "keep.out"}},
		{"workers/other", []string{"local/entry.py"}},
		{"scratch/try", []string{"entry.py", "x.out"}}, // ignored as a whole: the repository can't say more
	}
	for _, tt := range tests {
		t.Run(tt.dir, func(t *testing.T) {
			got := walk(t, ignore.New(filepath.Join(repo, filepath.FromSlash(tt.dir))))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReload(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{".gitignore": "out/\n", "out/x.py": "", "pkg/x.py": ""})
	r := ignore.New(root)
	walk(t, r)
	if !r.Excluded("out/x.py", false) || r.Excluded("pkg/x.py", false) {
		t.Fatal("the first .gitignore is not in force")
	}
	write(t, root, map[string]string{".gitignore": "pkg/\n"})
	r.Reload(".")
	if r.Excluded("out/x.py", false) || !r.Excluded("pkg/x.py", false) {
		t.Error("the changed .gitignore is not in force")
	}
	if err := os.Remove(filepath.Join(root, ignore.FileName)); err != nil {
		t.Fatal(err)
	}
	r.Reload(".")
	if r.Excluded("pkg/x.py", false) {
		t.Error("a removed .gitignore is still in force")
	}
}

func TestForget(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a/.gitignore": "x.py\n", "ab/.gitignore": "x.py\n", "a/env/pyvenv.cfg": ""})
	r := ignore.New(root)
	walk(t, r)
	if !r.Ignored("a/env", true) || !r.Ignored("a/x.py", false) {
		t.Fatal("the walk learned nothing")
	}
	r.Forget("a")
	if r.Ignored("a/env", true) || r.Ignored("a/x.py", false) {
		t.Error("what was learned about a is still in force")
	}
	if !r.Ignored("ab/x.py", false) {
		t.Error("what was learned about ab is forgotten with a")
	}
	r.MarkVenv("ab")
	if !r.Ignored("ab", true) {
		t.Error("ab is not a virtual environment")
	}
}

func TestReadDirMissing(t *testing.T) {
	_, _, err := ignore.New(t.TempDir()).ReadDir("none")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a missing directory", err)
	}
}

func TestContains(t *testing.T) {
	for _, tt := range []struct {
		dir, rel string
		want     bool
	}{{".", "a", true}, {"a", "a", true}, {"a", "a/b", true}, {"a", "ab", false}, {"a/b", "a", false}} {
		if got := ignore.Contains(tt.dir, tt.rel); got != tt.want {
			t.Errorf("Contains(%q, %q) = %t", tt.dir, tt.rel, got)
		}
	}
}
