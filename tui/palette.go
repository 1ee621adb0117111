package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// palette lists all that a key does, by name: one types a part of it and presses
// enter, and it is as if the key had been pressed.
type palette struct {
	input textinput.Model
	all   []key.Binding
	shown picker[key.Binding]
}

func newPalette(keys *keymap) *palette {
	p := &palette{input: newInput()}
	p.input.CharLimit = 100
	p.input.Focus()
	seen := map[string]bool{}
	for _, s := range keys.scopes() {
		for _, b := range s.bindings {
			if name := b.Help().Desc + b.Help().Key; !seen[name] && actionable(s) {
				seen[name] = true
				p.all = append(p.all, b)
			}
		}
	}
	p.filter()
	return p
}

// actionable reports whether the keys of a scope mean something after the palette
// is closed.
func actionable(s scope) bool { return s.name != "While typing" && s.name != "Moving" }

// filter shows what each word of the input occurs in.
func (p *palette) filter() {
	words := strings.Fields(strings.ToLower(p.input.Value()))
	var rows []key.Binding
	for _, b := range p.all {
		text := strings.ToLower(b.Help().Desc + " " + b.Help().Key)
		matches := true
		for _, w := range words {
			matches = matches && strings.Contains(text, w)
		}
		if matches {
			rows = append(rows, b)
		}
	}
	p.shown.index = 0
	p.shown.set(rows)
}

// pressPalette handles a key while the palette is open.
func (m *Model) pressPalette(msg tea.KeyPressMsg) tea.Cmd {
	k, p := &m.keys, m.palette
	switch {
	case matches(msg, k.Leave):
		m.palette = nil
	case matches(msg, k.RowDown):
		p.shown.move(1)
	case matches(msg, k.RowUp):
		p.shown.move(-1)
	case matches(msg, k.Accept):
		m.palette = nil
		if b, ok := p.shown.chosen(); ok {
			if slices.ContainsFunc(k.copyKeys(), func(c key.Binding) bool { return c.Help() == b.Help() }) {
				m.mode = modeCopy
			}
			return m.press(keyMessage(b.Keys()[0]))
		}
	default:
		before := p.input.Value()
		p.input, _ = p.input.Update(msg)
		if p.input.Value() != before {
			p.filter()
		}
	}
	return nil
}

// keyMessage is the key of a name, as bindings have it.
func keyMessage(name string) tea.KeyPressMsg {
	msg := tea.KeyPressMsg{}
	for {
		modifier, rest, ok := strings.Cut(name, "+")
		if !ok || rest == "" {
			break
		}
		switch modifier {
		case "ctrl":
			msg.Mod |= tea.ModCtrl
		case "shift":
			msg.Mod |= tea.ModShift
		}
		name = rest
	}
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "left": tea.KeyLeft, "right": tea.KeyRight,
		"up": tea.KeyUp, "down": tea.KeyDown, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	}
	if code, ok := special[name]; ok {
		msg.Code = code
		return msg
	}
	msg.Code = []rune(name)[0]
	if msg.Mod == 0 {
		msg.Text = name
	}
	return msg
}

// draw draws the palette at the top of area.
func (p *palette) draw(c *canvas, area rect) {
	box := rect{w: min(46, area.w), h: min(len(p.all)+3, area.h, 20)}
	box.x, box.y = area.x+(area.w-box.w)/2, area.y
	if box.w < 12 || box.h < 4 {
		return
	}
	c.window(box, "Commands")
	in := box.inset(2, 1)
	before, after := inputText(&p.input, in.w-3)
	at := in.x + c.put(in.x, in.y, in.w, "› ", keycap)
	at += c.put(at, in.y, in.x+in.w-at, before, plain)
	c.put(at, in.y, in.x+in.w-at, after, plain)
	rows := rect{in.x, in.y + 1, in.w, in.h - 1}
	p.shown.resize(rows.h)
	if len(p.shown.rows) == 0 {
		c.putLine(rows.x, rows.y, rows.w, styled(faint, "no command matches"))
	}
	p.shown.draw(c, rows, func(b key.Binding) (left, right line) {
		return styled(plain, b.Help().Desc), styled(faint, b.Help().Key)
	})
}

// cursor is where the terminal's cursor is.
func (p *palette) cursor(area rect) *tea.Cursor {
	w := min(46, area.w)
	before, _ := inputText(&p.input, w-7)
	return tea.NewCursor(area.x+(area.w-w)/2+4+textWidth(before), area.y+1)
}
