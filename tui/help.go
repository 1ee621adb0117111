package tui

// helpOverlay lists all keys, over whatever else is on the screen.
type helpOverlay struct {
	keys   *keymap
	offset int // the first row shown
	hidden int // how many rows there are below, at most
}

func newHelpOverlay(keys *keymap) *helpOverlay { return &helpOverlay{keys: keys} }

func (o *helpOverlay) scroll(rows int) { o.offset = max(min(o.offset+rows, o.hidden), 0) }

// draw draws the help in the middle of area, in as many columns as fit.
func (o *helpOverlay) draw(c *canvas, area rect) {
	const gap = 3
	var columns [][]line
	w := 0
	for n := 3; n > 0; n-- {
		columns, w = columnsOf(o.keys.scopes(), n), -gap
		for _, lines := range columns {
			w += gap + widest(lines)
		}
		if w+4 <= area.w {
			break
		}
	}
	height := 0
	for _, lines := range columns {
		height = max(height, len(lines))
	}
	rows := make([]line, height)
	at := 0
	for _, lines := range columns {
		for i, l := range lines {
			rows[i] = append(append(rows[i], span{pad("", at-rows[i].width()), plain}), l...)
		}
		at += widest(lines) + gap
	}
	box := rect{w: min(w+4, area.w), h: min(len(rows)+2, area.h)}
	box.x, box.y = area.x+(area.w-box.w)/2, area.y+(area.h-box.h)/2
	if box.w < 6 || box.h < 3 {
		return
	}
	c.window(box, "Keys")
	in := box.inset(2, 1)
	o.hidden = max(len(rows)-in.h, 0)
	o.scroll(0)
	if below := o.hidden - o.offset; below > 0 {
		c.putRight(rect{in.x, box.y + box.h - 1, in.w, 1}, styled(faint, "↓ "+formatCount(below)).spaced())
	}
	for i := range min(in.h, len(rows)-o.offset) {
		c.putLine(in.x, in.y+i, in.w, rows[o.offset+i])
	}
}

// columnsOf lays scopes out below each other in n columns of about one height.
func columnsOf(scopes []scope, n int) [][]line {
	total := 0
	for _, s := range scopes {
		total += len(s.bindings) + 2
	}
	columns := [][]line{nil}
	for _, s := range scopes {
		last := len(columns) - 1
		if len(columns[last]) > 0 && len(columns[last])+len(s.bindings)/2 > total/n && len(columns) < n {
			columns, last = append(columns, nil), last+1
		}
		columns[last] = append(columns[last], column(s, len(columns[last]) > 0)...)
	}
	return columns
}

// column lays out a scope, below another one.
func column(s scope, below bool) []line {
	var lines []line
	if below {
		lines = append(lines, nil)
	}
	lines = append(lines, styled(heading, s.name))
	for _, b := range s.bindings {
		h := b.Help()
		lines = append(lines, line{{"  " + pad(h.Key, 10), keycap}, {h.Desc, plain}})
	}
	return lines
}

func widest(lines []line) int {
	w := 0
	for _, l := range lines {
		w = max(w, l.width())
	}
	return w
}
