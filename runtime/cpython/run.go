package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// runSteps runs steps, several at once where none needs another: configure
// scripts keep one core busy at best, and downloads none.
func runSteps(ctx context.Context, opts Options, r *recipe, steps []step, logs string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	meter := newMeter(steps, opts.Progress)
	stopTicking := meter.tick(ctx)
	defer stopTicking()

	waiting := append([]step(nil), steps...)
	unfinished := map[string]bool{}
	for _, s := range steps {
		unfinished[s.name] = true
	}
	type outcome struct {
		name string
		err  error
	}
	done := make(chan outcome)
	running := 0
	var first error
	for {
		for i := 0; i < len(waiting) && first == nil && ctx.Err() == nil; {
			if s := waiting[i]; ready(s, unfinished) {
				waiting = append(waiting[:i:i], waiting[i+1:]...)
				running++
				go func() { done <- outcome{s.name, runStep(ctx, opts, r, s, logs, meter)} }()
			} else {
				i++
			}
		}
		if running == 0 {
			break
		}
		out := <-done
		running--
		if out.err != nil {
			if first == nil {
				first = out.err
				cancel(first) // nobody waits for the siblings' results
			}
			continue
		}
		delete(unfinished, out.name)
	}
	if first != nil {
		return first
	}
	return context.Cause(ctx)
}

func ready(s step, unfinished map[string]bool) bool {
	for _, need := range s.needs {
		if unfinished[need] {
			return false
		}
	}
	return true
}

// runStep runs one step in its directory and removes the directory if it fails.
func runStep(ctx context.Context, opts Options, r *recipe, s step, logs string, meter *meter) (err error) {
	dir := r.dir(opts.CacheDir, s.name)
	start := time.Now()
	meter.started(s.name)
	j, err := newJob(opts, r, s, dir, filepath.Join(logs, s.name+".log"), meter)
	if err != nil {
		return explain(ctx, opts, s, j, err)
	}
	defer func() {
		err = explain(ctx, opts, s, j, errors.Join(err, j.close()))
		if err != nil {
			_ = os.RemoveAll(dir) // what remains is swept by the next build
		}
	}()
	if err := s.run(ctx, j); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	rec := &record{
		Step: s.name, Title: s.title, Digest: r.digests[s.name],
		Seconds: time.Since(start).Seconds(), Finished: time.Now().UTC(), Info: j.info,
	}
	if err := finish(dir, rec); err != nil {
		return err
	}
	meter.finished(s.name)
	return nil
}

// explain turns a step's error into what the user should read.
func explain(ctx context.Context, opts Options, s step, j *job, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		// Whatever the killed children said, this is why they were killed.
		return context.Cause(ctx)
	}
	failed := &StepError{Step: s.title, Err: err}
	if j != nil {
		failed.Tail, failed.Log = j.tail.lines(), j.logPath
	}
	if diskFull(err, failed.Tail) {
		failed.Err, failed.Tail = &DiskFullError{Dir: opts.CacheDir, Free: freeSpace(opts.CacheDir)}, nil
	}
	return failed
}

// newLogDir makes the folder for this build's logs and forgets all but the last few.
func newLogDir(cache string, now time.Time) (string, error) {
	root := filepath.Join(cache, rootLogs)
	dir := filepath.Join(root, fmt.Sprintf("%s-%d", now.UTC().Format("20060102-150405"), os.Getpid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the log folder: %w", err)
	}
	entries, err := os.ReadDir(root) // sorted by name, and so by time
	if err != nil {
		return "", fmt.Errorf("read the log folder: %w", err)
	}
	const keep = 8
	for i := 0; i < len(entries)-keep; i++ {
		_ = os.RemoveAll(filepath.Join(root, entries[i].Name()))
	}
	return dir, nil
}
