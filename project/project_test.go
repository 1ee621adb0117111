package project_test

import (
	"os"
	"path/filepath"
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
