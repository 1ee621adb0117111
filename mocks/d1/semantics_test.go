package d1

import (
	"strings"
	"testing"
)

const setup = `
DB.exec("DROP TABLE IF EXISTS posts\nDROP TABLE IF EXISTS users\nDROP TABLE IF EXISTS u")
DB.exec("CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, age INTEGER)\nCREATE TABLE posts (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users(id), u INTEGER CHECK (u>0))\nCREATE TABLE u (v)")
DB.exec("INSERT INTO users (name, age) VALUES ('ann', 30)\nINSERT INTO users (name, age) VALUES ('bob', 40)")
`

// TestSemantics has the rows of the platform's table.
func TestSemantics(t *testing.T) {
	w := newWorker(t, newStore(t, t.TempDir()))
	for _, c := range []struct {
		name, code string
		want       string // JSON of r
		err        string // or the error, whose cause lacks D1_ERROR
	}{
		{"all", `r = DB.prepare("SELECT name, age FROM users ORDER BY id").all()["results"]`, `[{"name": "ann", "age": 30}, {"name": "bob", "age": 40}]`, ""},
		{"run gives rows", `r = DB.prepare("SELECT name FROM users WHERE age = ?").bind(40).run().results`, `[{"name": "bob"}]`, ""},
		{"no rows of a write", `r = DB.prepare("INSERT INTO u VALUES (1)").run().results`, `[]`, ""},
		{"result", "x = DB.prepare('SELECT 1 AS a').all()\nr = [x.success, x['success'], len(x), list(x), x[0], sorted(x['meta']), x.meta.served_by, x.meta['total_attempts'], x.meta.served_by_primary, x.meta.timings.sql_duration_ms >= 0, x.meta.duration >= 0]", `[true, true, 1, [{"a": 1}], {"a": 1}, ["changed_db", "changes", "duration", "last_row_id", "rows_read", "rows_written", "served_by", "served_by_primary", "size_after", "timings", "total_attempts"], "miniflare.db", 1, true, true, true]`, ""},
		{"meta of a write", `m = DB.prepare("INSERT INTO users (name) VALUES ('cat')").run().meta; r = [m.changes, m.last_row_id, m.changed_db, m.rows_written, m.size_after > 0]`, `[1, 3, true, 3, true]`, ""},
		{"last row of a select", `m = DB.prepare("SELECT * FROM users").all().meta; r = [m.changes, m.last_row_id, m.changed_db, m.rows_read, m.rows_written]`, `[0, 2, false, 2, 0]`, ""},
		{"written by an update", `r = [DB.prepare("UPDATE users SET age = 1").run().meta.rows_written, DB.prepare("UPDATE users SET name = name || 1").run().meta.rows_written, DB.prepare("DELETE FROM users").run().meta.rows_written]`, `[2, 4, 4]`, ""},
		{"exec", `x = DB.exec("INSERT INTO u VALUES (1)\nINSERT INTO u VALUES (2); INSERT INTO u VALUES (3)"); r = [x.count, x["duration"] >= 0, DB.prepare("SELECT count(*) c FROM u").first("c")]`, `[2, true, 3]`, ""},
		{"exec broken", "try:\n  DB.exec('INSERT INTO u VALUES (1)\\nSELEC')\nfinally:\n  assert DB.prepare('SELECT count(*) c FROM u').first('c') == 0", "", `D1Error: D1_EXEC_ERROR: Error in line 1: INSERT INTO u VALUES (1): near "SELEC": syntax error at offset 0: SQLITE_ERROR`},
		{"exec over two lines", `DB.exec("INSERT INTO u\nVALUES (1)")`, "", `D1Error: D1_EXEC_ERROR: Error in line 1: INSERT INTO u: incomplete input: SQLITE_ERROR`},
		{"bad SQL", `DB.prepare("SELEC").all()`, "", `D1Error: D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR`},
		{"incomplete", `DB.prepare("SELECT").all()`, "", `D1Error: D1_ERROR: incomplete input: SQLITE_ERROR`},
		{"no table", `DB.prepare("SELECT * FROM nope").all()`, "", `D1Error: D1_ERROR: no such table: nope: SQLITE_ERROR`},
		{"no column", `DB.prepare("SELECT nope FROM users").all()`, "", `D1Error: D1_ERROR: no such column: nope at offset 7: SQLITE_ERROR`},
		{"UNIQUE", `DB.prepare("INSERT INTO users (name) VALUES ('ann')").run()`, "", `D1Error: D1_ERROR: UNIQUE constraint failed: users.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)`},
		{"NOT NULL", `DB.prepare("INSERT INTO users (name) VALUES (?)").bind(None).run()`, "", `D1Error: D1_ERROR: NOT NULL constraint failed: users.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_NOTNULL)`},
		{"FOREIGN KEY", `DB.prepare("INSERT INTO posts (user) VALUES (99)").run()`, "", `D1Error: D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)`},
		{"CHECK", `DB.prepare("INSERT INTO posts (u) VALUES (0)").run()`, "", `D1Error: D1_ERROR: CHECK constraint failed: u>0: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)`},
		{"empty", `DB.prepare("").all()`, "", `D1Error: D1_ERROR: No SQL statements detected.`},
		{"empty batch", `DB.batch([])`, "", `D1Error: D1_ERROR: No SQL statements detected.`},
		{"comment", `DB.prepare("-- nothing").all()`, "", `D1Error: D1_ERROR: No SQL statements detected.`},
		{"too few parameters", `DB.prepare("SELECT ?, ?").bind(1).all()`, "", `D1Error: D1_ERROR: Wrong number of parameter bindings for SQL query.`},
		{"too many parameters", `DB.prepare("SELECT 1").bind(1).all()`, "", `D1Error: D1_ERROR: Wrong number of parameter bindings for SQL query.`},
		{"object", `DB.prepare("SELECT ?").bind({"a": 1})`, "", `D1Error: D1_TYPE_ERROR: Type 'object' not supported for value '[object Object]'`},
		{"date", `DB.prepare("SELECT ?").bind(datetime.date(2026, 1, 2))`, "", `D1Error: D1_TYPE_ERROR: Type 'object' not supported for value '2026-01-02'`},
		{"types", `r = DB.prepare("SELECT typeof(?1) a, typeof(?2) b, typeof(?3) c, typeof(?4) d, typeof(?5) e, ?1 f, ?2 g").bind(True, 5, None, "x", b"x").first()`, `{"a": "integer", "b": "real", "c": "null", "d": "text", "e": "blob", "f": 1, "g": 5}`, ""},
		{"affinity", `DB.prepare("INSERT INTO u VALUES (?)").bind(5).run(); DB.prepare("UPDATE users SET age = ?").bind(7).run(); r = [DB.prepare("SELECT typeof(v) t FROM u").first("t"), DB.prepare("SELECT typeof(age) t FROM users").first("t")]`, `["real", "integer"]`, ""},
		{"blobs", `r = DB.prepare("SELECT ? a, ? b, ? c, ? d, ? e").bind(b"\x00\xff", bytearray(b"b"), memoryview(b"c"), [1, 257], b"").first()`, `{"a": {"bytes": [0, 255]}, "b": {"bytes": [98]}, "c": {"bytes": [99]}, "d": {"bytes": [1, 1]}, "e": {"bytes": []}}`, ""},
		{"text", `s = "a\x00\u00e9\U0001f600\"\\"; r = DB.prepare("SELECT ? s").bind(s).first("s") == s`, `true`, ""},
		{"not finite", `r = DB.prepare("SELECT ? a, ? b, 1e999 c").bind(math.nan, math.inf).first()`, `{"a": null, "b": null, "c": null}`, ""},
		{"fractions", `r = DB.prepare("SELECT 1.5 a, 1e-7 b, 2.0 c, 1e300 d").first()`, `{"a": 1.5, "b": 1e-07, "c": 2, "d": 1e+300}`, ""},
		{"rounded", `r = [DB.prepare("SELECT ? a").bind(9007199254740993).first("a"), DB.prepare("SELECT 9007199254740993 a").first("a")]`, `[9007199254740992, 9007199254740992]`, ""},
		{"first", `s = DB.prepare("SELECT name, age FROM users"); r = [s.first(), s.first("age"), DB.prepare("SELECT 1 WHERE 0").first(), DB.prepare("SELECT 1 a WHERE 0").first("a")]`, `[{"name": "ann", "age": 30}, 30, null, null]`, ""},
		{"first of no column", `DB.prepare("SELECT 1 AS a").first("nope")`, "", `D1Error: D1_COLUMN_NOTFOUND: Column not found (nope)`},
		{"raw", `s = DB.prepare("SELECT name, age FROM users"); r = [s.raw(), s.raw(columnNames=True)[0], s.raw(column_names=True)[0], s.raw({"columnNames": True})[0], DB.prepare("SELECT 1 a WHERE 0").raw(columnNames=True)]`, `[[["ann", 30], ["bob", 40]], ["name", "age"], ["name", "age"], ["name", "age"], [["a"]]]`, ""},
		{"same names", `s = DB.prepare("SELECT 1 a, 2 a"); r = [s.all().results, s.raw()]`, `[[{"a": 2}], [[1, 2]]]`, ""},
		{"batch", `x = DB.batch([DB.prepare("INSERT INTO u VALUES (?)").bind("x"), DB.prepare("SELECT v FROM u")]); r = [x[0].meta.changes, x[1].results, [list(y) for y in x]]`, `[1, [{"v": "x"}], [[], [{"v": "x"}]]]`, ""},
		{"batch broken", "try:\n  DB.batch([DB.prepare('INSERT INTO u VALUES (1)'), DB.prepare(\"INSERT INTO users (name) VALUES ('ann')\")])\nfinally:\n  assert DB.prepare('SELECT count(*) c FROM u').first('c') == 0", "", `D1Error: D1_ERROR: UNIQUE constraint failed: users.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)`},
		{"two statements", `r = DB.prepare("SELECT 1 AS a; SELECT 2 AS b;").all().results`, `[{"b": 2}]`, ""},
		{"two statements, parameters", `r = DB.prepare("SELECT 1; SELECT ? AS b").bind("x").all().results`, `[{"b": "x"}]`, ""},
		{"parameters on the first", `DB.prepare("SELECT ?; SELECT 2").bind(1).all()`, "", `D1Error: D1_ERROR: When executing multiple SQL statements in a single call, only the last statement can have parameters.`},
		{"two statements are one transaction", "try:\n  DB.prepare('INSERT INTO u VALUES (1); SELEC').run()\nfinally:\n  assert DB.prepare('SELECT count(*) c FROM u').first('c') == 0", "", `D1Error: D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR`},
		{"BEGIN", `DB.prepare("BEGIN").run()`, "", `D1Error: D1_ERROR: ` + noTransactions},
		{"COMMIT", `DB.prepare("COMMIT").run()`, "", `D1Error: D1_ERROR: ` + noTransactions},
		{"SAVEPOINT", `DB.prepare("SAVEPOINT a").run()`, "", `D1Error: D1_ERROR: ` + noTransactions},
		{"ATTACH", `DB.prepare("ATTACH 'x.db' AS x").run()`, "", `D1Error: D1_ERROR: not authorized: SQLITE_AUTH`},
		{"VACUUM INTO", `DB.prepare("VACUUM INTO 'x.db'").run()`, "", "D1Error: D1_ERROR: cannot VACUUM from within a transaction: SQLITE_ERROR"},
		{"journal_mode", `DB.prepare("PRAGMA journal_mode").run()`, "", `D1Error: D1_ERROR: not authorized: SQLITE_AUTH`},
		{"sqlite_version", `DB.prepare("SELECT sqlite_version()").all()`, "", `D1Error: D1_ERROR: not authorized to use function: sqlite_version at offset 7: SQLITE_ERROR`},
		{"writing the schema", `DB.prepare("DELETE FROM sqlite_schema").run()`, "", `D1Error: D1_ERROR: table sqlite_master may not be modified: SQLITE_ERROR`},
		{"table_info", `r = [x["name"] for x in DB.prepare("PRAGMA table_info(users)").all()]`, `["id", "name", "age"]`, ""},
		{"foreign_keys off", "DB.prepare('PRAGMA foreign_keys = OFF').run()\nDB.prepare('INSERT INTO posts (user) VALUES (99)').run()", "", `D1Error: D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)`},
		{"deferred keys", `DB.batch([DB.prepare("PRAGMA defer_foreign_keys = on"), DB.prepare("INSERT INTO posts (user) VALUES (50)"), DB.prepare("INSERT INTO users (id, name) VALUES (50, 'x')")]); r = DB.prepare("SELECT user FROM posts").first("user")`, `50`, ""},
		{"deferred and never kept", `DB.batch([DB.prepare("PRAGMA defer_foreign_keys = on"), DB.prepare("INSERT INTO posts (user) VALUES (51)")])`, "", `D1Error: D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)`},
		{"ALTER", `DB.exec("ALTER TABLE users ADD COLUMN x TEXT\nALTER TABLE users RENAME COLUMN x TO y\nALTER TABLE users DROP COLUMN y\nALTER TABLE u RENAME TO w\nALTER TABLE w RENAME TO u"); r = 1`, `1`, ""},
		{"full text", `DB.exec("DROP TABLE IF EXISTS f\nCREATE VIRTUAL TABLE f USING fts5(x)\nINSERT INTO f VALUES ('one two')"); r = DB.prepare("SELECT x FROM f WHERE f MATCH 'two'").first("x")`, `"one two"`, ""},
		{"JSON", `r = DB.prepare("SELECT json_extract('{\"a\": [1, 2]}', '$.a[1]') x").first("x")`, `2`, ""},
		{"dump", `DB.dump()`, "", `D1Error: D1_DUMP_ERROR: Status + 404`},
		{"expression depth", `DB.prepare("SELECT " + "1+" * 100 + "1").all()`, "", `D1Error: D1_ERROR: Expression tree is too large (maximum depth 100): SQLITE_ERROR`},
		{"100 parameters", `r = len(DB.prepare("SELECT " + ",".join(["?"] * 100)).bind(*range(100)).raw()[0])`, `100`, ""},
		{"101 parameters", `DB.prepare("SELECT 1 WHERE 1 IN (" + ",".join(["?"] * 101) + ")").bind(*range(101)).all()`, "", `D1Error: D1_ERROR: too many SQL variables at offset 221: SQLITE_ERROR`},
		{"long statement", `r = len(DB.prepare("SELECT 1 --" + " " * 99989).all())`, `1`, ""},
		{"too long a statement", `DB.prepare("SELECT 1 --" + " " * 99990).all()`, "", `D1Error: D1_ERROR: statement too long: SQLITE_TOOBIG`},
		{"long text", `r = DB.prepare("SELECT length(?) n").bind("x" * 2_000_001).first("n")`, `2000001`, ""},
		{"columns", `DB.prepare("CREATE TABLE wide (" + ",".join(f"c{i}" for i in range(101)) + ")").run()`, "", "D1Error: D1_ERROR: too many columns on wide: SQLITE_ERROR"},
		{"LIKE pattern", `DB.prepare("SELECT 'a' LIKE ?").bind("a" * 51).all()`, "", `D1Error: D1_ERROR: LIKE or GLOB pattern too complex: SQLITE_ERROR`},
		{"terms", `DB.prepare(" UNION ALL ".join(["SELECT 1"] * 6)).all()`, "", `D1Error: D1_ERROR: too many terms in compound SELECT: SQLITE_ERROR`},
		{"function arguments", `DB.prepare("SELECT max(" + ",".join(["1"] * 33) + ")").all()`, "", `D1Error: D1_ERROR: too many arguments on function max at offset 7: SQLITE_ERROR`},
		{"errors are exported", "try:\n  DB.prepare('SELEC').all()\nexcept D1Error as e:\n  r = [type(e).__module__, str(e) == 'D1_ERROR: ' + str(e.__cause__)]", `["pymode.env", true]`, ""},
		{"bad arguments", "import pymode._host as h\nr = []\nfor op, a in [('d1.query', {'binding': ['x']}), ('d1.query', {'binding': 'DB', 'sql': 'SELECT ?', 'params': [{'a': 1}]}), ('d1.batch', {'binding': 'DB', 'queries': 5}), ('d1.exec', {'binding': 'x' * 129, 'sql': 'SELECT 1'})]:\n  try:\n    h.call(op, a)\n  except Exception as e:\n    r.append(type(e).__name__)", `["HostError", "HostError", "HostError", "HostError"]`, ""},
		{"sessions", `s = DB.withSession("first-primary"); r = [s.prepare("SELECT 1 a").first("a"), DB.with_session().batch([DB.prepare("SELECT 2 a")])[0].results, s.getBookmark()]`, `[1, [{"a": 2}], null]`, ""},
		{"binding again", `s = DB.prepare("SELECT ? a"); r = [s.bind(1).first("a"), s.bind("x").first("a")]`, `[1, "x"]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := python(t, w, setup+c.code)
			if c.err == "" {
				if got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				return
			}
			text, cause := errorOf(t, got)
			if text != c.err {
				t.Errorf("got  %s\nwant %s", text, c.err)
			}
			if rest, ok := strings.CutPrefix(text, "D1Error: D1_ERROR: "); ok && cause != rest {
				t.Errorf("the cause is %q, want %q", cause, rest)
			}
		})
	}
}

// TestAwait runs both styles in a worker's own module.
func TestAwait(t *testing.T) {
	w := newWorker(t, newStore(t, t.TempDir()))
	r := request(t, w, "/await")
	if want := `[1, {"a": 1}, null, 1]`; string(r.Body) != want {
		t.Errorf("got %s, want %s", r.Body, want)
	}
}

func TestRecord(t *testing.T) {
	w := newWorker(t, newStore(t, t.TempDir()))
	_, r := python(t, w, "DB.exec('CREATE TABLE a (x)')\nDB.prepare('INSERT INTO a VALUES (?),\\n  (2)').bind(1).run()\nDB.prepare('SELECT * FROM a').first()\nDB.batch([DB.prepare('SELECT 1')] * 3)")
	var got []string
	for _, c := range r.Calls {
		got = append(got, c.Op+" "+c.Binding+" "+c.Detail)
	}
	want := "d1.exec DB CREATE TABLE a (x)  0 rows|d1.run DB INSERT INTO a VALUES (?), (2)  2 changes|d1.first DB SELECT * FROM a  2 rows|d1.batch DB SELECT 1  + 2 more  3 rows"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}
