package packages

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/ulikunitz/xz"
)

// unpackSource unpacks a source distribution and returns the one folder in it.
func unpackSource(archive, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	if strings.HasSuffix(archive, ".zip") {
		err = unzip(archive, root)
	} else {
		err = untar(archive, root)
	}
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			return filepath.Join(dir, entry.Name()), nil
		}
	}
	return "", fmt.Errorf("unpack %s: there is no folder in it", filepath.Base(archive))
}

// untar unpacks files and folders; a name that leads out of root is an error.
// Links are left out: no source distribution needs one to be built.
func untar(archive string, root *os.Root) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	var plain io.Reader
	switch {
	case strings.HasSuffix(archive, ".bz2"):
		plain = bzip2.NewReader(f)
	case strings.HasSuffix(archive, ".xz"):
		plain, err = xz.NewReader(f)
	default:
		plain, err = gzip.NewReader(f)
	}
	if err != nil {
		return err
	}
	for r := tar.NewReader(plain); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeReg {
			if err := put(root, header.Name, r, header.FileInfo().Mode()&0o111 != 0); err != nil {
				return err
			}
		}
	}
}

func unzip(archive string, root *os.Root) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		content, err := f.Open()
		if err != nil {
			return err
		}
		err = errors.Join(put(root, f.Name, content, false), content.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

func put(root *os.Root, name string, content io.Reader, executable bool) (err error) {
	name = path.Clean(name)
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, content)
	return err
}

// patchSource applies a recipe's patches. Each hunk must match exactly where it
// says: one that fits elsewhere by luck would go unnoticed.
func patchSource(dir string, patches []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for i, patch := range patches {
		files, _, err := gitdiff.Parse(strings.NewReader(patch))
		if err != nil {
			return fmt.Errorf("patch %d of the recipe: %w", i+1, err)
		}
		for _, file := range files {
			name := strings.TrimPrefix(file.NewName, "b/")
			before, err := root.ReadFile(name)
			if err != nil {
				return fmt.Errorf("patch %d of the recipe: %w", i+1, err)
			}
			var after bytes.Buffer
			if err := gitdiff.Apply(&after, bytes.NewReader(before), file); err != nil {
				return fmt.Errorf("patch %d of the recipe: %s: %w", i+1, name, err)
			}
			if err := root.WriteFile(name, after.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceInSource makes a recipe's replacements.
func replaceInSource(dir string, changes []replacement) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, c := range changes {
		before, err := root.ReadFile(filepath.FromSlash(c.File))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		after := bytes.ReplaceAll(before, []byte(c.Text), []byte(c.With))
		if err := root.WriteFile(filepath.FromSlash(c.File), after, 0o644); err != nil {
			return err
		}
	}
	return nil
}
