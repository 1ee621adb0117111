package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func loadReplay(t *testing.T, text string) (*Project, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"entry.py": "", "pyproject.toml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(dir)
}

func TestReplay(t *testing.T) {
	p, err := loadReplay(t, "[tool.pymode.replay]\nignore = [\"cpu\"]\nmask = [\"X-Key\"]\ncpu = 2\nmemory = 1.5\nkeep = 10\ncolour = 1\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Replay{Ignore: []string{"cpu"}, Mask: []string{"X-Key"}, CPU: 2, Memory: 1.5, Keep: 10}
	if diff := cmp.Diff(want, p.Replay); diff != "" {
		t.Error(diff)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "nothing reads colour in replay in [tool.pymode]") {
		t.Errorf("warnings %q", p.Warnings)
	}
}

func TestReplayErrors(t *testing.T) {
	for line, want := range map[string]string{
		`ignore = "cpu"`: "replay.ignore in [tool.pymode] must be a list of strings, not a string",
		`mask = [1]`:     "item 1 of replay.mask in [tool.pymode] must be a string, not an integer",
		`cpu = 0.5`:      "replay.cpu in [tool.pymode] must be a number of at least 1",
		`memory = "2"`:   "replay.memory in [tool.pymode] must be a number of at least 1",
		`keep = 0`:       "replay.keep in [tool.pymode] must be a positive integer",
	} {
		if _, err := loadReplay(t, "[tool.pymode.replay]\n"+line+"\n"); err == nil || !strings.Contains(err.Error(), "pyproject.toml:2:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}
