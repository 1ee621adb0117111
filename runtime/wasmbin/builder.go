package wasmbin

import "errors"

// Builder writes a module by hand. The zero value is an empty module. Methods
// that add something return its index; all imports of a kind must be added before
// the first definition of that kind.
//
// Nothing checks that what is built is valid.
type Builder struct {
	sections [SectionTag + 1]struct {
		count uint32
		body  []byte
	}
	types    map[string]uint32 // by their encoding
	imported [kinds]uint32
	passive  bool // there is a passive data segment
	customs  []byte
	err      error
}

// Entry adds an entry, as the format wants it, to a section that is a vector. It
// returns its place among the entries of the section.
func (b *Builder) Entry(id SectionID, entry ...byte) uint32 {
	s := &b.sections[id]
	s.count++
	s.body = append(s.body, entry...)
	return s.count - 1
}

// Type returns the index of a function type, which is added if it is new.
func (b *Builder) Type(params, results []ValType) uint32 {
	entry := AppendFuncType(nil, FuncType{Params: params, Results: results})
	if i, ok := b.types[string(entry)]; ok {
		return i
	}
	if b.types == nil {
		b.types = make(map[string]uint32)
	}
	i := b.Entry(SectionType, entry...)
	b.types[string(entry)] = i
	return i
}

// ImportFunc imports a function of the type with that index.
func (b *Builder) ImportFunc(module, name string, typ uint32) uint32 {
	return b.importEntry(module, name, KindFunc, SectionFunction, AppendU32(nil, typ))
}

// ImportTable imports a table.
func (b *Builder) ImportTable(module, name string, t TableType) uint32 {
	return b.importEntry(module, name, KindTable, SectionTable, AppendTableType(nil, t))
}

// ImportMemory imports a memory.
func (b *Builder) ImportMemory(module, name string, l Limits) uint32 {
	return b.importEntry(module, name, KindMemory, SectionMemory, AppendLimits(nil, l))
}

// ImportGlobal imports a global.
func (b *Builder) ImportGlobal(module, name string, g GlobalType) uint32 {
	return b.importEntry(module, name, KindGlobal, SectionGlobal, AppendGlobalType(nil, g))
}

func (b *Builder) importEntry(module, name string, kind Kind, defining SectionID, desc []byte) uint32 {
	if b.sections[defining].count > 0 && b.err == nil {
		b.err = errors.New("import of a " + kind.String() + " after a definition of one: " + module + "." + name)
	}
	entry := append(AppendName(AppendName(nil, module), name), byte(kind))
	b.Entry(SectionImport, append(entry, desc...)...)
	b.imported[kind]++
	return b.imported[kind] - 1
}

// Func defines a function. The code is without the end that closes it.
func (b *Builder) Func(typ uint32, locals []ValType, code ...byte) uint32 {
	body := AppendVec(nil, locals, func(dst []byte, t ValType) []byte { return append(dst, 1, t) })
	body = append(append(body, code...), byte(opEnd))
	b.Entry(SectionCode, AppendBytes(nil, body)...)
	return b.imported[KindFunc] + b.Entry(SectionFunction, AppendU32(nil, typ)...)
}

// Table defines a table.
func (b *Builder) Table(t TableType) uint32 {
	return b.imported[KindTable] + b.Entry(SectionTable, AppendTableType(nil, t)...)
}

// Memory defines a memory.
func (b *Builder) Memory(l Limits) uint32 {
	return b.imported[KindMemory] + b.Entry(SectionMemory, AppendLimits(nil, l)...)
}

// Global defines a global; init is a constant expression, such as
// [AppendI32Const] makes.
func (b *Builder) Global(g GlobalType, init []byte) uint32 {
	return b.imported[KindGlobal] + b.Entry(SectionGlobal, append(AppendGlobalType(nil, g), init...)...)
}

// Export exports something.
func (b *Builder) Export(name string, kind Kind, index uint32) {
	b.Entry(SectionExport, appendExport(nil, name, kind, index)...)
}

// Start makes a function the start function.
func (b *Builder) Start(index uint32) {
	b.sections[SectionStart].body = AppendU32(nil, index)
}

// Elements puts functions into table 0, from an offset that is a constant
// expression.
func (b *Builder) Elements(offset []byte, functions ...uint32) uint32 {
	return b.Entry(SectionElement, AppendVec(append([]byte{0}, offset...), functions, AppendU32)...)
}

// Data puts bytes into memory 0, at an offset that is a constant expression.
func (b *Builder) Data(offset, contents []byte) uint32 {
	return b.Entry(SectionData, AppendBytes(append([]byte{0}, offset...), contents)...)
}

// PassiveData adds bytes for memory.init.
func (b *Builder) PassiveData(contents []byte) uint32 {
	b.passive = true
	return b.Entry(SectionData, AppendBytes([]byte{1}, contents)...)
}

// Custom adds a custom section behind all others.
func (b *Builder) Custom(name string, body []byte) {
	b.customs = AppendCustom(b.customs, name, body)
}

// Bytes returns the module. It fails if an import came after a definition.
func (b *Builder) Bytes() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	out := AppendHeader(nil)
	for _, id := range []SectionID{
		SectionType, SectionImport, SectionFunction, SectionTable, SectionMemory, SectionTag, SectionGlobal,
		SectionExport, SectionStart, SectionElement, SectionDataCount, SectionCode, SectionData,
	} {
		switch s := b.sections[id]; {
		case id == SectionStart && s.body != nil:
			out = AppendSection(out, id, s.body)
		case id == SectionDataCount && b.passive:
			out = AppendSection(out, id, AppendU32(nil, b.sections[SectionData].count))
		case s.count > 0:
			out = AppendSection(out, id, append(AppendU32(nil, s.count), s.body...))
		}
	}
	return append(out, b.customs...), nil
}
