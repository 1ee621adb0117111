"""What all bindings have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import _pymode

from pymode import _host

# The classes of the platform's errors, as the host's texts begin with them.
_CLASSES = {"TypeError": TypeError, "RangeError": ValueError, "SyntaxError": ValueError}


class Binding:
    """A resource of the platform under the name that the configuration gives it."""

    kind = "binding"
    error: ClassVar[type[Exception]] = RuntimeError

    def __init__(self, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.options = dict(options or {})

    def _call(self, op: str, args: dict[str, Any], data: bytes = b"") -> tuple[Any, bytes]:
        """Ask the host on the binding's behalf.

        Gives the answer's JSON part, decoded, and its binary part. Raises what
        the host's error text says: TypeError, ValueError, or the binding's own error.
        """
        args["binding"] = self.name
        try:
            return _host.call(op, args, data)
        except _pymode.HostError as failure:
            raise error_of(str(failure), self.error) from None

    def __getattr__(self, attribute: str) -> Any:
        """Refuse what the binding can't do, by name."""
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        raise AttributeError(f"env.{self.name}, a {self.kind} binding, has no {attribute}")

    def __repr__(self) -> str:
        """Show kind and name."""
        return f"<{self.kind} {self.name}>"


def error_of(text: str, own: type[Exception]) -> Exception:
    """Make an exception of an error text such as "TypeError: Key name cannot be empty."."""
    name, separator, rest = text.partition(": ")
    if separator and name in _CLASSES:
        return _CLASSES[name](rest)
    return own(rest if separator and name == "Error" else text)


class Result(dict[str, Any]):
    """A dict whose items are attributes as well; an item that is not there is None.

    Both `r["list_complete"]` and `r.list_complete` work.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)


def options(given: Mapping[str, Any], names: Mapping[str, str], function: str) -> dict[str, Any]:
    """Rename a call's options from the platform's camelCase; TypeError for others.

    `names` are the known ones, each with the name that it is to have.
    """
    renamed = {}
    for name, value in given.items():
        if name not in names:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        renamed[names[name]] = value
    return renamed
