package workflows

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// owner is this store as the journal knows it: a random name, and a file of
// that name which is locked for as long as the process lives.
type owner struct {
	token string
	dir   string
	lock  *flock.Flock
}

const ownerSuffix = ".owner"

// newOwner makes the lock file, and removes those of processes that are gone.
func newOwner(dir string) (*owner, error) {
	removeDead(dir)
	o := &owner{token: rand.Text(), dir: dir}
	o.lock = flock.New(o.file(o.token))
	locked, err := o.lock.TryLock()
	if err == nil && !locked {
		err = errors.New("another process has it")
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", o.file(o.token), err)
	}
	return o, nil
}

func (o *owner) file(token string) string {
	return filepath.Join(o.dir, "workflows-"+token+ownerSuffix)
}

// alive says whether the process that the token stands for still is.
func (o *owner) alive(token string) bool {
	if token == o.token {
		return true
	}
	if token == "" || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return false // nobody's, or none of rand.Text
	}
	return !dead(o.file(token))
}

// dead says whether nobody locks the file, and removes it where that is so.
func dead(path string) bool {
	if _, err := os.Stat(path); err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err != nil || !locked {
		return false
	}
	_ = lock.Unlock() // first: an open file can't be removed everywhere
	_ = os.Remove(path)
	return true
}

// removeDead removes the files of processes that were killed. A young file may
// be one that is about to be locked.
func removeDead(dir string) {
	paths, err := filepath.Glob(filepath.Join(dir, "workflows-*"+ownerSuffix))
	if err != nil {
		return
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Minute {
			dead(path)
		}
	}
}

func (o *owner) close() error {
	err := o.lock.Unlock()
	if gone := os.Remove(o.file(o.token)); !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
