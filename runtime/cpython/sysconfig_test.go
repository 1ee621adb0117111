package cpython

import "testing"

func TestPortableSysconfig(t *testing.T) {
	const built = `build_time_vars = {
    'BUILD_GNU_TYPE': 'x86_64-pc-linux-gnu',
    'CC': '/home/me/cache/configure-1/bin/zig-cc',
    'CONFIG_ARGS': "'--build=x86_64-pc-linux-gnu' '--prefix=/usr'",
    'EXT_SUFFIX': '.cpython-313-wasm32-wasi.so',
    'SHLIB_SUFFIX': '.so',
    'SOABI': 'cpython-313-wasm32-wasi',
    'abs_builddir': '/home/me/cache/compile-2',
    'abs_srcdir': '/home/me/cache/compile-2/../python-source-3',
    'CFLAGS': '-include /home/me/cache/configure-1/trampoline.h -O3 -I/home/me/cache/python-source-3/Include'}
`
	const want = `build_time_vars = {
    'BUILD_GNU_TYPE': 'build',
    'CC': 'cc',
    'CONFIG_ARGS': "'--build=build' '--prefix=/usr'",
    'EXT_SUFFIX': '.wasm',
    'SHLIB_SUFFIX': '.wasm',
    'SOABI': 'cpython-313-wasm32-wasi',
    'abs_builddir': '/usr/src/build',
    'abs_srcdir': '/usr/src/build/../python-source-3',
    'CFLAGS': '-O3 -I/usr/src/python/Include'}
`
	got, err := portableSysconfig(built, "configure-1", "python-source-3")
	if err != nil || got != want {
		t.Errorf("got %v and %s", err, got)
	}
	if _, err := portableSysconfig("build_time_vars = {}\n", "configure-1", "python-source-3"); err == nil {
		t.Error("no error for variables without a place")
	}
}
