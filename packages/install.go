package packages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pymode-tui/runtime/cpython"
)

// stampFile is in site-packages and says what is installed there.
const stampFile = ".pymode-installed.json"

// stampVersion is raised when what is installed changes by a change of this package.
const stampVersion = "3"

// InstalledAt says when what is in a site-packages folder was installed: whoever
// has loaded it can tell by that whether it was replaced. It is the zero time where
// nothing is installed.
func InstalledAt(site string) time.Time {
	info, err := os.Stat(filepath.Join(site, stampFile))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

type stamp struct {
	Digest string  `json:"digest"` // of all that decided what is installed
	Report *Report `json:"report"`
}

// stamp is the digest of all that decides what site-packages holds.
func (s *syncer) stamp(l *Lock) (string, error) {
	data, err := l.encode()
	if err != nil {
		return "", err
	}
	parts := []string{stampVersion, s.opts.Runtime.Digest, string(data)}
	for _, p := range l.Packages {
		if r := s.recipes[p.Name]; r != nil {
			parts = append(parts, r.text)
		}
		if p.Kind == KindSource {
			parts = append(parts, s.builtWheel(p))
		}
	}
	return digest(parts...), nil
}

func (s *syncer) archive() string { return s.opts.Site + ".zip" }

// upToDate reports whether site-packages is what it should be.
func (s *syncer) upToDate(want string) (*Report, bool) {
	data, err := os.ReadFile(filepath.Join(s.opts.Site, stampFile))
	if err != nil {
		return nil, false
	}
	var have stamp
	if json.Unmarshal(data, &have) != nil || have.Digest != want || have.Report == nil || fileSize(s.archive()) != have.Report.ZipBytes {
		return nil, false
	}
	report := have.Report
	report.Changed, report.LockWrote = false, false
	for i := range report.Packages {
		report.Packages[i].Built = false
	}
	return report, true
}

// install unpacks the wheels beside site-packages and swaps the folders, so that
// whoever looks sees the old or the new.
func (s *syncer) install(ctx context.Context, packages []Package, wheels []*wheel, want string) (*Report, error) {
	next := s.opts.Site + ".next"
	if err := os.RemoveAll(next); err != nil { // left by a process that was killed
		return nil, fmt.Errorf("install: %w", err)
	}
	if err := os.MkdirAll(next, 0o755); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	defer func() { _ = os.RemoveAll(next) }()
	report := &Report{Changed: true, Packages: []Installed{}}
	archive := newArchive(wheels)
	owners := map[string]string{}
	for i, p := range packages {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		done, err := s.unpack(p, wheels[i], next, archive, owners, report)
		if err != nil {
			return nil, err
		}
		report.Packages = append(report.Packages, *done)
	}
	var data []byte // none where no package is of Python alone
	if !archive.buffer.empty() {
		var err error
		if data, err = archive.buffer.bytes(); err != nil {
			return nil, err
		}
	}
	report.ZipBytes = int64(len(data))
	if err := s.compile(ctx, next); err != nil {
		return nil, err
	}
	mark, err := json.MarshalIndent(stamp{Digest: want, Report: report}, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(next, stampFile), mark, 0o644); err != nil {
		return nil, err
	}
	if err := s.writeArchive(data); err != nil {
		return nil, err
	}
	if err := swap(next, s.opts.Site); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	return report, nil
}

func (s *syncer) writeArchive(data []byte) error {
	if data != nil {
		return WriteFile(s.archive(), data)
	}
	if err := os.Remove(s.archive()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

// unpack puts one wheel into site-packages.
func (s *syncer) unpack(p Package, w *wheel, next string, archive *archive, owners map[string]string, report *Report) (*Installed, error) {
	r := s.recipes[p.Name]
	done := &Installed{Name: p.Name, Version: p.Version, Kind: p.Kind, Built: w.built, Zipped: archive.takes(w)}
	kept := map[string]bool{}
	for _, f := range w.files {
		kept[f.name] = !shaken(f.name, r)
		report.ShakenFrom += f.size
	}
	err := w.each(func(name string) bool { return kept[name] }, func(name string, data []byte) error {
		if owner, taken := owners[name]; taken {
			return &Error{Kind: ErrConflict, Package: p.Name, Message: fmt.Sprintf("%s and %s both have a file %s", owner, p.Name, name)}
		}
		owners[name] = p.Name
		switch name {
		case w.info + "/RECORD":
			data = shakeRecord(data, kept)
		case w.info + "/METADATA":
			data = shakeMetadata(data)
		}
		path := filepath.Join(next, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		report.SiteBytes += int64(len(data))
		if strings.HasSuffix(name, ".wasm") {
			done.Modules = append(done.Modules, Module{Path: name, Bytes: int64(len(data))})
		}
		return archive.add(w, name, data)
	})
	if err != nil {
		var known *Error
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, fmt.Errorf("install %s: %w", p.Name, err)
	}
	return done, nil
}

// archive is site-packages.zip in the making. Side modules can't be loaded out of
// an archive, and a package is in it as a whole or not at all: so are packages
// that share a top-level name.
type archive struct {
	buffer   zipBuffer
	unzipped map[string]bool // top-level names
}

func newArchive(wheels []*wheel) *archive {
	a := &archive{unzipped: map[string]bool{}}
	for changed := true; changed; {
		changed = false
		for _, w := range wheels {
			if a.takes(w) && !w.hasModules() {
				continue
			}
			for _, f := range w.files {
				if top := topLevel(f.name); !a.unzipped[top] {
					a.unzipped[top], changed = true, true
				}
			}
		}
	}
	return a
}

func (w *wheel) hasModules() bool {
	for _, f := range w.files {
		if strings.HasSuffix(f.name, ".wasm") {
			return true
		}
	}
	return false
}

// takes reports whether a wheel goes into the archive.
func (a *archive) takes(w *wheel) bool {
	for _, f := range w.files {
		if a.unzipped[topLevel(f.name)] {
			return false
		}
	}
	return true
}

func (a *archive) add(w *wheel, name string, data []byte) error {
	if !a.takes(w) {
		return nil
	}
	return a.buffer.add(name, data)
}

// swap puts the folder next where current is, and removes current.
func swap(next, current string) error {
	if _, err := os.Lstat(current); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(next, current)
	}
	if err := exchange(next, current); err == nil {
		return os.RemoveAll(next)
	}
	old := current + ".old"
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	if err := os.Rename(current, old); err != nil {
		return err
	}
	if err := os.Rename(next, current); err != nil {
		return errors.Join(err, os.Rename(old, current))
	}
	return os.RemoveAll(old)
}

// FormatModules is for people: "2 side modules, 52.1 kB".
func FormatModules(modules []Module) string {
	var sum int64
	for _, m := range modules {
		sum += m.Bytes
	}
	switch len(modules) {
	case 0:
		return ""
	case 1:
		return "a side module of " + cpython.FormatBytes(sum)
	}
	return fmt.Sprintf("%d side modules, %s", len(modules), cpython.FormatBytes(sum))
}
