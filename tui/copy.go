package tui

import (
	"context"
	"unicode/utf8"

	"pymode-tui/runtime"
	"pymode-tui/traffic"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// maxCopied bounds what is sent to the clipboard, in bytes: terminals ignore or
// cut what is longer.
const maxCopied = 64 << 10

// copiedMsg is a text for the clipboard, and what it is in words.
type copiedMsg struct{ text, what string }

// copyKeys are those of the menu that y opens in the footer.
func (k *keymap) copyKeys() []key.Binding {
	return []key.Binding{k.CopyCurl, k.CopyBody, k.CopyHAR}
}

// pressCopy handles the key after y: what the current request is copied as.
func (m *Model) pressCopy(msg tea.KeyPressMsg) tea.Cmd {
	k := &m.keys
	m.mode = modeNormal
	switch {
	case matches(msg, k.CopyCurl):
		return m.copyCurl()
	case matches(msg, k.CopyBody):
		return m.copyBody()
	case matches(msg, k.CopyHAR):
		return m.copyHAR()
	}
	return nil // any other key leaves it
}

// beginCopy asks what to copy the current request as.
func (m *Model) beginCopy() tea.Cmd {
	if x := m.requests.current(); x == nil || x.request == nil {
		return m.say(faint, "no request to copy")
	}
	m.mode, m.flash.text = modeCopy, ""
	return nil
}

// copied puts a text on the terminal's clipboard.
func (m *Model) copied(text, what string) tea.Cmd {
	if len(text) > maxCopied {
		return m.say(caution, "too large for the clipboard: "+formatBytes(int64(len(text))))
	}
	return tea.Batch(tea.SetClipboard(text), m.say(good, "copied "+what))
}

func (m *Model) copyCurl() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to copy")
	}
	if len(x.request.Body) > maxCopied {
		return m.say(caution, "too large for the clipboard: "+formatBytes(int64(len(x.request.Body))))
	}
	return m.copied(traffic.WriteCurl(&traffic.Exchange{Request: x.request}), x.method+" "+x.path+" as curl")
}

// copyBody copies the body that the detail shows: of the response, or on the
// Request tab that of the request.
func (m *Model) copyBody() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to copy")
	}
	body, of := x.request.Body, "request"
	if m.detail.tab() != tabRequest {
		if x.result == nil {
			return m.say(faint, "there is no answer yet to copy")
		}
		body, of = x.result.Body, "response"
	}
	switch {
	case len(body) == 0:
		return m.say(faint, "the "+of+" has no body")
	case !utf8.Valid(body):
		return m.say(caution, "the body of the "+of+" is no text: "+formatBytes(int64(len(body))))
	}
	return m.copied(string(body), "the body of the "+of+", "+formatBytes(int64(len(body))))
}

func (m *Model) copyHAR() tea.Cmd {
	x := m.requests.current()
	if x == nil || x.request == nil {
		return m.say(faint, "no request to copy")
	}
	backend, ctx, worker, request, result, at := m.options.Backend, m.ctx, x.worker, x.request, x.result, x.at
	e := &traffic.Exchange{At: at, Worker: worker, Request: request, Result: result}
	what := x.method + " " + x.path + " as HAR"
	return m.tasks.command(func() tea.Msg {
		archive, err := backend.HAR(ctx, e)
		if err != nil {
			return failedMsg{"copy", err}
		}
		return copiedMsg{string(archive), what}
	})
}

// replayShown sends all requests again that the filter shows, the oldest first;
// those that a worker has made come from the requests that made them.
func (m *Model) replayShown() tea.Cmd {
	type sent struct {
		worker  string
		request *runtime.Request
	}
	var all []sent
	for n := len(m.requests.rows) - 1; n >= 0; n-- {
		if x := m.requests.rows[n]; x.request != nil && x.parent == nil {
			all = append(all, sent{x.worker, x.request})
		}
	}
	if len(all) == 0 {
		return m.say(faint, "no request to replay")
	}
	backend := m.options.Backend
	return m.attempt("replay", plural(len(all), "request"), func(ctx context.Context) error {
		for _, s := range all {
			if ctx.Err() != nil {
				return nil
			}
			if err := backend.Do(ctx, s.worker, s.request); err != nil {
				return err
			}
		}
		return nil
	})
}
