package packages

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/wasmbin"
)

// guestPlatform is the guest's platform in the file names of wheels and in what
// sysconfig.get_platform returns while one is built.
const guestPlatform = "wasi-wasm32"

// toolchain is a folder with what stands in for the machine's compilers while a
// package is built: bin/cc, bin/c++, bin/ar and bin/rust-ld, and the guest's build
// variables.
type toolchain struct {
	dir    string
	python *pythonInfo
	guest  *guest
}

func (t *toolchain) tool(name string) string { return filepath.Join(t.dir, "bin", name) }

// guest is what python.wasm offers to side modules.
type guest struct {
	exports map[string]wasmbin.Kind
	digest  string
}

func readGuest(r *cpython.Runtime) (*guest, error) {
	data, err := os.ReadFile(r.Wasm)
	if err != nil {
		return nil, fmt.Errorf("read the runtime: %w", err)
	}
	m, err := wasmbin.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.Wasm, err)
	}
	g := &guest{exports: map[string]wasmbin.Kind{}, digest: r.Digest}
	for _, e := range m.Exports {
		g.exports[e.Name] = e.Kind
	}
	return g, nil
}

// settings are what compiler.py reads.
type settings struct {
	Zig    string   `json:"zig"`
	Target string   `json:"target"`
	Flags  []string `json:"flags"`
	Drop   []string `json:"drop"` // folders of headers that are not the guest's
	CXX    string   `json:"cxx"`  // the file that remembers where zig's C++ library is
}

// newToolchain makes the folder, or finds it in the cache.
func (s *syncer) newToolchain(ctx context.Context) (*toolchain, error) {
	python, err := s.python()
	if err != nil {
		return nil, err
	}
	zig, err := cpython.Zig(ctx, cpython.Options{CacheDir: s.opts.CacheDir, Progress: func(p cpython.Progress) { s.meter.line(p.Step + " " + p.Line) }})
	if err != nil {
		return nil, err
	}
	g, err := s.guest()
	if err != nil {
		return nil, err
	}
	config, err := s.settings(zig, python)
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"settings.json": config,
		"exports.txt":   strings.Join(exportNames(g), "\n") + "\n",
		"pyo3.txt":      pyo3Settings(),
	}
	for _, name := range driverFiles() {
		files[name] = driverFile(name)
	}
	parts := []string{python.path, s.opts.Runtime.Digest}
	for _, name := range append([]string{"settings.json", "exports.txt", "pyo3.txt"}, driverFiles()...) {
		parts = append(parts, files[name])
	}
	t := &toolchain{dir: s.cache.path("toolchains", digest(parts...)[:12]), python: python, guest: g}
	for _, name := range []string{"cc", "c++", "ar", "rust-ld"} {
		files["bin/"+name] = fmt.Sprintf("#!/bin/sh\nexec %s -IS %s %s \"$@\"\n", quote(python.path), quote(filepath.Join(t.dir, "compiler.py")), name)
	}
	variables, err := os.ReadFile(s.opts.Runtime.Sysconfig)
	if err != nil {
		return nil, fmt.Errorf("read the guest's build variables: %w", err)
	}
	files["sysconfig/"+filepath.Base(s.opts.Runtime.Sysconfig)] = string(variables) + t.variables(s.opts.Runtime.Include)
	return t, s.keepFolder(t.dir, files)
}

func (s *syncer) settings(zig string, python *pythonInfo) (string, error) {
	flags := append([]string{"-fPIC", "-I" + s.opts.Runtime.Include}, cpython.CompileFlags()...)
	flags = append(flags, "-DNDEBUG", "-fno-strict-aliasing", "-fno-exceptions", "-w")
	drop := []string{"/usr/include", "/usr/local/include"}
	for _, folder := range python.include {
		if resolved, err := filepath.EvalSymlinks(folder); err == nil {
			folder = resolved
		}
		drop = append(drop, folder)
	}
	data, err := json.MarshalIndent(settings{
		Zig: zig, Target: cpython.Target, Flags: flags, Drop: drop, CXX: s.cache.path("zig-"+cpython.ZigVersion, "libcxx.txt"),
	}, "", "  ")
	return string(data), err
}

// driverFiles are the files of driver, which stand in for the machine's tools.
func driverFiles() []string {
	return []string{"compiler.py", "build_wheel.py", "allocation.cpp", "throw.cpp", "mutex.h", "rust.c"}
}

func driverFile(name string) string {
	data, err := embedded.ReadFile("driver/" + name)
	if err != nil {
		panic("packages: " + err.Error()) // it is in the binary
	}
	return string(data)
}

func exportNames(g *guest) []string {
	names := make([]string, 0, len(g.exports))
	for name := range g.exports {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// variables is Python that is appended to the guest's build variables: what a
// build needs of them is on this machine.
func (t *toolchain) variables(include string) string {
	set := [][2]string{
		{"CC", t.tool("cc")},
		{"CXX", t.tool("c++")},
		{"AR", t.tool("ar")},
		{"ARFLAGS", "rcs"},
		{"LDSHARED", t.tool("cc") + " -shared"},
		{"BLDSHARED", t.tool("cc") + " -shared"},
		{"LDCXXSHARED", t.tool("c++") + " -shared"},
		{"CFLAGS", ""},
		{"CPPFLAGS", ""},
		{"BASECFLAGS", ""},
		{"OPT", ""},
		{"CCSHARED", "-fPIC"},
		{"LDFLAGS", ""},
		{"LIBS", ""},
		{"INCLUDEPY", include},
		{"CONFINCLUDEPY", include},
		{"INCLUDEDIR", filepath.Dir(include)},
		{"LIBDIR", ""},
		{"LIBPL", ""},
		{"EXT_SUFFIX", ".wasm"},
		{"SHLIB_SUFFIX", ".wasm"},
		{"SOABI", "cpython-313-wasm32-wasi"},
		{"MULTIARCH", "wasm32-wasi"},
	}
	var b strings.Builder
	b.WriteString("\nbuild_time_vars.update({\n")
	for _, pair := range set {
		value, _ := json.Marshal(pair[1]) // a string always has a form in JSON, which is Python's too
		fmt.Fprintf(&b, "    %q: %s,\n", pair[0], value)
	}
	b.WriteString("})\n")
	return b.String()
}

// environment is that of a build backend.
func (t *toolchain) environment(s *syncer, job *build) []string {
	flags := strings.Join(job.cflags, " ")
	search := strings.Join(slices.Concat([]string{filepath.Join(job.requirements, "bin")}, job.path, []string{os.Getenv("PATH")}), string(os.PathListSeparator))
	return plainEnv(
		"PATH="+search,
		"PYTHONPATH="+strings.Join([]string{job.requirements, filepath.Join(t.dir, "sysconfig")}, string(os.PathListSeparator)),
		"_PYTHON_SYSCONFIGDATA_NAME="+strings.TrimSuffix(filepath.Base(s.opts.Runtime.Sysconfig), ".py"),
		"_PYTHON_HOST_PLATFORM="+guestPlatform,
		"CC="+t.tool("cc"), "CXX="+t.tool("c++"), "AR="+t.tool("ar"), "RANLIB=true",
		"LDSHARED="+t.tool("cc")+" -shared", "LDCXXSHARED="+t.tool("c++")+" -shared",
		"CFLAGS="+flags, "CXXFLAGS="+flags+" "+strings.ReplaceAll(strings.Join(job.recipe.CXXFlags, " "), "{driver}", t.dir),
		"LDFLAGS="+strings.Join(job.ldflags, " "),
		"ZIG_GLOBAL_CACHE_DIR="+s.cache.path("zig-"+cpython.ZigVersion),
		// One for each build: zig does not notice that a header behind -I changed.
		"ZIG_LOCAL_CACHE_DIR="+filepath.Join(job.dir, "zig"),
		"HOME="+filepath.Join(job.dir, "home"), "TMPDIR="+filepath.Join(job.dir, "tmp"),
		"PKG_CONFIG=false",
	)
}

// keepFolder puts files into a folder of the cache, all or nothing.
func (s *syncer) keepFolder(dir string, files map[string]string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	scratch, remove, err := s.cache.scratch("toolchain")
	if err != nil {
		return err
	}
	defer remove()
	made := filepath.Join(scratch, "made")
	for name, text := range files {
		path := filepath.Join(made, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		if _, there := os.Stat(dir); there == nil { // another process was faster
			return nil
		}
		return fmt.Errorf("keep the toolchain: %w", err)
	}
	return nil
}

// quote makes a word of the shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
