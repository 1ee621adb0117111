package wasmbin

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

func TestReaderIntegers(t *testing.T) {
	u32 := func(r *Reader) int64 { return int64(r.U32()) }
	u64 := func(r *Reader) int64 { return int64(r.U64()) }
	s32 := func(r *Reader) int64 { return int64(r.S32()) }
	s33 := func(r *Reader) int64 { return r.signed(33) }
	s64 := (*Reader).S64
	tests := []struct {
		name string
		read func(*Reader) int64
		in   string
		want int64
		bad  bool
	}{
		{"u32 zero", u32, "\x00", 0, false},
		{"u32 two bytes", u32, "\xe5\x0e", 0x765, false},
		{"u32 padded", u32, "\x85\x80\x80\x80\x00", 5, false},
		{"u32 largest", u32, "\xff\xff\xff\xff\x0f", math.MaxUint32, false},
		{"u32 of 33 bits", u32, "\xff\xff\xff\xff\x1f", 0, true},
		{"u32 of six bytes", u32, "\x80\x80\x80\x80\x80\x00", 0, true},
		{"u32 cut off", u32, "\x80\x80", 0, true},
		{"u32 of nothing", u32, "", 0, true},
		{"u64 largest", u64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", -1, false},
		{"u64 of 65 bits", u64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 0, true},
		{"s32 minus one", s32, "\x7f", -1, false},
		{"s32 minus one padded", s32, "\xff\xff\xff\xff\x7f", -1, false},
		{"s32 64", s32, "\xc0\x00", 64, false},
		{"s32 smallest", s32, "\x80\x80\x80\x80\x78", math.MinInt32, false},
		{"s32 largest", s32, "\xff\xff\xff\xff\x07", math.MaxInt32, false},
		{"s32 too small", s32, "\x80\x80\x80\x80\x70", 0, true},
		{"s32 too large", s32, "\xff\xff\xff\xff\x0f", 0, true},
		{"s32 of six bytes", s32, "\xff\xff\xff\xff\xff\x7f", 0, true},
		{"s33 largest", s33, "\xff\xff\xff\xff\x0f", math.MaxUint32, false},
		{"s33 too large", s33, "\xff\xff\xff\xff\x1f", 0, true},
		{"s64 smallest", s64, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", math.MinInt64, false},
		{"s64 largest", s64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", math.MaxInt64, false},
		{"s64 too large", s64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0, true},
		{"s64 cut off", s64, "\xff", 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader([]byte(test.in), 0)
			got := test.read(r)
			if test.bad {
				wantSyntaxError(t, r.Err(), len(test.in))
				return
			}
			if r.Err() != nil || got != test.want || r.More() {
				t.Errorf("got %d, %v, %d bytes left, want %d", got, r.Err(), r.Len(), test.want)
			}
		})
	}
}

func TestAppendedIntegersReadBack(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		if r := NewReader(AppendS64(nil, v), 0); r.S64() != v || r.Err() != nil || r.More() {
			t.Errorf("S64 %d does not read back: %v", v, r.Err())
		}
		if r := NewReader(AppendU64(nil, uint64(v)), 0); r.U64() != uint64(v) || r.Err() != nil || r.More() {
			t.Errorf("U64 %d does not read back: %v", v, r.Err())
		}
		if r := NewReader(AppendS32(nil, int32(v)), 0); r.S32() != int32(v) || r.Err() != nil || r.More() {
			t.Errorf("S32 %d does not read back: %v", v, r.Err())
		}
		if r := NewReader(AppendU32(nil, uint32(v)), 0); r.U32() != uint32(v) || r.Err() != nil || r.More() {
			t.Errorf("U32 %d does not read back: %v", v, r.Err())
		}
	}
}

func TestReaderErrorSticks(t *testing.T) {
	r := NewReader([]byte{5, 'a', 'b', 1, 2}, 100)
	if name := r.Name(); name != "" {
		t.Errorf("name %q of a length that goes beyond the end", name)
	}
	first := r.Err()
	var syntax *SyntaxError
	if !errors.As(first, &syntax) || syntax.Offset != 101 {
		t.Fatalf("error %v, want one at offset 101", first)
	}
	if r.More() || r.Byte() != 0 || r.U32() != 0 || r.S64() != 0 || r.Bytes(1) != nil || r.Count(1) != 0 || r.Part().More() {
		t.Error("a reader that has failed still reads something")
	}
	if !errors.Is(r.Err(), first) {
		t.Errorf("the first error %v became %v", first, r.Err())
	}
}

func TestReaderRefuses(t *testing.T) {
	tests := []struct {
		name string
		in   string
		read func(*Reader)
	}{
		{"name that is not UTF-8", "\x02\xc3\x28", func(r *Reader) { r.Name() }},
		{"count of more items than bytes", "\x03\x00\x00", func(r *Reader) { r.Count(1) }},
		{"count of more items than fit", "\x02\x00\x00\x00", func(r *Reader) { r.Count(2) }},
		{"huge count", "\xff\xff\xff\xff\x0f\x00", func(r *Reader) { r.Count(1) }},
		{"part beyond the end", "\x02\x00", func(r *Reader) { r.adopt(r.Part()) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader([]byte(test.in), 0)
			test.read(r)
			wantSyntaxError(t, r.Err(), len(test.in))
		})
	}
}

func TestReaderParts(t *testing.T) {
	r := NewReader([]byte{2, 7, 8, 9}, 10)
	part := r.Part()
	if part.Offset() != 11 || part.Byte() != 7 || part.Byte() != 8 || part.More() {
		t.Errorf("the part is not the two bytes at offset 11")
	}
	if r.Offset() != 13 || r.Len() != 1 {
		t.Errorf("offset %d, %d left behind the part, want 13 and 1", r.Offset(), r.Len())
	}
	part.Byte()
	if r.adopt(part); r.Err() == nil || r.More() {
		t.Error("the error of a part was not taken over")
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		name      string
		got, want []byte
	}{
		{"section", AppendSection(nil, SectionStart, []byte{3}), []byte{8, 1, 3}},
		{"custom section", AppendCustom(nil, "ab", []byte{3}), []byte{0, 4, 2, 'a', 'b', 3}},
		{"vec", AppendVec(nil, []string{"a", ""}, AppendName), []byte{2, 1, 'a', 0}},
		{"i32.const", AppendI32Const(nil, 0xffffffff), []byte{0x41, 0x7f, 0x0b}},
		{"limits", AppendLimits(nil, Limits{Min: 1, Max: 2, HasMax: true, Shared: true}), []byte{3, 1, 2}},
		{"limits of 64 bits", AppendLimits(nil, Limits{Min: 1, Is64: true}), []byte{4, 1}},
		{"global type", AppendGlobalType(nil, GlobalType{Type: I64, Mutable: true}), []byte{0x7e, 1}},
		{"function type", AppendFuncType(nil, FuncType{Params: []ValType{I32}, Results: []ValType{F32, F64}}), []byte{0x60, 1, 0x7f, 2, 0x7d, 0x7c}},
	}
	for _, test := range tests {
		if !bytes.Equal(test.got, test.want) {
			t.Errorf("%s: % x, want % x", test.name, test.got, test.want)
		}
	}
}

func TestPutPadded(t *testing.T) {
	for _, v := range []uint32{0, 1, 127} {
		for width := 1; width <= 5; width++ {
			b := slices.Repeat([]byte{0xff}, width)
			putPadded(b, v)
			if r := NewReader(b, 0); r.U32() != v || r.Err() != nil || r.More() {
				t.Errorf("%d in %d bytes is % x", v, width, b)
			}
		}
	}
}
