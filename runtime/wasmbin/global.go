package wasmbin

// DropConstGlobals removes the immutable globals that the module defines but
// neither exports nor uses. A linker makes one for every variable that it
// exports, thousands in an interpreter, and an engine creates them anew in every
// instance; once [WithoutExports] has dropped the exports they are good for nothing.
//
// The globals behind them move up, and all references follow. Code keeps its
// length, so that what gives places in it stays right.
func DropConstGlobals(module []byte) ([]byte, error) {
	// References are renumbered in place, in a copy.
	m, err := Parse(append([]byte(nil), module...))
	if err != nil {
		return nil, err
	}
	used, err := m.usedGlobals()
	if err != nil {
		return nil, err
	}
	moved := make([]uint32, m.Count(KindGlobal)) // new index by old
	next := uint32(0)
	for i := range moved {
		if moved[i] = next; used[i] {
			next++
		}
	}
	if err := m.globalReferences(func(operand []byte, index uint32) {
		putPadded(operand, moved[index])
	}); err != nil {
		return nil, err
	}

	globals := AppendU32(nil, next-m.Imported(KindGlobal))
	for i := range m.Globals {
		if !used[m.Imported(KindGlobal)+uint32(i)] {
			continue
		}
		g := &m.Globals[i]
		initReferences(g.initialiser(), func(operand []byte, index uint32) { putPadded(operand, moved[index]) })
		globals = append(globals, g.entry...)
	}
	bodies := map[SectionID][]byte{SectionGlobal: globals}
	if len(m.Exports) > 0 {
		bodies[SectionExport] = AppendVec(nil, m.Exports, func(dst []byte, e Export) []byte {
			if e.Kind == KindGlobal {
				e.Index = moved[e.Index]
			}
			return appendExport(dst, e.Name, e.Kind, e.Index)
		})
	}
	return m.rewrite(changes{bodies: bodies, custom: func(s Section) ([]byte, bool, error) {
		switch {
		case isRelocation(s.Name):
			return nil, false, nil
		case s.Name == nameSection:
			return rewriteNames(s, nameGlobals, func(r *Reader) []byte { return movedNames(r, used, moved) })
		}
		return s.Body, true, nil
	}})
}

// usedGlobals tells, by index, which globals have to stay.
func (m *Module) usedGlobals() ([]bool, error) {
	used := make([]bool, m.Count(KindGlobal))
	use := func(_ []byte, index uint32) { used[index] = true }
	imported := m.Imported(KindGlobal)
	for i := range imported {
		used[i] = true
	}
	for _, e := range m.Exports {
		if e.Kind == KindGlobal {
			used[e.Index] = true
		}
	}
	if err := m.globalReferences(use); err != nil {
		return nil, err
	}
	// An initialiser refers to globals before its own, so that going backwards
	// meets every global after all those that might need it.
	for i := len(m.Globals) - 1; i >= 0; i-- {
		g, index := &m.Globals[i], imported+uint32(i)
		if used[index] = used[index] || g.Mutable; !used[index] {
			continue
		}
		r := g.initialiser()
		initReferences(r, func(operand []byte, to uint32) {
			if to >= index {
				r.Fail(g.offset, "global %d needs global %d", index, to)
				return
			}
			use(operand, to)
		})
		if r.err != nil {
			return nil, r.err
		}
	}
	return used, nil
}

// globalReferences calls visit with each mention of a global in code, elements
// and data: the bytes of the index, in place, and the index. The initialisers
// of globals are not among them.
func (m *Module) globalReferences(visit func(operand []byte, index uint32)) error {
	checked := func(r *Reader, at int) {
		operand := Reader{buf: r.buf, pos: at + 1, base: r.base}
		if index := m.index(&operand, KindGlobal); operand.err == nil {
			visit(r.buf[at+1:operand.pos], index)
		}
		r.adopt(&operand)
	}
	if code, ok := m.codeReader(); ok {
		for f := range m.functions(code) {
			for at, op := range f.instructions() {
				if op == opGlobalGet || op == opGlobalSet {
					checked(f.Reader, at)
				}
			}
		}
		if code.err != nil {
			return code.err
		}
	}
	constant := func(r *Reader) {
		for at, op := range r.constExpression() {
			if op == opGlobalGet {
				checked(r, at)
			}
		}
	}
	if s, ok := m.section(SectionElement); ok {
		if err := eachSegment(s, func(r *Reader) { readElements(r, constant) }); err != nil {
			return err
		}
	}
	if s, ok := m.section(SectionData); ok {
		return eachSegment(s, func(r *Reader) { readData(r, constant) })
	}
	return nil
}

// initReferences calls visit with each mention of a global in an initialiser.
func initReferences(r *Reader, visit func(operand []byte, index uint32)) {
	for at, op := range r.constExpression() {
		if op == opGlobalGet {
			operand := Reader{buf: r.buf, pos: at + 1}
			index := operand.U32()
			visit(r.buf[at+1:operand.pos], index)
		}
	}
}

// movedNames rewrites the names of globals.
func movedNames(r *Reader, used []bool, moved []uint32) []byte {
	var names []byte
	count := uint32(0)
	for range r.Count(2) {
		index := r.U32()
		name := r.Bytes(r.U32())
		if uint64(index) < uint64(len(used)) && used[index] {
			names = AppendBytes(AppendU32(names, moved[index]), name)
			count++
		}
	}
	return append(AppendU32(nil, count), names...)
}

// putPadded overwrites a LEB128 integer with one that is not larger, in as many
// bytes.
func putPadded(dst []byte, v uint32) {
	for i := range dst {
		dst[i] = byte(v)&0x7f | 0x80
		v >>= 7
	}
	dst[len(dst)-1] &= 0x7f
}
