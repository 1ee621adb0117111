package tui

// helpOverlay lists all keys, over whatever else is on the screen.
type helpOverlay struct {
	keys   *keymap
	offset int // the first row shown
	hidden int // how many rows there are below, at most
}

func newHelpOverlay(keys *keymap) *helpOverlay { return &helpOverlay{keys: keys} }

func (o *helpOverlay) scroll(rows int) { o.offset = max(min(o.offset+rows, o.hidden), 0) }

// draw draws the help in the middle of area: in two columns where they fit.
func (o *helpOverlay) draw(c *canvas, area rect) {
	const gap = 3
	l, r := o.keys.scopes()
	left, right := column(l), column(r)
	wl, wr := widest(left), widest(right)
	rows := make([]line, max(len(left), len(right)))
	w := wl + gap + wr
	if w+4 > area.w {
		rows, w = append(append(left, nil), right...), max(wl, wr)
	} else {
		for i := range rows {
			if i < len(left) {
				rows[i] = left[i]
			}
			if i < len(right) {
				space := span{pad("", wl+gap-rows[i].width()), plain}
				rows[i] = append(append(rows[i][:len(rows[i]):len(rows[i])], space), right[i]...)
			}
		}
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

// column lays out scopes below each other.
func column(scopes []scope) []line {
	var lines []line
	for _, s := range scopes {
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, styled(heading, s.name))
		for _, b := range s.bindings {
			h := b.Help()
			lines = append(lines, line{{"  " + pad(h.Key, 10), keycap}, {h.Desc, plain}})
		}
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
