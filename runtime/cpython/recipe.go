package cpython

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed src all:lib compile_stdlib.py
var embedded embed.FS

// The names of the steps.
const (
	stepPythonArchive   = "python-archive"
	stepZlibArchive     = "zlib-archive"
	stepZig             = "zig"
	stepPythonSource    = "python-source"
	stepZlibSource      = "zlib-source"
	stepNativeConfigure = "native-configure"
	stepNative          = "native"
	stepZlib            = "zlib"
	stepConfigure       = "configure"
	stepCompile         = "compile"
	stepGlue            = "glue"
	stepSideModules     = "side-modules"
	stepLink            = "link"
	stepStdlib          = "stdlib"
	stepRuntime         = "runtime"
	stepTests           = "tests"
	stepWasmOpt         = "wasm-opt"
	stepAsyncify        = "asyncify"
)

// newRecipe lists the steps. What they make depends on nothing that is in
// [Options], which only say from where and how fast: the digests don't know them.
func newRecipe() *recipe {
	compile, link := digest(compileFlags()...), digest(linkFlags()...)
	return newGraph([]step{
		{
			name: stepPythonArchive, title: "fetch CPython " + PythonVersion, root: rootDownloads, seconds: 6,
			inputs: pythonSource().digests(), run: pythonSource().fetch,
		},
		{
			name: stepPythonSource, title: "unpack CPython", root: rootSteps, seconds: 4,
			needs: []string{stepPythonArchive}, inputs: []string{contentDigest("src/patches", ".patch")}, run: unpackPython,
		},
		{
			name: stepZlibArchive, title: "fetch zlib " + ZlibVersion, root: rootDownloads, seconds: 4,
			inputs: zlibSource().digests(), run: zlibSource().fetch,
		},
		{
			name: stepZlibSource, title: "unpack zlib", root: rootSteps, seconds: 1,
			needs: []string{stepZlibArchive}, run: unpackZlib,
		},
		{
			name: stepZig, title: "get zig " + ZigVersion, root: rootDownloads, seconds: 60,
			inputs: append(emulationLibs(), ZigVersion, target), intact: zigIntact, run: getZig,
		},
		{
			name: stepNativeConfigure, title: "configure the native Python", root: rootSteps, seconds: 30,
			needs: []string{stepPythonSource}, inputs: nativeFlags(), run: configureNative,
		},
		{
			name: stepNative, title: "compile the native Python", root: rootSteps, seconds: 32,
			needs: []string{stepNativeConfigure, stepPythonSource}, run: compileNative,
		},
		{
			name: stepZlib, title: "compile zlib", root: rootSteps, seconds: 4,
			needs: []string{stepZlibSource, stepZig}, inputs: append(zlibFiles(), compile), run: compileZlib,
		},
		{
			name: stepConfigure, title: "configure CPython", root: rootSteps, seconds: 43,
			needs:  []string{stepPythonSource, stepZlib, stepZlibSource, stepZig},
			inputs: append(crossFlags(), compile, contentDigest("src", crossHeaders()...), addedModules), run: configureCross,
		},
		{
			name: stepCompile, title: "compile CPython", root: rootSteps, seconds: 65,
			needs: []string{stepConfigure, stepNative, stepPythonSource, stepZig}, inputs: append(freezeEnv(), optimisedMakefile()), run: compileCross,
		},
		{
			name: stepGlue, title: "compile the entry points", root: rootSteps, seconds: 2,
			needs:  []string{stepCompile, stepConfigure, stepPythonSource, stepZig},
			inputs: append(glueFlags(), compile, contentDigest("src", ".c", ".h")), run: compileGlue,
		},
		{
			name: stepLink, title: "link python.wasm", root: rootSteps, seconds: 15,
			needs:  []string{stepCompile, stepGlue, stepZlib, stepZig},
			inputs: []string{link, contentDigest("src", "exports.txt"), instrumentation(), linkedFile}, run: linkPython,
		},
		{
			name: stepSideModules, title: "compile the side modules", root: rootSteps, seconds: 4,
			needs:  []string{stepCompile, stepPythonSource, stepZig},
			inputs: slices.Concat([]string{fmt.Sprint(sideModules())}, sideModuleFlags(), sideModuleLinkFlags(), []string{compile}), run: compileSideModules,
		},
		{
			name: stepStdlib, title: "compile the standard library", root: rootSteps, seconds: 5,
			needs:  []string{stepPythonSource, stepNative, stepCompile},
			inputs: []string{contentDigest("lib", ".py"), contentDigest("compile_stdlib.py"), stdlibRules()}, run: archiveStdlib,
		},
		{
			name: stepRuntime, title: "put the runtime together", root: rootRuntimes, seconds: 3,
			needs: []string{stepLink, stepStdlib, stepSideModules, stepCompile, stepPythonSource}, run: assemble,
		},
		{
			name: stepTests, title: "copy the test suite", root: rootSteps, seconds: 2,
			needs: []string{stepPythonSource}, inputs: twins(), run: copyTests,
		},
		{
			name: stepWasmOpt, title: "get wasm-opt " + BinaryenVersion, root: rootDownloads, seconds: 5,
			inputs: []string{npmBinaryen, npmBinaryenSHA256}, intact: wasmOptIntact, run: getWasmOpt,
		},
		{
			name: stepAsyncify, title: "make the deployable python.wasm", root: rootSteps, seconds: 60,
			needs: []string{stepLink, stepWasmOpt}, intact: asyncifyIntact,
			inputs: append(asyncifyFlags(), contentDigest("src", "suspendable.txt"), pinVersion), run: asyncify,
		},
	})
}

// contentDigest is the digest of the embedded files below a folder whose names
// end in one of the suffixes, with their paths.
func contentDigest(folder string, suffixes ...string) string {
	h := sha256.New()
	err := fs.WalkDir(embedded, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !hasSuffix(name, suffixes) {
			return err
		}
		data, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		h.Write([]byte(digest(name, string(data))))
		return nil
	})
	if err != nil {
		panic("cpython: read the embedded files: " + err.Error()) // they are in the binary
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hasSuffix(name string, suffixes []string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return len(suffixes) == 0
}

// glueSources are the C files in src, in the order in which they are linked.
func glueSources() []string {
	names, err := fs.Glob(embedded, "src/*.c")
	if err != nil {
		panic("cpython: " + err.Error()) // the pattern is well-formed
	}
	for i := range names {
		names[i] = path.Base(names[i])
	}
	return names
}
