package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// bindingsPane is a browser of what KV, R2 and D1 hold now: a list of stores,
// of one store's items, and an item. What it shows is read when it is opened,
// and again when a request has changed something.
//
//	stores ──enter──▶ items ──enter──▶ item
//	       ◀──esc───       ◀──esc───
type bindingsPane struct {
	holdings Holdings // nil where there are none
	keys     *keymap

	depth  depth
	store  Store // of items and item
	item   string
	stores picker[Store]
	items  picker[Item]
	next   string // where the items' next page begins

	content content
	asking  *question // over the footer of the pane, nil for none
	prefix  string    // what the items' names begin with
	sql     string    // the last query
	loading int       // number of the last read, by which answers of earlier ones are known
	stale   bool      // something has changed since the last read
	w, h    int
}

// depth is how far the pane is drilled in.
type depth int

const (
	atStores depth = iota
	atItems
	atContent
)

// question is a line of input, or a yes or no.
type question struct {
	label string
	input *textinput.Model // nil for a yes or no
	then  func(text string) tea.Cmd
}

// What reads and writes come back with.
type (
	itemsMsg struct {
		number int
		page   Page
		more   bool // after those that are there
		err    error
	}
	contentMsg struct {
		number  int
		content Content
		err     error
	}
	changedMsg struct {
		doing string
		err   error
	}
)

func newBindingsPane(holdings Holdings, keys *keymap) *bindingsPane {
	p := &bindingsPane{holdings: holdings, keys: keys}
	p.refreshStores()
	return p
}

func (p *bindingsPane) refreshStores() {
	if p.holdings != nil {
		p.stores.set(p.holdings.Stores())
	}
}

func (p *bindingsPane) heading() (name, note line) {
	name = styled(plain, "Bindings")
	if p.depth >= atItems {
		name = append(name, span{" " + cleanLine(p.store.Binding), bold})
	}
	if p.depth == atItems && p.prefix != "" {
		name = append(name, span{" " + cleanLine(p.prefix) + "*", faint})
	}
	if p.depth == atContent {
		name = append(name, span{" " + truncate(cleanLine(p.title()), 24), plain})
	}
	where := ""
	if p.depth >= atItems {
		where = cleanLine(p.store.Kind + " " + p.store.Where)
	}
	return name, styled(whereRole(p.store.Where), where)
}

// whereRole sets stores apart that others see as well.
func whereRole(where string) role {
	if where == "local" {
		return faint
	}
	return caution
}

func (p *bindingsPane) title() string {
	if p.item == "" {
		return p.sql
	}
	return p.item
}

// bindings are the keys that matter at this depth.
func (p *bindingsPane) bindings() []key.Binding {
	k := p.keys
	switch {
	case p.asking != nil:
		return []key.Binding{k.Accept, k.Leave}
	case p.depth == atStores:
		return []key.Binding{k.Open, k.Help}
	case p.depth == atItems && p.store.Kind == StoreD1:
		return []key.Binding{k.Open, k.Query, k.Back, k.Help}
	case p.depth == atItems:
		return []key.Binding{k.Open, k.Search, k.Edit, k.Delete, k.Back, k.Help}
	case p.store.Kind == StoreD1:
		return []key.Binding{k.Query, k.Back, k.Help}
	default:
		return []key.Binding{k.Edit, k.Delete, k.Back, k.Help}
	}
}

// key implements [pane]; the keys that do something need press.
func (p *bindingsPane) key(msg tea.KeyPressMsg) bool {
	rows, ok := p.keys.movement(msg, p.h)
	if ok {
		p.scroll(rows)
	}
	return ok
}

func (p *bindingsPane) scroll(rows int) {
	switch p.depth {
	case atStores:
		p.stores.move(rows)
	case atItems:
		p.items.move(rows)
	default:
		p.content.scroll(rows)
	}
}

func (p *bindingsPane) click(row int) {
	switch p.depth {
	case atStores:
		p.stores.click(row)
	case atItems:
		p.items.click(row)
	}
}

func (p *bindingsPane) resize(w, h int) {
	p.w, p.h = w, h
	body := h
	if p.asking != nil {
		body--
	}
	p.stores.resize(body)
	p.items.resize(body)
	p.content.resize(w, body)
}

func (p *bindingsPane) draw(c *canvas, body rect, _ bool) {
	if q := p.asking; q != nil && body.h > 0 {
		q.draw(c, rect{body.x, body.y + body.h - 1, body.w, 1})
		body.h--
	}
	switch p.depth {
	case atStores:
		p.drawStores(c, body)
	case atItems:
		p.drawItems(c, body)
	default:
		p.content.draw(c, body)
	}
}

func (p *bindingsPane) drawStores(c *canvas, body rect) {
	if len(p.stores.rows) == 0 {
		c.putLine(body.x, body.y, body.w, styled(faint, "no KV namespace, bucket or database: the worker's config has none"))
		return
	}
	several := slices.ContainsFunc(p.stores.rows, func(s Store) bool { return s.Worker != p.stores.rows[0].Worker })
	p.stores.draw(c, body, func(s Store) (left, right line) {
		left = line{{pad(s.Kind, 3), name}, {cleanLine(s.Binding), plain}}
		if s.Target != s.Binding && s.Target != "" {
			left = append(left, span{"  " + cleanLine(s.Target), faint})
		}
		if several {
			left = append(left, span{"  " + cleanLine(s.Worker), faint})
		}
		return left, styled(whereRole(s.Where), cleanLine(s.Where))
	})
}

func (p *bindingsPane) drawItems(c *canvas, body rect) {
	if len(p.items.rows) == 0 {
		text := "empty"
		if p.prefix != "" {
			text = "nothing begins with " + cleanLine(p.prefix)
		}
		c.putLine(body.x, body.y, body.w, styled(faint, text))
		return
	}
	p.items.draw(c, body, func(i Item) (left, right line) {
		return styled(plain, cleanLine(i.Name)), styled(faint, cleanLine(i.Note))
	})
}

func (q *question) draw(c *canvas, r rect) {
	at := r.x + c.put(r.x, r.y, r.w, q.label+" ", keycap)
	if q.input != nil {
		before, after := inputText(q.input, r.w-textWidth(q.label)-2)
		at += c.put(at, r.y, r.x+r.w-at, before, plain)
		c.put(at, r.y, r.x+r.w-at, after, plain)
	}
}

// inputText is what an input holds before and after its cursor. Where it is
// longer than w cells its beginning is left out.
func inputText(input *textinput.Model, w int) (before, after string) {
	runes := []rune(input.Value())
	at := min(input.Position(), len(runes))
	before, after = cleanLine(string(runes[:at])), cleanLine(string(runes[at:]))
	for textWidth(before) > max(w, 1) {
		at := []rune(before)
		before = string(at[1:])
	}
	return before, after
}

// cursor is where the terminal's cursor is while something is asked.
func (p *bindingsPane) cursor(body rect) *tea.Cursor {
	if p.asking == nil || p.asking.input == nil || body.empty() {
		return nil
	}
	before, _ := inputText(p.asking.input, body.w-textWidth(p.asking.label)-2)
	return tea.NewCursor(min(body.x+textWidth(p.asking.label)+1+textWidth(before), body.x+body.w-1), body.y+body.h-1)
}

// ask asks for a line of text.
func (p *bindingsPane) ask(label, value string, then func(string) tea.Cmd) {
	input := newInput()
	input.CharLimit = 100_000
	input.SetValue(value)
	input.CursorEnd()
	input.Focus() // its command only blinks a cursor that is not shown
	p.asking = &question{label: label, input: &input, then: then}
}

// answer handles a key while something is asked.
func (p *bindingsPane) answer(msg tea.KeyPressMsg) tea.Cmd {
	q := p.asking
	if q.input == nil {
		p.asking = nil
		if strings.EqualFold(msg.Text, "y") {
			return q.then("")
		}
		return nil
	}
	switch {
	case matches(msg, p.keys.Leave):
		p.asking = nil
	case matches(msg, p.keys.Accept):
		p.asking = nil
		return q.then(q.input.Value())
	default:
		p.typed(msg)
	}
	return nil
}

func (p *bindingsPane) typed(msg tea.Msg) {
	if p.asking != nil && p.asking.input != nil {
		*p.asking.input, _ = p.asking.input.Update(msg)
	}
}
