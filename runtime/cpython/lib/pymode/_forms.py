"""HTML forms: urlencoded and multipart bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_ESCAPE = re.compile(r'\\(["\\])')


class FormFile(bytes):
    """A file of a form: its contents, and what the form says of it."""

    filename: str
    content_type: str

    def __new__(cls, data: bytes, filename: str, content_type: str) -> FormFile:
        """Make a file of its contents."""
        file = super().__new__(cls, data)
        file.filename = filename
        file.content_type = content_type
        return file

    @property
    def name(self) -> str:
        """The file's name, as the fetch API calls it."""
        return self.filename

    @property
    def type(self) -> str:
        """The file's content type, as the fetch API calls it."""
        return self.content_type

    @property
    def size(self) -> int:
        """The length of the contents in bytes."""
        return len(self)

    def read(self) -> bytes:
        """Give the contents."""
        return bytes(self)

    def text(self) -> str:
        """Give the contents as UTF-8 text."""
        return self.decode("utf-8", "replace")


class Form(dict[str, Any]):
    """The fields of a form: a dict of names and their first values.

    `get_all` gives every value of a name that repeats.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__()
        self.pairs = pairs
        for name, value in pairs:
            self.setdefault(name, value)

    def get_all(self, name: str) -> list[Any]:
        """List the values of a name."""
        return [value for other, value in self.pairs if other == name]

    getall = getAll = getlist = get_all


def parse_form(body: bytes, content_type: str) -> Form:
    """Read a form; ValueError where the body is none."""
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return Form(parse_qsl(text, keep_blank_values=True))
    if kind == "multipart/form-data":
        boundary = parameters(";" + rest).get("boundary", "")
        if not boundary:
            raise ValueError("multipart/form-data without a boundary")
        return Form(list(parse_multipart(body, boundary.encode("latin-1", "replace"))))
    raise ValueError(f"the body is no form: its content type is {content_type or 'not given'!r}")


def parameters(text: str) -> dict[str, str]:
    """Read the parameters of a header value: "; name=value" each."""
    return {
        match[1].lower(): _ESCAPE.sub(r"\1", match[2]) if match[2] is not None else match[3].strip()
        for match in _PARAMETER.finditer(text)
    }


def parse_multipart(body: bytes, boundary: bytes) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a multipart body; ValueError where it is cut or broken."""
    # Every delimiter but the first begins with the line break before it.
    delimiter = b"\r\n--" + boundary
    start = 0 if body.startswith(delimiter[2:]) else body.find(delimiter) + 2
    if start == 1:
        raise ValueError("the boundary does not occur in the multipart body")
    start += len(delimiter) - 2
    while not body.startswith(b"--", start):
        start = body.find(b"\r\n", start)
        end = body.find(delimiter, start)
        if start < 0 or end < 0:
            raise ValueError("the multipart body ends before its last boundary")
        yield _field(body[start + 2 : end + 2])
        start = end + len(delimiter)


def _field(part: bytes) -> tuple[str, Any]:
    # A part without header lines begins with the empty line that ends them.
    head, separator, data = (b"\r\n" + part).partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("a part of the multipart body has no end of its headers")
    data = data.removesuffix(b"\r\n")
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    options = parameters(headers.get("content-disposition", ""))
    if "name" not in options:
        raise ValueError("a part of the multipart body has no name")
    if "filename" not in options:
        return options["name"], data.decode("utf-8", "replace")
    content_type = headers.get("content-type", "application/octet-stream")
    return options["name"], FormFile(data, options["filename"], content_type)
