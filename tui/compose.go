package tui

import (
	"bytes"
	"context"

	"pymode-tui/runtime"
	"pymode-tui/traffic"

	tea "charm.land/bubbletea/v2"
)

// A request is written in the user's editor, as an .http file, and sent when
// that is left.

// composedMsg is what was written.
type composedMsg struct {
	worker   string
	text     []byte
	requests []*runtime.Request
	err      error // text is no request
}

const composeHead = "# Save and leave the editor: the request is sent. Leave it as it is, and nothing is.\n\n"

// compose opens the editor with a new request, or with the one that could not be
// read the last time.
func (m *Model) compose() tea.Cmd {
	if len(m.draft) > 0 {
		return m.write(m.draft)
	}
	base := "http://localhost"
	if m.options.Addr != nil {
		base = m.options.Addr()
	}
	return m.write([]byte(composeHead + "POST " + base + "/\nContent-Type: application/json\n\n{}\n"))
}

// editRequest opens the editor with the current request.
func (m *Model) editRequest() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to edit")
	}
	text := bytes.NewBufferString(composeHead)
	if err := traffic.WriteHTTPFile(text, []*traffic.Exchange{{Request: x.request}}); err != nil {
		return m.say(caution, "can't be edited: "+err.Error())
	}
	return m.write(text.Bytes())
}

// write edits a request's text and reads it.
func (m *Model) write(text []byte) tea.Cmd {
	w := m.worker()
	if w == nil {
		return nil
	}
	name := w.name
	return m.editText("pymode-request-*.http", text, func(path string, now []byte) tea.Msg {
		exchanges, err := traffic.ReadHTTPFile(path, "")
		msg := composedMsg{worker: name, text: now, err: err}
		for _, e := range exchanges {
			msg.requests = append(msg.requests, e.Request)
		}
		return msg
	})
}

// sendComposed sends what was written. What is no request is kept for the next time.
func (m *Model) sendComposed(msg composedMsg) tea.Cmd {
	if msg.err != nil {
		m.draft = msg.text
		return m.say(bad, msg.err.Error()+"; n opens it again")
	}
	m.draft = nil
	if len(msg.requests) == 0 {
		return m.say(faint, "no request to send")
	}
	first := msg.requests[0]
	backend := m.options.Backend
	return m.attempt("send", first.Method+" "+first.URL, func(ctx context.Context) error {
		for _, r := range msg.requests {
			if err := backend.Do(ctx, msg.worker, r); err != nil {
				return err
			}
		}
		return nil
	})
}
