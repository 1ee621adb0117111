package packages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// cache is the folder that all projects share: tools, files by their SHA-256, and
// wheels that were built by the digest of all that went into them.
type cache struct{ dir string }

func (c cache) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}

// file is where a file of the index is or will be.
func (c cache) file(p Package) string { return c.path("files", p.SHA256, p.File) }

// scratch makes a folder for one job in the cache, where there is room and from
// where results can be renamed to their place.
func (c cache) scratch(name string) (dir string, remove func(), err error) {
	root := c.path("scratch")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", nil, fmt.Errorf("make the cache folder: %w", err)
	}
	c.sweep(root)
	if dir, err = os.MkdirTemp(root, name+"-"); err != nil {
		return "", nil, fmt.Errorf("make a folder in the cache: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// abandoned is the age at which a job's folder was left by a process that was killed.
const abandoned = 24 * time.Hour

func (c cache) sweep(root string) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(filepath.Join(root, entry.Name()))
		}
	}
}

// lockFile waits for a lock for as long as ctx allows. The file stays.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file := flock.New(path)
	ok, err := file.TryLockContext(ctx, 100*time.Millisecond)
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", filepath.Base(path), err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// digest is the SHA-256 of a list of strings, hexadecimal. Lengths go in, so that
// no two lists run together.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// WriteFile replaces a file in one step, its contents on the disk before its name.
func WriteFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
