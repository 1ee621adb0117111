package wasmbin

// Parse splits a module and decodes its small sections; [Module] says which. All
// indices in them are checked.
func Parse(module []byte) (*Module, error) {
	all, err := sections(module)
	if err != nil {
		return nil, err
	}
	m := &Module{Sections: all, exportedAs: make(map[string]int)}
	var bodies int
	var dataCount *uint32
	for _, s := range all {
		if s.ID == SectionCustom {
			continue
		}
		r := s.Reader()
		whole := true // the section is decoded to its end
		switch s.ID {
		case SectionType:
			m.parseTypes(r)
		case SectionImport:
			m.parseImports(r)
		case SectionFunction:
			m.Functions = m.parseTypeIndices(r, false)
		case SectionTable:
			m.parseTables(r)
		case SectionMemory:
			for range r.Count(2) {
				m.Memories = append(m.Memories, r.limits())
			}
		case SectionTag:
			m.Tags = m.parseTypeIndices(r, true)
		case SectionGlobal:
			m.parseGlobals(r)
		case SectionExport:
			m.parseExports(r)
		case SectionStart:
			m.HasStart, m.Start = true, m.index(r, KindFunc)
		case SectionDataCount:
			n := r.U32()
			dataCount = &n
		case SectionCode:
			bodies, whole = r.Count(3), false
		case SectionData:
			m.DataSegments, whole = uint32(r.Count(2)), false
		default: // elements
			whole = false
		}
		if whole {
			r.close(s.ID.String())
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	end := NewReader(nil, len(module))
	if bodies != len(m.Functions) {
		end.Fail(end.Offset(), "%d functions declared, %d in the code section", len(m.Functions), bodies)
	}
	if dataCount != nil && *dataCount != m.DataSegments {
		end.Fail(end.Offset(), "%d data segments declared, %d in the data section", *dataCount, m.DataSegments)
	}
	return m, end.err
}

// index reads an index into the index space of a kind.
func (m *Module) index(r *Reader, k Kind) uint32 {
	start := r.Offset()
	i := r.U32()
	if i >= m.Count(k) {
		r.Fail(start, "no %v %d", k, i)
	}
	return i
}

// typeIndex reads an index into the type section.
func (m *Module) typeIndex(r *Reader) uint32 {
	start := r.Offset()
	i := r.U32()
	if uint64(i) >= uint64(len(m.Types)) {
		r.Fail(start, "no type %d", i)
	}
	return i
}

func (m *Module) parseTypes(r *Reader) {
	m.Types = make([]FuncType, r.Count(3))
	for i := range m.Types {
		start := r.Offset()
		if form := r.Byte(); form != 0x60 {
			r.Fail(start, "type of form %#x is not supported", form)
		}
		m.Types[i] = FuncType{Params: r.valTypes(), Results: r.valTypes()}
		if r.err != nil {
			return
		}
	}
}

func (m *Module) parseImports(r *Reader) {
	m.Imports = make([]Import, r.Count(4))
	for n := range m.Imports {
		i := &m.Imports[n]
		i.Module, i.Name = r.Name(), r.Name()
		start := r.Offset()
		i.Kind = Kind(r.Byte())
		switch i.Kind {
		case KindFunc:
			i.Type = m.typeIndex(r)
		case KindTable:
			i.Table = r.tableType()
		case KindMemory:
			i.Memory = r.limits()
		case KindGlobal:
			i.Global = r.globalType()
		case KindTag:
			i.Type = m.tagType(r)
		default:
			r.Fail(start, "unknown kind of import %#x", byte(i.Kind))
		}
		if r.err != nil {
			return
		}
		m.imported[i.Kind]++
	}
}

// parseTypeIndices reads the function section or the tag section.
func (m *Module) parseTypeIndices(r *Reader, tags bool) []uint32 {
	indices := make([]uint32, r.Count(1))
	for i := range indices {
		if tags {
			indices[i] = m.tagType(r)
		} else {
			indices[i] = m.typeIndex(r)
		}
		if r.err != nil {
			return nil
		}
	}
	return indices
}

// tagType reads the type of a tag: an attribute, zero for an exception, and the
// index of a function type.
func (m *Module) tagType(r *Reader) uint32 {
	start := r.Offset()
	if attribute := r.Byte(); attribute != 0 {
		r.Fail(start, "tag of attribute %#x is not supported", attribute)
	}
	return m.typeIndex(r)
}

func (m *Module) parseTables(r *Reader) {
	for range r.Count(3) {
		m.Tables = append(m.Tables, r.tableType())
		if r.err != nil {
			return
		}
	}
}

func (m *Module) parseGlobals(r *Reader) {
	m.Globals = make([]Global, r.Count(3))
	for i := range m.Globals {
		g := &m.Globals[i]
		start := r.pos
		g.GlobalType = r.globalType()
		instructions := 0
		for at, op := range r.constExpression() {
			if instructions++; instructions == 1 && op == opI32Const {
				v := Reader{buf: r.buf, pos: at + 1}
				g.Value = uint32(v.S32())
				g.Constant = true
			}
		}
		if r.err != nil {
			return
		}
		if !g.Constant || instructions != 2 || g.Type != I32 { // the end is the second
			g.Value, g.Constant = 0, false
		}
		g.entry, g.offset = r.buf[start:r.pos], r.base+start
	}
}

func (m *Module) parseExports(r *Reader) {
	m.Exports = make([]Export, r.Count(3))
	for i := range m.Exports {
		e := &m.Exports[i]
		start := r.pos
		e.Name, e.Kind = r.Name(), Kind(r.Byte())
		if r.err == nil && e.Kind >= kinds {
			r.Fail(r.Offset()-1, "unknown kind of export %#x", byte(e.Kind))
		}
		e.Index = m.index(r, e.Kind)
		if _, twice := m.exportedAs[e.Name]; twice {
			r.Fail(r.base+start, "two exports of the name %q", e.Name)
		}
		if r.err != nil {
			return
		}
		e.entry = r.buf[start:r.pos]
		m.exportedAs[e.Name] = i
	}
}

func (r *Reader) valType() ValType {
	start := r.Offset()
	t := r.Byte()
	if !isValType(t) {
		r.Fail(start, "value type %#x is not supported", t)
	}
	return t
}

func isValType(t byte) bool {
	switch t {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef, ExnRef:
		return true
	}
	return false
}

// valTypes reads a vector of value types.
func (r *Reader) valTypes() []ValType {
	start := r.Offset()
	types := r.Bytes(r.U32())
	for i, t := range types {
		if !isValType(t) {
			r.Fail(start+i, "value type %#x is not supported", t)
			return nil
		}
	}
	return types
}

func (r *Reader) globalType() GlobalType {
	t := r.valType()
	start := r.Offset()
	mutable := r.Byte()
	if mutable > 1 {
		r.Fail(start, "mutability %#x", mutable)
	}
	return GlobalType{Type: t, Mutable: mutable == 1}
}

func (r *Reader) tableType() TableType {
	return TableType{Element: r.valType(), Limits: r.limits()}
}

func (r *Reader) limits() Limits {
	start := r.Offset()
	flags := r.Byte()
	if flags > 7 {
		r.Fail(start, "limits of form %#x are not supported", flags)
	}
	l := Limits{HasMax: flags&1 != 0, Shared: flags&2 != 0, Is64: flags&4 != 0}
	l.Min = r.size(l.Is64)
	if l.HasMax {
		if l.Max = r.size(l.Is64); l.Max < l.Min {
			r.Fail(start, "limits from %d to %d", l.Min, l.Max)
		}
	}
	return l
}

// size reads a limit.
func (r *Reader) size(is64 bool) uint64 {
	if is64 {
		return r.U64()
	}
	return uint64(r.U32())
}
