package tui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/events"
	"pymode-tui/runtime"
)

// sizes are the widths and heights of the bodies of requests, detail, logs and calls.
func (c *console) sizes() [4][2]int {
	var s [4][2]int
	for id := range s {
		body := c.model.layout.body[id]
		s[id] = [2]int{body.w, body.h}
	}
	return s
}

func TestKeysMoveBorders(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(story()...)
	before := c.sizes()
	grown := func(pane paneID, columns, rows int) {
		t.Helper()
		now := c.sizes()
		if w, h := now[pane][0]-before[pane][0], now[pane][1]-before[pane][1]; w != columns || h != rows {
			t.Errorf("pane %d grew by %d×%d, want %d×%d", pane, w, h, columns, rows)
		}
		checkFrame(t, c)
	}
	c.Requests().Focus().Press(">")
	grown(requestsID, 4, 0)
	grown(detailID, -4, 0)
	grown(logsID, 0, 0) // the lower panes have a border of their own
	c.Detail().Focus().Press(">", ">", "ctrl+right")
	grown(detailID, 8, 0)
	c.Logs().Focus().Press("+", "ctrl+up", "ctrl+left")
	grown(logsID, -4, 4)
	grown(requestsID, -8, -4)
	c.Requests().Focus().Press("+")
	grown(requestsID, -8, -2)
	c.Press("=")
	grown(detailID, 0, 0)
	grown(callsID, 0, 0)
	for range 60 {
		c.Press("<", "-")
	}
	if got := c.sizes()[requestsID]; got[0] != leastWidth-2 {
		t.Errorf("the requests have %d columns, want %d", got[0], leastWidth-2)
	}
	checkFrame(t, c)
	c.Press("z", ">").Footer("only one pane is shown")
}

func TestMouseMovesBorders(t *testing.T) {
	c := newConsole(t, func(o *Options) { o.Mouse = true }).Resize(120, 40).Events(story()...)
	top := c.model.layout.dividers[topDivider]
	c.Drag(top.x, 10, 40, 12)
	if got := c.model.layout.dividers[topDivider].x; got != 40 {
		t.Errorf("the border is at %d, want 40", got)
	}
	rows := c.model.layout.dividers[rowsDivider]
	c.Drag(30, rows.y, 33, 14)
	if got := c.model.layout.dividers[rowsDivider].y; got != 14 {
		t.Errorf("the border is at %d, want 14", got)
	}
	bottom := c.model.layout.dividers[bottomDivider]
	c.Drag(bottom.x, bottom.y+1, 5, 0) // further than it goes
	if got := c.sizes()[logsID][0]; got != leastWidth-2 {
		t.Errorf("the logs have %d columns, want %d", got, leastWidth-2)
	}
	checkFrame(t, c)
	c.Click(60, 20)
	at := c.sizes()
	c.Drag(70, 8, 20, 20) // begins in a pane
	if c.sizes() != at {
		t.Error("a drag that does not begin on a border moved one")
	}
}

func TestSplitsKeepTheirShare(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Press(">", ">")
	before := c.sizes()
	c.Resize(200, 60).Resize(40, 12).Resize(120, 40)
	if c.sizes() != before {
		t.Errorf("after resizing %v, want %v", c.sizes(), before)
	}
}

func TestLayoutIsRemembered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "layout.json")
	remembering := func(o *Options) { o.LayoutFile = file }
	c := newConsole(t, remembering).Resize(120, 40).Press(">", "3", "+", "z")
	if err := c.model.remember(); err != nil {
		t.Fatal(err)
	}
	next := newConsole(t, remembering)
	next.Resize(120, 40).Screen("[Logs]").Press("z")
	if c.Press("z"); next.sizes() != c.sizes() {
		t.Errorf("%v, want %v", next.sizes(), c.sizes())
	}
	if err := next.model.remember(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("beside the layout there is %v (%v)", left, err)
	}
}

func TestBadLayoutIsLeftAside(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no JSON": "{", "another JSON": "[1]", "no pane": `{"focus":"sideways"}`,
		"no split": `{"focus":"logs","splits":{"top":-5}}`, "too large": `{"focus":"logs"}` + strings.Repeat(" ", largestLayout),
	} {
		file := filepath.Join(t.TempDir(), "layout.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var stream events.Stream[runtime.Event]
		term := newTerminal(t)
		ended := start(t.Context(), Options{
			Events: stream.Subscribe(10), Workers: []WorkerInfo{{Name: testWorker}}, Input: term, Output: term, LayoutFile: file,
		})
		term.await(t, "\x1b[?1049h")
		stream.Publish(ready(1)...)
		term.typeKeys(t, "3zq")
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != `{"focus":"logs","zoom":true,"splits":{"top":0,"bottom":0,"rows":0}}`+"\n" {
			t.Errorf("%s: the file says %q (%v)", name, now, err)
		}
		m := New(t.Context(), Options{})
		m.options.LayoutFile = file
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := m.restore(); err == nil || strings.Contains(err.Error(), "\n") || m.focus != requestsID {
			t.Errorf("%s: restored with %v", name, err)
		}
	}
}

// TestLayoutIsSavedWhenTheTerminalGoesAway ends the console as a hang-up does.
func TestLayoutIsSavedWhenTheTerminalGoesAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "layout.json")
	var stream events.Stream[runtime.Event]
	ctx, cancel := context.WithCancel(t.Context())
	term := newTerminal(t)
	backend := &blockedBackend{make(chan struct{}), make(chan struct{})}
	sub := stream.Subscribe(10)
	stream.Publish(story()...)
	ended := start(ctx, Options{Events: sub, Backend: backend, Workers: []WorkerInfo{{Name: testWorker}}, Input: term, Output: term, LayoutFile: file})
	term.await(t, "myworker · ready")
	term.typeKeys(t, "4r")
	<-backend.entered
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), `"calls"`) {
		t.Errorf("saved %q (%v)", text, err)
	}
}
