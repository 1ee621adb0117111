package pystack

// The forms of an entry in a table of lines: see Objects/locations.md of CPython.
const (
	formOneLine   = 10 // to 12: the line moves by the form less 10, columns follow
	formNoColumns = 13
	formLong      = 14
	formNone      = 15
)

// codeUnit is the size of an instruction, which lengths are counted in.
const codeUnit = 2

// lineOf finds the line of the instruction at an offset in bytes, in a table that
// begins with the line first; 0 where there is none.
func lineOf(table []byte, first int, offset int64) int {
	line, end := first, int64(0)
	for i := 0; i < len(table); {
		head := table[i]
		i++
		form := int(head >> 3 & 15)
		end += int64(head&7+1) * codeUnit
		switch {
		case form == formNone:
		case form == formLong, form == formNoColumns:
			var delta int
			delta, i = signed(table, i)
			line += delta
			if form == formLong { // the last line and two columns
				for range 3 {
					_, i = unsigned(table, i)
				}
			}
		case form >= formOneLine:
			line += form - formOneLine
			i += 2
		default: // short: one byte of columns
			i++
		}
		if offset < end {
			if form == formNone {
				return 0
			}
			return max(line, 0)
		}
	}
	return 0
}

// unsigned reads a number in groups of six bits, the lowest first, and returns
// where it ends.
func unsigned(b []byte, i int) (value, next int) {
	for shift := 0; i < len(b); shift += 6 {
		group := b[i]
		i++
		if shift < 32 {
			value |= int(group&63) << shift
		}
		if group&64 == 0 {
			break
		}
	}
	return value, i
}

// signed reads a number whose lowest bit is its sign.
func signed(b []byte, i int) (value, next int) {
	u, next := unsigned(b, i)
	if u&1 == 1 {
		return -(u >> 1), next
	}
	return u >> 1, next
}
