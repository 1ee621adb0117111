package dylink

import (
	"fmt"
	"slices"

	"pymode-tui/runtime/wasmbin"
)

// Program is python.wasm as side modules see it: what it exports, and where its
// functions stand in the table. It never changes.
type Program struct {
	funcs   map[string]programFunc
	data    map[string]uint32 // addresses of variables
	globals map[string]wasmbin.GlobalType
	slots   map[uint32]uint32 // of functions in the table, by index
	table   uint32            // its size before anything is linked

	memoryLimits wasmbin.Limits
	tableType    wasmbin.TableType

	yield     string // what running code calls now and then
	yieldSlot uint32
}

type programFunc struct {
	index uint32
	typ   wasmbin.FuncType
}

// The exports that all linking needs.
const (
	memoryExport = "memory"
	tableExport  = "__indirect_function_table"
	stackExport  = "__stack_pointer"
)

// ReadProgram reads python.wasm. Yield is its export that running code calls now
// and then, a function without parameters.
func ReadProgram(module []byte, yield string) (*Program, error) {
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, err
	}
	p := &Program{
		funcs: map[string]programFunc{}, data: map[string]uint32{}, globals: map[string]wasmbin.GlobalType{},
		slots: map[uint32]uint32{}, yield: yield,
	}
	for _, e := range m.Exports {
		switch e.Kind {
		case wasmbin.KindFunc:
			t, _ := m.FuncType(e.Index)
			p.funcs[e.Name] = programFunc{e.Index, t}
		case wasmbin.KindGlobal:
			if value, ok := m.ExportedGlobalI32(e.Name); ok {
				p.data[e.Name] = value
			}
			if at := e.Index - m.Imported(wasmbin.KindGlobal); int(at) < len(m.Globals) {
				p.globals[e.Name] = m.Globals[at].GlobalType
			}
		}
	}
	if len(m.Tables) != 1 || len(m.Memories) != 1 {
		return nil, fmt.Errorf("the interpreter has %d tables and %d memories, want one of each", len(m.Tables), len(m.Memories))
	}
	p.table, p.tableType, p.memoryLimits = uint32(m.Tables[0].Min), m.Tables[0], m.Memories[0]
	elements, err := m.Elements()
	if err != nil {
		return nil, err
	}
	for _, e := range elements {
		if _, twice := p.slots[e.Function]; !twice && !e.HasGlobal {
			p.slots[e.Function] = e.Offset
		}
	}
	for _, name := range []string{memoryExport, tableExport, stackExport} {
		if _, ok := m.Export(name); !ok {
			return nil, fmt.Errorf("the interpreter does not export %s", name)
		}
	}
	y, ok := p.funcs[yield]
	if !ok || len(y.typ.Params)+len(y.typ.Results) > 0 {
		return nil, fmt.Errorf("the interpreter exports no function %s without parameters", yield)
	}
	if p.yieldSlot, ok = p.slots[y.index]; !ok {
		p.yieldSlot = p.table // the first that is added
	}
	return p, nil
}

// slot is where an exported function stands in the table already.
func (p *Program) slot(name string) (uint32, bool) {
	f, ok := p.funcs[name]
	if !ok {
		return 0, false
	}
	slot, ok := p.slots[f.index]
	return slot, ok
}

func sameType(a, b wasmbin.FuncType) bool {
	return slices.Equal(a.Params, b.Params) && slices.Equal(a.Results, b.Results)
}

// signature shows a type as people write it: "(i32, i64) → i32".
func signature(t wasmbin.FuncType) string {
	list := func(types []wasmbin.ValType) string {
		s := ""
		for i, v := range types {
			if i > 0 {
				s += ", "
			}
			name, ok := map[wasmbin.ValType]string{wasmbin.I32: "i32", wasmbin.I64: "i64", wasmbin.F32: "f32", wasmbin.F64: "f64", wasmbin.V128: "v128"}[v]
			if !ok {
				name = "reference"
			}
			s += name
		}
		return s
	}
	return "(" + list(t.Params) + ") → (" + list(t.Results) + ")"
}
