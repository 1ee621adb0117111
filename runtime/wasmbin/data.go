package wasmbin

import "fmt"

// maxPages is how many pages of 64 KiB a memory with 32-bit addresses can have.
const maxPages = 1 << 16

// WithoutData returns the module for instances whose memory is there already, as
// an image of another instance's: without its data segments, which would
// overwrite it, and with a memory that starts with so many pages of 64 KiB.
//
// Where the code refers to segments (memory.init, data.drop), they stay as empty
// ones. For those that were active that is what they are after instantiation
// anyway. The contents of passive ones are lost: the image must be of an
// instance that has initialised its memory.
//
// A module that imports its memory keeps the import as it is; pages is not used.
// A start function stays, and runs again.
func WithoutData(module []byte, pages uint32) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	bodies := make(map[SectionID][]byte)
	if m.Imported(KindMemory) == 0 && len(m.Memories) > 0 {
		if bodies[SectionMemory], err = m.memoryOf(pages); err != nil {
			return nil, err
		}
	}
	used, err := m.usesSegments()
	if err != nil {
		return nil, err
	}
	if !used {
		bodies[SectionData], bodies[SectionDataCount] = nil, nil
		return m.rewrite(changes{bodies: bodies, custom: customWithoutData})
	}
	data := AppendU32(nil, m.DataSegments)
	for range m.DataSegments {
		data = append(data, 1, 0) // passive, of no bytes
	}
	bodies[SectionData] = data
	return m.rewrite(changes{bodies: bodies})
}

// memoryOf returns the body of the memory section in which the first memory
// starts with so many pages.
func (m *Module) memoryOf(pages uint32) ([]byte, error) {
	first := m.Memories[0]
	switch {
	case pages > maxPages && !first.Is64:
		return nil, fmt.Errorf("a memory of %d pages: at most %d are possible", pages, maxPages)
	case first.HasMax && uint64(pages) > first.Max:
		return nil, fmt.Errorf("a memory of %d pages: the module allows %d", pages, first.Max)
	}
	first.Min = uint64(pages)
	return AppendVec(nil, append([]Limits{first}, m.Memories[1:]...), AppendLimits), nil
}

// usesSegments reports whether the code refers to data segments.
func (m *Module) usesSegments() (bool, error) {
	code, ok := m.codeReader()
	if !ok || m.DataSegments == 0 {
		return false, nil
	}
	used := false
	for f := range m.functions(code) {
		for _, op := range f.instructions() {
			used = used || op == opMemoryInit || op == opDataDrop
		}
	}
	return used, code.Err()
}

// customWithoutData is what becomes of a custom section when the data goes.
func customWithoutData(s Section) (body []byte, keep bool, err error) {
	if isRelocation(s.Name) {
		return nil, false, nil
	}
	if s.Name == nameSection {
		return rewriteNames(s, nameData, nil)
	}
	return s.Body, true, nil
}

// passiveData returns the data section with its active segments made passive, and
// the instructions that write those where they belong and drop them, as the
// start of an instance does.
func (m *Module) passiveData() (write, data []byte, err error) {
	s, ok := m.section(SectionData)
	if !ok {
		return nil, nil, nil
	}
	data = AppendU32(nil, m.DataSegments)
	segment := uint32(0)
	err = eachSegment(s, func(r *Reader) {
		flags := Reader{buf: r.buf, pos: r.pos}
		if flags.U32() == 2 && flags.U32() != 0 {
			r.Fail(r.Offset(), "data segment of another memory than the first")
			return
		}
		var offset []byte // the instructions without the end
		contents := readData(r, func(r *Reader) {
			start := r.pos
			for range r.constExpression() {
			}
			if r.err == nil {
				offset = r.buf[start : r.pos-1]
			}
		})
		if r.err != nil {
			return
		}
		if offset != nil {
			write = append(write, offset...)
			write = AppendS32(append(write, byte(opI32Const), 0, byte(opI32Const)), int32(len(contents)))
			write = append(AppendU32(append(write, 0xfc, 8), segment), 0) // memory.init
			write = AppendU32(append(write, 0xfc, 9), segment)            // data.drop
		}
		data = AppendBytes(append(data, 1), contents)
		segment++
	})
	return write, data, err
}

// DataAt returns n bytes that memory 0 begins with at an address, where one active
// segment at a constant offset holds them all.
func (m *Module) DataAt(address, n uint32) ([]byte, bool) {
	s, ok := m.section(SectionData)
	if !ok {
		return nil, false
	}
	var found []byte
	err := eachSegment(s, func(r *Reader) {
		from := Reader{buf: r.buf, pos: r.pos}
		flags := from.U32()
		if flags == 2 {
			from.U32()
		}
		var offset Element
		known := flags == 0 || flags == 2
		known = known && offset.readOffset(&from) && !offset.HasGlobal
		readData(r, func(r *Reader) {
			for range r.constExpression() {
			}
		})
		if !known || r.err != nil {
			return
		}
		contents := from.Bytes(from.U32())
		if at := uint64(address) - uint64(offset.Offset); address >= offset.Offset && at+uint64(n) <= uint64(len(contents)) {
			found = contents[at : at+uint64(n)]
		}
	})
	return found, err == nil && found != nil
}
