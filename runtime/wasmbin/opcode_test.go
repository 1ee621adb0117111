package wasmbin

import (
	"bytes"
	"context"
	"testing"
)

func TestInstructionLengths(t *testing.T) {
	instructions := map[string]string{
		"nop":                           "\x01",
		"block of a type index":         "\x02\x80\x01",
		"loop":                          "\x03\x40",
		"if of a value":                 "\x04\x7b",
		"else":                          "\x05",
		"legacy try":                    "\x06\x40",
		"legacy catch":                  "\x07\x01",
		"throw":                         "\x08\x01",
		"legacy rethrow":                "\x09\x01",
		"throw_ref":                     "\x0a",
		"br_table":                      "\x0e\x02\x81\x00\x02\x03",
		"call_indirect":                 "\x11\x85\x01\x02",
		"return_call":                   "\x12\x80\x02",
		"return_call_indirect":          "\x13\x05\x01",
		"legacy delegate":               "\x18\x00",
		"legacy catch_all":              "\x19",
		"select with types":             "\x1c\x02\x7f\x70",
		"try_table":                     "\x1f\x40\x04\x00\x01\x02\x01\x01\x02\x02\x03\x03\x04",
		"i32.load":                      "\x28\x02\x80\x80\x04",
		"i32.load in another memory":    "\x28\x42\x01\x10",
		"i64.store32 in a memory64":     "\x3e\x02\x80\x80\x80\x80\x80\x01",
		"i32.const":                     "\x41\xff\xff\xff\xff\x07",
		"i64.const":                     "\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f",
		"f32.const":                     "\x43\x01\x02\x03\x04",
		"f64.const":                     "\x44\x01\x02\x03\x04\x05\x06\x07\x08",
		"i64.extend32_s":                "\xc4",
		"ref.null":                      "\xd0\x6f",
		"ref.func":                      "\xd2\x90\x4e",
		"i64.trunc_sat_f64_u":           "\xfc\x07",
		"memory.init":                   "\xfc\x08\x80\x01\x00",
		"memory.copy, number padded":    "\xfc\x8a\x00\x00\x00",
		"table.copy":                    "\xfc\x0e\x01\x02",
		"table.fill":                    "\xfc\x11\x01",
		"v128.load":                     "\xfd\x00\x04\x80\x01",
		"v128.const":                    "\xfd\x0c0123456789abcdef",
		"i8x16.shuffle":                 "\xfd\x0d0123456789abcdef",
		"f64x2.replace_lane":            "\xfd\x22\x01",
		"v128.load8_lane":               "\xfd\x54\x00\x10\x0f",
		"v128.load64_zero":              "\xfd\x5d\x03\x00",
		"f64x2.convert_low_i32x4_u":     "\xfd\xff\x01",
		"relaxed i8x16.swizzle":         "\xfd\x80\x02",
		"relaxed i32x4.dot_i8x16_i7x16": "\xfd\x93\x02",
		"memory.atomic.notify":          "\xfe\x00\x02\x00",
		"atomic.fence":                  "\xfe\x03\x00",
		"i64.atomic.rmw32.cmpxchg_u":    "\xfe\x4e\x02\x08",
	}
	for name, code := range instructions {
		t.Run(name, func(t *testing.T) {
			r := NewReader([]byte(code+"\x01"), 0)
			r.instruction()
			if r.Err() != nil || r.Len() != 1 {
				t.Errorf("error %v, read %d of %d bytes", r.Err(), len(code)+1-r.Len(), len(code))
			}
			for n := range len(code) {
				r := NewReader([]byte(code[:n]), 0)
				r.instruction()
				wantSyntaxError(t, r.Err(), n)
			}
		})
	}
}

func TestUnknownInstructions(t *testing.T) {
	for name, code := range map[string]string{
		"unassigned":              "\x27",
		"call_ref":                "\x14\x00",
		"0xff":                    "\xff",
		"garbage collection":      "\xfb\x00\x00",
		"bulk beyond the last":    "\xfc\x12\x00",
		"hole in SIMD":            "\xfd\x9a\x01",
		"beyond relaxed SIMD":     "\xfd\x94\x02",
		"hole in atomics":         "\xfe\x04\x00\x00",
		"beyond the last atomic":  "\xfe\x4f\x00\x00",
		"huge number":             "\xfd\xff\xff\xff\xff\x0f",
		"catch of an odd kind":    "\x1f\x40\x01\x04\x00\x00",
		"block of an odd type":    "\x02\x63\x70",
		"odd alignment":           "\x28\x80\x01\x00",
		"select of an odd type":   "\x1c\x01\x40",
		"br_table longer than it": "\x0e\xff\xff\xff\xff\x0f\x00",
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader([]byte("\x01"+code+"\x0b"), 0)
			for range r.expression() {
				continue
			}
			wantSyntaxError(t, r.Err(), len(code)+2)
		})
	}
}

// TestLengthsAgreeWithEngine asks the engine about every instruction that it
// knows: a function is valid with as many bytes of immediates as this package
// reads, and isn't with fewer.
func TestLengthsAgreeWithEngine(t *testing.T) {
	ctx, runtime := context.Background(), newRuntime(t)
	accepts := func(code []byte) bool {
		compiled, err := runtime.CompileModule(ctx, moduleAround(t, code))
		if err != nil {
			return false
		}
		return compiled.Close(ctx) == nil
	}
	known := 0
	check := func(op []byte) {
		for align := range byte(4) { // atomics insist on their own alignment
			imm := make([]byte, 32)
			imm[0] = align
			r := NewReader(append(bytes.Clone(op), imm...), 0)
			code := r.instruction()
			if r.Err() != nil {
				imm = imm[:0]
			} else {
				imm = imm[:r.pos-len(op)]
			}
			closing := []byte{}
			switch code {
			case opBlock, opLoop, opIf, opTryTable:
				closing = []byte{byte(opEnd)}
			}
			ours, theirs := r.Err() == nil, accepts(bytes.Join([][]byte{op, imm, closing}, nil))
			if theirs && !ours {
				t.Errorf("% x is unknown here but not to the engine: %v", op, r.Err())
			}
			if ours && theirs {
				known++
				if len(imm) > 0 && accepts(bytes.Join([][]byte{op, imm[:len(imm)-1], closing}, nil)) {
					t.Errorf("% x: the engine is content with %d bytes of immediates, not %d", op, len(imm)-1, len(imm))
				}
				return
			}
		}
	}
	for op := range 0xfb {
		switch opcode(op) {
		case 0x05, opEnd, 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6: // else, end, and typed references, which are not supported
			continue
		}
		check([]byte{byte(op)})
	}
	for prefix, last := range map[byte]uint32{0xfc: 0x11, 0xfd: 0xff, 0xfe: 0x4e} {
		for n := range last + 1 {
			check(AppendU32([]byte{prefix}, n))
		}
	}
	if want := 172 + 18 + 236 + 66; known < want {
		t.Errorf("the engine agreed on %d instructions, want %d", known, want)
	}
}

// moduleAround returns a module with a function of that code, where it can't be
// reached, so that any operands will do. The function ends with a tail call, so
// that any results will do, and the number of what it calls isn't an opcode:
// where an immediate is missing, the engine takes the opcode of the call for it,
// and then it comes upon that number.
func moduleAround(t *testing.T, code []byte) []byte {
	return build(t, func(b *Builder) {
		typ := b.Type(nil, nil)
		for range 0x27 {
			b.Func(typ, nil)
		}
		f := b.Func(typ, []ValType{I32}, bytes.Join([][]byte{{0x00}, code, {byte(opReturnCall), 0x27}}, nil)...)
		b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 1}})
		b.Memory(Limits{Min: 1, Max: 1, HasMax: true, Shared: true})
		b.Global(GlobalType{Type: I32, Mutable: true}, AppendI32Const(nil, 0))
		b.Entry(SectionTag, 0, byte(typ))
		b.Export("f", KindFunc, f)
		b.Elements(AppendI32Const(nil, 0), f)
		b.PassiveData(nil)
	})
}
