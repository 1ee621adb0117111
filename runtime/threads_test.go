package runtime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

const parallel = `
import time
from pymode.parallel import ParallelError, gather, map_parallel, spawn

STATE = ["import"]

def square(n):
    return n * n

async def slowly(n):
    import asyncio
    await asyncio.sleep(0.01)
    return n

def fail(n):
    def inside():
        return n / 0
    return inside()

class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a)

def odd(): raise Odd(1, 2)
def leave(): raise SystemExit(3)
def unpicklable(): return lambda: 1
def forever():
    while True:
        pass
def hungry(): return bytearray(500 << 20)
def state(): return STATE
def nested(): return spawn(square, 1).join()
def chatty():
    print("from the child")
    return 1
def busy(n):
    t = 0
    for i in range(n):
        t += i
    return t

async def on_fetch(request, env):
    what = request.query.get("q", [""])[0]
    STATE.append("handler")
    try:
        return repr(eval(what))
    except Exception as e:
        return f"{type(e).__name__}: {e}" + (f" | {e.__cause__}" if e.__cause__ else "")
`

func TestParallel(t *testing.T) {
	w := runtimetest.Worker(t, parallel, func(c *runtime.Config) { c.CPULimit = 300 * time.Millisecond })
	if f := w.State().Error; f != nil {
		t.Fatal(f)
	}
	for _, tt := range []struct{ code, want string }{
		{"spawn(square,7).join()", "49"},
		{"spawn(slowly,7).join()", "7"},
		{"gather(spawn(square,2),spawn(square,3))", "[4, 9]"},
		{"map_parallel(square,range(40))[39]", "1521"},
		{"spawn(state).join()", "['import']"},
		{"spawn(bytes,100000).join()==bytes(100000)", "True"},
		{"spawn(fail,1).join()", "ZeroDivisionError: division by zero | \nTraceback (most recent call last):\n  File \"entry.py\", line 18, in fail\n    return inside()\n  File \"entry.py\", line 17, in inside\n    return n / 0\n           ~~^~~\nZeroDivisionError: division by zero\n"},
		{"gather(spawn(fail,1),spawn(square,1))", "ZeroDivisionError: division by zero | \nTraceback"},
		{"spawn(odd).join()", "ParallelError: entry.Odd: 1 | \nTraceback"},
		{"spawn(leave).join()", "ParallelError: SystemExit: 3"},
		{"spawn(unpicklable).join()", "TypeError: the result can't be sent back: "},
		{"spawn(lambda:1)", "TypeError: entry.<lambda> can't be sent to a child with its arguments"},
		{"spawn(forever).join()", "ParallelError: entry.forever: the worker used up its 300ms of CPU time, in entry.py, line "},
		{"spawn(hungry).join()", "ParallelError: entry.hungry: the worker used up its 128 MB of memory"},
		{"spawn(nested).join()", "ParallelError: a child can't have children of its own"},
		{"[spawn(time.sleep,5) for i in range(33)]", "ParallelError: a request may have 32 children at once: join some before more are spawned"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			start := time.Now()
			got := string(runtimetest.Get(t, w, "/?q="+strings.NewReplacer("+", "%2B", " ", "%20", "&", "%26").Replace(tt.code)).Body)
			if got != tt.want && (len(tt.want) <= 20 || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("took %v: children outlive the request", took)
			}
		})
	}
}

// What a child logs and calls belongs to its request.
func TestParallelRecords(t *testing.T) {
	w := runtimetest.Worker(t, parallel, nil)
	r := runtimetest.Get(t, w, "/?q=spawn(chatty).join()")
	if len(r.Logs) != 1 || r.Logs[0].Text != "from the child" {
		t.Errorf("logs: %+v", r.Logs)
	}
	var ops []string
	for _, c := range r.Calls {
		ops = append(ops, c.Op+" "+c.Detail)
	}
	if got := strings.Join(ops, ", "); !strings.HasPrefix(got, "thread.spawn entry.chatty, thread.join entry.chatty  ") {
		t.Errorf("calls: %s", got)
	}
}

// Two children that compute take as long as one, where there are two processors.
func BenchmarkParallel(b *testing.B) {
	w := runtimetest.Worker(b, parallel, nil)
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if r := runtimetest.Get(b, w, fmt.Sprintf("/?q=len(map_parallel(busy,[1000000]*%d))", n)); string(r.Body) != fmt.Sprint(n) {
					b.Fatal(string(r.Body))
				}
			}
		})
	}
}
