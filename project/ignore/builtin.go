package ignore

import (
	"path"
	"strconv"
	"strings"
)

// always reports whether rel is a file at the project's root that says how the
// worker runs. It counts whatever .gitignore says: .dev.vars is usually listed
// there to keep its secrets out of git.
func always(rel string) bool {
	switch rel {
	case ".dev.vars", "pyproject.toml", "wrangler.toml", "wrangler.json", "wrangler.jsonc":
		return true
	}
	return false
}

// toolDir reports whether a directory of this name is a tool's, never the user's.
func toolDir(name string) bool {
	switch name {
	case ".git", ".hg", ".svn",
		".pymode", ".wrangler", "node_modules",
		"__pycache__", ".venv", "venv", ".tox", ".nox",
		".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints",
		".idea", ".vscode":
		return true
	}
	return false
}

// toolFile reports whether a file of this name is written by a tool beside the
// user's files: compiled Python, an editor's swap, lock or backup file, a file
// manager's notes. A submodule's .git is a file.
func toolFile(name string) bool {
	switch name {
	case ".git", ".DS_Store", "Thumbs.db", "desktop.ini":
		return true
	}
	switch {
	case strings.HasSuffix(name, ".pyc"), strings.HasSuffix(name, ".pyo"):
		return true
	case strings.HasSuffix(name, "~"): // vim, emacs, gedit: backup
		return true
	case strings.HasPrefix(name, ".#"): // emacs: lock
		return true
	case strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"): // emacs: auto save
		return true
	case strings.HasSuffix(name, "___jb_tmp___"), // JetBrains: safe write
		strings.HasSuffix(name, "___jb_old___"),
		strings.HasSuffix(name, "___jb_bak___"):
		return true
	case strings.HasPrefix(name, ".goutputstream-"): // GNOME: safe write
		return true
	case strings.HasPrefix(name, ".nfs"): // NFS: deleted while open
		return true
	}
	return swapFile(name) || probeFile(name)
}

// swapFile reports whether name is a swap file of vim (.name.swp, then .swo
// down to .saa), of kate or of nano.
func swapFile(name string) bool {
	if !strings.HasPrefix(name, ".") {
		return false
	}
	ext := path.Ext(name)
	if ext == ".kate-swp" || ext == ".swpx" {
		return true
	}
	return len(ext) == 4 && strings.HasPrefix(ext, ".sw") && ext[3] >= 'a' && ext[3] <= 'z'
}

// probeFile reports whether name is what vim creates to find out whether it may
// write to a directory: 4913, and while that is taken, 123 more.
func probeFile(name string) bool {
	n, err := strconv.Atoi(name)
	return err == nil && n >= 4913 && n < 100_000 && (n-4913)%123 == 0
}
