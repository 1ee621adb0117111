package wasmbin

import (
	"fmt"
	"strings"
)

// nameSection is the custom section with the names of functions and the like.
const nameSection = "name"

// Subsections of the name section.
const (
	nameFunctions byte = 1
	nameLabels    byte = 3
	nameGlobals   byte = 7
	nameData      byte = 9
)

// Strip drops the custom sections that keep refuses; with a nil keep, all.
func Strip(module []byte, keep func(customName string) bool) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	return m.rewrite(changes{custom: func(s Section) ([]byte, bool, error) {
		return s.Body, keep != nil && keep(s.Name), nil
	}})
}

// Names returns the names of functions by index, as the name section has them;
// an empty map if there is none. They are what a compiler wrote, C++ and Rust
// mangling included.
func Names(module []byte) (map[uint32]string, error) {
	all, err := sections(module)
	if err != nil {
		return nil, err
	}
	names := make(map[uint32]string)
	m := Module{Sections: all}
	s, ok := m.Custom(nameSection)
	if !ok {
		return names, nil
	}
	r := s.Reader()
	for r.More() {
		id, body := r.Byte(), r.Part()
		if id != nameFunctions {
			continue
		}
		for range body.Count(2) {
			index := body.U32()
			name := body.Name()
			if body.err == nil {
				names[index] = name
			}
		}
		body.close("function names")
		r.adopt(body)
	}
	if r.err != nil {
		return nil, r.err
	}
	return names, nil
}

// customAfterMove is what becomes of a custom section when code moves or changes
// its length.
func customAfterMove(s Section) (body []byte, keep bool, err error) {
	switch {
	case isRelocation(s.Name), strings.HasPrefix(s.Name, ".debug_"), strings.HasPrefix(s.Name, "metadata.code."),
		s.Name == "sourceMappingURL", s.Name == "external_debug_info":
		return nil, false, nil
	case s.Name == nameSection:
		// Labels are numbered in the order of the blocks, of which there are more now.
		return rewriteNames(s, nameLabels, nil)
	}
	return s.Body, true, nil
}

// isRelocation tells the sections that make an object file linkable. They give
// places in code and data, and symbols by index.
func isRelocation(custom string) bool {
	return custom == "linking" || strings.HasPrefix(custom, "reloc.")
}

// rewriteNames rewrites one subsection of the name section, or drops it if edit
// is nil.
func rewriteNames(s Section, subsection byte, edit func(*Reader) []byte) (body []byte, keep bool, err error) {
	r := s.Reader()
	for r.More() {
		start := r.pos
		id, part := r.Byte(), r.Part()
		switch {
		case id != subsection:
			body = append(body, r.buf[start:r.pos]...)
		case edit != nil:
			body = AppendBytes(append(body, id), edit(part))
			r.adopt(part)
		}
	}
	if r.err != nil {
		return nil, false, fmt.Errorf("name section: %w", r.err)
	}
	return body, true, nil
}
