package runtime_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// cpuLimit is short, to keep the tests so.
const cpuLimit = 300 * time.Millisecond

// most is how much CPU time may pass until a request is over that was to end at
// cpuLimit. Wall time says nothing on a machine with other work.
const most = cpuLimit + 1500*time.Millisecond

// stoppable is a worker that runs the lines it is sent, in a function.
const stoppable = `
def on_fetch(request, env):
    scope = {}
    lines = request.text().split("\n")
    exec("def f():\n" + "".join("    " + line + "\n" for line in lines), scope)
    return str(scope["f"]())[:50]
`

func post(t *testing.T, w *runtime.Worker, code string) *runtime.Result {
	t.Helper()
	return w.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/", Body: []byte(code)})
}

// Whatever a handler does, it ends: with its own answer, with its own exception,
// or at a limit. The worker lives on, and answers the next request.
func TestEverythingEnds(t *testing.T) {
	hurried := runtimetest.Worker(t, stoppable, func(c *runtime.Config) { c.CPULimit = cpuLimit })
	patient := runtimetest.Worker(t, stoppable, nil) // of what ends by itself, on however slow a machine
	const (
		ok, exception, cpu, memory = runtime.OutcomeOK, runtime.OutcomeException, runtime.OutcomeExceededCPU, runtime.OutcomeExceededMemory
		nest                       = "x = []\nfor _ in range(50_000): x = [x]\n"
	)
	for _, c := range []struct {
		name, code string
		want       runtime.Outcome
		text       string // in the error
	}{
		{"a loop", "while True: pass", cpu, ""},
		{"a loop that catches everything", "while True:\n    try:\n        while True: pass\n    except BaseException: pass", cpu, ""},
		{"a loop in C", "return sum(range(10**12))", cpu, ""},
		{"a loop of an iterator", "import collections, itertools\ncollections.deque(itertools.count(), maxlen=0)", cpu, ""},
		{"a power", "return 10**10**8", cpu, ""},
		{"a factorial", "import math\nmath.factorial(10**7)", cpu, ""},
		{"a decimal", "import decimal\ndecimal.getcontext().prec = 10**7\ndecimal.Decimal(2).sqrt()", cpu, ""},
		{"a regular expression", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", cpu, ""},
		{"sorting with a key", "while True: sorted(range(10**5), key=lambda x: -x)", cpu, ""},
		{"a coroutine that never waits", "import asyncio\nasync def f():\n    while True: pass\nasyncio.run(f())", cpu, ""},
		{"a coroutine that only yields", "import asyncio\nasync def f():\n    while True: await asyncio.sleep(0)\nasyncio.run(f())", cpu, ""},
		{"sleeping for no time", "import time\nwhile True: time.sleep(0)", cpu, ""},
		{"copies", "b = bytearray(10**7)\nwhile True: b[:]", cpu, ""},
		{"sums of bytes", "b = bytes(10**7)\nwhile True: b + b", cpu, ""},
		{"zeroes", "while True: bytes(3 * 10**7)", cpu, ""},
		{"a checksum", "import zlib\nb = bytes(10**7)\nwhile True: zlib.crc32(b)", cpu, ""},
		{"random bytes", "import os\nwhile True: os.urandom(10**7)", cpu, ""},
		{"files", "import os\nwhile True: os.stat('/app/entry.py')", cpu, ""},
		{"printing", "while True: print('x')", cpu, ""},
		{"large output", "import os\nb = bytes(10**7)\nwhile True: os.write(1, b)", cpu, ""},
		{"large errors", "import os\nb = bytes(10**7)\nwhile True: os.write(2, b)", cpu, ""},
		{"large log messages", "from pymode import _host\nwhile True: _host.send('log', {'level': 'info'}, b'x' * 10**6)", cpu, ""},
		{"a trace function", "import sys\ndef trace(*a): return trace\nsys.settrace(trace)\nwhile True: pass", cpu, ""},
		{"recursion that catches", "class R:\n    def __repr__(self):\n        try: return repr(self)\n        except RecursionError: return repr(self)\nrepr(R())", cpu, ""},

		{"large bytes", "return bytearray(10**9)", memory, ""},
		{"a large string", "return 'x' * 10**9", memory, ""},
		{"a growing list", "a = []\nwhile True: a.append(bytearray(10**5))", memory, ""},
		{"a large response", "return 'x' * 10**8 + 'y'", memory, ""},
		{"formatting", "return f'{1:{10**9}}'", memory, ""},

		{"recursion", "def g(): return g()\ng()", exception, "RecursionError"},
		{"recursion in __repr__", "class R:\n    def __repr__(self): return repr(self)\nrepr(R())", exception, "RecursionError"},
		{"recursion in __repr__ without a limit", "import sys\nsys.setrecursionlimit(10**9)\nclass R:\n    def __repr__(self): return repr(self)\nrepr(R())", exception, "RecursionError"},
		{"recursion through C", "def g(*a): return list(map(g, [1]))\ng()", exception, "RecursionError"},
		{"nested JSON, read", "import json\njson.loads('[' * 100_000)", exception, "RecursionError"},
		{"nested JSON, written", nest + "import json\njson.dumps(x)", exception, "RecursionError"},
		{"repr of nested lists", nest + "repr(x)", exception, "RecursionError"},
		{"comparing nested lists", nest + "y = []\nfor _ in range(50_000): y = [y]\nx == y", exception, "RecursionError"},
		{"pickle", nest + "import pickle\npickle.dumps(x)", exception, "RecursionError"},
		{"marshal", nest + "import marshal\nmarshal.dumps(x)", exception, "too deeply nested"},
		{"deep copy", "x = []\nfor _ in range(5_000): x = [x]\nimport copy\ncopy.deepcopy(x)", exception, "RecursionError"},
		{"nested source, the compiler", "compile('1' + '+1' * 50_000, 'f', 'eval')", exception, "RecursionError"},
		{"nested source, the parser", "compile('-' * 100_000 + '1', 'f', 'eval')", exception, "too complex to parse"},
		{"nested source, ast", "import ast\nast.parse('not ' * 20_000 + '1')", exception, "too complex to parse"},
		{"nested parentheses", "compile('(' * 1_000, 'f', 'eval')", exception, "too complex to parse"},
		{"freeing nested lists", nest + "del x\nreturn 'freed'", ok, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := patient
			if c.want == cpu {
				w = hurried
			}
			r := post(t, w, c.code)
			if got := r.Outcome(); got != c.want {
				t.Errorf("outcome %s, want %s: %v", got, c.want, r.Error)
			}
			if cost := time.Duration(r.Metrics.CPU) * time.Microsecond; c.want == cpu && cost > most {
				t.Errorf("it ended after %v of CPU time, want at most %v", cost, most)
			}
			if r.Error != nil && !strings.Contains(r.Error.Message, c.text) {
				t.Errorf("error %q, want %q in it", r.Error.Message, c.text)
			}
			if c.want == cpu || c.want == memory {
				check(t, r, answer{status: 503, body: "error code: 1102\nWorker exceeded resource limits\n", kind: r.Error.Kind, text: "used up its"})
			}
			check(t, post(t, w, "return 'alive'"), answer{status: 200, body: "alive"})
		})
	}
}

// A worker that was stopped says in which line, also where Python could not be
// asked: it was in the middle of C code, or would not listen.
func TestStoppedWorkerNamesItsLine(t *testing.T) {
	for _, c := range []struct {
		name, code string
		line       int
		text       string
	}{
		{"C code", "def on_fetch(request, env):\n    x = 1\n    return (\n        x + sum(range(10**12))\n    )", 4, "x + sum(range(10**12))"},
		{"regular expression", "import re\ndef find(text):\n    return re.match('(a+)+$', text)\ndef on_fetch(request, env):\n    find('a' * 40 + 'b')", 3, "return re.match('(a+)+$', text)"},
		{"checksum", "import zlib\nb = bytes(10**7)\ndef on_fetch(request, env):\n    while True:\n        zlib.crc32(b)", 5, "zlib.crc32(b)"},
		{"catches everything", "def on_fetch(request, env):\n    while True:\n        try:\n            while True: x = 1\n        except BaseException: pass", 4, "while True: x = 1"},
		{"coroutine", "import asyncio\nasync def inner():\n    await asyncio.sleep(0)\n    10**10**8\nasync def on_fetch(request, env):\n    await inner()", 4, "10**10**8"},
		{"a name that is not ASCII", "def schläft():\n    return sum(range(10**12))\ndef on_fetch(request, env):\n    schläft()", 2, "return sum(range(10**12))"},
		{"sleep", "import time\ndef on_fetch(request, env):\n    time.sleep(3600)", 3, "time.sleep(3600)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := runtimetest.Worker(t, c.code, func(config *runtime.Config) {
				config.CPULimit = cpuLimit
				if c.name == "sleep" {
					config.WallLimit = time.Second
				}
			})
			r := runtimetest.Get(t, w, "/")
			if r.Error == nil || len(r.Error.Traceback) == 0 {
				t.Fatalf("error %+v", r.Error)
			}
			frames := r.Error.Traceback
			if f := frames[len(frames)-1]; f.File != "entry.py" || f.Line != c.line || f.Text != c.text {
				t.Errorf("stopped in %+v, want line %d, %q", f, c.line, c.text)
			}
			if want := "entry.py, line "; !strings.Contains(r.Error.Message, want) {
				t.Errorf("message %q, want %q in it", r.Error.Message, want)
			}
		})
	}
	for _, code := range []string{"x = 1\nsum(range(10**12))", "x = 1\nwhile True: pass"} {
		w := runtimetest.Worker(t, code, func(c *runtime.Config) { c.ImportLimit = cpuLimit })
		check(t, runtimetest.Get(t, w, "/"), answer{status: 500, kind: runtime.FailureImport, text: "CPU time, in entry.py, line 2", line: 2})
	}
}

// The exception comes also where C code has let go of the GIL when the limit is reached.
func TestCodeWithoutTheGILIsTold(t *testing.T) {
	w := runtimetest.Worker(t, stoppable, func(c *runtime.Config) { c.CPULimit = cpuLimit })
	r := post(t, w, "import zlib, pymode\nb = bytes(10**7)\ntry:\n    while True: zlib.crc32(b)\nexcept pymode.CPUTimeExceeded:\n    print('told')\n    raise")
	check(t, r, answer{status: 503, body: "error code: 1102\nWorker exceeded resource limits\n", kind: runtime.FailureCPU, text: "used up its"})
	if len(r.Logs) != 1 || r.Logs[0].Text != "told" {
		t.Errorf("logs %v, want what the handler of the exception printed", r.Logs)
	}
}

// Waiting is no CPU time; it has a limit of its own.
func TestWaitingEnds(t *testing.T) {
	w := runtimetest.Worker(t, stoppable, func(c *runtime.Config) { c.CPULimit, c.WallLimit = cpuLimit, time.Second })
	start := time.Now()
	r := post(t, w, "import time\ntime.sleep(3600)")
	check(t, r, answer{status: 500, kind: runtime.FailureException, text: "the request took longer than 1s"})
	if took := time.Since(start); took > 2500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	if cpu := time.Duration(r.Metrics.CPU) * time.Microsecond; cpu > cpuLimit {
		t.Errorf("sleeping counts as %v of CPU time", cpu)
	}
	check(t, post(t, w, "return 'alive'"), answer{status: 200, body: "alive"})
}

// A handler that wants memory without end is not stopped by its own clean-up.
func TestMemoryIsFoundAgain(t *testing.T) {
	w := runtimetest.Worker(t, stoppable, nil)
	check(t, post(t, w, "try:\n    bytearray(10**9)\nexcept MemoryError:\n    return 'went on'"), answer{status: 200, body: "went on"})
}

// The import is told with what it has cost, by module.
func TestImportsAreRecorded(t *testing.T) {
	var mu sync.Mutex
	var imported []runtime.Imported
	var states []runtime.StateChanged
	dir := runtimetest.Project(t, map[string]string{
		"entry.py": "import busy, json, outer\ntry:\n    import nowhere\nexcept ImportError: pass\ndef on_fetch(request, env):\n    import late\n    return 'ok'",
		"busy.py":  "sum(range(10**6))",
		"outer.py": "import inner",
		"inner.py": "x = bytearray(8 * 10**6)\ny = [object() for _ in range(10_000)]",
		"late.py":  "",
	})
	w := runtimetest.WorkerOf(t, dir, func(c *runtime.Config) {
		c.Observe = func(e runtime.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case runtime.Imported:
				imported = append(imported, e)
			case runtime.StateChanged:
				states = append(states, e)
			}
		}
	})
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "ok"})
	mu.Lock()
	defer mu.Unlock()
	if len(imported) != 1 || imported[0].Generation != 1 {
		t.Fatalf("events %+v", imported)
	}
	modules := map[string]runtime.Import{}
	for n, i := range imported[0].Imports {
		modules[i.Name] = i
		if n > 0 && i.Self > imported[0].Imports[n-1].Self {
			t.Errorf("%s stands after a cheaper module", i.Name)
		}
		if i.Self > i.Cumulative || i.Self < 0 {
			t.Errorf("%+v: a module costs less with what it imports", i)
		}
	}
	if len(modules) != 5 {
		t.Errorf("modules %v, want entry, busy, outer, inner and nowhere: neither json, which is in the base image, nor late", modules)
	}
	if busy, outer := modules["busy"], modules["outer"]; busy.Self < outer.Self || busy.File != "/app/busy.py" {
		t.Errorf("busy %+v, outer %+v", busy, outer)
	}
	// Memory is what the guest's grew by: less than the 8 MB, by what was free before.
	if inner, outer := modules["inner"], modules["outer"]; inner.Memory < 7_000_000 || outer.Memory > 1<<20 || inner.Blocks < 10_000 || outer.Blocks > 1000 {
		t.Errorf("inner %+v, outer %+v", inner, outer)
	}
	if all := modules["entry"]; all.Cumulative < modules["busy"].Cumulative+modules["outer"].Cumulative {
		t.Errorf("entry %+v costs less than what it imports", all)
	}
	if f := modules["nowhere"]; !f.Failed {
		t.Errorf("nowhere %+v", f)
	}
	last := states[len(states)-1]
	if last.CPU < modules["entry"].Cumulative || last.CPU > last.Duration+100_000 {
		t.Errorf("the import used %d µs of CPU time, of %d, and entry alone %d", last.CPU, last.Duration, modules["entry"].Cumulative)
	}
}

// What a worker claims of its imports is bounded, and no reason to fail.
func TestImportsCanBeLiedAbout(t *testing.T) {
	w := runtimetest.Worker(t, `
from pymode import _host
for n in range(2_000):
    _host.send("imports", {"end": "never begun", "blocks": 1})
    _host.send("imports", {"begin": "x" * 10_000, "blocks": -1})
for n in range(10_500):
    _host.send("imports", {"begin": "a", "blocks": 1})
    _host.send("imports", {"end": "a", "blocks": 2, "file": "f"})
def on_fetch(request, env):
    return "ok"
`, nil)
	check(t, runtimetest.Get(t, w, "/"), answer{status: 200, body: "ok"})
	if n := len(w.Imports()); n > 10_000 {
		t.Errorf("%d modules are kept", n)
	}
}
