package packages

import (
	"context"
	"sync"
	"time"

	"pymode-tui/runtime/cpython"
)

// meter adds up the progress of stages that may run side by side: choosing
// versions, one for each package to be had, and installing.
type meter struct {
	report func(cpython.Progress)
	jobs   int // stages that run at once
	now    func() time.Time

	mu      sync.Mutex
	stages  []*stage
	percent float64 // never goes back
	text    string  // the last line of output
}

// stage is a part of a sync. Its fields are the meter's, under its lock.
type stage struct {
	meter      *meter
	title      string
	expected   time.Duration // that it will take
	remembered bool          // that is what it took on this machine
	started    time.Time
	ended      bool
	counted    float64 // how far it is by what its programs say, 0 to 1
}

// minRemaining is what is worth telling.
const minRemaining = 3 * time.Second

func newMeter(report func(cpython.Progress), jobs int) *meter {
	return &meter{report: report, jobs: max(jobs, 1), now: time.Now}
}

// add says that a stage will come.
func (m *meter) add(title string, expected time.Duration, remembered bool) *stage {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := &stage{meter: m, title: title, expected: expected, remembered: remembered}
	m.stages = append(m.stages, g)
	return g
}

func (g *stage) begin() { g.change(func() { g.started = g.meter.now() }) }
func (g *stage) end()   { g.change(func() { g.ended = true }) }

// line takes a line of output, and what it says of how far the stage is.
func (g *stage) line(text string) {
	g.change(func() {
		g.meter.text = text
		if fraction, ok := countedBy(text); ok {
			g.counted = max(g.counted, fraction)
		}
	})
}

func (g *stage) change(f func()) {
	g.meter.mu.Lock()
	defer g.meter.mu.Unlock()
	f()
	g.meter.emit()
}

// line takes a line of output that belongs to no stage.
func (m *meter) line(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = text
	m.emit()
}

// tick reports now and then, since the clock goes on where a compiler is silent.
func (m *meter) tick(ctx context.Context) (stop func()) {
	return cpython.Tick(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.emit()
	})
}

// emit reports; m.mu is held, which keeps the reports in order.
func (m *meter) emit() {
	now := m.now()
	p := cpython.Progress{Steps: len(m.stages), Line: m.text}
	var total, done, left, longest time.Duration
	for _, g := range m.stages {
		if !g.started.IsZero() {
			p.Number++
			// Of those that run, the last one that began is shown.
			if !g.ended || p.Step == "" {
				p.Step = g.title
			}
		}
		fraction := g.fraction(now)
		total += g.expected
		done += time.Duration(fraction * float64(g.expected))
		mine := g.left(now, fraction)
		left += mine
		longest = max(longest, mine)
	}
	if p.Number == 0 {
		return
	}
	if total > 0 {
		m.percent = max(m.percent, 100*float64(done)/float64(total))
	}
	p.Percent = m.percent
	// Work that is shared ends no sooner than its longest part.
	if p.Remaining = max(left/time.Duration(m.jobs), longest).Round(time.Second); p.Remaining < minRemaining {
		p.Remaining = 0
	}
	m.report(p)
}

// fraction is how far a stage is: by what its programs count, by the clock, or by
// both, where it is known how long it takes here.
func (g *stage) fraction(now time.Time) float64 {
	switch {
	case g.ended:
		return 1
	case g.started.IsZero() || g.expected <= 0:
		return 0
	}
	clock := float64(now.Sub(g.started)) / float64(g.expected)
	switch {
	case !g.remembered && g.counted > 0:
		return g.counted
	case !g.remembered: // nobody knows, and what is counted may come yet
		return min(clock/(clock+1), 0.5)
	case clock > 0.9: // nearer and nearer to the end
		clock = 1 - 0.09/clock
	}
	if g.counted == 0 {
		return clock
	}
	return (clock + g.counted) / 2
}

// left is how long a stage will still take: as was expected, and more and more by
// the pace that it has.
func (g *stage) left(now time.Time, fraction float64) time.Duration {
	switch {
	case g.ended:
		return 0
	case g.started.IsZero():
		return g.expected
	}
	elapsed := now.Sub(g.started)
	planned := max(g.expected-elapsed, g.expected/20)
	if g.counted == 0 || fraction <= 0 {
		return planned
	}
	pace := time.Duration(float64(elapsed) * (1 - fraction) / fraction)
	weight := min(2*fraction, 1)
	if g.remembered {
		weight /= 2
	}
	return time.Duration(float64(planned)*(1-weight) + float64(pace)*weight)
}
