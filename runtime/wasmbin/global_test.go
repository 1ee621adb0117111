package wasmbin

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDropConstGlobals(t *testing.T) {
	constant, mutable := GlobalType{Type: I32}, GlobalType{Type: I32, Mutable: true}
	globalNames := map[uint32]string{0: "imported", 1: "dead", 2: "one", 130: "counter", 131: "dead too"}
	module := build(t, func(b *Builder) {
		get := b.Type(nil, []ValType{I32})
		b.ImportGlobal("env", "imported", constant)
		b.Global(constant, AppendI32Const(nil, 100)) // dead
		one := b.Global(constant, AppendI32Const(nil, 1))
		b.Global(constant, AppendI32Const(nil, 40))                     // dead
		sum := b.Global(constant, []byte{0x23, 0, 0x41, 2, 0x6a, 0x0b}) // imported + 2
		// Dead, although one mentions another; they make the indices behind them two bytes long.
		first := b.Global(constant, AppendI32Const(nil, 0))
		for range 124 {
			b.Global(constant, append(AppendU32([]byte{0x23}, first), 0x0b))
		}
		counter := b.Global(mutable, AppendI32Const(nil, 7))
		if counter != 130 {
			t.Fatalf("the counter is global %d", counter)
		}
		b.Global(constant, AppendI32Const(nil, 0)) // dead too
		last := b.Global(constant, AppendI32Const(nil, 13))

		count := AppendU32(append(AppendU32([]byte{byte(opGlobalGet)}, counter), 0x41, 1, 0x6a, byte(opGlobalSet)), counter)
		b.Export("count", KindFunc, b.Func(get, nil, AppendU32(append(count, byte(opGlobalGet)), counter)...))
		b.Export("last", KindFunc, b.Func(get, nil, AppendU32([]byte{byte(opGlobalGet)}, last)...))
		b.Export("sum", KindGlobal, sum)
		b.Export("imported", KindGlobal, 0)
		b.Export("one", KindFunc, b.Func(get, nil, byte(opGlobalGet), byte(one)))
		b.Custom(nameSection, names(nameGlobals, globalNames))
		b.Custom("linking", nil)
	})
	out, err := DropConstGlobals(module)
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, out)
	if got := len(m.Globals); got != 4 {
		t.Errorf("%d globals are left, want one, sum, counter, last", got)
	}
	before, _ := mustParse(t, module).section(SectionCode)
	if after, _ := m.section(SectionCode); len(after.Body) != len(before.Body) {
		t.Errorf("the code became %d bytes of %d", len(after.Body), len(before.Body))
	}
	wantNames := names(nameGlobals, map[uint32]string{0: "imported", 1: "one", 3: "counter"})
	if s, ok := m.Custom(nameSection); !ok || !cmp.Equal(s.Body, wantNames) {
		t.Errorf("name section %q, want %q", s.Body, wantNames)
	}
	if _, ok := m.Custom("linking"); ok {
		t.Error("relocations are still there")
	}

	r := newRuntime(t)
	env := build(t, func(b *Builder) { b.Export("imported", KindGlobal, b.Global(constant, AppendI32Const(nil, 5))) })
	if _, err := r.InstantiateWithConfig(t.Context(), env, configOf("env")); err != nil {
		t.Fatal(err)
	}
	i, err := r.Instantiate(t.Context(), out)
	if err != nil {
		t.Fatalf("the engine refuses the module: %v", err)
	}
	got := []uint64{
		call(t, i, "count")[0], call(t, i, "count")[0], call(t, i, "last")[0],
		call(t, i, "one")[0], i.ExportedGlobal("sum").Get(), i.ExportedGlobal("imported").Get(),
	}
	if want := []uint64{8, 9, 13, 1, 7, 5}; !slices.Equal(got, want) {
		t.Errorf("count, count, last, one, sum, imported are %d, want %d", got, want)
	}
}

// TestDropConstGlobalsInSegments has every form of segment mention globals that
// move. The engine is not asked: wazero knows only imported globals in segments.
func TestDropConstGlobalsInSegments(t *testing.T) {
	const offset = "\x23\x01\x0b"
	moved := strings.NewReplacer("\x23\x01\x0b", "\x23\x00\x0b", "\x23\x02\x0b", "\x23\x01\x0b")
	elements := []string{
		"\x00" + offset + "\x01\x00",
		"\x01\x00\x01\x00",
		"\x02\x00" + offset + "\x00\x01\x00",
		"\x03\x00\x01\x00",
		"\x04" + offset + "\x01\xd2\x00\x0b",
		"\x05\x70\x02\x23\x02\x0b\xd0\x70\x0b",
		"\x06\x00" + offset + "\x70\x01\x23\x02\x0b",
		"\x07\x70\x01\x23\x02\x0b",
	}
	data := []string{"\x00" + offset + "\x00", "\x01\x00", "\x02\x00" + offset + "\x01y"}
	module := build(t, func(b *Builder) {
		b.Func(b.Type(nil, nil), nil)
		b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 9)) // dead
		b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 2))
		b.Global(GlobalType{Type: FuncRef}, []byte{0xd2, 0, 0x0b})
		b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 4}})
		b.Memory(Limits{Min: 1})
		for _, segment := range elements {
			b.Entry(SectionElement, []byte(segment)...)
		}
		for _, segment := range data {
			b.Entry(SectionData, []byte(segment)...)
		}
	})
	out, err := DropConstGlobals(module)
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, out)
	if n := len(m.Globals); n != 2 {
		t.Errorf("%d globals are left, want 2", n)
	}
	for id, segments := range map[SectionID][]string{SectionElement: elements, SectionData: data} {
		s, _ := m.section(id)
		if got, want := string(s.Body[1:]), moved.Replace(strings.Join(segments, "")); got != want {
			t.Errorf("%v: % x\nwant % x", id, got, want)
		}
	}
}

// TestDropConstGlobalsInInitialisers has a global that is needed only by another,
// and one that is needed only by that.
func TestDropConstGlobalsInInitialisers(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 1)) // dead
		b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 40))
		b.Global(GlobalType{Type: I32}, []byte{0x23, 1, 0x0b})
		b.Global(GlobalType{Type: I32}, []byte{0x23, 1, 0x0b}) // dead
		b.Export("sum", KindGlobal, b.Global(GlobalType{Type: I32}, []byte{0x23, 2, 0x23, 1, 0x6a, 0x0b}))
	})
	out, err := DropConstGlobals(module)
	if err != nil {
		t.Fatal(err)
	}
	want := build(t, func(b *Builder) {
		b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 40))
		b.Global(GlobalType{Type: I32}, []byte{0x23, 0, 0x0b})
		b.Export("sum", KindGlobal, b.Global(GlobalType{Type: I32}, []byte{0x23, 1, 0x23, 0, 0x6a, 0x0b}))
	})
	if !bytes.Equal(out, want) {
		t.Errorf("got  % x\nwant % x", out, want)
	}
}

func TestDropConstGlobalsRefuses(t *testing.T) {
	withGlobal := func(add func(*Builder)) []byte {
		return build(t, func(b *Builder) {
			b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 0))
			b.Memory(Limits{})
			b.Table(TableType{Element: FuncRef})
			add(b)
		})
	}
	for name, module := range map[string][]byte{
		"code":                        withGlobal(func(b *Builder) { b.Func(b.Type(nil, nil), nil, byte(opGlobalGet), 1, 0x1a) }),
		"data":                        withGlobal(func(b *Builder) { b.Data([]byte{0x23, 1, 0x0b}, nil) }),
		"elements":                    withGlobal(func(b *Builder) { b.Elements([]byte{0x23, 1, 0x0b}) }),
		"form of elements":            withGlobal(func(b *Builder) { b.Entry(SectionElement, 8, 0, 0) }),
		"form of data":                withGlobal(func(b *Builder) { b.Entry(SectionData, 3, 0, 0) }),
		"offset that is not constant": withGlobal(func(b *Builder) { b.Data([]byte{0x20, 0, 0x0b}, nil) }),
		"itself": withGlobal(func(b *Builder) {
			b.Global(GlobalType{Type: I32, Mutable: true}, []byte{0x23, 1, 0x0b})
		}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DropConstGlobals(module)
			wantSyntaxError(t, err, len(module))
		})
	}
}
