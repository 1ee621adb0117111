package wasmbin

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named returns a name section's body out of its subsections.
func named(subsections ...[]byte) []byte { return slices.Concat(subsections...) }

// names returns a subsection that names things by index.
func names(id byte, list map[uint32]string) []byte {
	body := AppendU32(nil, uint32(len(list)))
	for i := range uint32(256) {
		if name, ok := list[i]; ok {
			body = AppendName(AppendU32(body, i), name)
		}
	}
	return AppendBytes([]byte{id}, body)
}

func customNames(t *testing.T, module []byte) (found []string) {
	t.Helper()
	for _, s := range mustParse(t, module).Sections {
		if s.ID == SectionCustom {
			found = append(found, s.Name)
		}
	}
	return found
}

func TestStrip(t *testing.T) {
	module := build(t, func(b *Builder) {
		b.Func(b.Type(nil, nil), nil)
		b.Custom("producers", []byte("p"))
		b.Custom(nameSection, nil)
		b.Custom("producers", []byte("q"))
	})
	// The first section of a side module is a custom one.
	module = append(AppendCustom(AppendHeader(nil), "dylink.0", []byte{1, 0}), module[len(header):]...)
	for _, test := range []struct {
		name string
		keep func(string) bool
		want []string
	}{
		{"all", nil, nil},
		{"some", func(name string) bool { return name != "producers" }, []string{"dylink.0", "name"}},
		{"none", func(string) bool { return true }, []string{"dylink.0", "producers", "name", "producers"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := Strip(module, test.keep)
			if err != nil {
				t.Fatal(err)
			}
			instantiate(t, out)
			if got := customNames(t, out); !slices.Equal(got, test.want) {
				t.Errorf("custom sections %q, want %q", got, test.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	want := map[uint32]string{0: "main", 2: "_ZN3foo3barEv", 200: "ü"}
	module := build(t, func(b *Builder) {
		b.Custom(nameSection, named(AppendBytes([]byte{0}, AppendName(nil, "module")), names(nameFunctions, want),
			names(nameGlobals, map[uint32]string{0: "global"})))
	})
	got, err := Names(module)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, names (-want +got):\n%s", err, diff)
	}
	if got, err := Names(AppendHeader(nil)); err != nil || got == nil || len(got) != 0 {
		t.Errorf("without a name section: %v, %v", got, err)
	}
	for name, body := range map[string]string{
		"length":     "\x01\x05\x00",
		"count":      "\x01\x01\x09",
		"end":        "\x01\x02\x00\x00",
		"encoding":   "\x01\x04\x01\x00\x01\xff",
		"subsection": "\x01",
	} {
		t.Run(name, func(t *testing.T) {
			module := build(t, func(b *Builder) { b.Custom(nameSection, []byte(body)) })
			_, err := Names(module)
			wantSyntaxError(t, err, len(module))
		})
	}
}

// TestCustomSectionsAfterMove looks at what AddLoopChecks makes of the sections
// that give places in the code, and of those that don't.
func TestCustomSectionsAfterMove(t *testing.T) {
	functions := map[uint32]string{0: "yield", 1: "work"}
	module := build(t, func(b *Builder) {
		none := b.Type(nil, nil)
		b.Export("pm_yield", KindFunc, b.Func(none, nil))
		b.Func(none, nil, byte(opLoop), emptyBlock, byte(opEnd))
		for _, name := range []string{
			"linking", "reloc.CODE", "reloc.DATA", ".debug_info", ".debug_line", "sourceMappingURL",
			"external_debug_info", "metadata.code.branch_hint", "target_features", "producers",
		} {
			b.Custom(name, []byte{0})
		}
		b.Custom(nameSection, named(names(nameFunctions, functions), AppendBytes([]byte{nameLabels}, []byte{0}),
			names(nameGlobals, nil)))
	})
	module = append(AppendCustom(AppendHeader(nil), "dylink.0", []byte{1, 0}), module[len(header):]...)
	out, _, err := AddLoopChecks(module, loopOptions(1))
	if err != nil {
		t.Fatal(err)
	}
	instantiate(t, out)
	if got, want := customNames(t, out), []string{"dylink.0", "target_features", "producers", "name"}; !slices.Equal(got, want) {
		t.Errorf("custom sections %q, want %q", got, want)
	}
	if s, _ := mustParse(t, out).Custom(nameSection); string(s.Body) != string(named(names(nameFunctions, functions), names(nameGlobals, nil))) {
		t.Errorf("name section %q: only the labels should be gone", s.Body)
	}
	if got, err := Names(out); err != nil || !cmp.Equal(got, functions) {
		t.Errorf("names %v, %v, want %v", got, err, functions)
	}
}
