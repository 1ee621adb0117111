package wasmbin

import (
	"strings"
	"testing"
)

func TestWithoutData(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.Memory(Limits{Min: 1, Max: 8, HasMax: true})
		b.Export("memory", KindMemory, 0)
		b.Export("load", KindFunc, b.Func(b.Type([]ValType{I32}, []ValType{I32}), nil, 0x20, 0, 0x2d, 0, 0))
		b.Data(AppendI32Const(nil, 16), []byte("data"))
		b.PassiveData([]byte("never used"))
		b.Custom("reloc.DATA", nil)
		b.Custom(nameSection, []byte{1, 4, 1, 0, 1, 'f', nameData, 4, 1, 0, 1, 'd'})
		b.Custom("note", []byte("stays"))
	})
	if got := call(t, instantiate(t, module), "load", 16)[0]; got != 'd' {
		t.Fatalf("the byte is %d before", got)
	}
	out, err := WithoutData(module, 5)
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, out)
	if got := m.Memory().Size(); got != 5<<16 {
		t.Errorf("memory of %d bytes, want 5 pages", got)
	}
	if got := call(t, m, "load", 16)[0]; got != 0 {
		t.Errorf("the byte is %d, want 0", got)
	}
	parsed := mustParse(t, out)
	if limit := parsed.Memories[0].Max; limit != 8 {
		t.Errorf("at most %d pages, want 8", limit)
	}
	var customs []string
	for _, s := range parsed.Sections {
		switch s.ID {
		case SectionData, SectionDataCount:
			t.Errorf("the %v is still there", s.ID)
		case SectionCustom:
			customs = append(customs, s.Name+":"+string(s.Body))
		}
	}
	if got := strings.Join(customs, " "); got != "name:\x01\x04\x01\x00\x01f note:stays" {
		t.Errorf("custom sections %q", got)
	}
}

// TestWithoutDataInUse has code that refers to both kinds of segments.
func TestWithoutDataInUse(t *testing.T) {
	module := build(t, func(b *Builder) {
		none := b.Type(nil, nil)
		b.Memory(Limits{Min: 1})
		b.Export("memory", KindMemory, 0)
		for name, segment := range map[string]byte{"active": 0, "passive": 1} {
			b.Export(name, KindFunc, b.Func(b.Type([]ValType{I32}, nil), nil,
				0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 8, segment, 0)) // that many bytes to address 0
		}
		b.Export("drop", KindFunc, b.Func(none, nil, 0xfc, 9, 1))
		b.Data(AppendI32Const(nil, 16), []byte("data"))
		b.PassiveData([]byte("more"))
	})
	out, err := WithoutData(module, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, out)
	if b, _ := m.Memory().ReadByte(16); b != 0 {
		t.Errorf("data was written: %q", b)
	}
	for _, name := range []string{"active", "passive"} {
		call(t, m, name, 0)
		if _, err := m.ExportedFunction(name).Call(t.Context(), 1); err == nil {
			t.Errorf("the %s segment is not empty", name)
		}
	}
	call(t, m, "drop")
}

func TestWithoutDataImportedMemory(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.ImportMemory("env", "memory", Limits{Min: 2})
		b.Data(AppendI32Const(nil, 0), []byte("data"))
	})
	out, err := WithoutData(module, 100)
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, out)
	if m.DataSegments != 0 || m.Imports[0].Memory != (Limits{Min: 2}) || len(m.Memories) != 0 {
		t.Errorf("%d segments, import %v, %d memories", m.DataSegments, m.Imports[0].Memory, len(m.Memories))
	}
}

func TestWithoutDataRefuses(t *testing.T) {
	limited := build(t, func(b *Builder) { b.Memory(Limits{Min: 1, Max: 4, HasMax: true}) })
	if _, err := WithoutData(limited, 5); err == nil || !strings.Contains(err.Error(), "the module allows 4") {
		t.Errorf("more than the maximum: error %v", err)
	}
	unlimited := build(t, func(b *Builder) { b.Memory(Limits{Min: 1}) })
	if _, err := WithoutData(unlimited, maxPages+1); err == nil || !strings.Contains(err.Error(), "at most 65536") {
		t.Errorf("more than 4 GiB: error %v", err)
	}
	if _, err := WithoutData(unlimited, maxPages); err != nil {
		t.Errorf("4 GiB: %v", err)
	}
	broken := build(t, func(b *Builder) {
		b.Func(b.Type(nil, nil), nil, 0x27)
		b.PassiveData(nil)
	})
	_, err := WithoutData(broken, 1)
	wantSyntaxError(t, err, len(broken))
}

// TestExtendData: active segments are written by a function, and not before.
func TestExtendData(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.Memory(Limits{Min: 1})
		b.Export("memory", KindMemory, 0)
		b.Export("again", KindFunc, b.Func(b.Type(nil, nil), nil,
			0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 8, 0, 0)) // one byte of segment 0
		b.Data(AppendI32Const(nil, 16), []byte("data"))
		b.PassiveData([]byte("never"))
		b.Data(AppendI32Const(nil, 18), []byte("more"))
	})
	out, err := Extend(module, Extension{Data: "write"})
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, out)
	if b, _ := m.Memory().Read(16, 6); string(b) != "\x00\x00\x00\x00\x00\x00" {
		t.Errorf("memory begins with %q", b)
	}
	call(t, m, "write")
	if b, _ := m.Memory().Read(16, 6); string(b) != "damore" {
		t.Errorf("%q was written, want the segments in their order", b)
	}
	if _, err := m.ExportedFunction("again").Call(t.Context()); err == nil {
		t.Error("a segment can be used after it was written")
	}

	none, err := Extend(build(t, func(b *Builder) { b.Memory(Limits{Min: 1}) }), Extension{Data: "write"})
	if err != nil {
		t.Fatal(err)
	}
	call(t, instantiate(t, none), "write")
}
