package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/project"
)

func TestWorkerName(t *testing.T) {
	for dir, want := range map[string]string{
		"shop": "shop", "My_Shop 2": "my-shop-2", "--x--": "x", "日本": "worker", ".": "worker", "a.b": "a-b",
	} {
		if got := workerName(dir); got != want {
			t.Errorf("%q: %q, want %q", dir, got, want)
		}
	}
}

func TestOfferWorker(t *testing.T) {
	for answer, want := range map[string]string{"2\n": "counts its visitors", "todo\n": "keeps a list", "\n": "", "9\n": "", "": ""} {
		dir := filepath.Join(t.TempDir(), "new")
		_, err := project.Load(dir)
		var out strings.Builder
		made, got := offerWorker(strings.NewReader(answer), &out, dir, err)
		text, _ := os.ReadFile(filepath.Join(dir, "src", "entry.py"))
		switch {
		case !strings.Contains(out.String(), "There is no worker in "):
			t.Errorf("%q: nothing was offered: %q", answer, out.String())
		case want == "" && (made || !errors.Is(got, err) || len(text) > 0):
			t.Errorf("%q: made a worker, or lost the error: %v", answer, got)
		case want != "" && (!made || got != nil || !strings.Contains(string(text), want)):
			t.Errorf("%q: made %v, %v, %q", answer, made, got, text)
		}
	}
}

// TestOfferWorkerIsForNoWorker leaves a project that is wrong alone.
func TestOfferWorkerIsForNoWorker(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte("[tool.pymode]\nmain = \"gone.py\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := project.Load(dir)
	var out strings.Builder
	if made, got := offerWorker(strings.NewReader("1\n"), &out, dir, err); made || !errors.Is(got, err) || out.Len() > 0 {
		t.Errorf("offered %q for %v", out.String(), err)
	}
}
