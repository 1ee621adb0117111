// Package d1 is D1 on SQLite: a database is a file of the state folder, and an
// answered write has reached the disk.
//
// A binding of a worker means a database ([Store.Use]); a database has one
// connection, opened when it is first needed and used by one request at a time.
// What guests may say is what the platform lets them say: an authorizer, limits
// and error texts are its own.
//
//	op "d1.query" ─▶ Store ─▶ database (waits its turn) ─▶ SQLite ─▶ rows as JSON
package d1

import (
	"context"
	"errors"
	"fmt"
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
	// Databases are the bindings known from the start, as [Store.Use] has them.
	Databases []Database
	// Notify is told what a user should know, such as that a file was corrupt
	// and has been set aside. May be nil.
	Notify func(text string)
}

// Database says which database a worker's binding means.
type Database struct {
	Worker, Binding string
	// Name is the database's, "" for the binding's name.
	Name string
}

// Store is the databases of one state folder. It implements [mocks.Part].
type Store struct {
	dir    string
	notify func(string)

	mu       sync.Mutex
	closed   bool
	bindings map[string][]Database // by worker, in the order of the configuration
	open     map[string]*database  // by file name without ".sqlite"
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
	s := &Store{dir: dir, notify: config.Notify, bindings: map[string][]Database{}, open: map[string]*database{}}
	if s.notify == nil {
		s.notify = func(string) {}
	}
	for _, d := range config.Databases {
		s.Use(d.Worker, d.Binding, d.Name)
	}
	return s, nil
}

// Use says which database a worker's binding means; an empty database is one of
// the binding's name. A worker for which something was said has these bindings
// and no others; any other worker's bindings are databases of their own names.
func (s *Store) Use(worker, binding, database string) {
	if database == "" {
		database = binding
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.bindings[worker]
	for i := range list {
		if list[i].Binding == binding {
			list[i].Name = database
			return
		}
	}
	s.bindings[worker] = append(list, Database{Worker: worker, Binding: binding, Name: database})
}

// of returns the database that a worker's binding means; an empty binding is the
// worker's first.
func (s *Store) of(worker, binding string) (*database, error) {
	s.mu.Lock()
	list, known := s.bindings[worker]
	name := binding
	if known {
		i := slices.IndexFunc(list, func(d Database) bool { return binding == "" || d.Binding == binding })
		if i < 0 {
			s.mu.Unlock()
			return nil, fmt.Errorf("worker %s has no D1 binding %q", worker, binding)
		}
		name = list[i].Name
	}
	s.mu.Unlock()
	if name == "" {
		return nil, fmt.Errorf("worker %s has no D1 binding", worker)
	}
	return s.database(name)
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

// Databases lists the databases by name: those that bindings mean, and those
// that have a file.
func (s *Store) Databases() []string {
	s.mu.Lock()
	names := map[string]string{} // by file
	for file := range s.open {
		names[file] = file
	}
	for _, list := range s.bindings {
		for _, d := range list {
			names[fileName(d.Name)] = d.Name
		}
	}
	s.mu.Unlock()
	entries, _ := os.ReadDir(s.dir) // no folder, no files
	for _, e := range entries {
		file, ok := strings.CutSuffix(e.Name(), extension)
		if _, known := names[file]; ok && !known {
			names[file] = file
		}
	}
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
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
