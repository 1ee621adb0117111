"""The models, as the worker's env has it."""

from __future__ import annotations

from pymode._binding import Binding


class AI(Binding):
    """The models."""

    kind = "AI"
