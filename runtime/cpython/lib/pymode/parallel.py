"""Work on several processors: functions that run in instances of their own.

A child starts from the worker as its import left it, not as the handler has
changed it since, with 30 s of CPU time and 128 MB to itself. Arguments and
results are pickled on the way; a child can't have children of its own.

    from pymode.parallel import map_parallel, spawn

    def work(n): ...

    def on_fetch(request, env):
        handle = spawn(work, 1)
        return {"rest": map_parallel(work, range(2, 8)), "first": handle.join()}
"""

from __future__ import annotations

import inspect
import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

import _pymode

from pymode import _host
from pymode._traceback import Project, describe

__all__ = ["Handle", "ParallelError", "RemoteTraceback", "gather", "map_parallel", "spawn"]

LIMIT = 32
"""How many children a request may have at once."""


class ParallelError(Exception):
    """A child could not be started, or was stopped by a budget."""


class RemoteTraceback(Exception):
    """The traceback in the child: the cause of what `join` raises."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        """Give the traceback, on lines of its own."""
        return f"\n{self.text}"


class Handle:
    """A child. `join()` or `await` gives what its function returned."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name
        self._outcome: tuple[Any, BaseException | None] | None = None

    def join(self) -> Any:
        """Wait for the child and give its result, or raise what it raised."""
        if self._outcome is None:
            self._outcome = self._receive()
        value, error = self._outcome
        if error is not None:
            raise error
        return value

    def _receive(self) -> tuple[Any, BaseException | None]:
        data = _pymode.thread_join(self._number)
        if data is None:
            return None, ParallelError(_reason())
        try:
            value, error, text = pickle.loads(data)
        except Exception as failure:
            return None, ParallelError(f"the result of {self._name} can't be read: {failure}")
        if error is not None:
            error.__cause__ = RemoteTraceback(text)
        return value, error

    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait for the child."""
        return self.join()
        yield

    def __repr__(self) -> str:
        """Show what runs in the child."""
        return f"<child {self._number}: {self._name}>"


def spawn(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Handle:
    """Start `fn(*args, **kwargs)` in an instance of its own.

    Raises TypeError for what can't be pickled, as a lambda or a function inside
    of a function, and ParallelError where there are too many children.
    """
    name = f"{getattr(fn, '__module__', '')}.{getattr(fn, '__qualname__', repr(fn))}".lstrip(".")
    try:
        data = pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise TypeError(f"{name} can't be sent to a child with its arguments: {error}") from None
    number = _pymode.thread_spawn(name.encode("utf-8"), data)
    if number < 0:
        raise ParallelError(_reason())
    return Handle(number, name)


def gather(*handles: Handle) -> list[Any]:
    """Join all of them and give their results in order.

    Where one has raised, its exception is raised once all have ended.
    """
    results, first = [], None
    for handle in handles:
        try:
            results.append(handle.join())
        except Exception as error:
            first = first or error
    if first is not None:
        raise first
    return results


def map_parallel(fn: Callable[..., Any], items: Iterable[Any], *, limit: int = LIMIT) -> list[Any]:
    """Call `fn` with each item, at most `limit` at once; the results in order."""
    if not 1 <= limit <= LIMIT:
        raise ValueError(f"the limit is {limit}, want 1 to {LIMIT}")
    waiting: deque[Handle] = deque()
    results = []
    for item in items:
        if len(waiting) == limit:
            results.append(waiting.popleft().join())
        waiting.append(spawn(fn, item))
    return results + gather(*waiting)


def _reason() -> str:
    answer, _ = _host.call("thread.error", {})
    return str(answer["text"])


def run(data: bytes, finish: Callable[[Any], Any], project: Project) -> bytes:
    """Run in the child what `spawn` has sent: result, exception and its traceback, pickled.

    What ends the child's budget is left to pass: the host tells the parent.
    """
    try:
        fn, args, kwargs = pickle.loads(data)
        value = fn(*args, **kwargs)
        if inspect.isawaitable(value):
            value = finish(value)
    except (MemoryError, _pymode.CPUTimeExceeded):
        raise
    except BaseException as error:
        return _pickled_error(error, project)
    try:
        return pickle.dumps((value, None, ""), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        text = f"the result can't be sent back: {error}"
        return _pickled_error(TypeError(text), project)


def _pickled_error(error: BaseException, project: Project) -> bytes:
    failure = describe(error, project)
    if not isinstance(error, Exception):  # SystemExit is the child's own end
        error = ParallelError(failure.message)
    try:
        data = pickle.dumps((None, error, failure.text), pickle.HIGHEST_PROTOCOL)
        pickle.loads(data)  # many exceptions can be pickled, and not read again
    except Exception:
        error = ParallelError(failure.message)
        data = pickle.dumps((None, error, failure.text), pickle.HIGHEST_PROTOCOL)
    return data
