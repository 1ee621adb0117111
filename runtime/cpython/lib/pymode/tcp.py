"""TCP through the host.

The module `socket` is made of the same connections, always: `install` is
there for workers that call it.
"""

from __future__ import annotations

import socket

__all__ = ["connect", "install"]


def connect(host: str, port: int, timeout: float | None = None) -> socket.socket:
    """Connect to a host and give the socket; OSError where that fails."""
    return socket.create_connection((host, port), timeout)


def install() -> None:
    """Do nothing: `socket` is the host's TCP from the start."""
