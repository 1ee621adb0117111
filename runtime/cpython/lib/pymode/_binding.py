"""What all bindings have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Binding:
    """A resource of the platform under the name that the configuration gives it."""

    kind = "binding"

    def __init__(self, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.options = dict(options or {})

    def __getattr__(self, attribute: str) -> Any:
        """Refuse what the binding can't do, by name."""
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        raise NotImplementedError(
            f"env.{self.name}.{attribute}: {self.kind} bindings are not available in this runtime"
        )

    def __repr__(self) -> str:
        """Show kind and name."""
        return f"<{self.kind} {self.name}>"
