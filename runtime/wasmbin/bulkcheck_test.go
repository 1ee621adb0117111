package wasmbin

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// bulk returns a module that copies and fills by instructions of their own, with
// the length as the parameter.
func bulk(t testing.TB) []byte {
	return build(t, func(b *Builder) {
		none, unary := b.Type(nil, nil), b.Type([]ValType{I32}, nil)
		host := b.ImportFunc("env", "yield", none)
		b.Memory(Limits{Min: 4})
		b.Export("memory", KindMemory, 0)
		b.Export("pm_yield", KindFunc, b.Func(none, nil, 0x10, byte(host)))
		b.Export("copy", KindFunc, b.Func(unary, []ValType{I64}, // memory.copy to 65536 from 0
			0x41, 0x80, 0x80, 0x04, 0x41, 0, 0x20, 0, 0xfc, 10, 0, 0))
		b.Export("fill", KindFunc, b.Func(unary, nil, // memory.fill at 0 with 7
			0x41, 0, 0x41, 7, 0x20, 0, 0xfc, 11, 0))
		b.Export("once", KindFunc, b.Func(none, nil, 0x03, emptyBlock, 0x0b))
	})
}

func TestBulkInstructionsCount(t *testing.T) {
	const fuel = 1000
	module, _, err := AddLoopChecks(bulk(t), loopOptions(fuel))
	if err != nil {
		t.Fatal(err)
	}
	module, stats, err := AddBulkChecks(module, "pm_fuel", "")
	if err != nil {
		t.Fatal(err)
	}
	if stats.Changed != 2 {
		t.Errorf("%d instructions changed, want 2", stats.Changed)
	}
	yields := 0
	var counter api.MutableGlobal
	m := host(t, module, func(context.Context, api.Module) {
		yields++
		counter.Set(fuel)
	})
	counter = m.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	for _, step := range []struct {
		function     string
		arg          []uint64
		left, yields int
	}{
		{"fill", []uint64{3200}, 900, 0},
		{"copy", []uint64{320}, 890, 0},
		{"copy", []uint64{31}, 890, 0}, // too short to count
		{"copy", []uint64{65536}, 1, 0},
		{"fill", []uint64{3200}, 1, 0}, // does not pass zero
		{"once", nil, fuel - 1, 1},     // what has yielded counts once more
	} {
		call(t, m, step.function, step.arg...)
		if left := int(counter.Get()); left != step.left || yields != step.yields {
			t.Fatalf("after %s(%d): %d left, %d yields; want %d and %d", step.function, step.arg, left, yields, step.left, step.yields)
		}
	}
	if b, _ := m.Memory().Read(65536+3199, 2); b[0] != 7 || b[1] != 0 {
		t.Errorf("copied %v, want [7 0]", b)
	}
}

func TestBulkInstructionsYield(t *testing.T) {
	const fuel = 1000
	module, _, err := AddLoopChecks(bulk(t), loopOptions(fuel))
	if err != nil {
		t.Fatal(err)
	}
	if module, _, err = AddBulkChecks(module, "pm_fuel", "pm_yield"); err != nil {
		t.Fatal(err)
	}
	yields := 0
	var counter api.MutableGlobal
	m := host(t, module, func(context.Context, api.Module) {
		yields++
		counter.Set(fuel)
	})
	counter = m.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	for range 5 {
		call(t, m, "copy", 65536)
	}
	if yields != 5 || counter.Get() != fuel {
		t.Errorf("%d yields, %d left; want 5, %d", yields, counter.Get(), fuel)
	}
	if _, _, err := AddBulkChecks(module, "pm_fuel", "nobody"); !errors.Is(err, ErrNoExport) {
		t.Errorf("error %v, want %v", err, ErrNoExport)
	}
}

func TestBulkChecksNeedTheCounter(t *testing.T) {
	if _, _, err := AddBulkChecks(bulk(t), "pm_fuel", ""); !errors.Is(err, ErrNoExport) {
		t.Errorf("error %v, want %v", err, ErrNoExport)
	}
	none := build(t, func(b *Builder) {
		b.Export("g", KindGlobal, b.Global(GlobalType{Type: I32, Mutable: true}, []byte{0x41, 0, 0x0b}))
	})
	if out, stats, err := AddBulkChecks(none, "g", ""); err != nil || stats.Changed != 0 || string(out) != string(none) {
		t.Errorf("a module without code: %d changed, %v", stats.Changed, err)
	}
}
