package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestRequestsAreListedNewestFirst(t *testing.T) {
	c := newConsole(t)
	c.Requests().Lines("no requests yet")
	c.Events(ready(1)...).
		Events(request(1, "GET", "/")...).
		Events(request(2, "POST", "/orders", answers(201, "text/plain", "ok"))...)
	c.Requests().
		Title("▸Requests 2").
		Lines(
			"○  1 POST /orders       201  3.1 ms",
			"   1 GET  /             200  3.1 ms",
		)
}

func TestRunningRequestShowsWhatItUses(t *testing.T) {
	c := newConsole(t).Events(ready(1)...)
	start := request(1, "GET", "/slow")[0]
	c.Events(start)
	c.Requests().Lines("○  1 GET /slow            …")
	c.Events(runtime.RequestRunning{Worker: testWorker, ID: "1", CPU: 1_250_000, Memory: 40 << 20})
	c.Requests().Lines("○  1 GET /slow            …  1.25 s")
	c.Detail().Lines("running · 1.25 s CPU · 40 MB")
	c.Footer("40 of 128 MB · 1.25 s of 30 s")
	c.Events(request(1, "GET", "/slow")[1])
	c.Requests().Lines("○  1 GET /slow          200  3.1 ms")
}

func TestAnswerWhoseStartWasDropped(t *testing.T) {
	c := newConsole(t).Events(request(9, "GET", "/late")[1])
	c.Requests().Lines("○  1 GET /late          200  3.1 ms")
}

func TestSelectionNarrowsAndEscWidens(t *testing.T) {
	c := newConsole(t).Events(
		append(request(1, "GET", "/one", logs("from one")), request(2, "GET", "/two", logs("from two"))...)...)
	c.Logs().Lines("12:01:08 info  from one", "12:01:09 info  from two")
	c.Requests().Focus().Marked("○", "/two").Press("j").Marked("●", "/one").Title("1 newer")
	c.Logs().Title("Logs of GET /one").Lines("12:01:08 info  from one")
	c.Press("k").Requests().Marked("●", "/two")
	c.Logs().Lines("12:01:09 info  from two")
	c.Press("j", "esc").Requests().Marked("○", "/one") // the selection stays
	c.Logs().Lines("12:01:08 info  from one", "12:01:09 info  from two")
	c.Press("esc").Requests().Marked("○", "/two") // and follows the newest again
}

func TestSelectionStaysWhileOthersComeIn(t *testing.T) {
	c := newConsole(t)
	for i := range 30 {
		c.Events(request(i, "GET", fmt.Sprintf("/%d", i))...)
	}
	c.Press("G", "k", "k").Requests().Marked("●", "/2 ")
	before := c.Requests().Shown()
	c.Events(request(30, "GET", "/new")...)
	c.Requests().Lines(before...).Title("28 newer")
	c.Press("g").Requests().First("●  1 GET /new           200  3.1 ms")
}

func TestMovingThroughRequests(t *testing.T) {
	c := newConsole(t)
	for i := range 40 {
		c.Events(request(i, "GET", fmt.Sprintf("/%02d", i))...)
	}
	for _, step := range []struct{ key, want string }{
		{"G", "/00"},
		{"g", "/39"},
		{"ctrl+d", "/33"},
		{"ctrl+u", "/39"},
		{"down", "/38"},
		{"up", "/39"},
		{"pgdown", "/27"},
		{"pgup", "/39"},
		{"k", "/39"},
		{"end", "/00"},
		{"j", "/00"},
		{"home", "/39"},
	} {
		c.Press(step.key).Requests().Marked("●", step.want)
	}
}

func TestFilter(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Press("/").Type("q").Type("uerY ").Footer("enter keep")
	c.Requests().Title("Requests 1/6").First("/ querY", "○  1 GET /a/missing/pa… 404  3.1 ms")
	if c.Ended {
		t.Fatal("q quit while it was typed")
	}
	c.Press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace")
	c.Type("users get").Press("enter")
	c.Requests().Lines("/ users get", "○  2 GET /users/7       200  3.1 ms", "   1 GET /users/7       200  3.1 ms")
	c.Events(request(7, "GET", "/users/9")...).Events(request(8, "POST", "/orders")...)
	c.Requests().Title("3/8").Marked("○", "/users/9") // the filter is kept
	c.Press("esc").Requests().Title("Requests 8").Lacks("/ users")
}

func TestFilterLeavesOnEsc(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Press("/").Type("nothing like it").Requests().Title("0/6").Lines("/ nothing like it", "no request matches")
	c.Detail().Lines("nothing to show yet")
	c.Press("esc").Requests().Title("Requests 6").Lacks("/ nothing")
	c.Press("?").Screen("Keys")
}

func TestFilterKeysAreText(t *testing.T) {
	c := newConsole(t).Events(story()...)
	const all = "qrRyzcf?123gGjkhl/"
	c.Press("/").Type(all)
	c.Requests().First("/ " + all)
	if c.Ended || c.model.zoomed || c.model.mode != modeFilter || len(c.Copied)+len(c.backend.done)+len(c.backend.reloaded) > 0 {
		t.Error("a key had a meaning while it was typed into the filter")
	}
	c.Press("ctrl+c")
	if !c.Ended {
		t.Error("ctrl+c did not quit")
	}
}

func TestReplayAndReload(t *testing.T) {
	c := newConsole(t)
	c.Press("r").Footer("no request to replay")
	c.Events(story()...).Press("j", "r", "R").Footer("reload myworker")
	if n := len(c.backend.done); n != 1 || c.backend.done[0].URL != "http://127.0.0.1:8787/a/missing/page/with/a/rather/long/path?and=a&query=too" {
		t.Errorf("replayed %v", c.backend.done)
	}
	if n := len(c.backend.reloaded); n != 1 || c.backend.reloaded[0] != testWorker {
		t.Errorf("reloaded %v", c.backend.reloaded)
	}
	c.backend.err = errors.New("worker is \x1b[2Jgone")
	c.Press("r").Footer("worker is gone")
}

func TestClearRequestsKeepsRunningOnes(t *testing.T) {
	c := newConsole(t).Events(story()...).Events(request(9, "GET", "/slow")[0]).Press("c").Footer("c again forgets 7 requests").Press("c")
	c.Requests().Lines("○  1 GET /slow            …")
	c.Events(request(9, "GET", "/slow")[1])
	c.Requests().Lines("○  1 GET /slow          200  3.1 ms")
}

func TestSeveralWorkersAreTold(t *testing.T) {
	c := newConsole(t, func(o *Options) { o.Workers = append(o.Workers, WorkerInfo{Name: "auth"}) })
	c.Events(ready(3)...).Events(request(1, "GET", "/a")...).Status("myworker (of 2) · gen 3 · ready")
	c.Requests().Lines("○  1 GET myworker /a            200")
	c.Logs().Contains("myworker generation 3")
	c.Events(runtime.StateChanged{Worker: "auth", State: runtime.StateImportFailed, Generation: 1, Error: &runtime.Failure{Message: "boom"}})
	c.Status("auth (of 2) · gen 1 · import failed").Press("R")
	if len(c.backend.reloaded) != 1 || c.backend.reloaded[0] != "auth" {
		t.Errorf("reloaded %v", c.backend.reloaded)
	}
}

func TestServiceCallsAreATree(t *testing.T) {
	c := newConsole(t)
	inner := func(id, parent int, path string) []runtime.Event {
		return request(id, "GET", path, func(r *runtime.Request, _ *runtime.Result) {
			r.Parent = &runtime.Parent{Worker: testWorker, ID: fmt.Sprint(parent)}
		})
	}
	outer := request(1, "GET", "/outer")
	c.Events(outer[0]).Events(inner(2, 1, "/first")...).Events(inner(3, 2, "/deep")...).Events(inner(4, 1, "/second")...)
	c.Events(outer[1:]...).Events(request(5, "GET", "/later")...)
	got := strings.Join(c.Requests().Shown(), "\n")
	for i, want := range []string{"GET /later ", "GET /outer ", "GET └ /first ", "GET   └ /deep ", "GET └ /second "} {
		if !strings.Contains(strings.Split(got, "\n")[i], want) {
			t.Errorf("row %d lacks %q:\n%s", i, want, got)
		}
	}
	c.Requests().Focus().Press("c", "c").Lines("no requests yet")
}
