package cpython

import (
	"maps"
	"slices"
)

// What the interpreter is compiled with. All of it enters the digests.

// target is zig's name for the platform.
const target = "wasm32-wasi"

// compileFlags are for every C file that ends up in python.wasm. The features
// beyond WebAssembly 1.0 are those that wazero has switched on by default.
// Bounds and overflow checks of zig's debug mode are off: CPython relies on
// what they forbid. Pointers don't wrap around, other than CPython's own
// -fno-strict-overflow makes clang assume since version 20: only then are fields
// of a structure offsets to one address, whose bounds wazero checks once.
func compileFlags() []string {
	return []string{
		"-O3", "-msimd128", "-mbulk-memory", "-msign-ext", "-mnontrapping-fptoint",
		"-fno-wrapv-pointer", "-fno-sanitize=undefined", "-Wno-date-time", "-g0",
		"-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_GETPID", "-D_WASI_EMULATED_PROCESS_CLOCKS",
	}
}

// linkTimeObjects are the parts of CPython that are optimised together when they
// are linked, so that what they call of each other can be inlined: calls are dear
// in wazero. All of CPython this way is a fourth larger, and not faster.
func linkTimeObjects() []string {
	return []string{
		"Objects/abstract.o", "Objects/bytesobject.o", "Objects/call.o", "Objects/dictobject.o", "Objects/floatobject.o",
		"Objects/listobject.o", "Objects/longobject.o", "Objects/object.o", "Objects/obmalloc.o", "Objects/tupleobject.o",
		"Objects/unicodeobject.o", "Python/ceval.o", "Python/frame.o", "Python/gc.o", "Modules/_json.o", "Modules/_sre/sre.o",
	}
}

// glueFlags are for our own C files, besides compileFlags: those that CPython
// compiles its core with.
func glueFlags() []string {
	return []string{
		"-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wstrict-prototypes", "-Werror=implicit-function-declaration",
		"-fvisibility=hidden", "-DNDEBUG", "-DPy_BUILD_CORE", "-include", "src/trampoline.h", "-Isrc",
	}
}

// emulationLibs are the parts of wasi-libc that the defines above stand for.
func emulationLibs() []string {
	return []string{"-lwasi-emulated-signal", "-lwasi-emulated-getpid", "-lwasi-emulated-process-clocks"}
}

// linkFlags make a reactor that side modules can be linked to at run time: its
// table is exported and can grow, and so are the stack pointer and all of the C
// API; what else is exported is listed in src/exports.txt.
func linkFlags() []string {
	return []string{
		"--error-limit=0", "--build-id=none", "--entry", "_initialize",
		// Below the data, so that an overflow traps instead of overwriting it.
		"--stack-first", "-z", "stack-size=8388608",
		"--initial-memory=20971520",
		"--export-memory", "--export-table", "--growable-table",
		"--export=__stack_pointer", "--export-dynamic",
		"--strip-debug", // keeps the names of functions
	}
}

// zlibFiles are the parts of zlib that the module zlib uses: no gzip files.
func zlibFiles() []string {
	return []string{
		"adler32", "compress", "crc32", "deflate", "infback", "inffast", "inflate", "inftrees", "trees", "uncompr", "zutil",
	}
}

// nativeFlags are for the Python that runs while building and never again.
func nativeFlags() []string {
	return []string{"--without-ensurepip", "--disable-test-modules", "CFLAGS=-O0"}
}

// crossFlags are configure's. The ac_cv_ answers are for questions that zig
// would answer with the headers of the building machine, or where what libc
// has does not do:
//
//   - dup, dup2, dup3: ours, of src/descriptors.c;
//   - mmap: emulated, and then pymalloc's arenas never go back;
//   - clock_nanosleep: with it, time.sleep sleeps until a point in time, which
//     wazero refuses; without it, for a span.
func crossFlags() []string {
	flags := []string{
		"--host=" + target, "--prefix=/usr",
		"--without-ensurepip", "--disable-test-modules", "--disable-ipv6", "--with-pymalloc",
		"--disable-shared", "--with-suffix=.wasm",
		"ac_cv_header_libintl_h=no", "ac_cv_header_sys_timerfd_h=no", "ac_cv_func_timerfd_create=no",
		"ac_cv_func_dup=yes", "ac_cv_func_dup2=yes", "ac_cv_func_dup3=yes",
		"ac_cv_func_setgroups=no", "ac_cv_func_mmap=no", "ac_cv_func_clock_nanosleep=no", "ac_cv_lib_rt_clock_nanosleep=no",
	}
	for _, module := range slices.Concat(absentModules(), slices.Sorted(maps.Keys(sideModules()))) {
		flags = append(flags, "py_cv_module_"+module+"=n/a")
	}
	return flags
}

// crossHeaders are those of src that CPython is compiled with.
func crossHeaders() []string { return []string{"trampoline.h", "descriptors.h", "ffi/ffi.h"} }

// addedModules is Setup.local: C modules that configure leaves out for WASI, and
// that src has the missing calls for.
const addedModules = `*static*
mmap mmapmodule.c -D_WASI_EMULATED_MMAN
_ctypes _ctypes/_ctypes.c _ctypes/callbacks.c _ctypes/callproc.c _ctypes/stgdict.c _ctypes/cfield.c -Iffi
`

// absentModules are C modules that make no sense in the sandbox or need a
// library that does not exist for it. What replaces them is in lib/.
func absentModules() []string {
	return []string{
		"_bz2", "_lzma", "_socket", "select", "faulthandler", "resource", "grp", "pwd", "fcntl",
		"termios", "syslog", "_multiprocessing", "_posixshmem", "_posixsubprocess", "_curses", "_curses_panel",
		"readline", "_dbm", "_gdbm", "_sqlite3", "_ssl", "_hashlib", "_uuid", "_tkinter", "nis", "spwd",
	}
}

// How many lines a configure script prints and how many files make compiles:
// counted once, for the progress only.
const (
	nativeConfigureLines = 779
	nativeObjects        = 183
	crossConfigureLines  = 787
	crossObjects         = 227
)
