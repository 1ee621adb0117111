package wasmbin

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// rich returns a valid module with something of everything.
func rich(t testing.TB) []byte {
	return build(t, func(b *Builder) {
		none, pair := b.Type(nil, nil), b.Type([]ValType{I32, I64}, []ValType{F64})
		b.ImportFunc("env", "yield", none)
		b.ImportGlobal("env", "base", GlobalType{Type: I32})
		b.ImportTable("env", "table", TableType{Element: FuncRef, Limits: Limits{Min: 2}})
		yield := b.Func(none, nil, byte(opCall), 0)
		two := b.Func(pair, []ValType{F32}, byte(opLoop), emptyBlock, byte(opEnd), 0x00)
		b.Table(TableType{Element: ExternRef, Limits: Limits{Min: 1, Max: 3, HasMax: true}})
		b.Memory(Limits{Min: 1, Max: 16, HasMax: true})
		b.Entry(SectionTag, 0, byte(none))
		address := b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 0xfffffff0))
		b.Global(GlobalType{Type: I64, Mutable: true}, []byte{0x42, 5, 0x0b})
		b.Global(GlobalType{Type: I32}, []byte{0x23, 0, 0x41, 4, 0x6a, 0x0b}) // base + 4
		b.Export("pm_yield", KindFunc, yield)
		b.Export("two", KindFunc, two)
		b.Export("address", KindGlobal, address)
		b.Export("wide", KindGlobal, address+1)
		b.Export("relative", KindGlobal, address+2)
		b.Export("base", KindGlobal, 0)
		b.Export("memory", KindMemory, 0)
		b.Start(yield)
		b.Elements(AppendI32Const(nil, 0), yield)
		b.Data(AppendI32Const(nil, 8), []byte("data"))
		b.PassiveData([]byte("passive"))
		b.Custom("note", []byte("hello"))
	})
}

func TestParse(t *testing.T) {
	module := rich(t)
	m := mustParse(t, module)
	want := &Module{
		Types: []FuncType{{}, {Params: []ValType{I32, I64}, Results: []ValType{F64}}},
		Imports: []Import{
			{Module: "env", Name: "yield", Kind: KindFunc},
			{Module: "env", Name: "base", Kind: KindGlobal, Global: GlobalType{Type: I32}},
			{Module: "env", Name: "table", Kind: KindTable, Table: TableType{Element: FuncRef, Limits: Limits{Min: 2}}},
		},
		Functions: []uint32{0, 1},
		Tables:    []TableType{{Element: ExternRef, Limits: Limits{Min: 1, Max: 3, HasMax: true}}},
		Memories:  []Limits{{Min: 1, Max: 16, HasMax: true}},
		Tags:      []uint32{0},
		Globals: []Global{
			{GlobalType: GlobalType{Type: I32}, Value: 0xfffffff0, Constant: true},
			{GlobalType: GlobalType{Type: I64, Mutable: true}},
			{GlobalType: GlobalType{Type: I32}},
		},
		Exports: []Export{
			{Name: "pm_yield", Kind: KindFunc, Index: 1},
			{Name: "two", Kind: KindFunc, Index: 2},
			{Name: "address", Kind: KindGlobal, Index: 1},
			{Name: "wide", Kind: KindGlobal, Index: 2},
			{Name: "relative", Kind: KindGlobal, Index: 3},
			{Name: "base", Kind: KindGlobal, Index: 0},
			{Name: "memory", Kind: KindMemory, Index: 0},
		},
		Start:        1,
		HasStart:     true,
		DataSegments: 2,
	}
	if diff := cmp.Diff(want, m, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Module{}, "Sections"),
		cmpopts.IgnoreUnexported(Module{}, Global{}, Export{})); diff != "" {
		t.Errorf("parsed module (-want +got):\n%s", diff)
	}

	var ids []SectionID
	for _, s := range m.Sections {
		ids = append(ids, s.ID)
		if got := string(module[s.Offset : s.Offset+len(s.Body)]); got != string(s.Body) {
			t.Errorf("%v: the body is not what stands at its offset", s.ID)
		}
	}
	if want := []SectionID{1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11, 0}; !slices.Equal(ids, want) {
		t.Errorf("sections %d, want %d", ids, want)
	}
	if s, ok := m.Custom("note"); !ok || string(s.Body) != "hello" {
		t.Errorf("custom section %q, %t", s.Body, ok)
	}
	if same, err := m.rewrite(changes{}); err != nil || string(same) != string(module) {
		t.Errorf("rewriting without changes changes something (%v)", err)
	}
}

func TestModuleLookups(t *testing.T) {
	m := mustParse(t, rich(t))
	for name, want := range map[string]uint32{"pm_yield": 1, "two": 2} {
		if index, ok := m.ExportedFunc(name); index != want || !ok {
			t.Errorf("function %s is %d, %t, want %d", name, index, ok, want)
		}
	}
	for _, name := range []string{"address", "none", ""} {
		if _, ok := m.ExportedFunc(name); ok {
			t.Errorf("%q is a function", name)
		}
	}
	if v, ok := m.ExportedGlobalI32("address"); v != 0xfffffff0 || !ok {
		t.Errorf("address is %#x, %t", v, ok)
	}
	for _, name := range []string{"wide", "relative", "base", "two", "none"} {
		if v, ok := m.ExportedGlobalI32(name); ok {
			t.Errorf("%q is a constant i32: %d", name, v)
		}
	}
	for index, want := range []int{0, 0, 2} {
		if f, ok := m.FuncType(uint32(index)); len(f.Params) != want || !ok {
			t.Errorf("function %d has %d parameters, %t, want %d", index, len(f.Params), ok, want)
		}
	}
	if _, ok := m.FuncType(3); ok {
		t.Error("there is a function 3")
	}
	if n := m.Count(KindGlobal); n != 4 {
		t.Errorf("%d globals, want 4", n)
	}
	if n := m.Count(Kind(9)); n != 0 {
		t.Errorf("%d things of an unknown kind", n)
	}
}

func TestParseRefuses(t *testing.T) {
	section := func(id SectionID, body string) string {
		return string(AppendSection(nil, id, []byte(body)))
	}
	types := section(SectionType, "\x01\x60\x00\x00")
	tests := []struct {
		name, in, problem string
	}{
		{"nothing", "", "not a WebAssembly module"},
		{"header cut off", header[:7], "not a WebAssembly module"},
		{"component", "\x00asm\x0d\x00\x01\x00", "not a WebAssembly module"},
		{"section beyond the end", header + "\x01\x05\x00", "5 bytes wanted, 1 left"},
		{"unknown section", header + section(14, ""), "unknown"},
		{"section twice", header + types + types, "type section after the type section"},
		{"wrong order", header + section(SectionImport, "\x00") + types, "type section after the import section"},
		{"data count behind the code", header + section(SectionCode, "\x00") + section(SectionDataCount, "\x00"), "data count section after"},
		{"bytes behind the last type", header + section(SectionType, "\x00\x00"), "1 bytes too many"},
		{"count of types that can't be", header + section(SectionType, "\xff\xff\xff\xff\x0f"), "4294967295 items"},
		{"struct type", header + section(SectionType, "\x01\x5f\x00\x00"), "0x5f is not supported"},
		{"value type", header + section(SectionType, "\x01\x60\x01\x63\x00"), "value type 0x63"},
		{"function of no type", header + section(SectionFunction, "\x01\x00"), "no type 0"},
		{"code missing", header + types + section(SectionFunction, "\x01\x00"), "1 functions declared, 0"},
		{"code too much", header + section(SectionCode, "\x01\x02\x00\x0b"), "0 functions declared, 1"},
		{"kind of import", header + section(SectionImport, "\x01\x00\x00\x05\x00"), "kind of import"},
		{"kind of export", header + section(SectionExport, "\x01\x00\x05\x00"), "kind of export"},
		{"export of nothing", header + section(SectionExport, "\x01\x00\x00\x00"), "no function 0"},
		{"export twice", header + section(SectionMemory, "\x01\x00\x00") + section(SectionExport, "\x02\x01a\x02\x00\x01a\x02\x00"), "two exports"},
		{"start of nothing", header + section(SectionStart, "\x00"), "no function 0"},
		{"limits", header + section(SectionMemory, "\x01\x08\x00"), "limits of form 0x8"},
		{"limits the wrong way round", header + section(SectionMemory, "\x01\x01\x02\x01"), "limits from 2 to 1"},
		{"mutability", header + section(SectionGlobal, "\x01\x7f\x02\x41\x00\x0b"), "mutability"},
		{"initialiser that calls", header + section(SectionGlobal, "\x01\x7f\x00\x10\x00\x0b"), "constant expression"},
		{"initialiser without end", header + section(SectionGlobal, "\x01\x7f\x00\x41\x00"), "unexpected end"},
		{"tag", header + types + section(SectionTag, "\x01\x01\x00"), "attribute"},
		{"data count", header + section(SectionDataCount, "\x01") + section(SectionData, "\x00"), "1 data segments declared, 0"},
		{"custom section without a name", header + section(SectionCustom, ""), "unexpected end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.in))
			wantSyntaxError(t, err, len(test.in))
			if !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %q, want %q in it", err, test.problem)
			}
		})
	}
}

// TestCutOff cuts a module short everywhere: no function may panic, and the only
// places where nothing is missing are the ends of sections.
func TestCutOff(t *testing.T) {
	module := rich(t)
	for n := range module {
		if m, err := Parse(module[:n:n]); err != nil {
			wantSyntaxError(t, err, n)
		} else if last := m.Sections; len(last) > 0 && last[len(last)-1].Offset+len(last[len(last)-1].Body) != n {
			t.Errorf("cut at %d, within a section, and still parsed", n)
		}
	}
}

func TestBuilderRefusesLateImport(t *testing.T) {
	var b Builder
	b.Global(GlobalType{Type: I32}, AppendI32Const(nil, 0))
	b.ImportFunc("env", "f", b.Type(nil, nil))
	if _, err := b.Bytes(); err != nil {
		t.Errorf("importing a function after defining a global: %v", err)
	}
	b.ImportGlobal("env", "g", GlobalType{Type: I32})
	if _, err := b.Bytes(); err == nil || !strings.Contains(err.Error(), "env.g") {
		t.Errorf("importing a global after defining one: error %v", err)
	}
}
