package tui

import (
	"fmt"
	"strings"
	"testing"
)

// TestBordersJoin draws screens of all widths from 20 to 250 and heights from 6 to
// 80, with borders moved anywhere, and looks at each piece of a border: where it
// reaches to another piece, that one reaches back. Windows lie over all that.
func TestBordersJoin(t *testing.T) {
	scenes := []func(*console){
		func(*console) {},
		func(c *console) { c.Press("z") },
		func(c *console) { c.Press("z", "?") },
		func(c *console) { c.Press("?", ":") },
		func(c *console) { c.Press("esc", "5") },
		func(c *console) { c.Press("1", "/", "esc", ">", ">", "3", "<", "+", "4") },
		func(c *console) { c.Press("2", "-", "-", "-", "-", "<", "<", "<", "<") },
		func(c *console) { c.Press("=", "1") },
	}
	c := newConsole(t).Events(story()...)
	for i := range 231 * len(scenes) {
		w, h := 20+i%231, 6+(i*37)%75
		if i%231 == 0 {
			scenes[i/231](c)
		}
		c.Resize(w, h)
		checkFrame(t, c)
		checkBorders(t, &c.model.canvas)
		if t.Failed() {
			t.Fatalf("scene %d at %d×%d:\n%s", i/231, w, h, strings.Join(c.Rows(), "\n"))
		}
	}
}

// checkBorders looks at the cells of a canvas that was drawn.
func checkBorders(t *testing.T, c *canvas) {
	t.Helper()
	at := func(x, y int) (reach uint8, text bool) {
		if x < 0 || y < 0 || x >= c.w || y >= c.h {
			return 0, false
		}
		reach = c.cells[y*c.w+x].reach
		return reach, reach == 0
	}
	for y := range c.h {
		for x := range c.w {
			reach, _ := at(x, y)
			if reach != 0 && c.cells[y*c.w+x].text != boxGlyphs[reach] {
				t.Errorf("%d, %d shows %q", x, y, c.cells[y*c.w+x].text)
			}
			for _, side := range []struct {
				out, back uint8
				dx, dy    int
			}{{reachLeft, reachRight, -1, 0}, {reachRight, reachLeft, 1, 0}, {reachUp, reachDown, 0, -1}, {reachDown, reachUp, 0, 1}} {
				if reach&side.out == 0 || over(c, x, y) != over(c, x+side.dx, y+side.dy) {
					continue
				}
				// A title may stand on a border; nothing else may.
				if other, text := at(x+side.dx, y+side.dy); !text && other&side.back == 0 {
					t.Errorf("%d, %d reaches to %s, which does not reach back", x, y, fmt.Sprint(x+side.dx, ", ", y+side.dy))
				}
			}
		}
	}
}

// over is the number of the window that a cell is of, 0 for none.
func over(c *canvas, x, y int) int {
	n := 0
	for i, r := range c.windows {
		if r.contains(x, y) {
			n = i + 1
		}
	}
	return n
}
