package workflows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"pymode-tui/mocks/sqlite"

	"github.com/ncruces/go-sqlite3/driver"
)

const schema = `
CREATE TABLE IF NOT EXISTS runs (
	worker TEXT NOT NULL, workflow TEXT NOT NULL, id TEXT NOT NULL,
	input TEXT NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT NOT NULL DEFAULT '',
	owner TEXT NOT NULL, -- the store that runs it now, '' for none
	created INTEGER NOT NULL, updated INTEGER NOT NULL, -- ms since 1970
	PRIMARY KEY (worker, workflow, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (worker, workflow, created);
CREATE TABLE IF NOT EXISTS steps (
	worker TEXT NOT NULL, workflow TEXT NOT NULL, id TEXT NOT NULL,
	position INTEGER NOT NULL, name TEXT NOT NULL,
	status TEXT NOT NULL, attempts INTEGER NOT NULL,
	size INTEGER NOT NULL, -- bytes of the result
	started INTEGER NOT NULL, updated INTEGER NOT NULL, -- ms since 1970, of the last attempt
	result TEXT, error TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (worker, workflow, id, name),
	FOREIGN KEY (worker, workflow, id) REFERENCES runs ON DELETE CASCADE
) WITHOUT ROWID;
`

// errCorrupt is what a file has that fails SQLite's own check.
var errCorrupt = errors.New("the file is damaged")

// openOrSetAside opens the journal; one that is damaged is renamed, never
// deleted, and a new one begun.
func openOrSetAside(ctx context.Context, path string, notify func(string)) (*sql.DB, error) {
	db, err := open(ctx, path)
	if !errors.Is(err, errCorrupt) && !sqlite.Damaged(err) {
		return db, err
	}
	aside, asideErr := sqlite.SetAside(path)
	if asideErr != nil {
		return nil, fmt.Errorf("set the damaged workflow journal aside: %w", asideErr)
	}
	notify(fmt.Sprintf("the workflow journal was damaged (%v): it is now %s, and a new one was begun", err, filepath.Base(aside)))
	return open(ctx, path)
}

// open opens the file, checks it and makes its tables.
func open(ctx context.Context, path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := driver.Open(uri.String())
	if err == nil {
		db.SetMaxOpenConns(1)
		err = prepare(ctx, db)
		if err != nil {
			err = errors.Join(err, db.Close())
			db = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the workflow journal %s: %w", path, err)
	}
	return db, nil
}

func prepare(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errCorrupt, verdict)
	}
	_, err := db.ExecContext(ctx, schema)
	return err
}
