package runtime_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
	"pymode-tui/runtime/runtimetest"
)

// stopped are bindings for whose requests time stands still. Imports, and
// requests whose context says so, have the machine's clocks.
type stopped struct {
	mu       sync.Mutex
	children []int
}

type liveKey struct{}

func (s *stopped) Open(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	if info.ID == "" || ctx.Value(liveKey{}) != nil {
		return noCalls{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = append(s.children, info.Child)
	return &stoppedCalls{}
}

type noCalls struct{ hostcall.Unavailable }

func (noCalls) Close() {}

func (noCalls) Call(context.Context, string, []byte, []byte) ([]byte, []byte, error) {
	return nil, nil, hostcall.ErrUnavailable
}

type stoppedCalls struct {
	noCalls
	slept time.Duration
}

func (c *stoppedCalls) Walltime(time.Time) time.Time {
	return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Add(c.slept)
}
func (c *stoppedCalls) Nanotime(int64) int64 { return int64(time.Hour + c.slept) }
func (c *stoppedCalls) Random(p []byte) {
	for n := range p {
		p[n] = 7
	}
}

func (c *stoppedCalls) Sleep(d time.Duration) bool {
	c.slept += d
	return true
}

const tellOutside = `
import asyncio, os, random, time
from pymode import parallel

def child(_):
    return os.urandom(2).hex()

async def on_fetch(request, env):
    before = time.time()
    await asyncio.sleep(100)
    answer = f"{before} {time.time() - before} {time.monotonic() > 3600} {os.urandom(2).hex()} {random.random()}"
    if request.path == "/children":
        answer += str(parallel.map_parallel(child, [1, 2]))
    return answer
`

// What a request reads of the world outside is what its bindings say, also in an
// instance that served another request before.
func TestOutside(t *testing.T) {
	bindings := &stopped{}
	w := runtimetest.Worker(t, tellOutside, func(c *runtime.Config) { c.Bindings = bindings; c.WallLimit = 5 * time.Second })
	start := time.Now()
	first := string(runtimetest.Get(t, w, "/").Body)
	want := fmt.Sprintf("%d.0 100.0 True 0707 ", time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Unix())
	if len(first) < len(want) || first[:len(want)] != want {
		t.Errorf("answer %q, want %q and a number", first, want)
	}
	for range 10 { // recycled instances, and new ones
		if again := string(runtimetest.Get(t, w, "/").Body); again != first {
			t.Errorf("answer %q, want %q", again, first)
		}
	}
	if children := string(runtimetest.Get(t, w, "/children").Body); children != first+"['0707', '0707']" {
		t.Errorf("answer %q", children)
	}
	if got := fmt.Sprint(bindings.children[len(bindings.children)-2:]); got != "[1 2]" && got != "[2 1]" {
		t.Errorf("children %s", got)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %v, though nobody had to wait", took)
	}
}

// An instance forgets what stood for the clock when its request is over.
func TestOutsideEndsWithTheRequest(t *testing.T) {
	w := runtimetest.Worker(t, "import os, time\ndef on_fetch(request, env):\n    return f'{time.time()} {os.urandom(8).hex()}'\n",
		func(c *runtime.Config) { c.Bindings = &stopped{} })
	fixed := string(runtimetest.Get(t, w, "/").Body)
	live := context.WithValue(t.Context(), liveKey{}, true)
	seen := map[string]bool{fixed: true}
	for range 10 {
		r := w.Do(live, &runtime.Request{Method: "GET", URL: "http://localhost/"})
		var at float64
		var random string
		if _, err := fmt.Sscan(string(r.Body), &at, &random); err != nil {
			t.Fatal(err)
		}
		if seen[random] || time.Since(time.UnixMilli(int64(at*1000))).Abs() > time.Minute {
			t.Errorf("answer %q", r.Body)
		}
		seen[random] = true
		if again := string(runtimetest.Get(t, w, "/").Body); again != fixed {
			t.Errorf("answer %q, want %q", again, fixed)
		}
	}
}
