package tui

import (
	"strconv"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/trend"
)

// historySize is how many requests the history of memory and CPU time shows.
const historySize = 100

// shownImports is how many modules are kept of an import: the most expensive.
const shownImports = 16

// moduleCost is what a module cost when it was imported.
type moduleCost struct {
	name   string // clean
	self   int64  // µs of CPU time
	memory int64  // bytes
}

// imported takes in what an import cost.
func (s *session) imported(e runtime.Imported) {
	w := s.worker(e.Worker)
	w.modules, w.moduleCount = nil, len(e.Imports)
	for _, i := range e.Imports[:min(len(e.Imports), shownImports)] {
		w.modules = append(w.modules, moduleCost{name: cleanLine(i.Name), self: i.Self, memory: i.Memory})
	}
}

// budget is one of the two that a request has.
type budget struct {
	name  string
	kind  runtime.FailureKind // of a request that it stopped
	meter func(*exchange) meter
	whole bool // whether a full column of the history is the limit, or the most in it
}

func budgets() [2]budget {
	return [2]budget{
		{name: "Memory", kind: runtime.FailureMemory, whole: true, meter: (*exchange).memoryMeter},
		{name: "CPU", kind: runtime.FailureCPU, meter: (*exchange).cpuMeter},
	}
}

func (x *exchange) memoryMeter() meter {
	return meter{used: x.memory, limit: x.limits.Memory, text: formatShare(x.memory, x.limits.Memory)}
}

func (x *exchange) cpuMeter() meter {
	limit := time.Duration(x.limits.CPU) * time.Microsecond
	return meter{used: x.cpu, limit: x.limits.CPU, text: formatMicros(x.cpu) + " of " + formatLimit(limit)}
}

// stopped reports whether the budget ended a request.
func (b *budget) stopped(x *exchange) bool {
	return x.result != nil && x.result.Error != nil && x.result.Error.Kind == b.kind
}

// share is what a request used of the budget; one that was stopped used it up,
// also where what it wanted last was refused as a whole.
func (b *budget) share(x *exchange) float64 {
	if b.stopped(x) {
		return 1
	}
	return b.meter(x).share()
}

// history lists the newest requests of a worker, the newest last.
func (s *session) history(w *worker) []*exchange {
	var found []*exchange
	for seq := s.exchanges.end() - 1; seq >= s.exchanges.first && len(found) < historySize; seq-- {
		if x := *s.exchanges.at(seq); x.worker == w.name {
			found = append(found, x)
		}
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

// history is the columns of requests, of which there are some, what a column of full
// height stands for, and the most that any of them used.
func (b *budget) history(requests []*exchange) (columns []sample, full float64, highest meter) {
	highest = b.meter(requests[0])
	for i, x := range requests {
		share := b.share(x)
		columns = append(columns, sample{share: share, role: budgetRole(share), first: i > 0 && x.generation != requests[i-1].generation})
		full = max(full, share)
		if m := b.meter(x); m.used > highest.used {
			highest = m
		}
	}
	if b.whole {
		full = 1
	}
	return columns, full, highest
}

// lines draws the budget in w columns: its history, what the current request
// used, and what stopped it, that it rose, or the most that any used.
func (b *budget) lines(current *exchange, history []*exchange, rise line, w int) []line {
	if current == nil || len(history) == 0 {
		return []line{styled(faint, "no requests yet")}
	}
	columns, full, highest := b.history(history)
	m, share := b.meter(current), b.share(current)
	role := budgetRole(share)
	text := span{m.text, plain}
	if role != gauge {
		text.role = role
	}
	var now line
	if cells := w - textWidth(m.text) - 1; cells >= 5 {
		now = append(bar(share, min(cells, barWidth), role), span{" ", plain})
	}
	last := styled(faint, "at most "+highest.text)
	if b.stopped(current) {
		last = styled(bad, "stopped"+stoppedAt(current.result.Error))
	} else if share >= 1 {
		last = styled(bad, "limit reached")
	} else if share >= 0.8 {
		last = styled(caution, "near the limit")
	} else if rise != nil {
		last = rise
	}
	return []line{sparkline(columns, full, w), append(now, text), last}
}

// stoppedAt is the line of Python that was running: " at src/entry.py:7 while True: pass".
func stoppedAt(f *runtime.Failure) string {
	if len(f.Traceback) == 0 {
		return " by the limit"
	}
	frame := f.Traceback[len(f.Traceback)-1]
	text := " at " + cleanLine(frame.File) + ":" + strconv.Itoa(frame.Line)
	if frame.Text != "" {
		text += "  " + cleanLine(frame.Text)
	}
	return text
}

// importLines lists the modules that an import of the worker paid for, with their
// own CPU time.
func importLines(w *worker, width, rows int) []line {
	if len(w.modules) == 0 {
		return []line{styled(faint, "nothing is imported yet")}
	}
	var lines []line
	for _, m := range w.modules[:min(len(w.modules), rows)] {
		cost := formatMicros(m.self)
		if m.memory > 0 && width >= 34 {
			cost = formatBytes(m.memory) + "  " + pad("", 7-textWidth(cost)) + cost
		}
		room := max(width-textWidth(cost)-1, 0)
		lines = append(lines, line{{pad(truncate(m.name, room), room), plain}, {" " + cost, faint}})
	}
	return lines
}

// importNote is what the import cost as a whole, against what the platform gives
// it: "31 ms of 1 s".
func importNote(w *worker) line {
	if w.importCPU == 0 {
		return nil
	}
	m := meter{used: w.importCPU, limit: runtime.PlatformImportLimit.Microseconds()}
	text := formatMicros(w.importCPU) + " of " + formatLimit(runtime.PlatformImportLimit)
	switch share := m.share(); {
	case share >= 1:
		return styled(bad, text+" !!")
	case share >= 0.8:
		return styled(caution, text+" !")
	}
	return styled(faint, text)
}

// drawBudgets draws the strip at the bottom, where there is one: the modules that
// were imported, the time that requests took, memory and CPU time.
func (m *Model) drawBudgets(c *canvas) {
	w := m.worker()
	cells := m.layout.strip
	if w == nil || cells[timeCell].empty() {
		return
	}
	current := m.requests.current()
	if current != nil && current.worker != w.name {
		current = nil
	}
	history := m.session.history(w)
	if cell := cells[importsCell]; !cell.empty() {
		title := styled(plain, "Imports")
		note := importNote(w)
		if count := (span{" " + formatCount(w.moduleCount), faint}); w.moduleCount > 0 && title.width()+textWidth(count.text)+note.width()+4 <= cell.w+1 {
			title = append(title, count) // what it cost comes first
		}
		drawStripCell(c, cell, title, note, importLines(w, cell.w, cell.h))
	}
	note := line(nil)
	if len(history) > 0 {
		note = styled(faint, "last "+formatCount(len(history)))
	}
	drawStripCell(c, cells[timeCell], styled(plain, "Time"), note, timeLines(w, history, cells[timeCell].w))
	rises := [2]line{riseLine(w, trend.Memory, cells[memoryCell].w)}
	for i, b := range budgets() {
		cell := cells[memoryCell+i]
		drawStripCell(c, cell, styled(plain, b.name), note, b.lines(current, history, rises[i], cell.w))
	}
}

// drawStripCell draws a part of the strip, with its title on the border above.
func drawStripCell(c *canvas, r rect, name, note line, rows []line) {
	at := r.x - 1 + c.putLine(r.x-1, r.y-1, r.w, recolor(name.spaced(), plain, title))
	if note.width() > 0 {
		c.putRight(rect{at, r.y - 1, r.x + r.w - at, 1}, note.spaced())
	}
	for i, row := range rows[:min(len(rows), r.h)] {
		c.putLine(r.x, r.y+i, r.w, row)
	}
}
