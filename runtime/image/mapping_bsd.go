//go:build unix && !linux

package image

import "os"

// mapNoReserve is Linux's word for what these systems do anyway.
const mapNoReserve = 0

// anonymousFile returns a file without a name: there is no memfd_create here.
func anonymousFile() (*os.File, error) {
	f, err := os.CreateTemp("", "pymode-image-*")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// seal cuts the file to size.
func (b backing) seal(size int64) error { return b.file.Truncate(b.offset + size) }
