package traffic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pymode-tui/runtime"
)

// Worker answers requests; a [*runtime.Worker] does. For recordings and for
// hermetic replays its bindings must have gone through [Recorded] or [Hermetic].
type Worker interface {
	Do(ctx context.Context, req *runtime.Request) *runtime.Result
}

// Verdict is what came of a replay.
type Verdict string

// The verdicts.
const (
	Same      Verdict = "same"      // the answer is the one expected
	Different Verdict = "different" // it is not
	New       Verdict = "new"       // no answer was expected: only the request is known
	Failed    Verdict = "failed"    // the request could not be replayed, or no answer was expected and the worker failed
)

// Outcome is one exchange, replayed.
type Outcome struct {
	Exchange    *Exchange       // as it was
	URL         string          // of its request, without secrets
	Want        *runtime.Result // its answer, without secrets; nil where there is none
	Verdict     Verdict
	Result      *runtime.Result // without secrets; nil where the request could not be replayed
	Recording   *Recording      // of this replay, without secrets; nil for a hermetic one
	Differences []Difference
	Unrecorded  []Unrecorded   // of a hermetic replay: calls that the recording has no answer to
	Missing     []RecordedCall // of a hermetic replay: recorded calls that were not made
	Reason      string         // why the request could not be replayed
	Note        string         // a warning, "" for none
	Took        time.Duration  // the replay, with the start of the sandbox
}

// Passed reports whether the outcome is no reason to fail.
func (o *Outcome) Passed() bool { return o.Verdict == Same || o.Verdict == New }

// ReplayOptions say how to replay.
type ReplayOptions struct {
	Concurrency int     // requests at once; 1 where 0
	Pace        bool    // wait between requests as long as when they were captured
	Hermetic    bool    // answer host calls from the recordings
	FailFast    bool    // stop after the first outcome that did not pass
	Rules       *Rules  // of the comparison
	Mask        *Masker // takes out and puts in secrets
}

// Replay sends the requests of the exchanges to w and reports each outcome, in
// the order of the exchanges and on the caller's goroutine. It ends early with
// ctx, whose error it returns, and after a failure where FailFast is set.
func Replay(ctx context.Context, w Worker, exchanges []*Exchange, opts ReplayOptions, report func(*Outcome)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	slots := make([]chan *Outcome, len(exchanges))
	for n := range slots {
		slots[n] = make(chan *Outcome, 1)
	}
	next := make(chan int)
	var players sync.WaitGroup
	defer players.Wait()
	defer stop() // before the wait
	players.Go(func() {
		defer close(next)
		begin := time.Now()
		for n := range exchanges {
			if opts.Pace && !paused(ctx, begin, exchanges[0].At, exchanges[n].At) {
				return
			}
			select {
			case next <- n:
			case <-ctx.Done():
				return
			}
		}
	})
	for range max(opts.Concurrency, 1) {
		players.Go(func() {
			for n := range next {
				slots[n] <- play(ctx, w, exchanges[n], &opts)
			}
		})
	}
	for n := range slots {
		select {
		case o := <-slots[n]:
			if ctx.Err() != nil {
				return ctx.Err() // what was cut off says nothing about the worker
			}
			report(o)
			if opts.FailFast && !o.Passed() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// maxPause is the longest that a replay at the recorded pace waits for one request.
const maxPause = time.Minute

// paused waits until a request is due; not ok where ctx ended first.
func paused(ctx context.Context, begin, first, at time.Time) bool {
	wait := min(at.Sub(first)-time.Since(begin), maxPause)
	if wait <= 0 || first.IsZero() || at.IsZero() {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// play replays one exchange.
func play(ctx context.Context, w Worker, e *Exchange, opts *ReplayOptions) *Outcome {
	// Files of other tools, and what people write, may have secrets in them.
	o := &Outcome{Exchange: e, URL: opts.Mask.url(e.Request.URL), Want: opts.Mask.Result(e.Result)}
	start := time.Now()
	defer func() { o.Took = time.Since(start) }()
	req, missing := opts.Mask.Reveal(e.Request)
	o.Note = LackingText(missing)
	if !opts.Hermetic {
		recorder := &Recorder{}
		result := w.Do(WithRecorder(ctx, recorder), req)
		o.Recording = opts.Mask.recording(recorder.Recording())
		o.settle(result, opts)
		return o
	}
	if why := e.Recording.unfit(); why != "" {
		o.Verdict, o.Reason = Failed, "no hermetic replay: "+why
		return o
	}
	playback := NewPlayback(e.Recording, opts.Mask)
	o.settle(w.Do(WithPlayback(ctx, playback), req), opts)
	if o.Note == "" {
		o.Note = LackingText(named(playback.missing))
	}
	o.Unrecorded = playback.Unrecorded()
	o.Missing = slices.DeleteFunc(playback.Missing(), func(c RecordedCall) bool { return matchesAny(opts.Rules.calls, c.Op) })
	if opts.Rules.ignores(aspectCalls) {
		o.Missing = nil
	}
	if len(o.Unrecorded)+len(o.Missing) > 0 {
		o.Verdict = Different
	}
	return o
}

// LackingText says which secrets could not be put back ([Masker.Reveal]), "" where
// all could.
func LackingText(missing []string) string {
	if len(missing) == 0 {
		return ""
	}
	if missing[0] == "" {
		return "a header or a parameter was masked and can't be put back: the worker gets [secret]"
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	verb := "is"
	if len(missing) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s %s not in .dev.vars: the worker gets [secret:%s]", strings.Join(missing, ", "), verb, missing[0])
}

// Complete reports whether a request can be replayed hermetically.
func (r *Recording) Complete() bool { return r.unfit() == "" }

// unfit says why a recording can't be replayed from, "" where it can.
func (r *Recording) unfit() string {
	if r == nil {
		return "there is no recording"
	}
	for _, r := range r.all() {
		if r.Incomplete != "" {
			return "the recording is incomplete: " + r.Incomplete
		}
	}
	return ""
}

// settle compares an answer to the one expected.
func (o *Outcome) settle(r *runtime.Result, opts *ReplayOptions) {
	o.Result = opts.Mask.Result(r)
	want := o.Want
	switch {
	case want == nil && r.Error != nil:
		o.Verdict, o.Reason = Failed, r.Error.Message+frameText(r.Error)
	case want == nil:
		o.Verdict = New
	default:
		o.Verdict = Same
		got := *o.Result
		if o.Exchange.elsewhere() {
			got.Logs, got.Calls = nil, nil
		}
		o.Differences = Compare(want, &got, opts.Rules)
		if !o.Exchange.elsewhere() && !slices.ContainsFunc(o.Differences, func(d Difference) bool { return d.Aspect == aspectCalls }) {
			o.Differences = append(o.Differences, compareSQL(o.Exchange.Recording, o.Recording, opts.Rules)...)
		}
		if len(o.Differences) > 0 {
			o.Verdict = Different
		}
	}
}

// Updated is the exchange with what was answered now as what is expected.
func (o *Outcome) Updated() *Exchange {
	e := *o.Exchange
	e.Result = o.Result
	if e.elsewhere() {
		e.Source = sourceReplay
	}
	if o.Recording != nil {
		e.Recording = o.Recording
	}
	return &e
}

// Text is a call without an answer, with the line that made it, where it is known.
func (u Unrecorded) Text() string {
	text := "not recorded: " + callText(u.Call.Op, u.Call.Binding, u.Call.Detail)
	if u.Frame != nil {
		text += fmt.Sprintf(" (%s:%d, in %s)", u.Frame.File, u.Frame.Line, u.Frame.Function)
	}
	return text
}

// MissingText is a recorded call that was not made, in words.
func MissingText(c RecordedCall) string {
	return "recorded, but not called: " + callText(c.Op, c.Binding, c.Detail)
}
