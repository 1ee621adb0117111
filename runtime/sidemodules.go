package runtime

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// maxSideModule is how large a side module's file may be, in bytes.
const maxSideModule = 128 << 20

// linked is how many side modules the instance has.
func (in *instance) linked() int {
	if in.linker == nil {
		return 0
	}
	return in.linker.Loaded()
}

// readFile reads a file of the project, of site-packages or of the standard library;
// the path is the guest's.
func (in *instance) readFile(path string) ([]byte, error) {
	for mount, files := range in.mounts {
		name, ok := strings.CutPrefix(path, mount+"/")
		if !ok {
			continue
		}
		f, err := files.Open(name)
		if err != nil {
			return nil, plainPathError(err)
		}
		defer func() { _ = f.Close() }()
		b, err := io.ReadAll(io.LimitReader(f, maxSideModule+1))
		if err != nil {
			return nil, plainPathError(err)
		}
		if len(b) > maxSideModule {
			return nil, fmt.Errorf("the file is larger than %d MB", maxSideModule>>20)
		}
		return b, nil
	}
	return nil, fs.ErrNotExist
}

// shownPath is a side module's path without the directory that it was found in.
func shownPath(path string) string {
	for _, mount := range []string{guestSite, guestApp, guestLib} {
		if name, ok := strings.CutPrefix(path, mount+"/"); ok {
			return name
		}
	}
	return path
}

// plainPathError is an error without the path, which whoever asked knows.
func plainPathError(err error) error {
	if e, ok := err.(*fs.PathError); ok { //nolint:errorlint // only the outermost has the path
		return e.Err
	}
	return err
}

// Open implements [hostcall.Linker].
func (x *execution) Open(ctx context.Context, path string) (handle int32, err error) {
	x.mustGoOn(ctx)
	start, before := time.Now(), x.in.linked()
	if x.in.linker == nil {
		x.in.linker = x.engine.libraries.NewLinker(x.in.module)
	}
	size := 0
	x.hosting(func() {
		handle, err = x.in.linker.Load(ctx, path, func(path string) ([]byte, error) {
			b, err := x.in.readFile(path)
			size += len(b)
			return b, err
		})
	})
	if err == nil && x.in.linked() == before {
		return handle, nil // it was there already
	}
	m := Module{Path: shownPath(path), Bytes: int64(size), Duration: time.Since(start).Microseconds()}
	if err != nil {
		m.Error = err.Error()
	}
	x.modules = append(x.modules, m)
	if x.onModule != nil {
		x.onModule(m)
	}
	x.mustGoOn(ctx)
	return handle, err
}

// Symbol implements [hostcall.Linker].
func (x *execution) Symbol(_ context.Context, handle int32, name string) (slot uint32, err error) {
	if x.in.linker == nil {
		return 0, fmt.Errorf("there is no side module %d", handle)
	}
	return x.in.linker.Symbol(handle, name)
}

// CloseModule implements [hostcall.Linker]. Side modules stay: Python itself never
// closes one, and pointers into it may be anywhere.
func (x *execution) CloseModule(context.Context, int32) {}
