package wasmbin

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
)

// structures returns a module with functions that read and write fields at an
// address, and static data.
func structures(t testing.TB) []byte {
	return build(t, func(b *Builder) {
		unary, binary := b.Type([]ValType{I32}, []ValType{I32}), b.Type([]ValType{I32, I32}, []ValType{I32})
		b.Memory(Limits{Min: 1})
		b.Export("memory", KindMemory, 0)
		// Two fields of a parameter that is never set: the first access checks for both.
		b.Export("fields", KindFunc, b.Func(unary, nil,
			0x20, 0, 0x28, 2, 4, //           load 4
			0x20, 0, 0x28, 2, 12, 0x6a)) //   + load 12
		// A store whose address lies below its value on the stack.
		b.Export("store", KindFunc, b.Func(binary, nil,
			0x20, 0, 0x20, 1, 0x36, 2, 0, //    store 0
			0x20, 0, 0x20, 1, 0x36, 2, 8, //    store 8
			0x20, 0, 0x28, 2, 8))
		// The second access is to another value of the same local.
		b.Export("follow", KindFunc, b.Func(unary, nil,
			0x20, 0, 0x28, 2, 0, 0x22, 0, //    local.tee 0 (load 0)
			0x28, 2, 4)) //                     load 4
		// A loop over a list: the local has another value in each pass.
		b.Export("sum", KindFunc, b.Func(unary, []ValType{I32},
			0x03, emptyBlock, //                                loop
			0x20, 1, 0x20, 0, 0x28, 2, 4, 0x6a, 0x21, 1, //       sum += load 4
			0x20, 0, 0x28, 2, 0, 0x22, 0, 0x0d, 0, //             br_if 0 (local.tee 0 (load 0))
			0x0b, 0x20, 1))
		// Static data, three times.
		b.Export("static", KindFunc, b.Func(unary, nil,
			0x41, 0, 0x28, 2, 16, 0x41, 0, 0x28, 2, 20, 0x6a,
			0x41, 0, 0x20, 0, 0x36, 2, 24,
			0x41, 0, 0x28, 2, 24, 0x6a))
		b.Data(AppendI32Const(nil, 16), []byte{1, 0, 0, 0, 2, 0, 0, 0})
	})
}

func TestWidenBounds(t *testing.T) {
	before := structures(t)
	after, stats, err := WidenBounds(before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(BoundsStats{Accesses: 13, Widened: 2, Fixed: 4}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	// The engines that interpret and that compile agree, with and without.
	var answers [][]uint64
	for _, module := range [][]byte{before, after} {
		for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfig()} {
			m, err := newRuntimeOf(t, config).Instantiate(context.Background(), module)
			if err != nil {
				t.Fatalf("the engine refuses the module: %v", err)
			}
			for i, v := range []uint32{116, 30, 0, 40} { // a list of two at 100 and 116
				m.Memory().WriteUint32Le(100+uint32(i)*4, v)
			}
			m.Memory().WriteUint32Le(116, 0)
			m.Memory().WriteUint32Le(120, 12)
			answers = append(answers, []uint64{
				call(t, m, "fields", 100)[0], call(t, m, "store", 200, 7)[0], call(t, m, "follow", 100)[0],
				call(t, m, "sum", 100)[0], call(t, m, "static", 5)[0],
			})
		}
	}
	for _, got := range answers {
		if diff := cmp.Diff([]uint64{70, 7, 12, 42, 8}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	}
}

// An access that only now reaches beyond the memory's end traps, before anything
// is written; that is why programs leave the end unused.
func TestWidenedBoundsReachFurther(t *testing.T) {
	module, _, err := WidenBounds(structures(t))
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, module)
	const end = 65536
	if _, err := m.ExportedFunction("store").Call(context.Background(), end-4, 7); err == nil || !strings.Contains(err.Error(), "out of bounds") {
		t.Errorf("error %v, want out of bounds", err)
	}
	if v, _ := m.Memory().ReadUint32Le(end - 4); v != 0 {
		t.Errorf("%d was written", v)
	}
	call(t, m, "store", end-MaxWidening, 7)
}

// Modules without code or memory stay as they are.
func TestWidenBoundsOfNothing(t *testing.T) {
	for name, module := range map[string][]byte{
		"empty":  AppendHeader(nil),
		"memory": build(t, func(b *Builder) { b.Memory(Limits{Min: 1}) }),
		"code":   build(t, func(b *Builder) { b.Func(b.Type(nil, nil), nil) }),
	} {
		out, stats, err := WidenBounds(module)
		if err != nil || stats != (BoundsStats{}) || string(out) != string(module) {
			t.Errorf("%s: %+v %v", name, stats, err)
		}
	}
}
