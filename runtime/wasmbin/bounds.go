package wasmbin

import (
	"cmp"
	"fmt"
	"slices"
)

// BoundsStats says what [WidenBounds] did.
type BoundsStats struct {
	Accesses int // loads and stores in the module
	Widened  int // of them that now check for others too
	Fixed    int // of them whose address is a constant, and which check once a function
}

// MaxWidening is how many bytes beyond an address [WidenBounds] looks at most.
// A program must not use the last bytes of its memory, as many as this.
const MaxWidening = 1024

// WidenBounds lets accesses to memory through the same local share one check of
// the bounds.
//
// wazero 1.12 checks each access whose end it does not know to be within the
// memory; what it has found for one value holds for it from there on. A structure
// that is read at offsets 4, 8 and 12 is checked three times, one that is first
// read at 12 once. So before an access at less than the largest offset at which
// the function uses that local, there comes a load at that offset, whose result
// is dropped: wazero leaves out the load and keeps its check. Addresses of static
// data are constants, each a value of its own; they become offsets to a local that
// is always zero, and is checked where the function begins.
//
// An address near the end of the memory can thus trap where it would not have
// before: see [MaxWidening].
func WidenBounds(module []byte) ([]byte, BoundsStats, error) {
	var stats BoundsStats
	m, err := Parse(module)
	if err != nil {
		return nil, stats, err
	}
	code, ok := m.codeReader()
	memory, has := m.firstMemory()
	if !ok || !has || memory.Is64 {
		return module, stats, nil
	}
	w := &widener{m: m, stats: &stats, fixed: memory.Min * 65536}
	body := AppendU32(nil, uint32(len(m.Functions)))
	for f := range m.functions(code) {
		if body, err = w.appendFunction(body, f); err != nil {
			return nil, stats, fmt.Errorf("widen bounds: %w", err)
		}
	}
	if err := code.Err(); err != nil {
		return nil, stats, err
	}
	out, err := m.rewrite(changes{bodies: map[SectionID][]byte{SectionCode: body}, custom: customAfterMove})
	return out, stats, err
}

// widener changes one module.
type widener struct {
	m     *Module
	stats *BoundsStats
	fixed uint64 // memory below this address is always there

	// Of the current function:
	zero   uint32 // the local that is added
	stack  []operand
	locals []widenedLocal
	path   int // number of the stretch of code that is entered at its beginning only
	set    int // how many times locals have been set
	groups []group
	events []event
	edits  []edit
}

// operand is what is known of a value on the stack.
type operand struct {
	kind   operandKind
	local  uint32 // that holds the value
	set    int    // when the local was set to it
	path   int    // where it was pushed
	at     int    // where code goes that comes before it is pushed
	pushed int    // where the instruction that pushed it ends
}

type operandKind int

const (
	unknownOperand operandKind = iota
	localOperand
	teeOperand
	zeroOperand // the constant 0
)

// widenedLocal is a local of the current function.
type widenedLocal struct {
	static bool // it is never set
	set    int  // when it was set
	path   int  // in which path it was set
	group  int  // of the last access, plus one
}

// group is accesses through one value of a local that wazero knows to be one: all
// those of a local that is never set, else those in a path.
type group struct {
	local    uint32
	set      int
	path     int
	here     bool // the local was set in the path
	accesses int
	reach    uint64 // the largest end of an access, in bytes beyond the address
}

// event is something in a function that matters for what is known.
type event struct {
	kind  eventKind
	group int     // of an access
	base  operand // of an access
	end   uint64  // of an access
}

type eventKind int

const (
	accessEvent eventKind = iota
	beginEvent
	elseEvent
	endEvent
)

func (w *widener) appendFunction(out []byte, f *function) ([]byte, error) {
	start := f.pos
	t, _ := w.m.FuncType(f.index)
	count := uint64(len(t.Params)) + f.locals
	if count > maxWidenedLocals {
		for range f.instructions() { // which checks them
			continue
		}
		return append(out, f.raw...), nil
	}
	w.zero = uint32(count)
	w.locals = append(w.locals[:0], make([]widenedLocal, count+1)...)
	w.findStatic(f, start)
	w.stack, w.groups, w.events, w.edits, w.path, w.set = w.stack[:0], w.groups[:0], w.events[:0], w.edits[:0], 0, 0
	for at, op := range f.instructions() {
		w.step(f, at, op)
	}
	if f.err != nil {
		return out, nil // which the caller sees
	}
	zeros := w.edit(start)
	if len(w.edits) == 0 {
		return append(out, f.raw...), nil
	}
	return appendEdited(out, f, start, w.edits, zeros)
}

// maxWidenedLocals bounds the work on functions with absurd numbers of locals.
const maxWidenedLocals = 1 << 14

// findStatic finds the locals that are never set.
func (w *widener) findStatic(f *function, start int) {
	for i := range w.locals {
		w.locals[i].static = true
	}
	scan := &function{Reader: NewReader(f.buf[start:], 0)}
	for at, op := range scan.expression() {
		if op == opLocalSet || op == opLocalTee {
			if local := scan.immediate(at); int(local) < len(w.locals) {
				w.locals[local].static = false
			}
		}
	}
}

// immediate is the number that follows the opcode of the instruction at at.
func (f *function) immediate(at int) uint32 { return NewReader(f.buf[at+1:], 0).U32() }

// step takes one instruction into the stack and the events.
func (w *widener) step(f *function, at int, op opcode) {
	switch {
	case op == opLocalGet:
		w.pushLocal(localOperand, f.immediate(at), at, f.pos)
	case op == opLocalSet, op == opLocalTee:
		w.pop(1)
		w.set++
		local := f.immediate(at)
		if int(local) < len(w.locals) {
			w.locals[local].set, w.locals[local].path = w.set, w.path
		}
		if op == opLocalTee {
			w.pushLocal(teeOperand, local, f.pos, f.pos)
		}
	case op == opI32Const && NewReader(f.buf[at+1:], 0).S32() == 0:
		w.push(operand{kind: zeroOperand, local: w.zero, at: at, pushed: f.pos})
	case op >= opI32Load && op <= opI64Store32:
		w.access(f, at, op)
	case op == opBlock, op == opIf, op == opTry, op == opTryTable:
		w.stack = w.stack[:0]
		w.events = append(w.events, event{kind: beginEvent})
	case op == opLoop:
		w.newPath(beginEvent)
	case op == opElse:
		w.newPath(elseEvent)
	case op == opEnd, op == opDelegate:
		w.newPath(endEvent)
	case op == opCall:
		if t, ok := w.m.FuncType(f.immediate(at)); ok {
			w.call(t)
		}
	case op == opCallIndirect:
		w.pop(1)
		if i := f.immediate(at); int(i) < len(w.m.Types) {
			w.call(w.m.Types[i])
		}
	default:
		pops, pushes, known := stackEffect(op)
		if !known {
			w.stack = w.stack[:0]
			return
		}
		w.pop(pops)
		for range pushes {
			w.push(operand{})
		}
	}
}

func (w *widener) push(o operand) { w.stack = append(w.stack, o) }

func (w *widener) pushLocal(kind operandKind, local uint32, at, pushed int) {
	if int(local) >= len(w.locals) {
		kind, local = unknownOperand, 0
	}
	w.push(operand{kind: kind, local: local, set: w.locals[local].set, path: w.path, at: at, pushed: pushed})
}

// pop takes n values off the stack and returns the deepest.
func (w *widener) pop(n int) operand {
	if n == 0 {
		return operand{}
	}
	if n > len(w.stack) {
		w.stack = w.stack[:0] // it is in an enclosing block
		return operand{}
	}
	o := w.stack[len(w.stack)-n]
	w.stack = w.stack[:len(w.stack)-n]
	return o
}

func (w *widener) call(t FuncType) {
	w.pop(len(t.Params))
	for range t.Results {
		w.push(operand{})
	}
}

func (w *widener) newPath(kind eventKind) {
	w.stack = w.stack[:0]
	w.path++
	w.events = append(w.events, event{kind: kind})
}

// access takes a load or a store.
func (w *widener) access(f *function, at int, op opcode) {
	w.stats.Accesses++
	pops := 1
	if op >= opI32Store {
		pops = 2
	}
	base := w.pop(pops)
	if op < opI32Store {
		w.push(operand{})
	}
	r := NewReader(f.buf[at+1:], 0)
	if r.U32()&0x40 != 0 { // another memory
		return
	}
	end := r.U64() + uint64(accessSize(op))
	switch base.kind {
	case unknownOperand:
		return
	case zeroOperand:
		if end > w.fixed {
			return
		}
	default:
		if end > MaxWidening || base.path != w.path && !w.locals[base.local].static {
			return
		}
	}
	l := &w.locals[base.local]
	if l.group == 0 || !l.static && (w.groups[l.group-1].set != base.set || w.groups[l.group-1].path != w.path) {
		w.groups = append(w.groups, group{
			local: base.local, set: base.set, path: w.path, here: base.set > 0 && base.set == l.set && l.path == w.path,
		})
		l.group = len(w.groups)
	}
	g := &w.groups[l.group-1]
	g.accesses++
	g.reach = max(g.reach, end)
	w.events = append(w.events, event{group: l.group - 1, base: base, end: end})
}

// minFixed is how many accesses to static data a function must have for them to
// be worth a check at its beginning.
const minFixed = 3

// edit goes through the events and decides where to check for more. It returns
// how many locals that takes.
func (w *widener) edit(start int) (locals uint32) {
	known := make([]bool, len(w.groups)) // this group was checked for all its reach
	var order []int                      // in which groups became known
	var blocks []int                     // that are open: how many groups were known where they began
	forget := func(n int) {
		for _, g := range order[n:] {
			known[g] = false
		}
		order = order[:n]
	}
	if g := w.locals[w.zero].group; g > 0 && w.groups[g-1].accesses >= minFixed {
		w.edits = append(w.edits, edit{at: start, added: appendReach(nil, w.zero, w.groups[g-1].reach)})
		locals = 1
	}
	for _, e := range w.events {
		switch e.kind {
		case accessEvent:
			g := w.groups[e.group]
			switch {
			case e.base.kind == zeroOperand:
				if locals > 0 {
					w.stats.Fixed++
					w.edits = append(w.edits, edit{
						at: e.base.at, removed: e.base.pushed - e.base.at, added: AppendU32([]byte{byte(opLocalGet)}, w.zero),
					})
				}
			case known[e.group] || g.accesses < 2:
			default:
				known[e.group] = true
				order = append(order, e.group)
				var added []byte
				if !w.locals[g.local].static && !g.here {
					// What wazero finds for a local at first, where paths have joined,
					// is another name for the value than what it finds from then on.
					added = append(AppendU32([]byte{byte(opLocalGet)}, g.local), byte(opDrop))
				}
				if e.end < g.reach {
					added = appendReach(added, g.local, g.reach)
					w.stats.Widened++
				}
				if len(added) > 0 {
					w.edits = append(w.edits, edit{at: e.base.at, added: added})
				}
			}
		case beginEvent:
			blocks = append(blocks, len(order))
		case elseEvent, endEvent:
			if len(blocks) == 0 {
				continue // the function's own end
			}
			forget(blocks[len(blocks)-1]) // a branch may have passed them by
			if e.kind == endEvent {
				blocks = blocks[:len(blocks)-1]
			}
		}
	}
	slices.SortStableFunc(w.edits, func(a, b edit) int { return cmp.Or(a.at-b.at, a.removed-b.removed) })
	return locals
}

// appendReach appends code that checks that a local is an address with as many
// bytes.
func appendReach(code []byte, local uint32, reach uint64) []byte {
	code = AppendU32(append(code, byte(opLocalGet)), local)
	code = AppendU64(append(code, byte(opI32Load8U), 0), reach-1)
	return append(code, byte(opDrop))
}
