package tui

import "charm.land/bubbles/v2/key"

// scope is where keys apply. The help lists scopes, the footer the keys of the
// focused pane, and both come from the bindings below and nowhere else.
type scope struct {
	name     string
	bindings []key.Binding
}

// keymap holds all keys.
type keymap struct {
	// In every pane.
	Next, Previous, Focus, Zoom, Widen   key.Binding
	Filter, Replay, Reload, Copy, Follow key.Binding
	ReplayAll                            key.Binding
	CopyCurl, CopyBody, CopyHAR          key.Binding // after Copy
	Help, Quit                           key.Binding
	Pin, Auto, Diff, Editor, Browser     key.Binding
	Save, Compose, EditRequest, Palette  key.Binding
	Suspend                              key.Binding

	// Borders between panes.
	Narrower, Wider, Taller, Shorter, EvenOut key.Binding

	// Movement, in every pane.
	Down, Up, Top, Bottom, HalfDown, HalfUp, PageDown, PageUp key.Binding

	// In one pane.
	Open, Clear      key.Binding // requests; Clear in the feeds as well
	NextTab, PrevTab key.Binding // detail

	Fold, FoldAll, Find, NextFound, PrevFound key.Binding // detail

	Search, Query, Edit, Delete, Back key.Binding // bindings

	Accept, Leave     key.Binding // while a filter is typed
	RowDown, RowUp    key.Binding // while a filter is typed
	CloseHelp, Ending key.Binding // while the help is shown; at any time
}

func newKeymap() keymap {
	bind := func(keys, help, does string, more ...string) key.Binding {
		return key.NewBinding(key.WithKeys(append([]string{keys}, more...)...), key.WithHelp(help, does))
	}
	return keymap{
		Next:        bind("tab", "tab", "next pane"),
		Previous:    bind("shift+tab", "shift+tab", "previous pane"),
		Focus:       bind("1", "1 … 6", "focus a pane", "2", "3", "4", "5", "6"), // in the order of paneID
		Zoom:        bind("z", "z", "zoom"),
		Filter:      bind("/", "/", "filter"),
		Replay:      bind("r", "r", "replay"),
		Reload:      bind("R", "R", "reload", "shift+r"),
		Copy:        bind("y", "y", "copy"),
		CopyCurl:    bind("y", "y c", "copy as curl", "c"),
		CopyBody:    bind("b", "b", "copy body"),
		CopyHAR:     bind("h", "h", "copy as HAR"),
		ReplayAll:   bind("ctrl+r", "ctrl+r", "replay all shown"),
		Follow:      bind("f", "f", "follow"),
		Pin:         bind("p", "p", "pin"),
		Save:        bind("S", "S", "save as test", "shift+s"),
		Compose:     bind("n", "n", "new request"),
		EditRequest: bind("E", "E", "edit and send", "shift+e"),
		Auto:        bind("a", "a", "auto-replay"),
		Diff:        bind("d", "d", "diff"),
		Editor:      bind("e", "e", "edit at line"),
		Browser:     bind("b", "b", "browser"),
		Palette:     bind(":", ":", "commands", "ctrl+p"),
		Widen:       bind("esc", "esc", "widen"),
		Suspend:     bind("ctrl+z", "ctrl+z", "to the shell"),
		Help:        bind("?", "?", "help"),
		Quit:        bind("q", "q ctrl+c", "quit"),

		Down:     bind("j", "j ↓", "down", "down"),
		Up:       bind("k", "k ↑", "up", "up"),
		Top:      bind("g", "g", "to the top", "home"),
		Bottom:   bind("G", "G", "to the end", "shift+g", "end"),
		HalfDown: bind("ctrl+d", "ctrl+d", "half a page down"),
		HalfUp:   bind("ctrl+u", "ctrl+u", "half a page up"),
		PageDown: bind("pgdown", "pgdn", "a page down", "space"),
		PageUp:   bind("pgup", "pgup", "a page up"),

		Narrower: bind("<", "< ctrl+←", "narrower", "ctrl+left"),
		Wider:    bind(">", "> ctrl+→", "wider", "ctrl+right"),
		Taller:   bind("+", "+ ctrl+↑", "higher", "ctrl+up"),
		Shorter:  bind("-", "- ctrl+↓", "lower", "ctrl+down"),
		EvenOut:  bind("=", "=", "as at first"),

		Open:    bind("enter", "enter", "open"),
		Clear:   bind("c", "c", "clear"),
		NextTab: bind("right", "→ l", "next tab", "l"),
		PrevTab: bind("left", "← h", "previous tab", "h"),

		Fold:      bind("enter", "enter", "fold JSON"),
		FoldAll:   bind("o", "o", "fold all"),
		Find:      bind("/", "/", "find"),
		NextFound: bind("n", "n", "next found"),
		PrevFound: bind("N", "N", "previous found", "shift+n"),

		Search: bind("/", "/", "search"),
		Query:  bind("s", "s", "SQL"),
		Edit:   bind("e", "e", "edit"),
		Delete: bind("x", "x", "delete", "delete"),
		Back:   bind("esc", "esc", "back", "left", "h", "backspace"),

		Accept:  bind("enter", "enter", "keep"),
		Leave:   bind("esc", "esc", "leave"),
		RowDown: bind("down", "↓", "down"),
		RowUp:   bind("up", "↑", "up"),

		CloseHelp: bind("esc", "esc", "close", "?", "q", "enter"),
		Ending:    bind("ctrl+c", "ctrl+c", "quit"),
	}
}

// scopes lists all keys for the help and the palette.
func (k *keymap) scopes() []scope {
	return []scope{
		{"Everywhere", []key.Binding{
			k.Next, k.Previous, k.Focus, k.Zoom, k.Widen, k.Replay, k.Reload, k.Compose, k.EditRequest, k.Pin, k.Save, k.Auto, k.Diff, k.Editor, k.Copy, k.Browser, k.Filter, k.Palette, k.Help, k.Suspend, k.Quit,
		}},
		{"Moving", []key.Binding{k.Down, k.Up, k.Top, k.Bottom, k.HalfDown, k.HalfUp, k.PageDown, k.PageUp}},
		{"Size of the pane", k.resizeKeys()},
		{"While typing", []key.Binding{k.Accept, k.Leave, k.RowDown, k.RowUp}},
		{"Requests", []key.Binding{k.Open, k.ReplayAll, k.Clear}},
		{"After y", k.copyKeys()},
		{"Detail", []key.Binding{k.NextTab, k.PrevTab, k.Find, k.NextFound, k.PrevFound, k.Fold, k.FoldAll}},
		{"Logs, host calls", []key.Binding{k.Follow, k.Clear}},
		{"Bindings", []key.Binding{k.Open, k.Back, k.Search, k.Query, k.Edit, k.Delete}},
	}
}

// footerKeys lists the keys that matter now, the most important ones first, and
// last of all the help.
func (m *Model) footerKeys() []key.Binding {
	k := &m.keys
	switch {
	case m.mode == modeFilter, m.mode == modeSearch:
		return []key.Binding{k.Accept, k.Leave, k.RowDown, k.RowUp}
	case m.mode == modeCopy:
		return append(k.copyKeys(), k.Leave)
	case m.palette != nil:
		return []key.Binding{k.Accept, k.Leave, k.RowDown, k.RowUp}
	case m.mode == modeHelp:
		return []key.Binding{k.CloseHelp, k.Down, k.Up}
	case m.session.building():
		return []key.Binding{k.Help, k.Quit}
	}
	narrowed := m.requests.thread() != nil
	switch {
	case m.focus <= detailID && m.detail.tab() == tabTraceback && !m.detail.searching():
		return []key.Binding{k.Editor, k.Replay, k.NextTab, k.Copy, k.Help}
	case m.focus == requestsID && narrowed:
		return []key.Binding{k.Replay, k.Widen, k.Open, k.Copy, k.Help}
	case m.focus == requestsID:
		return []key.Binding{k.Replay, k.Filter, k.Open, k.Copy, k.Help}
	case m.focus == bindingsID:
		return m.bindings.bindings()
	case m.focus == budgetsID:
		return []key.Binding{k.Down, k.Up, k.Replay, k.Help}
	case m.focus == detailID:
		if m.detail.searching() {
			return []key.Binding{k.NextFound, k.PrevFound, k.Widen, k.Help}
		}
		if m.detail.doc.tree() != nil {
			return []key.Binding{k.NextTab, k.Fold, k.Find, k.Copy, k.Help}
		}
		return []key.Binding{k.NextTab, k.Find, k.Replay, k.Copy, k.Help}
	case narrowed:
		return []key.Binding{k.Follow, k.Widen, k.Zoom, k.Clear, k.Help}
	default:
		return []key.Binding{k.Follow, k.Zoom, k.Clear, k.Help}
	}
}
