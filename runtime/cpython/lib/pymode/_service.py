"""Another worker, as the worker's env has it."""

from __future__ import annotations

from pymode._binding import Binding


class Service(Binding):
    """Another worker."""

    kind = "service"
