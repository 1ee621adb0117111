package runtime_test

import (
	"testing"

	"pymode-tui/runtime/runtimetest"
)

// mmap and ctypes are CPython's own, on what the guest has in place of an operating
// system.
func TestMappedFilesAndCTypes(t *testing.T) {
	eval := runtimetest.Evaluator(t, nil)
	for code, want := range map[string]string{
		`
import mmap
with open("/app/entry.py", "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
    return m[:] == f.read()`: "true",
		`
import mmap
with mmap.mmap(-1, 10) as m:
    m[2:5] = b"abc"
    return m[:]`: `"bytes:\u0000\u0000abc\u0000\u0000\u0000\u0000\u0000"`,
		`
import mmap
with open("/app/entry.py", "rb") as f: mmap.mmap(f.fileno(), 0)`: "PermissionError: [Errno 2] Permission denied",
		`import mmap; mmap.mmap(-1, 1 << 30)`: "OSError: [Errno 48] Out of memory",
		`
import ctypes
class Point(ctypes.Structure): _fields_ = [("x", ctypes.c_uint8), ("y", ctypes.c_double)]
return [ctypes.sizeof(Point), bytes(Point(1, 0.5))]`: `[16,"bytes:\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000à?"]`,
		`
import ctypes
b = ctypes.create_string_buffer(b"abcdef")
ctypes.memset(b, ord("x"), 2)
return [b.value, ctypes.string_at(ctypes.addressof(b), 3), ctypes.cast(b, ctypes.POINTER(ctypes.c_char))[4]]`: `["bytes:xxcdef","bytes:xxc","bytes:e"]`,
		`import ctypes; ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)`: "RuntimeError: ffi_prep_closure failed with 2",
		`import ctypes; ctypes.pythonapi.Py_Main`:                  "AttributeError: ctypes can't call this function of the interpreter",
		`
import ctypes
ctypes.pythonapi.PyBytes_FromStringAndSize.restype = ctypes.py_object
return ctypes.pythonapi.PyBytes_FromStringAndSize(b"abc", 2)`: `"bytes:ab"`,
		`import ctypes; ctypes.memmove(ctypes.c_double(1), None, None)`: "ArgumentError: argument 1: TypeError: 'c_double' object cannot be interpreted as ctypes.c_void_p",
	} {
		if got := eval(code); got != want {
			t.Errorf("%s\n%s, want %s", code, got, want)
		}
	}
}
