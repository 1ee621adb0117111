package cpython

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BinaryenVersion is the version of wasm-opt that is installed where none is
// given, and the only one that is taken from PATH.
const BinaryenVersion = "132"

// npmBinaryen is the package of npm that carries wasm-opt as a program for node,
// and the SHA-256 of that program.
const (
	npmBinaryen       = "binaryen@132.0.0"
	npmBinaryenSHA256 = "608c021fa3f2c68cdc26f06a1454341089a0e689abb71cbe5a23ef7300e7f3e3"
)

// wasmOptFile says in the wasm-opt step's directory how to run it: the words of
// the command, a line each.
const wasmOptFile = "command"

// wasmOptIntact tells whether the wasm-opt that was found is still there.
func wasmOptIntact(dir string) bool {
	words, err := readWasmOpt(dir)
	if err != nil {
		return false
	}
	for _, word := range words {
		if filepath.IsAbs(word) && !pathExists(word) {
			return false
		}
	}
	return true
}

func readWasmOpt(dir string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, wasmOptFile))
	if err != nil {
		return nil, err
	}
	words := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if words[0] == "" {
		return nil, errors.New("the command for wasm-opt is empty")
	}
	return words, nil
}

// getWasmOpt finds wasm-opt or installs it: from npm, or from Debian.
func getWasmOpt(ctx context.Context, j *job) error {
	words, err := findWasmOpt(ctx, j.opts)
	if err != nil {
		return err
	}
	if words == nil {
		if words, err = installWasmOpt(ctx, j); err != nil {
			return err
		}
	}
	version, err := wasmOptVersion(ctx, words)
	if err != nil {
		return err
	}
	j.printf("using %s: %s", strings.Join(words, " "), version)
	return os.WriteFile(filepath.Join(j.dir, wasmOptFile), []byte(strings.Join(words, "\n")+"\n"), 0o644)
}

// findWasmOpt returns the wasm-opt that the user named, or that is on PATH in
// the right version, or nothing.
func findWasmOpt(ctx context.Context, opts Options) ([]string, error) {
	if opts.WasmOpt != "" {
		path, err := exec.LookPath(opts.WasmOpt)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return nil, fmt.Errorf("the given wasm-opt: %w", err)
		}
		if _, err := wasmOptVersion(ctx, []string{path}); err != nil {
			return nil, fmt.Errorf("the given wasm-opt, %s: %w", path, err)
		}
		return []string{path}, nil
	}
	path, err := exec.LookPath("wasm-opt")
	if err != nil {
		return nil, nil
	}
	if version, err := wasmOptVersion(ctx, []string{path}); err != nil || version != BinaryenVersion {
		return nil, nil
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	return []string{path}, nil
}

// wasmOptVersion asks for the version: "wasm-opt version 132 (version_132)".
func wasmOptVersion(ctx context.Context, words []string) (string, error) {
	out, err := exec.CommandContext(ctx, words[0], append(words[1:len(words):len(words)], "--version")...).Output()
	if err != nil {
		return "", fmt.Errorf("wasm-opt --version: %w", err)
	}
	fields := strings.Fields(string(out))
	if len(fields) < 3 || fields[1] != "version" {
		return "", fmt.Errorf("wasm-opt --version says %q", strings.TrimSpace(string(out)))
	}
	return fields[2], nil
}

func installWasmOpt(ctx context.Context, j *job) ([]string, error) {
	words, npmErr := wasmOptFromNpm(ctx, j)
	if npmErr == nil || ctx.Err() != nil {
		return words, npmErr
	}
	j.printf("failed: %v", npmErr)
	words, err := wasmOptFromDebian(ctx, j)
	if err != nil {
		return nil, fmt.Errorf("install wasm-opt: %w; %w", npmErr, err)
	}
	return words, nil
}

// wasmOptFromNpm installs the package with the user's npm, from whatever registry
// that is set up for.
func wasmOptFromNpm(ctx context.Context, j *job) ([]string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, err
	}
	if node, err = filepath.Abs(node); err != nil {
		return nil, err
	}
	err = j.run(ctx, command{path: npm, args: []string{
		"install", "--prefix", j.dir, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock",
		"--no-update-notifier", npmBinaryen,
	}})
	if err != nil {
		return nil, fmt.Errorf("install %s with npm: %w", npmBinaryen, err)
	}
	program := filepath.Join(j.dir, "node_modules", "binaryen", "bin", "wasm-opt")
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != npmBinaryenSHA256 {
		return nil, &DigestError{File: program, Got: got, Want: []string{npmBinaryenSHA256}}
	}
	return []string{node, program}, nil
}

// wasmOptFromDebian unpacks Debian's package, whatever version this release has,
// into the job's directory; nothing is installed.
func wasmOptFromDebian(ctx context.Context, j *job) ([]string, error) {
	aptGet, err := exec.LookPath("apt-get")
	if err != nil {
		return nil, errors.New("this is no Debian-like system, which could have it as a package")
	}
	if err := j.run(ctx, command{path: aptGet, args: []string{"-q", "-o", "APT::Sandbox::User=root", "download", "binaryen"}}); err != nil {
		return nil, err
	}
	packages, err := filepath.Glob(filepath.Join(j.dir, "binaryen_*.deb"))
	if err != nil || len(packages) == 0 {
		return nil, errors.Join(err, errors.New("apt-get has brought no package"))
	}
	if err := j.run(ctx, command{path: "dpkg-deb", args: []string{"-x", packages[0], j.dir}}); err != nil {
		return nil, err
	}
	// It finds its library beside itself.
	return []string{filepath.Join(j.dir, "usr", "bin", "wasm-opt")}, os.Remove(packages[0])
}

// checkWasmOpt makes sure that wasm-opt is there or can be installed.
func checkWasmOpt(ctx context.Context, opts Options) error {
	if words, err := findWasmOpt(ctx, opts); err != nil || words != nil {
		return err
	}
	_, nodeErr := exec.LookPath("node")
	_, npmErr := exec.LookPath("npm")
	_, aptErr := exec.LookPath("apt-get")
	if nodeErr != nil || npmErr != nil {
		if aptErr != nil {
			return &MissingToolError{
				Tool: "wasm-opt " + BinaryenVersion + ", or node and npm to install it",
				How:  install("nodejs npm", "brew install node") + ", or name a wasm-opt in PYMODE_WASM_OPT",
			}
		}
	}
	return nil
}

// wasmOpt runs it.
func (j *job) wasmOpt(ctx context.Context, args []string) error {
	words, err := readWasmOpt(j.path(stepWasmOpt))
	if err != nil {
		return err
	}
	return j.run(ctx, command{path: words[0], args: append(words[1:len(words):len(words)], args...)})
}
