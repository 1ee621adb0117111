package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/filecache"
	"pymode-tui/runtime/hostcall"
	"pymode-tui/runtime/image"
	"pymode-tui/runtime/skeleton"

	"github.com/gofrs/flock"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// EngineConfig says which interpreter to run and where to keep what is made of it.
type EngineConfig struct {
	Wasm     string // the path of python.wasm
	LibDir   string // the directory with python313.zip and lib-dynload
	Digest   string // identifies the two, for the caches
	CacheDir string // compiled code and images are kept here
}

// Engine is what all workers share: compiled code and the base image. It is
// safe for use by many goroutines.
type Engine struct {
	config EngineConfig
	wazero wazero.Runtime
	cache  wazero.CompilationCache
	code   *skeleton.Cache       // nil where nothing is kept on disk
	guest  wazero.CompiledModule // without data: its memory comes from an image
	base   *image.Image

	libraries *dylink.Libraries // side modules
	ahead     aheadLayers
	clock     monotonic

	memory  bool // nothing is kept on disk: it can't be
	warning string
}

// imageVersion goes into every image's key: it changes with what the code below
// does to an image or to the guest's code, and with wazero's way of laying out
// memory.
const imageVersion = "4"

// bootLimit is how large the base image may become.
const bootLimit = 1 << 30

// NewEngine opens an engine. The first time with a digest it compiles the
// interpreter and boots it, which takes seconds; later it reads both from
// the cache. Where the cache can't be written, it does both every time, and
// [Engine.Warning] says so. Ahead are workers that will be made: what the cache has
// of their packages is opened meanwhile. It gives up when ctx is done.
func NewEngine(ctx context.Context, config EngineConfig, ahead ...Config) (*Engine, error) {
	e, err := newEngine(ctx, config, ahead, false)
	if !cannotWrite(err) {
		return e, err
	}
	e, again := newEngine(ctx, config, nil, true)
	if again != nil {
		return nil, again
	}
	e.warning = fmt.Sprintf("the cache can't be written, so each start takes seconds longer: %v", err)
	return e, nil
}

func newEngine(ctx context.Context, config EngineConfig, ahead []Config, memory bool) (_ *Engine, err error) {
	e := &Engine{config: config, memory: memory, clock: newMonotonic()}
	defer func() {
		if err != nil {
			_ = e.Close(context.WithoutCancel(ctx))
		}
	}()
	if err := e.openWazero(ctx); err != nil {
		return nil, err
	}
	for _, config := range ahead {
		if config.SitePackages != "" && !config.WholeImport {
			e.ahead.open(ctx, e, config.withDefaults())
		}
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

// Warning is what the user should know about the engine, "" for nothing.
func (e *Engine) Warning() string { return e.warning }

// openWazero makes the wazero runtime with what guests import.
func (e *Engine) openWazero(ctx context.Context) (err error) {
	if err := e.openCache(); err != nil {
		return err
	}
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExtendedConst).WithDebugInfoEnabled(false)
	e.wazero = wazero.NewRuntimeWithConfig(ctx, config.WithCompilationCache(e.cache))
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.wazero); err != nil {
		return fmt.Errorf("wasi: %w", err)
	}
	if err := hostcall.Instantiate(ctx, e.wazero); err != nil {
		return fmt.Errorf("host imports: %w", err)
	}
	var store skeleton.Store
	if !e.memory {
		store = e.kept("prepared", maxKeptPrepared, maxPrepareBytes)
		probes := keptFiles{filepath.Join(e.config.CacheDir, "probes"), "1", maxKeptProbes, maxProbeBytes}
		// Without it, wazero is given whole modules.
		if e.code, err = skeleton.Open(ctx, e.wazero, config, filepath.Join(e.config.CacheDir, compiledDir), maxCodeBytes, probes); cannotWrite(err) {
			return err
		}
	}
	e.libraries = dylink.NewLibraries(e.wazero, fuelPerYield, e.readProgram, store, e.code)
	return nil
}

// readProgram reads the interpreter as side modules see it.
func (e *Engine) readProgram() (*dylink.Program, error) {
	module, err := os.ReadFile(e.config.Wasm)
	if err != nil {
		return nil, err
	}
	return dylink.ReadProgram(module, cpython.YieldExport)
}

// Close lets go of everything. No worker may be running.
func (e *Engine) Close(ctx context.Context) error {
	var errs []error
	e.ahead.close()
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

// compileGuest compiles the interpreter without its data.
func (e *Engine) compileGuest(ctx context.Context) (err error) {
	path := e.cached(".code")
	if e.code != nil {
		if code, err := readCode(path); err == nil {
			if e.guest, err = e.code.Load(ctx, code); err == nil {
				filecache.Used(path)
				return nil
			}
		}
	}
	module, err := e.makeGuest()
	if err != nil {
		return err
	}
	if e.code != nil {
		guest, code, err := e.code.Compile(ctx, module)
		if err == nil {
			e.guest = guest
			// A cache that can't be written costs time at the next start, nothing else.
			_ = writeCode(path, code)
			return nil
		}
		if cannotWrite(err) {
			return err
		}
	}
	if e.guest, err = e.wazero.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("compile %s: %w", e.config.Wasm, err)
	}
	return nil
}

// openBase opens the base image; a damaged one is as good as none.
func (e *Engine) openBase() error {
	path := e.cached(".img")
	filecache.Used(path)
	base, err := image.Open(path, e.key())
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, image.ErrCorrupt) {
		return fmt.Errorf("base image: %w", err)
	}
	e.base = base
	return nil
}

// makeBase boots the interpreter and keeps the image of it. Two processes that
// find none make it once.
func (e *Engine) makeBase(ctx context.Context) error {
	if !e.memory {
		lock := flock.New(e.cached(".lock"))
		if err := lock.Lock(); err != nil {
			return fmt.Errorf("lock the base image: %w", err)
		}
		defer func() { _ = lock.Unlock() }()
		if err := e.openBase(); err != nil || e.base != nil {
			return err
		}
	}
	base, err := e.boot(ctx)
	if err != nil {
		return fmt.Errorf("boot the interpreter: %w", err)
	}
	e.base = base
	// A cache that can't be written costs time at the next start, nothing else.
	_ = base.Save(e.cached(".img"), e.key())
	if !e.memory {
		filecache.Prune(filepath.Join(e.config.CacheDir, imagesDir), maxImages, maxImageBytes)
	}
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
	x := newExecution(executionConfig{engine: e, cpuLimit: DefaultCPULimit, bindings: bootBindings{}})
	in, err := e.instantiate(ctx, compiled, memory, 0, emptyFiles{}, emptyFiles{}, nil)
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
// project's files and site-packages, and with the side modules of the plan, which
// may be nil. The memory is freed with the instance,
// also where there is an error.
func (e *Engine) instantiate(ctx context.Context, compiled wazero.CompiledModule, m *image.Memory,
	pages uint32, project, site fs.FS, plan *dylink.Plan,
) (*instance, error) {
	in := &instance{memory: m, clock: e.clock, mounts: map[string]fs.FS{
		guestApp: project, guestSite: site, guestLib: os.DirFS(e.config.LibDir),
	}}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdin(in.stdin()).WithStdout(in.stdout()).WithStderr(in.stderr()).
		WithWalltime(in.walltime, wallResolution).WithNanotime(in.nanotime, nanoResolution).
		WithNanosleep(in.sleep).WithRandSource(randomSource{in}).
		WithFSConfig(withDevices(wazero.NewFSConfig().
			WithFSMount(in.files.count(in.mounts[guestLib]), guestLib).
			WithFSMount(in.files.count(project), guestApp).
			WithFSMount(in.files.count(site), guestSite)))
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
	if plan != nil {
		if in.linker, err = plan.Restore(ctx, module); err != nil {
			in.close()
			return nil, fmt.Errorf("side modules: %w", err)
		}
	}
	return in, nil
}
