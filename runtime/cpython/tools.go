package cpython

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// checkTools makes sure, before anything is downloaded, that the machine has
// what the steps to come need.
func checkTools(ctx context.Context, opts Options, steps []step) error {
	needed := map[string]bool{}
	for _, s := range steps {
		needed[s.name] = true
	}
	if runtime.GOOS == "windows" && needed[stepNativeConfigure] {
		return &MissingToolError{Tool: "a Unix system", How: "build it on Linux or macOS, or in WSL, and copy the cache folder"}
	}
	if needed[stepNativeConfigure] || needed[stepNative] || needed[stepConfigure] || needed[stepCompile] {
		if _, err := exec.LookPath("make"); err != nil {
			return &MissingToolError{Tool: "make", How: install("make", "xcode-select --install")}
		}
	}
	if needed[stepNativeConfigure] || needed[stepNative] {
		if err := checkCompiler(ctx); err != nil {
			return err
		}
	}
	if needed[stepWasmOpt] {
		if err := checkWasmOpt(ctx, opts); err != nil {
			return err
		}
	}
	if needed[stepZig] {
		return checkPip(ctx, opts)
	}
	return nil
}

// checkCompiler compiles and links a program: on many systems the compiler
// comes without the headers of the C library.
func checkCompiler(ctx context.Context) error {
	missing := &MissingToolError{Tool: "a C compiler", How: install("build-essential", "xcode-select --install")}
	cc := os.Getenv("CC")
	for _, name := range []string{"cc", "gcc", "clang"} {
		if cc != "" {
			break
		}
		if path, err := exec.LookPath(name); err == nil {
			cc = path
		}
	}
	if cc == "" {
		return missing
	}
	dir, err := os.MkdirTemp("", "pymode-tui-cc-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "hello.c")
	if err := os.WriteFile(source, []byte("#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n"), 0o644); err != nil {
		return err
	}
	words := strings.Fields(cc)
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], source, "-o", filepath.Join(dir, "hello"))...)
	cmd.Env = cleanEnv(os.Environ())
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		missing.Tool = "a C compiler that can make programs (" + cc + " can't)"
		return missing
	}
	return nil
}

// checkPip makes sure that zig is there or can be installed.
func checkPip(ctx context.Context, opts Options) error {
	if path, err := findZig(ctx, opts); err != nil || path != "" {
		return err
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return missingPython()
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "--version")
	cmd.Env = cleanEnv(os.Environ())
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &MissingToolError{
			Tool: "zig " + ZigVersion + ", or pip to install it",
			How:  install("python3-pip", "python3 -m ensurepip") + ", or name a zig " + ZigVersion + " in PYMODE_ZIG",
		}
	}
	return nil
}

func missingPython() *MissingToolError {
	return &MissingToolError{
		Tool: "zig " + ZigVersion + ", or Python 3 with pip to install it",
		How:  install("python3 python3-pip", "xcode-select --install") + ", or name a zig " + ZigVersion + " in PYMODE_ZIG",
	}
}

// install is the command that installs a Debian package on this machine, or
// what a Mac has instead, or a description.
func install(packages, mac string) string {
	if runtime.GOOS == "darwin" {
		return mac
	}
	names := strings.NewReplacer("build-essential", "gcc")
	for _, manager := range []struct{ tool, command string }{
		{"apt-get", "apt-get install " + packages},
		{"dnf", "dnf install " + names.Replace(packages)},
		{"pacman", "pacman -S " + strings.NewReplacer("build-essential", "base-devel", "python3", "python").Replace(packages)},
		{"apk", "apk add " + strings.NewReplacer("build-essential", "build-base", "python3-pip", "py3-pip").Replace(packages)},
		{"zypper", "zypper install " + names.Replace(packages)},
	} {
		if _, err := exec.LookPath(manager.tool); err == nil {
			return manager.command
		}
	}
	return "install " + packages
}
