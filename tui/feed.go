package tui

import tea "charm.land/bubbletea/v2"

// feed is a pane of what comes in, the newest last, an entry a few rows. It
// follows until somebody scrolls up.
type feed struct {
	keys   *keymap
	source feedSource
	narrow *exchange // only its entries are shown, if not nil
	scrollState
	wide scrollState // where it was before it was narrowed
	w, h int         // of the body
}

// feedSource is what a feed shows. Entries have sequence numbers, as in a ring.
type feedSource interface {
	bounds() (first, end int)
	shows(seq int, narrow *exchange) bool
	rows(seq, w int, narrow *exchange) []line // of an entry, in w columns
	clear()
	title(narrow *exchange) line
	nothing(narrow *exchange) string // said where there is nothing
}

// scrollState is where the logs are scrolled to.
type scrollState struct {
	paused bool     // not following; top and seen count
	top    position // of the first row shown
	seen   int      // what was the end when it was paused
}

// position is a row of an entry.
type position struct{ seq, row int }

// narrowTo shows only the lines of a request, or with nil all again, where
// they were.
func (p *feed) narrowTo(x *exchange) {
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

// end is the sequence number of the next entry.
func (p *feed) end() int {
	_, end := p.source.bounds()
	return end
}

func (p *feed) follow() { p.scrollState = scrollState{} }

// toggleFollow pauses, or follows again.
func (p *feed) toggleFollow() {
	if p.paused {
		p.follow()
		return
	}
	p.pause()
}

func (p *feed) pause() {
	p.top = p.bottomTop()
	p.paused, p.seen = true, p.end()
}

// next returns the first shown entry from seq on; ok is false if there is none.
func (p *feed) next(seq int) (int, bool) {
	first, end := p.source.bounds()
	for seq = max(seq, first); seq < end; seq++ {
		if p.source.shows(seq, p.narrow) {
			return seq, true
		}
	}
	return 0, false
}

// previous returns the last shown entry before seq; ok is false if there is none.
func (p *feed) previous(seq int) (int, bool) {
	first, end := p.source.bounds()
	for seq = min(seq, end) - 1; seq >= first; seq-- {
		if p.source.shows(seq, p.narrow) {
			return seq, true
		}
	}
	return 0, false
}

// back returns the position n rows before at, and how many rows there were.
func (p *feed) back(at position, n int) (position, int) {
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
func (p *feed) forward(at position, n int) position {
	for {
		seq, ok := p.next(at.seq)
		if !ok {
			return position{p.end(), 0}
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
func (p *feed) bottomTop() position {
	at, _ := p.back(position{p.end(), 0}, p.h)
	return at
}

// rows lays out an entry. One that would fill the pane by itself is cut: a
// larger pane shows more of it.
func (p *feed) rows(seq int) []line {
	rows := p.source.rows(seq, p.w, p.narrow)
	most := max(p.h/2, 3)
	if len(rows) <= most {
		return rows
	}
	cut := len(rows) - most + 1
	return append(rows[:most-1:most-1], styled(faint, "… "+plural(cut, "more row")))
}

func (p *feed) heading() (title, note line) {
	title = p.source.title(p.narrow)
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
func (p *feed) unseen() int {
	if !p.paused {
		return 0
	}
	first, end := p.source.bounds()
	if p.narrow == nil {
		return end - p.seen // those that have gone again as well
	}
	n := 0
	for seq := max(p.seen, first); seq < end; seq++ {
		if p.source.shows(seq, p.narrow) {
			n++
		}
	}
	return n
}

func (p *feed) key(msg tea.KeyPressMsg) bool {
	if rows, ok := p.keys.movement(msg, p.h); ok {
		p.scroll(rows)
		return true
	}
	if matches(msg, p.keys.Clear) {
		p.source.clear()
		p.follow()
		return true
	}
	return false
}

func (p *feed) scroll(rows int) {
	first, end := p.source.bounds()
	most := (end - first) * maxLine // more rows than there can be
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
func (p *feed) resumeAtEnd() {
	end := p.bottomTop()
	if p.top.seq > end.seq || p.top.seq == end.seq && p.top.row >= end.row {
		p.follow()
	}
}

func (p *feed) click(int) {}

func (p *feed) resize(w, h int) {
	if p.w != w || p.h != h { // rows of an entry may have changed
		p.top.row, p.wide.top.row = 0, 0
	}
	p.w, p.h = w, h
}

func (p *feed) draw(c *canvas, body rect, _ bool) {
	at := p.top
	if !p.paused {
		at = p.bottomTop()
	} else if first, _ := p.source.bounds(); at.seq < first {
		at = position{first, 0}
	}
	seq, ok := p.next(at.seq)
	if !ok && body.h > 0 {
		c.putLine(body.x, body.y, body.w, styled(faint, p.source.nothing(p.narrow)))
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

// feedTitle is a feed's name, and what it is narrowed to.
func feedTitle(name string, narrow *exchange) line {
	title := styled(plain, name)
	if narrow != nil {
		title = append(title, span{" of " + narrow.method + " " + truncate(narrow.path, 32), faint})
	}
	return title
}
