package cpython

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Clean removes what builds have left in the cache, finished runtimes included,
// and returns how many bytes that frees. keepDownloads spares the sources and
// zig. It waits while a build is running, for as long as ctx allows.
func Clean(ctx context.Context, opts Options, keepDownloads bool) (freed int64, err error) {
	opts, err = opts.withDefaults()
	if err != nil {
		return 0, err
	}
	if !pathExists(opts.CacheDir) {
		return 0, nil
	}
	lock, err := acquire(ctx, opts)
	if err != nil {
		return 0, err
	}
	defer lock.release()
	// The records go first, with the directories that hold them: a runtime
	// that is half removed must not count.
	roots := []string{rootRuntimes, rootSteps, rootLogs}
	if !keepDownloads {
		roots = append(roots, rootDownloads)
	}
	for _, root := range roots {
		n, err := removeSteps(filepath.Join(opts.CacheDir, root))
		freed += n
		if err != nil {
			return freed, fmt.Errorf("clean the cache: %w", err)
		}
	}
	return freed, nil
}

func removeSteps(root string) (freed int64, err error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		dir := filepath.Join(root, entry.Name())
		size := diskUsage(dir)
		if err := removeStep(dir); err != nil {
			return freed, err
		}
		freed += size
	}
	return freed, os.Remove(root)
}

func removeStep(dir string) error {
	if err := os.Remove(filepath.Join(dir, recordFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// diskUsage is the size of all files below dir, in bytes.
func diskUsage(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// sweep removes directories of steps without a record: a build that was killed
// left them. The caller holds the lock.
func sweep(cache string) {
	for _, root := range []string{rootDownloads, rootSteps, rootRuntimes} {
		entries, err := os.ReadDir(filepath.Join(cache, root))
		if err != nil {
			continue
		}
		for _, entry := range entries {
			dir := filepath.Join(cache, root, entry.Name())
			if !pathExists(filepath.Join(dir, recordFile)) {
				_ = os.RemoveAll(dir)
			}
		}
	}
}

// keepFor is how long a result is spared that this recipe does not use: another
// version may be running from it.
const keepFor = 72 * time.Hour

// prune removes what earlier recipes made and nobody will ask for again: of
// each step, the results are kept that this recipe uses, those made lately, and
// the newest of the others, for whoever goes back and forth between two versions.
func prune(cache string, r *recipe, now time.Time) {
	for _, s := range r.steps {
		matches, err := filepath.Glob(filepath.Join(cache, s.root, s.name+"-????????????"))
		if err != nil {
			continue
		}
		type result struct {
			dir  string
			when time.Time
		}
		var others []result
		for _, dir := range matches {
			if rec, err := readRecord(dir); err == nil && dir != r.dir(cache, s.name) {
				others = append(others, result{dir, rec.Finished})
			}
		}
		slices.SortFunc(others, func(a, b result) int { return b.when.Compare(a.when) })
		for i, other := range others {
			if i > 0 && now.Sub(other.when) > keepFor {
				_ = removeStep(other.dir)
			}
		}
	}
}
