package cpython

import (
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// sideModules are the extension modules of the standard library that python.wasm
// does not contain, by name, with their sources: large, and imported by few
// workers. They lie in lib-dynload beside the archive.
func sideModules() map[string][]string {
	modules := map[string][]string{
		"_multibytecodec": {"cjkcodecs/multibytecodec.c"},
		"_elementtree":    {"_elementtree.c"}, // which takes expat's functions from pyexpat
		"pyexpat":         {"pyexpat.c", "expat/xmlparse.c", "expat/xmlrole.c", "expat/xmltok.c"},
	}
	for _, name := range []string{"_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw"} {
		modules[name] = []string{"cjkcodecs/" + name + ".c"}
	}
	return modules
}

// sideModuleSuffix is that of dynload_pymode.c.
const sideModuleSuffix = ".wasm"

// sideModuleFlags are for the sources of side modules, besides compileFlags.
func sideModuleFlags() []string {
	return []string{"-fPIC", "-std=c11", "-fno-strict-overflow", "-fvisibility=hidden", "-DNDEBUG", "-DPy_BUILD_CORE_MODULE"}
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
		"-I"+j.relative(stepPythonSource, "Modules", "expat"),
		"-I"+j.relative(stepCompile), // pyconfig.h
		"-I"+j.relative(stepPythonSource, "Include"),
	)
	modules := sideModules()
	var sources []string
	for _, source := range slices.Concat(slices.Collect(maps.Values(modules))...) {
		sources = append(sources, j.relative(stepPythonSource, "Modules", filepath.FromSlash(source)))
	}
	if err := j.compileC(ctx, sources, flags); err != nil {
		return err
	}
	for name, sources := range modules {
		if err := j.linkSideModule(ctx, name, sources); err != nil {
			return err
		}
	}
	return j.dropZigScratch()
}

// linkSideModule links what the sources were compiled to, and removes it.
func (j *job) linkSideModule(ctx context.Context, name string, sources []string) error {
	args := append([]string{"wasm-ld"}, sideModuleLinkFlags()...)
	args = append(args, "--export=PyInit_"+name, "-o", name+sideModuleSuffix)
	var objects []string
	for _, source := range sources {
		objects = append(objects, strings.TrimSuffix(path.Base(source), ".c")+".o")
	}
	if err := j.zig(ctx, command{args: append(args, objects...)}); err != nil {
		return err
	}
	for _, object := range objects {
		if err := os.Remove(filepath.Join(j.dir, object)); err != nil {
			return err
		}
	}
	return nil
}
