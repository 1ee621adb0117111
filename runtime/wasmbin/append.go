package wasmbin

// header is the magic number and the version that every module starts with.
const header = "\x00asm\x01\x00\x00\x00"

// AppendHeader appends what every module starts with: magic number and version.
func AppendHeader(dst []byte) []byte { return append(dst, header...) }

// AppendU32 appends v as an unsigned LEB128 integer.
func AppendU32(dst []byte, v uint32) []byte { return AppendU64(dst, uint64(v)) }

// AppendU64 appends v as an unsigned LEB128 integer.
func AppendU64(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendS32 appends v as a signed LEB128 integer.
func AppendS32(dst []byte, v int32) []byte { return AppendS64(dst, int64(v)) }

// AppendS64 appends v as a signed LEB128 integer.
func AppendS64(dst []byte, v int64) []byte {
	for v < -0x40 || v >= 0x40 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v)&0x7f)
}

// AppendName appends a string with its length.
func AppendName(dst []byte, name string) []byte {
	return append(AppendU32(dst, uint32(len(name))), name...)
}

// AppendBytes appends a slice with its length.
func AppendBytes(dst, b []byte) []byte {
	return append(AppendU32(dst, uint32(len(b))), b...)
}

// AppendVec appends the number of items, then each as item appends it.
func AppendVec[T any](dst []byte, items []T, item func(dst []byte, v T) []byte) []byte {
	dst = AppendU32(dst, uint32(len(items)))
	for _, v := range items {
		dst = item(dst, v)
	}
	return dst
}

// AppendSection appends a section.
func AppendSection(dst []byte, id SectionID, body []byte) []byte {
	return AppendBytes(append(dst, byte(id)), body)
}

// AppendCustom appends a custom section.
func AppendCustom(dst []byte, name string, body []byte) []byte {
	return AppendSection(dst, SectionCustom, append(AppendName(nil, name), body...))
}

// AppendI32Const appends the constant expression whose value is v: the
// instruction i32.const and the end.
func AppendI32Const(dst []byte, v uint32) []byte {
	return append(AppendS32(append(dst, byte(opI32Const)), int32(v)), byte(opEnd))
}

// AppendLimits appends the limits of a table or memory.
func AppendLimits(dst []byte, l Limits) []byte {
	flags := byte(0)
	for bit, set := range []bool{l.HasMax, l.Shared, l.Is64} {
		if set {
			flags |= 1 << bit
		}
	}
	dst = AppendU64(append(dst, flags), l.Min)
	if l.HasMax {
		dst = AppendU64(dst, l.Max)
	}
	return dst
}

// AppendGlobalType appends the type of a global.
func AppendGlobalType(dst []byte, g GlobalType) []byte {
	mutable := byte(0)
	if g.Mutable {
		mutable = 1
	}
	return append(dst, g.Type, mutable)
}

// AppendTableType appends the type of a table.
func AppendTableType(dst []byte, t TableType) []byte {
	return AppendLimits(append(dst, t.Element), t.Limits)
}

// AppendFuncType appends an entry of the type section.
func AppendFuncType(dst []byte, f FuncType) []byte {
	return AppendBytes(AppendBytes(append(dst, 0x60), f.Params), f.Results)
}
