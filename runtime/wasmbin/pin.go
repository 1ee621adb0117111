package wasmbin

import (
	"errors"
	"fmt"
	"math"
)

// PinOptions says which functions of a module can be suspended.
type PinOptions struct {
	// Suspendable tells, by index, the functions that will be rewritten so that
	// they can be left in the middle of a call and entered again there.
	Suspendable func(function uint32) bool
	// Query is the export name of a function without parameters that returns an
	// i32. Its code becomes one that returns the number of pins.
	Query string
}

// PinStats says what [Pin] did.
type PinStats struct {
	Suspendable int // functions
	Direct      int // calls of suspendable functions by others that now pin
	Indirect    int // calls through the table by functions that can't be suspended
	Foreign     int // calls through the table by suspendable ones, which pin by the slot
}

// Pin makes a module count the frames on its stack that can't be suspended and
// have called something that might want to be: as long as there is one, the stack
// is pinned, and whoever would suspend it must not.
//
// A function that is not suspendable adds one to a counter around each call of a
// function that is, and around each call through a table. A suspendable one does
// so around a call through the table where the slot is none of those that the
// module's own table begins with: what is there was linked in later, and is
// somebody else's code.
//
// Indices of functions, types and existing globals and locals do not change.
func Pin(module []byte, opts PinOptions) ([]byte, PinStats, error) {
	var p pinner
	m, err := Parse(module)
	if err != nil {
		return nil, p.stats, err
	}
	if p, err = newPinner(m, opts); err != nil {
		return nil, p.stats, fmt.Errorf("pin: %w", err)
	}
	globals := m.vector(SectionGlobal, len(m.Globals))
	globals.add(AppendI32Const(AppendGlobalType(nil, GlobalType{Type: I32, Mutable: true}), 0))
	bodies := map[SectionID][]byte{SectionGlobal: globals.bytes()}
	if s, ok := m.section(SectionCode); ok {
		if bodies[SectionCode], err = p.code(s); err != nil {
			return nil, p.stats, fmt.Errorf("pin: %w", err)
		}
	}
	out, err := m.rewrite(changes{bodies: bodies, custom: customAfterMove})
	return out, p.stats, err
}

// pinner adds the pins to one module.
type pinner struct {
	m           *Module
	suspendable func(uint32) bool
	query       uint32
	counter     uint32 // index of the global
	slots       uint32 // how many the table has at first
	stats       PinStats
}

func newPinner(m *Module, opts PinOptions) (pinner, error) {
	p := pinner{m: m, suspendable: opts.Suspendable, counter: m.Count(KindGlobal)}
	query, ok := m.ExportedFunc(opts.Query)
	if !ok || query < m.Imported(KindFunc) {
		return p, fmt.Errorf("function %q: %w", opts.Query, ErrNoExport)
	}
	p.query = query
	if t, _ := m.FuncType(query); len(t.Params) != 0 || string(t.Results) != string([]ValType{I32}) {
		return p, fmt.Errorf("function %q does not just return an i32", opts.Query)
	}
	if len(m.Tables) > 0 {
		if m.Imported(KindTable) != 0 || len(m.Tables) > 1 || m.Tables[0].Is64 || m.Tables[0].Min > math.MaxInt32 {
			return p, errors.New("the module has another table than one of its own")
		}
		p.slots = uint32(m.Tables[0].Min)
	}
	return p, nil
}

func (p *pinner) code(s Section) ([]byte, error) {
	code := s.Reader()
	out := AppendU32(make([]byte, 0, len(s.Body)+len(s.Body)/8), uint32(len(p.m.Functions)))
	for f := range p.m.functions(code) {
		var err error
		switch {
		case f.index == p.query:
			body := AppendU32([]byte{0, byte(opGlobalGet)}, p.counter)
			out = AppendBytes(out, append(body, byte(opEnd)))
			f.pos = len(f.buf)
		case p.suspendable(f.index):
			p.stats.Suspendable++
			out, err = p.appendSuspendable(out, f)
		default:
			out, err = p.appendOther(out, f)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, code.Err()
}

// appendOther appends a function that can't be suspended.
func (p *pinner) appendOther(out []byte, f *function) ([]byte, error) {
	start := f.pos
	var body []byte
	for at, op := range f.instructions() {
		switch op {
		case opCall:
			if !p.suspendable(f.operand(at)) {
				continue
			}
			p.stats.Direct++
		case opCallIndirect:
			p.stats.Indirect++
		case opReturnCall, opReturnCallIndirect:
			return nil, &SyntaxError{Offset: f.base + at, Problem: "a tail call, which can't be pinned"}
		default:
			continue
		}
		body = p.appendCount(append(body, f.buf[start:at]...), []byte{byte(opI32Const), 1}, opI32Add)
		body = p.appendCount(append(body, f.buf[at:f.pos]...), []byte{byte(opI32Const), 1}, opI32Sub)
		start = f.pos
	}
	if body == nil || f.err != nil {
		return append(out, f.raw...), nil
	}
	return appendChanged(out, f, f.groups, nil, append(body, f.buf[start:]...)), nil
}

// appendSuspendable appends a function that will be suspendable.
func (p *pinner) appendSuspendable(out []byte, f *function) ([]byte, error) {
	start := f.pos
	t, _ := p.m.FuncType(f.index)
	local := uint64(len(t.Params)) + f.locals
	if local >= math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: fmt.Sprintf("%d locals", local)}
	}
	foreign := AppendU32([]byte{byte(opLocalGet)}, uint32(local))
	foreign = AppendS32(append(foreign, byte(opI32Const)), int32(p.slots))
	foreign = append(foreign, byte(opI32GeU))
	var body []byte
	for at, op := range f.instructions() {
		switch op {
		case opReturnCall, opReturnCallIndirect:
			return nil, &SyntaxError{Offset: f.base + at, Problem: "a tail call, which can't be pinned"}
		case opCallIndirect:
		default:
			continue
		}
		p.stats.Foreign++
		body = AppendU32(append(append(body, f.buf[start:at]...), byte(opLocalSet)), uint32(local))
		body = p.appendCount(body, foreign, opI32Add)
		body = AppendU32(append(body, byte(opLocalGet)), uint32(local))
		body = p.appendCount(append(body, f.buf[at:f.pos]...), foreign, opI32Sub)
		start = f.pos
	}
	if body == nil || f.err != nil {
		return append(out, f.raw...), nil
	}
	return appendChanged(out, f, f.groups+1, []byte{1, I32}, append(body, f.buf[start:]...)), nil
}

// appendCount appends code that adds a value to the counter or subtracts it.
func (p *pinner) appendCount(dst, value []byte, op opcode) []byte {
	dst = append(AppendU32(append(dst, byte(opGlobalGet)), p.counter), value...)
	return AppendU32(append(dst, byte(op), byte(opGlobalSet)), p.counter)
}

// appendChanged appends f with other instructions and with more locals.
func appendChanged(out []byte, f *function, groups uint32, added, instructions []byte) []byte {
	head := append(append(AppendU32(nil, groups), f.groupBytes...), added...)
	out = AppendU32(out, uint32(len(head)+len(instructions)))
	return append(append(out, head...), instructions...)
}
