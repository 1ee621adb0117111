package bundle

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// counter counts what is written to it.
type counter int64

// Write implements [io.Writer].
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// compress says how long a stream is, and how long as `gzip -9` writes it.
func compress(ctx context.Context, from io.Reader) (size, compressed int64, err error) {
	var out counter
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, 0, err
	}
	size, err = io.Copy(z, io.LimitReader(reader{ctx, from}, maxSize))
	if err := errors.Join(err, z.Close()); err != nil {
		return 0, 0, err
	}
	return size, int64(out), nil
}

// together says how long an archive of all entries is, compressed as one.
func together(ctx context.Context, entries []Entry) (int64, error) {
	var out counter
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	archive := tar.NewWriter(z)
	for _, e := range entries {
		if err := addFile(ctx, archive, e); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(archive.Close(), z.Close()); err != nil {
		return 0, err
	}
	return int64(out), nil
}

func addFile(ctx context.Context, archive *tar.Writer, e Entry) error {
	f, err := open(e)
	if f == nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: e.Name, Mode: 0o644, Size: info.Size()}); err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	n, err := io.Copy(archive, io.LimitReader(reader{ctx, f}, info.Size()))
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	if n < info.Size() { // cut while it was read
		_, err = io.CopyN(archive, zeros{}, info.Size()-n)
	}
	return err
}

// zeros is as long as one likes.
type zeros struct{}

// Read implements [io.Reader].
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
