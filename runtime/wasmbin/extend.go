package wasmbin

import (
	"fmt"
	"maps"
	"slices"
)

// Redirect renames the module and the name of each import.
func Redirect(module []byte, to func(i int, imp Import) (module, name string)) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	i := -1
	body := AppendVec(nil, m.Imports, func(dst []byte, imp Import) []byte {
		i++
		imp.Module, imp.Name = to(i, imp)
		return AppendImport(dst, imp)
	})
	return m.rewrite(changes{bodies: map[SectionID][]byte{SectionImport: body}})
}

// AppendImport appends an entry of the import section.
func AppendImport(dst []byte, imp Import) []byte {
	dst = append(AppendName(AppendName(dst, imp.Module), imp.Name), byte(imp.Kind))
	switch imp.Kind {
	case KindFunc:
		return AppendU32(dst, imp.Type)
	case KindTable:
		return AppendTableType(dst, imp.Table)
	case KindMemory:
		return AppendLimits(dst, imp.Memory)
	case KindGlobal:
		return AppendGlobalType(dst, imp.Global)
	default: // a tag
		return AppendU32(append(dst, 0), imp.Type)
	}
}

// Extension is what [Extend] adds to a module.
type Extension struct {
	// Table is imported as table 0, where the module has none.
	Table *Import
	// Start, where it is not "", is the name under which the module's start
	// function is exported, which then no longer is one.
	Start string
	// Data, where it is not "", is the name of a function that writes the active
	// data segments to memory. They become passive, so that an instance begins
	// without them.
	Data string
	// Functions get the indices after those that are there. Their code is
	// without locals and without the end that closes it.
	Functions []ExtraFunction
	// Globals names existing globals to export.
	Globals map[string]uint32
	// Elements puts existing functions into table 0, from an offset that is a
	// constant expression.
	Elements []ExtraElements
}

// ExtraFunction is a function that is added and exported.
type ExtraFunction struct {
	Type   FuncType
	Code   []byte
	Export string
}

// ExtraElements are functions for the table.
type ExtraElements struct {
	Offset    []byte
	Functions []uint32
}

// Extend adds functions, exports and element segments to a module. Nothing that
// is there moves to another index.
func Extend(module []byte, x Extension) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	bodies := map[SectionID][]byte{}
	if x.Data != "" {
		write, data, err := m.passiveData()
		if err != nil {
			return nil, err
		}
		x.Functions = append(x.Functions[:len(x.Functions):len(x.Functions)], ExtraFunction{Code: write, Export: x.Data})
		if m.DataSegments > 0 {
			bodies[SectionData], bodies[SectionDataCount] = data, AppendU32(nil, m.DataSegments)
		}
	}
	types := m.vector(SectionType, len(m.Types))
	functions := m.vector(SectionFunction, len(m.Functions))
	code := m.vector(SectionCode, len(m.Functions))
	exports := m.vector(SectionExport, len(m.Exports))
	for _, f := range x.Functions {
		index := m.Count(KindFunc) + functions.added
		functions.add(AppendU32(nil, uint32(len(m.Types))+types.added))
		types.add(AppendFuncType(nil, f.Type))
		body := append(append([]byte{0}, f.Code...), byte(opEnd))
		code.add(AppendBytes(nil, body))
		exports.add(appendExport(nil, f.Export, KindFunc, index))
	}
	if x.Start != "" && m.HasStart {
		exports.add(appendExport(nil, x.Start, KindFunc, m.Start))
		bodies[SectionStart] = nil
	}
	for _, name := range slices.Sorted(maps.Keys(x.Globals)) {
		index := x.Globals[name]
		if index >= m.Count(KindGlobal) {
			return nil, fmt.Errorf("there is no global %d to export", index)
		}
		exports.add(appendExport(nil, name, KindGlobal, index))
	}
	elements := m.section0(SectionElement)
	for _, e := range x.Elements {
		elements.add(AppendVec(append([]byte{0}, e.Offset...), e.Functions, AppendU32))
	}
	imports := m.vector(SectionImport, len(m.Imports))
	if x.Table != nil && m.Count(KindTable) == 0 {
		imports.add(AppendImport(nil, *x.Table))
	}
	for _, v := range []*vector{imports, types, functions, code, exports, elements} {
		if v.added > 0 {
			bodies[v.id] = v.bytes()
		}
	}
	return m.rewrite(changes{bodies: bodies})
}

// vector is a section that is a vector, and what is added to it.
type vector struct {
	id    SectionID
	count uint32
	rest  []byte // after the count
	added uint32
	extra []byte
}

func (m *Module) vector(id SectionID, count int) *vector {
	v := m.section0(id)
	v.count = uint32(count)
	return v
}

// section0 reads the count of a section; one that is not there has none.
func (m *Module) section0(id SectionID) *vector {
	v := &vector{id: id}
	if s, ok := m.section(id); ok {
		r := s.Reader()
		v.count = r.U32()
		v.rest = r.buf[r.pos:]
	}
	return v
}

func (v *vector) add(entry []byte) {
	v.added++
	v.extra = append(v.extra, entry...)
}

func (v *vector) bytes() []byte {
	return append(append(AppendU32(nil, v.count+v.added), v.rest...), v.extra...)
}

// Element is a function that an active segment puts into table 0: at Offset, or
// where Global is set at the value of that global plus Offset.
type Element struct {
	Global    uint32
	HasGlobal bool
	Offset    uint32
	Function  uint32
}

// Elements lists what active segments put into table 0, as far as they are lists
// of functions at an offset of the forms that linkers write.
func (m *Module) Elements() ([]Element, error) {
	s, ok := m.section(SectionElement)
	if !ok {
		return nil, nil
	}
	var elements []Element
	r := s.Reader()
	for range r.Count(2) {
		flags := r.U32()
		if flags > 7 {
			r.Fail(r.Offset(), "element segment of form %#x", flags)
		}
		active, explicit, expressions := flags&1 == 0, flags&2 != 0, flags&4 != 0
		at := Element{}
		known := active && !expressions
		if active {
			if explicit {
				known = r.U32() == 0 && known
			}
			known = at.readOffset(r) && known
		}
		if !active || explicit {
			r.Byte()
		}
		for i := range r.Count(1) {
			if expressions {
				for range r.constExpression() {
				}
				continue
			}
			e := at
			e.Offset += uint32(i)
			e.Function = m.index(r, KindFunc)
			if known {
				elements = append(elements, e)
			}
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return elements, r.err
}

// readOffset reads i32.const, global.get, or the sum of both.
func (e *Element) readOffset(r *Reader) bool {
	known := true
	for at, op := range r.constExpression() {
		operand := Reader{buf: r.buf, pos: at + 1}
		switch op {
		case opI32Const:
			e.Offset += uint32(operand.S32())
		case opGlobalGet:
			e.Global, e.HasGlobal = operand.U32(), true
		case opI32Add, opEnd:
		default:
			known = false
		}
	}
	return known
}

// OnlyInitialises reports whether all that a function does is to set globals to
// sums of globals and constants, and to fill memory, by itself or in functions that
// it calls: what a linker's start function of a side module does.
func (m *Module) OnlyInitialises(function uint32) (bool, error) {
	const deepest = 3
	code, ok := m.codeReader()
	if !ok {
		return false, nil
	}
	wanted := map[uint32]int{function: 0} // the depth at which it is called
	checked := map[uint32]bool{}
	for range deepest { // once more for functions that were called by later ones
		r := *code
		for f := range m.functions(&r) {
			depth, called := wanted[f.index]
			if !called || checked[f.index] {
				continue
			}
			checked[f.index] = true
			for at, op := range f.instructions() {
				switch op {
				case opGlobalGet, opGlobalSet, opI32Const, opI32Add, opMemoryFill, opEnd:
				case opCall:
					operand := Reader{buf: f.buf, pos: at + 1}
					index := operand.U32()
					if index < m.Imported(KindFunc) || depth+1 >= deepest {
						return false, nil
					}
					if _, known := wanted[index]; !known {
						wanted[index] = depth + 1
					}
				default:
					return false, nil
				}
			}
			if f.err != nil {
				return false, f.err
			}
		}
		if r.Err() != nil {
			return false, r.Err()
		}
	}
	return len(checked) == len(wanted), nil
}
