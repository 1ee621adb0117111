package packages

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// lockVersion is of the format of the file.
const lockVersion = 1

// Lock is what pymode.lock says: the choice that was made for a list of
// dependencies. Neither the index nor its host is in it.
type Lock struct {
	Version      int       `toml:"version"`
	Python       string    `toml:"python"`       // "3.13"
	Dependencies []string  `toml:"dependencies"` // what it is for, sorted
	Packages     []Package `toml:"package"`      // by name
}

// Kind says what a package's file is.
type Kind string

// The kinds of file.
const (
	KindWheel  Kind = "wheel" // of Python alone
	KindSource Kind = "sdist" // from which a wheel is built
)

// Package is one entry of the lock file.
type Package struct {
	Name     string   `toml:"name"` // normalised
	Version  string   `toml:"version"`
	Kind     Kind     `toml:"kind"`
	File     string   `toml:"file"` // its name in the index
	SHA256   string   `toml:"sha256"`
	Requires []string `toml:"requires,omitempty"` // names of other entries

	url string // where the index has it; "" where that was not asked
}

func newLock(dependencies []string, packages []Package) *Lock {
	slices.SortFunc(packages, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	return &Lock{Version: lockVersion, Python: guestVersion, Dependencies: sortedRequirements(dependencies), Packages: packages}
}

// isFor reports whether the choice was made for these dependencies.
func (l *Lock) isFor(dependencies []string) bool {
	return l.Python == guestVersion && slices.Equal(l.Dependencies, sortedRequirements(dependencies))
}

func (l *Lock) has(name string) bool {
	return slices.ContainsFunc(l.Packages, func(p Package) bool { return p.Name == name })
}

// ReadLock reads a lock file. A file that is not there is [fs.ErrNotExist]; one
// that is damaged or of a later format an [*Error].
func ReadLock(path string) (*Lock, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	l, err := parseLock(data)
	if err != nil {
		return nil, &Error{
			Kind: ErrLockFile, Message: fmt.Sprintf("%s: %v", filepath.Base(path), err),
			Advice: "restore it, or remove it to choose versions anew", Err: err,
		}
	}
	return l, nil
}

func parseLock(data []byte) (*Lock, error) {
	l := &Lock{}
	if err := toml.Unmarshal(data, l); err != nil {
		var decode *toml.DecodeError
		if errors.As(err, &decode) {
			line, _ := decode.Position()
			return nil, fmt.Errorf("line %d: %s", line, strings.TrimPrefix(err.Error(), "toml: "))
		}
		return nil, err
	}
	if l.Version != lockVersion {
		return nil, fmt.Errorf("its format is version %d, and this program reads version %d", l.Version, lockVersion)
	}
	for _, p := range l.Packages {
		switch {
		case p.Name == "" || p.Name != Normalize(p.Name):
			return nil, fmt.Errorf("%q is not the name of a package", p.Name)
		case p.Kind != KindWheel && p.Kind != KindSource:
			return nil, fmt.Errorf("%s is of the unknown kind %q", p.Name, p.Kind)
		case !isDigest(p.SHA256):
			return nil, fmt.Errorf("%s has no SHA-256", p.Name)
		case p.File == "" || p.File != filepath.Base(p.File) || p.File == "..":
			return nil, fmt.Errorf("%s has no name of a file", p.Name)
		case p.Version == "":
			return nil, fmt.Errorf("%s has no version", p.Name)
		}
	}
	return l, nil
}

func isDigest(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// encode writes the file in a stable order.
func (l *Lock) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# What `pymode-tui sync` chose and installs. Commit it; don't edit it.\n")
	enc := toml.NewEncoder(&b)
	enc.SetArraysMultiline(false)
	if err := enc.Encode(l); err != nil {
		return nil, fmt.Errorf("encode the lock file: %w", err)
	}
	return b.Bytes(), nil
}

// write replaces the file in one step, and leaves one alone that says the same.
func (l *Lock) write(path string) error {
	data, err := l.encode()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return WriteFile(path, data)
}
