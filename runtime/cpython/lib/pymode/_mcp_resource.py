"""Resources: functions behind URIs, or behind templates of URIs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from pymode._mcp_function import Function

_VARIABLE = re.compile(r"\{([+]?)([A-Za-z_][A-Za-z0-9_]*)(\*?)\}")


class Resource:
    """A function that gives what is behind a URI or a template."""

    def __init__(
        self,
        uri: str,
        function: Callable[..., Any],
        name: str | None,
        description: str | None,
        mime_type: str | None,
    ) -> None:
        if not isinstance(uri, str) or ":" not in uri:
            raise ValueError(f"{uri!r} is no URI: it must begin with a scheme, as config://app")
        self.uri = uri
        self.mime_type = mime_type
        self.function = Function(function, name, description)
        self._pattern, names = _compile(uri)
        self.is_template = bool(names)
        known = set(self.function.names)
        if set(names) - known or known - set(names) - set(self.function.defaults):
            raise ValueError(
                f"resource {uri}: the template's variables are {names}, "
                f"the function's parameters {self.function.names}"
            )

    def match(self, uri: str) -> dict[str, str] | None:
        """Give the variables of a URI, None where it is not of this resource."""
        found = self._pattern.fullmatch(uri)
        if found is None:
            return None
        return {name: unquote(text) for name, text in found.groupdict().items()}

    def as_dict(self) -> dict[str, Any]:
        """Describe the resource as the protocol lists it."""
        shown: dict[str, Any] = {
            "uriTemplate" if self.is_template else "uri": self.uri,
            "name": self.function.name,
        }
        if self.function.description:
            shown["description"] = self.function.description
        if self.mime_type:
            shown["mimeType"] = self.mime_type
        return shown


def _compile(uri: str) -> tuple[re.Pattern[str], list[str]]:
    """Make a pattern of a template: {x} is one segment, {+x} and {x*} any text."""
    pattern, names, end = "", [], 0
    for found in _VARIABLE.finditer(uri):
        reserved, name, rest = found.groups()
        if name in names:
            raise ValueError(f"resource {uri}: {name} occurs twice")
        names.append(name)
        pattern += re.escape(uri[end : found.start()])
        pattern += f"(?P<{name}>{'.+' if reserved or rest else '[^/?#]+'})"
        end = found.end()
    if "{" in uri[end:] or "{" in _VARIABLE.sub("", uri):
        raise ValueError(f"resource {uri}: a variable is written {{name}}, {{+name}} or {{name*}}")
    return re.compile(pattern + re.escape(uri[end:])), names
