package tui

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestReloadIsADivider(t *testing.T) {
	c := newConsole(t).Resize(160, 24).Events(ready(1)...).Events(written("line %d", 0, 1)...)
	c.Events(ready(2, "src/a.py", "src/b.py", "src/c.py", "src/d.py")...)
	rule := func(text string) string { return text + strings.Repeat("─", 73-len([]rune(text))) }
	c.Logs().Lines(
		rule("── generation 1 · CPU 19.2 ms "),
		"12:01:07 info  line 0",
		rule("── generation 2: src/a.py, src/b.py, src/c.py and 1 more · CPU 19.2 ms "),
	)
}

func TestFollowStopsOnScrollingUp(t *testing.T) {
	c := newConsole(t).Events(written("line %02d", 0, 50)...)
	logs := c.Logs().Focus().Title("▸Logs", "follow")
	logs.First("12:01:07 info  line 43").Last("12:01:07 info  line 49")
	logs.Press("k", "k").Title("paused").Last("12:01:07 info  line 47")
	c.Events(written("line %02d", 50, 53)...)
	logs.Title("3 new").Last("12:01:07 info  line 47") // the view stands still
	logs.Press("j").Title("3 new").Last("12:01:07 info  line 48")
	logs.Press("f").Title("follow").Last("12:01:07 info  line 52")
	logs.Press("g").Title("paused").First("12:01:07 info  line 00")
	logs.Press("G").Title("follow").Last("12:01:07 info  line 52")
	logs.Press("k", "j").Title("follow") // reaching the end follows again
	logs.Press("pgup").Last("12:01:07 info  line 46").Press("pgdown").Title("follow")
	logs.Press("f").Title("paused").Press("f").Title("follow")
}

func TestShortLogsDoNotScroll(t *testing.T) {
	c := newConsole(t).Events(written("line %d", 0, 3)...)
	c.Logs().Focus().Press("k", "pgup", "g").Title("follow").First("12:01:07 info  line 0")
}

func TestLogsKeepTheirPlaceWhileNarrowed(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", logs("of the request"))...).Events(written("line %02d", 0, 50)...)
	c.Logs().Focus().Press("g").First("12:01:08 info  of the request", "12:01:07 info  line 00")
	c.Requests().Focus().Press("j")
	c.Logs().Title("follow").Lines("12:01:08 info  of the request")
	c.Press("esc")
	c.Logs().Title("paused").First("12:01:08 info  of the request", "12:01:07 info  line 00")
}

func TestLogsAreBounded(t *testing.T) {
	c := newConsole(t).Events(written("line %05d", 0, maxLogs+500)...)
	c.Logs().Focus().Last("12:01:17 info  line 10499").Press("g").First("12:01:07 info  line 00500")
	c.Events(written("line %05d", 0, maxLogs+1)...) // all that was seen goes
	c.Logs().Title("10,001 new").First("12:01:07 info  line 00001")
	if n := c.model.session.logs.size; n != maxLogs {
		t.Errorf("%d lines are kept, want %d", n, maxLogs)
	}
}

func TestDroppedEventsAreCounted(t *testing.T) {
	c := newConsole(t).Resize(160, 24)
	c.Send(eventsMsg{events: written("line %d", 0, 1), lost: 1_200})
	c.Send(eventsMsg{lost: 3})
	c.Send(eventsMsg{lost: 4})
	c.Logs().Lines(
		"12:01:07 note  1,200 events dropped: the console could not keep up",
		"12:01:07 info  line 0",
		"12:01:07 note  7 events dropped: the console could not keep up",
	)
}

func TestLongLinesWrapAndAreCut(t *testing.T) {
	c := newConsole(t).Resize(160, 24).Events(
		runtime.Logged{Worker: testWorker, At: epoch, Log: runtime.Log{Level: "warning", Text: strings.Repeat("word ", 20)}},
		runtime.Logged{Worker: testWorker, At: epoch, Log: runtime.Log{Level: "critical", Text: strings.Repeat("x", 10<<20)}},
	)
	c.Logs().Lines(
		"12:01:07 warn  word word word word word word word word word word word",
		"               word word word word word word word word word",
		"12:01:07 crit  "+strings.Repeat("x", 58),
		"               "+strings.Repeat("x", 58),
		"… 69 more rows",
	)
	c.Logs().Focus().Press("z") // more room shows more of it
	c.Logs().Contains("… 21 more rows")
}

func TestNoticeIsShownAndKept(t *testing.T) {
	c := newConsole(t).Resize(160, 24).Events(runtime.Notice{At: epoch, Text: "inotify ran out: polling"})
	c.Footer("inotify ran out: polling").Logs().Lines("12:01:07 note  inotify ran out: polling")
}

func TestClearLogs(t *testing.T) {
	c := newConsole(t).Events(written("line %d", 0, 50)...)
	c.Logs().Focus().Press("k", "c").Lines("nothing logged yet").Title("follow")
	c.Events(written("line %d", 50, 51)...)
	c.Logs().Lines("12:01:07 info  line 50")
}
