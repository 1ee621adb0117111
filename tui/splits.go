package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// divider is a border that can be moved.
type divider int

const (
	topDivider    divider = iota // between requests and detail
	bottomDivider                // between logs and host calls
	rowsDivider                  // between the upper panes and the lower ones
	dividers                     // how many there are
	noDivider     divider = -1
)

// splits say how the panes share the screen, in thousandths of its inner width and
// height, so that they mean the same on every screen. 0 is how it is if nobody moved
// that border.
type splits struct {
	Top    int `json:"top"`    // width of the requests
	Bottom int `json:"bottom"` // width of the logs
	Rows   int `json:"rows"`   // height of the lower panes
}

// The least that a pane is left with, in cells.
const (
	leastWidth  = 16
	leastHeight = 3
)

// left is the width of the requests in w columns. What is read gets the room: if
// nobody says otherwise, the detail is wider than the list.
func (s splits) left(w int) int {
	if s.Top == 0 {
		return min(w*48/100, 76)
	}
	return shareOf(s.Top, w, leastWidth)
}

// below is the width of the logs in w columns. If nobody says otherwise the border goes
// on below the one between the upper panes: two that are some columns apart look like
// a mistake.
func (s splits) below(w int) int {
	if s.Bottom == 0 {
		return splits{}.left(w)
	}
	return shareOf(s.Bottom, w, leastWidth)
}

// rows is the height of the logs in h rows.
func (s splits) rows(h int) int {
	if s.Rows == 0 {
		return max(h*32/100, 5)
	}
	return shareOf(s.Rows, h, leastHeight)
}

// shareOf is a share of cells of which one is the border itself.
func shareOf(share, cells, least int) int {
	return min(max((share*cells+500)/1000, least), cells-least-1)
}

// valid reports whether splits are ones that a console has written.
func (s splits) valid() bool {
	for _, share := range []int{s.Top, s.Bottom, s.Rows} {
		if share < 0 || share > 1000 {
			return false
		}
	}
	return true
}

// moveTo moves a border so that the pane left of it, or below it, has so many cells
// of an area.
func (s *splits) moveTo(d divider, cells int, area rect) {
	share := func(of, least int) int {
		cells = min(max(cells, least), of-least-1)
		return max((cells*1000+of/2)/max(of, 1), 1)
	}
	switch d {
	case topDivider:
		s.Top = share(area.w, leastWidth)
	case bottomDivider:
		s.Bottom = share(area.w, leastWidth)
	case rowsDivider:
		s.Rows = share(area.h, leastHeight)
	}
}

// resizeStep is by how many cells a key moves a border: columns and rows.
const (
	resizeColumns = 4
	resizeRows    = 2
)

// pressResize moves the border of the focused pane's that a key means, and says
// whether it was such a key.
func (m *Model) pressResize(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k := &m.keys
	columns, rows := 0, 0
	switch {
	case matches(msg, k.Narrower):
		columns = -resizeColumns
	case matches(msg, k.Wider):
		columns = resizeColumns
	case matches(msg, k.Taller):
		rows = resizeRows
	case matches(msg, k.Shorter):
		rows = -resizeRows
	case matches(msg, k.EvenOut):
		m.splits = splits{}
		return m.say(faint, "the panes share the screen as at first"), true
	default:
		return nil, false
	}
	area := m.layout.area
	if area.empty() {
		return m.say(faint, "only one pane is shown"), true
	}
	upper := m.focus == requestsID || m.focus == detailID
	if m.focus == detailID || m.focus == callsID { // right of their border
		columns = -columns
	}
	if upper {
		rows = -rows
	}
	switch {
	case rows != 0:
		m.splits.moveTo(rowsDivider, m.splits.rows(area.h)+rows, area)
	case upper:
		m.splits.moveTo(topDivider, m.splits.left(area.w)+columns, area)
	default:
		m.splits.moveTo(bottomDivider, m.splits.below(area.w)+columns, area)
	}
	return nil, true
}

// resizeKeys are the keys that move borders.
func (k *keymap) resizeKeys() []key.Binding {
	return []key.Binding{k.Narrower, k.Wider, k.Taller, k.Shorter, k.EvenOut}
}

// grab takes hold of the border at a position, if there is one that can be moved.
// Where they meet, the one between the rows is meant.
func (m *Model) grab(x, y int) bool {
	m.dragging = noDivider
	for d, r := range m.layout.dividers {
		if r.contains(x, y) {
			m.dragging = divider(d)
		}
	}
	return m.dragging != noDivider
}

// drag moves the border that is held to a position.
func (m *Model) drag(x, y int) {
	area := m.layout.area
	if area.empty() {
		m.dragging = noDivider // the screen became small meanwhile
	}
	switch m.dragging {
	case topDivider, bottomDivider:
		m.splits.moveTo(m.dragging, x-area.x, area)
	case rowsDivider:
		m.splits.moveTo(rowsDivider, area.y+area.h-1-y, area)
	}
}
