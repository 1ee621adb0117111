package cpython

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

func unpackPython(ctx context.Context, j *job) error {
	archive, err := pythonSource().find(j.path(stepPythonArchive))
	if err != nil {
		return err
	}
	if err := unpack(ctx, archive, j.dir, j.report); err != nil {
		return err
	}
	return applyPatches(embedded, "src/patches", j.dir, func(name string) { j.printf("applied %s", name) })
}

func unpackZlib(ctx context.Context, j *job) error {
	archive, err := zlibSource().find(j.path(stepZlibArchive))
	if err != nil {
		return err
	}
	return unpack(ctx, archive, j.dir, j.report)
}

// configure runs CPython's configure script. It is started by its relative
// path, which then is what __FILE__ and VPATH say in the result.
func (j *job) configure(ctx context.Context, lines int, args, env []string) error {
	return j.run(ctx, command{
		path: "/bin/sh", args: append([]string{j.relative(stepPythonSource, "configure")}, args...), env: env,
		counts: func(string) bool { return true }, total: lines,
	})
}

// make runs make and counts the files that it compiles.
func (j *job) make(ctx context.Context, objects int, env []string, args ...string) error {
	return j.run(ctx, command{
		path: "make", env: env,
		// Where configure ran, its directory stands in the Makefile.
		args:   append([]string{"-j", strconv.Itoa(j.opts.Jobs), "abs_builddir=" + j.dir}, args...),
		counts: func(line string) bool { return strings.Contains(line, " -c ") }, total: objects,
	})
}

func configureNative(ctx context.Context, j *job) error {
	return j.configure(ctx, nativeConfigureLines, nativeFlags(), nil)
}

// compileNative makes the interpreter alone, without the modules that are
// shared libraries: it freezes modules and compiles the library with what is
// built in.
func compileNative(ctx context.Context, j *job) error {
	if err := copyTree(j.path(stepNativeConfigure), j.dir); err != nil {
		return err
	}
	return j.make(ctx, nativeObjects, nil, "python")
}

// compileZlib makes libz.a.
func compileZlib(ctx context.Context, j *job) error {
	var sources []string
	for _, name := range zlibFiles() {
		sources = append(sources, j.relative(stepZlibSource, name+".c"))
	}
	if err := j.compileC(ctx, sources, nil); err != nil {
		return err
	}
	archive := []string{"ar", "rcsD", "libz.a"}
	for _, name := range zlibFiles() {
		archive = append(archive, name+".o")
	}
	if err := j.zig(ctx, command{args: archive}); err != nil {
		return err
	}
	return j.dropZigScratch()
}

// compileC compiles C files for the guest, several at once, into objects of the
// same names in the step's directory.
func (j *job) compileC(ctx context.Context, sources, flags []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(j.opts.Jobs, 1))
	done := newCounter(len(sources), j.report)
	for _, source := range sources {
		group.Go(func() error {
			object := strings.TrimSuffix(filepath.Base(source), ".c") + ".o"
			args := append([]string{"cc", "-target", target, "-c", source, "-o", object}, compileFlags()...)
			if err := j.zig(ctx, command{args: append(args, flags...)}); err != nil {
				return err
			}
			done.add(source)
			return nil
		})
	}
	return group.Wait()
}

// toolDir is the folder with the wrappers that make zig look like the tools
// that configure expects: one word each.
const toolDir = "bin"

func (j *job) writeTools() error {
	if err := os.MkdirAll(filepath.Join(j.dir, toolDir), 0o755); err != nil {
		return err
	}
	zig, native := j.path(stepZig, zigLink), j.path(stepNative, "python")
	for name, script := range map[string]string{
		"zig-cc":     fmt.Sprintf("exec '%s' cc -target %s \"$@\"\n", zig, target),
		"zig-cpp":    fmt.Sprintf("exec '%s' cc -target %s -E \"$@\"\n", zig, target),
		"zig-ar":     fmt.Sprintf("exec '%s' ar \"$@\"\n", zig),
		"zig-ranlib": fmt.Sprintf("exec '%s' ranlib \"$@\"\n", zig),
		// configure asks for the version and for nothing else; the interpreter
		// itself is being built at the same time.
		"python": fmt.Sprintf("[ -x '%[1]s' ] && exec '%[1]s' \"$@\"\n[ \"$1\" = -c ] && echo 3.13\n", native),
	} {
		if err := os.WriteFile(filepath.Join(j.dir, toolDir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func configureCross(ctx context.Context, j *job) error {
	if err := j.writeTools(); err != nil {
		return err
	}
	for _, name := range crossHeaders() {
		header, err := embedded.ReadFile("src/" + name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(j.dir, filepath.Dir(name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(j.dir, name), header, 0o644); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(j.dir, "Modules"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.dir, "Modules", "Setup.local"), []byte(addedModules), 0o644); err != nil {
		return err
	}
	tool := func(name string) string { return filepath.Join(j.dir, toolDir, name) }
	env := append(j.zigEnv(),
		"CONFIG_SITE="+j.path(stepPythonSource, "Tools", "wasm", "config.site-wasm32-wasi"), "PKG_CONFIG=false",
		"CC="+tool("zig-cc"), "CPP="+tool("zig-cpp"), "AR="+tool("zig-ar"), "RANLIB="+tool("zig-ranlib"),
		"OPT=-DNDEBUG -O3 -Wall",
		"CFLAGS="+strings.Join(compileFlags(), " "),
		"CFLAGS_NODIST=-include "+filepath.Join(j.dir, "trampoline.h")+" -include "+filepath.Join(j.dir, "descriptors.h"),
		"LDFLAGS="+strings.Join(emulationLibs(), " "),
		"ZLIB_CFLAGS=-I"+j.relative(stepZlibSource),
		"ZLIB_LIBS=-L"+j.relative(stepZlib)+" -lz",
	)
	build, err := j.buildMachine(ctx)
	if err != nil {
		return err
	}
	args := append([]string{"--build=" + build, "--with-build-python=" + tool("python")}, crossFlags()...)
	if err := j.configure(ctx, crossConfigureLines, args, env); err != nil {
		return err
	}
	return j.dropZigScratch()
}

// buildMachine is this machine's name as configure knows it.
func (j *job) buildMachine(ctx context.Context) (string, error) {
	var out strings.Builder
	err := j.run(ctx, command{path: "/bin/sh", args: []string{j.path(stepPythonSource, "config.guess")}, output: &out})
	return strings.TrimSpace(out.String()), err
}

// objectsFile is what python.wasm is linked of, one file a line, relative to the
// compile step.
const objectsFile = "objects.txt"

// objectsMakefile asks CPython's Makefile for the parts of the interpreter
// without linking them: zig's driver refuses the Makefile's link line.
const objectsMakefile = `
pymode-objects: Programs/python.o $(LINK_PYTHON_DEPS) pybuilddir.txt
	@for f in $(LINK_PYTHON_OBJS) $(filter %.a,$(MODLIBS)); do echo $$f; done >objects.txt
`

// optimisedMakefile makes the Makefile leave some objects to the linker, and make
// others small.
func optimisedMakefile() string {
	return strings.Join(linkTimeObjects(), " ") + ": EXTRA_CFLAGS += -flto\n" +
		strings.Join(coldObjects(), " ") + ": EXTRA_CFLAGS += -Os\n"
}

// freezeEnv keeps columns out of the modules in python.wasm, as bytecodeFlags out
// of those in the archive.
func freezeEnv() []string { return []string{"PYTHONNODEBUGRANGES=1"} }

// compileCross compiles all of CPython for the guest.
func compileCross(ctx context.Context, j *job) error {
	if err := copyTree(j.path(stepConfigure), j.dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.dir, "objects.mk"), []byte(objectsMakefile+optimisedMakefile()), 0o644); err != nil {
		return err
	}
	if err := j.make(ctx, crossObjects, append(j.zigEnv(), freezeEnv()...), "-f", "Makefile", "-f", "objects.mk", "pymode-objects"); err != nil {
		return err
	}
	objects, err := readObjects(j.dir)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if _, err := os.Stat(filepath.Join(j.dir, object)); err != nil {
			return fmt.Errorf("make did not make a part of the interpreter: %w", err)
		}
	}
	// An archive of the objects, which nothing here is linked with.
	if err := os.Remove(filepath.Join(j.dir, "libpython3.13.a")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return j.dropZigScratch()
}

func readObjects(dir string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, objectsFile))
	if err != nil {
		return nil, err
	}
	objects := strings.Fields(string(data))
	if len(objects) == 0 {
		return nil, errors.New("CPython's Makefile names no objects")
	}
	return objects, nil
}

// compileGlue compiles this package's own C files as CPython compiles its own.
func compileGlue(ctx context.Context, j *job) error {
	sources, err := fs.Sub(embedded, "src")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(j.dir, "src"), sources); err != nil {
		return err
	}
	flags := append(glueFlags(),
		"-I"+j.relative(stepPythonSource, "Include", "internal"),
		"-I"+j.relative(stepPythonSource, "Include", "internal", "mimalloc"),
		"-I"+j.relative(stepCompile), // pyconfig.h
		"-I"+j.relative(stepPythonSource, "Include"),
	)
	var files []string
	for _, name := range glueSources() {
		files = append(files, "src/"+name)
	}
	if err := j.compileC(ctx, files, flags); err != nil {
		return err
	}
	return j.dropZigScratch()
}
