package cpython

import (
	"bytes"
	"slices"
	"testing"

	"pymode-tui/runtime/wasmbin"
)

func moduleWith(sections ...[]byte) []byte {
	module := wasmbin.AppendHeader(nil)
	for _, s := range sections {
		module = append(module, s...)
	}
	return module
}

func TestSplitNames(t *testing.T) {
	names := wasmbin.AppendCustom(nil, "name", []byte{1, 2, 3})
	other := wasmbin.AppendCustom(nil, "names", []byte("not it"))
	large := wasmbin.AppendCustom(nil, "target_features", bytes.Repeat([]byte{7}, 300))
	tests := []struct {
		name           string
		module         []byte
		without, names []byte
		wantErr        bool
	}{
		{name: "in the middle", module: moduleWith(other, names, large), without: moduleWith(other, large), names: names},
		{name: "none", module: moduleWith(other), without: moduleWith(other)},
		{name: "empty module", module: moduleWith(), without: moduleWith()},
		{name: "cut off", module: moduleWith(large)[:50], wantErr: true},
		{name: "no length", module: append(moduleWith(), 0), wantErr: true},
		{name: "a length too long", module: append(moduleWith(), 0, 0xff, 0xff, 0xff, 0xff, 0xff), wantErr: true},
		{name: "no module", module: []byte("#!/bin/sh\n"), wantErr: true},
		{name: "nothing", wantErr: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			without, names, err := splitNames(test.module)
			if (err != nil) != test.wantErr {
				t.Fatalf("error is %v", err)
			}
			if !bytes.Equal(without, test.without) || !bytes.Equal(names, test.names) {
				t.Errorf("got %x and %x, want %x and %x", without, names, test.without, test.names)
			}
		})
	}
}

func FuzzSplitNames(f *testing.F) {
	f.Add(moduleWith(wasmbin.AppendCustom(nil, "name", []byte{1, 2, 3})))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x00\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, module []byte) {
		without, names, err := splitNames(module)
		if err != nil {
			return
		}
		if len(without)+len(names) != len(module) {
			t.Errorf("%d bytes became %d and %d", len(module), len(without), len(names))
		}
	})
}

func TestExports(t *testing.T) {
	symbols := Exports()
	sorted := slices.Sorted(slices.Values(symbols))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			t.Errorf("%s is listed twice", sorted[i])
		}
	}
	// What popular extension modules were seen to import.
	for _, want := range []string{
		"malloc", "free", "realloc", "calloc", "posix_memalign", "aligned_alloc", "memcmp", "memchr", "memrchr", "memcpy", "memmove",
		"memset", "strlen", "strerror_r", "getenv", "getcwd", "sysconf", "clock_gettime", "write", "writev", "abort", "errno", "round",
		"trunc", "floor", "ceil", "fmod", "exp", "log", "log2", "log10", "pow", "fma", "pthread_create", "pthread_mutex_lock",
		"snprintf", "__multi3", "__addtf3", "__muldc3", "feclearexcept", "cexp", "stderr", "qsort", "strtod_l", "fopencookie",
	} {
		if !slices.Contains(symbols, want) {
			t.Errorf("%s is not exported", want)
		}
	}
}

func TestCheckExports(t *testing.T) {
	body := wasmbin.AppendVec(nil, []string{"pm_yield", "malloc"}, func(dst []byte, name string) []byte {
		return append(wasmbin.AppendName(dst, name), 2, 0) // memory 0
	})
	module := moduleWith(wasmbin.AppendSection(nil, 5, []byte{1, 0, 1}), wasmbin.AppendSection(nil, 7, body))
	if err := checkExports(module, []string{"malloc", "pm_yield"}); err != nil {
		t.Error(err)
	}
	err := checkExports(module, []string{"malloc", "free", "errno"})
	if err == nil || err.Error() != "python.wasm does not export free, errno" {
		t.Errorf("error is %v", err)
	}
}

func TestParseExports(t *testing.T) {
	got := parseExports([]byte("# comment\n\nmalloc\nfree # why\n  errno\n"))
	if want := []string{"malloc", "free", "errno"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLibcFromLinkLine(t *testing.T) {
	line := "ar rcs /c/libc.a /c/x.o\nwasm-ld --entry _initialize -o e.wasm cache/o/1/crt1-reactor.o /c/o/2/libc.a c/libzigc.a e.o c/libcompiler_rt.a\n"
	got, err := libcFromLinkLine(line)
	want := []string{"cache/o/1/crt1-reactor.o", "/c/o/2/libc.a", "c/libzigc.a", "c/libcompiler_rt.a"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "clang version 22\n", "wasm-ld -o e.wasm crt1-reactor.o libc.a libzigc.a\n"} {
		if got, err := libcFromLinkLine(bad); err == nil {
			t.Errorf("%q: got %v and no error", bad, got)
		}
	}
}
