package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// RustTarget is the guest as rustc knows it.
	RustTarget = "wasm32-wasip1"
	// RustAdvice says how to get a compiler for it.
	RustAdvice = "run rustup target add " + RustTarget + ", or on Debian apt-get install rustc-web cargo-web rust-web-src"
	// rustOldest is what current packages ask for; pydantic-core 2.50 asks for 1.88.
	rustOldest = "1.88.0"
	// rustupPatience is how long rustup may take for the target's 20 MB.
	rustupPatience = 3 * time.Minute
)

// rust is a compiler for Rust with a standard library for the guest.
type rust struct {
	bin     string // the folder of cargo and rustc
	source  string // the standard library's source; "" where rustc came without
	sysroot string // the folder that has the guest's standard library; "" where rustc finds it by itself
	about   string // what `rustc -vV` says
	version string // of rustc: "1.99.0"
}

// findRust finds a compiler, or sets one up: the machine's own, with the guest's
// standard library as it has it, as rustup fetches it, or compiled from the source
// beside it; else Debian's packages, which are unpacked into the cache.
func (s *syncer) findRust(ctx context.Context) (*rust, error) {
	own, ownErr := s.machineRust(ctx)
	if ownErr == nil {
		if own.hasTarget() {
			return own, nil
		}
		ownErr = s.askRustup(ctx, own)
		if ownErr == nil {
			return own, nil
		}
		if own.source != "" {
			return own, s.buildStd(ctx, own)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	debian, err := s.debianRust(ctx)
	if err == nil {
		return debian, s.buildStd(ctx, debian)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e := &Error{
		Kind:    ErrMachine,
		Message: fmt.Sprintf("building it needs Rust %s or later with the target %s: %v; %v", rustOldest, RustTarget, ownErr, err),
		Advice:  RustAdvice,
		Err:     errors.Join(ownErr, err),
	}
	if s.opts.Offline {
		e.Kind, e.Advice = ErrOffline, "run it without --offline once, or "+strings.TrimPrefix(e.Advice, "run ")
	}
	return nil, e
}

// LookRust returns the version of the machine's compiler for Rust, if that compiles for
// workers as it is, or can once its standard library is compiled from the source beside
// it. Nothing is fetched.
func LookRust(ctx context.Context) (version string, err error) {
	path, err := exec.LookPath("rustc")
	if err != nil {
		return "", errors.New("there is no rustc")
	}
	r, err := rustOf(ctx, path, os.TempDir())
	if err != nil {
		return "", err
	}
	if !r.hasTarget() && r.source == "" {
		return "", errors.New("rustc has no " + RustTarget)
	}
	return r.version, nil
}

// machineRust is the compiler on the machine's path.
func (s *syncer) machineRust(ctx context.Context) (*rust, error) {
	path, err := exec.LookPath("rustc")
	if err != nil {
		return nil, errors.New("there is no rustc")
	}
	return rustOf(ctx, path, s.cache.dir)
}

// rustOf is the compiler behind a rustc: rustup's is another one in each folder that
// says so, and is asked in dir; what is in the sysroot is always the same.
func rustOf(ctx context.Context, path, dir string) (*rust, error) {
	out, err := command{path: path, args: []string{"--print", "sysroot"}, dir: dir, env: plainEnv()}.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("rustc does not run: %s", lastLine(err))
	}
	return describeRust(ctx, strings.TrimSpace(string(out)), nil)
}

// describeRust looks at the compiler in a sysroot.
func describeRust(ctx context.Context, sysroot string, bin *string) (*rust, error) {
	r := &rust{bin: filepath.Join(sysroot, "bin")}
	if bin != nil {
		r.bin = *bin
	}
	for _, name := range []string{"rustc", "cargo"} {
		if _, err := os.Stat(filepath.Join(r.bin, name)); err != nil {
			return nil, fmt.Errorf("there is no %s beside it", name)
		}
	}
	out, err := command{path: filepath.Join(r.bin, "rustc"), args: []string{"-vV"}, env: plainEnv()}.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("rustc does not run: %s", lastLine(err))
	}
	r.about = string(out)
	version := ""
	for line := range strings.Lines(r.about) {
		if value, ok := strings.CutPrefix(line, "release: "); ok {
			version, _, _ = strings.Cut(strings.TrimSpace(value), "-") // of 1.99.0-nightly
		}
	}
	if !atLeast(version, rustOldest) {
		return nil, fmt.Errorf("rustc is %s", version)
	}
	r.version = version
	source := filepath.Join(sysroot, "lib", "rustlib", "src", "rust", "library")
	if _, err := os.Stat(filepath.Join(source, "std")); err == nil {
		r.source = source
	}
	return r, nil
}

// hasTarget reports whether the compiler brings the guest's standard library.
func (r *rust) hasTarget() bool {
	found, err := filepath.Glob(filepath.Join(filepath.Dir(r.bin), "lib", "rustlib", RustTarget, "lib", "libstd-*.rlib"))
	return err == nil && len(found) > 0
}

// askRustup lets rustup fetch the guest's standard library, if the compiler is
// one of rustup's.
func (s *syncer) askRustup(ctx context.Context, r *rust) error {
	lacks := "rustc has no " + RustTarget
	path, err := exec.LookPath("rustup")
	if err != nil || s.opts.Offline {
		return errors.New(lacks)
	}
	name := filepath.Base(filepath.Dir(r.bin))
	s.meter.line("rustup target add " + RustTarget)
	limited, cancel := context.WithTimeout(ctx, rustupPatience)
	defer cancel()
	_, err = command{
		path: path, args: []string{"target", "add", "--toolchain", name, RustTarget}, dir: s.cache.dir,
		env: plainEnv("RUSTUP_MAX_RETRIES=1", "RUSTUP_DOWNLOAD_TIMEOUT=30"), line: s.meter.line,
	}.run(limited)
	if err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("%s, and rustup did not fetch it within %s", lacks, rustupPatience)
		}
		if f, ok := asFailure(err); ok {
			return fmt.Errorf("%s, and rustup can't fetch it: %s", lacks, firstError(f.lines))
		}
		return fmt.Errorf("%s, and rustup can't fetch it: %w", lacks, err)
	}
	if !r.hasTarget() {
		return errors.New(lacks)
	}
	return nil
}

// environment is what cargo, and the compilers that build scripts call, are told
// while a package is built. Profiles are those that the package may build by.
func (r *rust) environment(s *syncer, t *toolchain, profiles ...string) []string {
	flags := "-C relocation-model=pic -C link-self-contained=no"
	if r.sysroot != "" {
		flags += " --sysroot " + r.sysroot
	}
	env := []string{
		"CARGO=" + filepath.Join(r.bin, "cargo"), "RUSTC=" + filepath.Join(r.bin, "rustc"),
		"CARGO_HOME=" + cargoHome(), "CARGO_TERM_COLOR=never",
		"CARGO_TERM_PROGRESS_WHEN=always", "CARGO_TERM_PROGRESS_WIDTH=80",
		"CARGO_BUILD_TARGET=" + RustTarget,
		"CARGO_TARGET_WASM32_WASIP1_LINKER=" + t.tool("rust-ld"),
		"CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS=" + flags,
		"PYO3_CROSS=1", "PYO3_CROSS_PYTHON_VERSION=" + guestVersion, "PYO3_BUILD_EXTENSION_MODULE=1",
		"PYO3_CONFIG_FILE=" + filepath.Join(t.dir, "pyo3.txt"),
		// Crates with C in them are compiled for the guest, and build scripts for
		// this machine, by the same variables.
		"CC_wasm32_wasip1=" + t.tool("cc"), "CXX_wasm32_wasip1=" + t.tool("c++"), "AR_wasm32_wasip1=" + t.tool("ar"),
		"HOST_CC=cc", "HOST_CXX=c++", "HOST_AR=ar", "HOST_CFLAGS=", "HOST_CXXFLAGS=",
		"CARGO_BUILD_JOBS=" + fmt.Sprint(runtime.NumCPU()),
	}
	for _, profile := range append([]string{"release"}, profiles...) {
		name := "CARGO_PROFILE_" + strings.ToUpper(strings.ReplaceAll(profile, "-", "_")) + "_"
		// Unwinding costs a hundred times what it saves here. The standard library
		// of rustup is not position-independent but as bitcode, which fat LTO takes.
		env = append(env, name+"OPT_LEVEL=s", name+"LTO=fat", name+"CODEGEN_UNITS=1", name+"PANIC=abort", name+"DEBUG=false", name+"STRIP=none")
	}
	if s.opts.Offline {
		env = append(env, "CARGO_NET_OFFLINE=true")
	}
	return env
}

// cargoHome is where the user's cargo has its settings and what it has fetched.
func cargoHome() string {
	if dir := os.Getenv("CARGO_HOME"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	return filepath.Join(home, ".cargo")
}

// pyo3Settings tell PyO3 and maturin of the guest's Python, which can't be started
// while a package is built.
func pyo3Settings() string {
	return "implementation=CPython\nversion=" + guestVersion + "\nshared=false\npointer_width=32\n" +
		"suppress_build_script_link_lines=true\next_suffix=.wasm\n"
}
