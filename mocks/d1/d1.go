// Package d1 is D1 on SQLite: a database is a file of the state folder, and an
// answered write has reached the disk.
//
// A database has one connection, opened when it is first needed and used by one
// request at a time.
// What guests may say is what the platform lets them say: an authorizer, limits
// and error texts are its own.
//
//	op "d1.query" ─▶ Store ─▶ database (waits its turn) ─▶ SQLite ─▶ rows as JSON
package d1

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pymode-tui/mocks"
)

// Config says where the databases are.
type Config struct {
	// Dir is the state folder, made where it is missing. A database is the file
	// Dir/NAME.sqlite, with SQLite's -wal and -shm beside it.
	Dir string
	// Notify is told what a user should know, such as that a file was corrupt
	// and has been set aside. May be nil.
	Notify func(text string)
}

// Store is the databases of one state folder. It implements [mocks.Part].
type Store struct {
	dir    string
	notify func(string)

	mu     sync.Mutex
	closed bool
	open   map[string]*database // by file name without ".sqlite"
}

var _ mocks.Part = (*Store)(nil)

// maxDatabases bounds the databases of one store.
const maxDatabases = 256

// maxName bounds a database's name in bytes.
const maxName = 128

// New makes the state folder and returns a store of it. No database is opened
// yet.
func New(ctx context.Context, config Config) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of the databases: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the databases: %w", err)
	}
	s := &Store{dir: dir, notify: config.Notify, open: map[string]*database{}}
	if s.notify == nil {
		s.notify = func(string) {}
	}
	return s, nil
}

// of returns the database that a caller's binding means; an empty binding is the
// first of the caller's by name.
func (s *Store) of(caller mocks.Caller, binding string) (*database, error) {
	if binding == "" {
		for _, name := range slices.Sorted(maps.Keys(caller.Env)) {
			if caller.Env[name].Kind == "d1" {
				binding = name
				break
			}
		}
	}
	if binding == "" {
		return nil, fmt.Errorf("worker %s has no D1 binding", caller.Worker)
	}
	return s.database(caller.Target(binding))
}

// database returns a database by its name. It is opened by its first use.
func (s *Store) database(name string) (*database, error) {
	if name == "" || len(name) > maxName {
		return nil, fmt.Errorf("a database's name has 1 to %d bytes", maxName)
	}
	file := fileName(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the databases are closed")
	}
	if d := s.open[file]; d != nil {
		return d, nil
	}
	if len(s.open) >= maxDatabases {
		return nil, fmt.Errorf("there are more than %d databases", maxDatabases)
	}
	d := &database{path: filepath.Join(s.dir, file+extension), notify: s.notify, turn: make(chan struct{}, 1)}
	s.open[file] = d
	return d, nil
}

// Databases lists the databases that are open or have a file, by name.
func (s *Store) Databases() []string {
	s.mu.Lock()
	names := map[string]bool{}
	for file := range s.open {
		names[file] = true
	}
	s.mu.Unlock()
	entries, _ := os.ReadDir(s.dir) // no folder, no files
	for _, e := range entries {
		if file, ok := strings.CutSuffix(e.Name(), extension); ok {
			names[file] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Close waits for what is running and closes the databases.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	open := s.open
	s.open = map[string]*database{}
	s.mu.Unlock()
	var errs []error
	for _, d := range open {
		errs = append(errs, d.close())
	}
	return errors.Join(errs...)
}
