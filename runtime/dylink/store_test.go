package dylink

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pymode-tui/runtime/wasmbin"
)

// TestPreparation knows what is made of a side module. Whoever changes that raises
// the version, so that what was kept before is not used.
func TestPreparation(t *testing.T) {
	const version, want = "2", "ec204496039d84b3"
	var b wasmbin.Builder
	b.ImportMemory(envNS, "memory", wasmbin.Limits{Min: 1})
	b.ImportTable(envNS, tableExport, wasmbin.TableType{Element: wasmbin.FuncRef})
	i32 := wasmbin.GlobalType{Type: wasmbin.I32}
	b.ImportGlobal(envNS, "__memory_base", i32)
	b.ImportGlobal(envNS, "__table_base", i32)
	none := b.Type(nil, nil)
	loop := b.Func(none, nil, 0x03, 0x40, 0x0c, 0, 0x0b)                                 // without an end
	again := b.Func(none, nil, 0x10, byte(loop+1))                                       // calls itself
	fill := b.Func(none, nil, 0x41, 0, 0x41, 0, 0x41, 8, 0xfc, 11, 0, 0x10, byte(again)) // memory.fill, and a call
	b.Export("loop", wasmbin.KindFunc, loop)
	b.Export("fill", wasmbin.KindFunc, fill)
	for range 3 {
		b.Global(wasmbin.GlobalType{Type: wasmbin.I32, Mutable: true}, wasmbin.AppendI32Const(nil, 0))
	}
	b.Data(offsetFrom(0, 4), []byte("data"))
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := append(side(sub(subMemory, 8, 0, 0, 0)), module[len(wasmbin.AppendHeader(nil)):]...)
	s := &Libraries{fuel: 1000}
	for range 5 {
		_, prepared, err := s.prepare(file, &Program{yieldSlot: 5})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(prepared)
		if got := hex.EncodeToString(sum[:8]); got != want || preparation != version {
			t.Fatalf("preparation %s makes %s, and the test knows of %s, which makes %s: raise it, and say so here", preparation, got, version, want)
		}
	}
}
