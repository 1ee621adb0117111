package wasmbin

// checkedCode writes a function's instructions with the checks of a [loopChecker].
type checkedCode struct {
	body  []byte // of the function
	fuel  uint32 // index of the counter
	yield uint32 // index of the yield function
	local uint32 // one that is free
	mark  uint32 // what a mark counts for
	plain bool   // no check may go around a loop

	around []bool // of the blocks that are open: it is a loop with a check around it
}

// write appends f's instructions with checks at these places, which are in order.
func (w *checkedCode) write(f *function, points []checkPoint) {
	w.around = w.around[:0]
	written := f.pos
	copyTo := func(end int) { w.body, written = append(w.body, f.buf[written:end]...), end }
	for at, op := range f.instructions() {
		for ; len(points) > 0 && !points[0].loop && points[0].at == at; points = points[1:] {
			copyTo(at)
			w.check(1)
		}
		switch op {
		case opLoop:
			blockType, around := f.buf[at+1:f.pos], false
			if len(points) > 0 && points[0].at == f.pos {
				amount := uint32(1)
				if points[0].mark {
					amount = w.mark
				}
				// A block type of one byte has no parameters, which the blocks
				// within could not take.
				if around = !w.plain && !points[0].mark && len(blockType) == 1 && blockType[0]&0x40 != 0; around {
					copyTo(at)
					w.begin(blockType[0], amount)
					written = f.pos
				} else {
					copyTo(f.pos)
					w.check(amount)
				}
				points = points[1:]
			}
			w.around = append(w.around, around)
		case opBlock, opIf, opTry, opTryTable:
			w.around = append(w.around, false)
		case opEnd, opDelegate:
			n := len(w.around) - 1
			if n < 0 {
				continue // of the function
			}
			if w.around[n] {
				copyTo(at)
				w.end()
				written = f.pos
			}
			w.around = w.around[:n]
		case opBr, opBrIf, opBrTable:
			copyTo(at)
			w.branch(op, f.buf[at+1:f.pos])
			written = f.pos
		}
	}
	copyTo(len(f.buf))
}

// check appends a check by itself: a loop that is left at once.
func (w *checkedCode) check(amount uint32) {
	w.begin(emptyBlock, amount)
	w.end()
}

// begin appends what goes before a loop's body: counter := counter - amount, and out
// of the innermost block where that is used up. Where the amount is not one, the
// counter may pass zero.
func (w *checkedCode) begin(blockType byte, amount uint32) {
	b := append(w.body, byte(opBlock), blockType, byte(opLoop), blockType, byte(opBlock), emptyBlock)
	b = AppendU32(append(b, byte(opGlobalGet)), w.fuel)
	b = append(AppendS32(append(b, byte(opI32Const)), int32(amount)), byte(opI32Sub))
	b = AppendU32(append(b, byte(opLocalTee)), w.local)
	b = AppendU32(append(b, byte(opGlobalSet)), w.fuel)
	b = AppendU32(append(b, byte(opLocalGet)), w.local)
	if amount > 1 {
		b = append(b, byte(opI32Const), 0, byte(opI32LeS))
	} else {
		b = append(b, byte(opI32Eqz))
	}
	w.body = append(b, byte(opBrIf), 0)
}

// end appends what goes after a loop's body: out of all three blocks, and the place
// that yields.
func (w *checkedCode) end() {
	b := append(w.body, byte(opBr), 2, byte(opEnd), byte(opCall))
	w.body = append(AppendU32(b, w.yield), byte(opBr), 0, byte(opEnd), byte(opEnd))
}

// branch appends a branch with its labels, which count the blocks that were added.
func (w *checkedCode) branch(op opcode, labels []byte) {
	w.body = append(w.body, byte(op))
	r := Reader{buf: labels}
	if op == opBrTable {
		w.body = AppendU32(w.body, r.U32())
	}
	for r.More() {
		w.body = AppendU32(w.body, w.label(r.U32()))
	}
}

// label returns the depth at which the block is now that was at that depth.
func (w *checkedCode) label(depth uint32) uint32 {
	open := w.around
	if outer := len(open) - 1 - int(depth); outer >= 0 {
		if open = open[outer+1:]; w.around[outer] {
			depth++ // to the loop itself, from within the block in it
		}
	}
	for _, around := range open {
		if around {
			depth += 2
		}
	}
	return depth
}
