package wasmbin

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero/api"
)

// interpreter returns a module with the loop of an interpreter: it chooses between
// four cases, of which the first marks and repeats, the second repeats without,
// and the others return.
func interpreter(t testing.TB) []byte {
	return build(t, func(b *Builder) {
		none, unary := b.Type(nil, nil), b.Type([]ValType{I32}, nil)
		host := b.ImportFunc("env", "yield", none)
		b.Export("pm_yield", KindFunc, b.Func(none, nil, 0x10, byte(host)))
		b.Export("run", KindFunc, b.Func(unary, []ValType{I32},
			0x03, emptyBlock, // loop
			0x20, 1, 0x41, 1, 0x6a, 0x22, 1, 0x41, 10, 0x46, 0x04, emptyBlock, 0x0f, 0x0b, // the tenth pass is the last
			0x02, emptyBlock, 0x02, emptyBlock, 0x02, emptyBlock,
			0x20, 0, 0x0e, 3, 0, 1, 2, 2, // br_table
			0x0b, 0x03, emptyBlock, 0x0b, 0x0c, 2, // 0: loop, end, br 2
			0x0b, 0x0c, 1, // 1: br 1
			0x0b, 0x0b))
	})
}

func TestMarksOfAnInterpreter(t *testing.T) {
	const fuel = 100
	for _, c := range []struct {
		name            string
		dispatch, mark  uint32
		stats           LoopCheckStats
		marked, between int // what nine passes of the two cases take
	}{
		{"as any loop", 0, 0, LoopCheckStats{Functions: 2, Changed: 1, Loops: 2}, 19, 10},
		{"too few cases", 4, 0, LoopCheckStats{Functions: 2, Changed: 1, Loops: 2}, 19, 10},
		{"left", 3, 0, LoopCheckStats{Functions: 2, Changed: 1, Loops: 1, Left: 1}, 9, 0},
		{"marked", 3, 5, LoopCheckStats{Functions: 2, Changed: 1, Loops: 1, Left: 1, Marks: 1}, 45, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := loopOptions(fuel)
			opts.Dispatch, opts.Mark = c.dispatch, c.mark
			module, stats, err := AddLoopChecks(interpreter(t), opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.stats, stats); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
			m := host(t, module, func(context.Context, api.Module) { t.Error("yields") })
			counter := m.ExportedGlobal("pm_fuel").(api.MutableGlobal)
			for kind, want := range []int{c.marked, c.between} {
				counter.Set(fuel)
				call(t, m, "run", uint64(kind))
				if got := fuel - int(counter.Get()); got != want {
					t.Errorf("case %d takes %d, want %d", kind, got, want)
				}
			}
		})
	}
}

// A mark passes zero where it counts for more than is left, and yields there.
func TestMarkPassesZero(t *testing.T) {
	opts := loopOptions(12)
	opts.Dispatch, opts.Mark = 3, 5
	module, _, err := AddLoopChecks(interpreter(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	yields := 0
	var counter api.MutableGlobal
	m := host(t, module, func(context.Context, api.Module) {
		yields++
		if left := int32(counter.Get()); left != -3 {
			t.Errorf("yields at %d, want -3", left)
		}
		counter.Set(12)
	})
	counter = m.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	call(t, m, "run", 0) // nine marks, every other one twice
	if yields != 4 {
		t.Errorf("%d yields, want 4", yields)
	}
}
