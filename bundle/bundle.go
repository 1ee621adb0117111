// Package bundle says how large a worker is as one would deploy it: the
// interpreter, its standard library, the packages and the sources, compressed,
// against the platform's limit; and what of it no import has asked for.
//
//	Contents (which files) ──▶ Measure ──▶ Report
//
// Sizes are in bytes. A file's own size is that of `gzip -9` on it alone; the size
// of the whole is that of all files in one archive, compressed as one, which is
// what is uploaded and what the limit is for.
package bundle

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Limit is how large a bundle may be, compressed.
const Limit = 10 << 20

// The bounds of what is looked at.
const (
	maxFiles = 100_000
	maxSize  = 1 << 30 // of one file
)

// Kind says which part of a bundle a file belongs to.
type Kind string

// The parts.
const (
	Interpreter Kind = "python.wasm"
	Stdlib      Kind = "standard library"
	Packages    Kind = "site-packages"
	Sources     Kind = "sources"
)

// Entry is a file that belongs to a bundle.
type Entry struct {
	Kind Kind
	Name string // as it is shown, with slashes: "src/entry.py"
	Path string // on this machine
}

// File is a file of a bundle and what it takes up.
type File struct {
	Kind       Kind   `json:"part"`
	Name       string `json:"name"`
	Bytes      int64  `json:"bytes"`
	Compressed int64  `json:"compressed_bytes"`
}

// Part is all files of one kind.
type Part struct {
	Kind       Kind  `json:"part"`
	Files      int   `json:"files"`
	Bytes      int64 `json:"bytes"`
	Compressed int64 `json:"compressed_bytes"` // the sum of its files, each by itself
}

// Unused is what of a package, or of the sources, the import of the worker did
// not need. A handler may still import it.
type Unused struct {
	Kind       Kind   `json:"part"`
	Name       string `json:"name"`    // of a package's folder or module, or of a source file
	Modules    int    `json:"modules"` // that were not imported
	Of         int    `json:"of"`      // modules in all
	Compressed int64  `json:"compressed_bytes"`
}

// Report is the size of a bundle. Its JSON form is what `pymode-tui size --json`
// prints.
type Report struct {
	Limit      int64    `json:"limit_bytes"`
	Bytes      int64    `json:"bytes"`            // uncompressed
	Compressed int64    `json:"compressed_bytes"` // of all files together
	Separately int64    `json:"separately_bytes"` // the sum of the files, each compressed by itself
	Warning    string   `json:"warning"`          // "" below 80 % of the limit
	Parts      []Part   `json:"parts"`
	Files      []File   `json:"files"`        // the largest first, by their compressed size
	Unused     []Unused `json:"not_imported"` // the largest first

	// Interpreter says which python.wasm was counted, where the caller knows.
	Interpreter string `json:"interpreter,omitempty"`
}

// Measure compresses the entries. A file that is gone meanwhile is left out.
func Measure(ctx context.Context, entries []Entry) (*Report, error) {
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("%d files: at most %d are looked at", len(entries), maxFiles)
	}
	r := &Report{Limit: Limit}
	files := make([]*File, len(entries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(runtime.NumCPU(), 2))
	group.Go(func() (err error) {
		r.Compressed, err = together(ctx, entries)
		return err
	})
	for i, e := range entries {
		group.Go(func() (err error) {
			files[i], err = measureFile(ctx, e)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, kind := range []Kind{Interpreter, Stdlib, Packages, Sources} {
		part := Part{Kind: kind}
		for _, f := range files {
			if f != nil && f.Kind == kind {
				part.Files++
				part.Bytes += f.Bytes
				part.Compressed += f.Compressed
				r.Files = append(r.Files, *f)
			}
		}
		r.Bytes += part.Bytes
		r.Separately += part.Compressed
		r.Parts = append(r.Parts, part)
	}
	slices.SortStableFunc(r.Files, func(a, b File) int {
		return cmp.Or(cmp.Compare(b.Compressed, a.Compressed), cmp.Compare(a.Name, b.Name))
	})
	r.Warning = warning(r.Compressed)
	return r, nil
}

// warning is what to say of a bundle of that compressed size.
func warning(size int64) string {
	share := float64(size) / Limit
	text := fmt.Sprintf("%.1f of %d MB, compressed", float64(size)/(1<<20), int64(Limit)>>20)
	switch {
	case share > 1:
		return "the bundle is too large to be deployed: " + text
	case share >= 0.8:
		return fmt.Sprintf("the bundle is at %.0f %% of the limit: %s", share*100, text)
	}
	return ""
}

// measureFile is nil where the file is gone.
func measureFile(ctx context.Context, e Entry) (*File, error) {
	f, err := open(e)
	if f == nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	file := &File{Kind: e.Kind, Name: e.Name}
	file.Bytes, file.Compressed, err = compress(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return file, nil
}

// open opens a regular file; nil where there is none any more.
func open(e Entry) (*os.File, error) {
	f, err := os.Open(e.Path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, pathless(err))
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("is not a file")
	case info.Size() > maxSize:
		err = fmt.Errorf("is larger than %d MB", int64(maxSize)>>20)
	default:
		return f, nil
	}
	_ = f.Close()
	return nil, fmt.Errorf("%s: %w", e.Name, pathless(err))
}

// pathless is an error of a file without its path, which is said already.
func pathless(err error) error {
	if e, ok := err.(*fs.PathError); ok { //nolint:errorlint // only the outermost has the path
		return e.Err
	}
	return err
}

// reader reads until ctx is done.
type reader struct {
	ctx context.Context //nolint:containedctx // of one copy
	r   io.Reader
}

// Read implements [io.Reader].
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
