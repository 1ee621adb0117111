package wasmbin

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxError says that the bytes of a module make no sense.
type SyntaxError struct {
	Offset  int // in bytes from the start of the module
	Problem string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("wasm offset %#x: %s", e.Offset, e.Problem)
}

// Reader decodes the primitive values of the binary format from a slice.
//
// Its error is sticky: after the first problem all reads return zero values and
// [Reader.More] is false, so that a sequence of reads needs one look at
// [Reader.Err] at its end. What a reader returns as a slice is part of the slice
// that it reads.
type Reader struct {
	buf  []byte
	pos  int
	base int // offset of buf in the module
	err  error
}

// NewReader returns a reader of buf. Offsets in errors count from base.
func NewReader(buf []byte, base int) *Reader {
	return &Reader{buf: buf, base: base}
}

// Err returns the first problem, a [*SyntaxError], or nil.
func (r *Reader) Err() error { return r.err }

// More reports whether there is anything left to read.
func (r *Reader) More() bool { return r.pos < len(r.buf) }

// Len returns the number of bytes left to read.
func (r *Reader) Len() int { return len(r.buf) - r.pos }

// Offset returns the offset in the module of the next byte.
func (r *Reader) Offset() int { return r.base + r.pos }

// Fail makes the reader fail with a problem of the caller's at an offset that
// [Reader.Offset] returned, unless it has failed before.
func (r *Reader) Fail(offset int, format string, args ...any) {
	if r.err == nil {
		r.err = &SyntaxError{Offset: offset, Problem: fmt.Sprintf(format, args...)}
	}
	r.pos = len(r.buf)
}

// adopt takes over the error of a reader of a part of r.
func (r *Reader) adopt(part *Reader) {
	if part.err != nil && r.err == nil {
		r.err = part.err
		r.pos = len(r.buf)
	}
}

// close fails if there is anything left to read.
func (r *Reader) close(what string) {
	if r.More() {
		r.Fail(r.Offset(), "%s has %d bytes too many", what, r.Len())
	}
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.pos >= len(r.buf) {
		r.failShort()
		return 0
	}
	r.pos++
	return r.buf[r.pos-1]
}

// failShort stands alone so that the functions that call it can be inlined.
//
//go:noinline
func (r *Reader) failShort() { r.Fail(r.Offset(), "unexpected end") }

// Bytes reads n bytes.
func (r *Reader) Bytes(n uint32) []byte {
	if uint64(n) > uint64(r.Len()) {
		r.Fail(r.Offset(), "%d bytes wanted, %d left", n, r.Len())
		return nil
	}
	r.pos += int(n)
	return r.buf[r.pos-int(n) : r.pos : r.pos]
}

// Part reads a length and returns a reader of that many bytes.
func (r *Reader) Part() *Reader {
	n := r.U32()
	base := r.Offset()
	return &Reader{buf: r.Bytes(n), base: base, err: r.err}
}

// U32 reads an unsigned LEB128 integer of 32 bits.
func (r *Reader) U32() uint32 {
	if r.pos < len(r.buf) && r.buf[r.pos] < 0x80 { // nearly all are this short
		r.pos++
		return uint32(r.buf[r.pos-1])
	}
	return uint32(r.unsigned(32))
}

// U64 reads an unsigned LEB128 integer of 64 bits.
func (r *Reader) U64() uint64 { return r.unsigned(64) }

// S32 reads a signed LEB128 integer of 32 bits.
func (r *Reader) S32() int32 { return int32(r.signed(32)) }

// S64 reads a signed LEB128 integer of 64 bits.
func (r *Reader) S64() int64 { return r.signed(64) }

func (r *Reader) unsigned(bits int) uint64 {
	start := r.Offset()
	var v uint64
	for shift := 0; ; shift += 7 {
		c := r.Byte()
		// In the last byte that there may be, the bits beyond the integer's
		// width are zero, the one that announces another byte included.
		if left := bits - shift; left < 7 && c>>left != 0 {
			r.Fail(start, "integer of more than %d bits", bits)
			return 0
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (r *Reader) signed(bits int) int64 {
	start := r.Offset()
	var v int64
	for shift := 0; ; shift += 7 {
		c := r.Byte()
		digit := int64(int8(c<<1) >> 1) // the seven bits, sign-extended
		// The bits beyond the width in the last byte repeat the sign.
		if left := bits - shift; left < 7 {
			if high := digit >> (left - 1); c >= 0x80 || high != 0 && high != -1 {
				r.Fail(start, "integer of more than %d bits", bits)
				return 0
			}
		}
		if c < 0x80 {
			return v | digit<<shift
		}
		v |= int64(c&0x7f) << shift
	}
}

// Name reads a string: its length in bytes, then UTF-8.
func (r *Reader) Name() string {
	start := r.Offset()
	b := r.Bytes(r.U32())
	if !utf8.Valid(b) {
		r.Fail(start, "name is not UTF-8")
		return ""
	}
	return string(b)
}

// Count reads the length of a vector whose items take at least size bytes each
// (size > 0), and fails if what is left can't hold so many. It is what makes it
// safe to allocate by the count.
func (r *Reader) Count(size int) int {
	start := r.Offset()
	n := r.U32()
	if uint64(n) > uint64(r.Len()/size) {
		r.Fail(start, "%d items in %d bytes", n, r.Len())
		return 0
	}
	return int(n)
}
