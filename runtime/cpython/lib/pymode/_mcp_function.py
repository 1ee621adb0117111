"""A user's function as a tool, resource or prompt: its parameters and how to call it."""

from __future__ import annotations

import contextlib
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pymode import _mcp_schema as schemas

_INJECTED = ("env", "request")
"""Parameters of these names get the handler's arguments, and are in no schema."""


class Function:
    """A function, its description, and its parameters by their hints."""

    def __init__(self, function: Callable[..., Any], name: str | None, text: str | None) -> None:
        if not callable(function):
            raise TypeError(f"expected a function, not {type(function).__name__}")
        self.function = function
        self.name: str = name or getattr(function, "__name__", type(function).__name__)
        self.description = inspect.getdoc(function) if text is None else text
        self.injected: list[str] = []
        self.defaults: dict[str, Any] = {}
        self.open = False
        names = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(f"{self.name}: {parameter} has no name to be given by")
            if parameter.kind is parameter.VAR_KEYWORD:
                self.open = True
            elif parameter.name in _INJECTED:
                self.injected.append(parameter.name)
            else:
                names.append(parameter.name)
                if parameter.default is not parameter.empty:
                    self.defaults[parameter.name] = parameter.default
        self.names = names
        self._hints: dict[str, Any] | None = None
        self.returns: Any = None
        # A class may come later in the module: then it is read at the first use.
        with contextlib.suppress(NameError):
            self.hints  # noqa: B018

    @property
    def hints(self) -> dict[str, Any]:
        """The parameters' hints, in their order."""
        if self._hints is None:
            found = typing.get_type_hints(self.function, include_extras=True)
            defs: dict[str, Any] = {}
            for name in self.names:
                try:
                    schemas.schema(found.get(name, Any), defs)
                except TypeError as error:
                    raise TypeError(f"{self.name}, parameter {name}: {error}") from None
            self.returns = found.get("return")
            self._hints = {name: found.get(name, Any) for name in self.names}
        return self._hints

    def input_schema(self) -> dict[str, Any]:
        """Write the schema of the arguments."""
        defs: dict[str, Any] = {}
        made: dict[str, Any] = {"type": "object", "properties": {}}
        for name, hint in self.hints.items():
            made["properties"][name] = schemas.with_default(
                schemas.schema(hint, defs), self.defaults.get(name)
            )
        if required := [name for name in self.names if name not in self.defaults]:
            made["required"] = required
        if not self.open:
            made["additionalProperties"] = False
        return {**made, "$defs": defs} if defs else made

    def output_schema(self) -> dict[str, Any] | None:
        """Write the schema of the result, None where it is no object."""
        self.hints  # noqa: B018
        defs: dict[str, Any] = {}
        try:
            made = schemas.schema(self.returns, defs)
        except TypeError:
            return None
        if "$ref" in made:
            made = defs[made["$ref"].rpartition("/")[2]]
        if made.get("type") != "object":
            return None
        return {**made, "$defs": defs} if defs else made

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give the arguments as the hints ask for them; ValueMismatchError."""
        hints = self.hints
        made = {}
        for name, value in given.items():
            if name in hints:
                made[name] = schemas.convert(hints[name], value, name)
            elif self.open and name not in _INJECTED:
                made[name] = value
            else:
                known = ", ".join(hints) or "none"
                raise schemas.ValueMismatchError(f"unknown argument {name!r}; there are: {known}")
        for name in hints:
            if name not in made and name not in self.defaults:
                raise schemas.ValueMismatchError(f"the argument {name!r} is missing")
        return made

    def arguments_of_text(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Give arguments that come as text, of a URI or a prompt; ValueMismatchError."""
        return self.arguments({name: self._parse(name, text) for name, text in given.items()})

    def _parse(self, name: str, text: str) -> Any:
        """Read a number or a truth value, where the hint does not take the text itself."""
        hint = self.hints.get(name, Any)
        for parse in (str, int, float, _BOOLEANS.__getitem__):
            try:
                value = parse(text)
                schemas.convert(hint, value, name)
            except (ValueError, KeyError):
                continue
            return value
        return text

    def choices(self, name: str) -> list[str]:
        """List the values that an argument can have, where they are few."""
        made = schemas.schema(self.hints[name], {}) if name in self.hints else {}
        return [str(value) for value in made.get("enum", ())]

    async def call(self, arguments: Mapping[str, Any], request: Any, env: Any) -> Any:
        """Call the function, and await what it gives where that can be awaited."""
        given = {"request": request, "env": env}
        value = self.function(**arguments, **{name: given[name] for name in self.injected})
        return await value if hasattr(type(value), "__await__") else value

    def log(self, error: Exception) -> None:
        """Log where the function has failed, in the worker's own code."""
        from pymode import _worker
        from pymode._traceback import describe

        failure = describe(error, _worker.WORKER.project)
        print(f"{self.name}: {failure.text.rstrip()}", file=sys.stderr)


_BOOLEANS = {"true": True, "false": False}
