package packages

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestRecipes(t *testing.T) {
	recipes, err := loadRecipes()
	if err != nil {
		t.Fatal(err)
	}
	if r := recipes["pyyaml"]; r == nil || len(r.Libraries) != 1 || r.text == "" {
		t.Errorf("pyyaml: %+v", r)
	}
	if r := recipes["cryptography"]; r == nil || r.Reason == "" {
		t.Errorf("cryptography: %+v", r)
	}
	for name, r := range recipes {
		if r.Reason != strings.TrimSuffix(r.Reason, ".") || strings.Contains(r.Reason+r.Alternative, "\n") {
			t.Errorf("%s: reason and alternative are a line without a full stop", name)
		}
	}
}

func TestRecipeErrors(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"an unknown key":   {"a.toml", "cflag = []", "a.toml"},
		"a name":           {"A_b.toml", "", "normalised"},
		"no digest":        {"a.toml", "[[library]]\nname = 'x'\npackage = 'p'\nversion = '1'\nfile = 'f'\nsources = ['a.c']", "lacks"},
		"a file elsewhere": {"a.toml", "[[library]]\nname = 'x'\npackage = 'p'\nversion = '1'\nfile = 'f'\nsha256 = '" + someDigest + "'\nsources = ['../a.c']", "no file"},
		"no reason":        {refusedFile, "[a]\nalternative = 'b'", "reason"},
	} {
		_, err := readRecipes(fstest.MapFS{"r/" + c.file: {Data: []byte(c.text)}}, "r")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}
