package skeleton

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pymode-tui/runtime/wasmbin"

	"github.com/tetratelabs/wazero"
)

// Store keeps small files for the next process.
type Store interface {
	// Get returns what was put under a name, and false where it is not there, or
	// not whole.
	Get(name string) ([]byte, bool)
	// Put keeps data under a name. Where that fails it costs time, nothing else.
	Put(name string, data []byte)
}

// placing begins the names of folders that modules are compiled in; abandoned is how
// old one is that a killed process has left.
const (
	placing   = ".placing-"
	abandoned = time.Hour
)

// Open opens the cache in the folder of compiled code that runtime has been given
// with its configuration; when code is placed there, what was used the longest ago
// goes, so that no more bytes than most are left. The store keeps what is known of
// the probe.
func Open(ctx context.Context, runtime wazero.Runtime, config wazero.RuntimeConfig, dir string, most int64, store Store) (*Cache, error) {
	c := &Cache{runtime: runtime, config: config, dir: dir, most: most}
	if err := c.findSub(ctx); err != nil {
		return nil, fmt.Errorf("cache of compiled code: %w", err)
	}
	name := "probe-" + c.sub
	var code Code
	if b, ok := store.Get(name); ok && gob.NewDecoder(bytes.NewReader(b)).Decode(&code) == nil && c.works(ctx, code) {
		c.probe = code.File
		return c, nil
	}
	module, err := probeModule()
	if err != nil {
		return nil, err
	}
	if code, err = c.Place(ctx, module); err != nil {
		return nil, err
	}
	if !c.works(ctx, code) {
		return nil, fmt.Errorf("cache of compiled code: wazero does not take code that was put there: %w", ErrNoCode)
	}
	c.probe = code.File
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(code); err != nil {
		return nil, err
	}
	store.Put(name, b.Bytes())
	return c, nil
}

// findSub finds out how wazero names its folder within the one that it is given: by
// its version and the machine's architecture.
func (c *Cache) findSub(ctx context.Context) error {
	old, err := filepath.Glob(filepath.Join(c.dir, placing+"*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(c.dir, placing+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = cache.Close(ctx) }()
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) != 1 {
		err = fmt.Errorf("wazero keeps code in %d folders", len(entries))
	}
	if err != nil {
		return err
	}
	c.sub = entries[0].Name()
	return nil
}

const (
	probeExport = "whole"
	probeAnswer = 1
)

func probeModule() ([]byte, error) {
	var b wasmbin.Builder
	b.Export(probeExport, wasmbin.KindFunc, b.Func(b.Type(nil, []wasmbin.ValType{wasmbin.I32}), nil, 0x41, probeAnswer))
	return b.Bytes()
}

// works reports whether the code of the probe is what wazero runs.
func (c *Cache) works(ctx context.Context, code Code) bool {
	compiled, err := c.load(ctx, code)
	if err != nil {
		return false
	}
	defer func() { _ = compiled.Close(ctx) }()
	instance, err := c.runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return false
	}
	defer func() { _ = instance.Close(ctx) }()
	results, err := instance.ExportedFunction(probeExport).Call(ctx)
	return err == nil && len(results) == 1 && results[0] == probeAnswer
}
