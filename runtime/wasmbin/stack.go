package wasmbin

// accessSize is how many bytes a load or a store moves; it is not a vector's.
func accessSize(op opcode) int {
	const sizes = "\x04\x08\x04\x08" + // loads of i32, i64, f32, f64
		"\x01\x01\x02\x02" + "\x01\x01\x02\x02\x04\x04" + // parts, of i32 and of i64
		"\x04\x08\x04\x08" + "\x01\x02" + "\x01\x02\x04" // stores
	return int(sizes[op-opI32Load])
}

// stackEffect is how many values an instruction takes and leaves, and false for
// one that is not known or whose types or immediates decide.
func stackEffect(op opcode) (pops, pushes int, known bool) {
	switch {
	case op == 0x01: // nop
		return 0, 0, true
	case op == opDrop, op == opGlobalSet, op == opBrIf:
		return 1, 0, true
	case op == 0x1b, op == 0x1c: // select
		return 3, 1, true
	case op == opGlobalGet, op == 0x3f, op >= 0x41 && op <= 0x44: // memory.size, constants
		return 0, 1, true
	case op == 0x40, // memory.grow
		op == 0x45, op == 0x50, // eqz
		op >= 0x67 && op <= 0x69, op >= 0x79 && op <= 0x7b, // clz, ctz, popcnt
		op >= 0x8b && op <= 0x91, op >= 0x99 && op <= 0x9f, // abs to sqrt
		op >= 0xa7 && op <= 0xc4: // conversions
		return 1, 1, true
	case op >= 0x46 && op <= 0xa6: // comparisons and arithmetic
		return 2, 1, true
	}
	return 0, 0, false
}
