package wasmbin

// eachSegment reads the entries of the element or the data section.
func eachSegment(s Section, read func(*Reader)) error {
	r := s.Reader()
	for range r.Count(2) {
		read(r)
		if r.err != nil {
			return r.err
		}
	}
	r.close(s.ID.String())
	return r.err
}

// readElements reads one element segment. Constant expressions in it are left to
// constant.
func readElements(r *Reader, constant func(*Reader)) {
	start := r.Offset()
	flags := r.U32()
	if flags > 7 {
		r.Fail(start, "element segment of form %#x", flags)
		return
	}
	active := flags&1 == 0
	explicit := flags&2 != 0 // an active segment gives its table and what it is of
	expressions := flags&4 != 0
	if active {
		if explicit {
			r.U32()
		}
		constant(r)
	}
	if !active || explicit {
		r.Byte() // type of the elements
	}
	for range r.Count(1) {
		if expressions {
			constant(r)
		} else {
			r.U32()
		}
	}
}

// readData reads one data segment and returns its contents. The offset is left to
// constant.
func readData(r *Reader, constant func(*Reader)) []byte {
	start := r.Offset()
	flags := r.U32()
	switch flags {
	case 0:
		constant(r)
	case 1: // passive
	case 2:
		r.U32() // memory
		constant(r)
	default:
		r.Fail(start, "data segment of form %#x", flags)
	}
	return r.Bytes(r.U32())
}
