package tui

import tea "charm.land/bubbletea/v2"

// pane is one of the console's panes. A pane reads the session and keeps only
// what is its own: where it is scrolled to, what is selected in it.
type pane interface {
	// heading is what the title says: a name, and a note for the right side.
	heading() (name, note line)

	// key handles a key of the pane's, and says whether it was one.
	key(tea.KeyPressMsg) bool

	// scroll moves by rows, down if positive.
	scroll(rows int)

	// click handles a click on a row of the body.
	click(row int)

	// resize tells how large the body is. It comes before draw whenever
	// the size or what is known has changed.
	resize(w, h int)

	// draw draws the body. focused is that keys go to the pane.
	draw(c *canvas, body rect, focused bool)
}

// everything is a movement as far as it goes.
const everything = 1 << 30

// movement turns a movement key into rows; page is the height of the body. The
// ends are as far as it takes.
func (k *keymap) movement(msg tea.KeyPressMsg, page int) (rows int, ok bool) {
	half := max(page/2, 1)
	page = max(page-1, 1)
	switch {
	case matches(msg, k.Down):
		return 1, true
	case matches(msg, k.Up):
		return -1, true
	case matches(msg, k.HalfDown):
		return half, true
	case matches(msg, k.HalfUp):
		return -half, true
	case matches(msg, k.PageDown):
		return page, true
	case matches(msg, k.PageUp):
		return -page, true
	case matches(msg, k.Top):
		return -everything, true
	case matches(msg, k.Bottom):
		return everything, true
	}
	return 0, false
}
