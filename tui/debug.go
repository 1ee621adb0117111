package tui

import (
	"fmt"
	"io"
	"time"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// maxDebugLine is how long a line of the message dump may be, in bytes.
const maxDebugLine = 400

// dump writes what the console is told, a line a message: the time since it began,
// the message's type, and what it says.
//
//	+1.204s KeyPressMsg "ctrl+p"
//	+1.310s eventsMsg 2 events, 0 lost: request-started GET /users/7, log 12 bytes
//
// Nothing that a worker or a user wrote is in it but methods, paths and keys: bodies,
// headers, log lines, results of host calls and pasted text are told by their size
// only, since any of them may hold a secret, and what is typed while a prompt or a
// filter is open is not told either.
type dump struct {
	out   io.Writer
	begin time.Time
}

// message writes one message. An error ends the dump and nothing else.
func (d *dump) message(msg tea.Msg, now time.Time, typing bool) {
	if d == nil || d.out == nil {
		return
	}
	text := fmt.Sprintf("+%.3fs %s", now.Sub(d.begin).Seconds(), describeMessage(msg, typing))
	text = cleanLine(text)
	if len(text) > maxDebugLine {
		text = truncate(text, maxDebugLine/4)
	}
	if _, err := io.WriteString(d.out, text+"\n"); err != nil {
		d.out = nil
	}
}

// describeMessage is what a line of the dump says of a message.
func describeMessage(msg tea.Msg, typing bool) string {
	name := fmt.Sprintf("%T", msg)
	if len(name) > 4 && name[:4] == "tui." || len(name) > 4 && name[:4] == "tea." {
		name = name[4:]
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if typing && msg.Text != "" {
			return name + " a character"
		}
		return fmt.Sprintf("%s %q", name, msg.String())
	case tea.PasteMsg:
		return fmt.Sprintf("%s %d bytes", name, len(msg.Content))
	case tea.WindowSizeMsg:
		return fmt.Sprintf("%s %d×%d", name, msg.Width, msg.Height)
	case tea.MouseMsg:
		at := msg.Mouse()
		return fmt.Sprintf("%s %s at %d, %d", name, at.Button, at.X, at.Y)
	case tea.BackgroundColorMsg:
		return fmt.Sprintf("%s %s", name, msg)
	case eventsMsg:
		text := fmt.Sprintf("%s %d events, %d lost", name, len(msg.events), msg.lost)
		for i, e := range msg.events {
			if i == 8 {
				return text + fmt.Sprintf(" and %d more", len(msg.events)-i)
			}
			text += []string{": ", ", "}[min(i, 1)] + describeEvent(e)
		}
		return text
	case failedMsg:
		return name + " " + msg.doing
	}
	return name
}

// describeEvent is a kind, and what tells one event from another.
func describeEvent(e runtime.Event) string {
	text := e.Kind()
	switch e := e.(type) {
	case runtime.StateChanged:
		text += fmt.Sprintf(" %s %s, generation %d", e.Worker, e.State, e.Generation)
	case runtime.RequestStarted:
		text += " " + truncate(cleanLine(e.Method), 10) + " " + pathOnly(e.URL)
	case runtime.RequestDone:
		if e.Result != nil {
			text += fmt.Sprintf(" %d, body of %d bytes", e.Result.Status, len(e.Result.Body))
		}
	case runtime.Logged:
		text += fmt.Sprintf(" %d bytes", len(e.Log.Text))
	case runtime.Called:
		text += " " + e.Call.Op + " " + e.Call.Binding
	case runtime.Progress:
		text += fmt.Sprintf(" %.0f %%", e.Percent)
	}
	return text
}

// pathOnly is a URL's path without its query, which may hold a token.
func pathOnly(url string) string {
	path := cleanPath(url)
	for i := range len(path) {
		if path[i] == '?' {
			return truncate(path[:i], 40) + "?…"
		}
	}
	return truncate(path, 40)
}

// typing reports whether keys are text now.
func (m *Model) typing() bool {
	return m.mode == modeFilter || m.mode == modeSearch || m.palette != nil || m.focus == bindingsID && m.bindings.asking != nil
}
