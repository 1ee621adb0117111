package tui

import (
	"fmt"

	"pymode-tui/traffic"
)

// Saved requests are sent again after a save, as pinned ones are. The status line
// says what came of all of them, like a test runner's.

// tested marks the request whose answer was not the one that was saved.
func (s *session) tested(e traffic.Tested) {
	x := s.byID[exchangeKey(e.Worker, e.ID)]
	if x == nil || x.result == nil || e.Verdict == traffic.Same || e.Want == nil {
		return
	}
	x.outcome = outcomeDiffers
	x.before = &exchange{worker: x.worker, result: e.Want}
	x.saved = cleanLine(e.File)
	x.revision++
	s.revision++
}

// ran takes in how far the saved requests are.
func (s *session) ran(e traffic.TestRun) { s.worker(e.Worker).tests = e }

// testCounts are the pinned and saved requests of a worker's newest generation.
func (s *session) testCounts(w *worker) (same, different, running int) {
	if t := w.tests; t.Running {
		running = t.Total
	} else {
		same, different = t.Same, t.Different
	}
	for _, p := range s.pins {
		if p.worker != w.name || p.judged != w.generation {
			continue
		}
		switch p.outcome {
		case outcomeSame:
			same++
		case outcomeDiffers:
			different++
		}
	}
	return same, different, running
}

// testLine is "7 same · 1 differs", green or red; empty where nothing was sent
// again.
func (s *session) testLine(w *worker) line {
	same, different, running := s.testCounts(w)
	verdict := good
	if different > 0 {
		verdict = bad
	}
	var l line
	add := func(text string, role role) { l = append(l, span{" · ", faint}, span{text, role}) }
	if running > 0 {
		add("testing "+formatCount(running), caution)
	}
	if same > 0 {
		add(formatCount(same)+" same", verdict)
	}
	if different > 0 {
		verb := "differ"
		if different == 1 {
			verb = "differs"
		}
		add(fmt.Sprintf("%s %s", formatCount(different), verb), verdict)
	}
	return l
}
