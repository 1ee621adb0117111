package tui

import (
	"pymode-tui/runtime"
	"pymode-tui/trend"

	tea "charm.land/bubbletea/v2"
)

// budgetsPane is what the strip at the bottom says, with room for it: what requests took
// of time, memory and CPU time, and what the import of the code cost. It is also where
// screens without a strip have that.
type budgetsPane struct {
	session *session
	keys    *keymap
	worker  *worker
	current *exchange
	offset  int // the first row shown
	w, h    int
}

func newBudgetsPane(s *session, keys *keymap) *budgetsPane {
	return &budgetsPane{session: s, keys: keys}
}

// show makes a worker and one of its requests what the pane is about.
func (p *budgetsPane) show(w *worker, current *exchange) {
	p.worker, p.current = w, current
	if current != nil && (w == nil || current.worker != w.name) {
		p.current = nil
	}
}

func (p *budgetsPane) heading() (title, note line) {
	title = styled(plain, "Budgets")
	if p.worker == nil {
		return title, nil
	}
	if n := len(p.session.history(p.worker)); n > 0 {
		note = styled(faint, "last "+plural(n, "request"))
	}
	return title, note
}

// lines are all that there is to see.
func (p *budgetsPane) lines() []line {
	const words = 11 // rows that are not charts', of three charts and the first imports
	if p.worker == nil {
		return []line{styled(faint, "no worker yet")}
	}
	rows := min(max((p.h-words)/3, 2), 8)
	history := p.session.history(p.worker)
	var lines []line
	part := func(name string, said line, columns []sample, full float64) {
		lines = append(lines, append(line{{pad(name, 8), heading}}, said...))
		if columns != nil {
			lines = append(lines, chart(columns, full, p.w, rows)...)
		}
		lines = append(lines, nil)
	}
	columns, full, said, highest := timeHistory(history)
	if columns == nil {
		said = styled(faint, "no requests yet")
	} else {
		said = append(said, span{" · at most " + formatMicros(highest), faint})
		if rise := riseLine(p.worker, trend.Time, p.w); rise != nil {
			said = append(append(said, span{" · ", faint}), rise...)
		}
	}
	part("Time", said, columns, full)
	rises := [2]line{riseLine(p.worker, trend.Memory, p.w)}
	for i, b := range budgets() {
		if len(history) == 0 {
			part(b.name, styled(faint, "no requests yet"), nil, 0)
			continue
		}
		columns, full, highest := b.history(history)
		said := line(nil)
		if p.current != nil {
			m := b.meter(p.current)
			said = append(bar(b.share(p.current), barWidth, budgetRole(b.share(p.current))), span{" " + m.text, plain}, span{" · ", faint})
		}
		switch {
		case p.current != nil && b.stopped(p.current):
			said = append(said, span{"stopped" + stoppedAt(p.current.result.Error), bad})
		case rises[i] != nil:
			said = append(said, rises[i]...)
		default:
			said = append(said, span{"at most " + highest.text, faint})
		}
		part(b.name, said, columns, full)
	}
	said = line{{formatCount(p.worker.moduleCount) + " imported", plain}}
	if p.worker.importCPU > 0 {
		said = append(said, span{" · " + formatMicros(p.worker.importCPU) + " of " + formatLimit(runtime.PlatformImportLimit) + " CPU", faint})
	}
	lines = append(lines, append(line{{pad("Imports", 8), heading}}, said...))
	return append(lines, importLines(p.worker, min(p.w, 64), shownImports)...)
}

func (p *budgetsPane) key(msg tea.KeyPressMsg) bool {
	rows, ok := p.keys.movement(msg, p.h)
	if ok {
		p.scroll(rows)
	}
	return ok
}

func (p *budgetsPane) scroll(rows int) {
	p.offset = max(min(p.offset+rows, len(p.lines())-p.h), 0)
}

func (p *budgetsPane) click(int) {}

func (p *budgetsPane) resize(w, h int) {
	p.w, p.h = w, h
	p.scroll(0)
}

func (p *budgetsPane) draw(c *canvas, body rect, _ bool) {
	lines := p.lines()
	for i := range min(body.h, len(lines)-p.offset) {
		c.putLine(body.x, body.y+i, body.w, lines[p.offset+i])
	}
}
