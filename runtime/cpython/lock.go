package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// buildLock lets one process at a time change the cache.
type buildLock struct{ file *flock.Flock }

// waitingStep is the step's name while another process builds.
const waitingStep = "another process is building the runtime"

// acquireToBuild makes the cache folder, and acquires its lock. It refuses a folder
// in which nothing can be built.
func acquireToBuild(ctx context.Context, opts Options) (*buildLock, error) {
	if strings.ContainsAny(opts.CacheDir, " \t\n'\"$") {
		return nil, fmt.Errorf("%w: %s", ErrPathWithSpace, opts.CacheDir)
	}
	if err := os.MkdirAll(opts.CacheDir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache folder: %w", err)
	}
	return acquire(ctx, opts)
}

// acquire waits for the lock, for as long as ctx allows, and says so meanwhile.
func acquire(ctx context.Context, opts Options) (*buildLock, error) {
	file := flock.New(filepath.Join(opts.CacheDir, "build.lock"))
	for start := time.Now(); ; {
		ok, err := file.TryLock()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock the cache: %w", err), file.Close())
		}
		if ok {
			return &buildLock{file}, nil
		}
		opts.Progress(Progress{
			Step: waitingStep, Number: 1, Steps: 1,
			Line: fmt.Sprintf("waiting for it since %s", time.Since(start).Round(time.Second)),
		})
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// release gives the lock back. The file stays: removing it would let a process
// that waits on the old file and one that makes a new one both go ahead.
func (l *buildLock) release() { _ = l.file.Close() }
