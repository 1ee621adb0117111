"""`Response`: what a handler returns, and what a fetch gives."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from pymode._headers import Headers, HeadersInit

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
BINARY = "application/octet-stream"


def encode_body(body: Any) -> tuple[bytes, str | None]:
    """Turn what a handler gave as a body into bytes and their content type.

    Raises TypeError for what is no body, or no JSON, and UnicodeEncodeError
    for text with lone surrogates.
    """
    if isinstance(body, str):
        return body.encode("utf-8"), TEXT
    if isinstance(body, bytes):
        return body, BINARY
    if isinstance(body, (dict, list)):
        return json.dumps(body).encode("utf-8"), JSON
    if body is None:
        return b"", None
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body), BINARY
    raise TypeError(f"a body is str, bytes, dict, list or None, not {type(body).__name__}")


class _JSON:
    """`Response.json(data)` makes a response; `response.json()` reads one."""

    def __get__(self, response: Response | None, cls: type[Response]) -> Any:
        return cls._from_json if response is None else response._to_json


class Response:
    """An HTTP response with its whole body.

    A dict or list as the body becomes JSON, bytes are sent as they are, and
    everything else is text. A content type in the headers is left alone.
    """

    __slots__ = ("_body", "headers", "status", "status_text", "url")

    json: ClassVar[Any] = _JSON()

    def __init__(
        self,
        body: Any = "",
        status: int = 200,
        headers: HeadersInit = None,
        *,
        status_text: str = "",
        statusText: str = "",  # noqa: N803
    ) -> None:
        self.status = status
        self.status_text = status_text or statusText
        self.headers = Headers(headers)
        self.url = ""
        self._body, content_type = encode_body(body)
        if content_type is not None and "content-type" not in self.headers:
            self.headers.append("Content-Type", content_type)

    @classmethod
    def received(cls, status: int, headers: list[list[Any]], body: bytes, url: str = "") -> Self:
        """Make a response of one that came from elsewhere, nothing added."""
        response = cls.__new__(cls)
        response.status = status
        response.status_text = ""
        response.headers = Headers.wrap(headers)
        response.url = url
        response._body = body
        return response

    @classmethod
    def _from_json(cls, data: Any, status: int = 200, headers: HeadersInit = None) -> Self:
        """Make a response of any data that JSON can hold."""
        fields = Headers(headers)
        if "content-type" not in fields:
            fields.append("Content-Type", JSON)
        return cls(json.dumps(data).encode("utf-8"), status, fields)

    from_json = _from_json

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Self:
        """Send the client to another URL."""
        return cls(None, status, [("Location", str(url))])

    @property
    def body(self) -> bytes:
        """The body, as it goes on the wire."""
        return self._body

    @body.setter
    def body(self, body: Any) -> None:
        self._body, _ = encode_body(body)

    content = body

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def bytes(self) -> bytes:
        """Give the body."""
        return self._body

    read = buffer = array_buffer = arrayBuffer = bytes

    def text(self) -> str:
        """Give the body as text, in the charset that its content type names."""
        return decode_text(self._body, self.headers.get("content-type"))

    def _to_json(self) -> Any:
        """Give the data that the body holds as JSON."""
        return json.loads(self._body)

    def __repr__(self) -> str:
        """Show the status and the size of the body."""
        return f"<Response {self.status}, {len(self._body)} bytes>"


def decode_text(body: bytes, content_type: str | None) -> str:
    """Decode a body by the charset of its content type, UTF-8 without one."""
    charset = "utf-8"
    if content_type is not None and "charset=" in content_type.lower():
        charset = content_type.lower().split("charset=", 1)[1].split(";", 1)[0].strip(" \"'")
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
