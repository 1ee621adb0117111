package project_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pymode-tui/project"

	"github.com/google/go-cmp/cmp"
)

// write makes a project "myworker" of the files, given as path and content.
func write(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "myworker")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, files map[string]string) *project.Project {
	t.Helper()
	p, err := project.Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEntry(t *testing.T) {
	tests := []struct {
		name   string
		files  map[string]string
		main   string
		module string
		path   []string
	}{
		{"in src", map[string]string{"src/entry.py": ""}, "src/entry.py", "entry", []string{"src", "."}},
		{"at the root", map[string]string{"worker.py": ""}, "worker.py", "worker", []string{"."}},
		{
			"the first of the names",
			map[string]string{"worker.py": "", "main.py": "", "entry.py": "", "src/main.py": ""},
			"src/main.py", "main",
			[]string{"src", "."},
		},
		{
			"a package",
			map[string]string{"src/entry.py": "", "src/__init__.py": ""},
			"src/entry.py", "src.entry",
			[]string{"."},
		},
		{
			"a package below a directory",
			map[string]string{"pyproject.toml": "[tool.pymode]\nmain = 'src/shop/api/entry.py'", "src/shop/api/entry.py": "", "src/shop/api/__init__.py": "", "src/shop/__init__.py": ""},
			"src/shop/api/entry.py", "shop.api.entry",
			[]string{"src", "."},
		},
		{
			"a package's own __init__",
			map[string]string{"pyproject.toml": "[tool.pymode]\nmain = 'src/shop/__init__.py'", "src/shop/__init__.py": ""},
			"src/shop/__init__.py", "shop",
			[]string{"src", "."},
		},
		{
			"the project's directory is no package",
			map[string]string{"entry.py": "", "__init__.py": ""},
			"entry.py", "entry",
			[]string{"."},
		},
		{
			"named by wrangler",
			map[string]string{"wrangler.toml": "main = './app/x.py'", "app/x.py": "", "src/entry.py": ""},
			"app/x.py", "x",
			[]string{"app", "."},
		},
		{
			"pyproject wins over wrangler",
			map[string]string{"wrangler.toml": "main = 'none.py'", "pyproject.toml": "[tool.pymode]\nmain = 'y.py'", "y.py": ""},
			"y.py", "y",
			[]string{"."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, tt.files)
			if p.Main != tt.main || p.Module != tt.module {
				t.Errorf("main %q, module %q, want %q, %q", p.Main, p.Module, tt.main, tt.module)
			}
			if diff := cmp.Diff(tt.path, p.Path); diff != "" {
				t.Errorf("path (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	wrangler := map[string]string{
		"wrangler.toml": `
name = "shop"
[vars]
GREETING = "hi"
COUNT = 3
NESTED = { list = [1, 2.5, true] }
[[kv_namespaces]]
binding = "CACHE_KV"
id = "1f2e"
[[r2_buckets]]
binding = "FILES"
bucket_name = "files"
[[d1_databases]]
binding = "DB"
database_name = "orders"
database_id = "77"
[[services]]
binding = "AUTH"
service = "auth"
entrypoint = "Admin"
[ai]
binding = "AI"
[limits]
cpu_ms = 50
`,
		"wrangler.jsonc": `{
  // the same
  "name": "shop",
  "vars": {"GREETING": "hi", "COUNT": 3, "NESTED": {"list": [1, 2.5, true]}},
  "kv_namespaces": [{"binding": "CACHE_KV", "id": "1f2e"}],
  "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}],
  "d1_databases": [{"binding": "DB", "database_name": "orders", "database_id": "77"}],
  "services": [{"binding": "AUTH", "service": "auth", "entrypoint": "Admin"}],
  "ai": {"binding": "AI"}, /* one */
  "limits": {"cpu_ms": 50},
}`,
	}
	want := &project.Project{
		Name: "shop", Main: "entry.py", Module: "entry", Path: []string{"."},
		Bindings: []project.Binding{
			{Name: "AI", Kind: project.KindAI},
			{Name: "AUTH", Kind: project.KindService, Target: "auth", Entrypoint: "Admin"},
			{Name: "CACHE_KV", Kind: project.KindKV, Target: "1f2e"},
			{Name: "DB", Kind: project.KindD1, Target: "orders", ID: "77"},
			{Name: "FILES", Kind: project.KindR2, Target: "files"},
		},
		Vars: map[string]any{
			"GREETING": "hi", "COUNT": int64(3),
			"NESTED": map[string]any{"list": []any{int64(1), 2.5, true}},
		},
		Secrets: map[string]project.Secret{},
		Limits:  project.Limits{CPU: 50 * time.Millisecond},
	}
	for file, text := range wrangler {
		t.Run(file, func(t *testing.T) {
			p := load(t, map[string]string{file: text, "entry.py": ""})
			want.Dir = p.Dir
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("project (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPyprojectForms(t *testing.T) {
	want := []project.Binding{
		{Name: "A_KV", Kind: project.KindKV, Target: "one"},
		{Name: "B_KV", Kind: project.KindKV, Target: "two"},
	}
	forms := map[string]string{
		"table":           "[tool.pymode.kv_namespaces]\nA_KV = 'one'\nB_KV = { id = 'two' }",
		"array of tables": "[[tool.pymode.kv_namespaces]]\nbinding = 'A_KV'\nid = 'one'\n[[tool.pymode.kv_namespaces]]\nbinding = 'B_KV'\nid = 'two'",
		"inline":          "[tool.pymode]\nkv_namespaces = [{ binding = 'A_KV', id = 'one' }, { binding = 'B_KV', id = 'two' }]",
	}
	for name, text := range forms {
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{"pyproject.toml": text, "entry.py": ""})
			if diff := cmp.Diff(want, p.Bindings); diff != "" {
				t.Errorf("bindings (-want +got):\n%s", diff)
			}
			if len(p.Warnings) > 0 {
				t.Errorf("warnings: %q", p.Warnings)
			}
		})
	}
	t.Run("names only", func(t *testing.T) {
		p := load(t, map[string]string{"pyproject.toml": "[tool.pymode]\nr2_buckets = ['FILES']\nai = 'MODEL'", "entry.py": ""})
		want := []project.Binding{{Name: "FILES", Kind: project.KindR2}, {Name: "MODEL", Kind: project.KindAI}}
		if diff := cmp.Diff(want, p.Bindings); diff != "" {
			t.Errorf("bindings (-want +got):\n%s", diff)
		}
	})
}

func TestPyprojectWins(t *testing.T) {
	p := load(t, map[string]string{
		"entry.py": "",
		"pyproject.toml": `
[project]
name = "package"
dependencies = ["markupsafe>=3", "jinja2"]
[tool.pymode.kv_namespaces]
CACHE = "mine"
[tool.pymode.vars]
A = "mine"
[tool.pymode.limits]
cpu_ms = 10
`,
		"wrangler.toml": `
name = "worker"
r2_buckets = [{ binding = "CACHE", bucket_name = "theirs" }, { binding = "FILES", bucket_name = "files" }]
vars = { A = "theirs", B = "theirs" }
limits = { cpu_ms = 20 }
`,
	})
	if p.Name != "worker" { // as the platform knows it
		t.Errorf("name %q", p.Name)
	}
	wantBindings := []project.Binding{
		{Name: "CACHE", Kind: project.KindKV, Target: "mine"},
		{Name: "FILES", Kind: project.KindR2, Target: "files"},
	}
	if diff := cmp.Diff(wantBindings, p.Bindings); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"A": "mine", "B": "theirs"}, p.Vars); diff != "" {
		t.Errorf("vars (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"markupsafe>=3", "jinja2"}, p.Dependencies); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if p.Limits.CPU != 10*time.Millisecond {
		t.Errorf("CPU limit %s", p.Limits.CPU)
	}
}

func TestName(t *testing.T) {
	tests := []struct {
		name                string
		pyproject, wrangler string
		want                string
	}{
		{"the directory's", "", "", "myworker"},
		{"the package's", "[project]\nname = 'package'", "", "package"},
		{"wrangler's", "[project]\nname = 'package'", "name = 'worker'", "worker"},
		{"pymode's", "[project]\nname = 'package'\n[tool.pymode]\nname = 'mine'", "name = 'worker'", "mine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, map[string]string{"entry.py": "", "pyproject.toml": tt.pyproject, "wrangler.toml": tt.wrangler})
			if p.Name != tt.want {
				t.Errorf("name %q, want %q", p.Name, tt.want)
			}
		})
	}
}

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

func TestSecretsAreNeverShown(t *testing.T) {
	const value = "hunter2"
	p := load(t, map[string]string{"entry.py": "", ".dev.vars": "TOKEN=" + value})
	if got := p.Secrets["TOKEN"].Reveal(); got != value {
		t.Fatalf("revealed %q", got)
	}
	hidden := struct{ p project.Project }{*p} // fmt calls no methods on unexported fields
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, p) + fmt.Sprintf(verb, *p) + fmt.Sprintf(verb, hidden) + fmt.Sprintf(verb, p.Secrets["TOKEN"])
	}
	if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) {
		t.Errorf("a secret is shown in %s", shown)
	}
	if !strings.Contains(string(text), `"TOKEN":"[secret]"`) {
		t.Errorf("JSON %s does not say that there is a secret", text)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	const value = "hunter2"
	for _, text := range []string{"TOKEN='" + value, "TOKEN='" + value + "' " + value, value, "A=1\n" + value + " = x y", `TOKEN="` + value + "\n"} {
		_, err := project.Load(write(t, map[string]string{"entry.py": "", ".dev.vars": text}))
		var e *project.Error
		if errors.As(err, &e) && strings.Contains(e.Error()+e.Hint, value) {
			t.Errorf("%q: error %q shows it", text, err)
		}
	}
}

func TestSources(t *testing.T) {
	p := load(t, map[string]string{
		"src/entry.py": "", "src/page.html": "", "src/__pycache__/entry.pyc": "", "data/x.json": "", "secret/y.py": "",
		"pyproject.toml": "", ".dev.vars": "", ".gitignore": "secret/\n", "env/pyvenv.cfg": "", "env/z.py": "", "src/entry.py~": "",
	})
	got, err := p.Sources()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".gitignore", "data/x.json", "pyproject.toml", "src/entry.py", "src/page.html"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		name string
		kind project.Kind
		ok   bool
	}{
		{"CACHE_KV", project.KindKV, true},
		{"KV", project.KindKV, true},
		{"MY_FILES_R2", project.KindR2, true},
		{"R2", project.KindR2, true},
		{"ORDERS_D1", project.KindD1, true},
		{"ORDERS_DB", project.KindD1, true},
		{"DB", project.KindD1, true},
		{"D1", project.KindD1, true},
		{"AI", project.KindAI, true},
		{"MY_AI", "", false},
		{"CACHEKV", "", false},
		{"cache_kv", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if kind, ok := project.KindOf(tt.name); kind != tt.kind || ok != tt.ok {
			t.Errorf("KindOf(%q) = %q, %t", tt.name, kind, ok)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	dir := write(b, map[string]string{
		"src/entry.py":   "",
		"pyproject.toml": "[project]\nname = 'x'\ndependencies = ['markupsafe']\n[tool.pymode.kv_namespaces]\nA_KV = '1'\n",
		"wrangler.toml":  "name = 'x'\n[vars]\nA = 1\n",
		".dev.vars":      "A=1\n",
	})
	for b.Loop() {
		if _, err := project.Load(dir); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAI(t *testing.T) {
	p := load(t, map[string]string{"entry.py": "", "pyproject.toml": "[tool.pymode.ai]\nurl = 'http://localhost:1/v1'\nkey = 'K'\nmodels = { '*' = 'any' }\n[tool.pymode.limits]\nsubrequests = 50"})
	if p.AI.URL != "http://localhost:1/v1" || p.AI.Key != "K" || p.AI.Models["*"] != "any" || p.Limits.Subrequests != 50 {
		t.Errorf("got %+v, %+v", p.AI, p.Limits)
	}
	if len(p.Bindings) != 1 || p.Bindings[0].Name != "AI" {
		t.Errorf("bindings: %+v", p.Bindings)
	}
}
