package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// An image on disk is a header and the memory's contents, which begin at
// headerSize, since a mapping begins at a multiple of the largest page size in
// use. Pages of zeros are holes.
const headerSize = 64 << 10

var magic = [8]byte{'p', 'y', 'm', 'o', 'd', 'e', 'i', '1'}

type header struct {
	Magic [8]byte
	Key   [32]byte // the digest of all that went into the image
	Size  int64    // of the contents, in bytes
	CRC   uint32   // Castagnoli, of the contents
}

// ErrCorrupt says that a file is no image, or one that was damaged, or one of
// something else. It is as good as absent.
var ErrCorrupt = errors.New("corrupt image")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the image to path, whole or not at all. The key says what the
// image is of, and Open asks for it.
func (i *Image) Save(path string, key [32]byte) (err error) {
	contents, err := i.view(i.size)
	if err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	defer contents.unmap()
	f, err := os.CreateTemp(filepath.Dir(path), ".image-*")
	if err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("save image: %w", err)
		}
	}()
	h := header{Magic: magic, Key: key, Size: i.size, CRC: crc32.Checksum(contents, castagnoli)}
	if err := binary.Write(f, binary.LittleEndian, h); err != nil {
		return err
	}
	if err := f.Truncate(headerSize + i.size); err != nil {
		return err
	}
	if err := runs(contents, func(offset int64, data []byte) error {
		_, err := f.WriteAt(data, headerSize+offset)
		return err
	}); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Open opens the image that was saved under path with key. The error is
// fs.ErrNotExist where there is none and ErrCorrupt where there is another or a
// damaged one.
func Open(path string, key [32]byte) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	i, err := open(f, key)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return i, nil
}

func open(f *os.File, key [32]byte) (*Image, error) {
	var h header
	if err := binary.Read(f, binary.LittleEndian, &h); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, ErrCorrupt
		}
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if h.Magic != magic || h.Key != key || h.Size <= 0 || h.Size%PageSize != 0 || info.Size() != headerSize+h.Size {
		return nil, ErrCorrupt
	}
	b, err := openBacking(f, headerSize, h.Size)
	if err != nil {
		return nil, err
	}
	contents, err := b.view(h.Size)
	if err != nil {
		return nil, err
	}
	defer contents.unmap()
	if crc32.Checksum(contents, castagnoli) != h.CRC {
		return nil, ErrCorrupt
	}
	return newImage(b, h.Size), nil
}

// chunk is the grain in which zeros are left out: the smallest page of the
// systems this runs on, so that a hole is a page that needs no memory.
const chunk = 4 << 10

var zeros [chunk]byte

// runs calls f for each run of chunks that are not all zero.
func runs(data []byte, f func(offset int64, data []byte) error) error {
	start := -1
	for at := 0; at <= len(data); at += chunk {
		empty := at == len(data) || bytes.Equal(data[at:min(at+chunk, len(data))], zeros[:min(chunk, len(data)-at)])
		switch {
		case !empty && start < 0:
			start = at
		case empty && start >= 0:
			if err := f(int64(start), data[start:at]); err != nil {
				return err
			}
			start = -1
		}
	}
	return nil
}
