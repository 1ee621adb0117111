package cpython

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Options says from what and where to build. The zero value is ready to use.
type Options struct {
	// CacheDir holds the finished runtimes and everything on the way to them;
	// default: pymode-tui in [os.UserCacheDir].
	CacheDir string
	// Source is a copy of the Python source archive, or a folder with copies of
	// all source archives, used instead of fetching them; default: the
	// environment variable PYMODE_PYTHON_SOURCE.
	Source string
	// Zig is the zig executable to use; default: PYMODE_ZIG. Where neither is
	// set, zig on PATH is used if it is the right version, and else installed
	// into the cache with pip.
	Zig string
	// Jobs is how many compilers may run at once; default: the number of CPUs.
	Jobs int
	// TestSuite asks for CPython's own tests too.
	TestSuite bool
	// Asyncify asks for the deployable binary too, which can be suspended.
	Asyncify bool
	// WasmOpt is the wasm-opt that makes it; default: PYMODE_WASM_OPT. Where
	// neither is set, wasm-opt on PATH is used if it is the right version, and
	// else it is installed into the cache with npm, or unpacked from Debian.
	WasmOpt string
	// Progress is told how far the build is, in order, never by two goroutines
	// at once. It must return quickly. It is not called where nothing is built.
	Progress func(Progress)
}

// Runtime is a finished build: paths to its files, and what is known of it.
type Runtime struct {
	Dir       string // holds all files but the test suite
	Wasm      string // python.wasm, without a name section
	Names     string // python.names: the name section; appended to python.wasm it gives traps readable names
	Stdlib    string // python313.zip: the standard library, compiled
	Dynload   string // lib-dynload: the extension modules of the library that are not in python.wasm
	Include   string // the C headers, pyconfig.h among them, that extension modules compile against
	Sysconfig string // the guest's build variables as a Python module
	TestSuite string // the folder that holds CPython's package `test`; empty unless it was asked for

	// Asyncified is the path of the deployable python.wasm, empty unless it was
	// asked for, and AsyncifiedInfo is its size.
	Asyncified     string
	AsyncifiedInfo FileInfo

	Digest string // of all inputs, hexadecimal; names the build

	// Interface is the digest of what an extension module is compiled and linked
	// against: headers, flags, and the names that python.wasm exports. Builds that
	// have it in common load each other's modules.
	Interface string

	Info Info
}

// ErrPathWithSpace says that the cache is in a place where CPython's build, a
// matter of make and shell, does not work.
var ErrPathWithSpace = errors.New("CPython can't be built in a folder with a space in its path")

// Lookup returns the runtime if it is built already. It reads one small file.
func Lookup(opts Options) (*Runtime, bool) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, false
	}
	return lookup(opts, newRecipe())
}

func lookup(opts Options, r *recipe) (*Runtime, bool) {
	dir := r.dir(opts.CacheDir, stepRuntime)
	rec, err := readRecord(dir)
	if err != nil || rec.Info == nil {
		return nil, false
	}
	found := &Runtime{
		Dir:       dir,
		Wasm:      filepath.Join(dir, wasmFile),
		Names:     filepath.Join(dir, namesFile),
		Stdlib:    filepath.Join(dir, stdlibFile),
		Dynload:   filepath.Join(dir, dynloadDir),
		Include:   filepath.Join(dir, includeDir),
		Sysconfig: filepath.Join(dir, sysconfigFile),
		Digest:    r.digests[stepRuntime],
		Interface: digest(r.digests[stepCompile], contentDigest("src", "exports.txt"), sysconfigVersion),
		Info:      *rec.Info,
	}
	// The cache is a cache: somebody may have removed a part of it.
	sizes := map[string]int64{found.Wasm: rec.Info.Wasm.Raw, found.Stdlib: rec.Info.Stdlib.Raw}
	for name, module := range rec.Info.Dynload {
		sizes[filepath.Join(found.Dynload, name)] = module.Raw
	}
	for path, size := range sizes {
		if st, err := os.Stat(path); err != nil || st.Size() != size {
			return nil, false
		}
	}
	tests := r.dir(opts.CacheDir, stepTests)
	if _, err := readRecord(tests); err == nil {
		found.TestSuite = tests
	} else if opts.TestSuite {
		return nil, false
	}
	asyncified := r.dir(opts.CacheDir, stepAsyncify)
	if rec, err := readRecord(asyncified); err == nil && rec.Info != nil && r.finished(opts.CacheDir, stepAsyncify) {
		found.Asyncified, found.AsyncifiedInfo = filepath.Join(asyncified, wasmFile), rec.Info.Wasm
	} else if opts.Asyncify {
		return nil, false
	}
	return found, true
}

// Build returns the runtime, and builds what is missing of it first.
//
// Where the machine lacks something the error is a [*MissingToolError]; where a
// step failed it is a [*StepError] with the end of that step's output; where
// ctx ended, its cause. In all cases what was finished is kept and the rest is
// removed. While another process builds in the same cache, Build waits for it.
func Build(ctx context.Context, opts Options) (*Runtime, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return buildRecipe(ctx, opts, newRecipe())
}

func buildRecipe(ctx context.Context, opts Options, r *recipe) (*Runtime, error) {
	if found, ok := lookup(opts, r); ok {
		return found, nil
	}
	lock, err := acquireToBuild(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer lock.release()
	if found, ok := lookup(opts, r); ok { // the process that we waited for built it
		return found, nil
	}
	if err := build(ctx, opts, r); err != nil {
		return nil, err
	}
	found, ok := lookup(opts, r)
	if !ok {
		return nil, fmt.Errorf("the runtime that was just built in %s is incomplete", r.dir(opts.CacheDir, stepRuntime))
	}
	return found, nil
}

func build(ctx context.Context, opts Options, r *recipe) error {
	sweep(opts.CacheDir)
	if broken := r.dir(opts.CacheDir, stepRuntime); pathExists(broken) {
		// Its record is there but a file of it is not, or it is of another size.
		if _, ok := lookup(withoutExtras(opts), r); !ok {
			if err := os.RemoveAll(broken); err != nil {
				return fmt.Errorf("remove a damaged runtime: %w", err)
			}
		}
	}
	goals := []string{stepRuntime}
	if opts.TestSuite {
		goals = append(goals, stepTests)
	}
	if opts.Asyncify {
		goals = append(goals, stepAsyncify)
	}
	steps := r.plan(opts.CacheDir, goals...)
	if err := checkTools(ctx, opts, steps); err != nil {
		return err
	}
	logs, err := newLogDir(opts.CacheDir, time.Now())
	if err != nil {
		return err
	}
	if err := runSteps(ctx, opts, r, steps, logs); err != nil {
		return err
	}
	prune(opts.CacheDir, r, time.Now())
	return nil
}

func withoutExtras(opts Options) Options {
	opts.TestSuite, opts.Asyncify = false, false
	return opts
}

func (o Options) withDefaults() (Options, error) {
	if o.CacheDir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("find the cache folder: %w", err)
		}
		o.CacheDir = filepath.Join(base, "pymode-tui")
	}
	abs, err := filepath.Abs(o.CacheDir)
	if err != nil {
		return o, fmt.Errorf("find the cache folder: %w", err)
	}
	o.CacheDir = abs
	if o.Source == "" {
		o.Source = os.Getenv("PYMODE_PYTHON_SOURCE")
	}
	if o.Zig == "" {
		o.Zig = os.Getenv("PYMODE_ZIG")
	}
	if o.WasmOpt == "" {
		o.WasmOpt = os.Getenv("PYMODE_WASM_OPT")
	}
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o, nil
}

func pathExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
