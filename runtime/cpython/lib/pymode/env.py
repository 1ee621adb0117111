"""The worker's environment: variables, secrets and bindings.

A handler gets it as `env`: `env.GREETING` is a variable's value,
`env.CACHE_KV` a binding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pymode._ai import AI, AIError
from pymode._binding import Binding
from pymode._d1 import D1, D1Error, D1Result
from pymode._kv import KV, KVError, KVListResult, KVValue
from pymode._r2 import R2, R2Error, R2Object, R2Objects
from pymode._service import Service, ServiceError

__all__ = [
    "AI",
    "D1",
    "KV",
    "R2",
    "AIError",
    "Binding",
    "D1Error",
    "D1Result",
    "Env",
    "KVError",
    "KVListResult",
    "KVValue",
    "R2Error",
    "R2Object",
    "R2Objects",
    "Service",
    "ServiceError",
]

KINDS: dict[str, type[Binding]] = {"kv": KV, "r2": R2, "d1": D1, "ai": AI, "service": Service}


class Env:
    """Variables, secrets and bindings by name: `env.NAME`, or `env["NAME"]`."""

    def __init__(self, document: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._document: Mapping[str, Any] | None = None
        self._update(document or {})

    def _update(self, document: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the names of a request's document in place of those that were there."""
        if document == self._document:
            return
        for name in self._document or ():
            self.__dict__.pop(name, None)
        self._document = document
        for name, entry in document.items():
            self.__dict__[name] = value_of(name, entry)

    def __getattr__(self, name: str) -> Any:
        """Give a binding whose name says its kind, though no config file names it.

        Called only for names that there are not; says which ones there are.
        """
        if name.startswith("__"):
            raise AttributeError(name)
        if kind := guess(name):
            binding = self.__dict__[name] = KINDS[kind](name, {"kind": kind})
            return binding
        raise AttributeError(
            f"env has no {name}; it has {', '.join(sorted(self)) or 'nothing'}", name=name, obj=self
        )

    def __getitem__(self, name: str) -> Any:
        """Give a variable, secret or binding; KeyError where there is none."""
        if name not in self and not guess(name):
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a variable, secret or binding, or the default."""
        return self.__dict__[name] if name in self else default

    def __contains__(self, name: object) -> bool:
        """Say whether there is something of that name."""
        return name in (self._document or ())

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._document or ())

    def __len__(self) -> int:
        """Count the names."""
        return len(self._document or ())

    def keys(self) -> list[str]:
        """List the names."""
        return list(self)

    def __repr__(self) -> str:
        """Show the names, never the values: there are secrets among them."""
        return f"<Env {', '.join(self)}>"


def guess(name: str) -> str:
    """Tell a binding's kind by its name; "" where that says nothing."""
    if name == "AI":
        return "ai"
    return {"KV": "kv", "R2": "r2", "D1": "d1", "DB": "d1"}.get(name.rpartition("_")[2], "")


def value_of(name: str, entry: Mapping[str, Any]) -> Any:
    """Make what `env.NAME` is of its entry in the request document."""
    kind = entry.get("kind")
    if kind == "var":
        return entry.get("value")
    if kind == "secret":
        return str(entry.get("value", ""))
    return KINDS.get(str(kind), Binding)(name, entry)
