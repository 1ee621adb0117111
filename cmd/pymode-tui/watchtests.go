package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

// Saved requests with an answer are tests: each save sends them again, and what
// comes of it are events.

// testRuns are those of one worker: one at a time, the newest one counts.
type testRuns struct {
	running sync.Mutex // held by the one that runs

	mu     sync.Mutex
	cancel context.CancelFunc // ends the one that runs or waits; nil before the first
	failed map[string]bool    // the files whose answers were not the same
}

// begin ends the run before and waits until it has.
func (r *testRuns) begin(ctx context.Context) (run context.Context, end func()) {
	run, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	if r.cancel != nil {
		r.cancel()
	}
	r.cancel = cancel
	r.mu.Unlock()
	r.running.Lock()
	return run, func() {
		cancel()
		r.running.Unlock()
	}
}

func (r *testRuns) note(file string, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = map[string]bool{}
	}
	r.failed[file] = failed
}

func (r *testRuns) hasFailed(file string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed[file]
}

// Watch implements [tui.Backend].
func (s *session) Watch(on bool) { s.unwatched.Store(!on) }

// test sends the saved requests of a worker again, after the files, relative to the
// project, have changed. Those that have changed themselves or were not the same
// the last time come first.
func (s *session) test(ctx context.Context, v *served, files []string) {
	w := v.worker.Load()
	if s.unwatched.Load() || w.State().State != runtime.StateReady {
		return
	}
	ctx, end := v.tests.begin(ctx)
	defer end()
	requests, options, err := v.testsNow()
	if err != nil {
		s.notice("%s: %v", v.project.Name, err)
		return
	}
	if len(requests) == 0 || ctx.Err() != nil {
		return
	}
	first := func(r *savedRequest) bool {
		rel, err := filepath.Rel(v.project.Dir, r.path)
		return v.tests.hasFailed(r.file) || err == nil && slices.Contains(files, filepath.ToSlash(rel))
	}
	slices.SortStableFunc(requests, func(a, b *savedRequest) int {
		switch x, y := first(a), first(b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	start := time.Now()
	run := traffic.TestRun{Worker: v.project.Name, At: start, Generation: w.State().Generation, Running: true, Total: len(requests)}
	s.stream.Publish(run)
	for _, r := range requests {
		same, err := s.testOne(ctx, v, r, options)
		if err != nil {
			return // another run begins
		}
		v.tests.note(r.file, !same)
		if same {
			run.Same++
		} else {
			run.Different++
		}
	}
	run.At, run.Running, run.Duration = time.Now(), false, time.Since(start).Microseconds()
	s.stream.Publish(run)
}

// testsNow are the saved requests that have an answer to compare with.
func (v *served) testsNow() ([]*savedRequest, traffic.ReplayOptions, error) {
	p := v.current()
	if _, err := os.Stat(filepath.Join(p.Dir, requestsDir)); errors.Is(err, fs.ErrNotExist) {
		return nil, traffic.ReplayOptions{}, nil
	}
	options, err := replayOptions(p)
	if err != nil {
		return nil, options, err
	}
	requests, err := savedRequests(p, nil, "", func(string) {}) // replay tells them
	if err != nil {
		return nil, options, err
	}
	return slices.DeleteFunc(requests, func(r *savedRequest) bool { return r.exchange.Result == nil }), options, nil
}

// replayOptions are what a project's config says of comparing.
func replayOptions(p *project.Project) (traffic.ReplayOptions, error) {
	rules, err := traffic.ParseRules(p.Replay.Ignore)
	if err != nil {
		return traffic.ReplayOptions{}, &project.Error{File: "pyproject.toml", Message: "replay.ignore in [tool.pymode]: " + err.Error(), Err: err}
	}
	rules.CPU, rules.Memory = p.Replay.CPU, p.Replay.Memory
	return traffic.ReplayOptions{Rules: rules, Mask: masker(p)}, nil
}

// testOne sends one request, from its recording where that is whole: then it
// changes nothing. Its events are shown only where the answer is not the same.
func (s *session) testOne(ctx context.Context, v *served, r *savedRequest, options traffic.ReplayOptions) (same bool, err error) {
	var mu sync.Mutex // instances of pymode.parallel tell as well
	var seen []runtime.Event
	ctx = runtime.WithObserver(ctx, func(e runtime.Event) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, e)
	})
	options.Hermetic = r.exchange.Recording.Complete()
	err = traffic.Replay(ctx, v.worker.Load(), []*traffic.Exchange{r.exchange}, options, func(o *traffic.Outcome) {
		same = o.Verdict == traffic.Same
		e := traffic.Tested{
			Worker: v.project.Name, At: time.Now(), File: r.file, Name: r.name(), Method: r.exchange.Request.Method,
			URL: o.URL, Verdict: o.Verdict, Details: append([]string{}, o.Details()...), Want: o.Want,
		}
		if o.Result != nil {
			e.ID, e.Generation = o.Result.ID, o.Result.Generation
		}
		if o.Note != "" {
			e.Details = append(e.Details, "note: "+o.Note)
		}
		mu.Lock()
		defer mu.Unlock()
		if !same {
			for _, event := range seen {
				s.stream.Publish(event)
			}
		}
		s.stream.Publish(e)
	})
	return same, err
}
