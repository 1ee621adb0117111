package project_test

import (
	"os"
	"path/filepath"
	"testing"

	"pymode-tui/project"

	"github.com/google/go-cmp/cmp"
)

// TestExamples checks that every example is a project without a warning.
func TestExamples(t *testing.T) {
	want := map[string]string{"hello": "entry", "async": "entry", "multi-file": "shop.entry"}
	got := map[string]string{}
	root := filepath.Join("..", "examples")
	for name := range want {
		p, err := project.Load(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Warnings) > 0 {
			t.Errorf("%s: %q", name, p.Warnings)
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "README.md")); err != nil {
			t.Error(err)
		}
		got[p.Name] = p.Module
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}
