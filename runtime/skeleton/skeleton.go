// Package skeleton lets wazero load compiled code without the module that it is of.
//
// wazero keeps compiled code in a folder, by the digest of the module. To find it,
// it decodes and validates the whole module at each start, which takes longer than
// to read the code. So a module is compiled once, and its code put where wazero looks
// for that of the module's skeleton, which has all but the bodies of the functions.
// From then on wazero is given the skeleton.
//
//	Place: module   ─▶ compiled in a folder of its own ─▶ the code ─┐
//	       skeleton ─▶ the same ─▶ the name of its code ────────────┴▶ folder of compiled code
//	Load:  skeleton ─▶ CompiledModule
//
// If wazero did not find the code there, it would compile the skeleton, every
// function of which traps. What keeps that from being used: at each start a module
// of one function, the probe, is loaded in the same way and called, which fails where
// wazero or the processor is another one than was there to place the code; and the
// size and the end of a file, which has a checksum, are looked at before and after it
// was loaded.
package skeleton

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"pymode-tui/runtime/filecache"
	"pymode-tui/runtime/wasmbin"

	"github.com/tetratelabs/wazero"
)

// ErrNoCode says that the code of a skeleton is not there, or is not to be trusted.
var ErrNoCode = errors.New("no compiled code of the skeleton")

// Code is a module that was compiled: its skeleton, and where its code is.
type Code struct {
	Skeleton []byte
	File     string // in the folder of compiled code
	Size     int64  // of the file, in bytes
	End      []byte // the file's last bytes
	Probe    string // the File of the probe when this one was placed
}

// Cache is compiled code on disk. It is safe for use by many goroutines.
type Cache struct {
	runtime wazero.Runtime
	config  wazero.RuntimeConfig
	dir     string // of compiled code
	most    int64  // bytes in it
	sub     string // wazero's part of it
	probe   string // File of the probe
}

// Place compiles a module, in a runtime of its own, and puts the code into the cache.
func (c *Cache) Place(ctx context.Context, module []byte) (Code, error) {
	code, err := c.place(ctx, module)
	if err != nil {
		return Code{}, fmt.Errorf("keep compiled code: %w", err)
	}
	return code, nil
}

func (c *Cache) place(ctx context.Context, module []byte) (code Code, err error) {
	code.Probe = c.probe
	if code.Skeleton, err = wasmbin.Skeleton(module, sha256.Sum256(module)); err != nil {
		return code, err
	}
	scratch, err := os.MkdirTemp(c.dir, placing+"*")
	if err != nil {
		return code, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	whole, err := c.compileAlone(ctx, filepath.Join(scratch, "whole"), module)
	if err != nil {
		return code, err
	}
	named, err := c.compileAlone(ctx, filepath.Join(scratch, "skeleton"), code.Skeleton)
	if err != nil {
		return code, err
	}
	code.File = filepath.Join(c.sub, filepath.Base(named))
	if code.Size, code.End, err = look(whole); err != nil {
		return code, err
	}
	target := filepath.Join(c.dir, code.File)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { // it may have been cleaned away
		return code, err
	}
	if err := os.Rename(whole, target); err != nil { // which wazero has synced
		return code, err
	}
	filecache.Prune(c.dir, math.MaxInt, c.most)
	return code, nil
}

// compileAlone compiles a module with a folder of its own, and returns the file that
// wazero keeps its code in.
func (c *Cache) compileAlone(ctx context.Context, dir string, module []byte) (file string, err error) {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, cache.Close(ctx)) }()
	runtime := wazero.NewRuntimeWithConfig(ctx, c.config.WithCompilationCache(cache))
	defer func() { err = errors.Join(err, runtime.Close(ctx)) }()
	if _, err := runtime.CompileModule(ctx, module); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(dir, c.sub, "*"))
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("wazero keeps the code of a module in %d files", len(files))
	}
	if err != nil {
		return "", err
	}
	return files[0], nil
}

// Compile compiles a module, puts its code into the cache, and loads it from there.
func (c *Cache) Compile(ctx context.Context, module []byte) (wazero.CompiledModule, Code, error) {
	code, err := c.Place(ctx, module)
	if err != nil {
		return nil, code, err
	}
	compiled, err := c.Load(ctx, code)
	return compiled, code, err
}

// Load gives wazero the skeleton. The error is [ErrNoCode] where the module has to
// be compiled again.
func (c *Cache) Load(ctx context.Context, code Code) (wazero.CompiledModule, error) {
	if code.Probe != c.probe {
		return nil, ErrNoCode
	}
	return c.load(ctx, code)
}

func (c *Cache) load(ctx context.Context, code Code) (wazero.CompiledModule, error) {
	if !c.isThere(code) {
		return nil, ErrNoCode
	}
	compiled, err := c.runtime.CompileModule(ctx, code.Skeleton)
	if err == nil && c.isThere(code) {
		filecache.Used(filepath.Join(c.dir, code.File))
		return compiled, nil
	}
	// It is damaged, or went in between, and what is there now is of the skeleton.
	_ = os.Remove(filepath.Join(c.dir, code.File))
	if err == nil {
		err = compiled.Close(ctx)
	}
	return nil, errors.Join(ErrNoCode, err)
}

func (c *Cache) isThere(code Code) bool {
	size, end, err := look(filepath.Join(c.dir, code.File))
	return err == nil && size == code.Size && bytes.Equal(end, code.End)
}

// look returns the size of a file and its last bytes.
func look(path string) (size int64, end []byte, err error) {
	const many = 16
	f, err := os.Open(path)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return 0, nil, err
	}
	end = make([]byte, min(many, info.Size()))
	_, err = f.ReadAt(end, info.Size()-int64(len(end)))
	return info.Size(), end, err
}
