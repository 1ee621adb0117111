package cpython

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// applyPatches applies every *.patch in a folder, in order of their names, to
// the source tree in dir. Each hunk must match exactly where it says: a patch
// that fits elsewhere by luck would go unnoticed.
func applyPatches(patches fs.FS, folder, dir string, applied func(name string)) error {
	names, err := fs.Glob(patches, path.Join(folder, "*.patch"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, name := range names {
		data, err := fs.ReadFile(patches, name)
		if err != nil {
			return err
		}
		if err := applyPatch(root, data); err != nil {
			return fmt.Errorf("patch %s: %w", path.Base(name), err)
		}
		applied(path.Base(name))
	}
	return nil
}

func applyPatch(root *os.Root, patch []byte) error {
	files, _, err := gitdiff.Parse(bytes.NewReader(patch))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("it has no hunks")
	}
	for _, file := range files {
		name := patchedName(file)
		if file.IsNew || file.IsDelete || file.IsRename || file.IsBinary || name == "" {
			return fmt.Errorf("%s: only changes of text files are supported", name)
		}
		before, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		var after bytes.Buffer
		if err := gitdiff.Apply(&after, bytes.NewReader(before), file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		st, err := root.Stat(name)
		if err != nil {
			return err
		}
		if err := root.WriteFile(name, after.Bytes(), st.Mode().Perm()); err != nil {
			return err
		}
		// Keep the time: a patched configure or grammar must not look newer
		// than what make would then generate anew.
		if err := root.Chtimes(name, st.ModTime(), st.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

// patchedName strips what plain diff puts in front of a path: a/ and b/ are
// gone already where git wrote the patch.
func patchedName(file *gitdiff.File) string {
	name := file.NewName
	for _, prefix := range []string{"a/", "b/"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}
