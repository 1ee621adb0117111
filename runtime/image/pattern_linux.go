package image

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bits of an entry of /proc/self/pagemap, as the kernel's documentation has
// them: admin-guide/mm/pagemap.rst.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61 // or shared; a private copy is neither
)

// The entry of a page says of it:
const (
	untouched = iota
	mapped    // it is the image's own
	private   // it is a copy, or new
)

// pages calls f for each page of the memory with what has become of it. Not ok
// where the kernel does not tell.
func (m *Memory) pages(f func(offset, size int64, state int)) (ok bool) {
	if len(m.mapping) == 0 {
		return false
	}
	file, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	size := int64(os.Getpagesize())
	entries := make([]byte, 8*m.used/size)
	at := int64(uintptr(unsafe.Pointer(&m.mapping[0]))) / size * 8
	if _, err := file.ReadAt(entries, at); err != nil {
		return false
	}
	for n := range int64(len(entries)) / 8 {
		entry := binary.LittleEndian.Uint64(entries[8*n:])
		switch {
		case entry&(pagePresent|pageSwapped) == 0:
			f(n*size, size, untouched)
		case entry&pageOfFile != 0:
			f(n*size, size, mapped)
		default:
			f(n*size, size, private)
		}
	}
	return true
}

// Touched returns the pattern of the memory up to now. It is empty where the
// kernel does not tell.
func (m *Memory) Touched() Pattern {
	var p Pattern
	written, read := 0, 0
	m.pages(func(offset, size int64, state int) {
		switch state {
		case private:
			if written++; written <= maxPattern {
				p.written = appendPage(p.written, offset, size)
			}
		case mapped:
			if read++; read <= maxPattern {
				p.read = appendPage(p.read, offset, size)
			}
		}
	})
	return p
}

// maxReset is how many pages a reset copies at most: beyond, a new mapping is
// the better deal, also for the machine's memory.
const maxReset = 2048

// Reset makes the memory equal to the image that it was mapped from. Not ok
// where it can't be done, or not well: the memory has grown, too much of it was
// written to, or the kernel does not tell what was. Then it must not be used on.
func (m *Memory) Reset() (ok bool) {
	if m.image == nil || m.used != m.image.size {
		return false
	}
	original, err := m.image.original()
	if err != nil {
		return false
	}
	var written []run
	pages := 0
	if !m.pages(func(offset, size int64, state int) {
		if state == private {
			pages++
			written = appendPage(written, offset, size)
		}
	}) || pages > maxReset {
		return false
	}
	for _, r := range written {
		copy(m.mapping[r.start:r.end], original[r.start:r.end])
	}
	return true
}

// Prefault has the pages of a pattern ready: those that were read mapped, those
// that were written copied. It is a hint: what fails is left to the instance.
func (m *Memory) Prefault(p Pattern) {
	for _, r := range p.read {
		m.populate(r, unix.MADV_POPULATE_READ)
	}
	for _, r := range p.written {
		m.populate(r, unix.MADV_POPULATE_WRITE)
	}
}

func (m *Memory) populate(r run, advice int) {
	if r.end <= m.used {
		_ = unix.Madvise(m.mapping[r.start:r.end], advice)
	}
}
