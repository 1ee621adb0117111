package tui

import (
	"fmt"
	"strconv"
	"strings"

	"pymode-tui/runtime"
	"pymode-tui/trend"
)

// drawStatus draws the first line: which worker, which generation of its code,
// what it is doing, and where it listens.
func (m *Model) drawStatus(c *canvas) {
	r := m.layout.status
	left := m.statusLine()
	at := r.x + c.putLine(r.x, r.y, r.w, left.spaced())
	for _, addr := range m.addresses() {
		room := rect{at + 1, r.y, r.x + r.w - at - 1, 1}
		if c.putRight(room, styled(plain, addr).spaced()) {
			return
		}
	}
}

// statusLine is "myworker · gen 14 · ready · 7 same · 1 differs".
func (m *Model) statusLine() line {
	w := m.worker()
	if w == nil {
		return styled(bold, "pymode-tui")
	}
	l := line{{truncate(w.label, max(m.w/3, 8)), bold}}
	if n := len(m.session.workers); n > 1 {
		l = append(l, span{fmt.Sprintf(" (of %d)", n), faint})
	}
	if w.generation > 0 {
		l = append(l, span{" · ", faint}, span{"gen " + strconv.Itoa(w.generation), plain})
	}
	l = append(l, span{" · ", faint}, span{m.stateText(w), stateRole(w.state)})
	l = append(l, m.session.testLine(w)...)
	for _, measure := range []trend.Measure{trend.Time, trend.Memory} {
		const least = 13 // cells that are left for the address, ":8787", and the corners
		room := m.w - l.width() - least
		rise := riseLine(w, measure, room)
		if rise == nil {
			continue
		}
		if rise.width() > room {
			rise = styled(caution, "▲ "+[...]string{trend.Time: "slower", trend.Memory: "larger"}[measure])
		}
		return append(append(l, span{" · ", faint}), rise...)
	}
	return l
}

// stateText says what a worker is doing.
func (m *Model) stateText(w *worker) string {
	if p := m.session.progress; p != nil {
		return fmt.Sprintf("building the runtime %.0f %%", p.Percent)
	}
	switch w.state {
	case "":
		return "starting"
	case runtime.StateBuilding:
		return "building the runtime"
	}
	return cleanLine(string(w.state))
}

func stateRole(s runtime.State) role {
	switch s {
	case runtime.StateReady:
		return good
	case runtime.StateImportFailed:
		return bad
	case runtime.StateClosed:
		return faint
	}
	return caution
}

// addresses is where the workers listen, in forms from long to short.
func (m *Model) addresses() []string {
	if m.options.Addr == nil {
		return nil
	}
	addr := cleanLine(m.options.Addr())
	if addr == "" {
		return nil
	}
	forms := []string{addr}
	if _, host, ok := strings.Cut(addr, "://"); ok {
		forms = append(forms, host)
	}
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		forms = append(forms, addr[i:])
	}
	return forms
}

// drawFooter draws the last line: a message, or the keys that matter; and what
// the current request used of its budgets.
func (m *Model) drawFooter(c *canvas) {
	r := m.layout.footer
	if m.flash.text != "" {
		c.putLine(r.x, r.y, r.w, styled(m.flash.role, m.flash.text).spaced())
		return
	}
	used := m.used()
	hints := m.hints(r.w, leastHints)
	if used != nil { // fewer keys, so that both fit
		hints = m.hints(r.w-used.width()-3, leastHints)
	}
	at := r.x + c.putLine(r.x, r.y, r.w, hints.spaced())
	if used != nil {
		c.putRight(rect{at + 1, r.y, r.x + r.w - at - 1, 1}, used.spaced())
	}
}

// leastHints is how many keys the footer names even if there is no room for
// anything else.
const leastHints = 3

// hints lists keys as far as they fit: "r replay · / filter · ? help". The last
// one stays: it leads to all others. At least so many are left.
func (m *Model) hints(w, least int) line {
	bindings := m.footerKeys()
	for {
		var l line
		for i, b := range bindings {
			if i > 0 {
				l = append(l, span{" · ", faint})
			}
			h := b.Help()
			l = append(l, span{h.Key, keycap}, span{" " + h.Desc, plain})
		}
		if len(bindings) <= least || l.width()+2 <= w {
			return l
		}
		bindings = append(bindings[:len(bindings)-2:len(bindings)-2], bindings[len(bindings)-1])
	}
}

// used is "22 of 128 MB · 11 ms of 30 s" for the current request.
func (m *Model) used() line {
	x := m.requests.current()
	if x == nil || m.session.building() || m.focus.alone() || !m.layout.strip[memoryCell].empty() {
		return nil // the strip says so, where it is shown
	}
	part := func(m meter) span {
		switch share := m.share(); {
		case share >= 1:
			return span{m.text + " !!", bad}
		case share >= 0.8:
			return span{m.text + " !", caution}
		}
		return span{m.text, faint}
	}
	return line{part(x.memoryMeter()), {" · ", faint}, part(x.cpuMeter())}
}
