package wasmbin

// CallGraph says which functions of a module call which by name. Calls through a
// table are not in it: where those go is not known before they are made.
type CallGraph struct {
	callers [][]uint32 // of each function
}

// CallGraph reads the calls of all functions.
func (m *Module) CallGraph() (*CallGraph, error) {
	n := m.Count(KindFunc)
	g := &CallGraph{callers: make([][]uint32, n)}
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

// Callers returns the functions that call a function by name, in order.
func (g *CallGraph) Callers(function uint32) []uint32 { return g.callers[function] }

// operand reads the first immediate of the instruction at a place.
func (f *function) operand(at int) uint32 {
	r := Reader{buf: f.buf, pos: at + 1}
	return r.U32()
}
