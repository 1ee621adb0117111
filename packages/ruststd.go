package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stdRecipe is what the guest's standard library is compiled from besides the
// source: its change makes another one.
const stdRecipe = `[package]
name = "std-for-guest"
version = "0.0.0"
edition = "2021"

[profile.release]
panic = "abort"
opt-level = "s"
debug = false
`

// stdFlags make it position-independent, and let packages take it as bitcode.
const stdFlags = "-C relocation-model=pic -C embed-bitcode=yes"

// buildStd compiles the guest's standard library from the source that came with a
// compiler, once, into a folder of the cache. cargo does that for its own
// developers only, wherefore the variable.
func (s *syncer) buildStd(ctx context.Context, r *rust) error {
	if r.hasTarget() {
		return nil
	}
	if r.source == "" {
		return errors.New("the compiler came without the source of its standard library")
	}
	where := s.cache.path("rust", "std-"+digest(r.about, stdRecipe, stdFlags)[:12])
	r.sysroot = where
	if _, err := os.Stat(where); err == nil {
		return nil
	}
	unlock, err := lockFile(ctx, where+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(where); err == nil {
		return nil
	}
	dir, remove, err := s.cache.scratch("rust-std")
	if err != nil {
		return err
	}
	defer remove()
	for name, text := range map[string]string{"Cargo.toml": stdRecipe, "src/lib.rs": "#![no_std]\n"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	s.meter.line("compiling Rust's standard library for the guest, about a minute")
	args := []string{"build", "--release", "--target", RustTarget, "-Z", "build-std=std,panic_abort"}
	if s.opts.Offline {
		args = append(args, "--offline")
	}
	_, err = command{
		path: filepath.Join(r.bin, "cargo"), args: args, dir: dir, line: s.meter.line,
		env: plainEnv("RUSTC_BOOTSTRAP=1", "RUSTC="+filepath.Join(r.bin, "rustc"),
			"CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="+stdFlags, "CARGO_TARGET_DIR="+filepath.Join(dir, "target"), "CARGO_TERM_COLOR=never"),
	}.run(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &Error{Kind: ErrMachine, Message: "Rust's standard library does not build for the guest: " + lastLine(err), Err: err}
	}
	found, err := filepath.Glob(filepath.Join(dir, "target", RustTarget, "release", "deps", "lib*.rlib"))
	if err != nil || len(found) == 0 {
		return fmt.Errorf("compile Rust's standard library: there is nothing of it: %w", err)
	}
	made := filepath.Join(dir, "made")
	lib := filepath.Join(made, "lib", "rustlib", RustTarget, "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		return err
	}
	for _, path := range found {
		if strings.HasPrefix(filepath.Base(path), "libstd_for_guest") {
			continue
		}
		if err := os.Rename(path, filepath.Join(lib, filepath.Base(path))); err != nil {
			return err
		}
	}
	if err := os.Rename(made, where); err != nil {
		return fmt.Errorf("keep Rust's standard library: %w", err)
	}
	return nil
}
