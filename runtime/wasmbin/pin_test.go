package wasmbin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// pinnable is a module whose functions call an import that asks for the pins:
//
//	suspendable ─▶ ask                direct ─▶ suspendable
//	through(slot) ─▶ table[slot]      other(slot) ─▶ table[slot]
//	query                             table: suspendable, direct
//	grow puts suspendable into a third slot, as a linker would
func pinnable(t testing.TB) (module []byte, suspendable func(uint32) bool) {
	t.Helper()
	var b Builder
	none, slot, number := b.Type(nil, nil), b.Type([]ValType{I32}, nil), b.Type(nil, []ValType{I32})
	ask := b.ImportFunc("host", "ask", none)
	target := b.Func(none, nil, byte(opCall), byte(ask))
	direct := b.Func(none, nil, byte(opCall), byte(target))
	indirectly := []byte{byte(opLocalGet), 0, byte(opCallIndirect), byte(none), 0}
	through := b.Func(slot, nil, indirectly...)
	other := b.Func(slot, []ValType{I64}, indirectly...)
	query := b.Func(number, nil, byte(opI32Const), 0)
	const tableGrow, drop = 15, 0x1a
	grow := b.Func(none, nil, byte(opRefFunc), byte(target), byte(opI32Const), 1, 0xfc, tableGrow, 0, drop)
	b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 2}})
	b.Elements(AppendI32Const(nil, 0), target, direct)
	for name, index := range map[string]uint32{"suspendable": target, "direct": direct, "through": through, "other": other, "query": query, "grow": grow} {
		b.Export(name, KindFunc, index)
	}
	b.Export("table", KindTable, 0)
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return module, func(f uint32) bool { return f == target || f == through }
}

func TestPin(t *testing.T) {
	module, suspendable := pinnable(t)
	pinned, stats, err := Pin(module, PinOptions{Suspendable: suspendable, Query: "query"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(PinStats{Suspendable: 2, Direct: 1, Indirect: 1, Foreign: 1}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	defer func() { _ = r.Close(context.WithoutCancel(ctx)) }()
	var seen []uint64 // pins, at each call of the host
	ask := func(ctx context.Context, m api.Module, _ []uint64) {
		results, err := m.ExportedFunction("query").Call(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		seen = append(seen, results[0])
	}
	if _, err := r.NewHostModuleBuilder("host").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(ask), nil, nil).Export("ask").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.Instantiate(ctx, pinned)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ExportedFunction("grow").Call(ctx); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		function string
		params   []uint64
		pins     uint64
	}{
		{"suspendable", nil, 0},
		{"direct", nil, 1},
		{"through", []uint64{0}, 0},
		{"through", []uint64{1}, 1}, // by way of direct
		{"other", []uint64{0}, 1},
		{"other", []uint64{1}, 2},
		{"through", []uint64{2}, 1}, // not a slot of its own
	} {
		seen = nil
		if _, err := m.ExportedFunction(test.function).Call(ctx, test.params...); err != nil {
			t.Fatalf("%s%v: %v", test.function, test.params, err)
		}
		if want := []uint64{test.pins}; !slices.Equal(seen, want) {
			t.Errorf("%s%v is pinned %v times, want %v", test.function, test.params, seen, want)
		}
		if results, err := m.ExportedFunction("query").Call(ctx); err != nil || results[0] != 0 {
			t.Errorf("after %s%v there are %v pins, %v", test.function, test.params, results, err)
		}
	}
}

func TestPinRefuses(t *testing.T) {
	module, suspendable := pinnable(t)
	if _, _, err := Pin(module, PinOptions{Suspendable: suspendable, Query: "nobody"}); !errors.Is(err, ErrNoExport) {
		t.Errorf("error is %v, want ErrNoExport", err)
	}
	if _, _, err := Pin(module, PinOptions{Suspendable: suspendable, Query: "other"}); err == nil {
		t.Error("a query with a parameter is accepted")
	}
	var b Builder
	none, number := b.Type(nil, nil), b.Type(nil, []ValType{I32})
	b.Export("query", KindFunc, b.Func(number, nil, byte(opI32Const), 0))
	b.Func(none, nil, byte(opReturnCall), 1)
	tail, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = Pin(tail, PinOptions{Suspendable: func(uint32) bool { return false }, Query: "query"})
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(syntax.Problem, "tail call") {
		t.Errorf("error is %v, want one about a tail call", err)
	}
}

func TestCallGraph(t *testing.T) {
	module, _ := pinnable(t)
	g, err := mustParse(t, module).CallGraph()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint32{{1}, {2}, nil}, [][]uint32{g.Callers(0), g.Callers(1), g.Callers(2)}); diff != "" {
		t.Errorf("callers (-want +got):\n%s", diff)
	}
}

func TestDataAt(t *testing.T) {
	var b Builder
	b.Memory(Limits{Min: 1})
	b.Data(AppendI32Const(nil, 100), []byte("first"))
	b.Data(AppendI32Const(nil, 200), []byte("second"))
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, module)
	for _, test := range []struct {
		address, n uint32
		want       string
	}{{100, 5, "first"}, {201, 3, "eco"}, {99, 1, ""}, {104, 2, ""}, {300, 1, ""}} {
		data, ok := m.DataAt(test.address, test.n)
		if string(data) != test.want || ok != (test.want != "") {
			t.Errorf("%d bytes at %d are %q, %v", test.n, test.address, data, ok)
		}
	}
}
