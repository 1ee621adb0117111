package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// tasks owns the goroutines in which commands run: Bubble Tea starts them but
// does not wait for them. The zero value is ready for use.
type tasks struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// command wraps work as a command that close waits for. Once closed it does
// nothing.
func (t *tasks) command(work func() tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !t.begin() {
			return nil
		}
		defer t.group.Done()
		return work()
	}
}

func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.group.Add(1)
	return true
}

// close waits for all commands that have begun; no more will. Whoever calls it
// has ended the context that they work under.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.group.Wait()
}

// say shows a message in the footer for a while.
func (m *Model) say(role role, text string) tea.Cmd {
	id := m.flash.id + 1
	m.flash = flash{text: cleanLine(text), role: role, id: id}
	ctx, shown := m.ctx, m.flashTime
	return m.tasks.command(func() tea.Msg {
		timer := time.NewTimer(shown)
		defer timer.Stop()
		select {
		case <-timer.C:
			return flashOverMsg{id}
		case <-ctx.Done():
			return nil
		}
	})
}

// attempt runs work of the backend's. The footer says what is attempted on
// what, and whether it failed.
func (m *Model) attempt(doing, on string, work func(context.Context) error) tea.Cmd {
	ctx := m.ctx
	do := m.tasks.command(func() tea.Msg {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			return failedMsg{doing, err}
		}
		return nil
	})
	return tea.Batch(m.say(faint, doing+" "+on+" …"), do)
}

// replay sends the current request again.
func (m *Model) replay() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to replay")
	}
	backend, worker, request := m.options.Backend, x.worker, x.request
	return m.attempt("replay", x.method+" "+x.path, func(ctx context.Context) error {
		return backend.Do(ctx, worker, request)
	})
}

// reload imports the current worker's code anew.
func (m *Model) reload() tea.Cmd {
	w := m.worker()
	if w == nil {
		return nil
	}
	backend, name := m.options.Backend, w.name
	return m.attempt("reload", w.label, func(ctx context.Context) error {
		return backend.Reload(ctx, name)
	})
}

// clearRequests forgets all requests, once it is asked for again: they can't be had
// back.
func (m *Model) clearRequests() tea.Cmd {
	n := m.session.exchanges.size
	switch {
	case n == 0:
		return m.say(faint, "no request to clear")
	case m.flash.text == "" || m.flash.id != m.clearing:
		cmd := m.say(caution, "c again forgets "+plural(n, "request"))
		m.clearing = m.flash.id
		return cmd
	}
	m.session.clearExchanges()
	return m.say(faint, "forgot "+plural(n, "request"))
}

// save keeps the current request and its answer in the project.
func (m *Model) save() tea.Cmd {
	x := m.requests.current()
	switch {
	case x == nil || x.request == nil:
		return m.say(faint, "no request to save")
	case x.result == nil:
		return m.say(faint, "there is no answer yet to save")
	}
	backend, ctx, worker, request, result := m.options.Backend, m.ctx, x.worker, x.request, x.result
	return m.tasks.command(func() tea.Msg {
		file, err := backend.Save(ctx, worker, request, result)
		if err != nil {
			return failedMsg{"save", err}
		}
		return savedMsg{file}
	})
}
