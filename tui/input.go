package tui

import (
	tea "charm.land/bubbletea/v2"
)

// wheelRows is how far one step of the wheel scrolls.
const wheelRows = 3

// press handles a key: the mode decides whose it is.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	k := &m.keys
	switch {
	case matches(msg, k.Ending):
		return tea.Quit
	case m.palette != nil:
		return m.pressPalette(msg)
	case m.mode == modeFilter:
		m.pressFilter(msg)
		return nil
	case m.mode == modeCopy:
		return m.pressCopy(msg)
	case m.mode == modeSearch:
		m.pressSearch(msg)
		return nil
	case m.focus == bindingsID && m.bindings.asking != nil:
		return m.bindings.answer(msg)
	case m.mode == modeHelp:
		if matches(msg, k.CloseHelp) {
			m.mode = modeNormal
		} else if rows, ok := k.movement(msg, m.layout.inside.h); ok {
			m.help.scroll(rows)
		}
		return nil
	case matches(msg, k.Quit):
		return tea.Quit
	case matches(msg, k.Suspend):
		return tea.Suspend
	case matches(msg, k.Help):
		m.mode = modeHelp
		m.help.offset = 0
		return nil
	case m.session.building():
		return nil // nothing else is on the screen
	}
	return m.pressNormal(msg)
}

func (m *Model) pressNormal(msg tea.KeyPressMsg) (cmd tea.Cmd) {
	k := &m.keys
	if m.focus == bindingsID {
		if cmd, ok := m.pressBindings(msg); ok {
			return cmd
		}
	}
	if m.pressFound(msg) {
		return nil
	}
	if cmd, ok := m.pressResize(msg); ok {
		return cmd
	}
	before := m.focus
	defer func() {
		if m.focus == bindingsID && before != bindingsID {
			m.bindings.refreshStores()
			cmd = tea.Batch(cmd, m.readAgain())
		}
	}()
	switch {
	case matches(msg, k.Next):
		m.focus = (m.focus + 1) % panes
	case matches(msg, k.Previous):
		m.focus = (m.focus + panes - 1) % panes
	case matches(msg, k.Focus):
		m.focus = paneID(msg.String()[0] - '1')
	case matches(msg, k.Zoom):
		m.zoomed = !m.zoomed
	case matches(msg, k.Widen):
		m.requests.widen()
	case matches(msg, k.Filter):
		m.mode, m.focus = modeFilter, requestsID
		m.requests.input.CursorEnd()
		m.requests.input.Focus() // its command only blinks a cursor that is not shown
	case matches(msg, k.Follow):
		if m.focus == callsID {
			m.calls.toggleFollow()
		} else {
			m.logs.toggleFollow()
		}
	case matches(msg, k.Replay):
		return m.replay()
	case matches(msg, k.Reload):
		return m.reload()
	case matches(msg, k.Palette):
		m.palette = newPalette(k)
	case matches(msg, k.Pin):
		return m.togglePinned()
	case matches(msg, k.Compose):
		return m.compose()
	case matches(msg, k.EditRequest):
		return m.editRequest()
	case matches(msg, k.Save):
		return m.save()
	case matches(msg, k.Auto):
		return m.toggleAuto()
	case matches(msg, k.Diff):
		m.focus = detailID
		m.detail.choose(tabDiff)
	case matches(msg, k.Editor):
		return m.editAt()
	case matches(msg, k.Browser):
		return m.browse()
	case matches(msg, k.Copy):
		return m.beginCopy()
	case matches(msg, k.ReplayAll):
		return m.replayShown()
	case m.focus == requestsID && matches(msg, k.Clear):
		return m.clearRequests()
	case m.focus == requestsID && matches(msg, k.Open):
		m.requests.selectRow(m.requests.index)
		m.focus = detailID
	default:
		m.pane(m.focus).key(msg)
	}
	return nil
}

// pressFilter handles a key while a filter is typed.
func (m *Model) pressFilter(msg tea.KeyPressMsg) {
	k := &m.keys
	switch {
	case matches(msg, k.Leave):
		m.requests.setFilter("")
		m.leaveFilter()
	case matches(msg, k.Accept):
		m.leaveFilter()
	case matches(msg, k.RowDown):
		m.requests.selectRow(m.requests.index + 1)
	case matches(msg, k.RowUp):
		m.requests.selectRow(m.requests.index - 1)
	default:
		m.typed(msg)
	}
}

func (m *Model) leaveFilter() {
	m.mode = modeNormal
	m.requests.input.Blur()
}

// typed passes text on to the filter.
func (m *Model) typed(msg tea.Msg) {
	before := m.requests.input.Value()
	m.requests.input, _ = m.requests.input.Update(msg)
	if m.requests.input.Value() != before {
		m.requests.filterChanged()
	}
}

// clicked focuses the pane at a position, and passes the click on to it.
func (m *Model) clicked(x, y int) {
	switch {
	case m.mode == modeHelp:
		m.mode = modeNormal
		return
	case m.session.building():
		return
	case m.layout.tabs.contains(x, y):
		m.clickTabs(x - m.layout.tabs.x)
		return
	case m.grab(x, y):
		if m.dragging != rowsDivider {
			return // the one between the rows has titles on it, which are clicked
		}
	}
	id, ok := m.layout.at(x, y)
	if !ok {
		return
	}
	if m.mode == modeFilter && id != requestsID {
		m.leaveFilter()
	}
	if m.mode == modeSearch && id != detailID {
		m.leaveSearch()
	}
	m.focus = id
	if title := m.layout.title[id]; title.contains(x, y) {
		if id == detailID && m.detail.subject.failure == nil {
			m.detail.clickTitle(x - title.x - 1)
		}
		return
	}
	m.pane(id).click(y - m.layout.body[id].y)
}

func (m *Model) clickTabs(x int) {
	at := 1
	for id, label := range m.tabLabels() {
		w := label.width()
		if x >= at && x < at+w {
			m.focus = paneID(id)
			return
		}
		at += w + 1
	}
}

// wheel scrolls the pane under the pointer, wherever the focus is.
func (m *Model) wheel(msg tea.MouseWheelMsg) {
	rows := wheelRows
	switch msg.Button {
	case tea.MouseWheelUp:
		rows = -wheelRows
	case tea.MouseWheelDown:
	default:
		return
	}
	if m.mode == modeHelp {
		m.help.scroll(rows)
		return
	}
	if id, ok := m.layout.at(msg.X, msg.Y); ok && !m.session.building() {
		m.pane(id).scroll(rows)
	}
}
