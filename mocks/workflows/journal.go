package workflows

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a run's and a step's status may be.
const (
	running     = "running"
	complete    = "complete"
	failed      = "failed"
	interrupted = "interrupted" // was running when its request or process ended
)

// Run is a run as the guest gets it.
type Run struct {
	ID      string          `json:"id"`
	Status  string          `json:"status"`
	Input   json.RawMessage `json:"input,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   string          `json:"error,omitempty"`
	Created int64           `json:"created_ms"` // since 1970
	Updated int64           `json:"updated_ms"`
	Steps   []Step          `json:"steps,omitempty"`
	Lease   string          `json:"lease,omitempty"` // of a run that begin has begun

	owner string
}

// String is for the record of a call.
func (r *Run) String() string { return r.Status }

// Step is a step in a run's journal.
type Step struct {
	Name     string          `json:"name"`
	Status   string          `json:"status"`
	Attempts int             `json:"attempts"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	Started  int64           `json:"started_ms"` // since 1970, of the last attempt
	Updated  int64           `json:"updated_ms"`
}

// listing is the answer of workflow.list.
type listing struct {
	Runs  []*Run `json:"runs"`
	Total int    `json:"total"` // those not listed too
}

// String is for the record of a call.
func (l *listing) String() string { return fmt.Sprintf("%d runs", l.Total) }

func now() int64 { return time.Now().UnixMilli() }

// inTx runs f in a transaction that is on disk when inTx returns nil.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return journalError(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return journalError(err)
	}
	return nil
}

// create writes a new run, and drops old ones where there are too many.
func (s *Store) create(ctx context.Context, tx *sql.Tx, r *request) (*Run, error) {
	if err := value("the input", r.data); err != nil {
		return nil, err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE worker = ?1 AND workflow = ?2 AND id IN (
		SELECT id FROM runs WHERE worker = ?1 AND workflow = ?2
		ORDER BY owner <> '' DESC, status = 'complete', created DESC LIMIT -1 OFFSET ?3)`, r.key.worker, r.key.workflow, MaxRuns-1)
	if err != nil {
		return nil, journalError(err)
	}
	run := &Run{ID: r.ID, Status: running, Input: r.data, Created: now(), owner: s.owner.token}
	run.Updated = run.Created
	_, err = tx.ExecContext(ctx, `INSERT INTO runs (worker, workflow, id, input, status, owner, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.key.worker, r.key.workflow, r.key.id, string(run.Input), run.Status, run.owner, run.Created, run.Updated)
	if err != nil {
		return nil, journalError(err)
	}
	return run, nil
}

// mark writes a run's status and who runs it.
func (s *Store) mark(ctx context.Context, tx *sql.Tx, key runKey, status, owner string) error {
	_, err := tx.ExecContext(ctx, `UPDATE runs SET status = ?, owner = ?, error = '', updated = ? WHERE worker = ? AND workflow = ? AND id = ?`,
		status, owner, now(), key.worker, key.workflow, key.id)
	if err != nil {
		return journalError(err)
	}
	return nil
}

// writeStep writes one attempt of a step.
func (s *Store) writeStep(ctx context.Context, tx *sql.Tx, r *request) error {
	var count, size int
	err := tx.QueryRowContext(ctx, `SELECT count(*), ifnull(sum(size), 0) FROM steps
		WHERE worker = ? AND workflow = ? AND id = ? AND name <> ?`, r.key.worker, r.key.workflow, r.key.id, r.Step).Scan(&count, &size)
	switch {
	case err != nil:
		return journalError(err)
	case count >= MaxSteps:
		return fmt.Errorf("RangeError: run %q has %d steps; there can't be more", r.ID, count)
	case size+len(r.data) > MaxJournal:
		return fmt.Errorf("RangeError: the results of run %q would have %d bytes; at most %d (16 MB) can be kept", r.ID, size+len(r.data), MaxJournal)
	}
	var result any
	if r.data != nil {
		result = string(r.data)
	}
	begins := r.Status == running
	// What was finished stays as it is: a step is never run twice.
	answer, err := tx.ExecContext(ctx, `INSERT INTO steps (worker, workflow, id, position, name, status, attempts, size, result, error, started, updated)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?11, ?7, ?8, ?9, ?9)
		ON CONFLICT DO UPDATE SET status = ?6, attempts = attempts + ?10, size = ?11, result = ?7, error = ?8, position = ?4, updated = ?9,
			started = iif(?10, ?9, started) WHERE status <> 'complete'`,
		r.key.worker, r.key.workflow, r.key.id, r.Position, r.Step, r.Status, result, r.Error, now(), begins, len(r.data))
	if err != nil {
		return journalError(err)
	}
	if n, err := answer.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("RunConflict: step %q of run %q is complete already", r.Step, r.ID), err)
	}
	return nil
}

// writeEnd writes how a run ended.
func (s *Store) writeEnd(ctx context.Context, tx *sql.Tx, r *request) error {
	var result any
	if r.data != nil {
		result = string(r.data)
	}
	_, err := tx.ExecContext(ctx, `UPDATE runs SET status = ?, result = ?, error = ?, owner = '', updated = ? WHERE worker = ? AND workflow = ? AND id = ?`,
		r.Status, result, r.Error, now(), r.key.worker, r.key.workflow, r.key.id)
	if err != nil {
		return journalError(err)
	}
	return nil
}

const runColumns = `SELECT id, status, input, result, error, owner, created, updated FROM runs `

// scanRun reads a row of [runColumns].
func (s *Store) scanRun(row interface{ Scan(...any) error }) (*Run, error) {
	var run Run
	var input string
	var result sql.NullString
	if err := row.Scan(&run.ID, &run.Status, &input, &result, &run.Error, &run.owner, &run.Created, &run.Updated); err != nil {
		return nil, err
	}
	run.Input = json.RawMessage(input)
	if result.Valid {
		run.Result = json.RawMessage(result.String)
	}
	if run.Status == running && !s.owner.alive(run.owner) {
		run.Status = interrupted
	}
	return &run, nil
}

// read gives a run with its steps in their order, nil where there is none.
func (s *Store) read(ctx context.Context, tx *sql.Tx, key runKey) (*Run, error) {
	run, err := s.scanRun(tx.QueryRowContext(ctx, runColumns+`WHERE worker = ? AND workflow = ? AND id = ?`, key.worker, key.workflow, key.id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, journalError(err)
	}
	// A request of this process that ended without letting go holds it no more.
	if run.owner == s.owner.token && !s.holds(key, "") {
		run.owner = ""
		if run.Status == running {
			run.Status = interrupted
		}
	}
	rows, err := tx.QueryContext(ctx, `SELECT name, status, attempts, result, error, started, updated FROM steps
		WHERE worker = ? AND workflow = ? AND id = ? ORDER BY position, started`, key.worker, key.workflow, key.id)
	if err != nil {
		return nil, journalError(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var step Step
		var result sql.NullString
		if err := rows.Scan(&step.Name, &step.Status, &step.Attempts, &result, &step.Error, &step.Started, &step.Updated); err != nil {
			return nil, journalError(err)
		}
		if result.Valid {
			step.Result = json.RawMessage(result.String)
		}
		if step.Status == running && run.Status != running {
			step.Status = interrupted
		}
		run.Steps = append(run.Steps, step)
	}
	if err := rows.Err(); err != nil {
		return nil, journalError(err)
	}
	return run, nil
}

// readAll gives the last runs of a workflow without inputs, results and steps,
// and how many there are.
func (s *Store) readAll(ctx context.Context, tx *sql.Tx, key runKey) (runs []*Run, total int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM runs WHERE worker = ? AND workflow = ?`, key.worker, key.workflow).Scan(&total)
	if err != nil {
		return nil, 0, journalError(err)
	}
	rows, err := tx.QueryContext(ctx, runColumns+`WHERE worker = ? AND workflow = ? ORDER BY created DESC, id LIMIT ?`, key.worker, key.workflow, maxListed)
	if err != nil {
		return nil, 0, journalError(err)
	}
	defer func() { _ = rows.Close() }()
	runs = []*Run{}
	for rows.Next() {
		run, err := s.scanRun(rows)
		if err != nil {
			return nil, 0, journalError(err)
		}
		run.Input, run.Result = nil, nil
		runs = append(runs, run)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, journalError(err)
	}
	return runs, total, nil
}
