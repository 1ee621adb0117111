package cpython

// coldObjects are the parts of CPython that are compiled to be small: the parser
// and the compiler, start and end, tracebacks, and modules that wait for the
// system or are seldom called. None of their functions may be suspended, which
// what the compiler puts into its callers would change.
func coldObjects() []string {
	return []string{
		"Modules/_localemodule.o", "Modules/_lsprof.o", "Modules/_opcode.o", "Modules/_stat.o", "Modules/_suggestions.o",
		"Modules/_sysconfig.o", "Modules/_tracemalloc.o", "Modules/_typingmodule.o", "Modules/_zoneinfo.o", "Modules/atexitmodule.o",
		"Modules/cmathmodule.o", "Modules/errnomodule.o", "Modules/getpath.o", "Modules/main.o",
		"Modules/mmapmodule.o", "Modules/posixmodule.o", "Modules/signalmodule.o", "Modules/symtablemodule.o", "Objects/capsule.o",
		"Objects/codeobject.o", "Objects/exceptions.o", "Objects/frameobject.o", "Objects/genericaliasobject.o", "Objects/namespaceobject.o",
		"Objects/picklebufobject.o", "Objects/structseq.o", "Objects/typevarobject.o", "Objects/unionobject.o", "Parser/action_helpers.o",
		"Parser/lexer/buffer.o", "Parser/lexer/lexer.o", "Parser/lexer/state.o", "Parser/myreadline.o", "Parser/parser.o", "Parser/peg_api.o",
		"Parser/pegen.o", "Parser/pegen_errors.o", "Parser/string_parser.o", "Parser/token.o", "Parser/tokenizer/file_tokenizer.o",
		"Parser/tokenizer/helpers.o", "Parser/tokenizer/readline_tokenizer.o", "Parser/tokenizer/string_tokenizer.o",
		"Parser/tokenizer/utf8_tokenizer.o", "Python/Python-ast.o", "Python/Python-tokenize.o", "Python/asdl.o", "Python/assemble.o",
		"Python/ast.o", "Python/ast_opt.o", "Python/ast_unparse.o", "Python/brc.o", "Python/codecs.o", "Python/compile.o",
		"Python/crossinterp.o", "Python/fileutils.o", "Python/flowgraph.o", "Python/future.o", "Python/getopt.o", "Python/hashtable.o",
		"Python/initconfig.o", "Python/instruction_sequence.o", "Python/instrumentation.o", "Python/interpconfig.o", "Python/intrinsics.o",
		"Python/legacy_tracing.o", "Python/optimizer.o", "Python/optimizer_analysis.o", "Python/optimizer_symbols.o", "Python/pathconfig.o",
		"Python/perf_trampoline.o", "Python/preconfig.o", "Python/pylifecycle.o", "Python/suggestions.o", "Python/symtable.o",
		"Python/sysmodule.o", "Python/traceback.o", "Python/tracemalloc.o",
	}
}
