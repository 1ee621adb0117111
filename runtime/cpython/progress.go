package cpython

import (
	"context"
	"sync"
	"time"
)

// Progress says how far a build is. No field but Line ever goes back.
type Progress struct {
	Step      string        // its title: "compile CPython"
	Number    int           // of the step, from 1
	Steps     int           // how many there are in this build
	Percent   float64       // of the whole build, 0 to 100
	Remaining time.Duration // estimated; 0 where nothing can be said
	Line      string        // the last line of output
}

// meter adds up the progress of steps that run at the same time.
type meter struct {
	report func(Progress)
	start  time.Time
	total  float64 // seconds, estimated: the sum over all steps

	mu      sync.Mutex
	steps   []meterStep
	percent float64
	line    string
}

type meterStep struct {
	name, title string
	seconds     float64
	started     time.Time
	counted     bool    // fraction comes from the step itself
	fraction    float64 // 0 to 1
	finished    bool
}

func newMeter(steps []step, report func(Progress)) *meter {
	m := &meter{report: report, start: time.Now()}
	for _, s := range steps {
		m.steps = append(m.steps, meterStep{name: s.name, title: s.title, seconds: s.seconds})
		m.total += s.seconds
	}
	return m
}

func (m *meter) started(name string) {
	m.change(name, func(s *meterStep) { s.started = time.Now() })
}

func (m *meter) finished(name string) {
	m.change(name, func(s *meterStep) { s.fraction, s.finished = 1, true })
}

// moved takes a step's fraction, from 0 to 1, or a negative number where the
// step can't tell, and its last line of output.
func (m *meter) moved(name string, fraction float64, line string) {
	m.change(name, func(s *meterStep) {
		if fraction >= 0 {
			s.counted = true
			s.fraction = max(s.fraction, fraction)
		}
		if line != "" {
			m.line = line
		}
	})
}

func (m *meter) change(name string, f func(*meterStep)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.steps {
		if m.steps[i].name == name {
			f(&m.steps[i])
		}
	}
	m.emit(time.Now())
}

// tick reports now and then, so that the clock goes on where a step is silent.
func (m *meter) tick(ctx context.Context) (stop func()) {
	return Tick(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.emit(time.Now())
	})
}

// Tick calls a function twice a second, in a goroutine that has ended when stop
// returns.
func Tick(ctx context.Context, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f()
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// emit reports; m.mu is held, which keeps the reports in order.
func (m *meter) emit(now time.Time) {
	p := Progress{Steps: len(m.steps), Line: m.line}
	done := 0.0
	for i, s := range m.steps {
		if p.Number == 0 && (!s.finished || i == len(m.steps)-1) {
			// Of several running steps the first is shown: its number never
			// goes back. It does run, or is about to: all that it needs stands
			// before it.
			p.Number, p.Step = i+1, s.title
		}
		done += s.seconds * s.fractionAt(now)
	}
	if m.total > 0 {
		m.percent = max(m.percent, min(100*done/m.total, 100))
	}
	p.Percent = m.percent
	p.Remaining = remaining(now.Sub(m.start), m.percent, m.total)
	m.report(p)
}

// fractionAt is how far a step is: as counted, or by the clock, which comes
// ever nearer to the end and never reaches it.
func (s *meterStep) fractionAt(now time.Time) float64 {
	if s.finished || s.counted {
		return s.fraction
	}
	if s.started.IsZero() || s.seconds <= 0 {
		return 0
	}
	t := now.Sub(s.started).Seconds()
	return t / (t + s.seconds/2)
}

// remaining goes over from the estimate of the steps to the pace of this build
// as the build goes on.
func remaining(elapsed time.Duration, percent, total float64) time.Duration {
	left := 1 - percent/100
	// Steps that run side by side take less than the sum of their times.
	const overlap = 0.7
	planned := total * overlap * left
	if percent < 1 {
		return time.Duration(planned * float64(time.Second)).Round(time.Second)
	}
	pace := elapsed.Seconds() / (percent / 100) * left
	weight := min(percent/30, 1)
	return time.Duration((planned*(1-weight) + pace*weight) * float64(time.Second)).Round(time.Second)
}

// counter reports what several commands of one step do together.
type counter struct {
	total  int
	report func(float64, string)

	mu   sync.Mutex
	done int
}

func newCounter(total int, report func(float64, string)) *counter {
	return &counter{total: total, report: report}
}

func (c *counter) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	c.report(min(float64(c.done)/float64(max(c.total, 1)), 1), line)
}
