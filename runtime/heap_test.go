package runtime_test

import (
	"testing"

	"pymode-tui/runtime/runtimetest"
)

// heapUser allocates, moves and frees blocks at random for a while, and checks
// what is in them.
var heapUser = runtimetest.Extension("heap", `
#include <stdint.h>
#include <stdlib.h>
#define COUNT 2000
static unsigned char *blocks[COUNT];
static size_t sizes[COUNT];
static unsigned char marks[COUNT];
static uint32_t state = 88172645;

static uint32_t random32(void) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state; }

static size_t any_size(void) {
    switch (random32() % 16) {
    case 0: return 0;
    case 1: return random32() % 300000;
    case 2: return random32() % 20000;
    case 3: return 65536 - 16 + random32() % 32;
    default: return random32() % 600;
    }
}

static int holds(int i) {
    for (size_t k = 0; k < sizes[i]; k++) if (blocks[i][k] != marks[i]) return 0;
    return 1;
}

static void fill(int i, unsigned char *block, size_t size) {
    blocks[i] = block; sizes[i] = size; marks[i] = (unsigned char)random32();
    memset(block, marks[i], size);
}

static PyObject *wrong(const char *what, size_t size) {
    return PyErr_Format(PyExc_AssertionError, "%s of %zu bytes", what, size);
}

static PyObject *exercise(PyObject *self, PyObject *rounds) {
    long n = PyLong_AsLong(rounds);
    for (long r = 0; r < n; r++) {
        int i = random32() % COUNT;
        size_t size = any_size();
        if (blocks[i] != NULL && !holds(i)) return wrong("a block lost what was in it", sizes[i]);
        switch (random32() % 6) {
        case 0: case 1:
            free(blocks[i]); blocks[i] = NULL;
            unsigned char *p = malloc(size);
            if (!p || (uintptr_t)p % 16) return wrong("malloc", size);
            fill(i, p, size);
            break;
        case 2:
            free(blocks[i]); blocks[i] = NULL;
            unsigned char *c = calloc(size, 1);
            if (!c || (uintptr_t)c % 16) return wrong("calloc", size);
            for (size_t k = 0; k < size; k++) if (c[k]) return wrong("calloc, not zero,", size);
            fill(i, c, size);
            break;
        case 3: {
            size_t kept = sizes[i] < size ? sizes[i] : size;
            if (blocks[i] == NULL) kept = 0;
            unsigned char *m = realloc(blocks[i], size);
            if (!m || (uintptr_t)m % 16) return wrong("realloc", size);
            for (size_t k = 0; k < kept; k++) if (m[k] != marks[i]) return wrong("realloc lost what was in a block", size);
            fill(i, m, size);
            break;
        }
        case 4: {
            size_t alignment = (size_t)16 << random32() % 10;
            free(blocks[i]); blocks[i] = NULL;
            void *a = NULL;
            if (posix_memalign(&a, alignment, size) || (uintptr_t)a % alignment) return wrong("posix_memalign", size);
            fill(i, a, size);
            break;
        }
        default:
            free(blocks[i]); blocks[i] = NULL; sizes[i] = 0;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        if (blocks[i] != NULL && !holds(i)) return wrong("a block lost what was in it", sizes[i]);
    }
    Py_RETURN_NONE;
}

static PyObject *release(PyObject *self, PyObject *args) {
    for (int i = 0; i < COUNT; i++) { free(blocks[i]); blocks[i] = NULL; }
    Py_RETURN_NONE;
}

static PyObject *fits(PyObject *self, PyObject *size) {
    void *p = malloc(PyLong_AsSize_t(size));
    free(p);
    return PyBool_FromLong(p != NULL);
}

static PyObject *refuses(PyObject *self, PyObject *args) {
    volatile size_t all = (size_t)-1, nearly = (size_t)-20, much = 1 << 20, half = 1u << 31; // or the compiler knows better
    void *volatile results[] = {
        malloc(all), malloc(nearly), calloc(much, much), realloc(NULL, all), aligned_alloc(half, half),
    };
    void *p = NULL;
    int refused = posix_memalign(&p, 3, 8) && posix_memalign(&p, 64, all);
    for (int i = 0; i < 5; i++) refused &= results[i] == NULL;
    return PyBool_FromLong(refused);
}
`, `{"exercise", exercise, METH_O}, {"release", release, METH_NOARGS}, {"fits", fits, METH_O}, {"refuses", refuses, METH_NOARGS},`)

func TestHeap(t *testing.T) {
	run := evaluator(t, site(t, map[string][]byte{"heap.wasm": runtimetest.SideModule(t, heapUser, nil)}))
	for _, tt := range []struct{ name, code, want string }{
		{"blocks keep what is in them", "import heap; heap.exercise(5000)", "null"},
		{"freed blocks are joined", "import heap\nheap.exercise(4000)\nheap.release()\nreturn heap.fits(80 << 20)", "true"},
		{"what can't be is refused", "import heap; return heap.refuses()", "true"},
		{"Python gets most of the memory", "kept = []\ntry:\n    while True:\n        kept.append(bytes(1 << 20))\nexcept MemoryError:\n    n = len(kept)\n    kept.clear()\n    return n >= 95", "true"},
		{"small objects too", "kept = []\ntry:\n    while True:\n        kept.append(bytes(1000))\nexcept MemoryError:\n    n = len(kept)\n    kept.clear()\n    return n >= 85000", "true"},
		{"memory comes back", "for i in range(30):\n    kept = [bytes(size) for size in range(1, 3000000, 100003)]\n    kept = None\nreturn len(bytes(90 << 20))", "94371840"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
