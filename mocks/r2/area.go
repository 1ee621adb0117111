package r2

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// area is the folder of one bucket:
//
//	name         the bucket's name
//	index.db     objects, uploads and parts, by key
//	bodies/ab/…  bodies, named at random
//	tmp/…        bodies that are being written
//	lock         held by every process that has the bucket open
//	damaged-…/   what was set aside
//
// No key ever becomes a path.
type area struct {
	dir    string
	create createFile
	lock   *flock.Flock
	mu     sync.RWMutex // read: a row's body is looked up and opened; write: rows change
	index  *index
}

// areaDir is where a bucket's area is. The name is the user's: what is not a
// small letter, a digit or "-" is written as two hex digits, so that names that
// differ in case only stay apart everywhere.
func (s *Store) areaDir(bucket string) string {
	var b strings.Builder
	for _, c := range []byte(bucket) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	name := b.String()
	if len(name) > 120 { // file systems take 255
		name = name[:80] + "_" + contentOf([]byte(bucket), "").sums["md5"]
	}
	return filepath.Join(s.config.Dir, name)
}

// areaName reads the name of the bucket that a folder belongs to.
func areaName(dir string, e fs.DirEntry) (string, bool) {
	if !e.IsDir() {
		return "", false
	}
	name, err := os.ReadFile(filepath.Join(dir, e.Name(), "name"))
	return string(name), err == nil && len(name) > 0
}

// openArea opens the folder of a bucket, or makes it. What is damaged is set
// aside, and said to notify.
func openArea(dir, bucket string, create createFile, notify func(string)) (*area, error) {
	a := &area{dir: dir, create: create, lock: flock.New(filepath.Join(dir, "lock"))}
	for _, sub := range []string{dir, a.path("bodies"), a.path("tmp")} {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return nil, err
		}
	}
	if err := writeOnce(a.path("name"), bucket); err != nil {
		return nil, err
	}
	alone, err := a.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the lock: %w", err)
	}
	if !alone {
		if err := a.lock.RLock(); err != nil {
			return nil, fmt.Errorf("the lock: %w", err)
		}
	}
	if err := a.openIndex(alone, bucket, notify); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	if alone {
		err := a.sweep()
		if err == nil {
			// From here on others may open it too; nobody writes in between.
			err = errors.Join(a.lock.Unlock(), a.lock.RLock())
		}
		if err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	return a, nil
}

func (a *area) path(name string) string { return filepath.Join(a.dir, name) }

func (a *area) bodyPath(name string) string {
	return filepath.Join(a.dir, "bodies", name[:2], name)
}

// openIndex opens the index. One that is damaged, or gone while there are bodies,
// is set aside together with them: alone says that no other process has them.
func (a *area) openIndex(alone bool, bucket string, notify func(string)) error {
	x, fresh, err := openIndex(a.path("index.db"))
	if err == nil && fresh && alone && a.hasBodies() {
		err = fmt.Errorf("%w: it is empty, though there are objects", errDamaged)
		err = errors.Join(err, x.close())
	}
	if err != nil && errors.Is(err, errDamaged) && alone {
		aside, moveErr := a.setAside()
		if moveErr != nil {
			return errors.Join(err, moveErr)
		}
		notify(fmt.Sprintf("the index of the R2 bucket %s can't be read (%v); it was set aside, with all objects' bodies, as %s, and the bucket begins empty", bucket, err, aside))
		x, _, err = openIndex(a.path("index.db"))
	}
	a.index = x
	return err
}

func (a *area) hasBodies() bool {
	found, err := filepath.Glob(filepath.Join(a.dir, "bodies", "??", "*"))
	return err == nil && len(found) > 0
}

// setAside moves index and bodies to a folder of their own and makes new ones.
func (a *area) setAside() (dir string, err error) {
	dir = a.path("damaged-" + time.Now().UTC().Format("20060102-150405.000"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"bodies", "index.db", "index.db-wal", "index.db-shm"} {
		err := os.Rename(a.path(name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	if err := os.Mkdir(a.path("bodies"), 0o755); err != nil {
		return "", err
	}
	return dir, syncDir(a.dir)
}

// sweep deletes bodies that were not finished, or that no row names: leftovers
// of a process that was killed.
func (a *area) sweep() error {
	if err := a.expire(time.Now().Add(-uploadLife)); err != nil {
		return err
	}
	known, err := a.index.bodies()
	if err != nil {
		return err
	}
	for _, pattern := range []string{filepath.Join("tmp", "*"), filepath.Join("bodies", "??", "*")} {
		found, err := filepath.Glob(filepath.Join(a.dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			if !known[filepath.Base(path)] {
				if err := os.Remove(path); err != nil {
					return fmt.Errorf("sweeping: %w", err)
				}
			}
		}
	}
	return nil
}

// forget deletes bodies that no row names any more.
func (a *area) forget(names ...string) {
	for _, name := range names {
		if len(name) > 2 {
			_ = os.Remove(a.bodyPath(name)) // else the next sweep does it
		}
	}
}

func (a *area) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.index.close(), a.lock.Close())
}

// writeOnce writes a small file, unless it is there.
func writeOnce(path, text string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	tmp := path + "." + randomName()
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}
