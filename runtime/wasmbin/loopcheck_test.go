package wasmbin

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

var errStopped = errors.New("stopped by the host")

func loopOptions(fuel uint32) LoopCheckOptions {
	return LoopCheckOptions{Yield: "pm_yield", Fuel: fuel, FuelExport: "pm_fuel"}
}

// loops returns a module with loops of several kinds, and a yield function that
// calls the host.
func loops(t testing.TB) []byte {
	return build(t, func(b *Builder) {
		none, unary := b.Type(nil, nil), b.Type([]ValType{I32}, []ValType{I32})
		host := b.ImportFunc("env", "yield", none)
		b.ImportGlobal("env", "unrelated", GlobalType{Type: I64})
		b.Memory(Limits{Min: 1})
		// Counts its third local up to its parameter, through an i64 so that
		// the groups of locals are several.
		count := []byte{
			0x03, emptyBlock, //                  loop
			0x20, 2, 0x41, 1, 0x6a, 0x22, 2, //     local.tee 2 (local.get 2 + 1)
			0x20, 0, 0x48, 0x0d, 0, //              br_if 0 if less than parameter 0
			0x0b, 0x20, 2, //                     end, local.get 2
		}
		b.Export("pm_yield", KindFunc, b.Func(none, nil, 0x10, byte(host)))
		b.Export("count", KindFunc, b.Func(unary, []ValType{I64, I32}, count...))
		b.Export("left", KindFunc, b.Func(unary, []ValType{I64, I32}, count...))
		b.Export("forever", KindFunc, b.Func(none, nil, 0x03, emptyBlock, 0x0c, 0, 0x0b))
		b.Export("once", KindFunc, b.Func(none, nil, 0x03, emptyBlock, 0x0b))
		// A loop that takes its counter from the stack: it counts down.
		b.Export("down", KindFunc, b.Func(unary, nil,
			0x20, 0, 0x03, byte(unary), 0x41, 1, 0x6b, 0x22, 0, 0x20, 0, 0x0d, 0, 0x0b))
		tail := b.Func(none, nil, 0x12, 6+1)
		b.Export("tail", KindFunc, tail)
		b.Export("indirect", KindFunc, b.Func(none, nil, 0x41, 0, 0x13, byte(none), 0))
		b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 1}})
		b.Elements(AppendI32Const(nil, 0), tail+1)
	})
}

// host instantiates a module with that function as its host's yield. The engine is
// the compiler where there is one, which keeps globals in registers.
func host(t *testing.T, module []byte, yield func(context.Context, api.Module)) api.Module {
	t.Helper()
	ctx, r := context.Background(), newRuntimeOf(t, wazero.NewRuntimeConfig())
	if _, err := r.NewHostModuleBuilder("yielding").NewFunctionBuilder().WithFunc(yield).Export("yield").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	// A host module can't export globals.
	env := build(t, func(b *Builder) {
		b.Export("yield", KindFunc, b.ImportFunc("yielding", "yield", b.Type(nil, nil)))
		b.Export("unrelated", KindGlobal, b.Global(GlobalType{Type: I64}, []byte{0x42, 0, 0x0b}))
	})
	if _, err := r.InstantiateWithConfig(ctx, env, configOf("env")); err != nil {
		t.Fatal(err)
	}
	m, err := r.Instantiate(ctx, module)
	if err != nil {
		t.Fatalf("the engine refuses the module: %v", err)
	}
	return m
}

func TestFuelCountsExactly(t *testing.T) {
	const fuel = 10
	opts := loopOptions(fuel)
	opts.Leave = []string{"left"}
	module, stats, err := AddLoopChecks(loops(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(LoopCheckStats{Functions: 8, Changed: 6, Loops: 4, TailCalls: 2}, stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	yields := 0
	var counter api.MutableGlobal
	m := host(t, module, func(context.Context, api.Module) {
		yields++
		if v := counter.Get(); v != 0 {
			t.Errorf("yields with %d left", v)
		}
		counter.Set(fuel)
	})
	counter = m.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	checks, counted := 0, 0
	for _, step := range []struct {
		function string
		arg      []uint64
		checks   int
		result   uint64
	}{
		{"once", nil, 1, 0},
		{"count", []uint64{7}, 7, 7},
		{"left", []uint64{1000}, 0, 1000},
		{"once", nil, 1, 0},
		{"once", nil, 1, 0}, // the tenth
		{"down", []uint64{5}, 5, 0},
		{"count", []uint64{1000}, 1000, 1000},
	} {
		results := call(t, m, step.function, step.arg...)
		if len(results) == 1 && results[0] != step.result {
			t.Errorf("%s(%d) is %d, want %d", step.function, step.arg, results[0], step.result)
		}
		checks += step.checks
		for ; yields > counted; counted++ {
			checks++ // what has yielded counts once more
		}
		if left := fuel - checks%fuel; int(counter.Get()) != left || yields != checks/fuel {
			t.Fatalf("after %s: %d left, %d yields; want %d and %d", step.function, counter.Get(), yields, left, checks/fuel)
		}
	}
}

// TestBranchesGoWhereTheyWent runs loops in loops, out of which branches of all kinds
// go, with a yield at every other pass.
func TestBranchesGoWhereTheyWent(t *testing.T) {
	plain := build(t, func(b *Builder) {
		none, unary := b.Type(nil, nil), b.Type([]ValType{I32}, []ValType{I32})
		host := b.ImportFunc("env", "yield", none)
		b.ImportGlobal("env", "unrelated", GlobalType{Type: I64})
		b.Export("pm_yield", KindFunc, b.Func(none, nil, 0x10, byte(host)))
		add := func(local, n byte) []byte { return []byte{0x20, local, 0x41, n, 0x6a, 0x21, local} }
		b.Export("branches", KindFunc, b.Func(unary, []ValType{I32, I32, I32}, slices.Concat( // counter, digit, result
			[]byte{0x02, emptyBlock},       // block: out
			[]byte{0x03, emptyBlock},       //   loop: outer
			[]byte{0x02, emptyBlock},       //     block: between
			[]byte{0x03, emptyBlock},       //       loop: inner
			add(1, 1),                      //         counter++
			[]byte{0x20, 1, 0x41, 5, 0x70}, //         digit := counter mod 5 (i32.rem_u)
			[]byte{0x21, 2},
			[]byte{0x20, 3, 0x41, 31, 0x6c, 0x20, 2, 0x6a, 0x21, 3}, // result := result*31 + digit
			[]byte{0x20, 1, 0x20, 0, 0x4e, 0x04, emptyBlock},        // if counter >= parameter
			[]byte{0x20, 3, 0x0f, 0x0b},                             //   return result
			[]byte{0x20, 2, 0x41, 4, 0x46, 0x0d, 1},                 //         br_if between, where digit = 4
			[]byte{0x02, emptyBlock, 0x02, emptyBlock},              //         block: two, block: one
			[]byte{0x20, 2, 0x0e, 3, 2, 0, 1, 4, 0x0b},              //           br_table inner, one, two, outer
			add(3, 100), []byte{0x0c, 1, 0x0b}, //           one: br inner
			add(3, 101),                                      //         two
			[]byte{0x0b}, add(3, 102), []byte{0x0c, 1, 0x0b}, //         inner ends; br outer; between ends
			[]byte{0x20, 1, 0x41, 97, 0x4e, 0x0d, 1},          //     br_if out, where counter >= 97
			add(3, 103), []byte{0x0c, 0, 0x0b, 0x0b, 0x20, 3}, //     br outer
		)...))
		b.Export("result", KindFunc, b.Func(unary, []ValType{I32}, slices.Concat(
			[]byte{0x03, byte(I32)}, add(1, 3), // loop with a result
			[]byte{0x20, 1, 0x20, 0, 0x48, 0x0d, 0, 0x20, 1, 0x0b}, // until it is not less than the parameter
			[]byte{0x41, 7, 0x6a},
		)...))
		b.Export("down", KindFunc, b.Func(unary, nil, 0x20, 0, 0x03, byte(unary), 0x41, 1, 0x6b, 0x22, 0, 0x20, 0, 0x0d, 0, 0x0b))
	})
	checked, stats, err := AddLoopChecks(plain, loopOptions(3))
	if err != nil {
		t.Fatal(err)
	}
	if stats.Loops != 4 {
		t.Errorf("%d loops, want 4", stats.Loops)
	}
	before := host(t, plain, func(context.Context, api.Module) { t.Error("yields without checks") })
	yields := 0
	after := host(t, checked, func(_ context.Context, m api.Module) {
		yields++
		m.ExportedGlobal("pm_fuel").(api.MutableGlobal).Set(3)
	})
	for _, name := range []string{"branches", "result", "down"} {
		for n := range uint64(120) {
			want, got := call(t, before, name, n+1), call(t, after, name, n+1)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s(%d) (-without checks +with):\n%s", name, n+1, diff)
			}
		}
	}
	if yields < 120*120/4 {
		t.Errorf("only %d yields", yields)
	}
}

func TestHostStopsGuest(t *testing.T) {
	module, _, err := AddLoopChecks(loops(t), loopOptions(1000))
	if err != nil {
		t.Fatal(err)
	}
	for _, function := range []string{"forever", "tail", "indirect"} {
		t.Run(function, func(t *testing.T) {
			yields := 0
			m := host(t, module, func(_ context.Context, m api.Module) {
				if yields++; yields == 3 {
					panic(errStopped)
				}
				m.ExportedGlobal("pm_fuel").(api.MutableGlobal).Set(1000)
			})
			if _, err := m.ExportedFunction(function).Call(context.Background()); !errors.Is(err, errStopped) {
				t.Errorf("error %v, want %v", err, errStopped)
			}
		})
	}
}

func TestFuelGlobalIsAppended(t *testing.T) {
	module, _, err := AddLoopChecks(rich(t), loopOptions(math.MaxUint32))
	if err != nil {
		t.Fatal(err)
	}
	before, after := mustParse(t, rich(t)), mustParse(t, module)
	if e, ok := after.Export("pm_fuel"); !ok || e.Kind != KindGlobal || e.Index != before.Count(KindGlobal) {
		t.Errorf("the counter is %v %d, %t, want a global %d", e.Kind, e.Index, ok, before.Count(KindGlobal))
	}
	if v, ok := after.ExportedGlobalI32("pm_fuel"); v != math.MaxUint32 || !ok {
		t.Errorf("the counter starts at %d, %t", v, ok)
	}
	if g := after.Globals[len(after.Globals)-1]; !g.Mutable {
		t.Error("the counter is immutable")
	}
	for _, e := range before.Exports {
		if now, ok := after.Export(e.Name); !ok || now.Index != e.Index || now.Kind != e.Kind {
			t.Errorf("export %s became %v %d", e.Name, now.Kind, now.Index)
		}
	}
}

func TestAddLoopChecksRefuses(t *testing.T) {
	change := func(f func(*LoopCheckOptions)) LoopCheckOptions {
		opts := loopOptions(1)
		f(&opts)
		return opts
	}
	plain := build(t, func(b *Builder) {
		b.Export("pm_yield", KindFunc, b.Func(b.Type(nil, nil), nil))
		b.Export("unary", KindFunc, b.Func(b.Type([]ValType{I32}, nil), nil))
	})
	for _, test := range []struct {
		name string
		opts LoopCheckOptions
		want string
	}{
		{"no yield function", change(func(o *LoopCheckOptions) { o.Yield = "none" }), `function "none": no such export`},
		{"yield function with a parameter", change(func(o *LoopCheckOptions) { o.Yield = "unary" }), "has parameters"},
		{"nothing to leave alone", change(func(o *LoopCheckOptions) { o.Leave = []string{"none"} }), `function "none": no such export`},
		{"no fuel", change(func(o *LoopCheckOptions) { o.Fuel = 0 }), "must not be zero"},
		{"name taken", change(func(o *LoopCheckOptions) { o.FuelExport = "unary" }), `exports "unary" already`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := AddLoopChecks(plain, test.opts)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
			if isNoExport := strings.Contains(test.want, "no such export"); errors.Is(err, ErrNoExport) != isNoExport {
				t.Errorf("error %v is ErrNoExport: %t", err, !isNoExport)
			}
		})
	}
	for name, code := range map[string][]byte{
		"unknown opcode":       {0x27},
		"end too early":        {byte(opEnd)},
		"block without an end": {byte(opBlock), emptyBlock},
		"cut off in an opcode": {byte(opLoop), emptyBlock, byte(opEnd), 0xfc},
	} {
		t.Run(name, func(t *testing.T) {
			module := build(t, func(b *Builder) {
				none := b.Type(nil, nil)
				b.Export("pm_yield", KindFunc, b.Func(none, nil))
				b.Func(none, nil, code...)
				b.Func(none, nil, bytesOf(64, 0x01)...)
			})
			_, _, err := AddLoopChecks(module, loopOptions(1))
			wantSyntaxError(t, err, len(module)-64) // not in the function behind it
		})
	}
}

func bytesOf(n int, b byte) []byte { return []byte(strings.Repeat(string(rune(b)), n)) }

// TestExceptions puts checks into loops within try_table; the engine validates.
func TestExceptions(t *testing.T) {
	module := build(t, func(b *Builder) {
		none := b.Type(nil, nil)
		b.Export("pm_yield", KindFunc, b.Func(none, nil))
		b.Entry(SectionTag, 0, byte(none))
		b.Export("caught", KindFunc, b.Func(b.Type(nil, []ValType{I32}), nil,
			0x02, emptyBlock, //                       block
			0x1f, emptyBlock, 1, 0, 0, 0, //             try_table, catch tag 0: leave the block
			0x03, emptyBlock, 0x08, 0, 0x0b, //            loop, throw 0, end
			0x0b, 0x0b, 0x41, 42))
	})
	module, stats, err := AddLoopChecks(module, loopOptions(5))
	if err != nil || stats.Loops != 1 {
		t.Fatalf("%d loops, error %v", stats.Loops, err)
	}
	m := instantiate(t, module)
	if got := call(t, m, "caught")[0]; got != 42 {
		t.Errorf("caught() is %d, want 42", got)
	}
	if got := m.ExportedGlobal("pm_fuel").Get(); got != 4 {
		t.Errorf("%d left, want 4", got)
	}
}

// TestGoProgram rewrites what a real compiler wrote, and compares what it prints.
func TestGoProgram(t *testing.T) {
	module := compileGo(t)
	want := runWASI(t, module)
	if !strings.HasPrefix(want, "sum ") {
		t.Fatalf("the program prints %q", want)
	}
	checked, stats, err := AddLoopChecks(addRefuel(t, module, 50), loopOptions(50))
	if err != nil {
		t.Fatal(err)
	}
	if stats.Loops < 1000 || stats.Changed < 500 {
		t.Errorf("%d loops in %d functions: those of the Go runtime alone are more", stats.Loops, stats.Changed)
	}
	keep := func(name string, _ Kind) bool { return name == "_start" || name == "memory" }
	for _, step := range []func([]byte) ([]byte, error){
		func(m []byte) ([]byte, error) { return Strip(m, nil) },
		func(m []byte) ([]byte, error) { return WithoutExports(m, keep) },
		DropConstGlobals,
	} {
		if checked, err = step(checked); err != nil {
			t.Fatal(err)
		}
	}
	if got := runWASI(t, checked); got != want {
		t.Errorf("the program prints %q with checks, %q without", got, want)
	}
}

// compileGo compiles a small program, and returns the module.
func compileGo(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	const source = `package main

import "os"

func main() {
	squares := make(map[int]string)
	sum := 0
	for i := range 500 {
		squares[i*i] = string(rune('a' + i%26))
	}
	for n, s := range squares {
		sum += n * len(s)
	}
	os.Stdout.WriteString("sum ")
	println(sum)
	digits := ""
	for ; sum > 0; sum /= 10 {
		digits = string(rune('0'+sum%10)) + digits
	}
	os.Stdout.WriteString(digits)
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "main.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, "main.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// addRefuel adds a yield function that sets the counter itself, which has to be
// at the index where AddLoopChecks puts it.
func addRefuel(t *testing.T, module []byte, fuel uint32) []byte {
	t.Helper()
	m := mustParse(t, module)
	start, ok := m.ExportedFunc("_start")
	if !ok {
		t.Fatal("no _start")
	}
	typ := m.Functions[start-m.Imported(KindFunc)]
	body := AppendS32([]byte{0, byte(opI32Const)}, int32(fuel))
	body = append(AppendU32(append(body, byte(opGlobalSet)), m.Count(KindGlobal)), byte(opEnd))
	bodies := make(map[SectionID][]byte)
	for id, entry := range map[SectionID][]byte{
		SectionFunction: AppendU32(nil, typ),
		SectionExport:   appendExport(nil, "pm_yield", KindFunc, m.Count(KindFunc)),
		SectionCode:     AppendBytes(nil, body),
	} {
		s, _ := m.section(id)
		r := s.Reader()
		bodies[id] = append(append(AppendU32(nil, r.U32()+1), r.Bytes(uint32(r.Len()))...), entry...)
	}
	out, err := m.rewrite(changes{bodies: bodies})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// runWASI runs a command and returns what it prints to standard output.
func runWASI(t *testing.T, module []byte) string {
	t.Helper()
	ctx, r := context.Background(), newRuntime(t)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var out strings.Builder
	if _, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStdout(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
