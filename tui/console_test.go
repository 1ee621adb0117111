package tui

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/traffic"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// The clock of the highlighter's regular expressions ends by itself, a second late.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// console drives a console as a user would: focus a pane, press a key, see
// these lines. What it sees are the cells of the screen, never a pane's state.
type console struct {
	t       *testing.T
	model   *Model
	backend *fakeBackend
	data    *fakeHoldings
	clock   time.Time
	copied  []string // what went to the clipboard
	quit    bool
}

const testWorker = "myworker"

// epoch is when all tests begin.
var epoch = time.Date(2026, time.March, 14, 12, 1, 7, 0, time.UTC)

func newConsole(t *testing.T, change ...func(*Options)) *console {
	t.Helper()
	c := &console{t: t, backend: &fakeBackend{}, data: newFakeHoldings(), clock: epoch}
	options := Options{
		Backend:  c.backend,
		Holdings: c.data,
		Workers:  []WorkerInfo{{Name: testWorker, Dir: "./myworker"}},
		Addr:     func() string { return "http://127.0.0.1:8787" },
	}
	for _, f := range change {
		f(&options)
	}
	c.model = newModel(t.Context(), options)
	c.model.logs.source.(*logSource).zone = time.UTC
	c.model.flashTime = 0
	c.model.now = func() time.Time { return c.clock }
	if c.model.dump != nil {
		c.model.dump.begin = c.clock
	}
	return c.Resize(80, 24)
}

func withoutColor(o *Options) { o.NoColor = true }

// fakeBackend remembers what it was asked for.
type fakeBackend struct {
	done     []*runtime.Request
	reloaded []string
	saved    []*runtime.Result
	watched  []bool
	err      error // of the next calls
}

func (b *fakeBackend) Do(_ context.Context, _ string, req *runtime.Request) error {
	b.done = append(b.done, req)
	return b.err
}

func (b *fakeBackend) Reload(_ context.Context, worker string) error {
	b.reloaded = append(b.reloaded, worker)
	return b.err
}

func (b *fakeBackend) HAR(_ context.Context, e *traffic.Exchange) ([]byte, error) {
	var archive bytes.Buffer
	if err := traffic.WriteHAR(&archive, []*traffic.Exchange{e}, nil); err != nil {
		return nil, err
	}
	return archive.Bytes(), b.err
}

func (b *fakeBackend) Watch(on bool) { b.watched = append(b.watched, on) }

func (b *fakeBackend) Save(_ context.Context, _ string, _ *runtime.Request, result *runtime.Result) (string, error) {
	b.saved = append(b.saved, result)
	return "requests/saved.exchange", b.err
}

// send gives the model a message, and runs the command that comes of it.
func (c *console) send(msg tea.Msg) {
	c.t.Helper()
	_, cmd := c.model.Update(msg)
	c.run(cmd)
}

func (c *console) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, flashOverMsg: // messages stay until a test ends them
	case tea.BatchMsg:
		for _, cmd := range msg {
			c.run(cmd)
		}
	case tea.QuitMsg:
		c.quit = true
	default:
		if fmt.Sprintf("%T", msg) == "tea.setClipboardMsg" {
			c.copied = append(c.copied, fmt.Sprint(msg))
			return
		}
		c.send(msg)
	}
}

// Events tells the console what happened.
func (c *console) Events(events ...runtime.Event) *console {
	c.t.Helper()
	c.send(eventsMsg{events: events})
	return c
}

func (c *console) Resize(w, h int) *console {
	c.t.Helper()
	c.send(tea.WindowSizeMsg{Width: w, Height: h})
	return c
}

// namedKeys are the keys that are no characters.
var namedKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab},
	"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "backspace": {Code: tea.KeyBackspace},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"ctrl+left": {Code: tea.KeyLeft, Mod: tea.ModCtrl}, "ctrl+right": {Code: tea.KeyRight, Mod: tea.ModCtrl},
	"ctrl+up": {Code: tea.KeyUp, Mod: tea.ModCtrl}, "ctrl+down": {Code: tea.KeyDown, Mod: tea.ModCtrl},
	"space": {Code: tea.KeySpace, Text: " "},
}

func (c *console) Press(keys ...string) *console {
	c.t.Helper()
	for _, k := range keys {
		msg, named := namedKeys[k]
		if !named {
			msg = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		}
		if got := msg.String(); got != k {
			c.t.Fatalf("key %q reads as %q", k, got)
		}
		c.send(msg)
	}
	return c
}

// Type presses the key of each character.
func (c *console) Type(text string) *console {
	c.t.Helper()
	for _, r := range text {
		if r == ' ' {
			c.Press("space")
		} else {
			c.Press(string(r))
		}
	}
	return c
}

func (c *console) Click(x, y int) *console {
	c.t.Helper()
	c.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	return c
}

// Drag presses the mouse's button at one place and lets it go at another.
func (c *console) Drag(x, y, toX, toY int) *console {
	c.t.Helper()
	c.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	c.send(tea.MouseMotionMsg{X: (x + toX) / 2, Y: (y + toY) / 2, Button: tea.MouseLeft})
	c.send(tea.MouseMotionMsg{X: toX, Y: toY, Button: tea.MouseLeft})
	c.send(tea.MouseReleaseMsg{X: toX, Y: toY, Button: tea.MouseLeft})
	return c
}

func (c *console) Wheel(x, y int, button tea.MouseButton) *console {
	c.t.Helper()
	c.send(tea.MouseWheelMsg{X: x, Y: y, Button: button})
	return c
}

// screen is the screen as text, a string a row.
func (c *console) screen() []string {
	return strings.Split(ansi.Strip(c.model.View().Content), "\n")
}

// cut is the text in a rectangle, without what is blank at the ends of lines
// and at the end.
func (c *console) cut(r rect) []string {
	var lines []string
	rows := c.screen()
	for y := r.y; y < r.y+r.h; y++ {
		lines = append(lines, strings.TrimRight(ansi.Cut(rows[y], r.x, r.x+r.w), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// Status checks that the first line contains each text.
func (c *console) Status(texts ...string) *console {
	c.t.Helper()
	c.contains("first line", c.screen()[0], texts)
	return c
}

// Footer checks that the last line contains each text.
func (c *console) Footer(texts ...string) *console {
	c.t.Helper()
	rows := c.screen()
	c.contains("last line", rows[len(rows)-1], texts)
	return c
}

// Screen checks that each text is somewhere on the screen.
func (c *console) Screen(texts ...string) *console {
	c.t.Helper()
	c.contains("screen", strings.Join(c.screen(), "\n"), texts)
	return c
}

func (c *console) contains(what, have string, texts []string) {
	c.t.Helper()
	for _, text := range texts {
		if !strings.Contains(have, text) {
			c.t.Errorf("%s has no %q:\n%s", what, text, have)
		}
	}
}

// paneDriver drives one pane.
type paneDriver struct {
	*console
	id paneID
}

func (c *console) Requests() *paneDriver { return &paneDriver{c, requestsID} }
func (c *console) Detail() *paneDriver   { return &paneDriver{c, detailID} }
func (c *console) Logs() *paneDriver     { return &paneDriver{c, logsID} }
func (c *console) Calls() *paneDriver    { return &paneDriver{c, callsID} }
func (c *console) Bindings() *paneDriver { return &paneDriver{c, bindingsID} }

// Focus presses the key that focuses the pane.
func (p *paneDriver) Focus() *paneDriver {
	p.t.Helper()
	p.console.Press(string(rune('1' + p.id)))
	if p.model.focus != p.id {
		p.t.Errorf("the focus is on pane %d, want %d", p.model.focus, p.id)
	}
	return p
}

func (p *paneDriver) Press(keys ...string) *paneDriver {
	p.t.Helper()
	p.console.Press(keys...)
	return p
}

// Lines checks all lines of the pane.
func (p *paneDriver) Lines(want ...string) *paneDriver {
	p.t.Helper()
	if diff := cmp.Diff(want, p.cut(p.model.layout.body[p.id])); diff != "" {
		p.t.Errorf("pane %d (-want +got):\n%s", p.id, diff)
	}
	return p
}

// First checks the first lines of the pane.
func (p *paneDriver) First(want ...string) *paneDriver {
	p.t.Helper()
	got := p.cut(p.model.layout.body[p.id])
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		p.t.Errorf("the beginning of pane %d (-want +got):\n%s", p.id, diff)
	}
	return p
}

// Last checks the last lines of the pane.
func (p *paneDriver) Last(want ...string) *paneDriver {
	p.t.Helper()
	got := p.cut(p.model.layout.body[p.id])
	if diff := cmp.Diff(want, got[max(len(got)-len(want), 0):]); diff != "" {
		p.t.Errorf("the end of pane %d (-want +got):\n%s", p.id, diff)
	}
	return p
}

// Contains checks that each text is on a line of the pane.
func (p *paneDriver) Contains(texts ...string) *paneDriver {
	p.t.Helper()
	p.contains(fmt.Sprintf("pane %d", p.id), strings.Join(p.cut(p.model.layout.body[p.id]), "\n"), texts)
	return p
}

// Lacks checks that no text is in the pane.
func (p *paneDriver) Lacks(texts ...string) *paneDriver {
	p.t.Helper()
	have := strings.Join(p.cut(p.model.layout.body[p.id]), "\n")
	for _, text := range texts {
		if strings.Contains(have, text) {
			p.t.Errorf("pane %d has %q:\n%s", p.id, text, have)
		}
	}
	return p
}

// Title checks that the pane's title contains each text.
func (p *paneDriver) Title(texts ...string) *paneDriver {
	p.t.Helper()
	p.contains(fmt.Sprintf("title of pane %d", p.id), strings.Join(p.cut(p.model.layout.title[p.id]), ""), texts)
	return p
}

// Marked checks that the row with the mark ○ or ● contains each text.
func (p *paneDriver) Marked(mark string, texts ...string) *paneDriver {
	p.t.Helper()
	lines := p.cut(p.model.layout.body[p.id])
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, mark) })
	if at < 0 {
		p.t.Errorf("no row is marked %s:\n%s", mark, strings.Join(lines, "\n"))
		return p
	}
	p.contains("row marked "+mark, lines[at], texts)
	return p
}
