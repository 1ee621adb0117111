package wasmbin

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrNoExport means that a module does not export what it has to.
var ErrNoExport = errors.New("no such export")

// LoopCheckOptions says how a module is made to yield.
type LoopCheckOptions struct {
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
	Fuel uint32
	// FuelExport is the name under which the counter, a mutable i32 global, is
	// exported. The module must not have an export of that name.
	FuelExport string
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
// that is asked for. Within the yield function the host either makes the call trap,
// or sets the counter to the next span, which has to be more than a mark counts for,
// since what has yielded counts once more.
//
// The code that yields stands behind the loop and goes back to where it begins:
//
//	block                     block
//	  loop                      loop
//	    …              ──▶        block
//	    br_if 0                     local := counter - 1, counter := local
//	  end                           br_if 0 (local = 0)
//	end                             …
//	                                br_if 1
//	                                br 2
//	                              end
//	                              call yield
//	                              br 0
//	                            end
//	                          end
//
// With a call in the middle of the loop, the compiler would have each pass read
// back from the stack what it had in registers, since it takes their state after
// the call for that of the whole loop. This costs half a percent, and that six.
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
	bodies := map[SectionID][]byte{SectionGlobal: c.globals(), SectionExport: c.exports()}
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

	points []checkPoint // in the current function, in order
	open   []int        // of the blocks that are open: the index in points, -1 where it is no loop
	plain  bool         // no check may go around a loop
	writer checkedCode
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
	if opts.Fuel == 0 {
		return nil, errors.New("fuel must not be zero")
	}
	if _, taken := m.Export(opts.FuelExport); taken {
		return nil, fmt.Errorf("the module exports %q already", opts.FuelExport)
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

// checkPoint is a place that counts.
type checkPoint struct {
	at   int // where the code goes: in a loop, before its first instruction
	loop bool
	mark bool // it is an empty loop
	left bool // it does not count after all
}

// findPoints sets c.points.
func (c *loopChecker) findPoints(f *function) {
	c.points, c.open, c.plain = c.points[:0], c.open[:0], false
	if c.recursive[f.index] {
		c.points = append(c.points, checkPoint{at: f.pos})
		c.stats.Recursive++
	}
	for at, op := range f.instructions() {
		switch op {
		case opLoop:
			c.open = append(c.open, len(c.points))
			c.points = append(c.points, checkPoint{at: f.pos, loop: true})
		case opTry, opTryTable:
			c.open, c.plain = append(c.open, -1), true // what they jump to is not followed
		case opBlock, opIf:
			c.open = append(c.open, -1)
		case opEnd, opDelegate:
			if n := len(c.open); n > 0 {
				if i := c.open[n-1]; i >= 0 {
					c.points[i].mark = c.points[i].at == at && c.opts.Mark != 0
				}
				c.open = c.open[:n-1]
			}
		case opBrTable:
			if cases := f.operand(at); c.opts.Dispatch != 0 && cases >= c.opts.Dispatch {
				c.leaveInnermost()
			}
		case opReturnCall, opReturnCallIndirect:
			c.points = append(c.points, checkPoint{at: at})
			c.stats.TailCalls++
		}
	}
	c.points = slices.DeleteFunc(c.points, func(p checkPoint) bool { return p.left })
	for _, p := range c.points {
		if p.loop {
			c.stats.Loops++
		}
		if p.mark {
			c.stats.Marks++
		}
	}
}

// leaveInnermost leaves the innermost loop that is open without a check.
func (c *loopChecker) leaveInnermost() {
	for _, i := range slices.Backward(c.open) {
		if i < 0 {
			continue
		}
		if !c.points[i].left {
			c.stats.Left++
		}
		c.points[i].left = true
		return
	}
}

// appendFunction appends f with its checks.
func (c *loopChecker) appendFunction(out []byte, f *function) ([]byte, error) {
	if c.leave[f.index] {
		return append(out, f.raw...), nil
	}
	code := function{Reader: &Reader{buf: f.buf, pos: f.pos}}
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
	w := &c.writer
	w.fuel, w.yield, w.local, w.mark, w.plain = c.fuel, c.yield, uint32(local), c.opts.Mark, c.plain
	w.body = AppendU32(w.body[:0], f.groups+1)
	w.body = append(append(w.body, f.groupBytes...), 1, I32)
	w.write(&code, c.points)
	if len(w.body) > math.MaxUint32 {
		return nil, &SyntaxError{Offset: f.base, Problem: "function becomes too large"}
	}
	return AppendBytes(out, w.body), nil
}
