package cpython

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// sysconfigFile is the module with CPython's build variables, which sysconfig
// and zoneinfo read in the guest, and whoever builds an extension module reads
// outside of it.
const sysconfigFile = "_sysconfigdata__wasi_wasm32-wasi.py"

// extSuffix is what extension modules are called: see dynload_pymode.c.
const extSuffix = ".wasm"

// sysconfigVersion enters the digest of the archive: raise it when
// portableSysconfig changes what it writes.
const sysconfigVersion = "2"

// writeSysconfig writes the build variables into the job's directory.
func (j *job) writeSysconfig() error {
	where, err := os.ReadFile(j.path(stepCompile, "pybuilddir.txt"))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(j.path(stepCompile, strings.TrimSpace(string(where)), sysconfigFile))
	if err != nil {
		return err
	}
	text, err := portableSysconfig(string(data), filepath.Base(j.path(stepConfigure)), filepath.Base(j.path(stepPythonSource)))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(j.dir, sysconfigFile), []byte(text), 0o644)
}

// portableSysconfig takes out of the build variables what is of the machine
// that built them, its paths and its kind, and sets the suffix of extension
// modules, which configure does not ask for. configure and source are the names
// of these steps' folders.
func portableSysconfig(text, configure, source string) (string, error) {
	where := regexp.MustCompile(`'abs_builddir': '([^']+)'`).FindStringSubmatch(text)
	if where == nil {
		return "", errors.New("the build variables don't say where they are from")
	}
	// As it was when it was built: the cache may have been moved since.
	compile := where[1]
	steps := path.Dir(compile)
	text = strings.NewReplacer(
		path.Join(steps, configure, toolDir)+"/zig-", "",
		path.Join(steps, configure, toolDir)+"/", "",
		"-include "+path.Join(steps, configure, "trampoline.h")+" ", "",
		path.Join(steps, configure), "/usr/src/build",
		path.Join(steps, source), "/usr/src/python",
		compile, "/usr/src/build",
		steps, "/usr/src",
	).Replace(text)
	if build := regexp.MustCompile(`'--build=([^']+)'`).FindStringSubmatch(text); build != nil {
		text = strings.ReplaceAll(text, build[1], "build")
	}
	return regexp.MustCompile(`(?m)^( *'(?:EXT|SHLIB)_SUFFIX': )'[^']*'`).ReplaceAllString(text, "${1}'"+extSuffix+"'"), nil
}
