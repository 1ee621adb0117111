package d1

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, dir)
	w := newWorker(t, s)
	if got, _ := python(t, w, "DB.exec('CREATE TABLE t (x)')\nDB.prepare('INSERT INTO t VALUES (?)').bind('kept').run()"); got != "null" {
		t.Fatal(got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := python(t, newWorker(t, newStore(t, dir)), "r = DB.prepare('SELECT x FROM t').first('x')"); got != `"kept"` {
		t.Error(got)
	}
}

// TestNames checks that no name leads out of the folder, and no two are one file.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, filepath.Join(dir, "d1"))
	names := []string{"DB", "../up", "a/b", "a_b", "a\x00b", ".", "..", ".hidden", "ä", "file:x?mode=memory", strings.Repeat("n", 128), strings.Repeat("n", 127)}
	for i, name := range names {
		if _, _, _, err := s.Query(t.Context(), name, "CREATE TABLE t AS SELECT ?", i); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for i, name := range names {
		if _, rows, _, err := s.Query(t.Context(), name, "SELECT * FROM t"); err != nil || rows[0][0] != int64(i) {
			t.Errorf("%q has %v, %v", name, rows, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("beside the folder: %v, %v", entries, err)
	}
	if got := s.Databases(); len(got) != len(names) {
		t.Errorf("%d databases of %d: %q", len(got), len(names), got)
	}
	if _, _, _, err := s.Query(t.Context(), strings.Repeat("n", 129), "SELECT 1"); err == nil {
		t.Error("a name of 129 bytes is accepted")
	}
}

// TestTarget checks that bindings mean the databases that the config names.
func TestTarget(t *testing.T) {
	s := newStore(t, t.TempDir())
	w := runtimetest.Worker(t, entry, func(c *runtime.Config) {
		c.Env["DB"] = runtime.Binding{Kind: "d1", Target: "some-id"}
		c.Env["OTHER"] = runtime.Binding{Kind: "d1"}
		c.Bindings = mocks.New(nil, s)
	})
	python(t, w, "DB.exec('CREATE TABLE t (x)'); env.OTHER.exec('SELECT 1')")
	if tables, err := s.Tables(t.Context(), "some-id"); err != nil || !reflect.DeepEqual(tables, []Table{{Name: "t"}}) {
		t.Errorf("%v, %v", tables, err)
	}
	if got, want := s.Databases(), []string{"OTHER", "some-id"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestABI(t *testing.T) {
	s := newStore(t, t.TempDir())
	caller := mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: "w"}}
	if _, err := s.ABIExec(t.Context(), caller, []byte("SELECT 1"), nil); err == nil || !strings.Contains(err.Error(), "no D1 binding") {
		t.Errorf("without bindings: %v", err)
	}
	caller.Env = map[string]runtime.Binding{"DB": {Kind: "d1"}, "SECOND": {Kind: "d1"}, "AAA": {Kind: "kv"}}
	type result struct {
		Results []map[string]any
		Success bool
		Meta    Meta
	}
	var one result
	b, err := s.ABIExec(t.Context(), caller, []byte("SELECT ? AS a, ? AS b"), []byte(`[1.5, {"$blob": "AP8="}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &one); err != nil {
		t.Fatal(err)
	}
	if want := []map[string]any{{"a": 1.5, "b": []any{0.0, 255.0}}}; !one.Success || !reflect.DeepEqual(one.Results, want) || one.Meta.ServedBy == "" {
		t.Errorf("%s", b)
	}
	var several []result
	b, err = s.ABIBatch(t.Context(), caller, []byte(`[{"sql": "CREATE TABLE t (x)", "binding": "SECOND"}, {"sql": "INSERT INTO t VALUES (?)", "params": ["y"], "binding": "SECOND"}, {"sql": "SELECT x FROM t", "binding": "SECOND"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &several); err != nil || len(several) != 3 || several[2].Results[0]["x"] != "y" || several[1].Meta.Changes != 1 {
		t.Errorf("%s, %v", b, err)
	}
	for queries, want := range map[string]string{
		`[{"sql": "DROP TABLE t", "binding": "SECOND"}, {"sql": "SELEC", "binding": "SECOND"}]`: `near "SELEC"`,
		`[{"sql": "SELECT 1", "binding": "DB"}, {"sql": "SELECT 1", "binding": "SECOND"}]`:      "two databases",
		`[]`: "No SQL statements detected.",
		`{`:  "queries",
	} {
		if _, err := s.ABIBatch(t.Context(), caller, []byte(queries)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", queries, err)
		}
	}
	if tables, err := s.Tables(t.Context(), "SECOND"); err != nil || !reflect.DeepEqual(tables, []Table{{Name: "t", Rows: 1}}) {
		t.Errorf("%v, %v", tables, err)
	}
}

func TestQuery(t *testing.T) {
	s := newStore(t, t.TempDir())
	columns, rows, meta, err := s.Query(t.Context(), "DB", "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, x'ff'), (2.5, NULL); SELECT a, b, 'z' AS c FROM t ORDER BY a LIMIT ?", 5)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c"}; !reflect.DeepEqual(columns, want) {
		t.Errorf("columns %q", columns)
	}
	if want := [][]any{{int64(1), []byte{255}, "z"}, {2.5, nil, "z"}}; !reflect.DeepEqual(rows, want) {
		t.Errorf("rows %v", rows)
	}
	if meta.Changes != 2 || meta.RowsWritten != 3 || !meta.ChangedDB {
		t.Errorf("meta %+v", meta)
	}
	if _, _, _, err := s.Query(t.Context(), "DB", "SELEC"); err == nil || err.Error() != `near "SELEC": syntax error at offset 0: SQLITE_ERROR` {
		t.Error(err)
	}
}

func TestMigrations(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{
		"0001_make.sql":  "-- first\nCREATE TABLE a (x);\nCREATE TRIGGER tr AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;\n" + strings.Repeat("INSERT INTO a VALUES ('a row of some length');\n", 3000),
		"0002_more.sql":  "PRAGMA foreign_keys=OFF;\nALTER TABLE a ADD COLUMN y;\n-- the end",
		"0003_empty.sql": "-- nothing\n",
		"notes.txt":      "not one",
	})
	s := newStore(t, t.TempDir())
	applied, err := s.Migrate(t.Context(), "DB", dir)
	if want := []string{"0001_make.sql", "0002_more.sql", "0003_empty.sql"}; err != nil || !reflect.DeepEqual(applied, want) {
		t.Fatalf("%q, %v", applied, err)
	}
	if rows := ask(t, s, "SELECT count(*) FROM a"); rows[0][0] != int64(3000) {
		t.Errorf("%v rows", rows)
	}
	if applied, err := s.Migrate(t.Context(), "DB", dir); err != nil || applied != nil {
		t.Errorf("once more: %q, %v", applied, err)
	}

	runtimetest.Write(t, filepath.Join(dir, "0004_broken.sql"), "CREATE TABLE b (x);\nINSERT INTO nope VALUES (1);")
	runtimetest.Write(t, filepath.Join(dir, "0005_after.sql"), "CREATE TABLE c (x);")
	applied, err = s.Migrate(t.Context(), "DB", dir)
	if err == nil || len(applied) != 0 || err.Error() != "migration 0004_broken.sql: no such table: nope: SQLITE_ERROR" {
		t.Errorf("broken: %q, %v", applied, err)
	}
	if rows := ask(t, s, "SELECT name FROM sqlite_schema WHERE name IN ('b', 'c')"); len(rows) != 0 {
		t.Errorf("of the broken migration there stayed %v", rows)
	}
	list, err := s.ListMigrations(t.Context(), "DB", dir)
	if err != nil || len(list) != 5 || list[2].AppliedAt == "" || list[3].AppliedAt != "" || list[3].Name != "0004_broken.sql" {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := s.ListMigrations(t.Context(), "DB", filepath.Join(dir, "none")); err != nil || list != nil {
		t.Errorf("without a folder: %v, %v", list, err)
	}
}

// BenchmarkSelect reads a row by its key, from Python.
func BenchmarkSelect(b *testing.B) {
	bench(b, "DB.prepare('SELECT * FROM t WHERE id = ?').bind(500).first()")
}

// BenchmarkInsert writes a row to the disk, from Python.
func BenchmarkInsert(b *testing.B) {
	bench(b, "DB.prepare('INSERT INTO t (name) VALUES (?)').bind('x').run()")
}

// bench times one statement in a loop of the guest's, of 200 a request.
func bench(b *testing.B, statement string) {
	w := newWorker(b, newStore(b, b.TempDir()))
	if got, _ := python(b, w, "DB.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)')\nDB.batch([DB.prepare('INSERT INTO t (name) VALUES (?)').bind(f'n{i}') for i in range(1000)])"); got != "null" {
		b.Fatal(got)
	}
	var times []float64
	b.ResetTimer()
	for done := 0; done < b.N; done += 200 {
		got, _ := python(b, w, "import time\nr = []\nfor _ in range("+strconv.Itoa(min(200, b.N-done))+"):\n  t = time.perf_counter()\n  "+statement+"\n  r.append((time.perf_counter() - t) * 1e3)")
		var batch []float64
		if err := json.Unmarshal([]byte(got), &batch); err != nil {
			b.Fatalf("%.300s", got)
		}
		times = append(times, batch...)
	}
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2], "p50-ms")
	b.ReportMetric(times[len(times)*99/100], "p99-ms")
}
