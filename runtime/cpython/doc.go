// Package cpython builds the interpreter that workers run in, CPython for
// wasm32-wasi, and its standard library archive, from source, and caches them.
//
// [Build] is all that a caller needs: it returns a [Runtime] at once where one
// is cached for exactly these inputs, and builds it otherwise, which takes
// minutes the first time. [Lookup] only looks, and is fast enough to stand on
// the way of every start.
//
// A build is a graph of steps (recipe.go): fetch and unpack the sources, get
// zig, build a native Python that helps building the other, cross compile,
// link, instrument, archive the library. Each step has a directory of its own
// that is named after the digest of everything that goes into it, the digests
// of the steps it needs included. A directory counts when its record is in it,
// and the record is written last, so a build that was killed goes on after the
// last finished step, and a change of one input redoes what depends on it and
// nothing else.
//
// What goes in: the sources, pinned by SHA-256 (source.go); the flags
// (flags.go); the C sources and patches in src/ and the Python modules in lib/,
// both embedded in this package; and the list of exported symbols,
// src/exports.txt.
//
// The deployable binary (asyncify.go) is one more step, which runs where it is
// asked for: what was linked, with pins around the calls of functions that can't
// be suspended, rewritten by wasm-opt.
package cpython
