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
		{"binary", "image/png", "\x89PNG\x00\x01", []string{"binary, 6 B", "", "0000 89 50 4e 47 00 01       .PNG.."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConsole(t).Events(request(1, "GET", "/", answers(200, test.contentType, test.body))...)
			c.Detail().Last(test.want...)
		})
	}
}

// TestHugeBodies are there as a whole, and at once.
func TestHugeBodies(t *testing.T) {
	const size = 10 << 20
	rows := strings.Repeat(`{"id":7,"name":"Ada Lovelace","tags":["x","y"]},`, size/48)
	for name, test := range map[string]struct {
		contentType, body string
		last              []string
	}{
		"lines":    {"text/plain", strings.Repeat("0123456789abcde\n", size/16) + "the end", []string{"0123456789abcde", "the end"}},
		"one line": {"text/plain", strings.Repeat("0123456789", size/10) + "the end", []string{"the end"}},
		"json":     {"application/json", "[" + rows + `{"last":true}]`, []string{"  {", `    "last": true`, "  }", "]"}},
		"bytes":    {"image/png", "\x89PNG\x00" + strings.Repeat("\xff", size-5), []string{"9ffff8 ff ff ff ff ....", "9ffffc ff ff ff ff ...."}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConsole(t).Events(request(1, "GET", "/", answers(200, test.contentType, test.body))...)
			c.Detail().First("HTTP 200 OK · " + test.contentType + " · 10 MB").Focus().Press("G").Last(test.last...).Title("end")
			for _, key := range []string{"k", "ctrl+u", "g", "ctrl+d", "pgdown", "j"} {
				c.Press(key)
			}
			checkFrame(t, c)
		})
	}
}

// teamJSON is a body with something to fold and to find.
const teamJSON = `{"team":"core","members":[{"id":7,"name":"Ada","tags":["x","y"]},{"id":8,"name":"Grace","tags":[]},{"id":9,"name":"Adam"}],"empty":{}}`

func TestJSONFolds(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "application/json", teamJSON))...)
	detail := c.Detail().Focus()
	cursor := func(want string) {
		t.Helper()
		for _, row := range c.Rows() {
			if strings.Contains(row, "› ") || strings.Contains(row, "›") {
				if !strings.Contains(row, want) {
					t.Errorf("the cursor is at %q, want %q", row, want)
				}
				return
			}
		}
		t.Errorf("there is no cursor")
	}
	cursor("HTTP 200")
	detail.Press("j", "j", "j", "j", "j")
	cursor(`"members": [`)
	detail.Press("enter").Last("{", `  "team": "core",`, `  "members": [ … 3 items ],`, `  "empty": {}`, "}")
	detail.Press("j")
	cursor(`"empty": {}`)
	detail.Press("k", "enter", "j", "j", "j") // to a value: what it is in is folded
	cursor(`"name": "Ada"`)
	detail.Press("enter").Contains("    { … 3 members },", `"name": "Grace"`)
	cursor("{ … 3 members }")
	detail.Press("enter", "G")
	cursor("}")
	detail.Press("enter").Last("{ … 3 members }")
	detail.Press("enter", "o").Last(`  "members": [ … 3 items ],`, `  "empty": {}`, "}").Press("o", "g").Contains(`"Ada"`)
	c.Resize(120, 40).Resize(80, 24).Press("o").Resize(100, 30).Detail().Contains("3 items") // stays folded
}

func TestSearchInTheDetail(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "application/json", teamJSON))...)
	detail := c.Detail().Focus().Press("o", "/")
	c.Footer("enter keep")
	c.Type("ADA").Detail().Contains(`"name": "Ada"`, "/ ADA", "1/2") // unfolded where it is
	c.Press("down").Detail().Contains(`"name": "Adam"`, "2/2").Press("enter")
	c.Footer("n next found")
	detail.Press("n").Contains("1/2").Press("N").Contains("2/2")
	if len(c.backend.done) > 0 || c.model.mode != modeNormal {
		t.Error("n sent a request")
	}
	detail.Press("esc").Lacks("/ ADA")
	c.Press("/").Type("nowhere").Detail().Contains("nothing found")
	c.Press("esc", "/").Type("content-type").Press("enter").Detail().Contains("1/1")
	c.Events(request(2, "GET", "/", answers(200, "image/png", "\x89PNG\x00\x01"+strings.Repeat("\x00", 4000)+"needle"))...)
	c.Press("esc", "/").Type("NEEDLE").Detail().Contains("1/1", "6e 65 ......ne", "65 64 6c 65")
	c.Press("esc", "/").Type("8950").Detail().Contains("1/1", "89 50")
	c.Press("esc", "1", "/").Footer("enter keep").Requests().Contains("/")
}

func TestMarkupIsColoured(t *testing.T) {
	c := newConsole(t).Events(request(1, "GET", "/", answers(200, "application/xml", `<a b="c">text</a>`))...)
	if view := c.model.View().Content; !strings.Contains(view, "\x1b[36m<a\x1b[m") || !strings.Contains(view, "\x1b[32m\"c\"\x1b[m") {
		t.Errorf("no colours in %q", view)
	}
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
	c.Screen("near the limit", "limit reached").Resize(80, 24).Footer("110 of 128 MB ! · 30.0 s of 30 s !!")
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
