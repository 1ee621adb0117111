package wasmbin

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoExport means that a module does not export what it has to.
var ErrNoExport = errors.New("no such export")

// LoopCheck is the code that goes into each loop.
type LoopCheck int

const (
	// CheckLocal counts a global down, and keeps the new value in a local that
	// is added to the function for that.
	CheckLocal LoopCheck = iota
	// CheckGlobal counts a global down, and reads it back.
	CheckGlobal
	// CheckWord looks at a word of memory, and yields when it is not zero.
	CheckWord
)

// LoopCheckOptions says how a module is made to yield.
type LoopCheckOptions struct {
	Check LoopCheck
	// Yield is the export name of the function to call, which takes and returns
	// nothing. It may be imported by the module or defined in it.
	Yield string
	// Leave names exported functions that get no checks. The yield function
	// gets none in any case.
	Leave []string

	// Fuel is how many checks are passed until the first that yields; not zero.
	// Unused with CheckWord, as is FuelExport.
	Fuel uint32
	// FuelExport is the name under which the counter, a mutable i32 global, is
	// exported. The module must not have an export of that name.
	FuelExport string

	// Address is that of the word that CheckWord looks at, in memory 0.
	Address uint32
}

// LoopCheckStats says what [AddLoopChecks] did.
type LoopCheckStats struct {
	Functions int // that the module defines
	Changed   int // functions that got checks
	Loops     int // checks at loops
	TailCalls int // checks at tail calls
}

// AddLoopChecks makes a module yield to its host while it is busy, which is how
// the host stops it.
//
// Whenever the module enters a loop or repeats one, it takes one from a counter,
// and calls the yield function when that reaches zero. Tail calls count like
// loops, since a function can repeat itself by them; other recursion ends by
// itself when the stack is full. The host, within the yield function, either sets
// the counter to the next span or makes the call trap. If it does neither, the
// counter wraps, and the next yield comes after 2³² checks; that also means that
// loops in functions which yield calls are harmless.
//
// Indices of functions, types and existing globals and locals do not change. The
// custom sections that give places in the code are dropped, since the places move:
// DWARF, relocations, source maps, branch hints and the names of labels.
func AddLoopChecks(module []byte, opts LoopCheckOptions) ([]byte, LoopCheckStats, error) {
	var stats LoopCheckStats
	m, err := Parse(module)
	if err != nil {
		return nil, stats, err
	}
	c, err := newLoopChecker(m, opts)
	if err != nil {
		return nil, stats, fmt.Errorf("loop checks: %w", err)
	}
	bodies := make(map[SectionID][]byte)
	if opts.Check != CheckWord {
		bodies[SectionGlobal], bodies[SectionExport] = c.globals(), c.exports()
	}
	if s, ok := m.section(SectionCode); ok {
		if bodies[SectionCode], err = c.code(s); err != nil {
			return nil, stats, fmt.Errorf("loop checks: %w", err)
		}
	}
	out, err := m.rewrite(changes{bodies: bodies, custom: customAfterMove})
	return out, c.stats, err
}

// loopChecker adds the checks to one module.
type loopChecker struct {
	m     *Module
	opts  LoopCheckOptions
	fuel  uint32 // index of the counter
	yield uint32 // index of the yield function
	leave map[uint32]bool
	stats LoopCheckStats

	points []int  // where checks go in the current function
	check  []byte // the current function's check
}

func newLoopChecker(m *Module, opts LoopCheckOptions) (*loopChecker, error) {
	c := &loopChecker{m: m, opts: opts, fuel: m.Count(KindGlobal), leave: make(map[uint32]bool)}
	for _, name := range append([]string{opts.Yield}, opts.Leave...) {
		index, ok := m.ExportedFunc(name)
		if !ok {
			return nil, fmt.Errorf("function %q: %w", name, ErrNoExport)
		}
		c.leave[index] = true
	}
	c.yield, _ = m.ExportedFunc(opts.Yield)
	if t, _ := m.FuncType(c.yield); len(t.Params) != 0 || len(t.Results) != 0 {
		return nil, fmt.Errorf("function %q has parameters or results", opts.Yield)
	}
	switch opts.Check {
	case CheckLocal, CheckGlobal:
		if opts.Fuel == 0 {
			return nil, errors.New("fuel must not be zero")
		}
		if _, taken := m.Export(opts.FuelExport); taken {
			return nil, fmt.Errorf("the module exports %q already", opts.FuelExport)
		}
	case CheckWord:
		if m.Count(KindMemory) == 0 {
			return nil, errors.New("the module has no memory")
		}
	default:
		return nil, fmt.Errorf("unknown check %d", opts.Check)
	}
	return c, nil
}

// globals returns the body of the global section with the counter at its end.
func (c *loopChecker) globals() []byte {
	body := AppendU32(nil, uint32(len(c.m.Globals))+1)
	for _, g := range c.m.Globals {
		body = append(body, g.entry...)
	}
	body = AppendGlobalType(body, GlobalType{Type: I32, Mutable: true})
	return AppendI32Const(body, c.opts.Fuel)
}

// exports returns the body of the export section with the counter at its end.
func (c *loopChecker) exports() []byte {
	body := AppendU32(nil, uint32(len(c.m.Exports))+1)
	for _, e := range c.m.Exports {
		body = append(body, e.entry...)
	}
	return appendExport(body, c.opts.FuelExport, KindGlobal, c.fuel)
}

// code returns the body of the code section with the checks.
func (c *loopChecker) code(s Section) ([]byte, error) {
	code := s.Reader()
	out := make([]byte, 0, len(s.Body)+len(s.Body)/8)
	out = AppendU32(out, uint32(len(c.m.Functions)))
	for f := range c.m.functions(code) {
		var err error
		if out, err = c.appendFunction(out, f); err != nil {
			return nil, err
		}
	}
	c.stats.Functions = len(c.m.Functions)
	return out, code.Err()
}

// appendFunction appends f with its checks.
func (c *loopChecker) appendFunction(out []byte, f *function) ([]byte, error) {
	if c.leave[f.index] {
		return append(out, f.raw...), nil
	}
	start := f.pos
	c.points = c.points[:0]
	for at, op := range f.instructions() {
		switch op {
		case opLoop:
			c.points = append(c.points, f.pos)
			c.stats.Loops++
		case opReturnCall, opReturnCallIndirect:
			c.points = append(c.points, at)
			c.stats.TailCalls++
		}
	}
	if len(c.points) == 0 || f.err != nil {
		return append(out, f.raw...), nil
	}
	c.stats.Changed++

	t, _ := c.m.FuncType(f.index)
	local := uint64(len(t.Params)) + f.locals
	if local >= math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: fmt.Sprintf("%d locals", local)}
	}
	groups, added := f.groups, []byte(nil)
	if c.opts.Check == CheckLocal {
		groups, added = groups+1, []byte{1, I32}
	}
	c.appendCheck(uint32(local))

	var count [5]byte
	head := AppendU32(count[:0], groups)
	size := len(head) + len(f.groupBytes) + len(added) + len(f.buf) - start + len(c.points)*len(c.check)
	if size > math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: "function becomes too large"}
	}
	out = AppendU32(out, uint32(size))
	out = append(append(append(out, head...), f.groupBytes...), added...)
	for _, point := range c.points {
		out = append(append(out, f.buf[start:point]...), c.check...)
		start = point
	}
	return append(out, f.buf[start:]...), nil
}

// appendCheck sets c.check to the code for a function in which that local is
// free.
func (c *loopChecker) appendCheck(local uint32) {
	b := c.check[:0]
	switch c.opts.Check {
	case CheckLocal:
		b = appendCountDown(b, c.fuel)
		b = AppendU32(append(b, byte(opLocalTee)), local)
		b = AppendU32(append(b, byte(opGlobalSet)), c.fuel)
		b = AppendU32(append(b, byte(opLocalGet)), local)
		b = append(b, byte(opI32Eqz))
	case CheckGlobal:
		b = appendCountDown(b, c.fuel)
		b = AppendU32(append(b, byte(opGlobalSet)), c.fuel)
		b = AppendU32(append(b, byte(opGlobalGet)), c.fuel)
		b = append(b, byte(opI32Eqz))
	case CheckWord:
		b = append(b, byte(opI32Const), 0, byte(opI32Load), 2)
		b = AppendU32(b, c.opts.Address)
	}
	b = append(b, byte(opIf), emptyBlock, byte(opCall))
	b = AppendU32(b, c.yield)
	c.check = append(b, byte(opEnd))
}

// appendCountDown appends code that leaves the counter's next value on the stack.
func appendCountDown(dst []byte, fuel uint32) []byte {
	dst = AppendU32(append(dst, byte(opGlobalGet)), fuel)
	return append(dst, byte(opI32Const), 1, byte(opI32Sub))
}
