package tui

import (
	tea "charm.land/bubbletea/v2"
)

// What the bindings pane does: reads and writes are commands, since they may
// take their time.

// pressBindings handles a key of the bindings pane; ok is false for one that is
// not the pane's own.
func (m *Model) pressBindings(msg tea.KeyPressMsg) (cmd tea.Cmd, ok bool) {
	p, k := m.bindings, &m.keys
	switch {
	case p.asking != nil:
		return p.answer(msg), true
	case p.holdings == nil:
		return nil, false
	case matches(msg, k.Back) && p.depth > atStores:
		return m.back(), true
	case matches(msg, k.Open):
		return m.open(), true
	case p.depth == atStores:
		return nil, false
	case matches(msg, k.Query) && p.store.Kind == StoreD1:
		p.ask("SQL", p.sql, m.query)
		return nil, true
	case matches(msg, k.Search) && p.depth == atItems && p.store.Kind != StoreD1:
		p.ask("begins with", p.prefix, func(prefix string) tea.Cmd {
			p.prefix = prefix
			return m.readItems("")
		})
		return nil, true
	case matches(msg, k.Edit):
		return m.edit(), true
	case matches(msg, k.Delete):
		return m.remove(), true
	case matches(msg, k.Down) && p.depth == atItems && p.items.atEnd() && p.next != "":
		return m.readItems(p.next), true
	}
	return nil, false
}

// back goes up one level.
func (m *Model) back() tea.Cmd {
	p := m.bindings
	p.depth--
	if p.depth == atItems {
		return m.readItems("")
	}
	p.refreshStores()
	return nil
}

// open goes down one level.
func (m *Model) open() tea.Cmd {
	p := m.bindings
	switch p.depth {
	case atStores:
		store, ok := p.stores.chosen()
		if !ok {
			return nil
		}
		p.store, p.prefix, p.sql, p.depth = store, "", "", atItems
		p.items = picker[Item]{h: p.h}
		return m.readItems("")
	case atItems:
		item, ok := p.items.chosen()
		if !ok {
			return nil
		}
		p.item = item.Name
		return m.readItem()
	}
	return nil
}

// readItems reads the items, the first page or one more.
func (m *Model) readItems(cursor string) tea.Cmd {
	p := m.bindings
	p.loading++
	p.stale = false
	ctx, holdings, number, store, prefix := m.ctx, p.holdings, p.loading, p.store, p.prefix
	return m.tasks.command(func() tea.Msg {
		page, err := holdings.Items(ctx, store, prefix, cursor)
		return itemsMsg{number: number, page: page, more: cursor != "", err: err}
	})
}

func (m *Model) readItem() tea.Cmd {
	p := m.bindings
	p.loading++
	p.stale = false
	ctx, holdings, number, store, name := m.ctx, p.holdings, p.loading, p.store, p.item
	return m.tasks.command(func() tea.Msg {
		content, err := holdings.Read(ctx, store, name)
		return contentMsg{number, content, err}
	})
}

// query runs SQL and shows what it gives.
func (m *Model) query(sql string) tea.Cmd {
	p := m.bindings
	if sql == "" {
		return nil
	}
	p.sql, p.item = sql, ""
	p.loading++
	ctx, holdings, number, store := m.ctx, p.holdings, p.loading, p.store
	return m.tasks.command(func() tea.Msg {
		content, err := holdings.Query(ctx, store, sql)
		return contentMsg{number, content, err}
	})
}

// remove deletes the chosen item, once that is confirmed.
func (m *Model) remove() tea.Cmd {
	p := m.bindings
	item := p.item
	if p.depth == atItems {
		chosen, ok := p.items.chosen()
		if !ok {
			return nil
		}
		item = chosen.Name
	}
	if p.store.Kind == StoreD1 || item == "" {
		return m.say(faint, "rows and tables are deleted with SQL")
	}
	ctx, holdings, store := m.ctx, p.holdings, p.store
	p.asking = &question{label: "delete " + truncate(cleanLine(item), 40) + "? y/n", then: func(string) tea.Cmd {
		return m.tasks.command(func() tea.Msg { return changedMsg{"delete", holdings.Delete(ctx, store, item)} })
	}}
	return nil
}

// edit opens the chosen item in the user's editor, and writes it back where it
// was changed.
func (m *Model) edit() tea.Cmd {
	p := m.bindings
	if p.store.Kind == StoreD1 {
		return m.say(faint, "rows are changed with SQL")
	}
	if p.depth == atItems {
		item, ok := p.items.chosen()
		if !ok {
			return nil
		}
		ctx, holdings, store := m.ctx, p.holdings, p.store
		return m.tasks.command(func() tea.Msg {
			content, err := holdings.Read(ctx, store, item.Name)
			return editMsg{store: store, name: item.Name, content: content, err: err}
		})
	}
	if p.item == "" {
		return nil
	}
	return m.startEditor(editMsg{store: p.store, name: p.item, content: p.content.of})
}

// editMsg is an item that was read to be edited.
type editMsg struct {
	store   Store
	name    string
	content Content
	err     error
}

func (m *Model) startEditor(e editMsg) tea.Cmd {
	if e.err != nil {
		return m.say(bad, "edit failed: "+e.err.Error())
	}
	if !e.content.Editable {
		return m.say(caution, "too large to be edited here")
	}
	ctx, holdings := m.ctx, m.bindings.holdings
	return m.editText("pymode-edit-*", e.content.Value, func(_ string, now []byte) tea.Msg {
		return changedMsg{"write", holdings.Write(ctx, e.store, e.name, now)}
	})
}

// takeBindings handles what reads and writes of the bindings pane bring.
func (m *Model) takeBindings(msg tea.Msg) tea.Cmd {
	p := m.bindings
	switch msg := msg.(type) {
	case itemsMsg:
		if msg.number != p.loading {
			return nil
		}
		if msg.err != nil {
			return m.say(bad, msg.err.Error())
		}
		rows := msg.page.Items
		if msg.more {
			rows = append(p.items.rows[:len(p.items.rows):len(p.items.rows)], rows...)
		}
		p.next = msg.page.Next
		p.items.set(rows)
		if msg.more {
			p.items.move(1)
		}
	case contentMsg:
		if msg.number != p.loading {
			return nil
		}
		if msg.err != nil {
			return m.say(bad, msg.err.Error())
		}
		again := p.depth == atContent
		offset := p.content.offset
		p.depth = atContent
		p.content.show(msg.content)
		if again { // read anew: the view stays where it was
			p.content.scroll(offset)
		}
	case editMsg:
		return m.startEditor(msg)
	case changedMsg:
		if msg.err != nil {
			return m.say(bad, msg.doing+" failed: "+msg.err.Error())
		}
		if msg.doing == "delete" {
			p.depth = atItems
		}
		return m.readAgain()
	}
	return nil
}

// readAgain reads what is shown once more.
func (m *Model) readAgain() tea.Cmd {
	p := m.bindings
	switch {
	case p.depth == atItems:
		return m.readItems("")
	case p.depth == atContent && p.item != "":
		return m.readItem()
	}
	p.stale = false
	return nil
}
