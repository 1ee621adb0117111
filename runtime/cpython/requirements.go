package cpython

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Requirement is something that a build needs of the machine.
type Requirement struct {
	Name  string // "C compiler"
	Found string // what is there, "" where Err is set
	Err   error  // a [*MissingToolError], or why it is not known; nil where it is there
}

// Requirements looks for all that a build from nothing needs, whether or not there is
// something to build. It compiles a small program, and fetches nothing.
func Requirements(ctx context.Context, opts Options) []Requirement {
	opts, err := opts.withDefaults()
	if err != nil {
		return []Requirement{{Name: "cache", Err: err}}
	}
	system := Requirement{Name: "system", Found: runtime.GOOS + "/" + runtime.GOARCH}
	if runtime.GOOS == "windows" {
		system.Err = &MissingToolError{Tool: "a Unix system", How: "build it on Linux or macOS, or in WSL, and copy the cache folder"}
	}
	compiler := Requirement{Name: "C compiler", Err: checkCompiler(ctx)}
	if compiler.Err == nil {
		compiler.Found = compilerPath()
	}
	maker := Requirement{Name: "make"}
	if maker.Found, err = exec.LookPath("make"); err != nil {
		maker.Err = &MissingToolError{Tool: "make", How: install("make", "xcode-select --install")}
	}
	return []Requirement{system, compiler, maker, pythonRequirement(ctx), zigRequirement(ctx, opts)}
}

// compilerPath is the compiler that checkCompiler takes.
func compilerPath() string {
	if cc := os.Getenv("CC"); cc != "" {
		return cc
	}
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// pythonRequirement looks for the machine's Python, with pip: that installs zig, and
// packages for workers.
func pythonRequirement(ctx context.Context) Requirement {
	r := Requirement{Name: "Python 3, pip"}
	python, err := exec.LookPath("python3")
	if err != nil {
		r.Err = &MissingToolError{Tool: "Python 3 with pip", How: install("python3 python3-pip", "xcode-select --install")}
		return r
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "--version")
	cmd.Env = cleanEnv(os.Environ())
	out, err := cmd.Output()
	if err != nil {
		r.Err = &MissingToolError{Tool: "pip", How: install("python3-pip", "python3 -m ensurepip")}
		return r
	}
	words := strings.Fields(string(out)) // pip 25.1 from … (python 3.13)
	r.Found = python
	if len(words) > 1 {
		r.Found += ", pip " + words[1]
	}
	return r
}

// zigRequirement looks for zig: on the machine, or in the cache.
func zigRequirement(ctx context.Context, opts Options) Requirement {
	r := Requirement{Name: "zig " + ZigVersion}
	path, err := findZig(ctx, opts)
	switch {
	case err != nil:
		r.Err = err
	case path != "":
		r.Found = path
	default:
		dir := newRecipe().dir(opts.CacheDir, stepZig)
		if _, err := readRecord(dir); err == nil {
			r.Found = "installed, in the cache"
		} else if python := pythonRequirement(ctx); python.Err != nil {
			r.Err = errors.Join(missingPython())
		} else {
			r.Found = "pip will install it"
		}
	}
	return r
}
