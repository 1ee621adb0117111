package dylink

import (
	"errors"
	"fmt"
	"strings"

	"pymode-tui/runtime/wasmbin"
)

// What a side module may ask for, at most.
const (
	maxFile      = 128 << 20 // bytes
	maxMemory    = 1 << 30   // bytes of data
	maxTable     = 1 << 20   // slots of the function table
	maxAlignment = 16        // as a power of two
)

// description is what a side module says of itself in its section "dylink.0".
//
// Source: the WebAssembly tool conventions, "WebAssembly Dynamic Linking".
type description struct {
	memory         uint32 // bytes of data
	alignment      uint32 // of the data, in bytes
	table          uint32 // slots
	tableAlignment uint32 // in slots
	needed         []string
	weak           map[string]bool // imports that may be missing, by module and name
}

// Subsections of dylink.0, and the flags of symbols.
const (
	subMemory  = 1
	subNeeded  = 2
	subExports = 3
	subImports = 4

	flagWeak = 1
	flagTLS  = 0x100
)

// The namespaces that a side module may import from.
const (
	envNS     = "env"
	gotMemNS  = "GOT.mem"
	gotFuncNS = "GOT.func"
	wasiNS    = "wasi_snapshot_preview1"
)

// describe reads and checks a side module. Its errors say what is wrong with the
// file in words for whoever built it.
func describe(module []byte) (*wasmbin.Module, *description, error) {
	if len(module) > maxFile {
		return nil, nil, fmt.Errorf("it is larger than %d MB", maxFile>>20)
	}
	if !strings.HasPrefix(string(module[:min(len(module), 4)]), "\x00asm") {
		return nil, nil, fmt.Errorf("it is no WebAssembly module")
	}
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, nil, fmt.Errorf("it is damaged: %w", err)
	}
	d, err := readDescription(m)
	if err != nil {
		return nil, nil, err
	}
	return m, d, d.check(m)
}

// readDescription reads the section "dylink.0".
func readDescription(m *wasmbin.Module) (*description, error) {
	if len(m.Sections) == 0 || m.Sections[0].ID != wasmbin.SectionCustom || m.Sections[0].Name != "dylink.0" {
		return nil, fmt.Errorf(`it is no side module: it does not begin with a section "dylink.0" (link it with wasm-ld --shared)`)
	}
	d := &description{alignment: 1, tableAlignment: 1, weak: map[string]bool{}}
	r := m.Sections[0].Reader()
	for r.More() {
		kind, sub := r.Byte(), r.Part()
		if err := d.read(kind, sub); err != nil {
			return nil, err
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("its section dylink.0 is damaged: %w", err)
	}
	return d, nil
}

func (d *description) read(kind byte, r *wasmbin.Reader) error {
	switch kind {
	case subMemory:
		memory, alignment, table, tableAlignment := r.U32(), r.U32(), r.U32(), r.U32()
		switch {
		case memory > maxMemory:
			return fmt.Errorf("it asks for %d MB of memory", memory>>20)
		case table > maxTable:
			return fmt.Errorf("it asks for %d slots of the function table", table)
		case alignment > maxAlignment || tableAlignment > maxAlignment:
			return fmt.Errorf("it asks for an alignment of 2^%d bytes", max(alignment, tableAlignment))
		}
		d.memory, d.alignment, d.table, d.tableAlignment = memory, 1<<alignment, table, 1<<tableAlignment
	case subNeeded:
		for range r.Count(1) {
			d.needed = append(d.needed, r.Name())
		}
	case subExports:
		for range r.Count(2) {
			name := r.Name()
			if flags := r.U32(); flags&flagTLS != 0 {
				return fmt.Errorf("it has thread-local data (%s), which there is nothing for here: build it without threads", name)
			}
		}
	case subImports:
		for range r.Count(3) {
			module, name := r.Name(), r.Name()
			if flags := r.U32(); flags&flagWeak != 0 {
				d.weak[module+"\x00"+name] = true
			}
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("its section dylink.0 is damaged: %w", err)
	}
	return nil
}

func (d *description) isWeak(i wasmbin.Import) bool {
	// A weak symbol is listed under env, whichever table it is taken from.
	return d.weak[i.Module+"\x00"+i.Name] || d.weak[envNS+"\x00"+i.Name]
}

// check refuses what a side module has no business with.
func (d *description) check(m *wasmbin.Module) error {
	if m.HasStart { // the linker makes one that clears memory and puts addresses into the module's own globals
		if fine, err := m.OnlyInitialises(m.Start); err != nil || !fine {
			return errors.Join(err, errors.New("it has a start function that does more than a linker's"))
		}
	}
	if len(m.Memories) > 0 || len(m.Tables) > 0 {
		return fmt.Errorf("it has a memory or a table of its own")
	}
	for _, i := range m.Imports {
		switch {
		case i.Module == envNS && i.Kind != wasmbin.KindTag:
		case (i.Module == gotMemNS || i.Module == gotFuncNS) && i.Kind == wasmbin.KindGlobal && i.Global.Type == wasmbin.I32:
		case i.Module == wasiNS && i.Kind == wasmbin.KindFunc:
		default:
			return fmt.Errorf("it imports the %v %s.%s, which side modules may not", i.Kind, i.Module, i.Name)
		}
	}
	return nil
}
