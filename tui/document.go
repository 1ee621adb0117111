package tui

import "sort"

// document is what the detail shows: lines that are there, and a body whose lines are
// made when they are seen. Places in it are positions: a line, and a row of what that
// is wrapped to. Nothing here takes longer for a longer document, but for a search.
type document struct {
	head []line
	body source // nil for none
	w    int

	top    position
	cursor int // a line, which keys fold; only where something can be folded
	h      int // how many rows are seen

	needle string // small letters, "" for no search
	hits   []int  // lines with it
}

func (d *document) size() int {
	if d.body == nil {
		return len(d.head)
	}
	return len(d.head) + d.body.size()
}

func (d *document) line(i int) line {
	if i < len(d.head) {
		return d.head[i]
	}
	return d.body.line(i - len(d.head))
}

// rows is a line, wrapped.
func (d *document) rows(i int) []line {
	l := d.line(i).mark(d.needle)
	return l.wrap(d.w, min(l.indent()+2, d.w/3))
}

// tree is the body as something to be folded, nil where it is not.
func (d *document) tree() *jsonBody {
	t, _ := d.body.(*jsonBody)
	return t
}

// next returns the line that is shown after line i.
func (d *document) next(i int) int {
	if t := d.tree(); t != nil && i >= len(d.head) {
		return len(d.head) + t.after(i-len(d.head))
	}
	return i + 1
}

// previous returns the line that is shown before line i, -1 at the top.
func (d *document) previous(i int) int {
	i--
	if t := d.tree(); t != nil && i >= len(d.head) && i < d.size() {
		return len(d.head) + t.shown(i-len(d.head))
	}
	return i
}

// forward returns the position n rows after another, at most the end.
func (d *document) forward(at position, n int) position {
	for n > 0 && at.seq < d.size() {
		left := len(d.rows(at.seq)) - at.row
		if n < left {
			return position{at.seq, at.row + n}
		}
		at, n = position{d.next(at.seq), 0}, n-left
	}
	return at
}

// back returns the position n rows before another, at least the beginning.
func (d *document) back(at position, n int) position {
	for n > 0 {
		if at.row > 0 {
			step := min(at.row, n)
			at.row, n = at.row-step, n-step
			continue
		}
		before := d.previous(at.seq)
		if before < 0 {
			return position{}
		}
		at = position{before, len(d.rows(before))}
	}
	return at
}

// before reports whether one position is above another.
func (p position) before(q position) bool {
	return p.seq < q.seq || p.seq == q.seq && p.row < q.row
}

// settle keeps the top where there is still a page to see, and the cursor on it.
func (d *document) settle() {
	if d.size() == 0 {
		d.top, d.cursor = position{}, 0
		return
	}
	if t := d.tree(); t != nil {
		for _, at := range []*int{&d.top.seq, &d.cursor} {
			if *at >= len(d.head) && *at < d.size() {
				*at = len(d.head) + t.shown(*at-len(d.head))
			}
		}
	}
	if last := d.back(position{d.size(), 0}, d.h); last.before(d.top) {
		d.top = last
	}
	if d.top.seq < d.size() {
		d.top.row = min(d.top.row, len(d.rows(d.top.seq))-1)
	}
	d.cursor = min(max(d.cursor, d.top.seq), d.previous(d.size()))
	if end := d.forward(d.top, d.h-1); end.seq < d.cursor {
		d.cursor = end.seq
	}
}

// scroll moves the page by rows. Where there is a cursor, single rows move that.
func (d *document) scroll(rows int) {
	if d.tree() != nil && (rows == 1 || rows == -1) {
		d.step(rows)
		return
	}
	if rows > 0 {
		if rows >= everything {
			d.top, d.cursor = d.back(position{d.size(), 0}, d.h), d.size()
		} else {
			d.top = d.forward(d.top, rows)
		}
	} else if -rows >= everything {
		d.top, d.cursor = position{}, 0
	} else {
		d.top = d.back(d.top, -rows)
	}
	d.settle()
}

// step moves the cursor by a line, and the page as far as it takes.
func (d *document) step(lines int) {
	to := d.next(d.cursor)
	if lines < 0 {
		to = d.previous(d.cursor)
	}
	if to < 0 || to >= d.size() {
		d.settle()
		return
	}
	d.cursor = to
	d.see(to)
}

// see scrolls as little as it takes to show all of a line.
func (d *document) see(i int) {
	if i <= d.top.seq {
		d.top = position{i, 0}
	}
	if first := d.back(position{d.next(i), 0}, d.h); d.top.before(first) && first.seq <= i {
		d.top = first
	}
	d.settle()
}

// search looks for a text anew; "" ends the search.
func (d *document) search(needle string) {
	d.needle, d.hits = string(lowerASCII([]byte(needle))), nil
	if needle == "" {
		return
	}
	d.hits = lineBody(d.head).find(d.needle)
	if d.body != nil {
		for _, i := range d.body.find(d.needle) {
			d.hits = append(d.hits, len(d.head)+i)
		}
	}
}

// hit is the number of the first found line from a line on, len(hits) if there is
// none.
func (d *document) hit(from int) int { return sort.SearchInts(d.hits, from) }

// visit goes to the found line of a number, counted round.
func (d *document) visit(n int) {
	if len(d.hits) == 0 {
		return
	}
	at := d.hits[(n%len(d.hits)+len(d.hits))%len(d.hits)]
	if t := d.tree(); t != nil && at >= len(d.head) {
		t.reveal(at - len(d.head))
	}
	d.cursor = at
	if end := d.forward(d.top, d.h-1); at < d.top.seq || at >= end.seq { // off the page: to its upper third
		d.top = d.back(position{at, 0}, d.h/3)
	}
	d.see(at)
}

// below is how many rows there are below the page; of a long document, lines.
func (d *document) below() int {
	const counted = 500
	end := d.forward(d.top, d.h)
	if end.seq >= d.size() {
		return 0
	}
	if d.size()-end.seq > counted {
		return d.size() - end.seq
	}
	rows := -end.row
	for i := end.seq; i < d.size(); i = d.next(i) {
		rows += len(d.rows(i))
	}
	return rows
}

// draw draws the page; a mark beside the cursor's line, where there is one.
func (d *document) draw(c *canvas, body rect, marked bool) {
	y, at := body.y, d.top
	for at.seq < d.size() && y < body.y+body.h {
		if marked && at.seq == d.cursor && at.row == 0 {
			c.put(body.x-1, y, 1, "›", titleFocus)
		}
		for _, row := range d.rows(at.seq)[at.row:] {
			if y < body.y+body.h {
				c.putLine(body.x, y, body.w, row)
				y++
			}
		}
		at = position{d.next(at.seq), 0}
	}
}
