package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// entryNames lists where the entry module is looked for where no config names
// it, the first that is there.
func entryNames() []string {
	return []string{"src/entry.py", "src/main.py", "entry.py", "main.py", "worker.py"}
}

// findEntry returns the path of the entry module, relative to dir with slashes.
func findEntry(dir, given string, c *config) (string, error) {
	if c != nil && c.mainAt != nil {
		return checkMain(dir, c)
	}
	for _, name := range entryNames() {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if !inside(dir, name) {
			return "", &Error{File: name, Message: "is a link out of the project", Hint: "the worker sees the project's directory only"}
		}
		return name, nil
	}
	return "", &Error{
		File: given, Message: "no entry module", Err: fmt.Errorf("%w: %w", ErrNoWorker, fs.ErrNotExist),
		Hint: fmt.Sprintf("looked for %s; name it with main in pyproject.toml's [tool.pymode], or start with: pymode-tui init", strings.Join(entryNames(), ", ")),
	}
}

// checkMain checks the entry module that a config file names.
func checkMain(dir string, c *config) (string, error) {
	refuse := func(hint, format string, args ...any) error { return c.wrong(c.mainAt, hint, format, args...) }
	const relative = "name it relative to the project's directory, like src/entry.py"
	switch {
	case c.main == "":
		return "", refuse(relative, "main is empty")
	case strings.ContainsRune(c.main, 0):
		return "", refuse(relative, "main has a NUL byte")
	case !filepath.IsLocal(filepath.FromSlash(c.main)) || path.IsAbs(c.main):
		return "", refuse(relative, "main %q is outside of the project", c.main)
	}
	main := path.Clean(c.main)
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(main)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e := c.wrong(c.mainAt, "create it, or change main", "main %q does not exist", c.main)
		e.Err = fs.ErrNotExist
		return "", e
	case err != nil:
		e := c.wrong(c.mainAt, "", "main %q: %s", c.main, cause(err))
		e.Err = err
		return "", e
	case !info.Mode().IsRegular():
		return "", refuse("name a Python file, like src/entry.py", "main %q is not a file", c.main)
	case path.Ext(main) != ".py":
		return "", refuse("name a Python file, like src/entry.py", "main %q is not a .py file", c.main)
	case !inside(dir, main):
		return "", refuse("the worker sees the project's directory only", "main %q is a link out of the project", c.main)
	}
	return main, nil
}

// inside reports whether rel, links followed, is still in dir.
func inside(dir, rel string) bool {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	target, err := filepath.EvalSymlinks(filepath.Join(dir, filepath.FromSlash(rel)))
	if err != nil {
		return false
	}
	back, err := filepath.Rel(root, target)
	return err == nil && filepath.IsLocal(back)
}

// cause is a file error's reason without the path, which is said elsewhere.
func cause(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// moduleOf says under which name the entry module is imported, and with which
// directory on sys.path. Its directory is on the path and its stem the name,
// unless there is an __init__.py beside it: then it is part of a package, and
// the directory on the path is the first above without one. The project's own
// directory is never part of a package, since what is above it isn't there.
func moduleOf(dir, main string) (module, root string, err error) {
	names := []string{strings.TrimSuffix(path.Base(main), ".py")}
	root = path.Dir(main)
	for root != "." {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(root), "__init__.py")); err != nil {
			break
		}
		names = append(names, path.Base(root))
		root = path.Dir(root)
	}
	slices.Reverse(names)
	if names[len(names)-1] == "__init__" && len(names) > 1 {
		names = names[:len(names)-1]
	}
	for _, name := range names {
		if name == "" || strings.Contains(name, ".") {
			return "", "", &Error{
				File: main, Message: fmt.Sprintf("%q can't be the name of a Python module", name),
				Hint: "rename it: letters, digits and _",
			}
		}
	}
	return strings.Join(names, "."), root, nil
}
