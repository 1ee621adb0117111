"""Which function of the entry module answers requests, and with what arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pymode._entrypoint import Context, WorkerEntrypoint

Call = Callable[[Any, Any], tuple[Any, Context | None]]
"""Takes request and env; gives what the handler returned, awaited or not, and its context."""


class HandlerError(Exception):
    """The entry module has no handler that could be called."""


class Plan:
    """How to call a worker's handler. Made at load, so that a request only calls it."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Call) -> None:
        self.name = name
        self.call = call


def resolve(module: ModuleType, file: str) -> Plan:
    """Find the handler of an entry module; `file` names it in messages.

    Raises `HandlerError`.
    """
    for name in ("on_fetch", "fetch"):
        function = getattr(module, name, None)
        if function is None or _is_ours(function):
            continue
        if not callable(function):
            raise HandlerError(
                f"{name} in {file} is no function but {type(function).__name__}: "
                f"it must take (request, env)"
            )
        return Plan(name, _function(function, name, file))
    entry = getattr(module, "Default", None)
    if entry is not None:
        return Plan("Default.fetch", _class(entry, file))
    raise HandlerError(
        f"{file} defines no on_fetch(request, env), fetch or class Default(WorkerEntrypoint)"
    )


def _is_ours(function: Any) -> bool:
    # `from workers import fetch` brings the client's fetch into the module.
    origin = getattr(function, "__module__", None)
    return isinstance(origin, str) and origin.split(".")[0] in ("pymode", "workers")


def _function(function: Callable[..., Any], name: str, file: str) -> Call:
    count = min(positional(function), 3)
    if count == 0:
        raise HandlerError(f"{name} in {file} takes no arguments: it is called with (request, env)")
    if count == 1:
        return lambda request, env: (function(request), None)
    if count == 2:
        return lambda request, env: (function(request, env), None)

    def with_context(request: Any, env: Any) -> tuple[Any, Context]:
        context = Context()
        return function(request, env, context), context

    return with_context


def _class(entry: Any, file: str) -> Call:
    if not isinstance(entry, type):
        raise HandlerError(f"Default in {file} is no class but {type(entry).__name__}")
    if not callable(getattr(entry, "fetch", None)):
        raise HandlerError(f"class Default in {file} has no method fetch(self, request)")
    is_entrypoint = issubclass(entry, WorkerEntrypoint)
    arguments = positional(entry) if not is_entrypoint else 2
    # One more than of the function: self.
    count = max(positional(inspect.getattr_static(entry, "fetch")) - 1, 1)

    def call(request: Any, env: Any) -> tuple[Any, Context]:
        context = Context()
        worker = entry(*(context, env)[:arguments])
        return worker.fetch(*(request, env, context)[:count]), context

    return call


def positional(function: Any) -> int:
    """Count the arguments that a function takes by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    count = 0
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            count += 1
        elif parameter.kind is parameter.VAR_POSITIONAL:
            # *args is what a decorator's wrapper takes: the documented two.
            count = max(count, 2)
    return count
