package traffic

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"pymode-tui/runtime"
)

// The aspects of an answer that are compared.
const (
	aspectStatus = "status"
	aspectHeader = "header"
	aspectBody   = "body"
	aspectLogs   = "logs"
	aspectCalls  = "calls"
	aspectError  = "error"
	aspectCPU    = "cpu"
	aspectMemory = "memory"
)

// maxDifferences is how many differences of one aspect are told.
const maxDifferences = 50

// Difference is one thing in which an answer is not the one expected. Its texts
// come from a worker: never print them without cleaning them.
type Difference struct {
	Aspect string `json:"aspect"`         // "status", "header", "body", "logs", "calls", "error", "cpu", "memory"
	Path   string `json:"path,omitempty"` // of a header its name, of a JSON body the place: "items[2].id"
	Want   string `json:"want"`           // "" where it was not there
	Got    string `json:"got"`            // "" where it is not there
	Diff   string `json:"diff,omitempty"` // the changed lines, with - and +, in place of Want and Got
}

// String is the difference in words; a diff follows in lines of its own.
func (d Difference) String() string {
	what := d.Aspect
	if d.Path != "" {
		what += " " + d.Path
	}
	if d.Diff != "" {
		return what + ":\n" + strings.TrimSuffix(d.Diff, "\n")
	}
	return fmt.Sprintf("%s: %s, want %s", what, cmp.Or(d.Got, "nothing"), cmp.Or(d.Want, "nothing"))
}

// Compare lists in what got is not as want, but for what the rules ignore. Both
// must have been masked by the same masker.
func Compare(want, got *runtime.Result, rules *Rules) []Difference {
	c := &comparison{rules: rules}
	if want.Status != got.Status {
		c.add(Difference{Aspect: aspectStatus, Want: fmt.Sprint(want.Status), Got: fmt.Sprint(got.Status)})
	}
	c.headers(want.Headers, got.Headers)
	c.failure(want.Error, got.Error)
	if want.Error == nil && got.Error == nil || len(c.found) == 0 {
		c.body(want, got)
	}
	c.lines(aspectLogs, c.logLines(want.Logs), c.logLines(got.Logs))
	c.lines(aspectCalls, c.callLines(want.Calls), c.callLines(got.Calls))
	c.cost(want.Metrics, got.Metrics)
	return c.found
}

type comparison struct {
	rules  *Rules
	found  []Difference
	counts map[string]int // by aspect
}

func (c *comparison) add(d Difference) {
	if c.rules.ignores(d.Aspect) {
		return
	}
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	switch c.counts[d.Aspect]++; {
	case c.counts[d.Aspect] == maxDifferences:
		c.found = append(c.found, Difference{Aspect: d.Aspect, Got: "more differences than are shown"})
	case c.counts[d.Aspect] < maxDifferences:
		d.Want, d.Got = short(d.Want), short(d.Got)
		c.found = append(c.found, d)
	}
}

// headers compares values by name. Their order counts within a name only.
func (c *comparison) headers(want, got []runtime.Header) {
	if c.rules.ignores("headers") {
		return
	}
	byName := func(headers []runtime.Header) map[string]string {
		values := map[string]string{}
		for _, h := range headers {
			name := http.CanonicalHeaderKey(h.Name())
			if old, ok := values[name]; ok {
				values[name] = old + ", " + h.Value()
			} else {
				values[name] = h.Value()
			}
		}
		return values
	}
	before, now := byName(want), byName(got)
	names := maps.Clone(before)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != now[name] && !c.rules.ignoresHeader(name) {
			c.add(Difference{Aspect: aspectHeader, Path: name, Want: before[name], Got: now[name]})
		}
	}
}

func (c *comparison) failure(want, got *runtime.Failure) {
	text := func(f *runtime.Failure) string {
		if f == nil {
			return ""
		}
		return f.Message + frameText(f)
	}
	message := func(f *runtime.Failure) string {
		if f == nil {
			return ""
		}
		return f.Message
	}
	// The line may move without any difference in what happens.
	if message(want) != message(got) {
		c.add(Difference{Aspect: aspectError, Want: text(want), Got: text(got)})
	}
}

// frameText is the innermost line of a failure.
func frameText(f *runtime.Failure) string {
	if f == nil || len(f.Traceback) == 0 {
		return ""
	}
	frame := f.Traceback[len(f.Traceback)-1]
	return fmt.Sprintf(" (%s:%d)", frame.File, frame.Line)
}

// body compares JSON by its structure, other text by lines, and all else by
// its digest and the first byte that differs.
func (c *comparison) body(want, got *runtime.Result) {
	if bytes.Equal(want.Body, got.Body) || c.rules.ignores(aspectBody) {
		return
	}
	if isText(want.Body) && isText(got.Body) {
		if c.jsonBody(want, got) {
			return
		}
		if len(want.Body) <= maxDiffed && len(got.Body) <= maxDiffed {
			c.lines(aspectBody, splitLines(string(want.Body)), splitLines(string(got.Body)))
			return
		}
	}
	n := 0
	for n < len(want.Body) && n < len(got.Body) && want.Body[n] == got.Body[n] {
		n++
	}
	describe := func(b []byte) string { return fmt.Sprintf("%d bytes, sha256 %x", len(b), sha256.Sum256(b)) }
	c.add(Difference{Aspect: aspectBody, Path: fmt.Sprintf("at byte %d", n), Want: describe(want.Body), Got: describe(got.Body)})
}

// isJSON reports whether a result says that its body is JSON.
func isJSON(r *runtime.Result) bool {
	kind, _, _ := mime.ParseMediaType(r.Get("Content-Type"))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

func (c *comparison) logLines(logs []runtime.Log) []string {
	var lines []string
	for _, l := range logs {
		if !matchesAny(c.rules.logs, l.Text) {
			lines = append(lines, l.Level+": "+l.Text)
		}
	}
	return lines
}

func (c *comparison) callLines(calls []runtime.Call) []string {
	var lines []string
	for _, call := range calls {
		if matchesAny(c.rules.calls, call.Op) {
			continue
		}
		line := callText(call.Op, call.Binding, c.rules.durations.ReplaceAllString(call.Detail, "…"))
		if call.Error != "" {
			line += "  error: " + c.rules.durations.ReplaceAllString(call.Error, "…")
		}
		lines = append(lines, line)
	}
	return lines
}

// callText is a host call in a line.
func callText(op, binding, detail string) string {
	return strings.Join(slices.DeleteFunc([]string{op, binding, detail}, func(s string) bool { return s == "" }), " ")
}

// cost compares what an answer took; less is no difference.
func (c *comparison) cost(want, got runtime.Metrics) {
	const leastCPU, leastMemory = 20_000, 4 << 20 // µs, bytes
	if factor := cmp.Or(c.rules.CPU, DefaultCPU); want.CPU > 0 && got.CPU > want.CPU+leastCPU && float64(got.CPU) > factor*float64(want.CPU) {
		c.add(Difference{Aspect: aspectCPU, Want: fmt.Sprintf("%.1f ms", float64(want.CPU)/1000), Got: fmt.Sprintf("%.1f ms", float64(got.CPU)/1000)})
	}
	factor := cmp.Or(c.rules.Memory, DefaultMemory)
	if want.MemoryPeak > 0 && got.MemoryPeak > want.MemoryPeak+leastMemory && float64(got.MemoryPeak) > factor*float64(want.MemoryPeak) {
		c.add(Difference{Aspect: aspectMemory, Want: fmt.Sprintf("%.1f MB", float64(want.MemoryPeak)/(1<<20)), Got: fmt.Sprintf("%.1f MB", float64(got.MemoryPeak)/(1<<20))})
	}
}

// short cuts what is told of a value.
func short(s string) string {
	const limit = 300
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}
