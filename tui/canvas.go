package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// rect is a rectangle of cells. One with no width or height is nowhere.
type rect struct{ x, y, w, h int }

func (r rect) empty() bool { return r.w <= 0 || r.h <= 0 }

func (r rect) contains(x, y int) bool {
	return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h
}

// inset returns r without dx columns left and right and dy rows above and below.
func (r rect) inset(dx, dy int) rect {
	return rect{r.x + dx, r.y + dy, max(r.w-2*dx, 0), max(r.h-2*dy, 0)}
}

// The directions in which a box drawing character reaches.
const (
	reachUp uint8 = 1 << iota
	reachDown
	reachLeft
	reachRight
)

// boxGlyphs is indexed by the directions of a cell.
var boxGlyphs = [16]string{
	" ", "│", "│", "│",
	"─", "┘", "┐", "┤",
	"─", "└", "┌", "├",
	"─", "┴", "┬", "┼",
}

// cell is one column of one row. The second column of a wide character has no
// text and no width.
type cell struct {
	text  string
	role  role
	width uint8
	reach uint8 // of box drawing, 0 for text
}

// canvas is a screen of cells. Everything drawn outside of it is cut, so that
// the frame has exactly its size whatever is drawn. Borders that meet join.
type canvas struct {
	w, h  int
	cells []cell
	theme *theme

	windows []rect // that lie over everything else
}

// reset makes the canvas w by h blank cells.
func (c *canvas) reset(w, h int) {
	c.w, c.h = max(w, 0), max(h, 0)
	if n := c.w * c.h; cap(c.cells) < n {
		c.cells = make([]cell, n)
	} else {
		c.cells = c.cells[:n]
	}
	c.windows = c.windows[:0]
	c.blank(rect{0, 0, c.w, c.h})
}

// blank empties a rectangle.
func (c *canvas) blank(r rect) {
	for y := max(r.y, 0); y < min(r.y+r.h, c.h); y++ {
		for x := max(r.x, 0); x < min(r.x+r.w, c.w); x++ {
			c.set(x, y, " ", 1, plain)
		}
	}
}

// set writes one character. Where it covers half of a wide character, the
// other half becomes a space.
func (c *canvas) set(x, y int, text string, width int, role role) {
	row := c.cells[y*c.w : (y+1)*c.w]
	if row[x].width == 0 && x > 0 && row[x-1].width == 2 {
		row[x-1] = cell{text: " ", width: 1, role: row[x-1].role}
	}
	if last := x + width - 1; row[last].width == 2 && last+1 < c.w {
		row[last+1] = cell{text: " ", width: 1, role: row[last].role}
	}
	row[x] = cell{text: text, width: uint8(width), role: role}
	if width == 2 {
		row[x+1] = cell{role: role}
	}
}

// put writes text at (x, y), at most w cells of it, and returns how many it
// wrote. Text is expected to be clean; a control character that got here
// nevertheless is shown as U+FFFD, since it must never reach the terminal.
func (c *canvas) put(x, y, w int, text string, role role) int {
	if y < 0 || y >= c.h || x < 0 {
		return 0
	}
	limit := min(x+w, c.w)
	at := x
	for len(text) > 0 && at < limit {
		if asciiNext(text) {
			shown := text[:1]
			if text[0] < 0x20 || text[0] == 0x7f {
				shown = "�"
			}
			c.set(at, y, shown, 1, role)
			at++
			text = text[1:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		text = text[len(cluster):]
		switch {
		case width < 1:
			continue
		case width > 2 || cluster[0] < 0x20 || cluster[0] == 0xc2 && cluster[1] < 0xa0:
			cluster, width = "�", 1
		case at+width > limit: // half a character does not fit
			c.set(at, y, " ", 1, role)
			return at + 1 - x
		}
		c.set(at, y, cluster, width, role)
		at += width
	}
	return at - x
}

// putLine writes a styled line at (x, y), at most w cells of it, and returns
// how many it wrote. A line that does not fit ends in "…".
func (c *canvas) putLine(x, y, w int, l line) int {
	if w <= 0 {
		return 0
	}
	at := 0
	for i, s := range l {
		n := c.put(x+at, y, w-at, s.text, s.role)
		at += n
		if n < textWidth(s.text) || at == w && l[i+1:].width() > 0 {
			c.put(x+w-1, y, 1, "…", s.role)
			return w
		}
	}
	return at
}

// putRight writes a line that ends where r ends, if it fits in r.
func (c *canvas) putRight(r rect, l line) bool {
	w := l.width()
	if w > r.w {
		return false
	}
	c.putLine(r.x+r.w-w, r.y, w, l)
	return true
}

// join adds box drawing to a cell: what is there already and what is new meet.
func (c *canvas) join(x, y int, reach uint8, role role) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return
	}
	reach |= c.cells[y*c.w+x].reach
	c.set(x, y, boxGlyphs[reach], 1, role)
	c.cells[y*c.w+x].reach = reach
}

// box draws the border of a rectangle, which lies just inside of it.
func (c *canvas) box(r rect, role role) {
	if r.w < 2 || r.h < 2 {
		return
	}
	right, bottom := r.x+r.w-1, r.y+r.h-1
	for x := r.x + 1; x < right; x++ {
		c.join(x, r.y, reachLeft|reachRight, role)
		c.join(x, bottom, reachLeft|reachRight, role)
	}
	for y := r.y + 1; y < bottom; y++ {
		c.join(r.x, y, reachUp|reachDown, role)
		c.join(right, y, reachUp|reachDown, role)
	}
	c.join(r.x, r.y, reachDown|reachRight, role)
	c.join(right, r.y, reachDown|reachLeft, role)
	c.join(r.x, bottom, reachUp|reachRight, role)
	c.join(right, bottom, reachUp|reachLeft, role)
}

// window draws an empty box with a title over whatever is there.
func (c *canvas) window(r rect, title string) {
	c.blank(r)
	c.box(r, borderFocus)
	c.putLine(r.x+2, r.y, r.w-4, styled(titleFocus, title).spaced())
	c.windows = append(c.windows, r)
}

// String renders the canvas: h lines of exactly w cells, each ending without
// a style.
func (c *canvas) String() string {
	var out strings.Builder
	out.Grow(c.w*c.h*2 + c.h*32)
	for y := range c.h {
		if y > 0 {
			out.WriteByte('\n')
		}
		current := ""
		for _, cell := range c.cells[y*c.w : (y+1)*c.w] {
			if cell.width == 0 {
				continue
			}
			if sgr := c.theme[cell.role]; sgr != current {
				if current != "" {
					out.WriteString(ansi.ResetStyle)
				}
				out.WriteString(sgr)
				current = sgr
			}
			out.WriteString(cell.text)
		}
		if current != "" {
			out.WriteString(ansi.ResetStyle)
		}
	}
	return out.String()
}
