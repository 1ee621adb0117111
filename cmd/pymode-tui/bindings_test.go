package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/tui"
)

// lone opens a worker as `pymode-tui request` does, and tells of its notices.
func lone(t *testing.T, dir string, change func(*workerFlags)) (do func(path string) *runtime.Result, notices func() string) {
	t.Helper()
	runtimetest.Engine(t) // builds it, with time to do so
	flags := &workerFlags{cpuLimit: 30 * time.Second, memoryLimit: runtime.DefaultMemoryLimit}
	if change != nil {
		change(flags)
	}
	var told []string
	w, err := openWorker(t.Context(), dir, flags, nil, func(e runtime.Event) {
		if n, ok := e.(runtime.Notice); ok {
			told = append(told, n.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close(context.Background()) })
	if f := w.State().Error; f != nil {
		t.Fatal(f)
	}
	return func(path string) *runtime.Result {
		return w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://localhost" + path})
	}, func() string { return strings.Join(told, "\n") }
}

const shop = `
def on_fetch(request, env):
    env.CACHE.put("hits", int(env.CACHE.get("hits") or 0) + 1)
    return [env.CACHE.get("hits"), env.DB.prepare("SELECT name FROM items").all().results]
`

func shopFiles() map[string]string {
	return map[string]string{
		"entry.py":                  shop,
		"wrangler.toml":             "name = \"shop\"\n[[kv_namespaces]]\nbinding = \"CACHE\"\nid = \"abc\"\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"stock\"\ndatabase_id = \"x\"\n",
		"migrations/0001_items.sql": "CREATE TABLE items (name TEXT);\nINSERT INTO items VALUES ('tea');\n",
	}
}

func TestStateIsKept(t *testing.T) {
	dir := runtimetest.Project(t, shopFiles())
	do, notices := lone(t, dir, nil)
	if got, want := string(do("/").Body), `["1", [{"name": "tea"}]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := notices(); !strings.Contains(got, "applied to DB: 0001_items.sql") {
		t.Errorf("notices: %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, ".pymode", "d1", "stock.sqlite")); err != nil {
		t.Error(err)
	}

	// A second one on the same state works, sees the same, and is told.
	again, notices := lone(t, dir, nil)
	if got, want := string(again("/").Body), `["2", [{"name": "tea"}]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := notices(); !strings.Contains(got, "also works on the state in ") || !strings.Contains(got, "--state") {
		t.Errorf("notices of the second: %q", got)
	}
	if got, want := string(do("/").Body), `["3", [{"name": "tea"}]]`; got != want {
		t.Errorf("the first sees %s, want %s", got, want)
	}

	// A third elsewhere has its own.
	other, notices := lone(t, dir, func(f *workerFlags) { f.stateDir = t.TempDir() })
	if got, want := string(other("/").Body), `["1", [{"name": "tea"}]]`; got != want {
		t.Errorf("with --state: %s, want %s", got, want)
	}
	if got := notices(); strings.Contains(got, "also works") {
		t.Errorf("notices with --state: %q", got)
	}
}

func TestStateThatCannotBeWritten(t *testing.T) {
	do, _ := lone(t, runtimetest.Project(t, shopFiles()), func(f *workerFlags) { f.stateDir = "/dev/null/state" })
	if r := do("/"); r.Error == nil || !strings.Contains(r.Error.Message, "the state in /dev/null/state: ") {
		t.Errorf("got %d %v", r.Status, r.Error)
	}
}

func TestMigrationThatFails(t *testing.T) {
	files := shopFiles()
	files["migrations/0002_broken.sql"] = "CREATE TABL x"
	_, notices := lone(t, runtimetest.Project(t, files), nil)
	if got := notices(); !strings.Contains(got, "shop: DB: migration 0002_broken.sql: ") || !strings.Contains(got, "syntax error") {
		t.Errorf("notices: %q", got)
	}
}

func TestSubrequestLimit(t *testing.T) {
	files := map[string]string{
		"entry.py": "def on_fetch(request, env):\n    n = 0\n    try:\n        for n in range(100):\n            env.A_KV.get('k')\n    except Exception as e:\n        return f'{n}: {e}'\n    return 'all'",
	}
	do, _ := lone(t, runtimetest.Project(t, files), func(f *workerFlags) { f.subrequests = 50 })
	r := do("/")
	if got, want := string(r.Body), "50: Too many subrequests. (limit: 50 for each request)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(r.Logs) != 1 || r.Logs[0].Level != "warning" || !strings.Contains(r.Logs[0].Text, "40 of the 50") {
		t.Errorf("logs: %+v", r.Logs)
	}
	files["pyproject.toml"] = "[tool.pymode.limits]\nsubrequests = 10"
	do, _ = lone(t, runtimetest.Project(t, files), nil)
	if got := string(do("/").Body); !strings.HasPrefix(got, "10: ") {
		t.Errorf("with 10 in the config: %q", got)
	}
	delete(files, "pyproject.toml")
	do, _ = lone(t, runtimetest.Project(t, files), nil)
	if got := string(do("/").Body); got != "all" {
		t.Errorf("by default: %q", got)
	}
}

// What the console's bindings pane reads and changes.
func TestHoldings(t *testing.T) {
	s := start(t, shopFiles(), false).session
	ctx := t.Context()
	s.workers[0].Do(ctx, &runtime.Request{Method: "GET", URL: "http://localhost/"})
	h := &holdings{s}
	stores := h.Stores()
	if len(stores) != 2 || stores[0].Binding != "CACHE" || stores[0].Target != "abc" || stores[1].Binding != "DB" || stores[1].Where != "local" {
		t.Fatalf("stores: %+v", stores)
	}
	page, err := h.Items(ctx, stores[0], "hi", "")
	if err != nil || len(page.Items) != 1 || page.Items[0].Name != "hits" {
		t.Errorf("keys: %+v, %v", page, err)
	}
	if err := h.Write(ctx, stores[0], "hits", []byte("41")); err != nil {
		t.Error(err)
	}
	s.workers[0].Do(ctx, &runtime.Request{Method: "GET", URL: "http://localhost/"})
	if c, err := h.Read(ctx, stores[0], "hits"); err != nil || string(c.Value) != "42" || !c.Editable {
		t.Errorf("value: %+v, %v", c, err)
	}
	if err := h.Delete(ctx, stores[0], "hits"); err != nil {
		t.Error(err)
	}
	if _, err := h.Read(ctx, stores[0], "hits"); err == nil {
		t.Error("the key is still there")
	}
	if page, err = h.Items(ctx, stores[1], "", ""); err != nil || len(page.Items) != 2 || page.Items[1] != (tui.Item{Name: "items", Note: "1 row"}) {
		t.Errorf("tables: %+v, %v", page, err)
	}
	c, err := h.Query(ctx, stores[1], "INSERT INTO items VALUES (NULL), (x'00ff'); SELECT * FROM items")
	if err != nil || len(c.Rows) != 3 || c.Rows[1][0] != "NULL" || c.Rows[2][0] != "x'00ff'" {
		t.Errorf("query: %+v, %v", c, err)
	}
	if c, err = h.Read(ctx, stores[1], "items"); err != nil || c.Note != "3 rows" || c.Columns[0] != "name" {
		t.Errorf("table: %+v, %v", c, err)
	}
	if _, err := h.Query(ctx, stores[1], "SELEC"); err == nil || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("bad SQL: %v", err)
	}
}
