package project

import (
	"slices"
	"strings"
	"testing"
)

func TestFindLinks(t *testing.T) {
	p, err := loadReplay(t, "[tool.pymode]\nfind-links = [\"wheels\", \"https://example.com/wheels\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"wheels", "https://example.com/wheels"}; !slices.Equal(p.FindLinks, want) || len(p.Warnings) > 0 {
		t.Errorf("%q, warnings %q", p.FindLinks, p.Warnings)
	}
	for line, want := range map[string]string{
		`find-links = "wheels"`: "find-links in [tool.pymode] must be a list of strings, not a string",
		`find-links = [1]`:      "find-links in [tool.pymode] must be a list of strings, and one is an integer",
	} {
		if _, err := loadReplay(t, "[tool.pymode]\n"+line+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
