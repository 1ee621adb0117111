package wasmbin

import "fmt"

// bulkShift says what bulk instructions cost: a check for each 2⁵ bytes, which a
// processor moves in about the time that a short loop takes.
const bulkShift = 5

// BulkCheckStats says what [AddBulkChecks] did.
type BulkCheckStats struct {
	Changed int // instructions that now count
}

// AddBulkChecks makes memory.copy and memory.fill count down the counter that
// [AddLoopChecks] has exported under that name, by the bytes that they move: one
// instruction can take as long as a million passes of a loop, and without it a
// busy guest might not yield for minutes. Where they use the counter up, they call
// the exported function yield, which must not use them itself; where that is "",
// the counter stands at one then, so that the next loop yields.
//
// Each of the two becomes a call of a function that is added for it. Indices of
// what is there do not change.
func AddBulkChecks(module []byte, fuelExport, yield string) ([]byte, BulkCheckStats, error) {
	var stats BulkCheckStats
	m, err := Parse(module)
	if err != nil {
		return nil, stats, err
	}
	fuel, ok := m.Export(fuelExport)
	if !ok || fuel.Kind != KindGlobal {
		return nil, stats, fmt.Errorf("bulk checks: global %q: %w", fuelExport, ErrNoExport)
	}
	usedUp := AppendU32([]byte{byte(opI32Const), 1, byte(opGlobalSet)}, fuel.Index)
	if yield != "" {
		index, ok := m.ExportedFunc(yield)
		if !ok {
			return nil, stats, fmt.Errorf("bulk checks: function %q: %w", yield, ErrNoExport)
		}
		usedUp = AppendU32([]byte{byte(opCall)}, index)
	}
	section, ok := m.section(SectionCode)
	if memory, has := m.firstMemory(); !ok || !has || memory.Is64 {
		return module, stats, nil
	}
	first := m.Count(KindFunc)
	code := section.Reader()
	body := AppendU32(nil, uint32(len(m.Functions))+2)
	for f := range m.functions(code) {
		body = appendBulkCalls(body, f, first, &stats)
	}
	if err := code.Err(); err != nil {
		return nil, stats, err
	}
	if stats.Changed == 0 {
		return module, stats, nil
	}
	types, functions := m.vector(SectionType, len(m.Types)), m.vector(SectionFunction, len(m.Functions))
	types.add(AppendFuncType(nil, FuncType{Params: []ValType{I32, I32, I32}}))
	for _, instruction := range [][]byte{{0xfc, 10, 0, 0}, {0xfc, 11, 0}} {
		functions.add(AppendU32(nil, uint32(len(m.Types))))
		body = AppendBytes(body, countedBulk(fuel.Index, usedUp, instruction))
	}
	out, err := m.rewrite(changes{
		bodies: map[SectionID][]byte{SectionType: types.bytes(), SectionFunction: functions.bytes(), SectionCode: body},
		custom: customAfterMove,
	})
	return out, stats, err
}

// appendBulkCalls appends f with calls in place of the two instructions; first is
// the function for memory.copy, and the next that for memory.fill. Those of other
// memories than the first stay.
func appendBulkCalls(out []byte, f *function, first uint32, stats *BulkCheckStats) []byte {
	start := f.pos
	var changed []byte
	for at, op := range f.instructions() {
		if op != opMemoryCopy && op != opMemoryFill {
			continue
		}
		target := first
		if op == opMemoryFill {
			target++
		}
		if memories := f.buf[at+2 : f.pos]; memories[0] != 0 || memories[len(memories)-1] != 0 {
			continue
		}
		changed = append(append(changed, f.buf[start:at]...), byte(opCall))
		changed = AppendU32(changed, target)
		start = f.pos
		stats.Changed++
	}
	if changed == nil {
		return append(out, f.raw...)
	}
	head := append(AppendU32(nil, f.groups), f.groupBytes...)
	out = AppendU32(out, uint32(len(head)+len(changed)+len(f.buf)-start))
	out = append(append(out, head...), changed...)
	return append(out, f.buf[start:]...)
}

// countedBulk is a function of three parameters, the last of which is how many
// bytes the instruction moves; usedUp is what it does where the counter is.
func countedBulk(fuel uint32, usedUp, instruction []byte) []byte {
	const cost = 3 // a local
	b := []byte{1, 1, I32}
	b = AppendU32(append(b, byte(opGlobalGet)), fuel)
	b = append(b, byte(opLocalGet), 2, byte(opI32Const), bulkShift, byte(opI32ShrU), byte(opLocalTee), cost)
	b = append(b, byte(opI32GtU), byte(opIf), emptyBlock)
	b = AppendU32(append(b, byte(opGlobalGet)), fuel)
	b = append(b, byte(opLocalGet), cost, byte(opI32Sub))
	b = AppendU32(append(b, byte(opGlobalSet)), fuel)
	b = append(append(b, byte(opElse)), usedUp...)
	b = append(b, byte(opEnd), byte(opLocalGet), 0, byte(opLocalGet), 1, byte(opLocalGet), 2)
	return append(append(b, instruction...), byte(opEnd))
}
