//go:build unix

package image

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// backing is the file that holds an image's or a draft's contents, from offset
// on: an image on disk begins with a header.
type backing struct {
	file   *os.File
	offset int64
}

// mapping is a range of addresses as long as the memory's limit. It is not the
// garbage collector's.
type mapping []byte

const readWrite = unix.PROT_READ | unix.PROT_WRITE

func newBacking(limit int64) (backing, error) {
	f, err := anonymousFile()
	if err != nil {
		return backing{}, err
	}
	if err := f.Truncate(limit); err != nil {
		_ = f.Close()
		return backing{}, err
	}
	return backing{file: f}, nil
}

func (b backing) close() { _ = b.file.Close() }

// shared maps the file so that what is written is written to the file.
func (b backing) shared(limit int64) (mapping, error) {
	return unix.Mmap(int(b.file.Fd()), b.offset, int(limit), readWrite, unix.MAP_SHARED)
}

// private maps the first size bytes copy-on-write, followed by zeros up to limit.
func (b backing) private(size, limit int64) (mapping, error) {
	m, err := unix.Mmap(-1, 0, int(limit), readWrite, unix.MAP_PRIVATE|unix.MAP_ANON|mapNoReserve)
	if err != nil {
		return nil, fmt.Errorf("reserve %d bytes of addresses: %w", limit, err)
	}
	// x/sys/unix has no call that maps at a given address inside of a []byte.
	if _, _, errno := syscall.Syscall6(syscall.SYS_MMAP, uintptr(unsafe.Pointer(&m[0])), uintptr(size),
		readWrite, unix.MAP_PRIVATE|unix.MAP_FIXED, b.file.Fd(), uintptr(b.offset)); errno != 0 {
		_ = unix.Munmap(m)
		return nil, fmt.Errorf("map an image: %w", errno)
	}
	return m, nil
}

func (m mapping) unmap() {
	if m != nil {
		_ = unix.Munmap(m)
	}
}

// view maps size bytes read-only.
func (b backing) view(size int64) (mapping, error) {
	return unix.Mmap(int(b.file.Fd()), b.offset, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

// copyFrom fills the start of the file with size bytes of another, leaving holes
// where that has zeros.
func (b backing) copyFrom(from backing, size int64) error {
	src, err := from.view(size)
	if err != nil {
		return err
	}
	defer src.unmap()
	return runs(src, func(offset int64, data []byte) error {
		_, err := b.file.WriteAt(data, b.offset+offset)
		return err
	})
}

// openBacking uses the file itself.
func openBacking(f *os.File, offset, _ int64) (backing, error) {
	return backing{file: f, offset: offset}, nil
}
