package dylink

import (
	"fmt"
	"strconv"

	"pymode-tui/runtime/wasmbin"
)

// linkage is the module that the linker writes for one side module. It imports
// what that needs from where it is, and exports it under the numbers of the side
// module's imports; it also grows the table, and gives slots to functions that
// have none.
type linkage struct {
	program *Program
	lib     *library
	loaded  []*loaded // what was loaded before, by number
	state   *state

	b         wasmbin.Builder
	memBase   uint32
	tableBase uint32

	functions map[string]uint32 // imported functions, by namespace and name
	exports   []func()          // after all imports
	globals   []func()
	newSlots  []newSlot
	missing   map[string]string
}

// state is how far an instance's table has grown, and whose slots are in it.
type state struct {
	table uint32            // its size
	slots map[string]uint32 // of functions that the linker gave one, by namespace and name
}

func (s state) clone() state {
	slots := make(map[string]uint32, len(s.slots))
	for k, v := range s.slots {
		slots[k] = v
	}
	return state{s.table, slots}
}

// newSlot is a function that the linkage puts into the table.
type newSlot struct {
	function uint32 // index in the linkage
	slot     uint32
	typ      wasmbin.FuncType
}

// mainNS is the interpreter; side modules are "s0", "s1", …
const mainNS = "main"

func sideNS(number int) string { return "s" + strconv.Itoa(number) }

// source is where a symbol is.
type source struct {
	ns    string
	index uint32 // of the function where it is
	typ   wasmbin.FuncType
	side  *loaded // nil for the interpreter
}

// findFunc looks for a function: in the interpreter, then in what was loaded, in
// that order.
func (l *linkage) findFunc(name string) (source, bool) {
	if f, ok := l.program.funcs[name]; ok {
		return source{ns: mainNS, index: f.index, typ: f.typ}, true
	}
	for i, side := range l.loaded {
		if index, ok := side.lib.funcs[name]; ok {
			t, _ := side.lib.module.FuncType(index)
			return source{ns: sideNS(i), index: index, typ: t, side: side}, true
		}
	}
	return source{}, false
}

func (l *linkage) findData(name string) (address uint32, ok bool) {
	if offset, ok := l.lib.data[name]; ok { // its own before all others'
		return l.memBase + offset, true
	}
	if address, ok = l.program.data[name]; ok {
		return address, true
	}
	for _, side := range l.loaded {
		if offset, ok := side.lib.data[name]; ok {
			return side.memBase + offset, true
		}
	}
	return 0, false
}

// importFunc imports a function into the linkage, once.
func (l *linkage) importFunc(ns, name string, t wasmbin.FuncType) uint32 {
	key := ns + "\x00" + name
	if index, ok := l.functions[key]; ok {
		return index
	}
	index := l.b.ImportFunc(ns, name, l.b.Type(t.Params, t.Results))
	l.functions[key] = index
	return index
}

// bind resolves all imports of the side module. What is found out here changes
// nothing yet.
func (l *linkage) bind() error {
	stubs := map[int]wasmbin.FuncType{} // weak functions that nobody has
	l.b.ImportMemory(mainNS, memoryExport, wasmbin.Limits{})
	l.b.ImportTable(mainNS, tableExport, wasmbin.TableType{Element: wasmbin.FuncRef})
	stack := l.b.ImportGlobal(mainNS, stackExport, wasmbin.GlobalType{Type: wasmbin.I32, Mutable: true})
	l.slotOf(mainNS, l.program.yield, l.program.funcs[l.program.yield].typ, l.program.yieldSlot < l.program.table)
	l.tableBase = (l.state.table + l.lib.tableAlignment - 1) &^ (l.lib.tableAlignment - 1)
	l.state.table = l.tableBase + l.lib.tableSize()
	for i, imp := range l.lib.module.Imports {
		export := func(kind wasmbin.Kind, index uint32) {
			l.exports = append(l.exports, func() { l.b.Export(strconv.Itoa(i), kind, index) })
		}
		define := func(value uint32) {
			l.globals = append(l.globals, func() {
				l.b.Export(strconv.Itoa(i), wasmbin.KindGlobal, l.b.Global(imp.Global, wasmbin.AppendI32Const(nil, value)))
			})
		}
		switch {
		case imp.Kind == wasmbin.KindFunc:
			want := l.lib.module.Types[imp.Type]
			index, found, err := l.bindFunc(imp, want)
			switch {
			case err != nil:
				return err
			case found:
				export(wasmbin.KindFunc, index)
			default:
				stubs[i] = want
			}
		case imp.Kind == wasmbin.KindMemory:
			export(wasmbin.KindMemory, 0)
		case imp.Kind == wasmbin.KindTable:
			export(wasmbin.KindTable, 0)
		case imp.Module == gotMemNS:
			address, ok := l.findData(imp.Name)
			if !ok && !l.lib.isWeak(imp) {
				l.missing[imp.Name] = "data"
			}
			define(address)
		case imp.Module == gotFuncNS:
			define(l.pointer(imp))
		default:
			if err := l.bindGlobal(imp, stack, export, define); err != nil {
				return err
			}
		}
	}
	if len(l.missing) > 0 {
		return missing(l.missing)
	}
	for i, t := range stubs {
		l.exports = append(l.exports, func() {
			l.b.Export(strconv.Itoa(i), wasmbin.KindFunc, l.b.Func(l.b.Type(t.Params, t.Results), nil, 0)) // unreachable
		})
	}
	return nil
}

// bindFunc imports the function that a side module imports; not found is one that
// may be missing.
func (l *linkage) bindFunc(imp wasmbin.Import, want wasmbin.FuncType) (index uint32, found bool, err error) {
	name := imp.Name
	if imp.Module == wasiNS {
		// wazero would answer with the side module's own clocks and files. The
		// C library's functions under these names call from the interpreter.
		name = "__wasi_" + imp.Name
	}
	at, ok := l.findFunc(name)
	if !ok {
		if !l.lib.isWeak(imp) {
			l.missing[name] = "function"
		}
		return 0, false, nil
	}
	if !sameType(at.typ, want) {
		return 0, false, fmt.Errorf("it calls %s as %s, but that is %s: was it built with other headers?", name, signature(want), signature(at.typ))
	}
	return l.importFunc(at.ns, name, want), true, nil
}

func (l *linkage) bindGlobal(imp wasmbin.Import, stack uint32, export func(wasmbin.Kind, uint32), define func(uint32)) error {
	switch imp.Name {
	case stackExport:
		export(wasmbin.KindGlobal, stack)
	case "__memory_base":
		define(l.memBase)
	case "__table_base":
		define(l.tableBase)
	default:
		return fmt.Errorf("it imports the global %s.%s, which there is none of", imp.Module, imp.Name)
	}
	return nil
}

// pointer is the slot of a function that the side module takes the address of.
func (l *linkage) pointer(imp wasmbin.Import) uint32 {
	if index, own := l.lib.funcs[imp.Name]; own { // before all others'
		return l.tableBase + l.lib.slots[index]
	}
	at, ok := l.findFunc(imp.Name)
	if !ok {
		if !l.lib.isWeak(imp) {
			l.missing[imp.Name] = "function"
		}
		return 0
	}
	if at.side != nil {
		if slot, ok := at.side.lib.slots[at.index]; ok {
			return at.side.tableBase + slot
		}
		return l.slotOf(at.ns, imp.Name, at.typ, false)
	}
	if slot, ok := l.program.slot(imp.Name); ok {
		return slot
	}
	return l.slotOf(at.ns, imp.Name, at.typ, false)
}

// slotOf gives a function a slot, unless it has one.
func (l *linkage) slotOf(ns, name string, t wasmbin.FuncType, has bool) uint32 {
	key := ns + "\x00" + name
	if slot, ok := l.state.slots[key]; ok || has {
		return slot
	}
	slot := l.state.table
	l.state.table++
	l.state.slots[key] = slot
	l.newSlots = append(l.newSlots, newSlot{l.importFunc(ns, name, t), slot, t})
	return slot
}

// bytes writes the module. Before it is started the table has so many slots; the
// start function grows it to the size of the state, and fills the new ones.
func (l *linkage) bytes(before uint32) ([]byte, error) {
	start := l.b.Type(nil, nil)
	var code []byte
	if grow := l.state.table - before; grow > 0 {
		code = append(code, 0xd0, byte(wasmbin.FuncRef))          // ref.null
		code = wasmbin.AppendS32(append(code, 0x41), int32(grow)) // i32.const
		code = wasmbin.AppendU32(append(code, 0xfc, 15), 0)       // table.grow
		code = wasmbin.AppendS32(append(code, 0x41), int32(before))
		code = append(code, 0x47, 0x04, 0x40, 0x00, 0x0b) // i32.ne; if unreachable end
	}
	for i, s := range l.newSlots {
		code = wasmbin.AppendS32(append(code, 0x41), int32(s.slot))
		code = append(code, 0x41, 0, 0x41, 1, 0xfc, 12) // from 0, one; table.init
		code = append(wasmbin.AppendU32(code, uint32(i)), 0)
		segment := wasmbin.AppendVec([]byte{1, 0}, []uint32{s.function}, wasmbin.AppendU32) // passive
		l.b.Entry(wasmbin.SectionElement, segment...)
	}
	l.b.Start(l.b.Func(start, nil, code...))
	for _, add := range l.globals {
		add()
	}
	for _, add := range l.exports {
		add()
	}
	return l.b.Bytes()
}
