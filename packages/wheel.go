package packages

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// wheel is an opened wheel: what of it goes into site-packages.
type wheel struct {
	path  string
	files []wheelFile // sorted by name
	info  string      // NAME-VERSION.dist-info
	built bool        // by this sync
}

type wheelFile struct {
	name  string // in site-packages, with slashes
	inner string // in the wheel
	size  int64
}

// openWheel lists a wheel. What it would install outside of site-packages, scripts,
// headers and other data, is not in the list.
func openWheel(file string) (*wheel, error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	defer func() { _ = r.Close() }()
	w := &wheel{path: file}
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		name := f.Name
		if first, rest, ok := strings.Cut(name, "/"); ok && strings.HasSuffix(first, ".data") {
			scheme, inner, _ := strings.Cut(rest, "/")
			if scheme != "purelib" && scheme != "platlib" {
				continue
			}
			name = inner
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) || name != path.Clean(name) || strings.Contains(name, `\`) {
			return nil, fmt.Errorf("open %s: it has a file %q", filepath.Base(file), name)
		}
		if first, rest, ok := strings.Cut(name, "/"); ok && rest == "METADATA" && strings.HasSuffix(first, ".dist-info") {
			w.info = first
		}
		w.files = append(w.files, wheelFile{name: name, inner: f.Name, size: int64(f.UncompressedSize64)})
	}
	if w.info == "" {
		return nil, fmt.Errorf("open %s: it has no METADATA", filepath.Base(file))
	}
	slices.SortFunc(w.files, func(a, b wheelFile) int { return strings.Compare(a.name, b.name) })
	return w, nil
}

// each calls f with the contents of the files that keep wants.
func (w *wheel) each(keep func(name string) bool, f func(name string, data []byte) error) error {
	r, err := zip.OpenReader(w.path)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	inner := map[string]*zip.File{}
	for _, entry := range r.File {
		inner[entry.Name] = entry
	}
	for _, file := range w.files {
		if !keep(file.name) {
			continue
		}
		data, err := readEntry(inner[file.inner])
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", file.name, filepath.Base(w.path), err)
		}
		if err := f(file.name, data); err != nil {
			return err
		}
	}
	return nil
}

func readEntry(f *zip.File) ([]byte, error) {
	content, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(content)
	return data, errors.Join(err, content.Close())
}

// requires returns which packages of a choice this one wants, without those that
// only an extra asks for.
func (w *wheel) requires(chosen *Lock) []string {
	var names []string
	_ = w.each(func(name string) bool { return name == w.info+"/METADATA" }, func(_ string, data []byte) error {
		head, _, _ := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n\n")
		for _, match := range regexp.MustCompile(`(?m)^Requires-Dist: *(.*)$`).FindAllStringSubmatch(head, -1) {
			requirement, marker, _ := strings.Cut(match[1], ";")
			name, _ := requirementName(requirement)
			if chosen.has(name) && !regexp.MustCompile(`\bextra\b`).MatchString(marker) {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// repack checks a wheel that was just built and writes it to its place, each
// extension module under the one suffix that the guest's importer knows.
func repack(made, target string, b *build) error {
	w, err := openWheel(made)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	var names []string
	modules := 0
	err = w.each(func(string) bool { return true }, func(name string, data []byte) error {
		if isNative(data) {
			return &Error{Kind: ErrBuild, Package: b.p.Name, Message: b.p.Name + " does not build: it compiles " + name + " for this machine, not for the guest"}
		}
		if isModule(data) {
			modules++
			folder, base := path.Split(name)
			stem, _, _ := strings.Cut(base, ".")
			name = folder + stem + ".wasm"
			if err := checkModule(name, data, b.tools.guest); err != nil {
				return moduleError(b.p.Name, name, err)
			}
		}
		names = append(names, name)
		files[name] = data
		return nil
	})
	if err != nil {
		return err
	}
	if modules == 0 && b.recipe.Build {
		return &Error{Kind: ErrBuild, Package: b.p.Name, Message: b.p.Name + " does not build: its extension module is missing from what was built"}
	}
	slices.Sort(names)
	var out zipBuffer
	for _, name := range names {
		if err := out.add(name, files[name]); err != nil {
			return err
		}
	}
	data, err := out.bytes()
	if err != nil {
		return err
	}
	return WriteFile(target, data)
}

func moduleError(pkg, name string, err error) error {
	e := &Error{Kind: ErrBuild, Package: pkg, Message: fmt.Sprintf("%s does not build: %s: %v", pkg, name, err), Err: err}
	var missing *missingSymbols
	if errors.As(err, &missing) {
		e.Kind, e.Message = ErrUnsupported, fmt.Sprintf("%s can't work here: %v", pkg, err)
	}
	return e
}

// fileSize is for reports: 0 where there is no file.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
