package tui

import (
	"image"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// What a console tells those who drive it without a terminal: package consoletest.

// Pane is where a pane lies on the screen: its title, and what it draws in. Either is
// empty where it is not shown. Panes are counted in the order of the keys that focus
// them, from 0.
func (m *Model) Pane(n int) (title, body image.Rectangle) {
	cells := func(r rect) image.Rectangle {
		if r.empty() {
			return image.Rectangle{}
		}
		return image.Rect(r.x, r.y, r.x+r.w, r.y+r.h)
	}
	return cells(m.layout.title[n]), cells(m.layout.body[n])
}

// Focused is the pane that gets the keys.
func (m *Model) Focused() int { return int(m.focus) }

// Told is the message that tells the console what happened.
func (m *Model) Told(events []runtime.Event) tea.Msg { return eventsMsg{events: events} }
