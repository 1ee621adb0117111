"""An SQL database, as the worker's env has it."""

from __future__ import annotations

from pymode._binding import Binding


class D1(Binding):
    """An SQL database."""

    kind = "D1"
