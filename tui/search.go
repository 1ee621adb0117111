package tui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"
)

// Searching in the detail: / opens it, text is found while it is typed, enter keeps
// it, and n and N go on from one line to the next.

// searchShown reports whether there is a search, or one is being typed.
func (p *detailPane) searchShown() bool { return p.input.Focused() || p.input.Value() != "" }

// searching reports whether n and N go through what was found.
func (p *detailPane) searching() bool { return p.input.Value() != "" }

// endSearch forgets what was looked for.
func (p *detailPane) endSearch() {
	p.input.SetValue("")
	p.doc.search("")
}

// typed passes text on to the search, and goes to what is found first from the page
// on.
func (p *detailPane) typed(msg tea.Msg) {
	before := p.input.Value()
	p.input, _ = p.input.Update(msg)
	if p.input.Value() == before {
		return
	}
	p.doc.search(p.input.Value())
	p.at = p.doc.hit(p.doc.top.seq)
	p.visit(0)
}

// visit goes on by so many of the lines that were found.
func (p *detailPane) visit(n int) {
	if len(p.doc.hits) == 0 {
		return
	}
	p.at = ((p.at+n)%len(p.doc.hits) + len(p.doc.hits)) % len(p.doc.hits)
	p.doc.visit(p.at)
}

// drawSearch draws "/ text" and how many lines have it: "3/17".
func (p *detailPane) drawSearch(c *canvas, r rect) {
	before, after := inputText(&p.input, r.w-3)
	at := c.put(r.x, r.y, r.w, "/ ", keycap)
	at += c.put(r.x+at, r.y, r.w-at, before, plain)
	at += c.put(r.x+at, r.y, r.w-at, after, plain)
	count := styled(faint, "nothing found")
	switch n := len(p.doc.hits); {
	case p.input.Value() == "":
		return
	case n >= maxHits:
		count = styled(faint, strconv.Itoa(p.at+1)+"/"+formatCount(maxHits)+"+ lines")
	case n > 0:
		count = styled(faint, strconv.Itoa(min(p.at, n-1)+1)+"/"+formatCount(n))
	}
	c.putRight(rect{r.x + at + 1, r.y, r.w - at - 1, 1}, count)
}

// pressSearch handles a key while a search is typed.
func (m *Model) pressSearch(msg tea.KeyPressMsg) {
	k, p := &m.keys, m.detail
	switch {
	case matches(msg, k.Leave):
		p.endSearch()
		m.leaveSearch()
	case matches(msg, k.Accept):
		m.leaveSearch()
	case matches(msg, k.RowDown):
		p.visit(1)
	case matches(msg, k.RowUp):
		p.visit(-1)
	default:
		p.typed(msg)
	}
}

func (m *Model) leaveSearch() {
	m.mode = modeNormal
	m.detail.input.Blur()
}

// pressFound handles the keys of a search that was kept, and says whether it was one.
func (m *Model) pressFound(msg tea.KeyPressMsg) bool {
	k, p := &m.keys, m.detail
	if m.focus != detailID {
		return false
	}
	switch {
	case matches(msg, k.Find):
		m.mode = modeSearch
		p.input.CursorEnd()
		p.input.Focus()
	case !p.searching():
		return false
	case matches(msg, k.NextFound):
		p.visit(1)
	case matches(msg, k.PrevFound):
		p.visit(-1)
	case matches(msg, k.Widen):
		p.endSearch()
	default:
		return false
	}
	return true
}
