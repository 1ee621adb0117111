"""Modules that the platform can't have: their ImportError says what to use instead."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

_TLS = "TLS is done by the host: use urllib.request, http.client or pymode.http with https:// URLs"
_SQL = "use a D1 binding: env.DB.prepare(…)"
_FORK = "a worker can't start processes: use pymode.parallel or a service binding"
_TERMINAL = "a worker has no terminal"
_SCREEN = "a worker has no screen"
_SYSTEM = "a worker runs in a sandbox without an operating system"
_COMPRESSION = "use zlib or gzip"
_DBM = "use a KV binding: env.KV.get(…)"

REASONS = {
    "_ssl": _TLS,
    "sqlite3": _SQL,
    "_sqlite3": _SQL,
    "_posixsubprocess": _FORK,
    "_multiprocessing": _FORK,
    "_posixshmem": _FORK,
    "multiprocessing.popen_fork": _FORK,
    "multiprocessing.popen_forkserver": _FORK,
    "multiprocessing.popen_spawn_posix": _FORK,
    "fcntl": _SYSTEM,
    "grp": _SYSTEM,
    "pwd": _SYSTEM,
    "resource": _SYSTEM,
    "syslog": _SYSTEM,
    "faulthandler": _SYSTEM,
    "termios": _TERMINAL,
    "tty": _TERMINAL,
    "pty": _TERMINAL,
    "curses": _TERMINAL,
    "_curses": _TERMINAL,
    "_curses_panel": _TERMINAL,
    "readline": _TERMINAL,
    "idlelib": _SCREEN,
    "tkinter": _SCREEN,
    "_tkinter": _SCREEN,
    "turtle": _SCREEN,
    "bz2": _COMPRESSION,
    "_bz2": _COMPRESSION,
    "lzma": _COMPRESSION,
    "_lzma": _COMPRESSION,
    "_dbm": _DBM,
    "_gdbm": _DBM,
    "ensurepip": "install packages with `pymode-tui sync`",
    "venv": "install packages with `pymode-tui sync`",
}


class AbsentFinder:
    """The last finder on the meta path: explains why there is no such module.

    A package may bring a substitute, so all other finders come first.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Raise ModuleNotFoundError with a reason for the modules that have one."""
        reason = REASONS.get(name)
        # importlib.util.find_spec asks whether a module is there, and takes
        # None for no. Only an import statement is told why.
        if reason is not None and sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":
            raise ModuleNotFoundError(f"No module named {name!r}: {reason}", name=name)


def install() -> None:
    """Put the finder at the end of the meta path."""
    sys.meta_path.append(AbsentFinder())
