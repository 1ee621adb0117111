package tui

import (
	"slices"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// detailTab is a view of what the detail pane shows.
type detailTab int

const (
	tabAuto      detailTab = iota // nobody chose: the traceback if there is one, else the response
	tabResponse                   //
	tabRequest                    //
	tabTraceback                  // only where there is a failure
	tabDiff                       // only for a pinned request, after a reload
	tabTiming                     //
)

func (t detailTab) String() string {
	return [...]string{"", "Response", "Request", "Traceback", "Diff", "Timing"}[t]
}

// detailPane shows one request, or why the worker's code could not be imported.
type detailPane struct {
	keys    *keymap
	subject subject
	chosen  detailTab
	offset  int // the first row shown
	w, h    int // of the body

	lines []line      // what is shown, laid out
	made  detailCache // what lines were made from
}

// subject is what the detail shows: an exchange, a failed import, or nothing.
type subject struct {
	exchange *exchange
	failure  *runtime.Failure // of the import
}

// detailCache is all that the lines depend on.
type detailCache struct {
	subject  subject
	revision int // of the exchange
	tab      detailTab
	width    int
}

func newDetailPane(keys *keymap) *detailPane {
	return &detailPane{keys: keys}
}

// show makes s what is shown.
func (p *detailPane) show(s subject) {
	if s != p.subject {
		p.subject, p.offset = s, 0
	}
}

// tabs lists the tabs that there are now.
func (p *detailPane) tabs() []detailTab {
	x := p.subject.exchange
	switch {
	case p.subject.failure != nil:
		return []detailTab{tabTraceback}
	case x == nil:
		return []detailTab{tabResponse}
	}
	tabs := []detailTab{tabResponse, tabRequest}
	if x.before != nil {
		tabs = append(tabs, tabDiff)
	}
	if x.result != nil && x.result.Error != nil {
		tabs = append(tabs, tabTraceback)
	}
	return append(tabs, tabTiming)
}

// tab is the tab that is shown.
func (p *detailPane) tab() detailTab {
	tabs := p.tabs()
	switch {
	case slices.Contains(tabs, p.chosen):
		return p.chosen
	case slices.Contains(tabs, tabTraceback):
		return tabTraceback
	default:
		return tabs[0]
	}
}

// turn goes n tabs on.
func (p *detailPane) turn(n int) {
	tabs := p.tabs()
	at := slices.Index(tabs, p.tab())
	p.chosen = tabs[(at+n+len(tabs))%len(tabs)]
	p.offset = 0
}

func (p *detailPane) heading() (title, note line) {
	if p.subject.failure != nil {
		title = styled(plain, "Import failed")
	} else {
		title = p.tabLine()
	}
	if below := len(p.lines) - p.offset - p.h; below > 0 {
		note = styled(faint, "↓ "+formatCount(below))
	} else if p.offset > 0 {
		note = styled(faint, "end")
	}
	return title, note
}

// tabLine is "[Response]│ Request │ Timing ", closer together where that is too
// wide.
func (p *detailPane) tabLine() line {
	l := p.joinTabs(" ")
	if l.width() > p.w {
		l = p.joinTabs("")
	}
	return l
}

func (p *detailPane) joinTabs(space string) line {
	var l line
	for i, t := range p.tabs() {
		if i > 0 {
			l = append(l, span{"│", border})
		}
		if t == p.tab() {
			l = append(l, span{"[" + t.String() + "]", tabActive})
		} else {
			l = append(l, span{space + t.String() + space, tab})
		}
	}
	return l
}

// clickTitle handles a click on column x of the title.
func (p *detailPane) clickTitle(x int) {
	tabs, at := p.tabs(), 0
	for i, s := range p.tabLine() {
		w := textWidth(s.text)
		if i%2 == 0 && x >= at && x < at+w { // every other span is a border
			p.chosen, p.offset = tabs[i/2], 0
			return
		}
		at += w
	}
}

func (p *detailPane) key(msg tea.KeyPressMsg) bool {
	if rows, ok := p.keys.movement(msg, p.h); ok {
		p.scroll(rows)
		return true
	}
	switch {
	case matches(msg, p.keys.NextTab):
		p.turn(1)
	case matches(msg, p.keys.PrevTab):
		p.turn(-1)
	default:
		return false
	}
	return true
}

func (p *detailPane) scroll(rows int) {
	p.offset = max(min(p.offset+rows, len(p.lines)-p.h), 0)
}

func (p *detailPane) click(int) {}

func (p *detailPane) resize(w, h int) {
	p.w, p.h = w, h
	now := detailCache{subject: p.subject, tab: p.tab(), width: w}
	if x := p.subject.exchange; x != nil {
		now.revision = x.revision
	}
	if now != p.made {
		p.made, p.lines = now, p.layOut()
	}
	p.scroll(0)
}

// layOut makes the lines of the current tab.
func (p *detailPane) layOut() []line {
	x := p.subject.exchange
	var lines []line
	switch {
	case p.subject.failure != nil:
		lines = failureLines(p.subject.failure)
	case x == nil:
		return nil
	default:
		switch p.tab() {
		case tabRequest:
			lines = requestLines(x, p.w)
		case tabTraceback:
			lines = failureLines(x.result.Error)
		case tabDiff:
			lines = differenceLines(x.before, x, p.w)
		case tabTiming:
			lines = timingLines(x, p.w)
		default:
			lines = responseLines(x, p.w)
		}
	}
	var rows []line
	for _, l := range lines {
		rows = append(rows, l.wrap(p.w, min(l.indent()+2, p.w/3))...)
	}
	return rows
}

func (p *detailPane) draw(c *canvas, body rect) {
	if p.subject == (subject{}) && body.h > 0 {
		c.putLine(body.x, body.y, body.w, styled(faint, "nothing to show yet"))
		return
	}
	for row := range min(body.h, len(p.lines)-p.offset) {
		c.putLine(body.x, body.y+row, body.w, p.lines[p.offset+row])
	}
}
