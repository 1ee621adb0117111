"""Cloudflare's way to write a worker: a class with a fetch method."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any


class Context:
    """What a handler gets as its third argument, or as `self.ctx`."""

    def __init__(self) -> None:
        self.pending: list[Awaitable[Any]] = []

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Let work go on after the handler has returned."""
        self.pending.append(awaitable)

    waitUntil = wait_until

    def pass_through_on_exception(self) -> None:
        """Accept the call: there is no origin behind the worker to pass on to."""

    passThroughOnException = pass_through_on_exception


class WorkerEntrypoint:
    """The base of `class Default(WorkerEntrypoint)`: has the request's `env` and `ctx`."""

    ctx: Context
    env: Any

    def __init__(self, ctx: Context, env: Any) -> None:
        self.ctx = ctx
        self.env = env
