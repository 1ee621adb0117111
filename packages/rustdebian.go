package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// debianSets are the packages that have a compiler and the source of its standard
// library, by name: Debian keeps one that browsers need current in its stable
// releases too, beside the one of the release.
func debianSets() [][]string {
	return [][]string{{"rustc-web", "cargo-web", "rust-web-src"}, {"rustc", "cargo", "rust-src"}}
}

// debianRust is the compiler of Debian's packages, unpacked into the cache: nothing
// is installed, so nobody has to be root. They come through an apt that reads the
// machine's sources and keys, and has a state of its own.
func (s *syncer) debianRust(ctx context.Context) (*rust, error) {
	where := s.cache.path("rust", "debian-"+rustOldest)
	bin := filepath.Join(where, "bin")
	look := func() (*rust, error) { return describeRust(ctx, filepath.Join(where, "usr"), &bin) }
	if _, err := os.Stat(where); err == nil {
		return look()
	}
	if runtime.GOOS != "linux" || s.opts.Offline {
		return nil, errors.New("there is none in the cache")
	}
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, errors.New("this is no Debian, whose packages would do")
		}
	}
	unlock, err := lockFile(ctx, where+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(where); err == nil {
		return look()
	}
	dir, remove, err := s.cache.scratch("rust-debian")
	if err != nil {
		return nil, err
	}
	defer remove()
	archives, err := s.fetchDebianRust(ctx, dir)
	if err != nil {
		return nil, err
	}
	made := filepath.Join(dir, "made")
	for _, archive := range archives {
		s.meter.line("unpacking " + filepath.Base(archive))
		if _, err := (command{path: "dpkg-deb", args: []string{"-x", archive, made}, env: plainEnv()}).run(ctx); err != nil {
			return nil, fmt.Errorf("unpack %s: %s", filepath.Base(archive), lastLine(err))
		}
	}
	if err := pruneRustSource(made); err != nil {
		return nil, err
	}
	if err := writeStarters(made, where); err != nil {
		return nil, err
	}
	if err := os.Rename(made, where); err != nil {
		return nil, fmt.Errorf("keep Debian's Rust: %w", err)
	}
	return look()
}

// fetchDebianRust downloads the packages, and those they need that the machine
// does not have, and returns their paths.
func (s *syncer) fetchDebianRust(ctx context.Context, dir string) ([]string, error) {
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	options := []string{"-q", "-y"}
	for _, o := range []string{
		"Dir::State=" + filepath.Join(dir, "state"), "Dir::State::status=/var/lib/dpkg/status",
		"Dir::Cache=" + filepath.Join(dir, "cache"), "Debug::NoLocking=1",
		"Acquire::Languages=none", "Acquire::Retries=2", "Acquire::http::Timeout=20", "APT::Sandbox::User=root",
	} {
		options = append(options, "-o", o)
	}
	apt := func(args ...string) error {
		_, err := command{path: "apt-get", args: append(slices.Clone(options), args...), dir: dir, env: plainEnv("DEBIAN_FRONTEND=noninteractive"), line: s.meter.line}.run(ctx)
		return err
	}
	s.meter.line("asking the Debian mirror for Rust")
	if err := apt("update"); err != nil {
		return nil, fmt.Errorf("apt can't read the Debian mirror: %s", lastLine(err))
	}
	why := errors.New("apt knows of none")
	for _, set := range debianSets() {
		if err := apt(append([]string{"install", "--download-only", "--no-install-recommends", "--reinstall"}, set...)...); err != nil {
			why = fmt.Errorf("apt can't fetch %s: %s", set[0], lastLine(err))
			continue
		}
		return filepath.Glob(filepath.Join(dir, "cache", "archives", "*.deb"))
	}
	return nil, why
}

// pruneRustSource leaves of the compiler's source what the standard library is.
func pruneRustSource(root string) error {
	found, err := filepath.Glob(filepath.Join(root, "usr", "src", "rustc-*", "*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if filepath.Base(path) == "library" {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// writeStarters writes programs that start rustc and cargo with the libraries that
// were unpacked beside them. They are made in one folder for another.
func writeStarters(made, where string) error {
	var folders []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, err := filepath.Glob(filepath.Join(made, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, path := range found {
			folders = append(folders, where+strings.TrimPrefix(path, made))
		}
	}
	if err := os.MkdirAll(filepath.Join(made, "bin"), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"rustc", "cargo"} {
		text := fmt.Sprintf("#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s \"$@\"\n", quote(strings.Join(folders, ":")), quote(filepath.Join(where, "usr", "bin", name)))
		if err := os.WriteFile(filepath.Join(made, "bin", name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}
