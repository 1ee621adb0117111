"""From what a handler returned to the response document, or to why it is none."""

from __future__ import annotations

import re
from typing import Any

from pymode._document import Answer
from pymode._response import Response, encode_body

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch

_EMPTY = frozenset((204, 304))
"""The statuses whose responses have no body."""


class ProtocolError(Exception):
    """What the handler returned can't be sent. Its text says what to change."""


"""Status, [name, value] fields, body."""


def convert(result: Any, handler: str) -> Answer:
    """Make an answer of what a handler returned.

    `handler` is its name for the messages. Raises `ProtocolError`.
    """
    if isinstance(result, Response):
        return checked(result.status, result.headers.fields(), result.body)
    if result is None:
        return 204, [], b""
    if not isinstance(result, tuple):
        return 200, *_body(result, handler)
    if len(result) != 2 or type(result[1]) is bool or not isinstance(result[1], int):
        raise ProtocolError(
            f"{handler} returned a tuple that is no (body, status) pair: "
            f"({', '.join(type(item).__name__ for item in result[:8])})"
        )
    fields, body = _body(result[0], handler)
    return checked(result[1], fields, body)


def _body(result: Any, handler: str) -> tuple[list[Any], bytes]:
    try:
        body, content_type = encode_body(result)
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{handler} returned text that is no UTF-8: {error}") from error
    except (TypeError, ValueError, RecursionError) as error:
        if not isinstance(result, (dict, list)):
            raise ProtocolError(
                f"{handler} returned {_named(result)}: a handler returns a Response, "
                "str, bytes, dict, list, None or a (body, status) pair"
            ) from None
        raise ProtocolError(
            f"{handler} returned a {type(result).__name__} that is no JSON: {error}"
        ) from error
    return ([["Content-Type", content_type]] if content_type else []), body


def _named(result: Any) -> str:
    name = type(result).__qualname__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{article} {name}"


def checked(status: Any, fields: list[Any], body: bytes) -> Answer:
    """Check that status and header fields can be sent. Raises `ProtocolError`."""
    if type(status) is bool or not isinstance(status, int) or not 200 <= status <= 599:
        raise ProtocolError(f"the status is {status!r:.100}: it must be an int from 200 to 599")
    for field in fields:
        name, value = field
        if not isinstance(name, str) or not _TOKEN(name):
            raise ProtocolError(f"{name!r:.200} is no name of a header")
        if type(value) is not str:
            field[1] = value = _text(name, value)
        if not _VALUE(value):
            raise ProtocolError(
                f"the value of the header {name} holds {_first_bad(value)}: {value!r:.200}"
            )
    return int(status), fields, (b"" if status in _EMPTY else body)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, float)) and type(value) is not bool:
        return str(value)
    raise ProtocolError(f"the value of the header {name} is no str but {_named(value)}")


def _first_bad(value: str) -> str:
    for char in value:
        if not _VALUE(char):
            if char in "\r\n":
                return "a line break"
            return "a control character" if ord(char) < 0x80 else f"{char!a}, which is no Latin-1"
    return "a character that can't be sent"
