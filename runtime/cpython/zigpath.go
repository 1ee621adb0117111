package cpython

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Zig returns the path of the zig that builds the runtime, and gets it first
// where the cache has lost it. Errors are those of [Build].
func Zig(ctx context.Context, opts Options) (string, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return "", err
	}
	r := newRecipe()
	path := filepath.Join(r.dir(opts.CacheDir, stepZig), zigLink)
	if r.finished(opts.CacheDir, stepZig) {
		return path, nil
	}
	if err := os.MkdirAll(opts.CacheDir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	lock, err := acquire(ctx, opts)
	if err != nil {
		return "", err
	}
	defer lock.release()
	steps := r.plan(opts.CacheDir, stepZig)
	if err := checkTools(ctx, opts, steps); err != nil {
		return "", err
	}
	logs, err := newLogDir(opts.CacheDir, time.Now())
	if err != nil {
		return "", err
	}
	if err := runSteps(ctx, opts, r, steps, logs); err != nil {
		return "", err
	}
	return path, nil
}

// CompileFlags are what every C file of the runtime is compiled with, and
// extension modules too.
func CompileFlags() []string { return compileFlags() }

// Target is zig's name for the guest's platform.
const Target = target
