package wasmbin

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
)

// rewrites are all functions that make a module of a module.
func rewrites() map[string]func([]byte) ([]byte, error) {
	all := map[string]func([]byte) ([]byte, error){
		"strip":   func(m []byte) ([]byte, error) { return Strip(m, func(name string) bool { return name == nameSection }) },
		"data":    func(m []byte) ([]byte, error) { return WithoutData(m, 1) },
		"passive": func(m []byte) ([]byte, error) { return Extend(m, Extension{Data: "pm_data"}) },
		"bones":   func(m []byte) ([]byte, error) { return Skeleton(m, [32]byte{}) },
		"globals": DropConstGlobals,
		"exports": func(m []byte) ([]byte, error) {
			return WithoutExports(m, func(_ string, k Kind) bool { return k != KindFunc })
		},
	}
	all["pin"] = func(m []byte) ([]byte, error) {
		out, _, err := Pin(m, PinOptions{Suspendable: func(f uint32) bool { return f%2 == 0 }, Query: "query"})
		return out, err
	}
	all["checks"] = func(m []byte) ([]byte, error) {
		opts := loopOptions(100)
		opts.Recursion = true
		out, _, err := AddLoopChecks(m, opts)
		return out, err
	}
	all["marks"] = func(m []byte) ([]byte, error) {
		opts := loopOptions(100)
		opts.Dispatch, opts.Mark = 2, 5
		out, _, err := AddLoopChecks(m, opts)
		return out, err
	}
	all["bounds"] = func(m []byte) ([]byte, error) {
		out, _, err := WidenBounds(m)
		return out, err
	}
	return all
}

// FuzzRewrite holds every rewrite against the engine: what is valid stays valid,
// and what is not is refused or passed on, without a panic.
func FuzzRewrite(f *testing.F) {
	f.Add(rich(f))
	f.Add(loops(f))
	f.Add(interpreter(f))
	f.Add(structures(f))
	f.Add(AppendHeader(nil))
	pins, _ := pinnable(f)
	f.Add(pins)
	f.Add(build(f, func(b *Builder) {
		none := b.Type(nil, nil)
		b.Export("pm_yield", KindFunc, b.Func(none, nil))
		b.Memory(Limits{Min: 1})
		b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 1}})
		b.Global(GlobalType{Type: FuncRef}, []byte{0xd2, 0, 0x0b})
		b.Entry(SectionElement, []byte("\x05\x70\x02\x23\x00\x0b\xd0\x70\x0b")...)
		b.PassiveData([]byte("x"))
		b.Func(none, []ValType{I32, V128}, []byte("\x03\x40\x41\x00\x41\x00\x41\x00\xfc\x08\x00\x00\x41\x00\x0d\x00\x0b")...)
		b.Func(none, nil, []byte("\x02\x40\x1f\x40\x01\x02\x00\x03\x40\x0b\x0b\x0b\xd2\x01\x1a\xfe\x03\x00")...)
		b.Func(none, nil, []byte("\x03\x40\xfd\x0c0123456789abcdef\xfd\x15\x01\x0e\x01\x00\x00\x0b")...)
		b.Custom(nameSection, names(nameFunctions, map[uint32]string{0: "f"}))
	}))
	ctx := context.Background()
	config := wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features)
	f.Fuzz(func(t *testing.T, module []byte) {
		before := bytes.Clone(module)
		r := wazero.NewRuntimeWithConfig(ctx, config)
		defer func() { _ = r.Close(ctx) }()
		valid := func(module []byte) bool {
			bare, err := Strip(module, nil) // the engine takes counts of names on trust
			if err != nil {
				return false
			}
			_, err = r.CompileModule(ctx, bare)
			return err == nil
		}
		wasValid := modest(module) && valid(module)
		for name, rewrite := range rewrites() {
			out, err := rewrite(module)
			if !bytes.Equal(module, before) {
				t.Fatalf("%s changed its input", name)
			}
			if err != nil {
				continue
			}
			// An entry of two bytes can become one with a check of twenty.
			if len(out) > 16*len(module)+256 {
				t.Fatalf("%s made %d bytes of %d", name, len(out), len(module))
			}
			if _, err := Parse(out); err != nil {
				t.Fatalf("%s made what does not parse: %v", name, err)
			}
			if wasValid && !valid(out) {
				t.Fatalf("%s made a valid module invalid", name)
			}
		}
	})
}

// modest reports whether a module can be given to the engine, which allocates
// by what counts in it say.
func modest(module []byte) bool {
	m, err := Parse(module)
	if err != nil {
		return false
	}
	if err := m.globalReferences(func([]byte, uint32) {}); err != nil {
		return false // its counts are not all checked
	}
	if code, ok := m.codeReader(); ok {
		for f := range m.functions(code) {
			if f.pos = len(f.buf); f.locals > 1000 {
				return false
			}
		}
	}
	return true
}

// FuzzRead looks up calls and data in anything.
func FuzzRead(f *testing.F) {
	pins, _ := pinnable(f)
	f.Add(pins, uint32(0), uint32(1))
	f.Add(rich(f), uint32(8), uint32(2))
	f.Fuzz(func(t *testing.T, module []byte, address, n uint32) {
		m, err := Parse(module)
		if err != nil {
			return
		}
		if data, ok := m.DataAt(address, n); ok && uint64(len(data)) != uint64(n) {
			t.Fatalf("%d bytes of data, want %d", len(data), n)
		}
		g, err := m.CallGraph()
		if err != nil {
			wantSyntaxError(t, err, len(module))
			return
		}
		for i := range m.Count(KindFunc) {
			for _, caller := range g.Callers(i) {
				if caller >= m.Count(KindFunc) {
					t.Fatalf("function %d calls", caller)
				}
			}
		}
	})
}

// FuzzInstruction reads instructions out of anything.
func FuzzInstruction(f *testing.F) {
	f.Add([]byte("\x03\x40\x0e\x02\x00\x01\x02\x0b\x0b"))
	f.Add([]byte("\xfd\x0c0123456789abcdef\xfe\x10\x02\x00\xfc\x0a\x00\x00\x1f\x40\x01\x00\x00\x00\x0b"))
	f.Add([]byte("\x0e\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, code []byte) {
		r := NewReader(code, 0)
		last := -1
		for at := range r.expression() {
			if at <= last || r.pos <= at || r.pos > len(code) {
				t.Fatalf("instruction from %d to %d after one at %d", at, r.pos, last)
			}
			last = at
		}
		if r.Err() != nil {
			wantSyntaxError(t, r.Err(), len(code))
		}
	})
}

// FuzzNames reads name sections out of anything.
func FuzzNames(f *testing.F) {
	f.Add(names(nameFunctions, map[uint32]string{0: "f", 200: "g"}))
	f.Add([]byte("\x01\x06\xff\xff\xff\xff\x0f\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		module := AppendCustom(AppendHeader(nil), nameSection, body)
		found, err := Names(module)
		if err != nil {
			wantSyntaxError(t, err, len(module))
		} else if len(found) > len(body)/2 {
			t.Fatalf("%d names in %d bytes", len(found), len(body))
		}
	})
}
