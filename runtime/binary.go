package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/filecache"
	"pymode-tui/runtime/wasmbin"
)

// ErrBinary means that a file is no python.wasm that workers can run in.
var ErrBinary = errors.New("not a python.wasm for workers")

// binaryFunctions are what the engine calls of a python.wasm, besides what side
// modules need.
func binaryFunctions() []string {
	return []string{
		"_initialize", "_start", "pm_alloc", "pm_boot", "pm_load", cpython.YieldExport, "pm_arity_reserve", "malloc",
	}
}

// WithBinary returns the configuration for another python.wasm than its own, with
// the same standard library: the deployable one, say. Loop checks are added where
// the file has none; the result is kept in the cache by the file's digest. A file
// that lacks something is an [ErrBinary] that says what.
func (c EngineConfig) WithBinary(file string) (EngineConfig, error) {
	module, err := os.ReadFile(file)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrBinary, err)
	}
	refuse := func(err error) (EngineConfig, error) { return c, fmt.Errorf("%s: %w: %w", file, ErrBinary, err) }
	m, err := wasmbin.Parse(module)
	if err != nil {
		return refuse(err)
	}
	for _, name := range binaryFunctions() {
		if _, ok := m.ExportedFunc(name); !ok {
			return refuse(fmt.Errorf("it does not export %s", name))
		}
	}
	if err := checkPython(m); err != nil {
		return refuse(err)
	}
	if _, err := dylink.ReadProgram(module, cpython.YieldExport); err != nil {
		return refuse(err)
	}
	sum := sha256.Sum256(append([]byte(c.Digest+"\x00"), module...))
	c.Digest = hex.EncodeToString(sum[:])
	if c.Wasm, err = filepath.Abs(file); err != nil {
		return c, err
	}
	if _, ok := m.Export(cpython.FuelExport); ok {
		return c, nil
	}
	checked := filepath.Join(c.CacheDir, imagesDir, c.Digest[:16]+".binary.wasm")
	if fileExists(checked) { // renamed into place, and so whole
		filecache.Used(checked)
		c.Wasm = checked
		return c, nil
	}
	if module, err = cpython.AddLoopChecks(module); err != nil {
		return refuse(err)
	}
	if err := os.MkdirAll(filepath.Dir(checked), 0o755); err != nil {
		return c, fmt.Errorf("cache directory: %w", err)
	}
	if err := writeFile(checked, module); err != nil {
		return c, fmt.Errorf("keep %s with loop checks: %w", file, err)
	}
	c.Wasm = checked
	return c, nil
}

// checkPython makes sure that the binary's Python is the one that the standard
// library was compiled by: Py_Version is 0x030d05f0 for 3.13.5.
func checkPython(m *wasmbin.Module) error {
	address, ok := m.ExportedGlobalI32("Py_Version")
	if !ok {
		return errors.New("it does not export Py_Version")
	}
	data, ok := m.DataAt(address, 4)
	if !ok {
		return errors.New("its Py_Version is not to be read")
	}
	v := binary.LittleEndian.Uint32(data)
	if have := fmt.Sprintf("%d.%d.%d", v>>24, v>>16&0xff, v>>8&0xff); have != cpython.PythonVersion {
		return fmt.Errorf("it is Python %s, and the standard library is that of %s", have, cpython.PythonVersion)
	}
	return nil
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
