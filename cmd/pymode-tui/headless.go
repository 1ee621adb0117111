package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"pymode-tui/events"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
	"pymode-tui/trend"
)

// headless prints what the console would show, line by line: for pipes, CI and
// screen readers. With JSON it is a line an event; a request's line is the
// object that `request --json` prints, with "event", "worker", "method" and
// "url" before it.
type headless struct {
	out, err io.Writer
	json     bool
	step     string
	trends   map[string]*trend.Tracker // of the workers
}

func newHeadless(out, err io.Writer, asJSON bool) *headless {
	return &headless{out: out, err: err, json: asJSON, trends: map[string]*trend.Tracker{}}
}

// listening says where the worker answers.
func (h *headless) listening(s *session) {
	if h.json {
		h.object(map[string]any{"event": "listening", "url": s.gateway.URL()})
		return
	}
	fmt.Fprintf(h.out, "listening on %s\n", s.gateway.URL())
}

// run prints until the stream is closed.
func (h *headless) run(sub *events.Subscription[runtime.Event]) {
	for {
		batch, dropped, err := sub.Next(context.Background())
		if err != nil {
			return
		}
		if dropped > 0 {
			h.event(runtime.Notice{At: time.Now(), Text: fmt.Sprintf("%d events were dropped", dropped)})
		}
		for _, e := range batch {
			h.event(e)
		}
	}
}

func (h *headless) event(e runtime.Event) {
	if h.json {
		h.jsonLine(e)
	} else if line := h.line(e); line != "" {
		fmt.Fprintln(h.out, line)
	}
	if done, ok := e.(runtime.RequestDone); ok {
		h.compare(done)
	}
}

// compare says what became slower, or takes more memory, since a generation, as a
// notice.
func (h *headless) compare(e runtime.RequestDone) {
	tracker := h.trends[e.Worker]
	if tracker == nil {
		tracker = &trend.Tracker{}
		h.trends[e.Worker] = tracker
	}
	path := e.Request.URL
	if u, err := url.Parse(path); err == nil {
		path = u.Path
	}
	r := e.Result
	for _, rise := range tracker.Add(trend.Sample{
		Method: e.Request.Method, Path: path, Status: r.Status, Generation: r.Generation, Wall: r.Metrics.Wall, Memory: r.Metrics.MemoryPeak,
	}) {
		h.event(runtime.Notice{At: e.At, Text: rise.Text()})
	}
}

func (h *headless) object(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		fmt.Fprintln(h.err, "pymode-tui: "+err.Error())
		return
	}
	fmt.Fprintf(h.out, "%s\n", b)
}

// jsonLine joins the event's name with its fields.
func (h *headless) jsonLine(e runtime.Event) {
	var head, body any = map[string]string{"event": e.Kind()}, e
	if done, ok := e.(runtime.RequestDone); ok {
		head = struct {
			Event  string    `json:"event"`
			Worker string    `json:"worker"`
			At     time.Time `json:"at"`
			Method string    `json:"method"`
			URL    string    `json:"url"`

			Parent  *runtime.Parent `json:"parent,omitempty"`
			Outcome runtime.Outcome `json:"outcome"`
		}{e.Kind(), done.Worker, done.At, done.Request.Method, done.Request.URL, done.Request.Parent, done.Result.Outcome()}
		body = done.Result
	}
	first, err := json.Marshal(head)
	if err == nil {
		var second []byte
		if second, err = json.Marshal(body); err == nil {
			fmt.Fprintf(h.out, "%s,%s\n", first[:len(first)-1], second[1:])
			return
		}
	}
	fmt.Fprintln(h.err, "pymode-tui: "+err.Error())
}

// line is an event for a person, "" where there is nothing to say.
func (h *headless) line(e runtime.Event) string {
	stamp := func(at time.Time) string { return at.Local().Format("15:04:05.000") + " " }
	switch e := e.(type) {
	case runtime.Progress:
		if e.Step == h.step {
			return ""
		}
		h.step = e.Step
		return stamp(e.At) + oneLine(fmt.Sprintf("building the runtime, step %d of %d (%.0f %%): %s", e.Number, e.Steps, e.Percent, e.Step))
	case runtime.StateChanged:
		return stamp(e.At) + stateLine(e)
	case runtime.RequestDone:
		r := e.Result
		line := fmt.Sprintf("%s%s %s %d %.1f ms", stamp(e.At), e.Request.Method, oneLine(e.Request.URL), r.Status, float64(r.Metrics.Wall)/1000)
		if r.Error != nil {
			line += "  " + oneLine(r.Error.Message) + where(r.Error)
		}
		return line
	case runtime.Logged:
		return stamp(e.At) + "[" + oneLine(e.Log.Level) + "] " + oneLine(e.Log.Text)
	case runtime.Called:
		return stamp(e.At) + oneLine(fmt.Sprintf("%s %s %s %.1f ms %s", e.Call.Op, e.Call.Binding, e.Call.Detail, float64(e.Call.Duration)/1000, e.Call.Error))
	case runtime.Loaded:
		return stamp(e.At) + oneLine(fmt.Sprintf("side module %s, %d bytes %s", e.Module.Path, e.Module.Bytes, e.Module.Error))
	case traffic.Tested:
		return testedLine(stamp(e.At), &e)
	case traffic.TestRun:
		if e.Running {
			return ""
		}
		return stamp(e.At) + fmt.Sprintf("%s: saved requests in %.1f ms: %s", oneLine(e.Worker), float64(e.Duration)/1000, testCounts(e.Same, e.Different))
	case runtime.Notice:
		return stamp(e.At) + "note: " + oneLine(e.Text)
	}
	return ""
}

// testedLine says of a saved request in what its answer was not the same; nothing
// where it was.
func testedLine(stamp string, e *traffic.Tested) string {
	if e.Verdict == traffic.Same {
		return ""
	}
	line := fmt.Sprintf("%s%s %s  %s %s", stamp, e.Verdict, oneLine(e.File), oneLine(e.Method), oneLine(e.URL))
	for _, detail := range e.Details {
		line += "\n" + strings.Repeat(" ", len(stamp)) + oneLine(detail)
	}
	return line
}

// testCounts is "7 same · 1 differs".
func testCounts(same, different int) string {
	switch different {
	case 0:
		return fmt.Sprintf("%d same", same)
	case 1:
		return fmt.Sprintf("%d same · 1 differs", same)
	}
	return fmt.Sprintf("%d same · %d differ", same, different)
}

func stateLine(e runtime.StateChanged) string {
	line := fmt.Sprintf("%s: %s", oneLine(e.Worker), e.State)
	if e.Generation > 0 {
		line += fmt.Sprintf(", generation %d", e.Generation)
	}
	if len(e.Files) > 0 {
		shown := e.Files[:min(len(e.Files), 3)]
		line += " (" + oneLine(strings.Join(shown, ", "))
		if more := len(e.Files) - len(shown); more > 0 {
			line += fmt.Sprintf(" and %d more", more)
		}
		line += ")"
	}
	if e.Duration > 0 {
		line += fmt.Sprintf(" in %.1f ms", float64(e.Duration)/1000)
	}
	if e.CPU > 0 {
		line += fmt.Sprintf(", %.1f ms of CPU time", float64(e.CPU)/1000)
	}
	if e.Error != nil {
		line += ": " + oneLine(e.Error.Message) + where(e.Error)
	}
	return line
}

// where is the innermost of the user's lines.
func where(f *runtime.Failure) string {
	if len(f.Traceback) == 0 {
		return ""
	}
	frame := f.Traceback[len(f.Traceback)-1]
	return oneLine(fmt.Sprintf(" (%s:%d)", frame.File, frame.Line))
}
