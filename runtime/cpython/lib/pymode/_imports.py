"""What each module costs that a worker imports, for the host to measure.

The host is told when the import of a module begins and when it ends, and looks
at the CPU time and at the size of the memory. A module that is in sys.modules
already is not imported again: nothing of this runs for it. What telling costs,
most of it counting blocks, is no time of the worker's: so the host hears of it first.
"""

from __future__ import annotations

import importlib._bootstrap  # type: ignore[import-not-found]
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import _pymode

from pymode import _host

# What the import statement calls for a module that is not in sys.modules yet, after
# its lock is taken. A finder in sys.meta_path would see the beginning only, and a
# loader around each module's own would show in `__loader__`.
_STEP = "_find_and_load_unlocked"


@contextmanager
def recorded() -> Iterator[None]:
    """Tell the host of every import within the block."""
    machinery: Any = importlib._bootstrap
    original: Callable[[str, Any], ModuleType] = getattr(machinery, _STEP)

    def step(name: str, import_: Any) -> ModuleType:
        _pymode.tell("imports.telling", b"{}")
        _host.send("imports", {"begin": name, "blocks": sys.getallocatedblocks()})
        origin = ""
        try:
            module = original(name, import_)
            origin = _origin_of(module)
        finally:
            _pymode.tell("imports.telling", b"{}")
            _host.send("imports", {"end": name, "blocks": sys.getallocatedblocks(), "file": origin})
        return module

    setattr(machinery, _STEP, step)
    try:
        yield
    finally:
        setattr(machinery, _STEP, original)


def _origin_of(module: ModuleType) -> str:
    """Name the file that a module came from, or what it is instead of having one."""
    try:
        origin = getattr(module.__spec__, "origin", None)
    except Exception:
        # A module may have put anything into sys.modules in its own place.
        return "unknown"
    return origin if isinstance(origin, str) and origin else "namespace"
