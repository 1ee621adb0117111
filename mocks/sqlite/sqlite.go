// Package sqlite opens the SQLite files that stores keep their state in, so that
// an acknowledged write survives whatever happens to the process: write-ahead
// log, synced at every commit.
package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// busyTimeout is how long a write waits for another process's.
const busyTimeout = 5 * time.Second

// Open opens the file, makes it where there is none, and brings it to the
// schema, which may be run again and again. An error for which [Damaged] holds
// says that the file is no longer a database.
func Open(path, schema string) (*sqlite3.Conn, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	conn, err := sqlite3.Open("file:" + escape(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	err = errors.Join(conn.BusyTimeout(busyTimeout),
		conn.Exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"),
		conn.Exec(schema))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), conn.Close())
	}
	return conn, nil
}

// escape makes a path the path of a URI.
func escape(path string) string {
	var b []byte
	for _, c := range []byte(filepath.ToSlash(path)) {
		if c == '?' || c == '#' || c == '%' {
			b = fmt.Appendf(b, "%%%02x", c)
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// Damaged reports whether an error says that a file is no (whole) database.
func Damaged(err error) bool {
	return errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// SetAside renames a damaged database and what belongs to it, and returns its
// new path. Nothing is deleted.
func SetAside(path string) (string, error) {
	aside := path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000")
	// The file itself goes last: until it is gone, the whole is tried again.
	for _, suffix := range [...]string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
