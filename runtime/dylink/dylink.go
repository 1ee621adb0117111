// Package dylink is the dynamic linker: it loads side modules, which are
// position-independent WebAssembly files with a section "dylink.0", into a
// running interpreter, so that `import markupsafe._speedups` runs the package's
// own C code.
//
// A file is checked, rewritten and compiled once ([Libraries]). For each instance
// a [Linker] keeps what is loaded. wazero has no way to grow a table or to define
// a global from outside, so for each side module the linker writes a small module
// that does both: it imports what the side module needs from where it is, defines
// the tables of addresses (GOT.mem, GOT.func), grows the function table, and
// exports all of that under the numbers of the side module's imports.
//
//	file ─▶ describe ─▶ prepare ─▶ compile            (once, and kept in a [skeleton.Store])
//	                                  │
//	malloc for its data ─▶ linkage module ─▶ side module ─▶ relocations ─▶ constructors
//
// A memory image has the data of what was loaded, relocated and constructed. In an
// instance that starts from it a [Plan] loads the same modules at the same places,
// without their data and without running anything.
package dylink

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxLoaded is how many side modules an instance may have.
const maxLoaded = 1000

// Linker is the side modules of one instance. It is used by the goroutine that
// runs the instance.
type Linker struct {
	libraries *Libraries
	main      api.Module
	state     state
	loaded    []*loaded
	loading   []string // paths, for modules that need each other
	instances []api.Module
}

// loaded is a side module in an instance.
type loaded struct {
	path      string
	lib       *library
	link      wazero.CompiledModule
	linkage   []byte // what link was compiled from
	memBase   uint32
	tableBase uint32
	instance  api.Module
	values    []uint64 // of its mutable globals, in a plan
}

// Open reads a file that a side module is in; the path is the guest's.
type Open func(path string) ([]byte, error)

// NewLinker returns the linker of an instance in which nothing is loaded.
func (s *Libraries) NewLinker(main api.Module) *Linker {
	return &Linker{libraries: s, main: main, state: state{slots: map[string]uint32{}}}
}

// Load loads the side module at a path, and those that it needs, and returns its
// handle. One that is loaded already is not loaded again. Its error is for the
// person who reads the ImportError.
func (l *Linker) Load(ctx context.Context, file string, open Open) (handle int32, err error) {
	file = path.Clean(file)
	if i := slices.IndexFunc(l.loaded, func(m *loaded) bool { return m.path == file }); i >= 0 {
		return int32(i), nil
	}
	if slices.Contains(l.loading, file) {
		return 0, fmt.Errorf("%s needs itself: %s", file, strings.Join(append(l.loading, file), " → "))
	}
	if len(l.loaded) >= maxLoaded {
		return 0, fmt.Errorf("there are %d side modules already", maxLoaded)
	}
	l.loading = append(l.loading, file)
	defer func() { l.loading = l.loading[:len(l.loading)-1] }()
	module, err := open(file)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	lib, program, err := l.libraries.get(ctx, module)
	if err != nil {
		return 0, fmt.Errorf("%s can't be loaded: %w", file, err)
	}
	for _, name := range lib.needed {
		if err := l.loadNeeded(ctx, file, name, open); err != nil {
			return 0, err
		}
	}
	if l.state.table == 0 {
		l.state.table = program.table
	}
	if err := l.load(ctx, file, lib, program); err != nil {
		return 0, fmt.Errorf("%s can't be loaded: %w", file, err)
	}
	return int32(len(l.loaded) - 1), nil
}

// loadNeeded loads a library that a side module names: it lies beside the module,
// or in the folder of the packages' shared libraries.
func (l *Linker) loadNeeded(ctx context.Context, by, name string, open Open) error {
	if strings.Contains(name, "/") {
		return fmt.Errorf("%s needs %q, which is no file name", by, name)
	}
	if slices.ContainsFunc(l.loaded, func(m *loaded) bool { return path.Base(m.path) == name }) {
		return nil
	}
	var first error
	for _, dir := range []string{path.Dir(by), path.Join(path.Dir(by), "..", ".libs"), "/site", "/site/lib"} {
		_, err := l.Load(ctx, path.Join(dir, name), open)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return fmt.Errorf("%s needs %s: %w", by, name, first)
}

// bind writes the linkage of a library at an address, as if the table were as the
// state says.
func (l *Linker) bind(lib *library, program *Program, memBase uint32, s *state) (*linkage, error) {
	link := &linkage{
		program: program, lib: lib, loaded: l.loaded, state: s, memBase: memBase,
		functions: map[string]uint32{}, missing: map[string]string{},
	}
	return link, link.bind()
}

// load loads one side module. Nothing in the instance is changed until all that
// can be checked has been.
func (l *Linker) load(ctx context.Context, file string, lib *library, program *Program) error {
	trial := l.state.clone()
	if _, err := l.bind(lib, program, 0, &trial); err != nil {
		return err
	}
	memBase, err := l.allocate(ctx, lib)
	if err != nil {
		return err
	}
	next := l.state.clone()
	link, err := l.bind(lib, program, memBase, &next)
	if err != nil {
		return err
	}
	module, err := link.bytes(l.state.table)
	if err != nil {
		return err
	}
	m := &loaded{path: file, lib: lib, linkage: module, memBase: memBase, tableBase: link.tableBase}
	if m.link, err = l.libraries.link(ctx, module); err != nil {
		return fmt.Errorf("the linkage: %w", err)
	}
	if err := l.noteArity(ctx, link, next.table); err != nil {
		return err
	}
	l.state = next // the table grows whatever comes of the rest
	if err := l.instantiate(ctx, m); err != nil {
		return err
	}
	l.loaded = append(l.loaded, m)
	for _, name := range []string{dataExport, startExport, "__wasm_apply_data_relocs", "__wasm_call_ctors"} {
		if f := m.instance.ExportedFunction(name); f != nil {
			if _, err := f.Call(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// allocate finds room for a library's data, which is zero.
func (l *Linker) allocate(ctx context.Context, lib *library) (uint32, error) {
	if lib.memory == 0 {
		return 0, nil
	}
	size := lib.memory + lib.alignment
	results, err := l.call(ctx, "malloc", uint64(size))
	if err != nil {
		return 0, err
	}
	if results == 0 {
		return 0, fmt.Errorf("there is no room for its %d kB of data", lib.memory>>10)
	}
	base := (uint32(results) + lib.alignment - 1) &^ (lib.alignment - 1)
	data, ok := l.main.Memory().Read(base, lib.memory)
	if !ok {
		return 0, errors.New("malloc gave an address outside of memory")
	}
	clear(data)
	return base, nil
}

// noteArity tells the interpreter what it may call through pointers of another
// type; see trampoline.h.
func (l *Linker) noteArity(ctx context.Context, link *linkage, slots uint32) error {
	table, err := l.call(ctx, "pm_arity_reserve", uint64(slots))
	if err != nil {
		return err
	}
	if table == 0 {
		return errors.New("there is no room for the table of arities")
	}
	memory := l.main.Memory()
	ok := memory.Write(uint32(table)+link.tableBase, link.lib.arity)
	for _, s := range link.newSlots {
		ok = ok && memory.WriteByte(uint32(table)+s.slot, arity(s.typ))
	}
	if !ok {
		return errors.New("the table of arities lies outside of memory")
	}
	return nil
}

func (l *Linker) call(ctx context.Context, name string, args ...uint64) (uint64, error) {
	f := l.main.ExportedFunction(name)
	if f == nil {
		return 0, fmt.Errorf("the interpreter does not export %s", name)
	}
	results, err := f.Call(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return results[0], nil
}

// instantiate makes the two instances of a loaded module.
func (l *Linker) instantiate(ctx context.Context, m *loaded) error {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	resolve := func(link api.Module) context.Context {
		return experimental.WithImportResolver(ctx, func(name string) api.Module {
			switch name {
			case mainNS:
				return l.main
			case linkNS:
				return link
			}
			for i, other := range l.loaded {
				if name == sideNS(i) {
					return other.instance
				}
			}
			return nil
		})
	}
	link, err := l.libraries.runtime.InstantiateModule(resolve(nil), m.link, config)
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	l.instances = append(l.instances, link)
	if m.instance, err = l.libraries.runtime.InstantiateModule(resolve(link), m.lib.compiled, config); err != nil {
		return err
	}
	l.instances = append(l.instances, m.instance)
	return nil
}

// Close lets go of the side modules. The interpreter's instance must be closed
// before: they share its memory, and whoever is closed first frees it.
func (l *Linker) Close(ctx context.Context) {
	for _, m := range l.instances {
		_ = m.Close(ctx)
	}
}

// Symbol returns the table slot of a function that a side module exports.
func (l *Linker) Symbol(handle int32, name string) (slot uint32, err error) {
	if handle < 0 || int(handle) >= len(l.loaded) {
		return 0, fmt.Errorf("there is no side module %d", handle)
	}
	m := l.loaded[handle]
	index, ok := m.lib.funcs[name]
	if !ok {
		return 0, fmt.Errorf("%s exports no function %s", m.path, name)
	}
	at, ok := m.lib.slots[index]
	if !ok {
		return 0, fmt.Errorf("%s exports %s, but gives no pointer to it", m.path, name)
	}
	return m.tableBase + at, nil
}

// Loaded is how many side modules there are.
func (l *Linker) Loaded() int { return len(l.loaded) }
