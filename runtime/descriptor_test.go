package runtime_test

import (
	"testing"

	"pymode-tui/runtime/runtimetest"
)

// WASI has no dup; a worker has one nevertheless.
func TestDescriptorsAreDuplicated(t *testing.T) {
	eval := runtimetest.Evaluator(t, nil)
	for name, c := range map[string]struct{ code, want string }{
		"one position": {`
import os
with open("/app/entry.py", "rb") as f:
    copy = os.dup(f.fileno())
    first, second = os.read(f.fileno(), 4), os.read(copy, 4)
f.close()
third = os.read(copy, 4)
os.close(copy)
return (first + second + third == open("/app/entry.py", "rb").read(12))`, "true"},
		"a number of its own": {`
import os
with open("/app/entry.py", "rb") as f:
    os.dup2(f.fileno(), 100)
os.dup2(100, 100)
os.close(100)
try: os.fstat(100)
except OSError as error: return error.strerror`, `"Bad file descriptor"`},
		"no such file":       {`import os; return os.dup(99)`, "OSError: [Errno 8] Bad file descriptor"},
		"too large a number": {`import os; return os.dup2(0, 1 << 30)`, "OSError: [Errno 8] Bad file descriptor"},
		"a directory": {`
import os
d = os.open("/app", os.O_RDONLY)
copy = os.dup(d)
os.close(d)
same = os.path.samestat(os.stat("entry.py", dir_fd=copy), os.stat("/app/entry.py"))
os.close(copy)
return same`, `true`},
		"standard output and back": {`
import os
kept = os.dup(1)
with open("/dev/null", "w") as null:
    os.dup2(null.fileno(), 1)
os.write(1, b"swallowed")
os.dup2(kept, 1)
os.close(kept)
return "answered"`, `"answered"`},
		"as many as there may be": {`
import os
opened = []
try:
    while True: opened.append(os.dup(0))
except OSError as error: what = error.strerror
for fd in opened: os.close(fd)
return [what, 4000 < len(opened) < 4096]`, `["No file descriptors available",true]`},
	} {
		if got := eval(c.code); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What a request leaves open is not there in the next one, which may get the same instance.
func TestDuplicatesEndWithTheRequest(t *testing.T) {
	eval := runtimetest.Evaluator(t, nil)
	var first string
	for range 6 {
		got := eval(`import os; return [os.dup(1), os.dup2(0, 50)]`)
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("descriptors %s, and %s in an earlier request", got, first)
		}
		if got := eval(`import os; os.fstat(50)`); got != "OSError: [Errno 8] Bad file descriptor" {
			t.Errorf("an earlier request's descriptor: %s", got)
		}
	}
	if got := eval(`import os; os.dup2(os.open("/dev/null", os.O_WRONLY), 1)`); got == "null" {
		t.Error("an answer to /dev/null was an answer")
	}
	if got := eval(`return "well"`); got != `"well"` {
		t.Errorf("after it: %s", got)
	}
}
