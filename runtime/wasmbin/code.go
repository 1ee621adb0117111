package wasmbin

import "iter"

// function is an entry of the code section.
type function struct {
	index uint32 // in the index space, imports first
	raw   []byte // the entry as it stands, with its size

	groups     uint32 // how many groups the locals are declared in
	groupBytes []byte
	locals     uint64 // how many locals there are, without the parameters
	*Reader           // of the instructions
}

// functions yields the entries of the code section. Problems in the locals or,
// when the caller ranges over [function.instructions], in the instructions end
// the iteration and become the error of code.
func (m *Module) functions(code *Reader) iter.Seq[*function] {
	return func(yield func(*function) bool) {
		index := m.Imported(KindFunc)
		for range code.Count(3) {
			start := code.pos
			f := &function{index: index, Reader: code.Part()}
			f.raw = code.buf[start:code.pos]
			f.readLocals()
			code.adopt(f.Reader)
			if code.err != nil || !yield(f) {
				return
			}
			code.adopt(f.Reader)
			if code.err != nil {
				return
			}
			index++
		}
		code.close("code section")
	}
}

func (f *function) readLocals() {
	f.groups = uint32(f.Count(2))
	start := f.pos
	for range f.groups {
		f.locals += uint64(f.U32())
		f.valType()
	}
	f.groupBytes = f.buf[start:f.pos]
}

// instructions yields each instruction's opcode and where it starts in f.buf.
func (f *function) instructions() iter.Seq2[int, opcode] {
	return func(yield func(int, opcode) bool) {
		for at, op := range f.expression() {
			if !yield(at, op) {
				return
			}
		}
		f.close("function")
	}
}

// codeReader returns a reader of the code section, and false if there is none.
func (m *Module) codeReader() (*Reader, bool) {
	s, ok := m.section(SectionCode)
	return s.Reader(), ok
}
