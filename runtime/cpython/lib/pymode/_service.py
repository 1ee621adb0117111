"""Another worker, as the worker's env has it."""

from __future__ import annotations

from typing import Any

from pymode._binding import Binding
from pymode._headers import Headers, HeadersInit
from pymode._request import Request
from pymode._response import Response, encode_body


class ServiceError(Exception):
    """The other worker can't be reached."""

    __module__ = "pymode.env"


class Service(Binding):
    """Another worker, which runs in a sandbox of its own."""

    kind = "service"
    error = ServiceError

    def fetch(
        self,
        url: Any,
        init: dict[str, Any] | None = None,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: Any = None,
    ) -> Response:
        """Send a request to the worker and give its response.

        `url` may be a `Request`, or only a path. A dict or list as the body is
        sent as JSON. An exception in the other worker is a response of status
        500; ServiceError says that it did not run.
        """
        if init:
            method = method or init.get("method")
            headers = init.get("headers") if headers is None else headers
            body = init.get("body") if body is None else body
        if isinstance(url, Request):
            method = method or url.method
            headers = url.headers if headers is None else headers
            body = url.body if body is None else body
            url = url.url
        address = str(url)
        if address.startswith("/"):
            address = f"http://{self.name.lower()}{address}"
        fields = Headers(headers)
        data, content_type = encode_body(body)
        if isinstance(body, (str, dict, list)) and "content-type" not in fields:
            fields.append("Content-Type", content_type)
        answer, received = self._call(
            "service.fetch",
            {"method": (method or "GET").upper(), "url": address, "headers": fields.fields()},
            data,
        )
        return Response.received(answer["status"], answer["headers"], received, address)
