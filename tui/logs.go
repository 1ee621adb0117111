package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// logsPane shows the logs, the newest last, long lines wrapped. It follows
// what comes in until somebody scrolls up.
type logsPane struct {
	session *session
	keys    *keymap
	zone    *time.Location
	narrow  *exchange // only its lines are shown, if not nil
	scrollState
	wide scrollState // where it was before it was narrowed
	w, h int         // of the body
}

// scrollState is where the logs are scrolled to.
type scrollState struct {
	paused bool     // not following; top and seen count
	top    position // of the first row shown
	seen   int      // what was the end when it was paused
}

// position is a row of an entry.
type position struct{ seq, row int }

func newLogsPane(s *session, keys *keymap, zone *time.Location) *logsPane {
	return &logsPane{session: s, keys: keys, zone: zone}
}

// narrowTo shows only the lines of a request, or with nil all again, where
// they were.
func (p *logsPane) narrowTo(x *exchange) {
	if x == p.narrow {
		return
	}
	if p.narrow == nil {
		p.wide = p.scrollState
	}
	p.narrow, p.scrollState = x, scrollState{}
	if x == nil {
		p.scrollState = p.wide
	}
}

func (p *logsPane) follow() { p.scrollState = scrollState{} }

// toggleFollow pauses, or follows again.
func (p *logsPane) toggleFollow() {
	if p.paused {
		p.follow()
		return
	}
	p.pause()
}

func (p *logsPane) pause() {
	p.top = p.bottomTop()
	p.paused, p.seen = true, p.session.logs.end()
}

func (p *logsPane) shows(e *logEntry) bool {
	return p.narrow == nil || e.kind == entryLine && e.id == p.narrow.id && e.worker == p.narrow.worker
}

// next returns the first shown entry from seq on; ok is false if there is none.
func (p *logsPane) next(seq int) (int, bool) {
	logs := &p.session.logs
	for seq = max(seq, logs.first); seq < logs.end(); seq++ {
		if p.shows(logs.at(seq)) {
			return seq, true
		}
	}
	return 0, false
}

// previous returns the last shown entry before seq; ok is false if there is none.
func (p *logsPane) previous(seq int) (int, bool) {
	logs := &p.session.logs
	for seq = min(seq, logs.end()) - 1; seq >= logs.first; seq-- {
		if p.shows(logs.at(seq)) {
			return seq, true
		}
	}
	return 0, false
}

// back returns the position n rows before at, and how many rows there were.
func (p *logsPane) back(at position, n int) (position, int) {
	moved := 0
	for moved < n {
		if at.row > 0 {
			step := min(at.row, n-moved)
			at.row, moved = at.row-step, moved+step
			continue
		}
		seq, ok := p.previous(at.seq)
		if !ok {
			break
		}
		at = position{seq, len(p.rows(seq))}
	}
	return at, moved
}

// forward returns the position n rows after at, at most the end.
func (p *logsPane) forward(at position, n int) position {
	for {
		seq, ok := p.next(at.seq)
		if !ok {
			return position{p.session.logs.end(), 0}
		}
		if seq != at.seq {
			at = position{seq, 0}
		}
		if left := len(p.rows(seq)) - at.row; n >= left {
			at, n = position{seq + 1, 0}, n-left
			continue
		}
		at.row += n
		return at
	}
}

// bottomTop is the first row of the last page.
func (p *logsPane) bottomTop() position {
	at, _ := p.back(position{p.session.logs.end(), 0}, p.h)
	return at
}

// rows lays out an entry. One that would fill the pane by itself is cut: a
// larger pane shows more of it.
func (p *logsPane) rows(seq int) []line {
	rows := p.allRows(p.session.logs.at(seq))
	most := max(p.h/2, 3)
	if len(rows) <= most {
		return rows
	}
	cut := len(rows) - most + 1
	return append(rows[:most-1:most-1], styled(faint, "… "+plural(cut, "more row")))
}

func (p *logsPane) allRows(e *logEntry) []line {
	const (
		timeWidth  = len("15:04:05 ")
		levelWidth = 6
		roomy      = 56 // columns from which wrapped rows are indented to the text
	)
	switch e.kind {
	case entryDivider:
		text := " " + truncate(e.text, p.w-6) + " "
		return []line{{{"──", border}, {text, heading}, {strings.Repeat("─", max(p.w-2-textWidth(text), 0)), border}}}
	case entryNotice:
		return line{{e.at.In(p.zone).Format(time.TimeOnly) + " ", faint}, {"note  ", caution}, {e.text, plain}}.wrap(p.w, 2)
	}
	role, text := levelRole(e.level), plain
	if e.level == "debug" {
		text = faint
	}
	level := e.level + strings.Repeat(" ", max(levelWidth-textWidth(e.level), 0))
	indent := 2
	if p.w >= roomy {
		indent = timeWidth + levelWidth
	}
	return line{{e.at.In(p.zone).Format(time.TimeOnly) + " ", faint}, {level, role}, {e.text, text}}.wrap(p.w, indent)
}

func levelRole(level string) role {
	switch level {
	case "warn":
		return caution
	case "error", "crit":
		return bad
	}
	return faint
}

func (p *logsPane) heading() (title, note line) {
	title = styled(plain, "Logs")
	if p.narrow != nil {
		title = append(title, span{" of " + p.narrow.method + " " + truncate(p.narrow.path, 32), faint})
	}
	switch n := p.unseen(); {
	case !p.paused:
		note = styled(faint, "follow")
	case n > 0:
		note = styled(caution, formatCount(n)+" new")
	default:
		note = styled(faint, "paused")
	}
	return title, note
}

// unseen counts what came in since following stopped.
func (p *logsPane) unseen() int {
	if !p.paused {
		return 0
	}
	logs := &p.session.logs
	if p.narrow == nil {
		return logs.end() - p.seen // those that have gone again as well
	}
	n := 0
	for seq := max(p.seen, logs.first); seq < logs.end(); seq++ {
		if p.shows(logs.at(seq)) {
			n++
		}
	}
	return n
}

func (p *logsPane) key(msg tea.KeyPressMsg) bool {
	if rows, ok := p.keys.movement(msg, p.h); ok {
		p.scroll(rows)
		return true
	}
	if matches(msg, p.keys.Clear) {
		p.session.logs.clear()
		p.follow()
		return true
	}
	return false
}

func (p *logsPane) scroll(rows int) {
	logs := &p.session.logs
	most := logs.size * maxLine // more rows than there can be
	if rows < 0 {
		top := p.top
		if !p.paused {
			top = p.bottomTop()
		}
		up, moved := p.back(top, min(-rows, most))
		if moved > 0 && !p.paused {
			p.pause()
		}
		p.top = up
		return
	}
	if !p.paused {
		return
	}
	p.top = p.forward(p.top, min(rows, most))
	p.resumeAtEnd()
}

// resumeAtEnd follows again once the last page is reached.
func (p *logsPane) resumeAtEnd() {
	end := p.bottomTop()
	if p.top.seq > end.seq || p.top.seq == end.seq && p.top.row >= end.row {
		p.follow()
	}
}

func (p *logsPane) click(int) {}

func (p *logsPane) resize(w, h int) {
	if p.w != w || p.h != h { // rows of an entry may have changed
		p.top.row, p.wide.top.row = 0, 0
	}
	p.w, p.h = w, h
}

func (p *logsPane) draw(c *canvas, body rect) {
	at := p.top
	if !p.paused {
		at = p.bottomTop()
	} else if first := p.session.logs.first; at.seq < first {
		at = position{first, 0}
	}
	seq, ok := p.next(at.seq)
	if !ok && body.h > 0 {
		text := "nothing logged yet"
		if p.narrow != nil {
			text = "this request logged nothing"
		}
		c.putLine(body.x, body.y, body.w, styled(faint, text))
		return
	}
	y := body.y
	for ; ok && y < body.y+body.h; seq, ok = p.next(seq + 1) {
		rows := p.rows(seq)
		if seq == at.seq {
			rows = rows[min(at.row, len(rows)):]
		}
		for _, row := range rows {
			if y < body.y+body.h {
				c.putLine(body.x, y, body.w, row)
				y++
			}
		}
	}
}
