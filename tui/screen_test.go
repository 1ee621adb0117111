package tui

import (
	"fmt"
	"image/color"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
)

// screens are what the golden views show.
var screens = map[string]func(*console){
	"empty":    func(*console) {},
	"traffic":  func(c *console) { c.Events(story()...) },
	"selected": func(c *console) { c.Events(story()...).Press("j", "j", "j") },
	"detail":   func(c *console) { c.Events(story()...).Press("j", "j", "j", "enter") },
	"timing":   func(c *console) { c.Events(story()...).Press("2", "l", "l") },
	"logs":     func(c *console) { c.Events(story()...).Events(written("line %d", 0, 90)...).Press("3", "k", "k", "k") },
	"calls":    func(c *console) { c.Events(story()...).Press("j", "j", "j", "j", "4") },
	"stopped": func(c *console) {
		c.Events(story()...).Events(request(7, "GET", "/loop", exceeds(runtime.FailureCPU))...)
	},
	"bindings": func(c *console) { c.Events(story()...).Press("5") },
	"budgets":  func(c *console) { c.Events(story()...).Press("6") },
	"items":    func(c *console) { c.Events(story()...).Press("5", "enter") },
	"table":    func(c *console) { c.Events(story()...).Press("5", "j", "j", "enter", "j", "enter") },
	"failed":   func(c *console) { c.Events(story()...).Events(failed(3, "src/users.py")...).Press("2") },
	"filter":   func(c *console) { c.Events(story()...).Press("/").Type("users") },
	"json": func(c *console) {
		c.Events(ready(1)...).Events(request(1, "GET", "/team", answers(200, "application/json", teamJSON))...)
		c.Press("2", "/").Type("ada").Press("enter", "o")
	},
	"markup": func(c *console) {
		c.Events(ready(1)...).Events(request(1, "GET", "/", answers(200, "text/html", "<!doctype html>\n<!-- a page -->\n<a href=\"/users\">Users &amp; teams</a>\n"))...)
	},
	"rise": func(c *console) {
		c.Events(story()...)
		for i := range 16 {
			c.Events(request(20+i, "GET", "/report/7", costs(1+i/8, []int64{3_100, 9_800}[i/8]+int64(i%3)*200, 23<<20))...)
		}
	},
	"help":  func(c *console) { c.Events(story()...).Press("?") },
	"build": func(c *console) { c.Events(building(41)...) },
}

func building(percent float64) []runtime.Event {
	return []runtime.Event{
		runtime.StateChanged{Worker: testWorker, At: epoch, State: runtime.StateBuilding},
		runtime.Progress{
			At: epoch, Step: "compile CPython", Number: 4, Steps: 6, Percent: percent, Remaining: 128e9,
			Line: "zig cc -O3 -c Objects/longobject.c\x1b[K",
		},
	}
}

var goldenSizes = [][2]int{{80, 24}, {120, 40}, {40, 12}, {200, 60}}

// TestGoldenText shows each screen as text, to be read.
func TestGoldenText(t *testing.T) {
	for name, show := range screens {
		for _, size := range goldenSizes {
			t.Run(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), func(t *testing.T) {
				c := newConsole(t).Resize(size[0], size[1])
				show(c)
				golden.RequireEqual(t, strings.Join(c.Rows(), "\n")+"\n")
			})
		}
	}
}

// TestGoldenStyles keeps what is sent to the terminal, with colours and without.
func TestGoldenStyles(t *testing.T) {
	for _, size := range goldenSizes {
		t.Run(fmt.Sprintf("color-%dx%d", size[0], size[1]), func(t *testing.T) {
			c := newConsole(t).Resize(size[0], size[1])
			screens["selected"](c)
			golden.RequireEqual(t, c.model.View().Content+"\n")
		})
		t.Run(fmt.Sprintf("nocolor-%dx%d", size[0], size[1]), func(t *testing.T) {
			c := newConsole(t, withoutColor).Resize(size[0], size[1])
			screens["selected"](c)
			golden.RequireEqual(t, c.model.View().Content+"\n")
		})
	}
}

// TestColors checks that only the 16 colours are used, no backgrounds, none at
// all without colour, and that the text is the same either way.
func TestColors(t *testing.T) {
	sgr := regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	for name, show := range screens {
		color, mono := newConsole(t).Resize(120, 40), newConsole(t, withoutColor).Resize(120, 40)
		show(color)
		show(mono)
		for _, m := range sgr.FindAllStringSubmatch(color.model.View().Content, -1) {
			for p := range strings.SplitSeq(m[1], ";") {
				if !slices.Contains([]string{"", "1", "2", "4", "30", "31", "32", "33", "34", "35", "36", "37"}, p) {
					t.Errorf("%s: style %q", name, m[1])
				}
			}
		}
		for _, m := range sgr.FindAllStringSubmatch(mono.model.View().Content, -1) {
			if !slices.Contains([]string{"", "1", "2", "1;4"}, m[1]) {
				t.Errorf("%s: style %q without colour", name, m[1])
			}
		}
		if !slices.Equal(color.Rows(), mono.Rows()) {
			t.Errorf("%s: the text depends on the colour", name)
		}
	}
}

// hostile is text that would break a screen if it got there as it is.
var hostile = []string{
	"\x1b[2J\x1b[H\x1b[31mred", "\x1b]0;owned\x07title", "\x1b]52;c;cm0gLXJm\x1b\\clip", "\x1bP1$r\x1b\\dcs", "\x1b[", "\x1b]never ends",
	"\x1b", "\u009b31m", "\u0085\u2028\u2029", "a\rb\r\nc\nd", "tab\ttab\t\t", "\x00\x01\x07\x08\x0b\x0c\x0e\x7f", "\xff\xfe\xc3(\xa0\xa1",
	"日本語のテキスト", "ｆｕｌｌ", "👩‍👩‍👧‍👦👍🏽🇩🇪🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️☎︎⌚️", "e\u0301\u0302\u0303\u0304" + strings.Repeat("\u0301", 500), "\u0301leading",
	"\u202egnirts\u202c\u2066x\u2069", "zero\u200bwidth\u200d\ufeff\u00ad", "क्षि한국어\u1100\u1161\u11a8", strings.Repeat("wide漢", 500),
	strings.Repeat("x", 100_000), "{\"a\": \"\x1b[2J\"}", "", " ", "€½①", "\U000e0001\U000e0041", "\ue000\ufffe\U0010ffff", "⠿█░▒",
}

// TestEveryFrameFits draws random content at random sizes: each frame has
// exactly its size, an intact border, and no control character.
func TestEveryFrameFits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2)) // the same each time
	text := func() string {
		var s strings.Builder
		for range 1 + rng.IntN(4) {
			s.WriteString(hostile[rng.IntN(len(hostile))])
		}
		return s.String()
	}
	names := []string{"j", "k", "g", "G", "ctrl+d", "ctrl+u", "pgup", "pgdown", "enter", "z", "tab", "shift+tab", "1", "2", "3", "4", "5", "s", "e", "l", "h", "/", "esc", "?", "f", "x", "backspace", "<", ">", "+", "-", "="}
	name := text()
	for round := range 12 {
		c := newConsole(t, func(o *Options) {
			o.Workers = []WorkerInfo{{Name: name}}
			if round%2 == 0 {
				o.Workers = append(o.Workers, WorkerInfo{Name: testWorker})
			}
			o.Addr = func() string { return "http://" + name }
			o.Mouse = true
		})
		for step := range 120 {
			switch rng.IntN(8) {
			case 0, 1:
				c.Resize(1+rng.IntN(220), 1+rng.IntN(60))
			case 2:
				c.Events(request(step, text(), "/"+text(), logs(text(), text()), answers(rng.IntN(700), text(), text()))...)
			case 3:
				c.Events(request(step, "GET", "/", raises, func(_ *runtime.Request, r *runtime.Result) {
					r.Error.Message = text()
					r.Error.Traceback[0] = runtime.Frame{File: text(), Line: -1, Function: text(), Text: text()}
					r.Calls = []runtime.Call{{Op: text(), Binding: text(), Detail: text(), Error: text()}}
					r.Modules = []runtime.Module{{Path: text(), Error: text()}}
				})...)
			case 4:
				c.Events(runtime.StateChanged{
					Worker: name, At: epoch, State: []runtime.State{runtime.StateImporting, runtime.StateImportFailed, runtime.State(text())}[rng.IntN(3)],
					Generation: step, Files: []string{text()}, Error: &runtime.Failure{Kind: runtime.FailureKind(text()), Message: text()},
				}, runtime.Notice{At: epoch, Text: text()})
				c.Events(runtime.Imported{Worker: name, Imports: []runtime.Import{{Name: text(), Self: rng.Int64N(1 << 40), Memory: rng.Int64N(1 << 40)}, {Name: text()}}})
			case 5:
				c.Events(runtime.Logged{Worker: name, Log: runtime.Log{Level: text(), Text: text()}},
					runtime.Progress{Step: text(), Line: text(), Percent: rng.Float64() * 120})
			case 6:
				c.Click(rng.IntN(220), rng.IntN(60)).Wheel(rng.IntN(220), rng.IntN(60), tea.MouseWheelUp).
					Drag(rng.IntN(220), rng.IntN(60), rng.IntN(220), rng.IntN(60))
			default:
				for range rng.IntN(4) {
					k := names[rng.IntN(len(names))]
					c.Press(k)
				}
				c.Send(tea.PasteMsg{Content: text()})
			}
			checkFrame(t, c)
			if t.Failed() {
				t.Fatalf("round %d, step %d: %d×%d\n%s", round, step, c.model.w, c.model.h, strings.Join(c.Rows(), "\n"))
			}
		}
	}
}

func checkFrame(t *testing.T, c *console) {
	t.Helper()
	view := c.model.View()
	w, h := c.model.w, c.model.h
	rows := strings.Split(view.Content, "\n")
	style := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	if len(rows) != h {
		t.Errorf("%d lines, want %d", len(rows), h)
	}
	for y, row := range rows {
		text := ansi.Strip(row)
		if got := ansi.StringWidth(text); got != w {
			t.Errorf("line %d: %d columns, want %d: %q", y, got, w, text)
		}
		if got := ansi.StringWidthWc(text); got != w {
			t.Errorf("line %d: %d columns by code points, want %d: %q", y, got, w, text)
		}
		for _, r := range text {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2028' {
				t.Errorf("line %d has the control character %U: %q", y, r, text)
			}
		}
		if len(style.ReplaceAllString(row, "")) != len(text) {
			t.Errorf("line %d has an escape sequence other than a style: %q", y, row)
		}
		if w >= 4 && h >= 3 && y > 0 && y < h-1 {
			first, last := text[:len("│")], text[len(text)-len("│"):]
			if !strings.Contains("│├", first) || !strings.Contains("│┤", last) {
				t.Errorf("line %d: border broken: %q", y, text)
			}
		}
	}
	for _, r := range view.WindowTitle {
		if r < 0x20 {
			t.Errorf("window title %q", view.WindowTitle)
		}
	}
	if at := view.Cursor; at != nil && (at.X < 0 || at.X >= w || at.Y < 0 || at.Y >= h) {
		t.Errorf("cursor at %d, %d of %d×%d", at.X, at.Y, w, h)
	}
}

func TestHelpNamesEveryBinding(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Press("?")
	for _, s := range c.model.keys.scopes() {
		c.Screen(s.name)
		for _, b := range s.bindings {
			c.Screen(b.Help().Key, b.Help().Desc)
		}
	}
	for _, k := range []string{"j", "r", "z", "/"} { // nothing but the help hears them
		c.Press(k).Screen("─ Keys ─")
	}
	c.Press("q")
	if c.Ended {
		t.Error("q in the help quit the console")
	}
	c.Press("?", "esc", "q")
	if !c.Ended {
		t.Error("q did not quit")
	}
}

func TestHelpScrollsWhereItDoesNotFit(t *testing.T) {
	c := newConsole(t).Resize(40, 12).Press("?").Screen("next pane", "↓")
	c.Press("G").Screen("Bindings", "delete").Press("g").Screen("next pane")
}

func TestFocusGoesRound(t *testing.T) {
	c := newConsole(t).Events(story()...)
	for _, step := range []struct {
		key  string
		want paneID
	}{{"tab", detailID}, {"tab", logsID}, {"tab", callsID}, {"tab", bindingsID}, {"tab", budgetsID}, {"tab", requestsID}, {"6", budgetsID}, {"shift+tab", bindingsID}, {"shift+tab", callsID}, {"3", logsID}, {"4", callsID}, {"2", detailID}, {"1", requestsID}, {"enter", detailID}} {
		if c.Press(step.key); c.model.focus != step.want {
			t.Errorf("%s: focus on %d, want %d", step.key, c.model.focus, step.want)
		}
		if step.want.alone() { // has the screen to itself
			c.Screen(map[paneID]string{bindingsID: "[Bindings]", budgetsID: "[Budgets]"}[step.want])
			continue
		}
		c.Pane(int(step.want)).Title("▸")
	}
}

func TestSmallScreenShowsOnePane(t *testing.T) {
	for _, size := range [][2]int{{79, 24}, {80, 23}, {40, 12}} {
		requests, space := "Requests 6", " "
		if size[0] < 56 {
			requests, space = "Reqs", ""
		}
		c := newConsole(t).Resize(size[0], size[1]).Events(story()...).Screen("[" + requests + "]│" + space + "Detail" + space + "│" + space + "Logs")
		c.Press("tab").Screen(requests+space+"│[Detail]│"+space+"Logs", "[Response]").Press("3").Screen("[Logs]")
		c.Logs().Contains("loaded user 7")
		c.Press("1", "j", "3").Screen("[Logs" + space + "●]")
	}
}

func TestZoom(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Requests().Focus().Press("z")
	c.Screen("[Requests 6]│ Detail │ Logs").Requests().Contains("/a/missing/page/with/a/rather/long/path")
	c.Press("z").Requests().Title("▸Requests 6")
}

func TestMouse(t *testing.T) {
	c := newConsole(t, func(o *Options) { o.Mouse = true }).Events(story()...)
	if c.model.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("the mouse is off")
	}
	c.Click(5, 4).Requests().Marked("●", "/logo.png")
	title := c.model.layout.title[detailID]
	c.Click(title.x+14, title.y).Detail().Title("▸ Response │[Request]")
	c.Click(title.x+3, title.y).Detail().Title("▸[Response]")
	c.Click(5, 16).Logs().Title("▸Logs")
	c.Press("1", "esc").Events(written("line %02d", 0, 50)...)
	c.Wheel(5, 20, tea.MouseWheelUp).Logs().Title("paused").Last("12:01:07 info  line 46")
	c.Requests().Title("▸Requests") // the focus stays
	c.Wheel(5, 20, tea.MouseWheelDown).Logs().Title("follow")
	c.Resize(40, 12).Click(12, 1).Screen("[Detail]").Click(19, 1).Screen("[Logs]")
	if newConsole(t).model.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is on without being asked for")
	}
}

func TestMessageGoesAway(t *testing.T) {
	c := newConsole(t).Press("y").Footer("no request to copy")
	first := c.model.flash.id
	c.Press("r")
	c.Send(flashOverMsg{first}) // the end of an older one
	c.Footer("no request to replay")
	c.Send(flashOverMsg{c.model.flash.id})
	c.Footer("r replay")
}

func TestBuildScreenGivesWay(t *testing.T) {
	c := newConsole(t).Events(building(41)...).Status("building the runtime 41 %")
	c.Screen("step 4 of 6 · compile CPython · about 2 min left", "zig cc -O3 -c Objects/longobject.c", "once").Press("j", "z", "tab")
	c.Events(runtime.StateChanged{Worker: testWorker, State: runtime.StateImporting, Generation: 1}).Status("gen 1 · importing")
	c.Requests().Title("▸Requests").Lines("no requests yet")
	c.Events(ready(1)...).Events(building(7)[1]) // a later build is only a state
	c.Status("building the runtime 7 %").Requests().Lines("no requests yet")
}

func TestBodiesAreBounded(t *testing.T) {
	c := newConsole(t)
	big := make([]byte, 60<<20)
	for i := range 5 {
		c.Events(request(i, "GET", fmt.Sprintf("/%d", i), func(_ *runtime.Request, r *runtime.Result) { r.Body = big })...)
	}
	c.Requests().Lines("○  1 GET /4             200  3.1 ms", "   1 GET /3             200  3.1 ms")
	if got := c.model.session.bodies; got != 120<<20 {
		t.Errorf("%d bytes of bodies are counted", got)
	}
	if n := len(c.model.session.byID); n != 2 {
		t.Errorf("%d requests are known by their ID, want 2", n)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	c := newConsole(t)
	for i := range maxExchanges + 10 {
		c.model.session.apply(request(i, "GET", fmt.Sprintf("/%d", i))[1])
	}
	c.Resize(80, 24).Press("G").Requests().Title("Requests 5000").Marked("●", "/10 ")
}

// TestThemeFollowsTheBackground has no cyan and no yellow on white, and no blue on
// black.
func TestThemeFollowsTheBackground(t *testing.T) {
	c := newConsole(t).Resize(120, 40)
	screens["stopped"](c)
	colours := func() string {
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`\x1b\[[0-9;]*?(3[0-7])m`).FindAllStringSubmatch(c.model.View().Content, -1) {
			found[m[1]] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(found)), " ")
	}
	if got := colours(); strings.Contains(got, "34") || !strings.Contains(got, "36") {
		t.Errorf("not known: %s", got)
	}
	c.Send(tea.BackgroundColorMsg{Color: color.White})
	if got := colours(); strings.Contains(got, "36") || strings.Contains(got, "33") || !strings.Contains(got, "34") {
		t.Errorf("on white: %s", got)
	}
	c.Send(tea.BackgroundColorMsg{Color: color.Black})
	if got := colours(); strings.Contains(got, "34") || !strings.Contains(got, "36") {
		t.Errorf("on black: %s", got)
	}
}
