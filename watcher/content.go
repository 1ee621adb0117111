package watcher

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// maxHashed is the size in bytes above which a file is compared by its size and
// its time of modification instead of its content.
const maxHashed = 8 << 20

// stamp is what the file system says about a file without reading it.
type stamp struct {
	size   int64
	mtime  int64 // ns since 1970; a program may set it to what it likes
	ctime  int64 // ns since 1970; set by the kernel alone, where there is one
	inode  uint64
	device uint64
}

// settled reports whether the stamp, taken at the time now, proves its content:
// a write after now will give another stamp. That is so once the file was last
// touched longer ago than the file system's clock ticks: 10 ms at most where
// it counts nanoseconds, 2 s on FAT and its like, which count whole seconds.
func (s stamp) settled(now time.Time) bool {
	grain := 50 * time.Millisecond
	if s.ctime%int64(time.Second) == 0 {
		grain = 2 * time.Second
	}
	return now.UnixNano()-s.ctime > int64(grain)
}

// content is what a file was when it was last looked at.
type content struct {
	stamp   stamp
	settled bool // the stamp proves the content
	hashed  bool
	digest  [sha256.Size]byte
}

// same reports whether old and now are provably the same content. In doubt
// they are not: a needless reload is better than old code.
func same(old, now content) bool {
	switch {
	case old.hashed && now.hashed:
		return old.digest == now.digest
	case old.stamp.size > maxHashed && now.stamp.size > maxHashed:
		return old.stamp.size == now.stamp.size && old.stamp.mtime == now.stamp.mtime
	}
	return old.settled && old.stamp == now.stamp
}

// errNoFile is the error for what is there but no regular file.
var errNoFile = errors.New("not a regular file")

// missing reports whether the error says that there is no file of this name.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoFile) ||
		errors.Is(err, syscall.ENOTDIR) // a directory above has become a file
}

// look takes a file's stamp, following a symbolic link. The errors are
// fs.ErrNotExist, errNoFile, and what the file system adds to them.
func look(file string) (content, error) {
	now := time.Now()
	info, err := os.Stat(file)
	if err != nil {
		return content{}, err
	}
	return contentOf(info, now)
}

// contentOf is a content by its stamp alone, taken at the time now.
func contentOf(info fs.FileInfo, now time.Time) (content, error) {
	if !info.Mode().IsRegular() {
		return content{}, errNoFile
	}
	s := stampOf(info)
	return content{stamp: s, settled: s.settled(now)}, nil
}

// read takes a file's stamp and its digest. The stamp is taken before the
// content is read, so that a write in between makes the stamp wrong, which only
// costs a comparison, and never the digest.
func read(file string) (content, error) {
	c, err := look(file)
	if err != nil || c.stamp.size > maxHashed {
		return c, err
	}
	f, err := os.Open(file)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(f, maxHashed+1)); err != nil {
		return content{}, err
	}
	c.hashed = true
	hash.Sum(c.digest[:0])
	return c, nil
}

// files is what the project's files were when they were last looked at.
type files struct {
	root  string
	known map[string]content // by path relative to root, separated by slashes
}

// path returns the absolute path of rel.
func (f *files) path(rel string) string {
	return filepath.Join(f.root, filepath.FromSlash(rel))
}

// compare reads rel, remembers what it is now, and says how that differs from
// what was known; ok is false where it does not.
func (f *files) compare(rel string) (kind Kind, ok bool) {
	old, known := f.known[rel]
	now, err := read(f.path(rel))
	switch {
	case err == nil && !known:
		f.known[rel] = now
		return Created, true
	case err == nil:
		f.known[rel] = now
		return Modified, !same(old, now)
	case missing(err):
		delete(f.known, rel)
		return Removed, known
	}
	// There, but not to be read: whoever imports it will see that too.
	f.known[rel] = content{}
	if !known {
		return Created, true
	}
	return Modified, old != content{}
}

// stale reports whether rel, whose stamp is now, has to be compared.
func (f *files) stale(rel string, now stamp) bool {
	old, known := f.known[rel]
	return !known || !old.settled || old.stamp != now
}

// prove takes the digest of a file that is known by its stamp alone. ok is
// false where it is not provably the digest of the content that was stamped.
func prove(file string, known content) (proven content, ok bool) {
	if !known.settled || known.hashed || known.stamp.size > maxHashed {
		return content{}, false
	}
	proven, err := read(file)
	if err != nil || proven.stamp != known.stamp {
		return content{}, false
	}
	after, err := look(file)
	if err != nil || after.stamp != known.stamp {
		return content{}, false
	}
	return proven, true
}
