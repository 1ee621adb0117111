package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// View implements [tea.Model].
func (m *Model) View() tea.View {
	m.canvas.reset(m.w, m.h)
	m.drawFrame()
	view := tea.NewView(m.canvas.String())
	view.AltScreen = true
	view.WindowTitle = m.windowTitle()
	view.Cursor = m.cursor()
	if m.options.Mouse {
		view.MouseMode = tea.MouseModeCellMotion
	}
	return view
}

func (m *Model) drawFrame() {
	c := &m.canvas
	c.box(m.layout.frame, border)
	if m.session.building() {
		m.drawStatus(c)
		m.drawFooter(c)
		drawBuild(c, m.layout.inside, m.session)
	} else {
		m.drawPanes(c)
	}
	if m.mode == modeHelp {
		m.help.draw(c, m.layout.inside)
	}
	if m.palette != nil {
		m.palette.draw(c, m.layout.inside)
	}
}

// drawPanes draws borders first, the focused pane's last of them, and then what
// stands on and between them.
func (m *Model) drawPanes(c *canvas) {
	for id := range panes {
		c.box(m.layout.boxes[id], border)
	}
	for _, box := range m.layout.stripBoxes {
		c.box(box, border)
	}
	if !m.layout.single {
		c.box(m.layout.boxes[m.focus], borderFocus)
	}
	m.drawStatus(c)
	m.drawFooter(c)
	if m.layout.single {
		m.drawTabs(c)
	}
	m.drawBudgets(c)
	for id := range panes {
		if title := m.layout.title[id]; !title.empty() {
			m.drawTitle(c, id, title)
		}
		if body := m.layout.body[id]; !body.empty() {
			m.pane(id).draw(c, body, id == m.focus)
		}
	}
}

// firstSteps are what the detail says while nothing is selected: before the first
// request, how to send one.
func (m *Model) firstSteps() []line {
	lines := []line{styled(faint, "nothing to show yet")}
	addr := ""
	if m.options.Addr != nil {
		addr = cleanLine(m.options.Addr())
	}
	if m.session.exchanges.size > 0 || addr == "" {
		return lines
	}
	return append(lines, nil,
		line{{"curl " + addr + "/", bold}},
		line{{"or ", faint}, {m.keys.Compose.Help().Key, keycap}, {" to write a request, ", faint}, {m.keys.Browser.Help().Key, keycap}, {" for the browser", faint}})
}

// drawTitle draws a pane's title. The focused one has a mark before it.
func (m *Model) drawTitle(c *canvas, id paneID, r rect) {
	text, note := m.pane(id).heading()
	at := r.x
	if id == m.focus && !m.layout.single {
		c.put(at, r.y, r.w, "▸", titleFocus)
		text = recolor(text, plain, titleFocus)
		text = recolor(text, tabActive, titleFocus)
	} else {
		c.put(at, r.y, r.w, " ", plain)
		text = recolor(text, plain, title)
	}
	at++
	at += c.putLine(at, r.y, r.w-1, append(text, span{" ", plain}))
	if note.width() > 0 {
		c.putRight(rect{at + 1, r.y, r.x + r.w - at - 2, 1}, note.spaced())
	}
}

// drawTabs draws the panes' names where only one pane is shown, and on their right what
// the pane itself says in its title.
func (m *Model) drawTabs(c *canvas) {
	r := m.layout.tabs
	at := r.x + 1
	for i, label := range m.tabLabels() {
		if i > 0 {
			at += c.put(at, r.y, r.x+r.w-at, "│", border)
		}
		at += c.putLine(at, r.y, r.x+r.w-at, label)
	}
	c.putRight(rect{at + 1, r.y, r.x + r.w - at - 2, 1}, m.tabNote())
}

// tabNote is what the focused pane says beside the tabs.
func (m *Model) tabNote() line {
	name, note := m.pane(m.focus).heading()
	switch {
	case m.focus == detailID || note.width() == 0:
		return nil
	case m.focus == bindingsID && len(name) > 1:
		return append(append(name[1:len(name):len(name)], span{"  ", plain}), note...)
	}
	return note
}

// tabLabels are the panes' names: short ones, with nothing around them, where there is
// too little room for all and what the pane says.
func (m *Model) tabLabels() [panes]line {
	names := [panes]string{"Requests", "Detail", "Logs", "Calls", "Bindings", "Budgets"}
	labels, w := m.labels(names, " ")
	if w+m.tabNote().width()+4 <= m.layout.tabs.w {
		return labels
	}
	labels, _ = m.labels([panes]string{"Reqs", "Detail", "Logs", "Calls", "Data", "Cost"}, "")
	return labels
}

// labels are names with what stands around them, and how wide they are together.
func (m *Model) labels(names [panes]string, space string) (labels [panes]line, w int) {
	for id := range panes {
		name := styled(plain, names[id])
		switch {
		case id == requestsID && space != "":
			name, _ = m.requests.heading()
		case (id == logsID || id == callsID) && m.requests.thread() != nil:
			name = styled(plain, names[id]+space+"●")
		}
		left, right, text := space, space, tab
		if id == m.focus {
			left, right, text = "[", "]", tabActive
		}
		labels[id] = append(append(line{{left, text}}, recolor(name, plain, text)...), span{right, text})
		w += labels[id].width() + 1
	}
	return labels, w
}

// recolor returns a copy of l with one role replaced.
func recolor(l line, from, to role) line {
	out := make(line, len(l))
	for i, s := range l {
		if s.role == from {
			s.role = to
		}
		out[i] = s
	}
	return out
}

// spaced puts a space around a line, so that it stands free on a border.
func (l line) spaced() line {
	return append(append(line{{" ", plain}}, l...), span{" ", plain})
}

// cursor is where the terminal's own cursor is: in the filter while it is typed.
func (m *Model) cursor() *tea.Cursor {
	if m.palette != nil {
		return m.palette.cursor(m.layout.inside)
	}
	if m.focus == bindingsID {
		return m.bindings.cursor(m.layout.body[bindingsID])
	}
	if body := m.layout.body[detailID]; m.mode == modeSearch && !body.empty() {
		before, _ := inputText(&m.detail.input, body.w-3)
		return tea.NewCursor(min(body.x+2+textWidth(before), m.w-1), body.y+body.h-1)
	}
	body := m.layout.body[requestsID]
	if m.mode != modeFilter || body.empty() {
		return nil
	}
	before, _ := m.requests.filterText(body.w - 3)
	return tea.NewCursor(min(body.x+2+textWidth(before), m.w-1), body.y)
}

func (m *Model) windowTitle() string {
	parts := []string{"pymode-tui"}
	if w := m.worker(); w != nil {
		parts = []string{w.label, m.stateText(w), "pymode-tui"}
	}
	return strings.Join(parts, " · ")
}
