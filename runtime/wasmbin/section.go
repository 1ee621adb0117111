package wasmbin

import (
	"fmt"
	"slices"
)

// SectionID is the number of a section in the binary format.
type SectionID byte

// The sections of a module.
const (
	SectionCustom SectionID = iota
	SectionType
	SectionImport
	SectionFunction
	SectionTable
	SectionMemory
	SectionGlobal
	SectionExport
	SectionStart
	SectionElement
	SectionCode
	SectionData
	SectionDataCount
	SectionTag
)

func (id SectionID) String() string {
	names := [...]string{
		"custom", "type", "import", "function", "table", "memory", "global", "export",
		"start", "element", "code", "data", "data count", "tag",
	}
	if int(id) >= len(names) {
		return fmt.Sprintf("unknown (%d)", byte(id))
	}
	return names[id] + " section"
}

// rank is the place of a section in the order that the format prescribes, which
// is not that of the numbers: newer sections stand between the old ones.
func (id SectionID) rank() int {
	switch id {
	case SectionTag:
		return 2*int(SectionMemory) + 1
	case SectionDataCount:
		return 2*int(SectionElement) + 1
	}
	return 2 * int(id)
}

// Section is one section of a module.
type Section struct {
	ID   SectionID
	Name string // of a custom section
	// Body is the contents; those of a custom section start after its name.
	// It is part of the module's bytes.
	Body   []byte
	Offset int // of Body in the module, in bytes

	raw []byte // the section as it stands in the module, with number and size
}

// Reader returns a reader of the body.
func (s Section) Reader() *Reader { return NewReader(s.Body, s.Offset) }

// sections splits a module, and checks the order of what it finds.
func sections(module []byte) ([]Section, error) {
	r := NewReader(module, 0)
	if len(module) < len(header) || string(module[:len(header)]) != header {
		r.Fail(0, "not a WebAssembly module of version 1")
		return nil, r.Err()
	}
	r.pos = len(header)
	var all []Section
	last := SectionCustom
	for r.More() {
		start := r.pos
		s := Section{ID: SectionID(r.Byte())}
		body := r.Part()
		switch {
		case s.ID == SectionCustom:
			s.Name = body.Name()
		case s.ID > SectionTag:
			r.Fail(start, "%v", s.ID)
		case s.ID.rank() <= last.rank():
			r.Fail(start, "%v after the %v", s.ID, last)
		default:
			last = s.ID
		}
		r.adopt(body)
		if r.err != nil {
			return nil, r.err
		}
		s.Body, s.Offset = body.buf[body.pos:], body.Offset()
		s.raw = module[start:r.pos:r.pos]
		all = append(all, s)
	}
	return all, r.Err()
}

// section returns the section of that number, or an empty one.
func (m *Module) section(id SectionID) (Section, bool) {
	for _, s := range m.Sections {
		if s.ID == id {
			return s, true
		}
	}
	return Section{ID: id}, false
}

// Custom returns the first custom section of that name.
func (m *Module) Custom(name string) (Section, bool) {
	for _, s := range m.Sections {
		if s.ID == SectionCustom && s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

// changes says how a rewritten module differs from the one it is made of.
type changes struct {
	// bodies replaces sections. A nil body drops the section; one that the
	// module does not have yet is inserted where the format wants it.
	bodies map[SectionID][]byte
	// custom returns the new body of a custom section, and whether to keep it.
	// Without it they all stay as they are.
	custom func(Section) (body []byte, keep bool, err error)
}

// rewrite returns the module with changes.
func (m *Module) rewrite(c changes) ([]byte, error) {
	size := len(header)
	for _, s := range m.Sections {
		size += len(s.raw)
	}
	var missing []SectionID
	for id, body := range c.bodies {
		size += len(body) + 8
		if _, ok := m.section(id); !ok && body != nil {
			missing = append(missing, id)
		}
	}
	slices.SortFunc(missing, func(a, b SectionID) int { return a.rank() - b.rank() })

	out := AppendHeader(make([]byte, 0, size))
	for _, s := range m.Sections {
		if s.ID == SectionCustom && c.custom != nil {
			body, keep, err := c.custom(s)
			if err != nil {
				return nil, err
			}
			if keep {
				out = AppendCustom(out, s.Name, body)
			}
			continue
		}
		for s.ID != SectionCustom && len(missing) > 0 && missing[0].rank() < s.ID.rank() {
			out = AppendSection(out, missing[0], c.bodies[missing[0]])
			missing = missing[1:]
		}
		switch body, changed := c.bodies[s.ID]; {
		case !changed:
			out = append(out, s.raw...)
		case body != nil:
			out = AppendSection(out, s.ID, body)
		}
	}
	for _, id := range missing {
		out = AppendSection(out, id, c.bodies[id])
	}
	return out, nil
}
