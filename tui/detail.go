package tui

import (
	"slices"

	"pymode-tui/runtime"

	"charm.land/bubbles/v2/textinput"
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
	w, h    int // of the body

	doc    document // what is shown
	bodies bodyCache
	made   detailCache     // what it was made from
	first  []line          // what is shown as long as there is nothing else
	input  textinput.Model // of the search
	at     int             // the number of the line that the search is at
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
	input := newInput()
	input.CharLimit = 200
	return &detailPane{keys: keys, input: input}
}

// show makes s what is shown.
func (p *detailPane) show(s subject) {
	if s != p.subject {
		p.subject = s
		p.doc.top, p.doc.cursor = position{}, 0
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
	p.choose(tabs[(at+n+len(tabs))%len(tabs)])
}

// choose shows a tab from its top.
func (p *detailPane) choose(t detailTab) {
	p.chosen = t
	p.doc.top, p.doc.cursor = position{}, 0
}

func (p *detailPane) heading() (title, note line) {
	if p.subject.failure != nil {
		title = styled(plain, "Import failed")
	} else {
		title = p.tabLine()
	}
	if below := p.doc.below(); below > 0 {
		note = styled(faint, "↓ "+formatCount(below))
	} else if p.doc.top != (position{}) {
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
			p.choose(tabs[i/2])
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
	case matches(msg, p.keys.Fold):
		if t := p.doc.tree(); t != nil && p.doc.cursor >= len(p.doc.head) {
			p.doc.cursor = len(p.doc.head) + t.fold(p.doc.cursor-len(p.doc.head))
			p.doc.see(p.doc.cursor)
		}
	case matches(msg, p.keys.FoldAll):
		if t := p.doc.tree(); t != nil {
			t.foldAll()
			p.doc.settle()
		}
	default:
		return false
	}
	return true
}

func (p *detailPane) scroll(rows int) { p.doc.scroll(rows) }

// click puts the cursor on a row; where it is already, it folds.
func (p *detailPane) click(row int) {
	at := p.doc.forward(p.doc.top, row).seq
	if t := p.doc.tree(); t != nil && at < p.doc.size() {
		if at == p.doc.cursor && at >= len(p.doc.head) {
			at = len(p.doc.head) + t.fold(at-len(p.doc.head))
		}
		p.doc.cursor = at
		p.doc.settle()
	}
}

func (p *detailPane) resize(w, h int) {
	p.w, p.h = w, h
	if p.searchShown() {
		h--
	}
	now := detailCache{subject: p.subject, tab: p.tab(), width: w}
	if x := p.subject.exchange; x != nil {
		now.revision = x.revision
	}
	if now != p.made {
		old := p.doc
		p.made, p.doc = now, p.layOut()
		p.doc.top, p.doc.cursor = position{seq: old.top.seq}, old.cursor
		p.doc.search(p.input.Value())
	}
	p.doc.w, p.doc.h = max(w, 1), max(h, 0)
	p.doc.settle()
}

// layOut makes the document of the current tab.
func (p *detailPane) layOut() document {
	x := p.subject.exchange
	d := document{w: max(p.w, 1), h: max(p.h, 0)}
	switch {
	case p.subject.failure != nil:
		d.head = failureLines(p.subject.failure)
	case x == nil:
	default:
		switch p.tab() {
		case tabRequest:
			d.head, d.body = requestLines(x, p.w, p.bodies.read)
		case tabTraceback:
			d.head = failureLines(x.result.Error)
		case tabDiff:
			d.head = differenceLines(x.before, x, p.w)
		case tabTiming:
			d.head = timingLines(x, p.w)
		default:
			d.head, d.body = responseLines(x, p.w, p.bodies.read)
		}
	}
	return d
}

func (p *detailPane) draw(c *canvas, body rect, focused bool) {
	if p.searchShown() && body.h > 0 {
		p.drawSearch(c, rect{body.x, body.y + body.h - 1, body.w, 1})
		body.h--
	}
	if p.subject == (subject{}) && body.h > 0 {
		for i, l := range p.first[:min(len(p.first), body.h)] {
			c.putLine(body.x, body.y+i, body.w, l)
		}
		return
	}
	p.doc.draw(c, body, focused && p.doc.tree() != nil)
}
