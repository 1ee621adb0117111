package packages

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"pymode-tui/runtime/wasmbin"
)

// magic is what a WebAssembly binary starts with.
const magic = "\x00asm"

// linkage is what the linker itself gives to every side module.
func linkage(name string) bool {
	switch name {
	case "memory", "__indirect_function_table", "__memory_base", "__table_base", "__stack_pointer":
		return true
	}
	return false
}

// missingSymbols is what a side module wants of the runtime and does not get.
type missingSymbols struct{ names []string }

func (e *missingSymbols) Error() string {
	for _, name := range e.names {
		if need, known := needOfSymbol(name); known {
			return need + " (" + name + ")"
		}
	}
	const shown = 5
	list := strings.Join(e.names[:min(len(e.names), shown)], ", ")
	if n := len(e.names) - shown; n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	return "it calls " + list + ", which the runtime does not have"
}

// checkModule makes sure that the linker can load a side module: the form of the
// file, its initialisation function, and that all it imports is there.
func checkModule(name string, data []byte, g *guest) error {
	m, err := wasmbin.Parse(data)
	if err != nil {
		return err
	}
	if len(m.Sections) == 0 || m.Sections[0].ID != wasmbin.SectionCustom || m.Sections[0].Name != "dylink.0" {
		return errors.New("it is no side module: it does not begin with dylink.0")
	}
	base, _, _ := strings.Cut(path.Base(name), ".")
	if _, ok := m.ExportedFunc("PyInit_" + base); !ok {
		return fmt.Errorf("it does not export PyInit_%s", base)
	}
	var missing []string
	for _, i := range m.Imports {
		switch i.Module {
		case "env":
			if kind, ok := g.exports[i.Name]; !linkage(i.Name) && (!ok || kind != i.Kind) {
				missing = append(missing, i.Name)
			}
		case "GOT.mem", "GOT.func":
			want := wasmbin.KindFunc
			if i.Module == "GOT.mem" {
				want = wasmbin.KindGlobal
			}
			if own, ok := m.Export(i.Name); ok && own.Kind == want {
				continue
			}
			if kind, ok := g.exports[i.Name]; !ok || kind != want {
				missing = append(missing, i.Name)
			}
		case "wasi_snapshot_preview1": // served by the C library's functions of these names
			if kind, ok := g.exports["__wasi_"+i.Name]; !ok || kind != i.Kind {
				missing = append(missing, "__wasi_"+i.Name)
			}
		default:
			return fmt.Errorf("it imports %s of %s", i.Name, i.Module)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &missingSymbols{slices.Compact(missing)}
	}
	return nil
}

// isModule reports whether a file is WebAssembly.
func isModule(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// isNative reports whether a file is a library of a machine: the build did not
// use the compiler that it was told to.
func isNative(data []byte) bool {
	for _, start := range []string{"\x7fELF", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return false
}
