package r2

import (
	"strconv"
	"strings"
)

// span is the part of a body that a get asks for, in bytes.
type span struct {
	Offset *int64 `json:"offset,omitempty"`
	Length *int64 `json:"length,omitempty"`
	Suffix *int64 `json:"suffix,omitempty"`
}

// slice is the part of a body that a get gives, in bytes.
type slice struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// of resolves the span for a body of size bytes. A nil span is the whole.
func (r *span) of(size int64) (slice, error) {
	if r == nil || r.Offset == nil && r.Length == nil && r.Suffix == nil {
		return slice{0, size}, nil
	}
	if r.Suffix != nil {
		if *r.Suffix <= 0 || size == 0 {
			return slice{}, errRange()
		}
		n := min(*r.Suffix, size)
		return slice{size - n, n}, nil
	}
	offset, length := int64(0), size
	if r.Offset != nil {
		offset = *r.Offset
	}
	if r.Length != nil {
		length = *r.Length
	}
	if offset < 0 || offset >= size || length <= 0 {
		return slice{}, errRange()
	}
	return slice{offset, min(length, size-offset)}, nil
}

// headerSpan reads a Range header (RFC 9110, 14.1.2). What is invalid, of several
// ranges, or outside of the body means the whole, as the platform has it: nil.
func headerSpan(header string, size int64) *span {
	unit, set, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || strings.Contains(set, ",") {
		return nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(set), "-")
	if !ok {
		return nil
	}
	if first == "" {
		n, ok := digits(last)
		if !ok || n == 0 || size == 0 {
			return nil
		}
		return &span{Suffix: &n}
	}
	from, ok := digits(first)
	if !ok || from >= size {
		return nil
	}
	if last == "" {
		return &span{Offset: &from}
	}
	to, ok := digits(last)
	if !ok || to < from {
		return nil
	}
	length := min(to, size-1) - from + 1
	return &span{Offset: &from, Length: &length}
}

func digits(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err == nil
}
