package wasmbin

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// calls is the body of a function that calls these.
func calls(functions ...uint32) []byte {
	var code []byte
	for _, f := range functions {
		code = AppendU32(append(code, byte(opCall)), f)
	}
	return code
}

func TestRecursive(t *testing.T) {
	var b Builder
	none := b.Type(nil, nil)
	foreign := b.ImportFunc("env", "foreign", none)
	own := b.ImportFunc("env", "own", none) // which is the module's own
	for i, callees := range [][]uint32{
		2: {2},                                // calls itself
		3: {4, foreign}, 4: {5, 5}, 5: {3, 6}, // calls itself through two others
		6: {7}, 7: {8}, 8: {}, // calls others
		9: {own, 8}, // calls itself by its import
	} {
		if i >= 2 {
			b.Func(none, nil, calls(callees...)...)
		}
	}
	b.Export("own", KindFunc, 9)
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	g, err := mustParse(t, module).CallGraph()
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32]bool{2: true, 3: true, 4: true, 5: true, 9: true}
	if diff := cmp.Diff(want, g.Recursive()); diff != "" {
		t.Errorf("functions that can call themselves (-want +got):\n%s", diff)
	}
}
