"""An object bucket, as the worker's env has it."""

from __future__ import annotations

from pymode._binding import Binding


class R2(Binding):
    """An object bucket."""

    kind = "R2"
