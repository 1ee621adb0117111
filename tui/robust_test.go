package tui

import (
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
)

// TestALineOfTenMegabytes is cut, and says so.
func TestALineOfTenMegabytes(t *testing.T) {
	for name, text := range map[string]string{
		"plain": strings.Repeat("x", 10<<20), "escapes": strings.Repeat("\x1b[31m", 2<<20), "wide": strings.Repeat("漢", 3<<20),
		"invalid": strings.Repeat("\xff", 10<<20), "marks": "e" + strings.Repeat("\u0301", 5<<20), "tabs": strings.Repeat("\t", 10<<20),
	} {
		start := time.Now()
		c := newConsole(t).Events(runtime.Logged{Worker: testWorker, At: epoch, Log: runtime.Log{Level: "info", Text: text}})
		c.Press("3", "z", "k", "ctrl+u")
		checkFrame(t, c)
		c.Logs().Contains("more")
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: %v until it was shown", name, took)
		}
	}
}

// TestAHundredThousandRequests leaves a console that holds the newest of them, and
// moves through them at once.
func TestAHundredThousandRequests(t *testing.T) {
	c := newConsole(t).Resize(120, 40)
	var batch []runtime.Event
	for i := range 100_000 {
		batch = append(batch, request(i, "GET", fmt.Sprintf("/users/%d", i))...)
		if len(batch) >= 1_000 {
			c.Events(batch...)
			batch = batch[:0]
		}
	}
	c.Events(batch...).Requests().Title("Requests 5000").First("○  1 GET /users/99999                      200  3.1 ms")
	start := time.Now()
	c.Press("G", "g", "ctrl+d", "/").Type("99998").Press("enter")
	c.Requests().Title("1/5000")
	if took := time.Since(start); took > time.Second {
		t.Errorf("%v for ten keys", took)
	}
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(heap); heap[0].Value.Uint64() > 512<<20 {
		t.Errorf("%d MB on the heap", heap[0].Value.Uint64()>>20)
	}
}

// TestResizingFiftyTimesASecond for twenty seconds, with a large body on the screen.
func TestResizingFiftyTimesASecond(t *testing.T) {
	body := `[` + strings.Repeat(`{"id":7,"name":"Ada"},`, 100_000) + `{}]`
	c := newConsole(t).Events(story()...).Events(written("line %d", 0, 5_000)...)
	c.Events(request(9, "GET", "/", answers(200, "application/json", body))...).Press("2", "ctrl+d", "o", "o", "G")
	start := time.Now()
	const resizes = 50 * 20
	for i := range resizes {
		c.Resize(20+i*7%231, 6+i*11%75)
		if i%100 == 0 {
			checkFrame(t, c)
			checkBorders(t, &c.model.canvas)
		} else {
			c.model.View()
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("%v for %d resizes: more than there is", took, resizes)
	}
	c.Press("G").Detail().Title("end")
}

// TestWhatRequestsLogIsBounded: a worker that logs a megabyte with each request does
// not fill the memory.
func TestWhatRequestsLogIsBounded(t *testing.T) {
	c := newConsole(t)
	text := strings.Repeat("x", 1<<20)
	for i := range 400 {
		c.Events(request(i, "GET", "/", logs(text))...)
	}
	s := c.model.session
	if held := s.bodies + s.logs.bytes + s.calls.bytes; held > maxHeld || held < maxHeld/2 || s.exchanges.size > maxHeld>>20 {
		t.Errorf("%d requests with %d MB are kept", s.exchanges.size, held>>20)
	}
	c.Press("3", "c", "1", "c", "c")
	if s.bodies != 0 || s.logs.bytes != 0 {
		t.Errorf("%d bytes of bodies and %d of lines are counted of nothing", s.bodies, s.logs.bytes)
	}
}

// TestLinesAndCallsAreBoundedTogether with bodies: what holds the most goes first.
func TestLinesAndCallsAreBoundedTogether(t *testing.T) {
	c := newConsole(t)
	wide := strings.Repeat("x", maxLine)
	for i := range 60 {
		c.Events(request(i, "GET", "/", answers(200, "text/plain", strings.Repeat("y", 1<<20)))...)
	}
	for range 20 {
		var batch []runtime.Event
		for range 1_000 {
			batch = append(batch, runtime.Logged{Worker: testWorker, At: epoch, Log: runtime.Log{Text: wide}},
				runtime.Called{Worker: testWorker, At: epoch, Call: runtime.Call{Op: "kv.get", Detail: wide}})
		}
		c.Events(batch...)
	}
	s := c.model.session
	if held := s.bodies + s.logs.bytes + s.calls.bytes; held > maxHeld || s.exchanges.size < 20 || s.logs.size < 5_000 || s.calls.size < 5_000 {
		t.Errorf("%d MB: %d requests, %d lines, %d calls", held>>20, s.exchanges.size, s.logs.size, s.calls.size)
	}
}
