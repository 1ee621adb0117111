// Package workflows is the journal behind pymode.workflows: which runs there
// are, what their steps gave, and who is running them at the moment.
//
//	Workflow.run (guest) ─▶ workflow.begin ─▶ the run is held by the request
//	each attempt         ─▶ workflow.step  ─▶ a row, on disk before the answer
//	the end              ─▶ workflow.finish ─▶ status and result; let go
//
// A run is held by one request at a time. The hold ends with the request,
// however that ends, and with the process: every [Store] has a lock file that
// the operating system releases when the process is gone, so that a run whose
// console was killed can be resumed at once, and not before.
package workflows

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"pymode-tui/mocks"
)

// The sizes that a worker's journal may have.
const (
	MaxResult  = 1 << 20  // bytes of JSON, of an input and of a step's result
	MaxJournal = 16 << 20 // bytes of JSON, of all steps of a run
	MaxName    = 256      // bytes of a workflow's, a run's and a step's name
	MaxSteps   = 1000     // of a run
	MaxRuns    = 1000     // of a workflow that are kept; finished ones go first
	maxError   = 8 << 10  // bytes of an error's text that are kept
	maxListed  = 100      // runs that workflow.list gives, the last first
)

// Config says where the journal is.
type Config struct {
	Dir    string       // its folder, which is made where it is missing
	Notify func(string) // tells the user of a journal that had to be set aside; may be nil
}

// Store is the journal of all workers of one state folder. Its methods can be
// called concurrently.
type Store struct {
	db    *sql.DB
	owner *owner

	mu   sync.Mutex
	held map[runKey]string // leases of this process, by run
}

var _ mocks.Part = (*Store)(nil)

// runKey is what a run is found by.
type runKey struct{ worker, workflow, id string }

// New opens the journal, or makes it. A file that is no journal any more is
// renamed to *.corrupt-TIMESTAMP, and a new one begun.
func New(ctx context.Context, config Config) (*Store, error) {
	if config.Notify == nil {
		config.Notify = func(string) {}
	}
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the workflow journal: %w", err)
	}
	db, err := openOrSetAside(ctx, filepath.Join(config.Dir, "workflows.sqlite"), config.Notify)
	if err != nil {
		return nil, err
	}
	own, err := newOwner(config.Dir)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{db: db, owner: own, held: map[runKey]string{}}, nil
}

// Ops implements [mocks.Part].
func (s *Store) Ops() map[string]mocks.Op {
	return map[string]mocks.Op{
		"workflow.begin":  op(s.begin),
		"workflow.step":   op(s.step),
		"workflow.finish": op(s.finish),
		"workflow.load":   op(s.load),
		"workflow.list":   op(s.list),
	}
}

// Close implements [mocks.Part]: lets go of all runs and closes the journal.
func (s *Store) Close() error {
	s.mu.Lock()
	keys := make([]runKey, 0, len(s.held))
	for key := range s.held {
		keys = append(keys, key)
	}
	clear(s.held)
	s.mu.Unlock()
	var errs []error
	for _, key := range keys {
		errs = append(errs, s.free(context.Background(), key))
	}
	return errors.Join(append(errs, s.db.Close(), s.owner.close())...)
}

// hold makes the run this process's for the request of the lease that is
// returned. The caller has made sure that it may.
func (s *Store) hold(key runKey) (lease string) {
	lease = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[key] = lease
	return lease
}

// holds says whether a request of this process runs the run; with a lease,
// whether it is that one.
func (s *Store) holds(key runKey, lease string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, ok := s.held[key]
	return ok && (lease == "" || got == lease)
}

// release lets go of a run that the lease still holds.
func (s *Store) release(ctx context.Context, key runKey, lease string) error {
	if !s.holds(key, lease) {
		return nil
	}
	// On disk first: while it is held here, nobody else of this process begins.
	err := s.free(ctx, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[key] == lease {
		delete(s.held, key)
	}
	return err
}

// free marks the run as nobody's, where it is this process's.
func (s *Store) free(ctx context.Context, key runKey) error {
	_, err := s.db.ExecContext(ctx, `UPDATE runs SET owner = '' WHERE worker = ? AND workflow = ? AND id = ? AND owner = ?`,
		key.worker, key.workflow, key.id, s.owner.token)
	if err != nil {
		return fmt.Errorf("let go of run %q: %w", key.id, err)
	}
	return nil
}
