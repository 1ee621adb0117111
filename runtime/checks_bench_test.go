package runtime_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
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
		Yield: cpython.YieldExport, FuelExport: cpython.FuelExport, Fuel: 1,
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
	}{{"yields", 0}, {"without", 1 << 30}} {
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

// checkedWork is what the CPU benchmark does, in pieces of some milliseconds: of a
// hundred short runs one is undisturbed also on a busy machine.
const checkedWork = `
import hashlib, json, re

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def loop():
    s = 0
    for i in range(60_000):
        s += i
    return s

documents = [{"id": i, "name": "user%d" % i, "tags": ["a", "b"], "v": i * 1.5} for i in range(1000)]
text = "hello world foo@bar.com 12345 " * 3_000
data = b"x" * 1_000_000

works = {
    "fib": lambda: fib(20),
    "loop": loop,
    "json": lambda: json.loads(json.dumps(documents)),
    "regex": lambda: len(re.findall(r"[\w.]+@[\w.]+", text)),
    "sha256": lambda: hashlib.sha256(data).hexdigest(),
}

def on_fetch(request, env):
    works[request.path[1:]]()
    return "ok"
`

// BenchmarkChecksOnPython runs the same work in the interpreter as it is, which
// yields about every millisecond, and in one whose checks were taken out of its
// code, in turns. What the checks and the accounting cost together is reported for
// each work, and their geometric mean at the end. Other work on the machine only
// adds to a run, so the least of the CPU times counts: -benchtime 100x and more.
//
// Where the code comes to lie in the lines of the processor's cache makes more of a
// difference than the checks, so both are compiled at four distances from there.
func BenchmarkChecksOnPython(b *testing.B) {
	module, err := os.ReadFile(runtimetest.EngineConfig(b).Wasm)
	if err != nil {
		b.Fatal(err)
	}
	bare := withoutChecks(b, module)
	var pairs [4][2]*runtime.Worker // with and without
	for i := range pairs {
		for j, module := range [][]byte{module, bare} {
			pairs[i][j] = workerOf(b, moved(b, module, i), checkedWork)
		}
	}
	names := []string{"fib", "loop", "json", "regex", "sha256"}
	logs := 0.0
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			var least [len(pairs)][2]int64
			for i := range least {
				least[i] = [2]int64{math.MaxInt64, math.MaxInt64}
			}
			for b.Loop() {
				for i, pair := range pairs {
					for j, w := range pair {
						r := w.Do(b.Context(), &runtime.Request{Method: "GET", URL: "http://localhost/" + name})
						if string(r.Body) != "ok" {
							b.Fatalf("%s %v", r.Body, r.Error)
						}
						least[i][j] = min(least[i][j], r.Metrics.CPU)
					}
				}
			}
			log, cpu := 0.0, [2]float64{}
			for _, l := range least {
				log += math.Log(float64(l[0])/float64(l[1])) / float64(len(pairs))
				cpu[0] += float64(l[0]) / float64(len(pairs))
				cpu[1] += float64(l[1]) / float64(len(pairs))
			}
			b.ReportMetric(cpu[0], "with-cpu-µs")
			b.ReportMetric(cpu[1], "without-cpu-µs")
			b.ReportMetric(100*(math.Exp(log)-1), "%more")
			logs += log
		})
	}
	b.Run("mean", func(b *testing.B) {
		for b.Loop() {
			continue
		}
		b.ReportMetric(100*(math.Exp(logs/float64(len(names)))-1), "%more")
	})
}

// workerOf runs code in that interpreter.
func workerOf(b *testing.B, module []byte, code string) *runtime.Worker {
	b.Helper()
	config := runtimetest.EngineConfig(b)
	config.CacheDir = b.TempDir()
	config.Wasm = filepath.Join(config.CacheDir, "python.wasm")
	if err := os.WriteFile(config.Wasm, module, 0o644); err != nil {
		b.Fatal(err)
	}
	return runtimetest.WorkerIn(b, runtimetest.EngineOf(b, config), runtime.Config{
		Name: "moved", Module: "entry", Path: []string{"."}, Dir: runtimetest.Project(b, map[string]string{"entry.py": code}),
	})
}

// moved adds as many times 16 bytes of machine code to a module's first function, by
// reading the counter and writing it back.
func moved(b *testing.B, module []byte, times int) []byte {
	b.Helper()
	m, err := wasmbin.Parse(module)
	if err != nil {
		b.Fatal(err)
	}
	fuel, _ := m.Export(cpython.FuelExport)
	nothing := wasmbin.AppendU32([]byte{0x23}, fuel.Index)
	nothing = wasmbin.AppendU32(append(nothing, 0x24), fuel.Index)
	out := wasmbin.AppendHeader(nil)
	for _, s := range m.Sections {
		body := s.Body
		if s.ID == wasmbin.SectionCode {
			r := s.Reader()
			body = wasmbin.AppendU32(nil, r.U32())
			first := r.Bytes(r.U32())
			locals := wasmbin.NewReader(first, 0)
			for range locals.U32() {
				locals.U32()
				locals.Byte()
			}
			at := len(first) - locals.Len()
			body = wasmbin.AppendBytes(body, slices.Concat(first[:at], bytes.Repeat(nothing, 2*times), first[at:]))
			body = append(body, r.Bytes(uint32(r.Len()))...)
			if err := r.Err(); err != nil {
				b.Fatal(err)
			}
		}
		out = wasmbin.AppendSection(out, s.ID, body)
	}
	return out
}

// withoutChecks overwrites the checks that wasmbin.AddLoopChecks has written with
// instructions that do nothing: local := fuel - n, fuel := local, and to where it
// yields if that is zero or less.
func withoutChecks(b *testing.B, module []byte) []byte {
	b.Helper()
	module = bytes.Clone(module)
	m, err := wasmbin.Parse(module)
	if err != nil {
		b.Fatal(err)
	}
	fuel, _ := m.Export(cpython.FuelExport)
	removed := 0
	for _, test := range []struct {
		amount byte
		spent  []byte
	}{{1, []byte{0x45}}, {16, []byte{0x41, 0, 0x4c}}} {
		head := append(wasmbin.AppendU32([]byte{0x23}, fuel.Index), 0x41, test.amount, 0x6b, 0x22)
		for at := 0; ; at++ {
			next := bytes.Index(module[at:], head)
			if next < 0 {
				break
			}
			at += next
			local := wasmbin.NewReader(module[at+len(head):], 0).U32()
			check := wasmbin.AppendU32(bytes.Clone(head), local)
			check = wasmbin.AppendU32(append(check, 0x24), fuel.Index)
			check = wasmbin.AppendU32(append(check, 0x20), local)
			check = append(append(check, test.spent...), 0x0d, 0)
			if bytes.HasPrefix(module[at:], check) {
				copy(module[at:], bytes.Repeat([]byte{0x01}, len(check)))
				removed++
			}
		}
	}
	if removed < 1000 {
		b.Fatalf("only %d checks found", removed)
	}
	return module
}
