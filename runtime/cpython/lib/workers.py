"""Cloudflare's name for `pymode.workers`, so that its workers run unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymode import http as _http
from pymode._worker import WORKER as _WORKER
from pymode.workers import (
    Context,
    Env,
    Form,
    FormFile,
    Headers,
    Request,
    Response,
    WorkerEntrypoint,
)

__all__ = [
    "Context",
    "Env",
    "Form",
    "FormFile",
    "Headers",
    "Request",
    "Response",
    "WorkerEntrypoint",
    "env",
    "fetch",
    "handler",
]

env: Env = _WORKER.env
"""The environment of the request that is being answered."""


async def fetch(url: Any, method: str | None = None, **options: Any) -> Response:
    """Fetch a URL through the host.

    A coroutine, other than `pymode.http.fetch`: it is given to asyncio.gather.
    """
    return _http.fetch(url, method, **options)


def handler[F: Callable[..., Any]](function: F) -> F:
    """Mark a function as the handler; its name does that already."""
    return function
