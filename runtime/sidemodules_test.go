package runtime_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/runtime/wasmbin"

	"github.com/google/go-cmp/cmp"
)

// site writes side modules to a folder of packages.
func site(t testing.TB, modules map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, module := range modules {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, module, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// evaluator runs Python in a worker with the packages.
func evaluator(t testing.TB, packages string) func(string) string {
	t.Helper()
	return runtimetest.Evaluator(t, func(c *runtime.Config) {
		c.SitePackages, c.CPULimit = packages, 500*time.Millisecond
	})
}

// parts has one of everything that a linker must get right.
var parts = runtimetest.Extension("parts", `
static int counter = 40;                       // data
static char zeros[100000];                     // no data in the file
static const char *names[] = {"one", "two"};   // pointers in data: relocations
typedef long (*operation)(long, long);
static long add(long a, long b) { return a + b; }
static long times(long a, long b) { return a * b; }
static operation operations[] = {add, times};  // function pointers in data
static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = 7; }
extern int nowhere(int) __attribute__((weak));

static PyObject *count(PyObject *self, PyObject *args) { return PyLong_FromLong(++counter); }
static PyObject *sum(PyObject *self, PyObject *args) {
    long total = 0;
    for (size_t i = 0; i < sizeof zeros; i++) total += zeros[i];
    return PyLong_FromLong(total);
}
static PyObject *name(PyObject *self, PyObject *n) { return PyUnicode_FromString(names[PyLong_AsLong(n)]); }
static PyObject *apply(PyObject *self, PyObject *args) {
    long which, a, b;
    if (!PyArg_ParseTuple(args, "lll", &which, &a, &b)) return NULL;
    return PyLong_FromLong(operations[which](a, b));
}
static PyObject *built(PyObject *self, PyObject *args) { return PyLong_FromLong(constructed); }
static PyObject *weak(PyObject *self, PyObject *args) { return PyBool_FromLong(nowhere != NULL); }
static PyObject *one_parameter(PyObject *self) { return PyUnicode_FromString("called"); } // cast to two
static PyObject *address(PyObject *self, PyObject *args) { return PyLong_FromVoidPtr((void *)PyLong_FromLong); }
static PyObject *spin(PyObject *self, PyObject *args) { for (volatile long i = 0;; i++) { } }
static __attribute__((noinline)) long tree(long n) { return n < 2 ? n : (tree(n - 1) ^ 3 * tree(n - 2)); } // no loop
static PyObject *recurse(PyObject *self, PyObject *args) { return PyLong_FromLong(tree(100)); }
static PyObject *shift(PyObject *self, PyObject *bytes) { // by instructions of its own, and no loop
    char *b = PyByteArray_AS_STRING(bytes);
    __builtin_memmove(b, b + 1, (size_t)PyByteArray_GET_SIZE(bytes) - 1);
    Py_RETURN_NONE;
}
static PyObject *hog(PyObject *self, PyObject *args) {
    for (size_t n = 0;; n += 1 << 20) {
        volatile char *p = malloc(1 << 20);
        if (!p) return PyErr_NoMemory();
        *p = 1;
    }
}
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
extern int random_get(void *, size_t) WASI("random_get");
extern int clock_time_get(int, long long, long long *) WASI("clock_time_get");
static PyObject *system_interface(PyObject *self, PyObject *args) { // as Rust's standard library calls it
    unsigned char random[32] = {0};
    long long now = 0;
    int sum = 0;
    if (random_get(random, sizeof random) || clock_time_get(0, 1, &now)) return NULL;
    for (int i = 0; i < 32; i++) sum += random[i];
    return Py_BuildValue("iL", sum, now / 1000000000);
}
static int by_length(const void *a, const void *b) { return (int)strlen(*(char **)a) - (int)strlen(*(char **)b); }
static PyObject *sorted(PyObject *self, PyObject *args) { // a pointer handed to the C library
    const char *words[] = {"three", "of", "a"};
    qsort(words, 3, sizeof *words, by_length);
    return Py_BuildValue("sss", words[0], words[1], words[2]);
}
`, `
{"count", count, METH_NOARGS}, {"sum", sum, METH_NOARGS}, {"name", name, METH_O}, {"apply", apply, METH_VARARGS},
{"built", built, METH_NOARGS}, {"weak", weak, METH_NOARGS}, {"one_parameter", (PyCFunction)one_parameter, METH_NOARGS},
{"address", address, METH_NOARGS}, {"spin", spin, METH_NOARGS}, {"recurse", recurse, METH_NOARGS}, {"hog", hog, METH_NOARGS}, {"shift", shift, METH_O}, {"sorted", sorted, METH_NOARGS}, {"system_interface", system_interface, METH_NOARGS},
`)

func TestSideModule(t *testing.T) {
	module := runtimetest.SideModule(t, parts, nil)
	other := runtimetest.SideModule(t, runtimetest.Extension("other", `
static PyObject *address(PyObject *self, PyObject *args) { return PyLong_FromVoidPtr((void *)PyLong_FromLong); }
`, `{"address", address, METH_NOARGS},`), nil)
	run := evaluator(t, site(t, map[string][]byte{"parts.wasm": module, "package/other.wasm": other, "package/__init__.py": nil}))
	for _, tt := range []struct{ name, code, want string }{
		{"data", "import parts; return [parts.count(), parts.count()]", "[41,42]"},
		{"the next request has the state of the start", "import parts; return parts.count()", "41"},
		{"zeros", "import parts; return parts.sum()", "0"},
		{"pointers in data", "import parts; return [parts.name(0), parts.name(1)]", `["one","two"]`},
		{"function pointers in data", "import parts; return [parts.apply(0, 6, 7), parts.apply(1, 6, 7)]", "[13,42]"},
		{"constructors", "import parts; return parts.built()", "7"},
		{"weak symbols", "import parts; return parts.weak()", "false"},
		{"a pointer of another type", "import parts; return parts.one_parameter()", `"called"`},
		{"a pointer for the C library", "import parts; return parts.sorted()", `["a","of","three"]`},
		{"pointers are equal in all modules", "import parts; from package import other; return parts.address() == other.address()", "true"},
		{"the system interface", "import parts, time; random, now = parts.system_interface(); return random > 0 and abs(now - time.time()) < 5", "true"},
		{"twice", "import parts, sys; del sys.modules['parts']; import parts; return parts.count()", "41"},
		{"a loop ends with the budget", "import parts; parts.spin()", "the worker used up its 500ms of CPU time"},
		{"recursion ends with the budget", "import parts; parts.recurse()", "the worker used up its 500ms of CPU time"},
		{"its memory counts", "import parts; parts.hog()", "MemoryError: "},
		{"and afterwards", "import parts; return parts.count()", "41"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want && (len(tt.want) < 12 || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A side module counts what its copies move, also where it is left before its next loop.
func TestSideModuleCopiesEnd(t *testing.T) {
	packages := site(t, map[string][]byte{"parts.wasm": runtimetest.SideModule(t, parts, nil)})
	w := runtimetest.Worker(t, "import parts\ndef on_fetch(request, env):\n    b = bytearray(10**7)\n    while True: parts.shift(b)",
		func(c *runtime.Config) { c.SitePackages, c.CPULimit = packages, cpuLimit })
	r := runtimetest.Get(t, w, "/")
	if cost := time.Duration(r.Metrics.CPU) * time.Microsecond; r.Outcome() != runtime.OutcomeExceededCPU || cost > most {
		t.Errorf("outcome %s after %v of CPU time, want %s after at most %v", r.Outcome(), cost, runtime.OutcomeExceededCPU, most)
	}
}

// What was loaded by the import is in the image, and requests start from there.
func TestSideModuleInImage(t *testing.T) {
	packages := site(t, map[string][]byte{"parts.wasm": runtimetest.SideModule(t, parts, nil)})
	var loaded []runtime.Module
	w := runtimetest.Worker(t, "import parts\nSTART = [parts.count() for i in range(3)]\n"+
		"def on_fetch(request, env):\n    return [START, parts.count(), parts.built(), parts.apply(1, 6, 7), parts.name(1), parts.sorted()]\n",
		func(c *runtime.Config) {
			c.SitePackages = packages
			c.Observe = func(e runtime.Event) {
				if l, ok := e.(runtime.Loaded); ok {
					loaded = append(loaded, l.Module)
				}
			}
		})
	if f := w.State().Error; f != nil {
		t.Fatal(f)
	}
	for range 20 {
		r := runtimetest.Get(t, w, "/")
		if got, want := string(r.Body), `[[41, 42, 43], 44, 7, 42, "two", ["a", "of", "three"]]`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if len(r.Modules) > 0 {
			t.Errorf("a request loaded %+v", r.Modules)
		}
	}
	if len(loaded) != 1 || loaded[0].Path != "parts.wasm" || loaded[0].Bytes < 1000 || loaded[0].Error != "" {
		t.Errorf("loaded: %+v", loaded)
	}
}

// A module loaded by a request is gone with it.
func TestSideModuleInRequest(t *testing.T) {
	packages := site(t, map[string][]byte{"parts.wasm": runtimetest.SideModule(t, parts, nil)})
	w := runtimetest.Worker(t, "def on_fetch(request, env):\n    import parts\n    return str(parts.count())\n", func(c *runtime.Config) {
		c.SitePackages = packages
	})
	for range 10 {
		r := runtimetest.Get(t, w, "/")
		if string(r.Body) != "41" || len(r.Modules) != 1 || r.Modules[0].Path != "parts.wasm" {
			t.Fatalf("%s %+v %v", r.Body, r.Modules, r.Error)
		}
	}
}

func TestNeededLibrary(t *testing.T) {
	library := runtimetest.SideModule(t, `
#define EXPORT __attribute__((visibility("default")))
EXPORT int answer = 40;
EXPORT int increase(int by) { return answer += by; }
EXPORT int twice(int x) { return 2 * x; }
`, nil)
	user := runtimetest.SideModule(t, runtimetest.Extension("user", `
extern int answer;
extern int increase(int);
extern int twice(int);
static PyObject *use(PyObject *self, PyObject *args) {
    int (*pointer)(int) = twice;
    int first = answer;
    increase(2);
    return Py_BuildValue("iii", first, answer, pointer(21));
}
`, `{"use", use, METH_NOARGS},`), map[string][]byte{"libanswer.wasm": library})
	packages := site(t, map[string][]byte{"user.wasm": user, "libanswer.wasm": library})
	if got := evaluator(t, packages)("import user; return user.use()"); got != "[40,42,42]" {
		t.Errorf("loaded by a request: %s", got)
	}
	w := runtimetest.Worker(t, "import user\nFIRST = user.use()\ndef on_fetch(request, env):\n    return [FIRST, user.use()]\n", func(c *runtime.Config) {
		c.SitePackages = packages
	})
	for range 3 {
		if got, want := string(runtimetest.Get(t, w, "/").Body), "[[40, 42, 42], [42, 44, 42]]"; got != want {
			t.Errorf("from an image: got %s, want %s", got, want)
		}
	}
	got := evaluator(t, site(t, map[string][]byte{"user.wasm": user}))("import user")
	if want := "ImportError: /site/user.wasm needs libanswer.wasm: "; !strings.HasPrefix(got, want) {
		t.Errorf("without it: %s", got)
	}
}

// Files that can't be loaded say why, and leave the interpreter as it was.
func TestBrokenSideModules(t *testing.T) {
	good := runtimetest.SideModule(t, parts, nil)
	undefined := runtimetest.SideModule(t, runtimetest.Extension("undefined", `
extern int first_missing(void); extern int second_missing(void);
static PyObject *use(PyObject *self, PyObject *args) { return PyLong_FromLong(first_missing() + second_missing()); }
`, `{"use", use, METH_NOARGS},`), nil)
	wrongType := runtimetest.SideModule(t, `
extern double PyLong_FromLong(double);
static void *call(void) { return (void *)(int)PyLong_FromLong(1.0); }
void *(*volatile pointer)(void) = call;
__attribute__((visibility("default"))) void *PyInit_wrongtype(void) { return pointer(); }
`, nil)
	nothing := runtimetest.SideModule(t, `__attribute__((visibility("default"))) int x(void) { return 1; }`, nil)
	large := runtimetest.SideModule(t, runtimetest.Extension("large", `
static volatile char much[115 << 20]; static PyObject *use(PyObject *self, PyObject *args) { return PyLong_FromLong(++much[12345]); }
`, `{"use", use, METH_NOARGS},`), nil)
	built := func(add func(*wasmbin.Builder)) []byte {
		var b wasmbin.Builder
		add(&b)
		module, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		info := []byte{1, 4, 0, 0, 0, 0} // no memory, no table
		return append(wasmbin.AppendCustom(wasmbin.AppendHeader(nil), "dylink.0", info), module[8:]...)
	}
	run := evaluator(t, site(t, map[string][]byte{
		"good.wasm": good, "undefined.wasm": undefined, "wrongtype.wasm": wrongType, "nothing.wasm": nothing, "large.wasm": large,
		"text.wasm": []byte("hello"), "empty.wasm": nil, "cut.wasm": good[:len(good)/2], "main.wasm": wasmbin.AppendHeader(nil),
		"greedy.wasm": wasmbin.AppendCustom(wasmbin.AppendHeader(nil), "dylink.0", []byte{1, 8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0}),
		"starts.wasm": built(func(b *wasmbin.Builder) { b.Start(b.Func(b.Type(nil, nil), nil, 0x03, 0x40, 0x0c, 0, 0x0b)) }), // a loop
		"calls.wasm": built(func(b *wasmbin.Builder) {
			b.Start(b.ImportFunc("env", "PyErr_Clear", b.Type(nil, nil)))
		}),
		"host.wasm":   built(func(b *wasmbin.Builder) { b.ImportFunc("pymode", "kv_get", b.Type(nil, nil)) }),
		"memory.wasm": built(func(b *wasmbin.Builder) { b.Memory(wasmbin.Limits{Min: 1}) }),
	}))
	for name, want := range map[string]string{
		"undefined": "it needs first_missing, second_missing, which neither the interpreter nor a module loaded before exports",
		"wrongtype": "it calls PyLong_FromLong as (f64) → (f64), but that is (i32) → (i32): was it built with other headers?",
		"nothing":   "exports no function PyInit_nothing",
		"large":     "there is no room for its 117760 kB of data",
		"text":      "it is no WebAssembly module",
		"empty":     "it is no WebAssembly module",
		"cut":       "it is damaged: ",
		"main":      `it is no side module: it does not begin with a section "dylink.0"`,
		"greedy":    "it asks for 4095 MB of memory",
		"starts":    "it has a start function that does more than a linker's",
		"calls":     "it has a start function that does more than a linker's",
		"host":      "it imports the function pymode.kv_get, which side modules may not",
		"memory":    "it has a memory or a table of its own",
	} {
		t.Run(name, func(t *testing.T) {
			got := run("import " + name)
			if !strings.HasPrefix(got, "ImportError: ") || !strings.Contains(got, want) {
				t.Errorf("got %s, want an ImportError with %q", got, want)
			}
		})
	}
	if got := run("try:\n    import undefined\nexcept ImportError:\n    import parts_of_good\n"); !strings.HasPrefix(got, "ModuleNotFoundError") {
		t.Errorf("after a failure: %s", got)
	}
}

// The East Asian codecs and expat are side modules of the standard library: there at
// import and in a handler, in the plain binary and in the deployable one.
func TestLibrarySideModules(t *testing.T) {
	for name, config := range map[string]runtime.EngineConfig{"plain": runtimetest.EngineConfig(t), "deployable": runtimetest.Deployable(t)} {
		t.Run(name, func(t *testing.T) {
			dir := runtimetest.Project(t, map[string]string{"entry.py": `
import xml.etree.ElementTree as tree
text = "日本"
start = text.encode("shift_jis")
def on_fetch(request, env):
    assert start.decode("cp932") == text
    name = tree.fromstring(f"<a><b k='{text}'/></a>")[0].get("k")
    return " ".join(name.encode(codec).hex() for codec in ("shift_jis", "gbk", "euc_kr", "big5", "big5hkscs", "iso2022_jp"))
`})
			w := runtimetest.WorkerIn(t, runtimetest.EngineOf(t, config), runtime.Config{Name: "test", Dir: dir, Module: "entry", Path: []string{"."}})
			for range 2 {
				got := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://test/"})
				if want := "93fa967b c8d5b1be eceddce2 a4e9a5bb a4e9a5bb 1b2442467c4b5c1b2842"; string(got.Body) != want {
					t.Errorf("encoded: %s %v, want %s", got.Body, got.Error, want)
				}
				var loaded []string // by the handler; what the import needs is in the image
				for _, module := range got.Modules {
					loaded = append(loaded, module.Path)
				}
				want := []string{
					"lib-dynload/_codecs_cn.wasm", "lib-dynload/_codecs_kr.wasm", "lib-dynload/_codecs_tw.wasm",
					"lib-dynload/_codecs_hk.wasm", "lib-dynload/_codecs_iso2022.wasm",
				}
				if diff := cmp.Diff(want, loaded); diff != "" {
					t.Errorf("side modules of the handler (-want +got):\n%s", diff)
				}
			}
		})
	}
}
