package r2

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// schema: keys are blobs, which SQLite orders by their bytes, as R2 does.
const schema = `
CREATE TABLE IF NOT EXISTS objects (
	key BLOB PRIMARY KEY, version TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL,
	uploaded INTEGER NOT NULL, body TEXT NOT NULL, metadata TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
	id TEXT PRIMARY KEY, key BLOB NOT NULL, metadata TEXT NOT NULL, started INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
	upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL,
	body TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
PRAGMA user_version = 1;
`

// errDamaged says that the index file can't be read as one.
var errDamaged = errors.New("the index is damaged")

// index is a bucket's index.db. It is safe for concurrent use.
type index struct {
	mu         sync.Mutex
	conn       *sqlite3.Conn
	statements map[string]*sqlite3.Stmt
}

// openIndex opens the file, or makes it; fresh says that it had nothing in it.
func openIndex(path string) (x *index, fresh bool, err error) {
	conn, err := sqlite3.Open(path)
	if err != nil {
		return nil, false, damage(err)
	}
	x = &index{conn: conn, statements: map[string]*sqlite3.Stmt{}}
	fresh, err = x.prepare()
	if err != nil {
		return nil, false, errors.Join(damage(err), x.close())
	}
	return x, fresh, nil
}

func (x *index) prepare() (fresh bool, err error) {
	if err := x.conn.BusyTimeout(10 * time.Second); err != nil {
		return false, err
	}
	for _, sql := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"} {
		if err := x.conn.Exec(sql); err != nil {
			return false, err
		}
	}
	sound := ""
	if err := x.run("PRAGMA quick_check(1)", func(s *sqlite3.Stmt) error { sound = s.ColumnText(0); return nil }); err != nil {
		return false, err
	}
	if sound != "ok" {
		return false, fmt.Errorf("%w: %s", errDamaged, sound)
	}
	version := 0
	if err := x.run("PRAGMA user_version", func(s *sqlite3.Stmt) error { version = s.ColumnInt(0); return nil }); err != nil {
		return false, err
	}
	switch version {
	case 0:
		return true, x.conn.Exec(schema)
	case 1:
		return false, nil
	}
	return false, fmt.Errorf("the index has version %d, of a newer program", version)
}

// damage marks the errors that mean a file that is no index.
func damage(err error) error {
	if errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB) {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

func (x *index) close() error {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for _, s := range x.statements {
		errs = append(errs, s.Close())
	}
	clear(x.statements)
	if x.conn != nil {
		errs = append(errs, x.conn.Close())
		x.conn = nil
	}
	return errors.Join(errs...)
}

// read runs one statement.
func (x *index) read(sql string, row func(*sqlite3.Stmt) error, args ...any) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.run(sql, row, args...)
}

// write runs f in a transaction, which is on disk when write returns nil.
func (x *index) write(f func() error) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn == nil {
		return ErrClosed
	}
	tx, err := x.conn.BeginImmediate()
	if err != nil {
		return fmt.Errorf("the index: %w", err)
	}
	defer tx.End(&err)
	return f()
}

// errStop ends a statement before its last row.
var errStop = errors.New("stop")

// run runs one statement, which is kept for the next time. The caller holds mu.
// What row reads of a blob is valid until it returns.
func (x *index) run(sql string, row func(*sqlite3.Stmt) error, args ...any) (err error) {
	if x.conn == nil {
		return ErrClosed
	}
	s, ok := x.statements[sql]
	if !ok {
		if s, _, err = x.conn.Prepare(sql); err != nil {
			return fmt.Errorf("the index: %w", err)
		}
		x.statements[sql] = s
	}
	defer func() {
		// Reset repeats the error of Step, which Err has given.
		_ = s.Reset()
		err = errors.Join(err, s.ClearBindings())
	}()
	for i, arg := range args {
		if err := bind(s, i+1, arg); err != nil {
			return fmt.Errorf("the index: %w", err)
		}
	}
	for s.Step() {
		if row == nil {
			continue
		}
		if err := row(s); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("the index: %w", err)
	}
	return nil
}

// bind binds a string, an int64, or a key.
func bind(s *sqlite3.Stmt, i int, arg any) error {
	switch v := arg.(type) {
	case string:
		return s.BindText(i, v)
	case int64:
		return s.BindInt64(i, v)
	case []byte:
		if len(v) == 0 {
			return s.BindZeroBlob(i, 0)
		}
		return s.BindBlob(i, v)
	}
	return fmt.Errorf("an argument of type %T", arg)
}

// bodies are the names of all bodies that a row names.
func (x *index) bodies() (map[string]bool, error) {
	names := map[string]bool{}
	err := x.read("SELECT body FROM objects UNION ALL SELECT body FROM parts",
		func(s *sqlite3.Stmt) error { names[s.ColumnText(0)] = true; return nil })
	return names, err
}
