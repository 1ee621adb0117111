// Package trend tells when requests became slower, or took more memory, with a
// generation of the worker's code.
//
// A [Tracker] is given each request that was answered, in order, and compares
// the generations of one route. What it finds is meant to be believed, so a
// rise counts only where all of this holds:
//
//   - the route is the same: method, path with numbers and ids left out, and
//     class of status. A cheap route that is asked more often is no improvement
//     of an expensive one;
//   - both sides have at least five samples, and the first two of a generation don't
//     count once there are more: right after a reload requests are slow;
//   - the median rose by half and by 1 ms (memory: by a quarter and by 2 MB);
//   - they are apart: all of the new samples are above all of the old ones, but for
//     an eighth on either side. (Without this, a thousand reloads that changed nothing
//     raised 12 alarms in a test with a laptop's noise; with it, one.)
//   - it is still so in the newest generation.
package trend

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Measure is what is compared.
type Measure int

// The measures.
const (
	Time   Measure = iota // wall time of the handler, in µs
	Memory                // peak of the instance's memory, in bytes
	measures
)

// String is the measure's name: "time", "memory".
func (m Measure) String() string { return [...]string{"time", "memory"}[m] }

// rule is what makes a rise of a measure.
type rule struct {
	ratio float64
	least int64
}

func (m Measure) rule() rule {
	if m == Memory {
		return rule{ratio: 1.25, least: 2 << 20}
	}
	return rule{ratio: 1.5, least: 1_000}
}

const (
	leastSamples = 5   // of each side
	coldSamples  = 2   // of a generation: the first, which do not count once there are enough others
	keptSamples  = 100 // of a route, in a generation: the newest
	keptPeriods  = 20  // generations of a route
	keptRoutes   = 500 // of a worker
)

// Sample is one request that was answered.
type Sample struct {
	Method, Path string // Path may have a query
	Status       int
	Generation   int
	Wall         int64 // µs
	Memory       int64 // bytes, the peak
}

// Rise says that a measure of a route rose with a generation, and is still up.
type Rise struct {
	Measure       Measure
	Route         string // "GET /users/*"
	Generation    int    // with which it rose
	Before, After int64  // medians: of the generation before, and of the newest
}

// Text is "GET /users/*: p50 3.1 → 9.8 ms since generation 14".
func (r Rise) Text() string {
	return fmt.Sprintf("%s: %s since generation %d", r.Route, r.Change(), r.Generation)
}

// Change is "p50 3.1 → 9.8 ms", or "memory p50 22 → 42 MB".
func (r Rise) Change() string {
	if r.Measure == Memory {
		mb := func(n int64) float64 { return float64(n) / (1 << 20) }
		return fmt.Sprintf("memory p50 %.0f → %.0f MB", mb(r.Before), mb(r.After))
	}
	if r.Before >= 1_000_000 {
		return fmt.Sprintf("p50 %.2f → %.2f s", float64(r.Before)/1e6, float64(r.After)/1e6)
	}
	ms := func(n int64) string {
		if n < 99_950 {
			return fmt.Sprintf("%.1f", float64(n)/1e3)
		}
		return fmt.Sprintf("%.0f", float64(n)/1e3)
	}
	return "p50 " + ms(r.Before) + " → " + ms(r.After) + " ms"
}

// Tracker compares the requests of one worker. The zero value is ready for use; it
// is not safe for concurrent use.
type Tracker struct {
	routes map[string]*route
	order  []string // of routes, as they were first seen
}

// route is what is known of one: a period for each generation, oldest first.
type route struct {
	name    string
	periods []period
	found   []Rise
}

// period is a route in one generation.
type period struct {
	generation int
	samples    [measures][]int64
	spreads    [measures]spread
}

// Add takes in a request. It returns the rises that this one has made certain:
// each is returned once.
func (t *Tracker) Add(s Sample) []Rise {
	if s.Status >= 500 || s.Generation <= 0 {
		return nil // what failed did not do the work
	}
	r := t.route(s)
	before := r.found
	r.add(s)
	r.found = r.rises()
	var fresh []Rise
	for _, rise := range r.found {
		known := func(b Rise) bool { return b.Measure == rise.Measure && b.Generation == rise.Generation }
		if !slices.ContainsFunc(before, known) {
			fresh = append(fresh, rise)
		}
	}
	return fresh
}

// Worst returns what rose the most, of a measure, and is still up in the newest
// generation that the route was asked in. ok is false where nothing did.
func (t *Tracker) Worst(m Measure) (worst Rise, ok bool) {
	for _, name := range t.order {
		for _, rise := range t.routes[name].found {
			if rise.Measure == m && (!ok || rise.factor() > worst.factor()) {
				worst, ok = rise, true
			}
		}
	}
	return worst, ok
}

// Clear forgets everything.
func (t *Tracker) Clear() { *t = Tracker{} }

func (r Rise) factor() float64 { return float64(r.After) / float64(max(r.Before, 1)) }

func (t *Tracker) route(s Sample) *route {
	name := Route(s.Method, s.Path)
	key := name + " " + string(rune('0'+s.Status/100))
	if r := t.routes[key]; r != nil {
		return r
	}
	if t.routes == nil {
		t.routes = map[string]*route{}
	}
	if len(t.order) == keptRoutes {
		delete(t.routes, t.order[0])
		t.order = slices.Delete(t.order, 0, 1)
	}
	r := &route{name: name}
	t.routes[key] = r
	t.order = append(t.order, key)
	return r
}

func (r *route) add(s Sample) {
	at := len(r.periods) - 1
	for at >= 0 && r.periods[at].generation > s.Generation { // one that was long under way
		at--
	}
	if at < 0 || r.periods[at].generation < s.Generation {
		at++
		r.periods = slices.Insert(r.periods, at, period{generation: s.Generation})
		if len(r.periods) > keptPeriods {
			r.periods = slices.Delete(r.periods, 0, 1)
			at = max(at-1, 0)
		}
	}
	p := &r.periods[at]
	for m, value := range [measures]int64{s.Wall, s.Memory} {
		p.samples[m] = append(p.samples[m], value)
		if extra := len(p.samples[m]) - keptSamples; extra > 0 {
			p.samples[m] = slices.Delete(p.samples[m], 0, extra)
		}
		p.spreads[m] = spreadOf(p.samples[m])
	}
}

// spread is the median, and between what the samples lie but for an eighth on
// either side.
type spread struct{ low, middle, high int64 }

func spreadOf(samples []int64) spread {
	if len(samples) >= leastSamples+coldSamples {
		samples = samples[coldSamples:]
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return spread{sorted[n/8], sorted[n/2], sorted[n-1-n/8]}
}

// rose reports whether b is above a by the rule.
func (u rule) rose(a, b spread) bool {
	return b.middle-a.middle >= u.least && float64(b.middle) >= float64(a.middle)*u.ratio && b.low > a.high
}

// rises finds, for each measure, the generation from which on all are above the one
// before it.
func (r *route) rises() []Rise {
	var found []Rise
	for m := range measures {
		var generations []int
		var spreads []spread
		for i := range r.periods {
			if p := &r.periods[i]; len(p.samples[m]) >= leastSamples {
				generations = append(generations, p.generation)
				spreads = append(spreads, p.spreads[m])
			}
		}
		if at, ok := riseAt(spreads, m.rule()); ok {
			found = append(found, Rise{
				Measure: m, Route: r.name, Generation: generations[at],
				Before: spreads[at-1].middle, After: spreads[len(spreads)-1].middle,
			})
		}
	}
	return found
}

// riseAt is where the largest rise is of those that still hold.
func riseAt(spreads []spread, u rule) (at int, ok bool) {
	most := 0.0
	for i := 1; i < len(spreads); i++ {
		before, holds := spreads[i-1], true
		for _, s := range spreads[i:] {
			holds = holds && u.rose(before, s)
		}
		factor := float64(spreads[i].middle) / float64(max(before.middle, 1))
		if holds && factor > most {
			at, ok, most = i, true, factor
		}
	}
	return at, ok
}

// Route is what requests have in common that the same code answers: the method,
// and the path without its query, with a * for each part that is a number or an id.
func Route(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if isID(part) {
			parts[i] = "*"
		}
	}
	return method + " " + strings.Join(parts, "/")
}

// isID reports whether a part of a path is a number, or is as long as an id and has
// a digit.
func isID(part string) bool {
	const long = 12
	digits, letters, others := 0, 0, 0
	for _, r := range part {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		case r != '-' && r != '_':
			others++
		}
	}
	if digits == 0 || others > 0 {
		return false
	}
	return letters == 0 || len(part) >= long
}
