// Package ignore says which files of a project directory are the user's.
//
// Not the user's are: directories of tools (.git, .pymode, __pycache__,
// node_modules, virtual environments by name or by their pyvenv.cfg), files
// that editors keep beside the edited one, and what .gitignore files say, at
// every level and up to the root of the repository the project lies in. The
// files that configure the worker (.dev.vars, pyproject.toml, wrangler.toml)
// are the user's whatever .gitignore says.
//
// The patterns are matched here and not by go-git's gitignore package, which
// answers three questions differently from git: "dir/**" matches dir itself
// there, "!name" takes back all that lies in a directory of that name, and
// "[!a]" is not a negated class.
//
// A [Rules] learns as it goes: [Rules.ReadDir] reads a directory's .gitignore
// before it lists what is in it, so that a walk from the root down knows at
// every step what it needs. It is not safe for concurrent use.
package ignore

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// FileName is the name of the files that list what to ignore.
const FileName = ".gitignore"

// VenvFile is the name of the file that makes its directory a virtual environment.
const VenvFile = "pyvenv.cfg"

// maxFile is how much of a .gitignore file is read, in bytes.
const maxFile = 1 << 20

// Rules says what to ignore below one directory. Paths are relative to it and
// separated by slashes; the directory itself is ".".
type Rules struct {
	root   string
	outer  []layer              // of the directories above the root, the nearest first
	layers map[string][]pattern // by directory, of those that have a .gitignore
	venvs  map[string]bool      // directories with a pyvenv.cfg
}

// layer is a .gitignore file above the root.
type layer struct {
	prefix   string // of the root, relative to the file's directory: "workers/api"
	patterns []pattern
}

// New returns the rules for the directory root, an absolute path. It reads the
// .gitignore files above root, up to the repository's root, and none below.
func New(root string) *Rules {
	r := &Rules{root: root, layers: map[string][]pattern{}, venvs: map[string]bool{}}
	r.outer = outerLayers(root)
	return r
}

// outerLayers reads the .gitignore files from root's parent up to the root of
// the repository, and none where root is in no repository. Where they ignore
// root itself they can't tell what in it is the user's, and are left out: the
// scratch directory of a repository, a home directory under git.
func outerLayers(root string) []layer {
	var layers []layer
	dir, prefix := root, ""
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		prefix = path.Join(filepath.Base(dir), prefix)
		dir = parent
		if patterns := readPatterns(filepath.Join(dir, FileName)); len(patterns) > 0 {
			layers = append(layers, layer{prefix, patterns})
		}
	}
	for _, l := range layers {
		for at := l.prefix; at != "."; at = path.Dir(at) {
			if ignored, _ := judge(l.patterns, at, true); ignored {
				return nil
			}
		}
	}
	return layers
}

// readPatterns reads one .gitignore file. One that can't be read says nothing.
func readPatterns(file string) []pattern {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil
	}
	return parse(string(text))
}

// Ignored reports whether rel is ignored, where no directory above it is. That
// is what a walk from the root down needs; see [Rules.Excluded] for any path.
func (r *Rules) Ignored(rel string, dir bool) bool {
	if rel == "." {
		return false
	}
	if !dir && always(rel) {
		return false
	}
	name := path.Base(rel)
	if dir && (toolDir(name) || r.venvs[rel]) || !dir && toolFile(name) {
		return true
	}
	for at := path.Dir(rel); ; at = path.Dir(at) {
		if patterns := r.layers[at]; patterns != nil {
			if ignored, ok := judge(patterns, below(at, rel), dir); ok {
				return ignored
			}
		}
		if at == "." {
			break
		}
	}
	for _, l := range r.outer {
		if ignored, ok := judge(l.patterns, l.prefix+"/"+rel, dir); ok {
			return ignored
		}
	}
	return false
}

// below returns rel, which lies in the directory dir, relative to dir.
func below(dir, rel string) string {
	if dir == "." {
		return rel
	}
	return rel[len(dir)+1:]
}

// judge returns what the patterns of one file say about a path: the last that
// matches decides. ok is false where none does.
func judge(patterns []pattern, rel string, dir bool) (ignored, ok bool) {
	for i := len(patterns) - 1; i >= 0; i-- {
		if patterns[i].matches(rel, dir) {
			return !patterns[i].negated, true
		}
	}
	return false, false
}

// Excluded reports whether rel or a directory above it is ignored.
func (r *Rules) Excluded(rel string, dir bool) bool {
	if r.Ignored(rel, dir) {
		return true
	}
	for at := path.Dir(rel); at != "."; at = path.Dir(at) {
		if r.Ignored(at, true) {
			return true
		}
	}
	return false
}

// ReadDir reads the .gitignore of the directory dir and lists what in dir is
// not ignored, sorted by name. For a virtual environment, which only its
// content tells, it lists nothing and remembers it. A symbolic link counts as a
// file: links to directories are not followed, since they may lead out of the
// project or in circles.
//
// Errors are those of [os.ReadDir]; what was listed before one comes with it.
func (r *Rules) ReadDir(dir string) (files, dirs []fs.DirEntry, err error) {
	entries, err := os.ReadDir(filepath.Join(r.root, filepath.FromSlash(dir)))
	if err != nil {
		err = fmt.Errorf("list %s: %w", dir, err)
	}
	delete(r.venvs, dir)
	found := false
	for _, e := range entries {
		switch e.Name() {
		case VenvFile:
			if dir != "." {
				r.venvs[dir] = true
				return nil, nil, err
			}
		case FileName:
			found = true
		}
	}
	if found {
		r.Reload(dir)
	} else {
		delete(r.layers, dir)
	}
	for _, e := range entries {
		switch rel := path.Join(dir, e.Name()); {
		case r.Ignored(rel, e.IsDir()):
		case e.IsDir():
			dirs = append(dirs, e)
		default:
			files = append(files, e)
		}
	}
	return files, dirs, err
}

// Reload reads the .gitignore of the directory dir again.
func (r *Rules) Reload(dir string) {
	patterns := readPatterns(filepath.Join(r.root, filepath.FromSlash(dir), FileName))
	if len(patterns) == 0 {
		delete(r.layers, dir)
		return
	}
	r.layers[dir] = patterns
}

// MarkVenv remembers that the directory dir has become a virtual environment.
func (r *Rules) MarkVenv(dir string) {
	if dir != "." {
		r.venvs[dir] = true
	}
}

// Forget drops what was learned about the directory dir and those below it,
// which are gone.
func (r *Rules) Forget(dir string) {
	for at := range r.layers {
		if Contains(dir, at) {
			delete(r.layers, at)
		}
	}
	for at := range r.venvs {
		if Contains(dir, at) {
			delete(r.venvs, at)
		}
	}
}

// Contains reports whether rel is the directory dir or lies below it.
func Contains(dir, rel string) bool {
	return dir == "." || rel == dir || strings.HasPrefix(rel, dir) && rel[len(dir)] == '/'
}
