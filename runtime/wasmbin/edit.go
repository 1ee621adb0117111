package wasmbin

import (
	"fmt"
	"math"
)

// edit replaces bytes of a function's code.
type edit struct {
	at      int // in the function's buf
	removed int // bytes
	added   []byte
}

// appendEdited appends f's entry of the code section with edits, which are in
// order and don't overlap, and with as many more i32 locals after its own.
func appendEdited(out []byte, f *function, start int, edits []edit, locals uint32) ([]byte, error) {
	groups, declared := f.groups, f.groupBytes
	if locals > 0 {
		groups++
		declared = append(AppendU32(declared[:len(declared):len(declared)], locals), I32)
	}
	size := len(AppendU32(nil, groups)) + len(declared) + len(f.buf) - start
	for _, e := range edits {
		size += len(e.added) - e.removed
	}
	if size > math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: "function becomes too large"}
	}
	out = append(AppendU32(AppendU32(out, uint32(size)), groups), declared...)
	for _, e := range edits {
		if e.at < start {
			return nil, fmt.Errorf("edits out of order at %d", e.at)
		}
		out = append(append(out, f.buf[start:e.at]...), e.added...)
		start = e.at + e.removed
	}
	return append(out, f.buf[start:]...), nil
}
