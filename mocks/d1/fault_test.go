package d1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
)

// writerVar names, in a helper process, the folder to write to.
const writerVar = "D1_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVar); dir != "" {
		if err := write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write inserts 200 rows and says each number once it is answered.
func write(dir string) error {
	s, err := New(context.Background(), Config{Dir: dir})
	if err != nil {
		return err
	}
	caller := mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: "w", Env: map[string]runtime.Binding{"DB": {Kind: "d1"}}}}
	next := 0
	if _, rows, _, err := s.Query(context.Background(), "DB", "SELECT coalesce(max(n) + 1, 0) FROM t"); err != nil {
		return err
	} else if n, ok := rows[0][0].(int64); ok {
		next = int(n)
	}
	for i := range 200 {
		if _, err := s.ABIExec(context.Background(), caller, []byte("INSERT INTO t VALUES (?, ?)"), fmt.Appendf(nil, `[%d, "%s"]`, next+i, strings.Repeat("x", 3000))); err != nil {
			return err
		}
		fmt.Println(next + i)
	}
	return s.Close()
}

// TestKill kills a process that writes, again and again: nothing that it was
// told is written may be missing afterwards, and nothing is damaged.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, dir)
	ask(t, s, "CREATE TABLE t (n INTEGER PRIMARY KEY, text)")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	killed := 0
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerVar+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last, stop := -1, rand.IntN(180)
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if n == stop {
				time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if cmd.Wait() != nil {
			killed++
		}
		var notes []string
		s, err := New(t.Context(), Config{Dir: dir, Notify: func(text string) { notes = append(notes, text) }})
		if err != nil {
			t.Fatal(err)
		}
		rows := ask(t, s, "SELECT count(*), max(n) FROM t")
		if count, _ := rows[0][0].(int64); last < 0 || count < int64(last)+1 || rows[0][1] != count-1 {
			t.Errorf("round %d: %v rows, the last answered was %d", round, rows[0], last)
		}
		if len(notes) > 0 {
			t.Errorf("round %d: %v", round, notes)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if killed == 0 {
		t.Error("every process ended by itself before it was killed")
	}
}

func ask(t *testing.T, s *Store, sql string, params ...any) [][]any {
	t.Helper()
	_, rows, _, err := s.Query(t.Context(), "DB", sql, params...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

func TestCorrupt(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(b []byte)
	}{
		{"header", func(b []byte) { copy(b, "no SQLite at all") }},
		{"pages", func(b []byte) {
			for i := 4096; i < len(b); i++ {
				b[i] = 0xa5
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := newStore(t, dir)
			ask(t, s, "CREATE TABLE t (x)")
			ask(t, s, "INSERT INTO t VALUES (?)", strings.Repeat("x", 100_000))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "DB.sqlite")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c.damage(b)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}

			var notes []string
			s, err = New(t.Context(), Config{Dir: dir, Notify: func(text string) { notes = append(notes, text) }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if rows := ask(t, s, "SELECT count(*) FROM sqlite_schema"); rows[0][0] != int64(0) {
				t.Errorf("the new database has %v", rows)
			}
			aside, err := filepath.Glob(path + ".corrupt-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside: %v, %v", aside, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != string(b) {
				t.Errorf("what was set aside is not what was there: %v", err)
			}
			if len(notes) != 1 || !strings.Contains(notes[0], filepath.Base(aside[0])) {
				t.Errorf("the user was told %q", notes)
			}
		})
	}
}

// TestDamageFoundLater has a file too large to be checked when it is opened:
// the first query that meets the damage fails, and the file is set aside then.
func TestDamageFoundLater(t *testing.T) {
	dir := t.TempDir()
	s := newStore(t, dir)
	ask(t, s, "CREATE TABLE t (x)")
	ask(t, s, "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10000) INSERT INTO t SELECT zeroblob(2000) FROM r")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "DB.sqlite")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() <= checkUpTo {
		t.Fatalf("the file is too small: %v, %v", info, err)
	}
	for page := range int64(1000) {
		if _, err := f.WriteAt([]byte(strings.Repeat("x", 4096)), (page+2)*4096); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s = newStore(t, dir)
	if _, _, _, err := s.Query(t.Context(), "DB", "SELECT sum(length(x)) FROM t"); err == nil || err.Error() != "database disk image is malformed: SQLITE_CORRUPT" {
		t.Errorf("the first query: %v", err)
	}
	if rows := ask(t, s, "SELECT count(*) FROM sqlite_schema"); rows[0][0] != int64(0) {
		t.Errorf("the new database has %v", rows)
	}
	if aside, err := filepath.Glob(path + ".corrupt-*"); err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

func TestFull(t *testing.T) {
	s := newStore(t, t.TempDir())
	d, err := s.database("DB")
	if err != nil {
		t.Fatal(err)
	}
	d.maxPages = 20
	w := newWorker(t, s)
	got, _ := python(t, w, `
DB.exec("CREATE TABLE t (x)")
try:
    for i in range(100):
        DB.prepare("INSERT INTO t VALUES (?)").bind("x" * 4000).run()
finally:
    assert DB.prepare("SELECT count(*) c FROM t").first("c") == i
`)
	if text, _ := errorOf(t, got); text != "D1Error: D1_ERROR: database or disk is full: SQLITE_FULL" {
		t.Error(text)
	}
}

const endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"

// TestCancel ends a query that never would, and the wait of another one.
func TestCancel(t *testing.T) {
	s := newStore(t, t.TempDir())
	ask(t, s, "CREATE TABLE t (x)")
	long, cancelLong := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancelLong()
	done := make(chan error, 1)
	go func() {
		_, _, _, err := s.Query(long, "DB", "INSERT INTO t VALUES (1); "+endless)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	short, cancelShort := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelShort()
	if _, _, _, err := s.Query(short, "DB", "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the query that waits: %v", err)
	}
	if long.Err() != nil {
		t.Error("the wait did not end by itself")
	}
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the endless query: %v", err)
	}
	if rows := ask(t, s, "SELECT count(*) FROM t"); rows[0][0] != int64(0) {
		t.Errorf("%v rows stayed of what was cancelled", rows[0][0])
	}
}

// TestMemory has queries that want more than there is.
func TestMemory(t *testing.T) {
	w := newWorker(t, newStore(t, t.TempDir()))
	for _, c := range []struct{ name, sql, want string }{
		{"result", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT zeroblob(2000000) FROM r", "the result is larger than 100 MB"},
		{"sorter", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 400) SELECT count(*) FROM (SELECT DISTINCT n, randomblob(2000000) AS b FROM r)", "SQLITE_NOMEM"},
		{"blob", "SELECT zeroblob(1000000000)", "string or blob too big: SQLITE_TOOBIG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := python(t, w, "DB.prepare("+strconv.Quote(c.sql)+").run()")
			if text, _ := errorOf(t, got); !strings.Contains(text, c.want) {
				t.Errorf("%.300s", text)
			}
			if got, _ := python(t, w, "r = DB.prepare('SELECT 1 a').first('a')"); got != "1" {
				t.Errorf("afterwards: %.300s", got)
			}
		})
	}
}
