package wasmbin

import (
	"bytes"
	"testing"
)

func TestSkeleton(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.Memory(Limits{Min: 1})
		b.Export("memory", KindMemory, 0)
		b.Export("one", KindFunc, b.Func(b.Type(nil, []ValType{I32}), nil, 0x41, 1))
		b.Export("same", KindFunc, b.Func(b.Type([]ValType{I64}, []ValType{I64}), nil, 0x20, 0))
		b.Data(AppendI32Const(nil, 16), []byte("data"))
	})
	out, err := Skeleton(module, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	m := instantiate(t, out)
	if b, _ := m.Memory().Read(16, 4); string(b) != "data" {
		t.Errorf("memory has %q", b)
	}
	for name, args := range map[string][]uint64{"one": nil, "same": {7}} {
		if _, err := m.ExportedFunction(name).Call(t.Context(), args...); err == nil {
			t.Errorf("%s still does something", name)
		}
	}
	other, err := Skeleton(module, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(out, other) {
		t.Error("the skeletons of two modules are equal")
	}
}
