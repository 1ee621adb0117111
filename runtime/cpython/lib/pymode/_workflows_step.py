"""One step of a workflow: its function, and how often and how long it may try."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from pymode._handler import positional

MAX_DELAY = 60.0
"""Seconds that two attempts of a step are apart at most."""

_SHAPES: dict[str, Callable[[int], float]] = {
    "exponential": lambda failures: 2.0 ** min(failures - 1, 32),
    "linear": float,
    "constant": lambda failures: 1.0,
}


class NonRetryableError(Exception):
    """Raised by a step that would only fail again: no retry is made."""


class StepTimeoutError(TimeoutError):
    """An attempt of a step took longer than its timeout."""


class StepContext:
    """What a step gets: the run's input, and what the steps before it gave."""

    def __init__(self, run_id: str, value: Any, results: dict[str, Any], env: Any) -> None:
        self.run_id = run_id
        self.input = value
        self.results = results
        self.env = env
        self.attempt = 1

    def __repr__(self) -> str:
        """Show the run and which steps are done."""
        return f"<StepContext {self.run_id} {list(self.results)}>"


class Step:
    """A function of the workflow with its options."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        retries: int,
        backoff: float | str,
        timeout: float | None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"a step is a function, not {type(function).__name__}")
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise ValueError(f"step {name!r}: retries is {retries!r}; it must be 0 or more")
        if isinstance(backoff, str):
            if backoff not in _SHAPES:
                raise ValueError(
                    f"step {name!r}: backoff is {backoff!r}; it must be seconds, or one of "
                    f"{', '.join(_SHAPES)}"
                )
        elif isinstance(backoff, bool) or not backoff >= 0:
            raise ValueError(f"step {name!r}: backoff is {backoff!r}; it must be 0 s or more")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"step {name!r}: timeout is {timeout!r}; it must be above 0 s")
        self.function = function
        self.name = name
        self.retries = retries
        self.backoff = backoff
        self.timeout = timeout
        self.arguments = positional(function)

    def delay(self, failures: int) -> float:
        """Give the seconds to wait after so many failures, MAX_DELAY at most."""
        if isinstance(self.backoff, str):
            return min(_SHAPES[self.backoff](failures), MAX_DELAY)
        return min(self.backoff * _SHAPES["exponential"](failures), MAX_DELAY)

    async def attempt(self, context: StepContext) -> Any:
        """Call the function once.

        A coroutine is cancelled when its time is over. A plain function can't
        be: it is measured, and has failed if it took too long.
        """
        start = time.monotonic()
        value = self.function(context) if self.arguments else self.function()
        if hasattr(type(value), "__await__"):
            timer = asyncio.timeout(self.timeout)
            try:
                async with timer:
                    value = await value
            except TimeoutError:
                if timer.expired():
                    raise self._late() from None
                raise
        if self.timeout is not None and time.monotonic() - start > self.timeout:
            raise self._late()
        return value

    def _late(self) -> StepTimeoutError:
        return StepTimeoutError(f"step {self.name!r} took longer than its {self.timeout:g} s")

    def as_dict(self) -> dict[str, Any]:
        """Describe the step and its options."""
        return {
            "name": self.name,
            "retries": self.retries,
            "backoff": self.backoff,
            "timeout": self.timeout,
        }
