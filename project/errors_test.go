package project_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pymode-tui/project"

	"github.com/google/go-cmp/cmp"
)

func TestErrors(t *testing.T) {
	entry := func(files map[string]string) map[string]string {
		files["src/entry.py"] = ""
		return files
	}
	main := func(name string) map[string]string {
		return entry(map[string]string{"pyproject.toml": "[project]\nname = 'x'\n[tool.pymode]\nmain = '" + name + "'", "x.txt": "", "sub/y.py": ""})
	}
	tests := []struct {
		name  string
		files map[string]string
		want  string // "file:line:column: part of the message"
		hint  string // part of the hint
	}{
		{"no entry", nil, "DIR: no entry module", "src/entry.py, src/main.py, entry.py, main.py, worker.py"},
		{"no entry: how to start", nil, "DIR: no entry module", "pymode-tui init"},
		{"main is missing", main("src/none.py"), `pyproject.toml:4:1: main "src/none.py" does not exist`, "change main"},
		{"main is empty", main(""), "pyproject.toml:4:1: main is empty", "src/entry.py"},
		{"main is above", main("../entry.py"), `pyproject.toml:4:1: main "../entry.py" is outside`, "relative"},
		{"main is above after all", main("src/../../entry.py"), `pyproject.toml:4:1: main "src/../../entry.py" is outside`, "relative"},
		{"main is absolute", main("/etc/passwd"), `pyproject.toml:4:1: main "/etc/passwd" is outside`, "relative"},
		{"main is no Python", main("x.txt"), `pyproject.toml:4:1: main "x.txt" is not a .py file`, "Python"},
		{"main is a directory", main("sub"), `pyproject.toml:4:1: main "sub" is not a file`, "Python"},
		{"main below a file", main("x.txt/y.py"), `pyproject.toml:4:1: main "x.txt/y.py": `, ""},
		{"main is no string", entry(map[string]string{"wrangler.toml": "name = 'x'\n  main = 3"}), "wrangler.toml:2:3: main must be a string, not an integer", ""},
		{
			"a name that can't be imported",
			map[string]string{"wrangler.toml": "main = 'a.b.py'", "a.b.py": ""},
			`a.b.py: "a.b" can't be the name of a Python module`, "rename",
		},
		{"broken TOML", entry(map[string]string{"pyproject.toml": "[project]\nname = \n"}), "pyproject.toml:2:", ""},
		{"TOML key twice", entry(map[string]string{"pyproject.toml": "a = 1\nb = 2\na = 3"}), "pyproject.toml:3:", ""},
		{"broken JSON", entry(map[string]string{"wrangler.json": "{\n  \"name\": \"x\"\n  \"main\": 1}"}), "wrangler.json:3:3: ", ""},
		{"JSON cut off", entry(map[string]string{"wrangler.jsonc": "{\n\"name\": "}), "wrangler.jsonc:2:", ""},
		{"JSON is a list", entry(map[string]string{"wrangler.json": "[]"}), "wrangler.json:1:1: the file must be a table, not a list", ""},
		{"JSON nested without end", entry(map[string]string{"wrangler.json": strings.Repeat("[", 100_000)}), "wrangler.json: nested more than", ""},
		{"[project] is no table", entry(map[string]string{"pyproject.toml": "project = 1"}), "pyproject.toml:1:1: [project] must be a table, not an integer", ""},
		{"[tool.pymode] is no table", entry(map[string]string{"pyproject.toml": "[tool]\npymode = 'x'"}), "pyproject.toml:2:1: [tool.pymode] must be a table, not a string", ""},
		{"dependencies are no list", entry(map[string]string{"pyproject.toml": "[project]\ndependencies = 'x'"}), "pyproject.toml:2:1: dependencies in [project] must be a list of strings, not a string", "markupsafe"},
		{
			"a dependency is no string",
			entry(map[string]string{"pyproject.toml": "[project]\ndependencies = [\n  'x',\n  3,\n]"}),
			"pyproject.toml:4:3: dependencies in [project] must be a list of strings, and one is an integer", "",
		},
		{"vars are no table", entry(map[string]string{"wrangler.json": "{\n\n \"vars\": true}"}), "wrangler.json:3:10: vars must be a table, not a boolean", ""},
		{"a var without a form in JSON", entry(map[string]string{"wrangler.toml": "[vars]\nX = nan"}), "wrangler.toml:2:1: NaN has no form in JSON", ""},
		{"bindings are no list", entry(map[string]string{"wrangler.toml": "kv_namespaces = 'x'"}), "wrangler.toml:1:1: kv_namespaces must be a table or a list", "[[kv_namespaces]]"},
		{
			"a binding without a name",
			entry(map[string]string{"wrangler.toml": "[[r2_buckets]]\nbinding = 'A'\n[[r2_buckets]]\nbucket_name = 'x'"}),
			"wrangler.toml:3:3: an entry of r2_buckets has no binding", "bucket_name",
		},
		{
			"a binding whose name is no string",
			entry(map[string]string{"wrangler.toml": "[[r2_buckets]]\nbinding = 'A'\n[[r2_buckets]]\nbinding = 7"}),
			"wrangler.toml:4:1: binding in r2_buckets must be a string", "",
		},
		{"a binding that is no attribute", entry(map[string]string{"wrangler.toml": "[[services]]\nbinding = 'my-auth'\nservice = 'x'"}), `wrangler.toml:1:3: "my-auth" can't be the name`, "env.NAME"},
		{
			"two bindings of one name",
			entry(map[string]string{"pyproject.toml": "[tool.pymode.kv_namespaces]\nX = '1'\n[tool.pymode.r2_buckets]\nX = '2'"}),
			"pyproject.toml:4:1: X is bound twice, to kv and to r2", "",
		},
		{"a target that is no string", entry(map[string]string{"pyproject.toml": "[tool.pymode.d1_databases]\nDB = 3"}), "pyproject.toml:2:1: DB in d1_databases in [tool.pymode] must be a string", "database_name"},
		{"CPU time is no number", entry(map[string]string{"wrangler.toml": "[limits]\ncpu_ms = 'x'"}), "wrangler.toml:2:1: limits.cpu_ms must be a positive integer", ""},
		{"CPU time is too much", entry(map[string]string{"wrangler.toml": "[limits]\ncpu_ms = 300001"}), "wrangler.toml:2:1: limits.cpu_ms must be at most 300000, and is 300001", "up to 300,000 where the config asks for it"},
		{"CPU time is negative", entry(map[string]string{"wrangler.toml": "[limits]\ncpu_ms = -1"}), "wrangler.toml:2:1: limits.cpu_ms must be a positive integer", ""},
		{"a line that is no secret", entry(map[string]string{".dev.vars": "# x\nA=1\njust text\n"}), ".dev.vars:3: expected NAME=value", "comment"},
		{"config is a directory", entry(map[string]string{"pyproject.toml/x": ""}), "pyproject.toml: is not a file", ""},
		{"config is huge", entry(map[string]string{"wrangler.toml": strings.Repeat("#", 2<<20)}), "wrangler.toml: is larger than", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, tt.files)
			p, err := project.Load(dir)
			var e *project.Error
			if !errors.As(err, &e) {
				t.Fatalf("project %v, error %v, want an *Error", p, err)
			}
			if p != nil {
				t.Error("a project comes with the error")
			}
			want := strings.ReplaceAll(tt.want, "DIR", dir)
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q\n want %q", err, want)
			}
			if !strings.Contains(e.Hint, tt.hint) || tt.hint == "" && e.Hint != "" {
				t.Errorf("hint %q, want %q", e.Hint, tt.hint)
			}
			if strings.ContainsAny(e.Message+e.Hint, "\n\r") {
				t.Errorf("more than a line: %q, %q", e.Message, e.Hint)
			}
		})
	}
}

func TestNoProject(t *testing.T) {
	dir := write(t, map[string]string{"src/entry.py": "", "notes.txt": ""})
	tests := []struct {
		name, dir, message, hint string
		missing                  bool
	}{
		{"missing", filepath.Join(dir, "none"), "no such directory", "pymode-tui init", true},
		{"a module", filepath.Join(dir, "src", "entry.py"), "is a file, not a directory", filepath.Join(dir, "src"), false},
		{"a file", filepath.Join(dir, "notes.txt"), "is a file, not a directory", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := project.Load(tt.dir)
			var e *project.Error
			if !errors.As(err, &e) || e.File != tt.dir || e.Message != tt.message || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("error %#v", err)
			}
			if errors.Is(err, fs.ErrNotExist) != tt.missing {
				t.Errorf("is fs.ErrNotExist: %t", !tt.missing)
			}
		})
	}
}

func TestLinksOutOfTheProject(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // making links takes a privilege there
	}
	dir := write(t, map[string]string{"pyproject.toml": "[tool.pymode]\nmain = 'x.py'", "real.py": ""})
	outside := filepath.Join(filepath.Dir(dir), "outside.py")
	if err := os.WriteFile(outside, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "x.py")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if _, err := project.Load(dir); err == nil || !strings.Contains(err.Error(), `main "x.py" is a link out of the project`) {
		t.Errorf("a link out: %v", err)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.py", link); err != nil {
		t.Fatal(err)
	}
	if _, err := project.Load(dir); err != nil {
		t.Errorf("a link inside: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	p := load(t, map[string]string{
		"workers.py":     "",
		"pyproject.toml": "[tool.pymode]\nmain = 'workers.py'\nkv_namespace = 'x'",
		"wrangler.json":  "{\n\"durable_objects\": {}, \"vars\": {\"X\": 1}, \"kv_namespaces\": [\"X\"]}",
		"wrangler.toml":  "",
		".dev.vars":      "A=b#c\nA=2",
	})
	want := []string{
		"wrangler.toml: is not read, since there is a wrangler.json",
		"wrangler.json: X is a binding and a var, the var counts",
		"wrangler.json:2: durable_objects can't be had here: the worker finds nothing of it in its env",
		"pyproject.toml:3: nothing reads kv_namespace in [tool.pymode]",
		"workers.py: hides the module workers that the worker API is in",
		".dev.vars:1: the value of A ends at its #: put it in quotes if the rest belongs to it",
		".dev.vars:2: A is set twice, the last one counts",
	}
	if diff := cmp.Diff(want, p.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
