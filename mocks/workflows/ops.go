package workflows

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// arguments are those of all ops; what an op does not use is empty.
type arguments struct {
	Workflow string `json:"workflow"`
	ID       string `json:"id"`
	Resume   bool   `json:"resume"`   // begin: a run that there is
	Lease    string `json:"lease"`    // step, finish: what begin gave
	Step     string `json:"step"`     // step
	Position int    `json:"position"` // step: its place among the workflow's
	Status   string `json:"status"`   // step: running, complete, failed; finish: the last two
	Error    string `json:"error"`    // step, finish: of a failure
}

// request is one call with its arguments checked.
type request struct {
	arguments
	caller mocks.Caller
	key    runKey
	data   []byte // JSON: an input or a result
}

// op wraps f: decodes and checks the arguments, encodes the result, and fills
// in the record.
func op[R any](f func(context.Context, *request) (R, error)) mocks.Op {
	return func(ctx context.Context, caller mocks.Caller, args, data []byte) (result, resultData []byte, err error) {
		r := &request{caller: caller, data: data}
		if err := json.Unmarshal(args, &r.arguments); err != nil {
			return nil, nil, fmt.Errorf("TypeError: the arguments are no JSON: %w", err)
		}
		for what, name := range map[string]string{"workflow's name": r.Workflow, "run's id": r.ID, "step's name": r.Step} {
			if len(name) > MaxName {
				return nil, nil, fmt.Errorf("RangeError: the %s has %d bytes; at most %d are possible", what, len(name), MaxName)
			}
		}
		if r.Workflow == "" {
			return nil, nil, errors.New("TypeError: the workflow needs a name")
		}
		r.Error = cut(r.Error)
		r.key = runKey{caller.Worker, r.Workflow, r.ID}
		record := hostcall.RecordOf(ctx)
		record.Binding, record.Detail = r.Workflow, detail(&r.arguments)
		value, err := f(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		if s, ok := any(value).(fmt.Stringer); ok {
			record.Detail += ": " + s.String()
		}
		result, err = json.Marshal(value)
		return result, nil, err
	}
}

func detail(a *arguments) string {
	d := a.ID
	if a.Step != "" {
		d += " " + a.Step
	}
	if a.Status != "" {
		d += " " + a.Status
	}
	return d
}

// cut is at most [maxError] bytes of s, whole characters.
func cut(s string) string {
	if len(s) <= maxError {
		return s
	}
	end := maxError
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// value checks JSON that goes into the journal.
func value(what string, data []byte) error {
	if len(data) > MaxResult {
		return fmt.Errorf("RangeError: %s has %d bytes as JSON; at most %d (1 MB) can be kept", what, len(data), MaxResult)
	}
	if !json.Valid(data) {
		return fmt.Errorf("TypeError: %s is no JSON", what)
	}
	return nil
}

// done is the answer of ops that only do something.
type done struct{}

// begin holds a run for the caller's request: a new one, or with Resume one
// that there is and that is not complete.
func (s *Store) begin(ctx context.Context, r *request) (*Run, error) {
	if r.ID == "" {
		return nil, errors.New("TypeError: the run needs an id")
	}
	if s.holds(r.key, "") {
		return nil, fmt.Errorf("RunConflict: run %q is being run by another request", r.ID)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, journalError(err)
	}
	defer func() { _ = tx.Rollback() }()
	run, err := s.read(ctx, tx, r.key)
	switch {
	case err != nil:
		return nil, err
	case run == nil && r.Resume:
		return nil, notFound(r)
	case run == nil:
		if run, err = s.create(ctx, tx, r); err != nil {
			return nil, err
		}
	case s.owner.alive(run.owner):
		return nil, fmt.Errorf("RunConflict: run %q is being run by another request", r.ID)
	case !r.Resume:
		return nil, fmt.Errorf("RunConflict: there is a run %q already: resume it, or give another id", r.ID)
	case run.Status == complete:
		return run, nil
	default:
		run.Status = running
		if err := s.mark(ctx, tx, r.key, running, s.owner.token); err != nil {
			return nil, err
		}
	}
	lease := s.hold(r.key)
	if err := tx.Commit(); err != nil {
		s.mu.Lock()
		delete(s.held, r.key)
		s.mu.Unlock()
		return nil, journalError(err)
	}
	run.Lease = lease
	// However the request ends, others can go on with the run.
	r.caller.OnClose(func() { _ = s.release(context.WithoutCancel(ctx), r.key, lease) })
	return run, nil
}

// step journals an attempt: that it begins, or how it ended.
func (s *Store) step(ctx context.Context, r *request) (*done, error) {
	if err := s.mine(r); err != nil {
		return nil, err
	}
	if r.Step == "" {
		return nil, errors.New("TypeError: the step needs a name")
	}
	switch r.Status {
	case running, failed:
		r.data = nil
	case complete:
		if err := value(fmt.Sprintf("the result of step %q", r.Step), r.data); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("TypeError: %q is no status of a step", r.Status)
	}
	return &done{}, s.inTx(ctx, func(tx *sql.Tx) error { return s.writeStep(ctx, tx, r) })
}

// finish journals how the run ended, and lets go of it.
func (s *Store) finish(ctx context.Context, r *request) (*done, error) {
	if err := s.mine(r); err != nil {
		return nil, err
	}
	if r.Status != complete && r.Status != failed {
		return nil, fmt.Errorf("TypeError: %q is no status of a run's end", r.Status)
	}
	if r.Status == failed {
		r.data = nil
	} else if err := value("the result", r.data); err != nil {
		return nil, err
	}
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return s.writeEnd(ctx, tx, r) }); err != nil {
		return nil, err
	}
	return &done{}, s.release(ctx, r.key, r.Lease)
}

// load gives one run with its journal.
func (s *Store) load(ctx context.Context, r *request) (*Run, error) {
	var run *Run
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		run, err = s.read(ctx, tx, r.key)
		return err
	})
	if err == nil && run == nil {
		return nil, notFound(r)
	}
	return run, err
}

// list gives the last runs of a workflow without their journals.
func (s *Store) list(ctx context.Context, r *request) (*listing, error) {
	l := &listing{Runs: []*Run{}}
	return l, s.inTx(ctx, func(tx *sql.Tx) (err error) {
		l.Runs, l.Total, err = s.readAll(ctx, tx, r.key)
		return err
	})
}

// mine refuses a request that does not hold the run.
func (s *Store) mine(r *request) error {
	if r.Lease == "" || !s.holds(r.key, r.Lease) {
		return fmt.Errorf("RunConflict: run %q is not held by this request", r.ID)
	}
	return nil
}

func notFound(r *request) error {
	return fmt.Errorf("RunNotFound: workflow %q has no run %q", r.Workflow, r.ID)
}

func journalError(err error) error { return fmt.Errorf("the workflow journal: %w", err) }
