package cpython

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// sideModules are the extension modules of the standard library that python.wasm
// does not contain, by name, with their sources: large, and imported by few
// workers. They lie in lib-dynload beside the archive.
func sideModules() map[string]string {
	modules := map[string]string{"_multibytecodec": "cjkcodecs/multibytecodec.c"}
	for _, name := range []string{"_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw"} {
		modules[name] = "cjkcodecs/" + name + ".c"
	}
	return modules
}

// sideModuleSuffix is that of dynload_pymode.c.
const sideModuleSuffix = ".wasm"

// sideModuleFlags are for the sources of side modules, besides compileFlags.
func sideModuleFlags() []string {
	return []string{"-Os", "-fPIC", "-std=c11", "-fno-strict-overflow", "-fvisibility=hidden", "-DNDEBUG", "-DPy_BUILD_CORE_MODULE"}
}

// sideModuleLinkFlags make a library that is linked to python.wasm at run time.
func sideModuleLinkFlags() []string {
	return []string{
		"--shared", "--experimental-pic", "--no-entry", "--gc-sections", "-Bsymbolic", "--unresolved-symbols=import-dynamic", "--strip-all",
		"--export-if-defined=__wasm_call_ctors",
	}
}

// compileSideModules compiles and links each of sideModules.
func compileSideModules(ctx context.Context, j *job) error {
	flags := append(sideModuleFlags(),
		"-I"+j.relative(stepPythonSource, "Include", "internal"),
		"-I"+j.relative(stepCompile), // pyconfig.h
		"-I"+j.relative(stepPythonSource, "Include"),
	)
	modules := sideModules()
	var sources []string
	for _, source := range modules {
		sources = append(sources, j.relative(stepPythonSource, "Modules", filepath.FromSlash(source)))
	}
	if err := j.compileC(ctx, sources, flags); err != nil {
		return err
	}
	for name, source := range modules {
		object := strings.TrimSuffix(path.Base(source), ".c") + ".o"
		args := append([]string{"wasm-ld"}, sideModuleLinkFlags()...)
		args = append(args, "--export=PyInit_"+name, "-o", name+sideModuleSuffix, object)
		if err := j.zig(ctx, command{args: args}); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(j.dir, object)); err != nil {
			return err
		}
	}
	return j.dropZigScratch()
}
