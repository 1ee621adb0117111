package tui

// picker is a list of which one row is chosen.
type picker[T any] struct {
	rows          []T
	index, offset int
	h             int
}

// set replaces the rows; the choice stays on its number.
func (p *picker[T]) set(rows []T) {
	p.rows = rows
	p.move(0)
}

// chosen returns the chosen row.
func (p *picker[T]) chosen() (row T, ok bool) {
	if p.index >= len(p.rows) {
		return row, false
	}
	return p.rows[p.index], true
}

func (p *picker[T]) move(rows int) {
	p.index = max(min(p.index+rows, len(p.rows)-1), 0)
	p.offset = min(p.offset, p.index)
	p.offset = max(p.offset, p.index-max(p.h, 1)+1, 0)
	p.offset = max(min(p.offset, len(p.rows)-p.h), 0)
}

// atEnd reports whether the last row is chosen.
func (p *picker[T]) atEnd() bool { return p.index == len(p.rows)-1 }

func (p *picker[T]) click(row int) {
	if row >= 0 && p.offset+row < len(p.rows) {
		p.index = p.offset + row
	}
}

func (p *picker[T]) resize(h int) {
	p.h = h
	p.move(0)
}

// draw draws each row: what is left, and what is right of it where there is room.
func (p *picker[T]) draw(c *canvas, body rect, of func(T) (left, right line)) {
	for i := range min(body.h, len(p.rows)-p.offset) {
		left, right := of(p.rows[p.offset+i])
		y := body.y + i
		if p.offset+i == p.index {
			c.put(body.x, y, 1, "●", titleFocus)
			left = recolor(left, plain, selection)
		}
		room := body.w - 2
		if w := right.width(); w > 0 && w < room/2 {
			c.putRight(rect{body.x, y, body.w, 1}, right)
			room -= w + 1
		}
		c.putLine(body.x+2, y, room, left)
	}
}
