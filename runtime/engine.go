package runtime

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"pymode-tui/runtime/hostcall"
	"pymode-tui/runtime/image"
	"pymode-tui/runtime/wasmbin"

	"github.com/gofrs/flock"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// EngineConfig says which interpreter to run and where to keep what is made of it.
type EngineConfig struct {
	Wasm     string // the path of python.wasm
	LibDir   string // the directory with python313.zip
	Digest   string // identifies the two, for the caches
	CacheDir string // compiled code and images are kept here
}

// Engine is what all workers share: compiled code and the base image. It is
// safe for use by many goroutines.
type Engine struct {
	config EngineConfig
	wazero wazero.Runtime
	cache  wazero.CompilationCache
	guest  wazero.CompiledModule // without data: its memory comes from an image
	base   *image.Image
}

// imageVersion goes into every image's key: it changes with what the code
// below does to an image, and with wazero's way of laying out memory.
const imageVersion = "1"

// bootLimit is how large the base image may become.
const bootLimit = 1 << 30

// NewEngine opens an engine. The first time with a digest it compiles the
// interpreter and boots it, which takes seconds; later it reads both from
// the cache. It gives up when ctx is done.
func NewEngine(ctx context.Context, config EngineConfig) (_ *Engine, err error) {
	for _, dir := range []string{"compiled", "images"} {
		if err := os.MkdirAll(filepath.Join(config.CacheDir, dir), 0o755); err != nil {
			return nil, fmt.Errorf("cache directory: %w", err)
		}
	}
	e := &Engine{config: config}
	defer func() {
		if err != nil {
			_ = e.Close(context.WithoutCancel(ctx))
		}
	}()
	if err := e.openWazero(ctx); err != nil {
		return nil, err
	}
	opened := make(chan error, 1)
	go func() { opened <- e.openBase() }()
	err = e.compileGuest(ctx)
	if err := errors.Join(err, <-opened); err != nil {
		return nil, err
	}
	if e.base == nil {
		if err := e.makeBase(ctx); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// openWazero makes the wazero runtime with what guests import.
func (e *Engine) openWazero(ctx context.Context) (err error) {
	if e.cache, err = wazero.NewCompilationCacheWithDir(filepath.Join(e.config.CacheDir, "compiled")); err != nil {
		return fmt.Errorf("cache of compiled code: %w", err)
	}
	e.wazero = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExtendedConst).
		WithCompilationCache(e.cache).WithDebugInfoEnabled(false))
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.wazero); err != nil {
		return fmt.Errorf("wasi: %w", err)
	}
	if err := hostcall.Instantiate(ctx, e.wazero); err != nil {
		return fmt.Errorf("host imports: %w", err)
	}
	return nil
}

// Close lets go of everything. No worker may be running.
func (e *Engine) Close(ctx context.Context) error {
	var errs []error
	if e.base != nil {
		e.base.Close()
	}
	if e.wazero != nil {
		errs = append(errs, e.wazero.Close(ctx))
	}
	if e.cache != nil {
		errs = append(errs, e.cache.Close(ctx))
	}
	return errors.Join(errs...)
}

// BaseSize is the length of the base image in bytes.
func (e *Engine) BaseSize() int64 { return e.base.Size() }

func (e *Engine) key() [32]byte {
	return sha256.Sum256([]byte("base\x00" + imageVersion + "\x00" + e.config.Digest))
}

// cached is the path of a file that belongs to this engine's interpreter.
func (e *Engine) cached(suffix string) string {
	key := e.key()
	return filepath.Join(e.config.CacheDir, "images", hex.EncodeToString(key[:8])+suffix)
}

// compileGuest compiles the interpreter without its data.
func (e *Engine) compileGuest(ctx context.Context) error {
	path := e.cached(".wasm")
	module, err := readGuest(path)
	if err != nil {
		if module, err = e.writeGuest(path); err != nil {
			return err
		}
	}
	if e.guest, err = e.wazero.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("compile %s: %w", path, err)
	}
	return nil
}

// The guest's file ends with the CRC of what stands before it.
const crcSize = 4

// readGuest reads what writeGuest wrote. Any error means to write it again.
func readGuest(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n := len(b) - crcSize
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != guestCRC(b[:n]) {
		return nil, image.ErrCorrupt
	}
	return b[:n], nil
}

func guestCRC(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func (e *Engine) writeGuest(path string) ([]byte, error) {
	module, err := os.ReadFile(e.config.Wasm)
	if err != nil {
		return nil, err
	}
	parsed, err := wasmbin.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.config.Wasm, err)
	}
	if len(parsed.Memories) != 1 {
		return nil, fmt.Errorf("%s: %d memories, want 1", e.config.Wasm, len(parsed.Memories))
	}
	if module, err = wasmbin.WithoutData(module, uint32(parsed.Memories[0].Min)); err != nil {
		return nil, fmt.Errorf("%s: %w", e.config.Wasm, err)
	}
	// A cache that can't be written costs time at the next start, nothing else.
	_ = writeFile(path, binary.LittleEndian.AppendUint32(module[:len(module):len(module)], guestCRC(module)))
	return module, nil
}

// openBase opens the base image; a damaged one is as good as none.
func (e *Engine) openBase() error {
	base, err := image.Open(e.cached(".img"), e.key())
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, image.ErrCorrupt) {
		return fmt.Errorf("base image: %w", err)
	}
	e.base = base
	return nil
}

// makeBase boots the interpreter and keeps the image of it. Two processes that
// find none make it once.
func (e *Engine) makeBase(ctx context.Context) error {
	lock := flock.New(e.cached(".lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock the base image: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	if err := e.openBase(); err != nil || e.base != nil {
		return err
	}
	base, err := e.boot(ctx)
	if err != nil {
		return fmt.Errorf("boot the interpreter: %w", err)
	}
	e.base = base
	// A cache that can't be written costs time at the next start, nothing else.
	_ = base.Save(e.cached(".img"), e.key())
	return nil
}

func (e *Engine) boot(ctx context.Context) (_ *image.Image, err error) {
	module, err := os.ReadFile(e.config.Wasm)
	if err != nil {
		return nil, err
	}
	compiled, err := e.wazero.CompileModule(ctx, module)
	if err != nil {
		return nil, err
	}
	defer func() { _ = compiled.Close(ctx) }()
	draft, err := image.NewDraft(bootLimit)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			draft.Discard()
		}
	}()
	memory, err := draft.Memory()
	if err != nil {
		return nil, err
	}
	x := newExecution(executionConfig{cpuLimit: DefaultCPULimit})
	in, err := e.instantiate(ctx, compiled, memory, 0, emptyFiles{}, emptyFiles{})
	if err != nil {
		return nil, err
	}
	err = x.run(ctx, in, func(ctx context.Context) error {
		if err := in.call(ctx, "_initialize"); err != nil {
			return err
		}
		return in.check(ctx, "pm_boot")
	})
	size := int64(in.module.Memory().Size())
	in.close()
	if err != nil {
		return nil, errors.Join(err, x.logError())
	}
	return draft.Freeze(size)
}

// instantiate makes an instance with the memory m, grown to pages, and the
// project's files and site-packages. The memory is freed with the instance,
// also where there is an error.
func (e *Engine) instantiate(ctx context.Context, compiled wazero.CompiledModule, m *image.Memory,
	pages uint32, project, site fs.FS,
) (*instance, error) {
	in := &instance{memory: m}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdin(in.stdin()).WithStdout(in.stdout()).WithStderr(in.stderr()).
		WithSysWalltime().WithSysNanotime().WithNanosleep(in.sleep).WithRandSource(rand.Reader).
		WithFSConfig(wazero.NewFSConfig().
			WithFSMount(in.files.count(os.DirFS(e.config.LibDir)), guestLib).
			WithFSMount(in.files.count(project), guestApp).
			WithFSMount(in.files.count(site), guestSite))
	module, err := e.wazero.InstantiateModule(image.WithMemory(ctx, m), compiled, config)
	if err != nil {
		m.Free()
		return nil, err
	}
	in.module = module
	if have := module.Memory().Size() / image.PageSize; pages > have {
		if _, ok := module.Memory().Grow(pages - have); !ok {
			in.close()
			return nil, fmt.Errorf("grow the memory to %d pages", pages)
		}
	}
	fuel, ok := module.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	if !ok {
		in.close()
		return nil, errors.New("python.wasm has no loop checks")
	}
	in.fuel = fuel
	return in, nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".write-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), path)
}
