package tui

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestResponse(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "application/json", `{"b":1,"a":{"x":[true,null]}}`))...)
	c.Detail().Title("[Response]", "Request", "Timing").Lines(
		"HTTP 200 OK · application/json · 29 B",
		"Content-Type: application/json",
		"",
		"{",
		`  "b": 1,`,
		`  "a": {`,
		`    "x": [`,
		"      true,",
		"      null",
		"    ]",
		"  }",
		"}",
	)
}

func TestBodies(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		want                    []string
	}{
		{"empty", "", "", []string{"no body"}},
		{"text", "text/plain", "one\r\n\ttwo\nthree", []string{"one", "    two", "three"}},
		{"json by its looks", "", " [1]", []string{"[", "  1", "]"}},
		{"json that is none", "application/json", "{oops", []string{"{oops"}},
		{"json with an escape sequence", "application/json", `{"a":"` + "\u009b31m" + `"}`, []string{"{", `  "a": "�31m"`, "}"}},
		{"bad bytes in text", "text/plain", "a\xff\xfe\xfdb", []string{"a�b"}},
		{"binary", "image/png", "\x89PNG\x00\x01", []string{"binary, 6 B, image/png", "", "0000 89 50 4e 47 00 01       .PNG.."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConsole(t).Events(request(1, "GET", "/", answers(200, test.contentType, test.body))...)
			c.Detail().Last(test.want...)
		})
	}
}

func TestHugeBodyIsCut(t *testing.T) {
	body := strings.Repeat("0123456789abcde\n", 1<<16)
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "text/plain", body))...)
	c.Detail().Focus().Press("G").Last("", "… 896 kB more").Title("end")
}

func TestTracebackComesFirst(t *testing.T) {
	c := newConsole(t).Events(request(1, "POST", "/orders", raises)...)
	traceback := []string{
		"the handler raised",
		"ZeroDivisionError: division by zero",
		"",
		"src/orders.py:52 in create",
		"    share = total / len(items)",
		"",
		"src/entry.py:18 in on_fetch",
		"    return await",
		"      orders.create(request, env)",
	}
	c.Detail().Title("[Traceback]").Lines(traceback...)
	c.Detail().Focus().Press("h", "h").Title("[Response]").First("HTTP 500 Internal Server Error ·")
	c.Events(request(2, "POST", "/orders", raises)...)
	c.Detail().Title("[Response]") // what was chosen stays
	c.Press("right", "right").Detail().Title("[Traceback]")
	c.Events(request(3, "GET", "/")...)
	c.Detail().Title("[Response]│ Request │ Timing").Press("l").Title("[Request]").First("GET /", "http://127.0.0.1:8787/")
}

func TestTiming(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Detail().Focus().Press("l", "l").Title("[Timing]").Lines(
		"CPU         █░░░░░░░░░░ 2.2 ms of 30 s",
		"memory      ██░░░░░░░░░░░ 23 of 128 MB",
		"",
		"wall time   3.1 ms   of the handler",
		"waited      0.6 ms   for an instance",
		"host calls  0.4 ms   3 calls",
		"",
		"instance    ▇▇▇             0.6 ms",
		"handler       ▇▇▇▇▇▇▇▇▇▇▇▇▇ 3.1 ms",
		"dl.open       ▇▇▇▇▇▇        1.4 ms",
		"  markupsafe/_speedups.wasm",
		"kv.get         ▇            0.2 ms",
		"  CACHE_KV user:7 hit 418 B",
	)
	c.Press("G").Detail().Contains("http.fetch", "failed:", "connection refused")
	c.Resize(120, 40).Press("g").Detail().Contains("kv.get              ▇▇", "d1.all                  ▇▇▇▇▇▇")
}

func TestBudgetsWarn(t *testing.T) {
	use := func(memory, cpu int64) func(*runtime.Request, *runtime.Result) {
		return func(_ *runtime.Request, r *runtime.Result) { r.Metrics.MemoryPeak, r.Metrics.CPU = memory, cpu }
	}
	c := newConsole(t).Resize(120, 40).Press("2")
	c.Events(request(1, "GET", "/", use(110<<20, 30_000_000))...).Press("l", "l")
	c.Detail().Contains("30.0 s of 30 s  limit reached", "110 of 128 MB  near the limit")
	c.Footer("110 of 128 MB ! · 30.0 s of 30 s !!")
}

func TestFailedImportShowsItsTraceback(t *testing.T) {
	c := newConsole(t).Events(story()...).Press("j")
	c.Events(failed(3, "src/users.py")...).Status("gen 3 · import failed")
	want := []string{
		"the code could not be imported",
		"NameError: name 'usres' is not defined",
		"",
		"src/users.py:41 in <module>",
		"    CACHE = {u.id: u for u in usres}",
		"",
		"src/entry.py:3 in <module>",
		"    from users import find",
	}
	c.Detail().Title("Import failed").Lines(want...)
	c.Events(request(7, "GET", "/")...).Detail().Lines(want...) // stays, whatever is asked
	c.Press("j").Detail().Title("[Response]")                   // but one can look elsewhere
	c.Press("esc").Detail().Lines(want...)
	c.Events(ready(4, "src/users.py")...).Status("gen 4 · ready").Detail().Title("[Response]")
}

func TestDetailScrolls(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "text/plain", strings.Repeat("line\n", 50)+"last"))...)
	c.Detail().Title("↓ 41").Focus().Press("ctrl+d").Title("↓ 35").Press("G").Title("end").Last("line", "last").
		Press("k").Title("↓ 1").Press("g").First("HTTP 200 OK · text/plain · 254 B")
	c.Press("G")
	c.Events(request(2, "GET", "/")...)
	c.Detail().First("HTTP 200 OK · application/json · 21 B") // another request begins at its top
}
