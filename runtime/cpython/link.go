package cpython

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pymode-tui/runtime/wasmbin"
)

// Files of the finished runtime.
const (
	wasmFile   = "python.wasm"
	namesFile  = "python.names"
	stdlibFile = "python313.zip"
	includeDir = "include"
	dynloadDir = "lib-dynload"
)

// replacedObjects are CPython's own for what src/ does in another way: its main
// program, its loading of extension modules, and its list of frozen modules.
func replacedObjects() []string {
	return []string{"Programs/python.o", "Python/dynload_shlib.o", "Python/frozen.o"}
}

// linkPython links CPython, our C files, zlib and the C library, writes the
// loop checks into the result, widens the checks of bounds that wazero will make,
// and takes the names of the functions out of it.
func linkPython(ctx context.Context, j *job) error {
	objects, err := j.linkInputs()
	if err != nil {
		return err
	}
	linked := filepath.Join(j.dir, linkedFile)
	args := append([]string{"wasm-ld"}, linkFlags()...)
	for _, symbol := range Exports() {
		// A name that the C library doesn't define is an error here, not an
		// export that is silently missing.
		args = append(args, "--export="+symbol)
	}
	args = append(args, "-o", linked)
	args = append(args, objects...)
	// Hundreds of names are more than some systems take as arguments.
	response := filepath.Join(j.dir, "link.args")
	if err := os.WriteFile(response, []byte(strings.Join(args[1:], "\n")+"\n"), 0o644); err != nil {
		return err
	}
	if err := j.zig(ctx, command{args: []string{"wasm-ld", "@" + response}}); err != nil {
		return err
	}
	module, err := os.ReadFile(linked)
	if err != nil {
		return err
	}
	j.printf("adding loop checks")
	checked, stats, err := addLoopChecks(module)
	if err != nil {
		return fmt.Errorf("add loop checks: %w", err)
	}
	j.printf("%d loop checks in %d of %d functions", stats.Loops+stats.TailCalls, stats.Changed, stats.Functions)
	if stats.Left != 1 || stats.Marks == 0 {
		return fmt.Errorf("%d loops of an interpreter, want 1, with %d marks in it", stats.Left, stats.Marks)
	}
	checked, bounds, err := wasmbin.WidenBounds(checked)
	if err != nil {
		return fmt.Errorf("widen the checks of bounds: %w", err)
	}
	j.printf("%d of %d accesses to memory check for others too, %d at the beginning of their function",
		bounds.Widened, bounds.Accesses, bounds.Fixed)
	if err := checkExports(checked, append(Exports(), YieldExport, FuelExport)); err != nil {
		return err
	}
	module, names, err := splitNames(checked)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.dir, wasmFile), module, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.dir, namesFile), names, 0o644); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(j.dir, zigScratchDir))
}

// linkInputs are the files that are linked, in order: ours first, so that a
// function of theirs takes the place of the C library's of the same name.
func (j *job) linkInputs() ([]string, error) {
	inputs := []string{j.path(stepZig, zigLibcDir, libcParts()[0])}
	for _, name := range glueSources() {
		inputs = append(inputs, j.path(stepGlue, strings.TrimSuffix(name, ".c")+".o"))
	}
	objects, err := readObjects(j.path(stepCompile))
	if err != nil {
		return nil, err
	}
	replaced := map[string]bool{}
	for _, name := range replacedObjects() {
		replaced[name] = true
	}
	for _, object := range objects {
		if !replaced[object] {
			inputs = append(inputs, j.path(stepCompile, object))
		}
	}
	inputs = append(inputs, j.path(stepZlib, "libz.a"))
	for _, part := range libcParts()[1:] {
		inputs = append(inputs, j.path(stepZig, zigLibcDir, part))
	}
	return inputs, nil
}

// Exports are the symbols of the C library, libm and the compiler's run-time
// library that side modules may import from python.wasm, besides the C API.
func Exports() []string {
	data, err := embedded.ReadFile("src/exports.txt")
	if err != nil {
		panic("cpython: " + err.Error()) // it is in the binary
	}
	return parseExports(data)
}

// checkExports makes sure that a module exports all of symbols.
func checkExports(module []byte, symbols []string) error {
	parsed, err := wasmbin.Parse(module)
	if err != nil {
		return err
	}
	exported := map[string]bool{}
	for _, e := range parsed.Exports {
		exported[e.Name] = true
	}
	var missing []string
	for _, s := range symbols {
		if !exported[s] {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s does not export %s", wasmFile, strings.Join(missing, ", "))
	}
	return nil
}

func parseExports(data []byte) []string {
	var symbols []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		symbols = append(symbols, strings.Fields(text)...)
	}
	return symbols
}

var errNoModule = errors.New("not a WebAssembly module")

// splitNames takes the section "name" out of a module. The second result is
// that section, header and all: appended to the module it is in it again.
func splitNames(module []byte) (without, names []byte, err error) {
	const header = 8
	if len(module) < header || string(module[:4]) != "\x00asm" {
		return nil, nil, errNoModule
	}
	without = append(without, module[:header]...)
	for rest := module[header:]; len(rest) > 0; {
		size, n := uvarint32(rest[1:])
		if n <= 0 || uint64(len(rest)) < uint64(1+n)+uint64(size) {
			return nil, nil, fmt.Errorf("%w: it ends within a section", errNoModule)
		}
		section := rest[:1+n+int(size)]
		rest = rest[len(section):]
		if section[0] == 0 && bytes.HasPrefix(section[1+n:], []byte("\x04name")) {
			names = append(names, section...)
			continue
		}
		without = append(without, section...)
	}
	return without, names, nil
}

// uvarint32 reads an unsigned LEB128 number of at most 32 bits and returns how
// many bytes it takes, 0 where there is none.
func uvarint32(data []byte) (value uint32, n int) {
	for n < len(data) && n < 5 {
		b := data[n]
		value |= uint32(b&0x7f) << (7 * n)
		n++
		if b < 0x80 {
			return value, n
		}
	}
	return 0, 0
}
