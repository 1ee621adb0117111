//go:build !unix

package image

import (
	"bytes"
	"io"
	"os"
)

// backing holds an image's or a draft's contents in Go's memory: this system
// has no copy-on-write mapping that the Go standard library offers.
type backing struct{ data *[]byte }

// mapping is a memory of its own.
type mapping []byte

func newBacking(limit int64) (backing, error) {
	data := make([]byte, limit)
	return backing{&data}, nil
}

func openBacking(f *os.File, offset, size int64) (backing, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(f, offset, size), data)
	return backing{&data}, err
}

func (b backing) close() { *b.data = nil }

func (b backing) shared(int64) (mapping, error) { return mapping(*b.data), nil }

func (b backing) private(size, limit int64) (mapping, error) {
	m := make(mapping, limit)
	copy(m, (*b.data)[:size])
	return m, nil
}

func (m mapping) unmap() {}

func (b backing) view(size int64) (mapping, error) { return mapping((*b.data)[:size]), nil }

func (b backing) seal(size int64) error {
	*b.data = bytes.Clone((*b.data)[:size])
	return nil
}

func (b backing) copyFrom(from backing, size int64) error {
	copy(*b.data, (*from.data)[:size])
	return nil
}
