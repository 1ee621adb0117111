// Package wasmbin reads and rewrites WebAssembly binaries.
//
// [Parse] splits a module into its sections and decodes the small ones: types,
// imports, memories, globals, exports. The functions that rewrite take a whole
// module and return a new one, so that they can be applied one after the other:
//
//	python.wasm ──▶ AddLoopChecks ──▶ WidenBounds ──▶ Strip ──▶ WithoutExports ──▶ DropConstGlobals ──▶ compiled by wazero
//	           └──▶ Pin ──▶ wasm-opt --asyncify                           └──▶ WithoutData ──▶ AddBulkChecks ──▶ for instances mapped from an image
//
// A rewritten module holds the sections that were not touched byte for byte.
// What a caller wants to know about something that a rewrite removes (function
// names, addresses in constant globals) it asks beforehand, with [Names] and
// [Module.ExportedGlobalI32].
//
// The input is not trusted. Whatever the bytes are, the result is a module or
// an error, a [*SyntaxError] with the offset where the bytes make no sense; no
// length or count in the input makes the package allocate more than in
// proportion to the input itself. A module that this package accepts is not
// thereby valid: types, stack heights and indices within code are left to the
// engine that compiles it, which checks them anyway. A valid module stays valid.
//
// Understood is WebAssembly 2.0 with bulk memory, reference types, SIMD and
// relaxed SIMD, tail calls, extended constant expressions, threads, multiple
// memories, memory64 and exceptions (both the legacy and the final form).
// Garbage collection and typed function references are not; a module that uses
// them is refused.
//
// [Reader], the Append functions and [Builder] are the parts from which other
// packages read their own sections and write modules by hand.
package wasmbin
