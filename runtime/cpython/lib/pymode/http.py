"""HTTP through the host: fetch, get and post.

The same client answers urllib.request, http.client, requests and httpx, once
`install` was called, which the runtime does before a worker is loaded.
"""

from __future__ import annotations

import json
from typing import Any

import _pymode

from pymode import _host
from pymode._headers import Headers, HeadersInit
from pymode._request import Request
from pymode._response import Response, encode_body

__all__ = ["FetchError", "FetchTimeout", "Response", "fetch", "get", "install", "post"]


class FetchError(OSError):
    """The host got no response."""


class FetchTimeout(FetchError, TimeoutError):
    """The host got no whole response in time."""


def fetch(
    url: Any,
    method: str | None = None,
    headers: HeadersInit = None,
    body: Any = None,
    *,
    timeout: float | None = None,
) -> Response:
    """Send a request and give the response with its whole body.

    `url` may be a `Request`. A dict or list as the body is sent as JSON.
    `timeout` is in seconds. Raises `FetchError` where no response came.
    """
    if isinstance(url, Request):
        method = method or url.method
        headers = url.headers if headers is None else headers
        body = url.body if body is None else body
        url = url.url
    fields = Headers(headers)
    data, content_type = encode_body(body)
    if isinstance(body, (str, dict, list)) and "content-type" not in fields:
        fields.append("Content-Type", content_type)
    status, received, data = exchange(
        str(url), (method or "GET").upper(), fields.fields(), data, timeout
    )
    return Response.received(status, received, data, str(url))


def get(url: Any, headers: HeadersInit = None) -> Response:
    """Send a GET request."""
    return fetch(url, "GET", headers)


def post(url: Any, body: Any = None, headers: HeadersInit = None) -> Response:
    """Send a POST request."""
    return fetch(url, "POST", headers, body)


def exchange(
    url: str, method: str, fields: list[list[Any]], body: bytes, timeout: float | None = None
) -> tuple[int, list[list[Any]], bytes]:
    """Send a request through the host: status, header fields and body of the response.

    `timeout` is how many seconds the whole exchange may take, by itself what
    the host thinks fit. Raises `FetchError`.
    """
    if timeout is not None:
        _host.call("http.timeout", {"seconds": timeout})
    names = {name.lower() for name, _ in fields}
    # An object is the form of PyMode's own ABI; it has no room for repeats.
    headers = json.dumps(
        fields if len(names) < len(fields) else {name: str(value) for name, value in fields}
    )
    result = _pymode.http_fetch_full(url, method, body, headers)
    if result is None:
        why, _ = _host.call("http.error", {})
        text = why.get("text") if why else ""
        error = FetchTimeout if why and why.get("timeout") else FetchError
        raise error(f"the host got no response to {method} {url}" + (f": {text}" if text else ""))
    status = int.from_bytes(result[:4], "little")
    end = 8 + int.from_bytes(result[4:8], "little")
    received = json.loads(result[8:end] or b"[]")
    return status, _as_fields(received), result[end:]


def _as_fields(headers: Any) -> list[list[Any]]:
    if isinstance(headers, dict):
        return Headers(headers).fields()
    return [[str(name), str(value)] for name, value in headers]


def install() -> None:
    """Let urllib.request, http.client, requests and httpx go through the host."""
    from pymode import _http_client, _http_packages

    _http_client.install()
    _http_packages.install()
