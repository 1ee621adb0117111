package cpython

import (
	"context"
	"path/filepath"
	"time"
)

// Zig returns the path of the zig that builds the runtime, and gets it first
// where the cache has lost it. Errors are those of [Build].
func Zig(ctx context.Context, opts Options) (string, error) {
	dirs, err := obtain(ctx, opts, stepZig)
	if err != nil {
		return "", err
	}
	return filepath.Join(dirs[0], zigLink), nil
}

// Native returns the path of the Python that the runtime's library is compiled by,
// the machine's own of the guest's version, and that of its library. It has no
// extension modules. It is built first where the cache has lost it. Errors are
// those of [Build].
func Native(ctx context.Context, opts Options) (python, library string, err error) {
	dirs, err := obtain(ctx, opts, stepNative, stepPythonSource)
	if err != nil {
		return "", "", err
	}
	return filepath.Join(dirs[0], "python"), filepath.Join(dirs[1], "Lib"), nil
}

// obtain returns the folders of some steps, which are run where they are not
// finished.
func obtain(ctx context.Context, opts Options, names ...string) (dirs []string, err error) {
	if opts, err = opts.withDefaults(); err != nil {
		return nil, err
	}
	r := newRecipe()
	finished := true
	for _, name := range names {
		dirs = append(dirs, r.dir(opts.CacheDir, name))
		finished = finished && r.finished(opts.CacheDir, name)
	}
	if finished {
		return dirs, nil
	}
	lock, err := acquireToBuild(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer lock.release()
	steps := r.plan(opts.CacheDir, names...)
	if err := checkTools(ctx, opts, steps); err != nil {
		return nil, err
	}
	logs, err := newLogDir(opts.CacheDir, time.Now())
	if err != nil {
		return nil, err
	}
	if err := runSteps(ctx, opts, r, steps, logs); err != nil {
		return nil, err
	}
	return dirs, nil
}

// CompileFlags are what every C file of the runtime is compiled with, and
// extension modules too.
func CompileFlags() []string { return compileFlags() }

// Target is zig's name for the guest's platform.
const Target = target
