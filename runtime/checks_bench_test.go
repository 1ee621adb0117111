package runtime_test

import (
	"context"
	"math"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/runtime/wasmbin"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// spinning is a module with the function "spin", which runs an empty loop as
// often as its parameter says, and "copy", which copies 64 bytes as often.
func spinning(b *testing.B) []byte {
	b.Helper()
	m := &wasmbin.Builder{}
	none, unary := m.Type(nil, nil), m.Type([]wasmbin.ValType{wasmbin.I32}, nil)
	m.Memory(wasmbin.Limits{Min: 1})
	m.Export(cpython.YieldExport, wasmbin.KindFunc, m.Func(none, nil))
	loop := func(body ...byte) []byte {
		code := append([]byte{0x03, 0x40}, body...)                         // loop
		return append(code, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b) // br_if 0 (local.tee 0 (local.get 0 - 1)), end
	}
	m.Export("spin", wasmbin.KindFunc, m.Func(unary, nil, loop()...))
	m.Export("copy", wasmbin.KindFunc, m.Func(unary, nil, loop(0x41, 0xc0, 0, 0x41, 0, 0x41, 0xc0, 0, 0xfc, 10, 0, 0)...))
	module, err := m.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	return module
}

// BenchmarkLoopChecks is what the checks cost where they cost most, in loops that
// do nothing else: compare "without" and "with" for the passes of an empty loop,
// and for copies of 64 bytes. A pass is reported in ns.
func BenchmarkLoopChecks(b *testing.B) {
	without := spinning(b)
	with, _, err := wasmbin.AddLoopChecks(without, wasmbin.LoopCheckOptions{
		Check: wasmbin.CheckLocal, Yield: cpython.YieldExport, FuelExport: cpython.FuelExport, Fuel: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	if with, _, err = wasmbin.AddBulkChecks(with, cpython.FuelExport, ""); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		module []byte
	}{{"without", without}, {"with", with}} {
		for _, function := range []string{"spin", "copy"} {
			b.Run(c.name+"/"+function, func(b *testing.B) {
				ctx := context.Background()
				engine := wazero.NewRuntime(ctx)
				defer func() { _ = engine.Close(ctx) }()
				m, err := engine.Instantiate(ctx, c.module)
				if err != nil {
					b.Fatal(err)
				}
				const passes = 1_000_000
				least := time.Hour // other work on the machine only adds
				for b.Loop() {
					if fuel, ok := m.ExportedGlobal(cpython.FuelExport).(api.MutableGlobal); ok {
						fuel.Set(1 << 31)
					}
					start := time.Now()
					if _, err := m.ExportedFunction(function).Call(ctx, passes); err != nil {
						b.Fatal(err)
					}
					least = min(least, time.Since(start))
				}
				b.ReportMetric(float64(least.Nanoseconds())/passes, "ns/pass")
			})
		}
	}
}

// BenchmarkAccounting runs the same Python with a yield about every millisecond,
// as always, and with so much fuel that none comes: the difference is what it
// costs to look at the clock and at the limits. The checks in the loops are in
// both.
func BenchmarkAccounting(b *testing.B) {
	const code = "def on_fetch(request, env):\n    n = 0\n    for i in range(1_000_000):\n        n += i & 7\n    return str(n)"
	for _, c := range []struct {
		name string
		fuel uint64
	}{{"yields", 0}, {"without", 1 << 31}} {
		b.Run(c.name, func(b *testing.B) {
			w := runtimetest.Worker(b, code, func(config *runtime.Config) { runtime.SetFuel(config, c.fuel) })
			least := int64(math.MaxInt64)
			for b.Loop() {
				r := w.Do(b.Context(), &runtime.Request{Method: "GET", URL: "http://localhost/"})
				if string(r.Body) != "3500000" {
					b.Fatalf("%s %v", r.Body, r.Error)
				}
				least = min(least, r.Metrics.CPU)
			}
			b.ReportMetric(float64(least), "cpu-µs/op")
		})
	}
}
