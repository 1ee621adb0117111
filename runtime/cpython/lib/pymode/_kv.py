"""A key-value namespace, as the worker's env has it."""

from __future__ import annotations

from pymode._binding import Binding


class KV(Binding):
    """A key-value namespace."""

    kind = "KV"
