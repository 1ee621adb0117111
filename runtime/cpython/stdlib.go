package cpython

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// guestStdlib is where the guest has the archive: tracebacks name files in it.
const guestStdlib = "/usr/lib/" + stdlibFile

// compilers is how many interpreters share the work. It is fixed, since an
// interpreter's output depends a little on what it compiled before (which
// constants are shared), and the archive is to be the same from any machine.
const compilers = 4

// leftOut are modules and packages of the standard library that can't do
// anything in the sandbox, that only CPython's developers need, or that are for
// people who sit before it: the library is deployed with each worker.
func leftOut() []string {
	return append([]string{
		"test", "idlelib", "tkinter", "turtle.py", "turtledemo", "ensurepip", "venv", "lib2to3", "__phello__", "__hello__.py",
		"curses", "sqlite3", "ctypes/macholib", "ctypes/_aix.py", "ctypes/wintypes.py", "pty.py", "tty.py", "dbm/gnu.py", "dbm/ndbm.py", "dbm/sqlite3.py",
		"_aix_support.py", "_android_support.py", "_apple_support.py", "_ios_support.py", "_osx_support.py",
		"asyncio/windows_events.py", "asyncio/windows_utils.py", "encodings/mbcs.py", "encodings/oem.py",
		"multiprocessing/popen_spawn_win32.py", "site-packages", "xmlrpc/__pycache__",
		"pydoc_data",
	}, slices.Concat(promptParts(), twins(), frozenModules())...)
}

// frozenModules are those of src/frozen.c, which python.wasm has in itself.
func frozenModules() []string {
	return []string{"abc.py", "importlib/_bootstrap.py", "importlib/_bootstrap_external.py", "io.py", "zipimport.py"}
}

// promptParts are the modules of Python's coloured prompt, which wants a terminal
// of its own. What is left of the package are the plain prompt and pydoc's pager.
func promptParts() []string {
	var files []string
	for _, name := range []string{
		"_minimal_curses", "_threading_handler", "base_eventqueue", "commands", "completing_reader", "console", "curses", "fancy_termios",
		"historical_reader", "input", "keymap", "reader", "readline", "simple_interact", "types", "unix_console", "unix_eventqueue",
		"utils", "windows_console", "windows_eventqueue",
	} {
		files = append(files, "_pyrepl/"+name+".py")
	}
	return files
}

// twins are modules in Python that are also there in C, which is taken. The tests
// of CPython run on both.
func twins() []string { return []string{"_pydatetime.py", "_pydecimal.py", "_pyio.py"} }

// bytecodeFlags are those of the interpreter that compiles. Columns are left out: a
// fifth of the archive, for carets under code of the library that tracebacks show
// to nobody.
func bytecodeFlags() []string { return []string{"-S", "-X", "no_debug_ranges"} }

// stdlibRules enters the digest of the archive.
func stdlibRules() string {
	return digest(append(append(leftOut(), bytecodeFlags()...), guestStdlib, fmt.Sprint(compilers), sysconfigVersion)...)
}

// archiveStdlib compiles the standard library, our own modules on top of it,
// and puts the bytecode into one archive, stored and not deflated: the guest
// has it in memory and reads it at every start.
func archiveStdlib(ctx context.Context, j *job) error {
	own, err := fs.Sub(embedded, "lib")
	if err != nil {
		return err
	}
	ownDir := filepath.Join(j.dir, "lib")
	if err := os.CopyFS(ownDir, own); err != nil {
		return err
	}
	lib := j.path(stepPythonSource, "Lib")
	modules, err := chooseModules(os.DirFS(lib), own)
	if err != nil {
		return err
	}
	if err := j.writeSysconfig(); err != nil {
		return err
	}
	files := map[string]string{sysconfigFile: filepath.Join(j.dir, sysconfigFile)} // by their paths in the archive
	for name, ours := range modules {
		if ours {
			files[name] = filepath.Join(ownDir, filepath.FromSlash(name))
		} else {
			files[name] = filepath.Join(lib, filepath.FromSlash(name))
		}
	}
	compiled := filepath.Join(j.dir, "compiled")
	if err := j.compilePython(ctx, files, compiled); err != nil {
		return err
	}
	if err := writeArchive(filepath.Join(j.dir, stdlibFile), os.DirFS(compiled)); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(compiled), os.RemoveAll(ownDir))
}

// chooseModules lists the modules of the archive by path and says of each
// whether it is ours. A module of ours takes the place of the library's of the
// same name, package or not.
func chooseModules(stdlib, own fs.FS) (map[string]bool, error) {
	modules := map[string]bool{}
	out := map[string]bool{}
	for _, name := range leftOut() {
		out[name] = true
	}
	list := func(fsys fs.FS, skip map[string]bool, ours bool) error {
		return fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				if skip[name] || entry.Name() == "__pycache__" || (!ours && (entry.Name() == "tests" || entry.Name() == "test")) {
					return fs.SkipDir
				}
				return nil
			}
			if path.Ext(name) == ".py" && !skip[name] {
				modules[name] = ours
			}
			return nil
		})
	}
	replaced, err := fs.ReadDir(own, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range replaced {
		switch name := entry.Name(); {
		case !entry.IsDir():
			out[strings.TrimSuffix(name, ".py")] = true
		case fileExists(own, name+"/__init__.py"):
			out[name+".py"] = true
			out[name] = true
		}
	}
	if err := list(stdlib, out, false); err != nil {
		return nil, err
	}
	return modules, list(own, nil, true)
}

func fileExists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// compilePython compiles files, which are keyed by their paths in the archive,
// to bytecode below a folder.
func (j *job) compilePython(ctx context.Context, files map[string]string, to string) error {
	script, err := embedded.ReadFile("compile_stdlib.py")
	if err != nil {
		return err
	}
	scriptFile := filepath.Join(j.dir, "compile_stdlib.py")
	if err := os.WriteFile(scriptFile, script, 0o644); err != nil {
		return err
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	lists := make([]strings.Builder, compilers)
	for i, name := range names {
		target := filepath.Join(to, filepath.FromSlash(strings.TrimSuffix(name, ".py")+".pyc"))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		fmt.Fprintf(&lists[i%compilers], "%s\t%s/%s\t%s\n", files[name], guestStdlib, name, target)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(compilers, max(j.opts.Jobs, 1), runtime.NumCPU()))
	done := newCounter(len(names), j.report)
	for i := range lists {
		listFile := filepath.Join(j.dir, fmt.Sprintf("modules%d.txt", i))
		if err := os.WriteFile(listFile, []byte(lists[i].String()), 0o644); err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			return j.run(ctx, command{
				path: j.path(stepNative, "python"), args: append(bytecodeFlags(), scriptFile, listFile),
				env:  []string{"PYTHONPATH=" + j.path(stepPythonSource, "Lib")},
				each: done.add,
			})
		})
	}
	return group.Wait()
}

// writeArchive writes all files of a tree into a zip archive, sorted, stored,
// without times.
func writeArchive(file string, tree fs.FS) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	archive := zip.NewWriter(out)
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		// Raw, for then the sizes are in the local headers too, and readers
		// that know nothing of data descriptors can read it.
		member, err := archive.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
			ModifiedDate: 1<<5 | 1, //nolint:staticcheck // 1 January 1980, the first day that zip knows; Modified adds a field
		})
		if err != nil {
			return err
		}
		_, err = member.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

// copyTests copies CPython's own tests, and what they want that is not in the
// archive; the folder is one that can be on sys.path.
func copyTests(_ context.Context, j *job) error {
	err := copyTree(j.path(stepPythonSource, "Lib", "test"), filepath.Join(j.dir, "test"))
	for _, name := range twins() {
		err = errors.Join(err, copyFile(j.path(stepPythonSource, "Lib", name), filepath.Join(j.dir, name)))
	}
	return err
}
