package r2

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// bodyFile is a file that a body is written to.
type bodyFile interface {
	io.Writer
	Sync() error
	Close() error
}

// createFile makes a new file.
type createFile func(path string) (bodyFile, error)

func createOnDisk(path string) (bodyFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// spool writes one body to an area, under a name that has nothing to do with
// its key. Nobody sees it before finish has returned and a row names it.
type spool struct {
	area *area
	name string // 32 hex digits
	file bodyFile
	path string // where the bytes are: a temporary name, then the final one
	size int64  // bytes
	hash *hasher
}

// newSpool begins a body; algorithm names a checksum wanted beside the MD5, or
// is "".
func (a *area) newSpool(algorithm string) (*spool, error) {
	name := randomName()
	path := filepath.Join(a.dir, "tmp", name)
	f, err := a.create(path)
	if err != nil {
		return nil, fmt.Errorf("writing an object: %w", err)
	}
	return &spool{area: a, name: name, file: f, path: path, hash: newHasher(algorithm)}, nil
}

// Write implements [io.Writer].
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.size += int64(n)
	s.hash.add(p[:n])
	if err != nil {
		return n, fmt.Errorf("writing an object: %w", err)
	}
	return n, nil
}

// finish puts the body on disk for good and under its name. On an error it is
// gone.
func (s *spool) finish() (*content, error) {
	err := s.file.Sync()
	err = errors.Join(err, s.file.Close())
	s.file = nil
	if err == nil {
		err = s.area.adopt(s)
	}
	if err != nil {
		s.discard()
		return nil, fmt.Errorf("writing an object: %w", err)
	}
	return &content{onDisk: s, size: s.size, sums: s.hash.sums()}, nil
}

// adopt renames a finished body to where bodies are.
func (a *area) adopt(s *spool) error {
	final := a.bodyPath(s.name)
	dir := filepath.Dir(final)
	if err := os.Mkdir(dir, 0o755); err == nil {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.Rename(s.path, final); err != nil {
		return err
	}
	s.path = final
	return syncDir(dir)
}

// discard deletes the body. What can't be deleted is swept at the next start.
func (s *spool) discard() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
	_ = os.Remove(s.path)
}

// keep returns content on disk, whatever it was before.
func (a *area) keep(c *content) (*content, error) {
	if c.onDisk != nil {
		return c, nil
	}
	s, err := a.newSpool("")
	if err != nil {
		return nil, err
	}
	if _, err := s.Write(c.data); err != nil {
		s.discard()
		return nil, err
	}
	kept, err := s.finish()
	if err != nil {
		return nil, err
	}
	kept.sums = c.sums
	return kept, nil
}

// syncDir makes renames in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// randomName is 128 random bits in hex: names of bodies, versions, uploads.
func randomName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
