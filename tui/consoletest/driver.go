// Package consoletest drives a console in tests as a user would: focus a pane, press a
// key, see these lines.
//
//	c.Requests().Focus().Press("j", "r").First("▸● 2 GET /users/7")
//	c.Detail().Contains("HTTP 200")
//
// What it sees are the cells of the screen, never a pane's state. One driver serves two
// kinds of tests. [Start] drives a console that is told of made-up events: commands run
// at once, and what is expected has to be there. [Live] drives one that real workers
// stand behind: commands run beside it, as in a terminal, and what is expected has to
// come, within [Patience]; no test sleeps.
package consoletest

import (
	"context"
	"fmt"
	"image"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Patience is how long a live console is waited for. It is for a loaded machine: a
// test that passes does not take it.
const Patience = 60 * time.Second

// look is how often a live console is looked at where it is told nothing.
const look = 20 * time.Millisecond

// Console is what is driven: a model that says where its panes are.
type Console interface {
	tea.Model

	// Pane is where a pane lies on the screen: its title, and what it draws in.
	// Either is empty where it is not shown.
	Pane(n int) (title, body image.Rectangle)

	// Focused is the pane that gets the keys.
	Focused() int

	// Told is the message that tells the console what happened.
	Told(events []runtime.Event) tea.Msg
}

// The panes, by the number of the key that focuses them, less one.
const (
	requests = iota
	detail
	logs
	calls
	bindings
)

// Driver drives one console. Its methods return C, the type that a test has embedded
// it in, so that a chain of calls can go on with that type's own.
type Driver[C any] struct {
	Copied []string // what went to the clipboard, the oldest first
	Ended  bool     // the console asked to be ended

	tb      testing.TB
	self    C
	console Console

	// Of a live one; messages is nil for others.
	ctx      context.Context
	messages chan tea.Msg
	running  *sync.WaitGroup
}

// Start drives a console for a test, without waiting for anything. Self is what the
// driver's methods return.
func Start[C any](tb testing.TB, console Console, self C) *Driver[C] {
	return &Driver[C]{tb: tb, console: console, self: self}
}

// Live drives a console that real workers stand behind. Relay sends what happens until
// ctx is done, which it is at the end of the test; commands that still run then are
// waited for.
func Live[C any](tb testing.TB, console Console, self C, relay func(ctx context.Context, send func(tea.Msg))) *Driver[C] {
	ctx, cancel := context.WithCancel(tb.Context())
	d := &Driver[C]{tb: tb, console: console, self: self, ctx: ctx, messages: make(chan tea.Msg, 64), running: &sync.WaitGroup{}}
	d.running.Go(func() { relay(ctx, d.post) })
	tb.Cleanup(func() {
		cancel()
		d.running.Wait()
	})
	return d
}

// post hands a message over to the test's goroutine.
func (d *Driver[C]) post(msg tea.Msg) {
	select {
	case d.messages <- msg:
	case <-d.ctx.Done():
	}
}

// Send gives the console a message, and runs the command that comes of it.
func (d *Driver[C]) Send(msg tea.Msg) C {
	d.tb.Helper()
	_, cmd := d.console.Update(msg)
	d.Run(cmd)
	return d.self
}

// Run runs a command: at once, or for a live console beside it.
func (d *Driver[C]) Run(cmd tea.Cmd) {
	switch {
	case cmd == nil:
	case d.messages == nil:
		d.take(cmd())
	default:
		d.running.Go(func() {
			if msg := cmd(); msg != nil {
				d.post(msg)
			}
		})
	}
}

// take does with a command's message what a program does.
func (d *Driver[C]) take(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, cmd := range msg {
			d.Run(cmd)
		}
	case tea.QuitMsg:
		d.Ended = true
	default:
		switch fmt.Sprintf("%T", msg) {
		case "tea.setClipboardMsg":
			d.Copied = append(d.Copied, fmt.Sprint(msg))
		case "tui.flashOverMsg": // messages in the footer stay until a test ends them
		default:
			d.Send(msg)
		}
	}
}

// catchUp takes the messages that wait.
func (d *Driver[C]) catchUp() {
	for d.messages != nil {
		select {
		case msg := <-d.messages:
			d.take(msg)
		default:
			return
		}
	}
}

// expect checks that nothing is missing. A live console is waited for, and ends the
// test where it does not come: what follows would make no sense.
func (d *Driver[C]) expect(missing func() string) {
	d.tb.Helper()
	d.catchUp()
	text := missing()
	if text == "" {
		return
	}
	if d.messages == nil {
		d.tb.Error(text)
		return
	}
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	again := time.NewTicker(look)
	defer again.Stop()
	for text != "" {
		select {
		case msg := <-d.messages:
			d.take(msg)
			text = missing()
		case <-again.C: // what no message tells of, a file say
			text = missing()
		case <-patience.C:
			d.tb.Fatalf("after %v: %s\nof\n%s", Patience, text, strings.Join(d.Rows(), "\n"))
		}
	}
}

// Until waits for something else than what the screen shows, what is named.
func (d *Driver[C]) Until(what string, holds func() bool) C {
	d.tb.Helper()
	d.expect(func() string {
		if holds() {
			return ""
		}
		return what + ": not so"
	})
	return d.self
}

// Exec runs a program that would take over the terminal. A console that is driven has
// none, so it is told to run programs, an editor say, by this.
func Exec(cmd *exec.Cmd, done tea.ExecCallback) tea.Cmd {
	return func() tea.Msg { return done(cmd.Run()) }
}

// Events tells the console what happened.
func (d *Driver[C]) Events(events ...runtime.Event) C {
	d.tb.Helper()
	return d.Send(d.console.Told(events))
}

// Resize makes the screen w by h.
func (d *Driver[C]) Resize(w, h int) C {
	d.tb.Helper()
	return d.Send(tea.WindowSizeMsg{Width: w, Height: h})
}

// Rows is the screen as text, a string a row.
func (d *Driver[C]) Rows() []string {
	return strings.Split(ansi.Strip(d.console.View().Content), "\n")
}

// cut is the text in a rectangle, without what is blank at the ends of lines and at
// the end.
func (d *Driver[C]) cut(r image.Rectangle) []string {
	var lines []string
	rows := d.Rows()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		lines = append(lines, strings.TrimRight(ansi.Cut(rows[y], r.Min.X, r.Max.X), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// Status checks that the first line contains each text.
func (d *Driver[C]) Status(texts ...string) C {
	d.tb.Helper()
	d.expect(func() string { return missing("first line", d.Rows()[0], texts) })
	return d.self
}

// Footer checks that the last line contains each text.
func (d *Driver[C]) Footer(texts ...string) C {
	d.tb.Helper()
	d.expect(func() string {
		rows := d.Rows()
		return missing("last line", rows[len(rows)-1], texts)
	})
	return d.self
}

// Screen checks that each text is somewhere on the screen.
func (d *Driver[C]) Screen(texts ...string) C {
	d.tb.Helper()
	d.expect(func() string { return missing("screen", strings.Join(d.Rows(), "\n"), texts) })
	return d.self
}

// missing says which texts are not in what there is, "" if all are.
func missing(what, have string, texts []string) string {
	var lacks []string
	for _, text := range texts {
		if !strings.Contains(have, text) {
			lacks = append(lacks, fmt.Sprintf("%s has no %q", what, text))
		}
	}
	if lacks == nil {
		return ""
	}
	return strings.Join(lacks, "\n") + ":\n" + have
}
