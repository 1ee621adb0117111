package wasmbin

import "iter"

// opcode is the number of an instruction. One with a prefix (0xfc to 0xfe) has
// it above the lower sixteen bits, and the number after the prefix in them.
type opcode uint32

// The instructions that this package looks at.
const (
	opBlock              opcode = 0x02
	opLoop               opcode = 0x03
	opIf                 opcode = 0x04
	opElse               opcode = 0x05
	opTry                opcode = 0x06
	opEnd                opcode = 0x0b
	opBr                 opcode = 0x0c
	opBrIf               opcode = 0x0d
	opBrTable            opcode = 0x0e
	opCall               opcode = 0x10
	opCallIndirect       opcode = 0x11
	opReturnCall         opcode = 0x12
	opReturnCallIndirect opcode = 0x13
	opDelegate           opcode = 0x18
	opTryTable           opcode = 0x1f
	opDrop               opcode = 0x1a
	opLocalGet           opcode = 0x20
	opLocalSet           opcode = 0x21
	opLocalTee           opcode = 0x22
	opGlobalGet          opcode = 0x23
	opGlobalSet          opcode = 0x24
	opI32Load            opcode = 0x28
	opI32Load8U          opcode = 0x2d
	opI32Store           opcode = 0x36
	opI64Store32         opcode = 0x3e
	opI32Const           opcode = 0x41
	opI32Eqz             opcode = 0x45
	opI32GtU             opcode = 0x4b
	opI32LeS             opcode = 0x4c
	opI32GeU             opcode = 0x4f
	opI32Add             opcode = 0x6a
	opI32Sub             opcode = 0x6b
	opI32ShrU            opcode = 0x76
	opRefFunc            opcode = 0xd2
	opMemoryInit         opcode = 0xfc0008
	opDataDrop           opcode = 0xfc0009
	opMemoryCopy         opcode = 0xfc000a
	opMemoryFill         opcode = 0xfc000b
	opV128Const          opcode = 0xfd000c
)

// emptyBlock is the type of a block that takes and leaves nothing.
const emptyBlock = 0x40

// instruction reads one instruction with its immediates. The cases stand in the
// order of how often they occur, as far as that matters.
func (r *Reader) instruction() opcode {
	start := r.Offset()
	op := r.Byte()
	switch {
	case op >= 0x20 && op <= 0x26, // locals, globals, table.get and table.set
		op == 0x0c, op == 0x0d, op == 0x10, op == 0x12, // br, br_if, call, return_call
		op == 0x07, op == 0x08, op == 0x09, op == 0x18, // legacy catch, throw, rethrow, delegate
		op == 0x3f, op == 0x40, op == 0xd2: // memory.size, memory.grow, ref.func
		r.U32()
	case op == 0x41:
		r.S32()
	case op >= 0x28 && op <= 0x3e: // loads and stores
		r.memArg()
	case op >= 0x45 && op <= 0xc4, // arithmetic
		op <= 0x01, op == 0x05, op == 0x0a, op == 0x0b, op == 0x0f, // unreachable, nop, else, throw_ref, end, return
		op == 0x19, op == 0x1a, op == 0x1b, op == 0xd1: // catch_all, drop, select, ref.is_null
	case op >= 0x02 && op <= 0x04, op == 0x06: // block, loop, if, legacy try
		r.blockType()
	case op == 0x42:
		r.S64()
	case op == 0x43:
		r.Bytes(4)
	case op == 0x44:
		r.Bytes(8)
	case op == 0x0e: // br_table
		for range r.Count(1) {
			r.U32()
		}
		r.U32()
	case op == 0x11, op == 0x13: // call_indirect, return_call_indirect
		r.U32()
		r.U32()
	case op == 0x1c: // select with a type
		r.valTypes()
	case op == 0x1f: // try_table
		r.blockType()
		for range r.Count(2) {
			r.catch()
		}
	case op == 0xd0: // ref.null
		r.signed(33)
	case op == 0xfc:
		return opcode(op)<<16 | r.miscInstruction(start)
	case op == 0xfd:
		return opcode(op)<<16 | r.vectorInstruction(start)
	case op == 0xfe:
		return opcode(op)<<16 | r.atomicInstruction(start)
	default:
		r.Fail(start, "unknown opcode %#x", op)
	}
	return opcode(op)
}

// memArg reads the alignment and the offset of a memory access, and the memory
// if it is not the first.
func (r *Reader) memArg() {
	start := r.Offset()
	align := r.U32()
	if align >= 0x80 {
		r.Fail(start, "alignment %#x", align)
	}
	if align&0x40 != 0 {
		r.U32()
	}
	r.U64()
}

// blockType reads nothing, a value type, or the index of a function type.
func (r *Reader) blockType() {
	if r.pos < len(r.buf) && (r.buf[r.pos] == emptyBlock || isValType(r.buf[r.pos])) {
		r.pos++
		return
	}
	start := r.Offset()
	if t := r.signed(33); t < 0 {
		r.Fail(start, "block type %d is not supported", t)
	}
}

// catch reads a clause of try_table.
func (r *Reader) catch() {
	start := r.Offset()
	switch kind := r.Byte(); kind {
	case 0, 1: // a tag, with or without a reference to the exception
		r.U32()
	case 2, 3: // any
	default:
		r.Fail(start, "unknown catch %#x", kind)
	}
	r.U32() // where to
}

// miscInstruction reads what follows 0xfc: saturating conversions and the bulk
// operations on memories and tables.
func (r *Reader) miscInstruction(start int) opcode {
	n := r.U32()
	switch {
	case n <= 7:
	case n == 9, n == 11, n == 13, n >= 15 && n <= 17:
		r.U32()
	case n == 8, n == 10, n == 12, n == 14:
		r.U32()
		r.U32()
	default:
		r.Fail(start, "unknown opcode 0xfc %#x", n)
		return 0
	}
	return opcode(n)
}

// vectorInstruction reads what follows 0xfd: SIMD and relaxed SIMD.
func (r *Reader) vectorInstruction(start int) opcode {
	n := r.U32()
	switch {
	case n <= 11, n == 92, n == 93: // loads and stores
		r.memArg()
	case n == 12, n == 13: // v128.const, i8x16.shuffle
		r.Bytes(16)
	case n >= 21 && n <= 34: // lanes
		r.Byte()
	case n >= 84 && n <= 91: // loads and stores of lanes
		r.memArg()
		r.Byte()
	case n > 0x113, unusedVector(n):
		r.Fail(start, "unknown opcode 0xfd %#x", n)
		return 0
	}
	return opcode(n)
}

// unusedVector tells the numbers that the SIMD proposal left out.
func unusedVector(n uint32) bool {
	switch n {
	case 0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb, 0xc2, 0xc5, 0xc6,
		0xcf, 0xd0, 0xd2, 0xd3, 0xd4, 0xe2, 0xee:
		return true
	}
	return false
}

// atomicInstruction reads what follows 0xfe: threads.
func (r *Reader) atomicInstruction(start int) opcode {
	n := r.U32()
	switch {
	case n == 3: // atomic.fence
		r.Byte()
	case n <= 2, n >= 0x10 && n <= 0x4e:
		r.memArg()
	default:
		r.Fail(start, "unknown opcode 0xfe %#x", n)
		return 0
	}
	return opcode(n)
}

// expression reads instructions up to the end that closes the expression, and
// yields where each starts in r.buf. Within the loop r stands behind the
// instruction. It stops early when r fails.
func (r *Reader) expression() iter.Seq2[int, opcode] {
	return func(yield func(int, opcode) bool) {
		for depth := 1; depth > 0; {
			at := r.pos
			op := r.instruction()
			if r.err != nil {
				return
			}
			switch op {
			case opBlock, opLoop, opIf, opTry, opTryTable:
				depth++
			case opEnd, opDelegate:
				depth--
			}
			if !yield(at, op) {
				return
			}
		}
	}
}

// constExpression is expression for initialisers and offsets, where only a few
// instructions are allowed.
func (r *Reader) constExpression() iter.Seq2[int, opcode] {
	return func(yield func(int, opcode) bool) {
		for at, op := range r.expression() {
			switch {
			case op >= 0x41 && op <= 0x44, op == opV128Const, op == opGlobalGet, op == 0xd0, op == opRefFunc,
				op >= 0x6a && op <= 0x6c, op >= 0x7c && op <= 0x7e, op == opEnd:
			default:
				r.Fail(r.base+at, "opcode %#x in a constant expression", uint32(op))
				return
			}
			if !yield(at, op) {
				return
			}
		}
	}
}
