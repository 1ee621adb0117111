"""How a worker's own modules are loaded: `await` of a plain value gives the value.

Workers are written in two styles, `env.KV.get(k)` and `await env.KV.get(k)`.
The bindings give plain values; in the worker's own modules `await x` is
compiled as `await settle(x)`. No line and no column moves, so tracebacks are
those of the source.
"""

from __future__ import annotations

import ast
import bisect
import builtins
import importlib.machinery
import io
import linecache
import re
import sys
import tokenize
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from pymode._loop import settle
from pymode._traceback import Project

# The two underscores at the end keep it from being mangled inside a class.
HELPER = "__pymode_settle__"

_LEAVES = frozenset((ast.Name, ast.Constant, ast.Pass, ast.Break, ast.Continue, ast.alias))
_KEYWORD = re.compile(rb"\bawait\b")


def rewrite(tree: ast.Module, source: bytes) -> bool:
    """Put the helper into every `await` of a module; says if there was any."""
    lines = _lines_with_await(source)
    found = False
    stack: list[Any] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            # Most statements have no await in them: their nodes, which are
            # nearly all of a module's, are not looked at.
            first = bisect.bisect_left(lines, node.lineno)
            if first == len(lines) or lines[first] > (node.end_lineno or node.lineno):
                continue
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                stack.extend(
                    item
                    for item in value
                    if isinstance(item, ast.AST) and type(item) not in _LEAVES
                )
            elif isinstance(value, ast.AST) and value._fields and type(value) not in _LEAVES:
                stack.append(value)
        if type(node) is ast.Await:
            found = True
            node.value = _call(node.value)
    return found


def _lines_with_await(source: bytes) -> list[int]:
    """List the numbers of the lines where the word stands, in order."""
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = []
    number, position = 1, 0
    for match in _KEYWORD.finditer(source):
        number += source.count(b"\n", position, match.start())
        position = match.start()
        lines.append(number)
    return lines


def _call(value: ast.expr) -> ast.Call:
    place = {
        "lineno": value.lineno,
        "col_offset": value.col_offset,
        "end_lineno": value.end_lineno,
        "end_col_offset": value.end_col_offset,
    }
    return ast.Call(ast.Name(HELPER, ast.Load(), **place), [value], [], **place)


class WorkerLoader(importlib.machinery.SourceFileLoader):
    """Compiles the worker's modules from source, always."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the module.

        Never from __pycache__: a native Python of the same version may have
        left its own code there, in which `await` is what it always was.
        """
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
        """Compile source text, with the helper in every `await`."""
        if isinstance(data, bytes):
            _remember(data, path)
            if b"await" in data:
                tree = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
                if rewrite(tree, data):
                    return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)
        return super().source_to_code(data, path, _optimize=_optimize)


def _remember(data: bytes, path: str) -> None:
    """Keep the source for tracebacks, which then need no file.

    What is shown is so the text that runs, even where the file has changed.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        lines = list(io.TextIOWrapper(io.BytesIO(data), encoding))
    except (SyntaxError, UnicodeDecodeError):
        return
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    # No time of change: linecache then takes the entry as it is.
    linecache.cache[path] = (len(data), None, lines, path)


def path_hook(project: Project) -> Callable[[str], importlib.machinery.FileFinder]:
    """Make a path hook that takes the directories of the project's own code."""

    def hook(path: str) -> importlib.machinery.FileFinder:
        directory = path.rstrip("/") + "/"
        if not project.owns(directory):
            raise ImportError("not the worker's own code", path=path)
        return importlib.machinery.FileFinder(path, *_loaders())

    return hook


def _loaders() -> Sequence[tuple[Any, list[str]]]:
    return (
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (WorkerLoader, importlib.machinery.SOURCE_SUFFIXES),
    )


def install(project: Project) -> None:
    """Load the project's modules through `WorkerLoader` from now on."""
    setattr(builtins, HELPER, settle)
    sys.dont_write_bytecode = True
    sys.path_hooks.insert(0, path_hook(project))
    for path in [path for path in sys.path_importer_cache if project.owns(path + "/")]:
        del sys.path_importer_cache[path]
