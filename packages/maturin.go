package packages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maturinBackend builds packages that are Rust, or Rust and Python.
const maturinBackend = "maturin"

// maturinSettings are those of [tool.maturin] that matter here.
type maturinSettings struct {
	Manifest string `toml:"manifest-path"`
	Profile  string `toml:"profile"`
	Bindings string `toml:"bindings"`
}

func readMaturin(source string) (*maturinSettings, error) {
	var file struct {
		Tool struct {
			Maturin maturinSettings `toml:"maturin"`
		} `toml:"tool"`
	}
	data, err := os.ReadFile(filepath.Join(source, "pyproject.toml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("its pyproject.toml: %w", err)
	}
	return &file.Tool.Maturin, nil
}

// maturin builds a package's wheel with maturin. Its hook of a build backend would
// build for the Python that calls it, and asks that for its settings; the command
// takes another one.
func (s *syncer) maturin(ctx context.Context, b *build) error {
	config, err := readMaturin(b.source)
	if err != nil {
		return err
	}
	if config.Bindings == "cffi" || config.Bindings == "uniffi" {
		return &Error{Kind: ErrUnsupported, Package: b.p.Name, Message: b.p.Name + " can't work here: it needs libffi, which makes machine code at run time"}
	}
	args := []string{
		"build", "--release", "--target", RustTarget, "--interpreter", "python" + guestVersion,
		"--compatibility", "off", "--out", filepath.Join(b.dir, "out"),
	}
	if hasCargoLock(b.source, config.Manifest) {
		args = append(args, "--locked")
	}
	if config.Profile != "" {
		args[1] = "--profile=" + config.Profile
		b.profiles = append(b.profiles, config.Profile)
	}
	_, err = command{
		path: filepath.Join(b.requirements, "bin", "maturin"), args: args, dir: b.source, env: s.buildEnvironment(b), line: b.line,
	}.run(ctx)
	return err
}

// hasCargoLock reports whether a package says which crates it is built of.
func hasCargoLock(source, manifest string) bool {
	folder := filepath.Join(source, filepath.Dir(filepath.FromSlash(manifest)))
	for {
		if _, err := os.Stat(filepath.Join(folder, "Cargo.lock")); err == nil {
			return true
		}
		if folder == source || !strings.HasPrefix(folder, source) {
			return false
		}
		folder = filepath.Dir(folder) // of the workspace
	}
}

// onlyWheel is the wheel in the folder that builds write to.
func onlyWheel(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the build made %d wheels", len(found))
	}
	return found[0], nil
}
