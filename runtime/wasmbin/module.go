package wasmbin

// ValType is a value type as the binary format encodes it; wazero's
// api.ValueType is the same.
type ValType = byte

// The value types.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
	ExnRef    ValType = 0x69
)

// Kind says what an import or export is.
type Kind byte

// What can be imported and exported.
const (
	KindFunc Kind = iota
	KindTable
	KindMemory
	KindGlobal
	KindTag
	kinds // how many there are
)

func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return [...]string{"function", "table", "memory", "global", "tag"}[k]
}

// FuncType is the type of a function.
type FuncType struct {
	Params, Results []ValType
}

// Limits are the sizes that a table (in elements) or a memory (in pages of
// 64 KiB) may have.
type Limits struct {
	Min, Max uint64
	HasMax   bool
	Shared   bool // between threads
	Is64     bool // addressed by an i64
}

// TableType is the type of a table.
type TableType struct {
	Element ValType
	Limits
}

// GlobalType is the type of a global.
type GlobalType struct {
	Type    ValType
	Mutable bool
}

// Import is an entry of the import section. Which of the last four fields has a
// meaning depends on the kind.
type Import struct {
	Module, Name string
	Kind         Kind

	Type   uint32 // index of the type of a function or tag
	Table  TableType
	Memory Limits
	Global GlobalType
}

// Global is a global that the module defines.
type Global struct {
	GlobalType
	// Value is what the global starts with if it is an i32 and its initialiser
	// a plain i32.const, which Constant tells.
	Value    uint32
	Constant bool

	entry  []byte // type, mutability and initialiser as they stand in the section
	offset int    // of entry in the module
}

// initialiser returns a reader of the initialiser.
func (g *Global) initialiser() *Reader { return NewReader(g.entry[2:], g.offset+2) }

// Export is an entry of the export section.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32 // in the index space of its kind, imports first

	entry []byte // as it stands in the section
}

// Module is a parsed module. It is not changed once [Parse] has returned it, and
// it shares the bytes of what was parsed.
//
// The code, element and data sections are only split off and counted. A function
// that looks into them may therefore still find an error in a parsed module.
type Module struct {
	Sections []Section

	Types     []FuncType
	Imports   []Import
	Functions []uint32 // the types of the functions defined, by index into Types
	Tables    []TableType
	Memories  []Limits
	Tags      []uint32 // like Functions
	Globals   []Global
	Exports   []Export

	Start        uint32 // index of the start function, if there is one
	HasStart     bool
	DataSegments uint32

	imported   [kinds]uint32
	exportedAs map[string]int // into Exports
}

// Imported returns how many things of a kind the module imports. They come
// first in the index space, so that it is also the index of the first one that
// the module defines itself.
func (m *Module) Imported(k Kind) uint32 {
	if k >= kinds {
		return 0
	}
	return m.imported[k]
}

// Count returns the size of the index space of a kind: imported and defined.
func (m *Module) Count(k Kind) uint32 {
	defined := 0
	switch k {
	case KindFunc:
		defined = len(m.Functions)
	case KindTable:
		defined = len(m.Tables)
	case KindMemory:
		defined = len(m.Memories)
	case KindGlobal:
		defined = len(m.Globals)
	case KindTag:
		defined = len(m.Tags)
	}
	return m.Imported(k) + uint32(defined)
}

// firstMemory returns the memory with index 0, imported or not.
func (m *Module) firstMemory() (Limits, bool) {
	for _, i := range m.Imports {
		if i.Kind == KindMemory {
			return i.Memory, true
		}
	}
	if len(m.Memories) == 0 {
		return Limits{}, false
	}
	return m.Memories[0], true
}

// Export returns the export of that name.
func (m *Module) Export(name string) (Export, bool) {
	i, ok := m.exportedAs[name]
	if !ok {
		return Export{}, false
	}
	return m.Exports[i], true
}

// ExportedFunc returns the index of the function exported under a name.
func (m *Module) ExportedFunc(name string) (index uint32, ok bool) {
	e, ok := m.Export(name)
	return e.Index, ok && e.Kind == KindFunc
}

// ExportedGlobalI32 returns what the i32 global exported under a name starts
// with, as far as the module itself says so. It is how a linker tells the
// address of an exported variable. A mutable global may have another value later.
func (m *Module) ExportedGlobalI32(name string) (value uint32, ok bool) {
	e, ok := m.Export(name)
	if !ok || e.Kind != KindGlobal || e.Index < m.imported[KindGlobal] {
		return 0, false
	}
	g := m.Globals[e.Index-m.imported[KindGlobal]]
	return g.Value, g.Constant
}

// FuncType returns the type of the function with that index.
func (m *Module) FuncType(index uint32) (FuncType, bool) {
	if n := m.imported[KindFunc]; index >= n {
		if index -= n; uint64(index) >= uint64(len(m.Functions)) {
			return FuncType{}, false
		}
		return m.Types[m.Functions[index]], true
	}
	for _, i := range m.Imports {
		if i.Kind != KindFunc {
			continue
		}
		if index == 0 {
			return m.Types[i.Type], true
		}
		index--
	}
	return FuncType{}, false
}
