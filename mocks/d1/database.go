package d1

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pymode-tui/mocks/sqlite"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
)

// extension is that of a database's file.
const extension = ".sqlite"

// checkUpTo is the size in bytes up to which a file is checked as a whole when
// it is opened; a larger one is once a query has met damage.
const checkUpTo = 16 << 20

// memoryLimit bounds, in bytes, what SQLite allocates for one database.
const memoryLimit = 160 << 20

// database is one file and its connection.
type database struct {
	path   string
	notify func(string)
	turn   chan struct{} // holds one element while somebody uses what is below

	conn     *sqlite3.Conn // nil until it is needed
	ended    bool
	suspect  bool // a query met damage
	guard    guard
	written  written
	pages    *sqlite3.Stmt // PRAGMA page_count
	size     int64         // bytes, as of the last write
	maxPages int           // of the file, for tests; 0 for SQLite's own limit
}

// fileName makes a database's name safe as a file's: a name with other
// characters than letters, digits, "_", "-" and "." gets a checksum, so that no
// two names are one file.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == '.':
			return r
		}
		return '_'
	}, name)
	if safe == name && !strings.HasPrefix(name, ".") && len(name) <= 64 {
		return name
	}
	if len(safe) > 48 {
		safe = safe[:48]
	}
	return fmt.Sprintf("%s-%x", strings.Replace(safe, ".", "_", 1), sha256.Sum256([]byte(name)))[:len(safe)+17]
}

// use runs f with the database open, when it is its turn. Where ctx is done it
// stops waiting, and what runs is interrupted. A transaction that f leaves open
// is rolled back.
func (d *database) use(ctx context.Context, f func() error) (err error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// SQLite's lack of memory comes as a panic. The connection is not to be
	// trusted then; the file is.
	defer func() {
		if r := recover(); r != nil {
			d.drop()
			err = fmt.Errorf("out of memory: SQLITE_NOMEM (%v)", r)
		}
	}()
	if err := d.ready(ctx); err != nil {
		return err
	}
	d.conn.SetInterrupt(ctx)
	defer func() {
		if d.conn == nil {
			return
		}
		d.conn.SetInterrupt(context.Background())
		d.guard.reset()
		if !d.conn.GetAutocommit() {
			d.guard.trusted = true
			if e := d.conn.Exec("ROLLBACK"); e != nil && err == nil {
				err = e
			}
			d.guard.trusted = false
		}
	}()
	if err = f(); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if damaged(err) {
		d.suspect = true
		d.drop()
	}
	return err
}

// transaction runs f in a transaction.
func (d *database) transaction(f func() error) error {
	if err := d.trusted("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := f(); err != nil {
		if d.conn.GetAutocommit() { // SQLite has rolled back itself
			return err
		}
		// Also where the request was cancelled.
		d.conn.SetInterrupt(context.Background())
		if e := d.trusted("ROLLBACK"); e != nil {
			return errors.Join(err, e)
		}
		return err
	}
	return d.trusted("COMMIT")
}

// trusted runs SQL of the store's own.
func (d *database) trusted(sql string) error {
	d.guard.trusted = true
	defer func() { d.guard.trusted = false }()
	return d.conn.Exec(sql)
}

// ready opens the file where it isn't. A corrupt one is set aside.
func (d *database) ready(ctx context.Context) error {
	if d.ended {
		return errors.New("the database is closed")
	}
	if d.conn != nil {
		return nil
	}
	err := d.connect(ctx)
	if damaged(err) {
		aside, moveErr := sqlite.SetAside(d.path)
		if moveErr != nil {
			return fmt.Errorf("%s is corrupt and can't be set aside: %w", filepath.Base(d.path), moveErr)
		}
		d.notify(fmt.Sprintf("D1: %s is corrupt (%v); it was set aside as %s and an empty database begun",
			filepath.Base(d.path), err, filepath.Base(aside)))
		err = d.connect(ctx)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(d.path), err)
	}
	d.suspect = false
	return nil
}

// connect opens the connection and checks the file.
func (d *database) connect(ctx context.Context) error {
	info, err := os.Stat(d.path)
	check := err == nil && (info.Size() <= checkUpTo || d.suspect)
	conn, err := sqlite3.OpenFlags(d.path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		return err
	}
	d.conn = conn
	conn.SetInterrupt(ctx)
	if err := d.prepare(check); err != nil {
		d.drop()
		return err
	}
	return nil
}

func (d *database) prepare(check bool) error {
	d.conn.HardHeapLimit(memoryLimit)
	// An answered write is one that has reached the disk: FULL syncs the log at
	// each commit.
	setup := "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;"
	if d.maxPages > 0 {
		setup += fmt.Sprintf("PRAGMA max_page_count=%d;", d.maxPages)
	}
	if err := d.conn.Exec(setup); err != nil {
		return err
	}
	if check {
		if err := d.check(); err != nil {
			return err
		}
	}
	if err := fts5.Register(d.conn); err != nil {
		return err
	}
	for _, c := range []struct {
		option sqlite3.DBConfig
		on     bool
	}{
		{sqlite3.DBCONFIG_DEFENSIVE, true},
		{sqlite3.DBCONFIG_TRUSTED_SCHEMA, false},
	} {
		if _, err := d.conn.Config(c.option, c.on); err != nil {
			return err
		}
	}
	setLimits(d.conn)
	d.guard = guard{}
	if err := d.conn.SetAuthorizer(d.guard.authorize); err != nil {
		return err
	}
	d.written = written{}
	d.conn.PreUpdateHook(d.written.update)
	d.guard.trusted = true
	defer func() { d.guard.trusted = false }()
	pages, _, err := d.conn.Prepare("PRAGMA page_count")
	if err != nil {
		return err
	}
	d.pages = pages
	return d.measure()
}

// errCorrupt is a file that SQLite reads and finds damaged.
var errCorrupt = errors.New("malformed")

// check reads the whole file and looks for damage. Rows that break constraints
// are none: workers may switch those off.
func (d *database) check() error {
	stmt, _, err := d.conn.Prepare("PRAGMA quick_check(20)")
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }() // repeats the statement's error
	for stmt.Step() {
		text := stmt.ColumnText(0)
		if text == "ok" || strings.Contains(text, " value in ") || strings.HasPrefix(text, "CHECK constraint") ||
			strings.Contains(text, "FTS5 table") {
			continue
		}
		line, _, _ := strings.Cut(strings.TrimPrefix(text, "*** in database main ***\n"), "\n")
		return fmt.Errorf("%w: %s", errCorrupt, line)
	}
	return stmt.Err()
}

// damaged says whether an error means that the file is not what it should be. An
// index of full text search that is wrong is the worker's affair.
func damaged(err error) bool {
	if errors.Is(err, sqlite3.CORRUPT_VTAB) {
		return false
	}
	return errors.Is(err, errCorrupt) || sqlite.Damaged(err)
}

// measure reads the database's size. After a change of the schema SQLite
// compiles the statement once more, and asks for leave.
func (d *database) measure() error {
	trusted := d.guard.trusted
	d.guard.trusted = true
	defer func() { d.guard.trusted = trusted }()
	if d.pages.Step() {
		d.size = d.pages.ColumnInt64(0) * 4096
	}
	return d.pages.Reset()
}

// drop closes the connection whatever state it is in.
func (d *database) drop() {
	conn := d.conn
	d.conn, d.pages = nil, nil
	if conn == nil {
		return
	}
	defer func() { _ = recover() }() // it was out of memory already
	conn.SetInterrupt(context.Background())
	var open []*sqlite3.Stmt
	for s := range conn.Stmts() {
		open = append(open, s)
	}
	for _, s := range open {
		_ = s.Close() // repeats the statement's error
	}
	_ = conn.Close() // the log has what was committed
}

// close waits for its turn and closes the connection for good.
func (d *database) close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.ended = true
	if d.conn == nil {
		return nil
	}
	conn := d.conn
	d.conn = nil
	err := errors.Join(d.pages.Close(), conn.Close())
	if err != nil {
		return fmt.Errorf("close %s: %w", filepath.Base(d.path), err)
	}
	return nil
}
