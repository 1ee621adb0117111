package cpython

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync/atomic"

	"github.com/ulikunitz/xz"
)

// errUnsafeArchive says that an archive holds what none of ours does, and what
// could write outside of the folder it is unpacked into.
var errUnsafeArchive = errors.New("unsafe archive")

// unpack extracts a .tar.xz or .tar.gz into dir, without the single folder that
// all its members are in. report gets the fraction of the archive that is read.
func unpack(ctx context.Context, file, dir string, report func(fraction float64, line string)) (err error) {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	counted := &countingReader{in: in}
	stream, wait, err := decompress(ctx, file, bufio.NewReaderSize(counted, 1<<20))
	if err != nil {
		return fmt.Errorf("unpack %s: %w", file, err)
	}
	defer func() {
		if failed := wait(); failed != nil && err == nil {
			err = fmt.Errorf("unpack %s: %w", file, failed)
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	members := tar.NewReader(stream)
	for ctx.Err() == nil {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", file, err)
		}
		if err := unpackMember(root, header, members); err != nil {
			return fmt.Errorf("unpack %s: %w", file, err)
		}
		report(float64(counted.n.Load())/float64(max(st.Size(), 1)), header.Name)
	}
	return ctx.Err()
}

// decompress reads a .gz or .xz stream. The xz tool is several times as fast as
// the Go package and its digest is known, so it does the work where there is
// one. wait must be called when the stream has been read.
func decompress(ctx context.Context, file string, in io.Reader) (stream io.Reader, wait func() error, err error) {
	nothing := func() error { return nil }
	if !strings.HasSuffix(file, ".xz") {
		stream, err = gzip.NewReader(in)
		return stream, nothing, err
	}
	tool, err := exec.LookPath("xz")
	if err != nil {
		stream, err = xz.NewReader(in)
		return stream, nothing, err
	}
	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, tool, "--decompress", "--stdout")
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return out, func() error {
		// tar stops at its end mark; what follows is padding.
		_, drained := io.Copy(io.Discard, out)
		err := errors.Join(drained, cmd.Wait())
		stop()
		return err
	}, nil
}

func unpackMember(root *os.Root, header *tar.Header, content io.Reader) (err error) {
	if header.Typeflag == tar.TypeXGlobalHeader { // git archive writes one
		return nil
	}
	if path.IsAbs(header.Name) || strings.Contains(header.Name, `\`) {
		return fmt.Errorf("%w: member %q", errUnsafeArchive, header.Name)
	}
	for _, part := range strings.Split(header.Name, "/") {
		if part == ".." {
			return fmt.Errorf("%w: member %q", errUnsafeArchive, header.Name)
		}
	}
	_, name, _ := strings.Cut(path.Clean(header.Name), "/")
	if name == "" {
		name = "."
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
	default:
		return fmt.Errorf("%w: member %q is a link or a device", errUnsafeArchive, header.Name)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644|os.FileMode(header.Mode&0o111))
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, content); err != nil {
		return errors.Join(err, out.Close())
	}
	if err := out.Close(); err != nil {
		return err
	}
	// make compares times, and generated files must not look older than what
	// they were generated from.
	return root.Chtimes(name, header.ModTime, header.ModTime)
}

type countingReader struct {
	in io.Reader
	n  atomic.Int64
}

// Read implements [io.Reader].
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.n.Add(int64(n))
	return n, err
}
