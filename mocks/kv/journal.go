package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pymode-tui/mocks/sqlite"

	"github.com/ncruces/go-sqlite3"
)

// journal keeps what the Redis of this process forgets. Every change is
// committed here before it is applied there.
//
// Other processes may write the same file. A row's seq grows with every change,
// and a deleted entry stays as a row without a value, so that what others changed
// is found by looking at what is new.
type journal struct {
	path     string
	maxPages int64

	mu      sync.Mutex
	conn    *sqlite3.Conn
	insert  *sqlite3.Stmt
	version *sqlite3.Stmt // of the file, as others changed it
	changed *sqlite3.Stmt
	seen    int64 // the version when changes were looked for last
	seq     int64 // of the last change that was applied
}

const schema = `
CREATE TABLE IF NOT EXISTS entries (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	namespace TEXT NOT NULL,
	key TEXT NOT NULL,
	value BLOB, -- NULL: deleted
	metadata TEXT, -- JSON
	expiration INTEGER NOT NULL, -- seconds since 1970, 0 for never; of a deleted entry: when that was
	UNIQUE (namespace, key) ON CONFLICT REPLACE
)`

// change is an entry that was written or, without a value, deleted.
type change struct {
	namespace, key string
	value          []byte // nil: deleted, then Expiration is when
	attributes
}

// pageSize is SQLite's, in bytes.
const pageSize = 4096

// tombstoneAge is how long it is remembered that an entry was deleted, for other
// processes that have not looked since.
const tombstoneAge = 24 * time.Hour

// openJournal opens the file in dir. A damaged one is set aside, and what can
// still be read of it taken over.
func openJournal(config Config, now time.Time, notify func(string)) (*journal, error) {
	j := &journal{path: filepath.Join(config.Dir, "kv.sqlite"), maxPages: config.MaxBytes / pageSize}
	err := j.open(now)
	if sqlite.Damaged(err) {
		err = j.recover(now, notify)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (j *journal) open(now time.Time) (err error) {
	if j.conn, err = sqlite.Open(j.path, schema); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.conn.Close())
		}
	}()
	if j.maxPages > 0 {
		if err := j.conn.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", j.maxPages)); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		stmt **sqlite3.Stmt
		sql  string
	}{
		{&j.insert, "INSERT INTO entries (namespace, key, value, metadata, expiration) VALUES (?, ?, ?, ?, ?)"},
		{&j.version, "PRAGMA data_version"},
		{&j.changed, "SELECT seq, namespace, key, value, metadata, expiration FROM entries WHERE seq > ? ORDER BY seq"},
	} {
		if *s.stmt, _, err = j.conn.PrepareFlags(s.sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return err
		}
	}
	return j.conn.Exec(fmt.Sprintf(
		"DELETE FROM entries WHERE value IS NULL AND expiration < %d; DELETE FROM entries WHERE value IS NOT NULL AND expiration BETWEEN 1 AND %d",
		now.Add(-tombstoneAge).Unix(), now.Unix()))
}

// recover begins a new file with what can be read of a damaged one.
func (j *journal) recover(now time.Time, notify func(string)) error {
	aside, err := sqlite.SetAside(j.path)
	if err != nil {
		return err
	}
	if err := j.open(now); err != nil {
		return err
	}
	saved := 0
	if old, err := sqlite3.OpenFlags(aside, sqlite3.OPEN_READWRITE); err == nil {
		saved, err = j.salvage(old, now)
		err = errors.Join(err, old.Close())
		if err != nil && !sqlite.Damaged(err) {
			return err
		}
	}
	notify(fmt.Sprintf("the KV store %s was damaged: %d entries were taken over, and the file is kept as %s", j.path, saved, filepath.Base(aside)))
	return nil
}

// salvage reads forward and, where that ends at a damaged page, backward.
func (j *journal) salvage(old *sqlite3.Conn, now time.Time) (saved int, err error) {
	taken := map[int64]bool{}
	for _, order := range [...]string{"seq", "seq DESC"} {
		stmt, _, prepareErr := old.Prepare("SELECT seq, namespace, key, value, metadata, expiration FROM entries NOT INDEXED ORDER BY " + order)
		if prepareErr != nil {
			return saved, prepareErr
		}
		for stmt.Step() {
			seq, c := readChange(stmt)
			if taken[seq] || c.value == nil || c.expired(now) {
				continue
			}
			taken[seq] = true
			if _, err := j.commit([]change{c}); err != nil {
				return saved, errors.Join(err, stmt.Close())
			}
			saved++
		}
		err = stmt.Close()
	}
	return saved, err
}

func readChange(stmt *sqlite3.Stmt) (seq int64, c change) {
	c = change{namespace: stmt.ColumnText(1), key: stmt.ColumnText(2)}
	c.Metadata, c.Expiration = stmt.ColumnBlob(4, nil), stmt.ColumnInt64(5)
	if stmt.ColumnType(3) != sqlite3.NULL {
		c.value = stmt.ColumnBlob(3, []byte{})
	}
	return stmt.ColumnInt64(0), c
}

// pending gives the changes that have not been applied, those of other
// processes, to apply. It costs next to nothing where there are none.
func (j *journal) pending(apply func([]change) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.version.Step() {
		return errors.Join(j.version.Err(), j.version.Reset())
	}
	version := j.version.ColumnInt64(0)
	if err := j.version.Reset(); err != nil {
		return err
	}
	if version == j.seen {
		return nil
	}
	if err := j.catchUp(apply); err != nil {
		return err
	}
	j.seen = version
	return nil
}

// batch is how many changes are applied at once.
const batch = 1000

func (j *journal) catchUp(apply func([]change) error) error {
	defer func() { _ = j.changed.Reset() }()
	if err := j.changed.BindInt64(1, j.seq); err != nil {
		return err
	}
	var changes []change
	seq := j.seq
	flush := func() error {
		if err := apply(changes); err != nil {
			return err
		}
		changes, j.seq = changes[:0], seq
		return nil
	}
	for j.changed.Step() {
		var c change
		seq, c = readChange(j.changed)
		if changes = append(changes, c); len(changes) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(j.changed.Err(), flush())
}

// write commits changes and applies them. When it returns without an error they
// are on the disk.
func (j *journal) write(changes []change, apply func([]change) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	first, err := j.commit(changes)
	if err != nil {
		return err
	}
	if first != j.seq+1 { // others wrote in between: theirs come first
		return j.catchUp(apply)
	}
	j.seq += int64(len(changes))
	return apply(changes)
}

// commit writes changes in one transaction, and returns the seq of the first.
func (j *journal) commit(changes []change) (first int64, err error) {
	tx, err := j.conn.BeginImmediate()
	if err != nil {
		return 0, err
	}
	defer tx.End(&err)
	for i, c := range changes {
		err := errors.Join(j.insert.BindText(1, c.namespace), j.insert.BindText(2, c.key), bindBlob(j.insert, 3, c.value),
			bindText(j.insert, 4, c.Metadata), j.insert.BindInt64(5, c.Expiration))
		if err != nil {
			return 0, err
		}
		if err := errors.Join(j.insert.Exec(), j.insert.ClearBindings()); err != nil {
			return 0, err
		}
		if i == 0 {
			first = j.conn.LastInsertRowID()
		}
	}
	return first, nil
}

func bindBlob(stmt *sqlite3.Stmt, param int, value []byte) error {
	switch {
	case value == nil:
		return stmt.BindNull(param)
	case len(value) == 0:
		return stmt.BindZeroBlob(param, 0)
	}
	return stmt.BindBlob(param, value)
}

func bindText(stmt *sqlite3.Stmt, param int, value []byte) error {
	if len(value) == 0 {
		return stmt.BindNull(param)
	}
	return stmt.BindRawText(param, value)
}

// namespaces lists those with an entry, by name.
func (j *journal) namespaces(ctx context.Context) (names []string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.conn.SetInterrupt(j.conn.SetInterrupt(ctx))
	stmt, _, err := j.conn.Prepare("SELECT DISTINCT namespace FROM entries WHERE value IS NOT NULL ORDER BY namespace")
	if err != nil {
		return nil, err
	}
	for stmt.Step() {
		names = append(names, stmt.ColumnText(0))
	}
	return names, errors.Join(stmt.Err(), stmt.Close())
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := errors.Join(j.insert.Close(), j.version.Close(), j.changed.Close(), j.conn.Close())
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
