package cpython

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pymode-tui/runtime/wasmbin"
)

// linkedFile is the link step's python.wasm as the linker wrote it: without loop
// checks, and with names.
const linkedFile = "linked.wasm"

// onlyFile lists, for wasm-opt, the functions that it may rewrite.
const onlyFile = "suspendable"

// pinVersion is to be raised when [wasmbin.Pin] changes what it writes.
const pinVersion = "1"

// asyncifyExports are what a host that can't block calls, in this order, and what
// tells in which of the states it is.
func asyncifyExports() []string {
	return []string{
		"asyncify_start_unwind", "asyncify_stop_unwind", "asyncify_start_rewind", "asyncify_stop_rewind", "asyncify_get_state",
	}
}

// asyncifyFlags are wasm-opt's, besides those that name files. The features are
// those of compileFlags. Without -O1 the rewritten functions are twice as large,
// and -O2 saves nothing that gzip has not saved already.
func asyncifyFlags() []string {
	return []string{
		"--enable-simd", "--enable-bulk-memory", "--enable-sign-ext", "--enable-nontrapping-float-to-int",
		"--enable-mutable-globals", "--enable-multivalue", "--enable-reference-types",
		"--asyncify", "-O1", "--strip-debug",
		"--pass-arg=asyncify-imports@" + strings.Join(waitingImports(), ","),
		"--pass-arg=asyncify-onlylist@@" + onlyFile,
	}
}

// asyncifyIntact tells whether the deployable binary is still there.
func asyncifyIntact(dir string) bool { return pathExists(filepath.Join(dir, wasmFile)) }

// asyncify makes the deployable binary: pins first, which need the functions as
// they are, then wasm-opt. Production measures CPU time by itself, so there are no
// loop checks.
func asyncify(ctx context.Context, j *job) error {
	module, err := os.ReadFile(j.path(stepLink, linkedFile))
	if err != nil {
		return err
	}
	names, err := wasmbin.Names(module)
	if err != nil {
		return err
	}
	set, err := suspendable(module, names)
	if err != nil {
		return err
	}
	pinned, stats, err := wasmbin.Pin(module, wasmbin.PinOptions{
		Suspendable: func(function uint32) bool { return set[function] }, Query: PinnedExport,
	})
	if err != nil {
		return err
	}
	j.printf("%d of %d functions can be suspended; the stack is pinned around %d calls of the others, and %d through the table",
		stats.Suspendable, len(set), stats.Direct+stats.Indirect, stats.Foreign)
	pinned, only, err := renumber(pinned, set)
	if err != nil {
		return err
	}
	input := filepath.Join(j.dir, "pinned.wasm")
	if err := os.WriteFile(input, pinned, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.dir, onlyFile), []byte(strings.Join(only, ",")), 0o644); err != nil {
		return err
	}
	output := filepath.Join(j.dir, wasmFile)
	if err := j.wasmOpt(ctx, append([]string{input, "-o", output}, asyncifyFlags()...)); err != nil {
		return err
	}
	result, err := os.ReadFile(output)
	if err != nil {
		return err
	}
	wanted := slices.Concat(Exports(), asyncifyExports(), []string{YieldExport, PinnedExport})
	if err := checkExports(result, wanted); err != nil {
		return err
	}
	measured, err := measure(output)
	if err != nil {
		return err
	}
	j.info = &Info{Python: PythonVersion, Zlib: ZlibVersion, Zig: ZigVersion, Wasm: measured}
	return os.Remove(input)
}

// renumber names each function by its number, since the names that C gives are
// not unique, and lists those of the set.
func renumber(module []byte, set []bool) (renamed []byte, only []string, err error) {
	if renamed, err = wasmbin.Strip(module, func(custom string) bool { return custom != "name" }); err != nil {
		return nil, nil, err
	}
	index := uint32(0)
	functions := wasmbin.AppendVec(nil, set, func(dst []byte, in bool) []byte {
		name := "f" + strconv.FormatUint(uint64(index), 10)
		if in {
			only = append(only, name)
		}
		dst = wasmbin.AppendName(wasmbin.AppendU32(dst, index), name)
		index++
		return dst
	})
	if len(only) == 0 {
		return nil, nil, fmt.Errorf("no function of %s is to be suspendable", wasmFile)
	}
	const functionNames = 1
	return wasmbin.AppendCustom(renamed, "name", wasmbin.AppendBytes([]byte{functionNames}, functions)), only, nil
}
