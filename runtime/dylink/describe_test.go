package dylink

import (
	"strings"
	"testing"

	"pymode-tui/runtime/wasmbin"
)

// side builds a side module of subsections of dylink.0.
func side(subsections ...[]byte) []byte {
	var body []byte
	for _, s := range subsections {
		body = append(body, s...)
	}
	return wasmbin.AppendCustom(wasmbin.AppendHeader(nil), "dylink.0", body)
}

func sub(kind byte, body ...byte) []byte { return wasmbin.AppendBytes([]byte{kind}, body) }

func TestDescribe(t *testing.T) {
	imports := append(wasmbin.AppendName(wasmbin.AppendU32(nil, 1), "env"), wasmbin.AppendName(nil, "maybe")...)
	_, d, err := describe(side(
		sub(subMemory, 100, 4, 3, 0),
		sub(subNeeded, append(wasmbin.AppendU32(nil, 1), wasmbin.AppendName(nil, "libc++.wasm")...)...),
		sub(subImports, append(imports, flagWeak)...),
		sub(99, 1, 2, 3), // of a later version
	))
	if err != nil {
		t.Fatal(err)
	}
	if d.memory != 100 || d.alignment != 16 || d.table != 3 || len(d.needed) != 1 || d.needed[0] != "libc++.wasm" {
		t.Errorf("%+v", d)
	}
	if !d.isWeak(wasmbin.Import{Module: gotFuncNS, Name: "maybe"}) || d.isWeak(wasmbin.Import{Module: envNS, Name: "other"}) {
		t.Errorf("weak: %v", d.weak)
	}
}

func TestDescribeRefuses(t *testing.T) {
	tls := append(wasmbin.AppendName(wasmbin.AppendU32(nil, 1), "counter"), wasmbin.AppendU32(nil, flagTLS)...)
	for want, module := range map[string][]byte{
		"no WebAssembly module":   []byte("MZ"),
		"no side module":          wasmbin.AppendHeader(nil),
		"thread-local data":       side(sub(subExports, tls...)),
		"an alignment of 2^30":    side(sub(subMemory, 0, 30, 0, 0)),
		"dylink.0 is damaged":     side(sub(subNeeded, 200)),
		"slots of the function":   side(sub(subMemory, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0)),
		"it is damaged":           append(side(sub(subMemory, 0, 0, 0, 0)), 1, 5, 0),
		"section dylink.0 is dam": side([]byte{subMemory, 50, 0}),
	} {
		if _, _, err := describe(module); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// FuzzDescribe: whatever a file holds, reading it ends, in an error or with sizes
// that are within bounds.
func FuzzDescribe(f *testing.F) {
	f.Add(side(sub(subMemory, 100, 4, 3, 0)))
	f.Add(side(sub(subNeeded, 1, 1, 'x'), sub(subImports, 1, 1, 'a', 1, 'b', 1)))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, module []byte) {
		m, d, err := describe(module)
		if err != nil {
			return
		}
		if d.memory > maxMemory || d.table > maxTable || d.alignment > 1<<maxAlignment || m.HasStart {
			t.Errorf("accepted: %+v", d)
		}
		if _, err := m.Elements(); err != nil {
			return
		}
	})
}
