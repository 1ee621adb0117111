"""`Request`: what a handler is called with."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pymode._forms import Form, parse_form
from pymode._headers import Headers, HeadersInit
from pymode._response import decode_text, encode_body


class Request:
    """An HTTP request with its whole body.

    `url` is absolute; `path` is as it was sent, percent signs included;
    `query` maps names to lists of values, as `urllib.parse.parse_qs` gives it.
    """

    __slots__ = ("_body", "_query", "_split", "headers", "method", "url")

    def __init__(
        self,
        url: Any,
        method: str | None = None,
        headers: HeadersInit = None,
        body: Any = None,
    ) -> None:
        if isinstance(url, Request):
            method = method or url.method
            headers = url.headers if headers is None else headers
            body = url._body if body is None else body
            url = url.url
        self.url: str = str(url)
        self.method = (method or "GET").upper()
        self.headers = Headers(headers)
        self._split: Any = None
        self._query: dict[str, list[str]] | None = None
        self._body, content_type = encode_body(body)
        if body is not None and content_type is not None and "content-type" not in self.headers:
            self.headers.append("Content-Type", content_type)

    @classmethod
    def received(cls, method: str, url: str, headers: list[list[Any]], body: bytes) -> Request:
        """Make the request that came in, without copying anything."""
        request = cls.__new__(cls)
        request.method = method
        request.url = url
        request.headers = Headers.wrap(headers)
        request._body = body
        request._split = request._query = None
        return request

    @property
    def path(self) -> str:
        """The path of the URL, "/" at least."""
        return self._parts().path or "/"

    @property
    def query_string(self) -> str:
        """The query of the URL, without its question mark."""
        return str(self._parts().query)

    @property
    def query(self) -> dict[str, list[str]]:
        """The query of the URL, each name with all its values."""
        if self._query is None:
            self._query = parse_qs(self._parts().query)
        return self._query

    def _parts(self) -> Any:
        if self._split is None:
            self._split = urlsplit(self.url)
        return self._split

    @property
    def js_object(self) -> Request:
        """The request itself: Cloudflare's workers give this to `asgi.fetch`."""
        return self

    @property
    def body(self) -> bytes:
        """The body, as it came."""
        return self._body

    def bytes(self) -> bytes:
        """Give the body."""
        return self._body

    read = buffer = array_buffer = arrayBuffer = bytes

    def text(self) -> str:
        """Give the body as text, in the charset that its content type names."""
        return decode_text(self._body, self.headers.get("content-type"))

    def json(self) -> Any:
        """Give the data that the body holds as JSON; ValueError where it holds none."""
        return json.loads(self._body)

    def form(self) -> Form:
        """Give the fields of an urlencoded or multipart form.

        Raises ValueError where the body is no form.
        """
        return parse_form(self._body, self.headers.get("content-type") or "")

    form_data = formData = form

    def __repr__(self) -> str:
        """Show method and URL."""
        return f"<Request {self.method} {self.url}>"
