package wasmbin

import "slices"

// CallGraph says which functions of a module call which by name. Calls through a
// table are not in it: where those go is not known before they are made. An import
// of what the module itself exports by that name, as side modules have, is taken
// for that.
type CallGraph struct {
	callers [][]uint32 // of each function
}

// CallGraph reads the calls of all functions.
func (m *Module) CallGraph() (*CallGraph, error) {
	n := m.Count(KindFunc)
	g := &CallGraph{callers: make([][]uint32, n)}
	defined := m.importedOwn()
	code, ok := m.codeReader()
	if !ok {
		return g, nil
	}
	for f := range m.functions(code) {
		called := map[uint32]bool{}
		for at, op := range f.instructions() {
			if op != opCall && op != opReturnCall {
				continue
			}
			callee := f.operand(at)
			if own, ok := defined[callee]; ok {
				callee = own
			}
			switch {
			case callee >= n:
				f.Fail(f.base+at, "call of function %d, and there are %d", callee, n)
			case !called[callee]:
				called[callee] = true
				g.callers[callee] = append(g.callers[callee], f.index)
			}
		}
	}
	return g, code.Err()
}

// importedOwn maps imported functions to those that the module exports by the same name.
func (m *Module) importedOwn() map[uint32]uint32 {
	own := map[uint32]uint32{}
	index := uint32(0)
	for _, i := range m.Imports {
		if i.Kind != KindFunc {
			continue
		}
		if function, ok := m.ExportedFunc(i.Name); ok {
			own[index] = function
		}
		index++
	}
	return own
}

// Callers returns the functions that call a function by name, in order.
func (g *CallGraph) Callers(function uint32) []uint32 { return g.callers[function] }

// Recursive returns the functions that can call themselves by name, directly or
// through others.
func (g *CallGraph) Recursive() map[uint32]bool {
	s := recursion{graph: g, order: make([]int, len(g.callers)), low: make([]int, len(g.callers)), found: map[uint32]bool{}}
	for function := range g.callers {
		if s.order[function] == 0 {
			s.visit(uint32(function))
		}
	}
	return s.found
}

// recursion finds circles in a graph as Tarjan does, without recursion of its own.
type recursion struct {
	graph      *CallGraph
	order, low []int // of each function that was visited, from 1
	visited    int
	open       []uint32 // functions whose circle is not known yet
	path       []recursionStep
	found      map[uint32]bool
}

type recursionStep struct {
	function uint32
	next     int // the caller to look at
}

// closed stands in order for functions whose circle is known.
const closed = -1

func (s *recursion) visit(function uint32) {
	s.enter(function)
	for len(s.path) > 0 {
		at := &s.path[len(s.path)-1]
		callers := s.graph.callers[at.function]
		if at.next == len(callers) {
			s.leave()
			continue
		}
		caller := callers[at.next]
		at.next++
		switch {
		case caller == at.function:
			s.found[caller] = true
		case s.order[caller] == 0:
			s.enter(caller)
		case s.order[caller] != closed:
			s.low[at.function] = min(s.low[at.function], s.order[caller])
		}
	}
}

func (s *recursion) enter(function uint32) {
	s.visited++
	s.order[function], s.low[function] = s.visited, s.visited
	s.open = append(s.open, function)
	s.path = append(s.path, recursionStep{function: function})
}

func (s *recursion) leave() {
	function := s.path[len(s.path)-1].function
	s.path = s.path[:len(s.path)-1]
	if len(s.path) > 0 {
		above := s.path[len(s.path)-1].function
		s.low[above] = min(s.low[above], s.low[function])
	}
	if s.low[function] != s.order[function] {
		return
	}
	first := slices.Index(s.open, function)
	circle := s.open[first:]
	for _, member := range circle {
		s.order[member] = closed
		if len(circle) > 1 {
			s.found[member] = true
		}
	}
	s.open = s.open[:first]
}

// operand reads the first immediate of the instruction at a place.
func (f *function) operand(at int) uint32 {
	r := Reader{buf: f.buf, pos: at + 1}
	return r.U32()
}
