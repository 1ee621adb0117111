package tui

import (
	"slices"
	"strconv"
	"strings"

	"pymode-tui/runtime"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// requestsPane lists the requests, the newest first. It is what selects: the
// detail shows its current request, and while a request is pinned down by
// moving to it, the logs show only that one's lines.
//
// As long as nobody moves, the newest request is the current one.
type requestsPane struct {
	session *session
	keys    *keymap
	input   textinput.Model // the filter
	filter  *filter

	rows     []*exchange // what passes the filter, newest first
	revision int         // of the session that rows were made from
	cursor   *exchange   // nil follows the newest
	narrowed bool        // the cursor's request is all there is to see
	index    int         // of the current request in rows
	offset   int         // the first row shown
	w, h     int         // of the body
}

func newRequestsPane(s *session, keys *keymap) *requestsPane {
	input := newInput()
	input.CharLimit = 200
	return &requestsPane{session: s, keys: keys, input: input, filter: newFilter(""), revision: -1}
}

// newInput is a line of text whose cursor is the terminal's own.
func newInput() textinput.Model {
	input := textinput.New()
	input.Prompt = ""
	input.SetVirtualCursor(false)
	input.KeyMap.Paste.SetEnabled(false) // it would read the clipboard; terminals paste by themselves
	return input
}

// current is the request that the other panes are about, or nil.
func (p *requestsPane) current() *exchange {
	p.refresh()
	if len(p.rows) == 0 {
		return nil
	}
	return p.rows[p.index]
}

// thread is the request to which the other panes are narrowed, or nil.
func (p *requestsPane) thread() *exchange {
	if x := p.current(); p.narrowed {
		return x
	}
	return nil
}

// widen undoes one thing: the narrowing, then the selection, then the filter.
func (p *requestsPane) widen() {
	switch {
	case p.narrowed:
		p.narrowed = false
	case p.cursor != nil:
		p.cursor, p.index, p.offset = nil, 0, 0
	case p.input.Value() != "":
		p.setFilter("")
	}
}

// selectRow makes a row the current request and narrows to it.
func (p *requestsPane) selectRow(index int) {
	p.refresh()
	if len(p.rows) == 0 {
		return
	}
	p.index = min(max(index, 0), len(p.rows)-1)
	p.cursor = p.rows[p.index]
	p.narrowed = true
	p.reveal()
}

// refresh brings rows up to date, and keeps the current request where it is on
// the screen while others come in above it.
func (p *requestsPane) refresh() {
	if p.revision == p.session.revision {
		return
	}
	p.revision = p.session.revision
	p.rows = p.rows[:0]
	all := &p.session.exchanges
	before, found := p.index, false
	for seq := all.end() - 1; seq >= all.first; seq-- {
		if x := *all.at(seq); x.parent == nil {
			p.list(x)
		}
	}
	if at := slices.Index(p.rows, p.cursor); at >= 0 && p.cursor != nil {
		p.index, found = at, true
	}
	if !found {
		p.cursor, p.narrowed, p.index, p.offset = nil, false, 0, 0
		return
	}
	p.offset += p.index - before
	p.reveal()
}

// list adds a request and, below it, those that it has made of other workers.
func (p *requestsPane) list(x *exchange) {
	if p.filter.passes(x) {
		p.rows = append(p.rows, x)
	}
	for _, child := range x.children {
		p.list(child)
	}
}

// reveal scrolls as little as it takes to show the current request.
func (p *requestsPane) reveal() {
	page := max(p.page(), 1)
	p.offset = min(p.offset, p.index)
	p.offset = max(p.offset, p.index-page+1, 0)
	p.offset = min(p.offset, max(len(p.rows)-page, 0))
}

// page is how many requests fit.
func (p *requestsPane) page() int {
	if p.filterShown() {
		return p.h - 1
	}
	return p.h
}

func (p *requestsPane) filterShown() bool { return p.input.Focused() || p.input.Value() != "" }

// setFilter shows only requests that pass a filter: see [filter].
func (p *requestsPane) setFilter(text string) {
	p.input.SetValue(text)
	p.filterChanged()
}

func (p *requestsPane) filterChanged() {
	p.filter = newFilter(p.input.Value())
	p.revision = -1
	p.refresh()
}

func (p *requestsPane) heading() (title, note line) {
	p.refresh()
	all := p.session.exchanges.size
	count := strconv.Itoa(all)
	if p.filter.narrows() {
		count = strconv.Itoa(len(p.rows)) + "/" + count
	}
	title = styled(plain, "Requests")
	if all > 0 {
		title = append(title, span{" " + count, faint})
	}
	if p.cursor != nil && p.index > 0 {
		note = styled(faint, formatCount(p.index)+" newer")
	}
	return title, note
}

func (p *requestsPane) key(msg tea.KeyPressMsg) bool {
	if rows, ok := p.keys.movement(msg, p.page()); ok {
		p.selectRow(p.index + rows)
		return true
	}
	return false
}

func (p *requestsPane) scroll(rows int) {
	p.offset = max(min(p.offset+rows, len(p.rows)-p.page()), 0)
}

func (p *requestsPane) click(row int) {
	if p.filterShown() {
		row--
	}
	if row >= 0 && p.offset+row < len(p.rows) {
		p.selectRow(p.offset + row)
	}
}

func (p *requestsPane) resize(w, h int) {
	p.refresh()
	if p.w != w || p.h != h {
		p.w, p.h = w, h
		p.reveal()
	}
	p.offset = max(min(p.offset, len(p.rows)-p.page()), 0)
}

func (p *requestsPane) draw(c *canvas, body rect, _ bool) {
	if p.filterShown() {
		p.drawFilter(c, rect{body.x, body.y, body.w, min(1, body.h)})
		body.y, body.h = body.y+1, body.h-1
	}
	if len(p.rows) == 0 && body.h > 0 {
		text := "no requests yet"
		if p.filter.narrows() {
			text = "no request matches"
		}
		c.putLine(body.x, body.y, body.w, styled(faint, text))
		return
	}
	columns := p.columns(body.w)
	for row := range min(body.h, len(p.rows)-p.offset) {
		p.drawRow(c, rect{body.x, body.y + row, body.w, 1}, columns, p.offset+row)
	}
}

// drawFilter draws "/ text"; while it is typed in, the terminal's own cursor
// is shown there.
func (p *requestsPane) drawFilter(c *canvas, r rect) {
	if r.empty() {
		return
	}
	before, after := p.filterText(r.w - 3)
	at := c.put(r.x, r.y, r.w, "/ ", keycap)
	at += c.put(r.x+at, r.y, r.w-at, before, plain)
	c.put(r.x+at, r.y, r.w-at, after, plain)
}

// filterText is the filter before and after the cursor.
func (p *requestsPane) filterText(w int) (before, after string) { return inputText(&p.input, w) }

// requestColumns are the widths of the columns; 0 leaves one out.
type requestColumns struct{ pin, generation, method, worker, path, status, time int }

// columns fits the columns into w cells: the path gets what is left, and the
// time, the worker and the generation go where that would be too little.
func (p *requestsPane) columns(w int) requestColumns {
	const leastPath = 10
	col := requestColumns{generation: 2, method: 3, status: 3, time: 7}
	end := min(p.offset+max(p.page(), 0), len(p.rows))
	for _, x := range p.rows[min(p.offset, end):end] {
		col.generation = max(col.generation, len(strconv.Itoa(x.generation)))
		col.method = max(col.method, textWidth(x.method))
		if x.outcome != outcomeNone {
			col.pin = 1
		}
	}
	if workers := p.session.workers; len(workers) > 1 {
		for _, worker := range workers {
			col.worker = max(col.worker, min(textWidth(worker.label), 12))
		}
	}
	if len(p.session.pins) > 0 {
		col.pin = 1
	}
	const mark = 2
	left := func() int {
		used := mark
		for _, n := range []int{col.pin, col.generation, col.method, col.worker, col.status, col.time} {
			if n > 0 {
				used += n + 1
			}
		}
		return w - used
	}
	for _, column := range []*int{&col.time, &col.worker, &col.generation} {
		if left() >= leastPath {
			break
		}
		*column = 0
	}
	col.path = max(left(), 0)
	return col
}

func (p *requestsPane) drawRow(c *canvas, r rect, col requestColumns, index int) {
	x := p.rows[index]
	text, mark := plain, " "
	if index == p.index {
		mark = "○"
		if p.cursor != nil {
			text = selection
		}
		if p.narrowed {
			mark = "●"
		}
	}
	dim := faint
	if text == selection {
		dim = selection
	}
	if mark != " " {
		c.put(r.x, r.y, min(r.w, 1), mark, titleFocus)
	}
	at := r.x + 2
	put := func(width int, s string, role role, right bool) {
		if width <= 0 {
			return
		}
		pad := 0
		if right {
			pad = max(width-textWidth(s), 0)
		}
		c.putLine(at+pad, r.y, min(width-pad, r.x+r.w-at-pad), styled(role, s))
		at += width + 1
	}
	put(col.pin, p.session.pinMark(x), pinRole(x, dim), false)
	put(col.generation, strconv.Itoa(x.generation), dim, true)
	put(col.method, x.method, text, false)
	put(col.worker, cleanLine(x.worker), dim, false)
	put(col.path, branch(x.depth)+x.path, text, false)
	put(col.status, x.status(), statusRole(x, text), true)
	put(col.time, x.time(), text, true)
}

// branch is what stands before a request that another one has made.
func branch(depth int) string {
	if depth == 0 {
		return ""
	}
	return strings.Repeat("  ", depth-1) + "└ "
}

// time is what the time column says: wall time, or the CPU time used so far.
func (x *exchange) time() string {
	if x.result != nil {
		return formatMicros(x.result.Metrics.Wall)
	}
	if x.cpu > 0 {
		return formatMicros(x.cpu)
	}
	return ""
}

// statusRole is the colour of a status; ordinary is what a good one has.
func statusRole(x *exchange, ordinary role) role {
	switch {
	case x.result == nil:
		return faint
	case x.result.Error != nil && x.result.Error.Kind != runtime.FailureException, x.result.Status >= 500:
		return bad
	case x.result.Status >= 400:
		return caution
	default:
		return ordinary
	}
}
