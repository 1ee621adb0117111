package cpython

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

const patchedFile = "one\ntwo\nthree\nfour\nfive\n"

func TestApplyPatches(t *testing.T) {
	const hunk = "@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n"
	tests := []struct {
		name, patch string
		want        string // of the file
		wantErr     string
	}{
		{name: "plain diff", patch: "why\n\n--- a/dir/file.c\n+++ b/dir/file.c\n" + hunk, want: "one\ntwo\nTHREE\nfour\nfive\n"},
		{name: "git's", patch: "diff --git a/dir/file.c b/dir/file.c\n--- a/dir/file.c\n+++ b/dir/file.c\n" + hunk, want: "one\ntwo\nTHREE\nfour\nfive\n"},
		{name: "other lines", patch: "--- a/dir/file.c\n+++ b/dir/file.c\n" + strings.ReplaceAll(hunk, "four", "vier"), wantErr: "dir/file.c"},
		{name: "right lines elsewhere", patch: "--- a/dir/file.c\n+++ b/dir/file.c\n" + strings.Replace(hunk, "-2,3 +2,3", "-1,3 +1,3", 1), wantErr: "dir/file.c"},
		{name: "no such file", patch: "--- a/dir/other.c\n+++ b/dir/other.c\n" + hunk, wantErr: "other.c"},
		{name: "a new file", patch: "--- /dev/null\n+++ b/dir/new.c\n@@ -0,0 +1 @@\n+new\n", wantErr: "only changes"},
		{name: "a way out", patch: "--- a/../file.c\n+++ b/../file.c\n" + hunk, wantErr: "escapes"},
		{name: "no patch", patch: "just words\n", wantErr: "no hunks"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "dir", "file.c")
			writeFile(t, file, patchedFile)
			if err := os.Chtimes(file, longAgo, longAgo); err != nil {
				t.Fatal(err)
			}
			var applied []string
			err := applyPatches(fstest.MapFS{"p/1.patch": {Data: []byte(test.patch)}, "p/readme": {}}, "p", dir,
				func(name string) { applied = append(applied, name) })
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("error is %v, want one with %q", err, test.wantErr)
				}
				test.want = patchedFile
			} else if err != nil {
				t.Fatal(err)
			} else if len(applied) != 1 {
				t.Errorf("applied %v", applied)
			}
			data, err := os.ReadFile(file)
			if err != nil || string(data) != test.want {
				t.Errorf("file is %q, %v; want %q", data, err, test.want)
			}
			if st, err := os.Stat(file); err != nil || !st.ModTime().Equal(longAgo) {
				t.Errorf("the file's time changed: %v, %v", st, err)
			}
		})
	}
}

func TestEmbeddedPatchesAreReadable(t *testing.T) {
	names, err := fs.Glob(embedded, "src/patches/*.patch")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := embedded.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		files, _, err := gitdiff.Parse(f)
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %d files, %v", name, len(files), err)
		}
		_ = f.Close()
	}
}
