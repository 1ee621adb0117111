"""The models, as the worker's env has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymode._binding import Binding, Result


class AIError(Exception):
    """No model answered."""

    __module__ = "pymode.env"


class AI(Binding):
    """The models."""

    kind = "AI"
    error = AIError

    def run(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        _options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """Run a model: `env.AI.run("@cf/…", {"prompt": "…"}).response`.

        Raises AIError where nobody answers, with what to do about it.
        """
        answer, _ = self._call("ai.run", {"model": model, "inputs": {**(inputs or {}), **more}})
        return Result(answer) if isinstance(answer, dict) else answer
