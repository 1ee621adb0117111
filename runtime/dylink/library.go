package dylink

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"pymode-tui/runtime/skeleton"
	"pymode-tui/runtime/wasmbin"

	"github.com/tetratelabs/wazero"
)

// linkNS is the namespace that a side module imports everything from once it is
// prepared: the names are the numbers of the imports.
const linkNS = "link"

// linkerPrefix begins the names of the functions that are for the linker alone.
const linkerPrefix = "__wasm_"

// Libraries are side modules, checked, prepared and compiled: what is the same
// wherever they are loaded. It is safe for use by many goroutines.
type Libraries struct {
	runtime wazero.Runtime
	program func() (*Program, error)
	fuel    uint32
	store   skeleton.Store  // of what was prepared, for this interpreter; may be nil
	code    *skeleton.Cache // may be nil

	mu    sync.Mutex
	files map[[32]byte]*library
	links map[[32]byte]wazero.CompiledModule
}

// NewLibraries returns libraries for the interpreter that program reads; it is
// called when the first side module is loaded. Fuel is how many loops are passed
// until a side module yields. The store and the cache, which may both be nil, keep
// what was prepared, and its code.
func NewLibraries(runtime wazero.Runtime, fuel uint32, program func() (*Program, error), store skeleton.Store, code *skeleton.Cache) *Libraries {
	return &Libraries{
		runtime: runtime, program: sync.OnceValues(program), fuel: fuel, store: store, code: code,
		files: map[[32]byte]*library{}, links: map[[32]byte]wazero.CompiledModule{},
	}
}

// library is one side module.
type library struct {
	*description
	digest   [32]byte          // SHA-256 of the file
	module   *wasmbin.Module   // as it was read, with the additions
	exports  int               // how many of the prepared module's exports are the file's own
	extra    []string          // exported functions that get slots behind its own
	funcs    map[string]uint32 // exported functions, by index
	data     map[string]uint32 // exported variables, relative to the data
	slots    map[uint32]uint32 // of functions in its part of the table
	mutable  []string          // exports of its mutable globals
	arity    []byte            // of its slots; see arity.c
	compiled wazero.CompiledModule
}

// tableSize is how many slots the library takes.
func (l *library) tableSize() uint32 { return l.table + uint32(len(l.extra)) }

// get prepares a side module, unless that is done.
func (s *Libraries) get(ctx context.Context, file []byte) (*library, *Program, error) {
	program, err := s.program()
	if err != nil {
		return nil, nil, err
	}
	digest := sha256.Sum256(file)
	l, err := s.kept(ctx, digest)
	if err == nil {
		return l, program, nil
	}
	l, prepared, err := s.prepare(file, program)
	if err != nil {
		return nil, nil, err
	}
	l.digest = digest
	if err := s.compile(context.WithoutCancel(ctx), l, prepared); err != nil {
		return nil, nil, fmt.Errorf("it can't be compiled: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[digest] = l
	return l, program, nil
}

// prepare checks a side module and rewrites it: loop checks, imports from one
// namespace, slots for the functions that Python looks up, its mutable globals
// exported, since images have to keep them, and its data written by a function.
func (s *Libraries) prepare(file []byte, program *Program) (_ *library, prepared []byte, err error) {
	m, d, err := describe(file)
	if err != nil {
		return nil, nil, err
	}
	l := &library{description: d, module: m}
	l.readExports(m.Exports)
	if err := l.readElements(); err != nil {
		return nil, nil, err
	}
	if err := l.chooseExtra(); err != nil {
		return nil, nil, err
	}
	x := wasmbin.Extension{Globals: map[string]uint32{}, Start: startExport, Data: dataExport}
	for i, g := range m.Globals {
		if g.Mutable {
			name := "pm_global_" + strconv.Itoa(i)
			x.Globals[name] = m.Imported(wasmbin.KindGlobal) + uint32(i)
			l.mutable = append(l.mutable, name)
		}
	}
	if len(l.extra) > 0 {
		base, err := l.tableBase()
		if err != nil {
			return nil, nil, err
		}
		indices := make([]uint32, len(l.extra))
		for i, name := range l.extra {
			indices[i] = l.funcs[name]
		}
		x.Elements = []wasmbin.ExtraElements{{Offset: offsetFrom(base, d.table), Functions: indices}}
	}
	x.Functions = []wasmbin.ExtraFunction{s.yieldFunction(m, program)}
	x.Table = &wasmbin.Import{Module: envNS, Name: tableExport, Kind: wasmbin.KindTable, Table: wasmbin.TableType{Element: wasmbin.FuncRef}}
	module, err := wasmbin.Extend(file, x)
	if err != nil {
		return nil, nil, err
	}
	if l.module, err = wasmbin.Parse(module); err != nil {
		return nil, nil, err
	}
	module, _, err = wasmbin.AddLoopChecks(module, wasmbin.LoopCheckOptions{
		Yield: yieldExport, Fuel: s.fuel, FuelExport: fuelExport, Recursion: true,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("it is damaged: %w", err)
	}
	// The module may be left before its next loop, so its copies yield themselves.
	if module, _, err = wasmbin.AddBulkChecks(module, fuelExport, yieldExport); err != nil {
		return nil, nil, fmt.Errorf("it is damaged: %w", err)
	}
	prepared, err = wasmbin.Redirect(module, func(i int, _ wasmbin.Import) (string, string) { return linkNS, strconv.Itoa(i) })
	if err != nil {
		return nil, nil, err
	}
	l.exports = len(m.Exports)
	l.measureArity()
	return l, prepared, nil
}

// readExports notes the functions and variables that the library exports.
func (l *library) readExports(exports []wasmbin.Export) {
	l.funcs, l.data = map[string]uint32{}, map[string]uint32{}
	for _, e := range exports {
		switch e.Kind {
		case wasmbin.KindFunc:
			l.funcs[e.Name] = e.Index
		case wasmbin.KindGlobal:
			if value, ok := l.module.ExportedGlobalI32(e.Name); ok {
				l.data[e.Name] = value
			}
		}
	}
}

// The exports that a side module gets: for its loop checks, and two functions that
// are called by a first load only, since what they do to memory is in an image:
// one that writes its data, and its start function.
const (
	yieldExport = "pm_side_yield"
	fuelExport  = "pm_side_fuel"
	dataExport  = "pm_side_data"
	startExport = "pm_side_start"
)

// yieldFunction is what the loop checks of a side module call: the counter is full
// again, and then the interpreter's own yield function, through the table.
func (s *Libraries) yieldFunction(m *wasmbin.Module, program *Program) wasmbin.ExtraFunction {
	fuel := m.Count(wasmbin.KindGlobal) // which AddLoopChecks is about to add
	typ := uint32(len(m.Types))         // () → (), which is added with the function
	code := wasmbin.AppendS32([]byte{0x41}, int32(s.fuel))
	code = wasmbin.AppendU32(append(code, 0x24), fuel) // global.set
	code = wasmbin.AppendS32(append(code, 0x41), int32(program.yieldSlot))
	code = append(wasmbin.AppendU32(append(code, 0x11), typ), 0) // call_indirect
	return wasmbin.ExtraFunction{Code: code, Export: yieldExport}
}

// readElements notes where the library's own functions stand in its table.
func (l *library) readElements() error {
	elements, err := l.module.Elements()
	if err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	l.slots = map[uint32]uint32{}
	for _, e := range elements {
		if e.HasGlobal && e.Offset < l.table {
			if _, twice := l.slots[e.Function]; !twice {
				l.slots[e.Function] = e.Offset
			}
		}
	}
	return nil
}

// chooseExtra finds the exported functions that need a slot beyond the library's
// own: those that Python or ctypes may look up, which are all but the linker's, and
// those that it takes pointers of through the global offset table although it
// defines them.
func (l *library) chooseExtra() error {
	names := map[string]bool{}
	for name := range l.funcs {
		if !strings.HasPrefix(name, linkerPrefix) {
			names[name] = true
		}
	}
	for _, i := range l.module.Imports {
		if _, own := l.funcs[i.Name]; own && i.Module == gotFuncNS {
			names[i.Name] = true
		}
	}
	for name := range names {
		if slot, ok := l.slots[l.funcs[name]]; !ok || slot >= l.table {
			l.extra = append(l.extra, name)
		}
	}
	slices.Sort(l.extra)
	if len(l.extra) > maxTable {
		return errors.New("it exports too many functions")
	}
	l.placeExtra()
	return nil
}

func (l *library) placeExtra() {
	for i, name := range l.extra {
		l.slots[l.funcs[name]] = l.table + uint32(i)
	}
}

// tableBase is the index of the global __table_base.
func (l *library) tableBase() (uint32, error) {
	index := uint32(0)
	for _, i := range l.module.Imports {
		if i.Kind != wasmbin.KindGlobal {
			continue
		}
		if i.Module == envNS && i.Name == "__table_base" {
			return index, nil
		}
		index++
	}
	// A module without function pointers of its own has none; it is linked as
	// if it had.
	return 0, errors.New("it has no __table_base: link it with wasm-ld --shared --experimental-pic")
}

// offsetFrom is the constant expression global.get base + plus.
func offsetFrom(base, plus uint32) []byte {
	b := wasmbin.AppendU32([]byte{0x23}, base)
	if plus > 0 {
		b = append(wasmbin.AppendS32(append(b, 0x41), int32(plus)), 0x6a)
	}
	return append(b, 0x0b)
}

// measureArity notes for each slot how many parameters its function has, plus
// one, where they and the only result are i32.
func (l *library) measureArity() {
	l.arity = make([]byte, l.tableSize())
	for function, slot := range l.slots {
		if t, ok := l.module.FuncType(function); ok {
			l.arity[slot] = arity(t)
		}
	}
}

func arity(t wasmbin.FuncType) byte {
	isI32 := func(v wasmbin.ValType) bool { return v == wasmbin.I32 }
	if len(t.Results) != 1 || !isI32(t.Results[0]) || len(t.Params) > 3 {
		return 0
	}
	for _, p := range t.Params {
		if !isI32(p) {
			return 0
		}
	}
	return byte(len(t.Params)) + 1
}

// link compiles a module that the linker has written, unless that is done.
func (s *Libraries) link(ctx context.Context, module []byte) (wazero.CompiledModule, error) {
	key := sha256.Sum256(module)
	s.mu.Lock()
	defer s.mu.Unlock()
	if compiled, ok := s.links[key]; ok {
		return compiled, nil
	}
	compiled, err := s.runtime.CompileModule(context.WithoutCancel(ctx), module)
	if err == nil {
		s.links[key] = compiled
	}
	return compiled, err
}

// missing is the text for symbols that nobody has.
func missing(symbols map[string]string) error {
	names := slices.Sorted(maps.Keys(symbols))
	shown := names[:min(len(names), 5)]
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("it needs %s, which neither the interpreter nor a module loaded before exports", text)
}
