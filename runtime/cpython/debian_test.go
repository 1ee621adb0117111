package cpython

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDebianMirrors(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			name: "one line a source, with options and comments",
			files: map[string]string{"sources.list": "" +
				"# deb http://commented.example/debian trixie main\n" +
				"deb [arch=amd64 signed-by=/key.gpg] http://one.example/debian trixie main contrib\n" +
				"deb-src https://two.example/debian/ trixie main # the sources\n" +
				"deb http://one.example/debian-security trixie-security main\n" +
				"deb [broken http://three.example/debian trixie main\n"},
			want: []string{"http://one.example/debian", "https://two.example/debian/"},
		},
		{
			name: "stanzas, with continued fields, comments and disabled ones",
			files: map[string]string{"sources.list.d/debian.sources": "" +
				"Types: deb deb-src\n# a comment\nURIs: http://one.example/debian\n http://two.example/debian\nSuites: trixie\nComponents: main\n" +
				"\n" +
				"Types: deb\nURIs: http://off.example/debian\nSuites: trixie\nEnabled: no\n" +
				"  \n" +
				"types: deb\nuris: http://three.example/debian\n"},
			want: []string{"http://one.example/debian", "http://two.example/debian", "http://three.example/debian"},
		},
		{
			name: "other archives, other files, and the same mirror twice",
			files: map[string]string{
				"sources.list":                    "deb http://archive.example/ubuntu noble main\ndeb http://one.example/debian sid main\n",
				"sources.list.d/a.list":           "deb http://one.example/debian trixie main\ndeb file:/media/debian trixie main\n",
				"sources.list.d/a.list.save":      "deb http://saved.example/debian trixie main\n",
				"sources.list.d/third.sources":    "Types: deb\nURIs: https://packages.example/tool\n",
				"sources.list.d/nothing.sources":  "",
				"sources.list.d/rubbish.sources":  "no colon here\n continued\n",
				"sources.list.d/disabled.sources": "Types: deb\nURIs: http://off.example/debian\nEnabled:   No\n",
			},
			want: []string{"http://one.example/debian"},
		},
		{name: "nothing at all"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			etc := t.TempDir()
			for name, content := range test.files {
				writeFile(t, filepath.Join(etc, name), content)
			}
			if diff := cmp.Diff(test.want, debianMirrors(etc)); diff != "" {
				t.Errorf("mirrors (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDebianMirrors(f *testing.F) {
	f.Add([]byte("deb [a=b] http://one.example/debian trixie main\n"))
	f.Add([]byte("Types: deb\nURIs: http://one.example/debian\n http://two.example/debian\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, uris := range [][]string{oneLineURIs(data), deb822URIs(data)} {
			for _, uri := range uris {
				if uri == "" {
					t.Errorf("an empty address from %q", data)
				}
			}
		}
	})
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
