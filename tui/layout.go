package tui

// paneID names a pane, in the order of the focus.
type paneID int

const (
	requestsID paneID = iota
	detailID
	logsID
	callsID
	bindingsID
	budgetsID
	panes // how many there are
)

// alone reports whether a pane has no place beside the others: it fills the screen
// while it has the focus.
func (id paneID) alone() bool { return id == bindingsID || id == budgetsID }

// The size from which all panes are shown at once.
const (
	fullWidth  = 80
	fullHeight = 24
)

// stripHeight is the height from which memory and CPU time have a place of their
// own, and stripRows how many rows that has.
const (
	stripHeight = 30
	stripRows   = 3
)

// The parts of the strip, and the width from which all of them have room.
const (
	importsCell = iota
	timeCell
	memoryCell
	cpuCell
	stripCells

	wideStrip = 110
)

// layout is where everything lies. Panes share their borders:
//
//	┌ status ────────────────┐      ┌ status ────────────────┐
//	│ title    │ title       │      │ tabs                   │
//	│ requests │ detail      │      │ title                  │
//	├ title ───┴──┬ title ───┤      │ the focused pane       │
//	│ logs        │ calls    │      │                        │
//	└ footer ────────────────┘      └ footer ────────────────┘
//
// The right one is for small screens and for a zoomed pane. On screens that are
// high enough a strip of budgets lies above the footer.
type layout struct {
	frame  rect // all of it
	status rect // in the top border
	footer rect // in the bottom border
	inside rect // within the outer border

	single bool // one pane, with tabs
	tabs   rect // the row of the panes' names

	body  [panes]rect // what a pane draws in; nowhere if it is not shown
	title [panes]rect // the row of its title; nowhere if the tabs say it
	boxes [panes]rect // a pane with its borders

	area     rect           // of all four panes; nowhere if only one is shown
	dividers [dividers]rect // the borders that can be moved

	strip      [stripCells]rect // nowhere if there is no room
	stripBoxes [stripCells]rect // with their borders
}

// newLayout computes the layout of a w by h screen.
func newLayout(w, h int, focus paneID, zoomed bool, s splits) layout {
	l := layout{frame: rect{0, 0, w, h}}
	if w < 4 || h < 3 {
		return l // a border with nothing in it
	}
	l.inside = l.frame.inset(1, 1)
	l.status = rect{1, 0, w - 2, 1}
	l.footer = rect{1, h - 1, w - 2, 1}
	if zoomed || focus.alone() || w < fullWidth || h < fullHeight {
		l.one(focus)
	} else {
		l.all(s)
	}
	return l
}

// one lays out a single pane.
func (l *layout) one(focus paneID) {
	in := l.inside
	l.single = true
	l.tabs = rect{in.x, in.y, in.w, 1}
	l.boxes[focus] = l.frame
	body := rect{in.x, in.y + 1, in.w, in.h - 1}
	if focus == detailID { // its title are tabs of its own
		l.title[focus] = rect{body.x, body.y, body.w, min(1, body.h)}
		body.y, body.h = body.y+1, body.h-1
	}
	l.body[focus] = body.inset(1, 0)
}

// all lays out all panes.
func (l *layout) all(s splits) {
	if l.frame.h >= stripHeight {
		l.budgets(s)
	}
	in := l.inside
	if l.frame.h >= stripHeight {
		in.h -= stripRows + 1
	}
	logs := s.rows(in.h)
	divider := in.y + in.h - logs - 1
	left := s.left(in.w)

	split := in.x + left
	top := divider - in.y
	l.boxes[requestsID] = rect{0, 0, left + 2, divider + 1}
	l.boxes[detailID] = rect{split, 0, l.frame.w - split, divider + 1}
	below := s.below(in.w)
	l.area = in
	l.dividers = [dividers]rect{
		topDivider:    {split, in.y, 1, top},
		bottomDivider: {in.x + below, divider + 1, 1, logs},
		rowsDivider:   {in.x, divider, in.w, 1},
	}
	l.boxes[logsID] = rect{0, divider, below + 2, logs + 2}
	l.boxes[callsID] = rect{in.x + below, divider, l.frame.w - in.x - below, logs + 2}

	l.title[requestsID] = rect{in.x, in.y, left, 1}
	l.title[detailID] = rect{split + 1, in.y, in.w - left - 1, 1}
	l.title[logsID] = rect{in.x, divider, below, 1}
	l.title[callsID] = rect{in.x + below + 1, divider, in.w - below - 1, 1}

	l.body[requestsID] = rect{in.x, in.y + 1, left, top - 1}.inset(1, 0)
	l.body[detailID] = rect{split + 1, in.y + 1, in.w - left - 1, top - 1}.inset(1, 0)
	l.body[logsID] = rect{in.x, divider + 1, below, logs}.inset(1, 0)
	l.body[callsID] = rect{in.x + below + 1, divider + 1, in.w - below - 1, logs}.inset(1, 0)
}

// budgets lays out the strip: two cells below the logs and two below the host calls, as
// long as both have room for that. Where there is little room the
// imports are left out, and time gets the most: what it says of a rise is the longest.
func (l *layout) budgets(s splits) {
	in := l.inside
	middle := min(max(s.below(in.w)+1, in.w/3), in.w*2/3)
	ends := [stripCells]int{importsCell: middle / 2, timeCell: middle, memoryCell: (middle + in.w) / 2, cpuCell: in.w}
	if l.frame.w < wideStrip {
		ends = [stripCells]int{timeCell: in.w * 36 / 100, memoryCell: in.w * 68 / 100, cpuCell: in.w}
	}
	y := in.y + in.h - stripRows
	from := 0
	for i, to := range ends {
		if to == 0 {
			continue
		}
		if i == stripCells-1 {
			to++ // the outer border is its right one
		}
		l.stripBoxes[i] = rect{in.x + from - 1, y - 1, to - from + 1, stripRows + 2}
		l.strip[i] = rect{in.x + from, y, to - from - 1, stripRows}.inset(1, 0)
		from = to
	}
}

// at returns the pane at a position.
func (l *layout) at(x, y int) (paneID, bool) {
	for id := range panes {
		if l.title[id].contains(x, y) || l.body[id].inset(-1, 0).contains(x, y) {
			return id, true
		}
	}
	for _, box := range l.stripBoxes {
		if box.contains(x, y) && y < l.footer.y {
			return budgetsID, true
		}
	}
	return 0, false
}
