"""The module `select` over the host's TCP connections.

The host tells which of them have something to read; where it can't, they
all count as ready, and the read that follows waits.
"""

from __future__ import annotations

import _socket
import time
from collections.abc import Iterable
from typing import Any

error = OSError


def _fileno(item: Any) -> int:
    fd = item if isinstance(item, int) else item.fileno()
    if not isinstance(fd, int):
        raise TypeError("argument must be an int, or have a fileno() method.")
    if fd < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({fd})")
    return fd


def select(
    rlist: Iterable[Any],
    wlist: Iterable[Any],
    xlist: Iterable[Any],
    timeout: float | None = None,
    /,
) -> tuple[list[Any], list[Any], list[Any]]:
    """Give the items to read from and to write to, and never an exceptional one."""
    readers = {_fileno(item): item for item in rlist}
    writers = list(wlist)
    for item in (*writers, *xlist):
        _fileno(item)
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    if not readers:
        if not writers and timeout:
            time.sleep(timeout)
        return [], writers, []
    ready = _socket.wait(list(readers), 0 if writers else timeout)
    if ready is None:
        return list(readers.values()), writers, []
    return [readers[fd] for fd in ready], writers, []
