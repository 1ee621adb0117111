package wasmbin

import (
	"slices"
	"testing"
)

func TestWithoutExports(t *testing.T) {
	out, err := WithoutExports(rich(t), func(name string, kind Kind) bool {
		return kind == KindMemory || name == "two" || name == "address"
	})
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, out)
	var got []string
	for _, e := range m.Exports {
		got = append(got, e.Name)
	}
	if want := []string{"two", "address", "memory"}; !slices.Equal(got, want) {
		t.Errorf("exports %q, want %q", got, want)
	}
	if index, ok := m.ExportedFunc("two"); index != 2 || !ok {
		t.Errorf("two is function %d, %t", index, ok)
	}
}

// TestWithoutExportsOfReferred drops exports of functions to which the code makes
// references: the engine wants to see these functions mentioned elsewhere.
func TestWithoutExportsOfReferred(t *testing.T) {
	for name, elements := range map[string]bool{"no elements": false, "elements": true} {
		t.Run(name, func(t *testing.T) {
			module := build(t, func(b *Builder) {
				none := b.Type(nil, nil)
				dropped := b.Func(none, nil)
				b.Export("dropped", KindFunc, dropped)
				b.Export("unused", KindFunc, b.Func(none, nil))
				b.Export("refer", KindFunc, b.Func(b.Type(nil, []ValType{FuncRef}), nil, byte(opRefFunc), byte(dropped)))
				if elements {
					b.Table(TableType{Element: FuncRef, Limits: Limits{Min: 1}})
					b.Elements(AppendI32Const(nil, 0), dropped+1)
				}
			})
			out, err := WithoutExports(module, func(name string, _ Kind) bool { return name == "refer" })
			if err != nil {
				t.Fatal(err)
			}
			m := instantiate(t, out)
			if m.ExportedFunction("dropped") != nil {
				t.Error("the export is still there")
			}
			if call(t, m, "refer")[0] == 0 {
				t.Error("the reference is null")
			}
		})
	}
}

func TestWithoutAllExports(t *testing.T) {
	out, err := WithoutExports(rich(t), func(string, Kind) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if n := len(mustParse(t, out).Exports); n != 0 {
		t.Errorf("%d exports are left", n)
	}
	// A module without exports stays as it is.
	empty := AppendHeader(nil)
	if out, err := WithoutExports(empty, nil); err != nil || string(out) != string(empty) {
		t.Errorf("the empty module became % x (%v)", out, err)
	}
}
