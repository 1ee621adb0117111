package wasmbin

import (
	"maps"
	"slices"
)

// appendExport appends an entry of the export section.
func appendExport(dst []byte, name string, kind Kind, index uint32) []byte {
	return AppendU32(append(AppendName(dst, name), byte(kind)), index)
}

// WithoutExports drops the exports that keep refuses. What was exported stays in
// the module; see [DropConstGlobals].
func WithoutExports(module []byte, keep func(name string, kind Kind) bool) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	var body []byte
	count := uint32(0)
	dropped := make(map[uint32]bool) // functions
	for _, e := range m.Exports {
		switch {
		case keep(e.Name, e.Kind):
			body = append(body, e.entry...)
			count++
		case e.Kind == KindFunc:
			dropped[e.Index] = true
		}
	}
	bodies := make(map[SectionID][]byte)
	if len(m.Exports) > 0 {
		bodies[SectionExport] = append(AppendU32(nil, count), body...)
	}
	referred, err := m.referredIn(dropped)
	if err != nil {
		return nil, err
	}
	if len(referred) > 0 {
		if bodies[SectionElement], err = m.declare(referred); err != nil {
			return nil, err
		}
	}
	return m.rewrite(changes{bodies: bodies})
}

// referredIn returns those of the functions that the code makes references to.
// The format demands that such a function be mentioned outside the code too, and
// an export counts as that.
func (m *Module) referredIn(functions map[uint32]bool) ([]uint32, error) {
	code, ok := m.codeReader()
	if !ok || len(functions) == 0 {
		return nil, nil
	}
	referred := make(map[uint32]bool)
	for f := range m.functions(code) {
		for at, op := range f.instructions() {
			if op == opRefFunc {
				operand := Reader{buf: f.buf, pos: at + 1}
				if index := operand.U32(); functions[index] {
					referred[index] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(referred)), code.Err()
}

// declare returns the body of the element section with a declarative segment
// that mentions these functions.
func (m *Module) declare(functions []uint32) ([]byte, error) {
	s, ok := m.section(SectionElement)
	r := s.Reader()
	count := uint32(0)
	if ok {
		count = r.U32()
	}
	body := append(AppendU32(nil, count+1), r.buf[r.pos:]...)
	body = append(body, 3, 0) // declarative, of functions
	return AppendVec(body, functions, AppendU32), r.Err()
}
