package packages

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"time"
)

// zipBuffer makes an archive that is the same whenever it is made of the same
// files in the same order. A guest imports from it.
type zipBuffer struct {
	buffer bytes.Buffer
	writer *zip.Writer
}

func (z *zipBuffer) add(name string, data []byte) error {
	if z.writer == nil {
		z.writer = zip.NewWriter(&z.buffer)
		z.writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
			return flate.NewWriter(w, flate.BestCompression)
		})
	}
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o644)
	w, err := z.writer.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// empty reports whether nothing was added.
func (z *zipBuffer) empty() bool { return z.writer == nil }

// bytes ends the archive.
func (z *zipBuffer) bytes() ([]byte, error) {
	if z.writer == nil {
		z.writer = zip.NewWriter(&z.buffer)
	}
	if err := z.writer.Close(); err != nil {
		return nil, err
	}
	return z.buffer.Bytes(), nil
}
