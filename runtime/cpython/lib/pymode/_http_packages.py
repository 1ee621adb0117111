"""urllib3 (hence requests) and httpx over the host's fetch.

Both open connections by themselves, so that part of them is replaced when
they are imported; a worker that uses neither pays nothing.
"""

from __future__ import annotations

from typing import Any

from pymode import _patching
from pymode._http_client import OF_THE_CONNECTION, ExchangeSocket


def _patch_urllib3(module: Any) -> None:
    """Replace connect of urllib3.connection."""

    def connect(self: Any) -> None:
        self.sock = ExchangeSocket(self)
        # The host's client has verified the certificate, or there is no response.
        self.is_verified = True
        self.proxy_is_verified = None

    def is_connected(self: Any) -> bool:
        return self.sock is not None

    for name in ("HTTPConnection", "HTTPSConnection"):
        cls = getattr(module, name)
        cls.connect = connect
        cls.is_connected = property(is_connected)


def _patch_httpx(module: Any) -> None:
    """Replace the transports of httpx."""
    import httpx

    from pymode.http import FetchError, FetchTimeout, exchange

    def timeout_of(request: Any) -> float | None:
        # httpx limits each step; here a step can't be told from another.
        limits = [t for t in request.extensions.get("timeout", {}).values() if t is not None]
        return max(limits) if limits else None

    def send(request: Any, body: bytes) -> Any:
        fields = [
            [name, value]
            for name, value in request.headers.multi_items()
            if name.lower() not in OF_THE_CONNECTION
        ]
        try:
            status, received, content = exchange(
                str(request.url), request.method, fields, body, timeout_of(request)
            )
        except FetchTimeout as error:
            raise httpx.ReadTimeout(str(error), request=request) from error
        except FetchError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        return httpx.Response(
            status, headers=[tuple(field) for field in received], stream=httpx.ByteStream(content)
        )

    def handle_request(self: Any, request: Any) -> Any:
        return send(request, request.read())

    async def handle_async_request(self: Any, request: Any) -> Any:
        return send(request, await request.aread())

    module.HTTPTransport.handle_request = handle_request
    module.AsyncHTTPTransport.handle_async_request = handle_async_request


def install() -> None:
    """Watch for the imports of urllib3 and httpx."""
    _patching.when_imported("urllib3.connection", _patch_urllib3)
    _patching.when_imported("httpx._transports.default", _patch_httpx)
