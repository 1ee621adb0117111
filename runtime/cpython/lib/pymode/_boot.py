"""What is done once, before the base image is taken.

The modules that most workers import are imported here, so that they are in
the image and cost a worker nothing; then come the changes to them that the
platform asks for: no threads, no processes, sockets and TLS at the host.
"""

from __future__ import annotations

import _thread
import importlib
import sys
import threading
from typing import Any, NoReturn

from pymode import _absent, _ahead, _loop, _output, _threads
from pymode import http as _http
from pymode._loop import WorkerLoop

# Each costs the image its size, and saves every worker that uses it its import.
MODULES = (
    "base64",
    "calendar",
    "collections.abc",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "email.message",
    "email.parser",
    "email.utils",
    "enum",
    "fractions",
    "functools",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "html.parser",
    "http",
    "http.client",
    "http.cookies",
    "importlib.metadata",
    "importlib.resources",
    "inspect",
    "io",
    "itertools",
    "logging",
    "math",
    "mimetypes",
    "operator",
    "pathlib",
    "pickle",
    "random",
    "secrets",
    "shlex",
    "socket",
    "statistics",
    "string",
    "struct",
    "tempfile",
    "textwrap",
    "time",
    "traceback",
    "typing",
    "unicodedata",
    "urllib.error",
    "urllib.parse",
    "urllib.request",
    "uuid",
    "warnings",
    "zlib",
    "zoneinfo",
)

_NO_THREADS = (
    "can't start new thread: a worker runs on one thread. "
    "Use asyncio (asyncio.to_thread runs the function inline), "
    "or pymode.parallel for work in other instances"
)


def install() -> WorkerLoop:
    """Prepare the interpreter; gives the event loop that will run the handlers."""
    _output.install()
    _absent.install()
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # A smaller build of the standard library is still a build.
            if error.name is None or error.name.partition(".")[0] in sys.builtin_module_names:
                raise
    _forbid_threads()
    _threads.install()
    _ahead.install()
    _http.install()
    return _loop.install()


def _forbid_threads() -> None:
    """Say what to do instead, where the platform only says that it can't."""

    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        raise RuntimeError(_NO_THREADS)

    _thread.start_new_thread = _thread.start_new = refuse
    _thread.start_joinable_thread = refuse
    threading._start_joinable_thread = refuse
