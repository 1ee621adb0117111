package tui

import (
	"bytes"
	"slices"
	"strings"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// A pinned request is sent again after each reload, and its row says whether the
// answer is the one of before.

// pin is a request that is kept.
type pin struct {
	worker  string
	request *runtime.Request
	last    *exchange // its newest answer

	outcome outcome // of the last comparison
	judged  int     // the generation of that
}

// outcome is what came of a pinned request after a reload.
type outcome uint8

const (
	outcomeNone outcome = iota
	outcomeSame
	outcomeDiffers
)

// sign is "=" or "≠".
func (o outcome) sign() string { return [...]string{"", "=", "≠"}[o] }

// pinOf finds the pin that an exchange belongs to.
func (s *session) pinOf(x *exchange) *pin {
	for _, p := range s.pins {
		if p.worker == x.worker && sameRequest(p.request, x.request) {
			return p
		}
	}
	return nil
}

func sameRequest(a, b *runtime.Request) bool {
	return a == b || a != nil && b != nil && a.Method == b.Method && a.URL == b.URL && bytes.Equal(a.Body, b.Body)
}

// togglePin pins a request, or lets it go again.
func (s *session) togglePin(x *exchange) (pinned bool) {
	s.revision++
	if p := s.pinOf(x); p != nil {
		s.pins = slices.DeleteFunc(s.pins, func(q *pin) bool { return q == p })
		return false
	}
	s.pins = append(s.pins, &pin{worker: x.worker, request: x.request, last: x})
	return true
}

// judge compares the answer to a pinned request with the one of the generation
// before.
func (s *session) judge(x *exchange) {
	p := s.pinOf(x)
	if p == nil || x.result == nil {
		return
	}
	if before := p.last; before != nil && before != x && before.result != nil && before.generation != x.generation {
		x.before = before
		x.outcome = outcomeSame
		if differs(before.result, x.result) {
			x.outcome = outcomeDiffers
		}
		p.outcome, p.judged = x.outcome, x.generation
	}
	p.last = x
}

// differs compares what a client sees. Headers count but for those that change by
// themselves.
func differs(a, b *runtime.Result) bool {
	if a.Status != b.Status || !bytes.Equal(a.Body, b.Body) {
		return true
	}
	return !slices.Equal(lasting(a.Headers), lasting(b.Headers))
}

// lasting is headers without those, in the order of their names: in which one they are
// sent means nothing.
func lasting(headers []runtime.Header) []runtime.Header {
	sorted := slices.SortedStableFunc(slices.Values(headers), func(a, b runtime.Header) int {
		return strings.Compare(cleanHeaderName(a[0]), cleanHeaderName(b[0]))
	})
	return slices.DeleteFunc(sorted, func(h runtime.Header) bool {
		switch cleanHeaderName(h[0]) {
		case "date", "age", "server-timing", "x-request-id":
			return true
		}
		return false
	})
}

func cleanHeaderName(name string) string {
	return string(bytes.ToLower([]byte(name)))
}

// togglePinned pins the current request, or lets it go.
func (m *Model) togglePinned() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to pin")
	}
	if m.session.togglePin(x) {
		return m.say(good, "pinned "+x.method+" "+x.path+": it is sent again after each reload")
	}
	return m.say(faint, "unpinned "+x.method+" "+x.path)
}

// replayPins sends a worker's pinned requests again.
func (m *Model) replayPins(worker string) tea.Cmd {
	if m.manual {
		return nil
	}
	backend, ctx := m.options.Backend, m.ctx
	var requests, rest []*runtime.Request // first those that were not the same the last time
	for _, p := range m.session.pins {
		switch {
		case p.worker != worker:
		case p.outcome == outcomeDiffers:
			requests = append(requests, p.request)
		default:
			rest = append(rest, p.request)
		}
	}
	requests = append(requests, rest...)
	if len(requests) == 0 {
		return nil
	}
	return m.tasks.command(func() tea.Msg {
		for _, request := range requests {
			if err := backend.Do(ctx, worker, request); err != nil && ctx.Err() == nil {
				return failedMsg{"replay", err}
			}
		}
		return nil
	})
}

// toggleAuto switches the sending of pinned requests off and on.
func (m *Model) toggleAuto() tea.Cmd {
	m.manual = !m.manual
	m.options.Backend.Watch(!m.manual)
	if m.manual {
		return m.say(faint, "pinned and saved requests wait for r")
	}
	return m.say(good, "pinned and saved requests are sent after each reload")
}

// pinMark is what stands before a request: whether it is pinned, and what came of
// it after a reload.
func (s *session) pinMark(x *exchange) string {
	switch {
	case x.outcome != outcomeNone:
		return x.outcome.sign()
	case s.pinOf(x) != nil:
		return "*"
	}
	return ""
}

func pinRole(x *exchange, ordinary role) role {
	switch x.outcome {
	case outcomeSame:
		return good
	case outcomeDiffers:
		return caution
	}
	return ordinary
}
