package wasmbin

import (
	"errors"
	"fmt"
	"math"
	"slices"
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

	// Recursion adds a check where a function begins that can call itself by
	// name, directly or through others: `f(n-1) ^ 3*f(n-2)` has no loop and takes
	// as long as it pleases.
	Recursion bool
	// Dispatch, where it is not zero, leaves out loops that choose between at
	// least as many cases: the loop of an interpreter, whose program can't repeat
	// itself without an instruction that has a mark of its own.
	Dispatch uint32
	// Mark is what an empty loop in the code counts for, by which the program
	// says that it has done something; 0: one, like any loop.
	Mark uint32

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
	Marks     int // of them, at empty loops that count for more
	Left      int // loops without a check, because of Dispatch
	TailCalls int // checks at tail calls
	Recursive int // checks where functions begin
}

// AddLoopChecks makes a module yield to its host while it is busy, which is how
// the host stops it.
//
// Whenever the module enters a loop or repeats one, it takes one from a counter,
// and calls the yield function when that reaches zero. Tail calls count like
// loops, since a function can repeat itself by them; other recursion counts where
// that is asked for. The host, within the yield function, either sets
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
	// recursive are the functions that get a check where they begin.
	recursive map[uint32]bool
	stats     LoopCheckStats

	points []checkPoint // where checks go in the current function
	open   []int        // of the blocks that are open: the index in points, -1 where it is no loop
	check  []byte       // the current function's check
	mark   []byte       // and that for an empty loop
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
	if opts.Recursion {
		graph, err := m.CallGraph()
		if err != nil {
			return nil, err
		}
		c.recursive = graph.Recursive()
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

// checkPoint is where a check goes.
type checkPoint struct {
	at   int
	mark bool // it is an empty loop
	left bool // no check after all
}

// findPoints sets c.points.
func (c *loopChecker) findPoints(f *function) {
	c.points, c.open = c.points[:0], c.open[:0]
	if c.recursive[f.index] {
		c.points = append(c.points, checkPoint{at: f.pos})
		c.stats.Recursive++
		c.stats.Loops--
	}
	for at, op := range f.instructions() {
		switch op {
		case opLoop:
			c.open = append(c.open, len(c.points))
			c.points = append(c.points, checkPoint{at: f.pos})
		case opBlock, opIf, opTry, opTryTable:
			c.open = append(c.open, -1)
		case opEnd, opDelegate:
			if n := len(c.open); n > 0 {
				if i := c.open[n-1]; i >= 0 && c.points[i].at == at && c.opts.Mark != 0 {
					c.points[i].mark = true
				}
				c.open = c.open[:n-1]
			}
		case opBrTable:
			cases := NewReader(f.buf[at+1:], 0).U32()
			if c.opts.Dispatch == 0 || cases < c.opts.Dispatch {
				continue
			}
			for n := len(c.open) - 1; n >= 0; n-- {
				if i := c.open[n]; i >= 0 {
					c.points[i].left = true
					break
				}
			}
		case opReturnCall, opReturnCallIndirect:
			c.points = append(c.points, checkPoint{at: at})
			c.stats.TailCalls++
			c.stats.Loops--
		}
	}
	all := len(c.points)
	c.points = slices.DeleteFunc(c.points, func(p checkPoint) bool { return p.left })
	c.stats.Left += all - len(c.points)
	c.stats.Loops += len(c.points)
}

// appendFunction appends f with its checks.
func (c *loopChecker) appendFunction(out []byte, f *function) ([]byte, error) {
	if c.leave[f.index] {
		return append(out, f.raw...), nil
	}
	start := f.pos
	c.findPoints(f)
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
	c.check = c.appendCheck(c.check[:0], uint32(local), 1)
	c.mark = c.appendCheck(c.mark[:0], uint32(local), c.opts.Mark)

	var count [5]byte
	head := AppendU32(count[:0], groups)
	size := len(head) + len(f.groupBytes) + len(added) + len(f.buf) - start
	for _, point := range c.points {
		size += len(c.checkAt(point))
	}
	if size > math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: "function becomes too large"}
	}
	out = AppendU32(out, uint32(size))
	out = append(append(append(out, head...), f.groupBytes...), added...)
	for _, point := range c.points {
		if point.mark {
			c.stats.Marks++
		}
		out = append(append(out, f.buf[start:point.at]...), c.checkAt(point)...)
		start = point.at
	}
	return append(out, f.buf[start:]...), nil
}

func (c *loopChecker) checkAt(p checkPoint) []byte {
	if p.mark {
		return c.mark
	}
	return c.check
}

// appendCheck appends the code for a function in which that local is free. It
// counts by an amount; where that is not one, the counter may pass zero.
func (c *loopChecker) appendCheck(b []byte, local, amount uint32) []byte {
	test := []byte{byte(opI32Eqz)}
	if amount > 1 {
		test = []byte{byte(opI32Const), 0, byte(opI32LeS)}
	}
	switch c.opts.Check {
	case CheckLocal:
		b = appendCountDown(b, c.fuel, amount)
		b = AppendU32(append(b, byte(opLocalTee)), local)
		b = AppendU32(append(b, byte(opGlobalSet)), c.fuel)
		b = AppendU32(append(b, byte(opLocalGet)), local)
		b = append(b, test...)
	case CheckGlobal:
		b = appendCountDown(b, c.fuel, amount)
		b = AppendU32(append(b, byte(opGlobalSet)), c.fuel)
		b = AppendU32(append(b, byte(opGlobalGet)), c.fuel)
		b = append(b, test...)
	case CheckWord:
		b = append(b, byte(opI32Const), 0, byte(opI32Load), 2)
		b = AppendU32(b, c.opts.Address)
	}
	b = append(b, byte(opIf), emptyBlock, byte(opCall))
	b = AppendU32(b, c.yield)
	return append(b, byte(opEnd))
}

// appendCountDown appends code that leaves the counter's next value on the stack.
func appendCountDown(dst []byte, fuel, amount uint32) []byte {
	dst = AppendU32(append(dst, byte(opGlobalGet)), fuel)
	return append(AppendS32(append(dst, byte(opI32Const)), int32(amount)), byte(opI32Sub))
}
