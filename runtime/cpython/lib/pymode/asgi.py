"""ASGI applications (FastAPI, Starlette, …) as workers.

    from pymode import asgi

    async def on_fetch(request, env):
        return await asgi.fetch(app, request, env)

The application finds the bindings in `scope["env"]`, `request.scope["env"]` in FastAPI. Its
lifespan is that of the request, since its instance is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from pymode._request import Request
from pymode._response import Response

__all__ = ["fetch"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}


async def fetch(app: Application, request: Request, env: Any = None, ctx: Any = None) -> Response:
    """Let an ASGI application answer a request; raises what the application raises.

    Raises RuntimeError where it answers against the protocol, or can't start.
    """
    state: dict[str, Any] = {}
    async with _Lifespan(app, state):
        exchange = _Exchange(request)
        scope = {**_scope(request), "state": dict(state), "env": env, "ctx": ctx}
        await app(scope, exchange.receive, exchange.send)
        return exchange.response()


def _scope(request: Request) -> Message:
    parts = urlsplit(request.url)
    path = parts.path or "/"
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("utf-8"),
        "query_string": parts.query.encode("utf-8"),
        "root_path": "",
        "headers": [
            (name.lower().encode("utf-8"), value.encode("utf-8"))
            for name, value in request.headers.fields()
        ],
        "client": None,
        "server": (parts.hostname, parts.port or {"https": 443}.get(parts.scheme, 80)),
    }


class _Exchange:
    """What goes in and out of an application for one request."""

    def __init__(self, request: Request) -> None:
        self._request: Request | None = request
        self._start: Message | None = None
        self._body = bytearray()
        self._done = asyncio.Event()

    async def receive(self) -> Message:
        """Give the body, and once all is sent, tell that the client is gone."""
        request, self._request = self._request, None
        if request is not None:
            return {"type": "http.request", "body": request.bytes(), "more_body": False}
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response."""
        kind = message["type"]
        if kind == "http.response.start" and self._start is None:
            self._start = message
        elif kind == "http.response.body" and self._start is not None and not self._done.is_set():
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                self._done.set()
        else:
            raise RuntimeError(f"the application sent {kind!r} where that can't be")

    def response(self) -> Response:
        """Give the whole response."""
        if self._start is None or not self._done.is_set():
            what = "no response" if self._start is None else "only a part of its response"
            raise RuntimeError(f"the application returned, and has sent {what}")
        fields = [[_text(name), _text(value)] for name, value in self._start.get("headers", ())]
        return Response.received(self._start["status"], fields, bytes(self._body))


def _text(field: Any) -> str:
    """Read a header field, in either of the encodings that are in use."""
    try:
        return bytes(field).decode("utf-8")
    except UnicodeDecodeError:
        return bytes(field).decode("latin-1")


class _Lifespan:
    """Starts an application and shuts it down, where it takes part in that."""

    def __init__(self, app: Application, state: dict[str, Any]) -> None:
        self._scope: Message = {"type": "lifespan", "asgi": _VERSIONS, "state": state}
        self._app = app
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message | None] = asyncio.Queue()
        self._takes_part = False

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run(), name="lifespan")
        try:
            self._takes_part = await self._tell("startup") is not None
        except RuntimeError:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            raise

    async def __aexit__(self, *_error: object) -> None:
        if self._takes_part:
            await self._tell("shutdown")
        await self._task

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._told.get, self._answers.put)
        except Exception:
            # By the protocol this says that an application has no lifespan, if it comes at once.
            if self._takes_part:
                raise
        finally:
            self._answers.put_nowait(None)

    async def _tell(self, what: str) -> Message | None:
        """Send an event and give the answer; None where the application has returned."""
        self._told.put_nowait({"type": f"lifespan.{what}"})
        answer = await self._answers.get()
        if answer is not None and answer["type"] == f"lifespan.{what}.failed":
            reason = answer.get("message") or "it does not say why"
            raise RuntimeError(f"the application's {what} failed: {reason}")
        return answer
