package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The zig step's directory: a link to the executable, zig's cache of compiled C
// libraries, and the libraries that a reactor is linked with.
const (
	zigLink       = "zig"
	zigCacheDir   = "cache"
	zigLibcDir    = "libc"
	zigScratchDir = "scratch" // in any step: zig's cache of single objects, thrown away with the step
)

// libcParts are the files that zig links a WASI reactor with, in link order.
func libcParts() []string {
	return []string{"crt1-reactor.o", "libc.a", "libzigc.a", "libcompiler_rt.a"}
}

// zigIntact tells whether the zig that was found is still there.
func zigIntact(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, zigLink))
	return err == nil
}

// getZig finds or installs zig and compiles the C library, which zig carries
// as source, so that no later step waits for it.
func getZig(ctx context.Context, j *job) error {
	path, err := findZig(ctx, j.opts)
	if err != nil {
		return err
	}
	if path == "" {
		if path, err = installZig(ctx, j); err != nil {
			return err
		}
	}
	j.printf("using %s", path)
	if err := os.Symlink(path, filepath.Join(j.dir, zigLink)); err != nil {
		return err
	}
	return compileLibc(ctx, j, path)
}

// findZig returns the zig that the user named or has on PATH, or "" if one has
// to be installed. One that the user named must be of the right version.
func findZig(ctx context.Context, opts Options) (string, error) {
	if opts.Zig != "" {
		path, err := exec.LookPath(opts.Zig)
		if err != nil {
			return "", fmt.Errorf("the given zig: %w", err)
		}
		version, err := zigVersion(ctx, path)
		if err != nil {
			return "", fmt.Errorf("the given zig, %s: %w", path, err)
		}
		if version != ZigVersion {
			return "", fmt.Errorf("the given zig, %s, is version %s; %s is needed", path, version, ZigVersion)
		}
		return filepath.Abs(path)
	}
	path, err := exec.LookPath("zig")
	if err != nil {
		return "", nil
	}
	if version, err := zigVersion(ctx, path); err != nil || version != ZigVersion {
		return "", nil
	}
	return filepath.Abs(path)
}

func zigVersion(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return "", fmt.Errorf("zig version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// installZig installs the Python package that carries zig into the job's
// directory, with whatever index and certificates the user's pip is set up for.
func installZig(ctx context.Context, j *job) (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", missingPython()
	}
	where := filepath.Join(j.dir, "package")
	// pip unpacks into its temporary folder first; on some systems that is a
	// small one in memory.
	scratch := filepath.Join(j.dir, "tmp")
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	err = j.run(ctx, command{
		path: python,
		args: []string{
			"-m", "pip", "install", "--target", where, "--no-deps", "--no-compile", "--no-input", "--no-cache-dir",
			"--disable-pip-version-check", "--progress-bar", "off", "--only-binary", ":all:", "ziglang==" + ZigVersion,
		},
		env: []string{"TMPDIR=" + scratch},
	})
	if err != nil {
		return "", fmt.Errorf("install zig %s with pip: %w", ZigVersion, err)
	}
	path := filepath.Join(where, "ziglang", "zig")
	version, err := zigVersion(ctx, path)
	if err != nil {
		return "", err
	}
	if version != ZigVersion {
		return "", fmt.Errorf("the package ziglang %s holds zig %s", ZigVersion, version)
	}
	return path, nil
}

// compileLibc links an empty reactor: that makes zig compile its C library and
// start files, and print where they are. The link step takes them from here.
func compileLibc(ctx context.Context, j *job, zig string) error {
	j.printf("compiling the C library")
	scratch := filepath.Join(j.dir, zigScratchDir)
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	source := filepath.Join(scratch, "empty.c")
	if err := os.WriteFile(source, []byte("int empty(void) { return 0; }\n"), 0o644); err != nil {
		return err
	}
	var output strings.Builder
	args := []string{"cc", "-target", target, "-O3", "-mexec-model=reactor", "-o", filepath.Join(scratch, "empty.wasm"), source, "--verbose"}
	args = append(args, emulationLibs()...)
	err := j.run(ctx, command{
		path: zig, args: args,
		env:  zigEnv(filepath.Join(j.dir, zigCacheDir), scratch),
		each: func(line string) { fmt.Fprintln(&output, line) },
	})
	if err != nil {
		return err
	}
	parts, err := libcFromLinkLine(output.String())
	if err != nil {
		return err
	}
	libc := filepath.Join(j.dir, zigLibcDir)
	if err := os.MkdirAll(libc, 0o755); err != nil {
		return err
	}
	for _, part := range parts {
		if !filepath.IsAbs(part) { // it prints what is below its working directory so
			part = filepath.Join(j.dir, part)
		}
		if err := copyFile(part, filepath.Join(libc, filepath.Base(part))); err != nil {
			return err
		}
	}
	return nil
}

// libcFromLinkLine finds the paths of libcParts in what zig prints when it
// links verbosely.
func libcFromLinkLine(output string) ([]string, error) {
	var line string
	for l := range strings.Lines(output) {
		if strings.HasPrefix(l, "wasm-ld ") || strings.Contains(l, "/wasm-ld ") {
			line = l
		}
	}
	if line == "" {
		return nil, errors.New("zig did not print how it links")
	}
	var parts []string
	for _, want := range libcParts() {
		found := ""
		for word := range strings.FieldsSeq(line) {
			if filepath.Base(word) == want {
				found = word
			}
		}
		if found == "" {
			return nil, fmt.Errorf("zig links without %s: %s", want, strings.TrimSpace(line))
		}
		parts = append(parts, found)
	}
	return parts, nil
}

func zigEnv(shared, scratch string) []string {
	return []string{"ZIG_GLOBAL_CACHE_DIR=" + shared, "ZIG_LOCAL_CACHE_DIR=" + scratch}
}

// zigEnv gives a step its own cache of objects: zig does not notice a header
// that changed behind `-I.` and would hand out objects of an earlier build.
func (j *job) zigEnv() []string {
	return zigEnv(j.path(stepZig, zigCacheDir), filepath.Join(j.dir, zigScratchDir))
}

func (j *job) dropZigScratch() error { return os.RemoveAll(filepath.Join(j.dir, zigScratchDir)) }

// zig runs a command of zig with the step's caches.
func (j *job) zig(ctx context.Context, c command) error {
	c.path = j.path(stepZig, zigLink)
	c.env = append(c.env, j.zigEnv()...)
	return j.run(ctx, c)
}
