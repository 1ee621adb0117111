package packages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

func TestAddDependency(t *testing.T) {
	for name, c := range map[string]struct{ before, add, after string }{
		"an empty list": {
			"[project]\nname = \"w\"\ndependencies = []  # none\n", "six",
			"[project]\nname = \"w\"\ndependencies = [\"six\"]  # none\n",
		},
		"one line": {
			"[project]\ndependencies = ['a>=1'] # x\nversion = \"1\"\n", "six",
			"[project]\ndependencies = ['a>=1', \"six\"] # x\nversion = \"1\"\n",
		},
		"lines": {
			"[project]\ndependencies = [\n    \"a\",  # why\n    \"b\",\n]\n", "six>=1",
			"[project]\ndependencies = [\n    \"a\",  # why\n    \"b\",\n    \"six>=1\",\n]\n",
		},
		"lines without a last comma": {
			"[project]\ndependencies = [\n  \"a\",\n  \"b\" # ]\n]\n", "six",
			"[project]\ndependencies = [\n  \"a\",\n  \"b\", # ]\n  \"six\",\n]\n",
		},
		"another version": {
			"[project]\ndependencies = [\"Typing_Extensions<4\", \"b\"]\n", "typing-extensions>=4",
			"[project]\ndependencies = [\"typing-extensions>=4\", \"b\"]\n",
		},
		"no list": {
			"[project]\nname = \"w\"\n\n# the tool\n[tool.pymode]\nmain = \"a.py\"\n", "six",
			"[project]\nname = \"w\"\ndependencies = [\"six\"]\n\n# the tool\n[tool.pymode]\nmain = \"a.py\"\n",
		},
		"no list, at the end": {
			"[tool.x]\n[project]\nname = \"w\"", "six",
			"[tool.x]\n[project]\nname = \"w\"\ndependencies = [\"six\"]\n",
		},
		"no project": {
			"[tool.pymode]\nmain = \"a.py\"\n", "six",
			"[tool.pymode]\nmain = \"a.py\"\n\n[project]\nname = \"my-worker\"\nversion = \"0.1.0\"\ndependencies = [\"six\"]\n",
		},
		"no file": {
			"", "six",
			"[project]\nname = \"my-worker\"\nversion = \"0.1.0\"\ndependencies = [\"six\"]\n",
		},
		"a dotted key": {
			"project.name = \"w\"\nproject.dependencies = [\"a\"]\n", "six",
			"project.name = \"w\"\nproject.dependencies = [\"a\", \"six\"]\n",
		},
		"a list elsewhere": {
			"[tool.x]\ndependencies = [\"z\"]\n[project]\ndependencies = [\"a\"]\n", "six",
			"[tool.x]\ndependencies = [\"z\"]\n[project]\ndependencies = [\"a\", \"six\"]\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AddDependency([]byte(c.before), c.add, "My Worker")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.after, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddDependencyErrors(t *testing.T) {
	for name, text := range map[string]string{
		"no TOML":          "[project\n",
		"no list":          "[project]\ndependencies = \"a\"\n",
		"a list of others": "[project]\ndependencies = [1]\n",
		"an inline table":  "project = { dependencies = [] }\n",
	} {
		if got, err := AddDependency([]byte(text), "six", "w"); err == nil {
			t.Errorf("%s: no error, but\n%s", name, got)
		}
	}
	if _, err := AddDependency(nil, "a = 3", "w"); err == nil {
		t.Error("a mistyped requirement: no error")
	}
}

func TestRemoveDependency(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"the only one":  {"[project]\ndependencies = [\"six>=1\"]\n", "[project]\ndependencies = []\n"},
		"the first":     {"[project]\ndependencies = [\"six\", \"a\"]\n", "[project]\ndependencies = [\"a\"]\n"},
		"the last":      {"[project]\ndependencies = [\"a\", \"six\"]\n", "[project]\ndependencies = [\"a\"]\n"},
		"between":       {"[project]\ndependencies = [\"a\", \"six\", \"b\"]\n", "[project]\ndependencies = [\"a\", \"b\"]\n"},
		"a line":        {"[project]\ndependencies = [\n  \"a\",\n  \"six\",\n  \"b\",\n]\n", "[project]\ndependencies = [\n  \"a\",\n  \"b\",\n]\n"},
		"the last line": {"[project]\ndependencies = [\n  \"a\",\n  \"six\"\n]\n", "[project]\ndependencies = [\n  \"a\"\n]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, found, err := RemoveDependency([]byte(c.before), "Six")
			if err != nil || !found {
				t.Fatal(found, err)
			}
			if diff := cmp.Diff(c.after, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, found, err := RemoveDependency([]byte("[project]\nname = \"w\"\n"), "six"); found || err != nil {
		t.Error("a package that is not there:", found, err)
	}
}

// FuzzDependencies adds a requirement to any TOML and takes it out again.
func FuzzDependencies(f *testing.F) {
	f.Add("[project]\ndependencies = [\n  \"a\", # b\n]\n")
	f.Add("[project]\nname = 'w'\n[tool.x]\n")
	f.Add("project.dependencies = ['''a''', \"b\"]")
	f.Fuzz(func(t *testing.T, text string) {
		added, err := AddDependency([]byte(text), "six-fuzz>=1", "w")
		if err != nil {
			return
		}
		var file struct {
			Project struct {
				Dependencies []string `toml:"dependencies"`
			} `toml:"project"`
		}
		if err := toml.Unmarshal(added, &file); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(file.Project.Dependencies, "\n"), "six-fuzz>=1") {
			t.Fatalf("not added to %q: %q", text, added)
		}
		if _, found, err := RemoveDependency(added, "six-fuzz"); !found || err != nil {
			t.Fatalf("not removed from %q: %v, %v", added, found, err)
		}
	})
}
