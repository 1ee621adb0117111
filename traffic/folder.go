package traffic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder reads the files that a request names, from one directory and what is
// below: never from outside of it, by ".." or by a link.
type folder struct {
	dir  string
	left int // bytes that may still be read
}

func newFolder(dir string) *folder { return &folder{dir: dir, left: maxTotal} }

// read returns a file's bytes. A name may be absolute if it leads into the
// directory.
func (f *folder) read(name string) ([]byte, error) {
	local, err := f.local(name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	file, err := openRegular(root.FS(), filepath.ToSlash(local))
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("the file %s: %w", shown(name), err)
	}
	defer file.Close()
	limit := min(maxBody, f.left)
	b, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("the file %s: %w", shown(name), err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("the file %s: larger than %d MB, or all files together than %d MB", shown(name), maxBody>>20, maxTotal>>20)
	}
	f.left -= len(b)
	return b, nil
}

// local is name relative to the directory.
func (f *folder) local(given string) (string, error) {
	name := filepath.FromSlash(strings.ReplaceAll(given, `\`, "/"))
	if filepath.IsAbs(name) {
		dir, err := filepath.Abs(f.dir)
		if err != nil {
			return "", err
		}
		if name, err = filepath.Rel(dir, name); err != nil {
			return "", err
		}
	}
	name = filepath.Clean(name)
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("the file %s is outside of %s", shown(given), shown(f.dir))
	}
	return name, nil
}

// openRegular opens a file that is one: a pipe would be waited for.
func openRegular(fsys fs.FS, name string) (fs.File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	return fsys.Open(name)
}
