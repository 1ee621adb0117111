package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Contents says what a bundle is made of.
type Contents struct {
	Wasm    string   // the path of python.wasm
	Stdlib  string   // the path of its standard library, an archive
	Dynload string   // the path of the folder with the library's side modules
	Dir     string   // the project
	Sources []string // the project's files, relative to Dir, with slashes
}

// siteDir is where packages are installed, relative to the project. An archive of
// those that are Python alone lies beside it, and has nothing that is not here.
const siteDir = ".pymode/site-packages"

// Entries lists the files of a bundle.
func (c Contents) Entries() ([]Entry, error) {
	entries := []Entry{
		{Interpreter, path.Base(filepath.ToSlash(c.Wasm)), c.Wasm},
		{Stdlib, path.Base(filepath.ToSlash(c.Stdlib)), c.Stdlib},
	}
	modules, err := list(Stdlib, c.Dynload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Dynload, pathless(err))
	}
	packages, err := list(Packages, filepath.Join(c.Dir, filepath.FromSlash(siteDir)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", siteDir, pathless(err))
	}
	entries = slices.Concat(entries, modules, packages)
	for _, name := range c.Sources {
		entries = append(entries, Entry{Sources, name, filepath.Join(c.Dir, filepath.FromSlash(name))})
	}
	return entries, nil
}

// list lists the regular files of a folder; none where there is no folder. Links
// are not followed, and what Python caches is not deployed.
func list(kind Kind, dir string) ([]Entry, error) {
	var entries []Entry
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "__pycache__":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case len(entries) >= maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		entries = append(entries, Entry{kind, filepath.ToSlash(name), file})
		return nil
	})
	return entries, err
}

// Where a worker sees its packages and its sources.
const (
	guestSite = "/site/"
	guestApp  = "/app/"
)

// Mark fills Unused: imported are the files that the import of the worker has
// loaded, as the worker names them. Packages count as a whole, sources one by one.
func (r *Report) Mark(imported []string) {
	used := make(map[string]bool, len(imported))
	for _, file := range imported {
		used[file] = true
	}
	found := map[string]*Unused{}
	var order []string
	for _, f := range r.Files {
		root, name := guestSite, f.Name
		switch {
		case !isModule(f.Name), f.Kind != Packages && f.Kind != Sources:
			continue
		case f.Kind == Sources:
			root = guestApp
		default:
			name, _, _ = strings.Cut(f.Name, "/")
		}
		key := string(f.Kind) + "\x00" + name
		u := found[key]
		if u == nil {
			u = &Unused{Kind: f.Kind, Name: name}
			found[key] = u
			order = append(order, key)
		}
		u.Of++
		if !used[root+f.Name] {
			u.Modules++
			u.Compressed += f.Compressed
		}
	}
	r.Unused = []Unused{}
	for _, key := range order {
		if u := found[key]; u.Modules > 0 {
			r.Unused = append(r.Unused, *u)
		}
	}
	slices.SortStableFunc(r.Unused, func(a, b Unused) int { return int(b.Compressed - a.Compressed) })
}

// isModule says whether a file is one that an import could load.
func isModule(name string) bool {
	ext := path.Ext(name)
	return ext == ".py" || ext == ".pyc" || ext == ".wasm"
}
