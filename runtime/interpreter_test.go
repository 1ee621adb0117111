package runtime_test

import (
	"testing"

	"pymode-tui/runtime/runtimetest"
)

// patchedInterpreter does what the patches of CPython change (see cpython/src/patches),
// where their fast ways begin and end, and compares with ways that they do not
// touch: multiplication and text.
const patchedInterpreter = `
import math, sys, weakref

DIGIT = 2**30
edges = [v * s + d for v in (0, 1, 5, 256, DIGIT // 2, DIGIT, DIGIT * 2, 2**31, 2**60) for s in (1, -1) for d in range(-7, 8)]

def ints():
    for a in edges:
        for b in edges:
            s, d = a + b, a - b
            assert s == int(hex(a), 16) + int(hex(b), 16) and d == a.__sub__(b), (a, b)
            assert s - b == a and d + b == a and (s + d) == 2 * a, (a, b)
            assert (s < d) == (b < 0) or b == 0, (a, b)
            assert int(str(s)) == s and hash(s) == hash(int(str(s))), (a, b)

def kept():
    # Ints that are alive are not taken for others, however many come and go.
    alive = [DIGIT - 1000 + i for i in range(500)]
    for round in range(50):
        for i in range(1000, 1400):
            x = i * 7 - 1
            x = -x
        assert [DIGIT - 1000 + i for i in range(500)] == alive
    assert sum(range(-DIGIT - 5, -DIGIT + 5)) == -10 * DIGIT - 5

class Subclass(int):
    def __del__(self):
        gone.append(int(self))

gone = []

def subclasses():
    x = Subclass(123456)
    y = x + 1
    assert type(y) is int and y == 123457
    del x
    assert gone == [123456]

class Object:
    pass

def leaves(order):
    first, second = Object(), Object()
    for name, value in (("first", first), ("second", second)):
        weakref.finalize(value, order.append, name)

def sees():
    here = 700_000 + len(edges)
    return sys._getframe()

def raises():
    local = 900_000 + len(edges)
    raise ValueError(local)

def frames():
    order = []
    leaves(order)
    assert order == ["first", "second"], order
    frame = sees()
    assert frame.f_locals["here"] == 700_000 + len(edges) and frame.f_code.co_name == "sees"
    try:
        raises()
    except ValueError as e:
        assert e.__traceback__.tb_next.tb_frame.f_locals["local"] == e.args[0]

def deep(n):
    # More frames than one piece of their stack holds.
    return 0 if n == 0 else 1 + deep(n - 1)

def logarithms():
    for n in range(-1074, 1024):
        assert math.log2(math.ldexp(1, n)) == n, n
    assert abs(math.log2(math.ldexp(3, -1074)) - (math.log2(3) - 1074)) <= math.ulp(1074)

def on_fetch(request, env):
    logarithms()
    for _ in range(3): # specialised by then
        ints(), kept(), frames()
        assert deep(800) == 800
    subclasses()
    return "ok"
`

func TestPatchedInterpreter(t *testing.T) {
	w := runtimetest.Worker(t, patchedInterpreter, nil)
	for range 2 {
		if r := runtimetest.Get(t, w, "/"); string(r.Body) != "ok" {
			t.Errorf("%s %v", r.Body, r.Error)
		}
	}
}
