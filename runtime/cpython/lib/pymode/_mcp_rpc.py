"""JSON-RPC 2.0 over POST, as the protocol's streamable HTTP transport has it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pymode._request import Request
from pymode._response import Response

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002
UNSUPPORTED_VERSION = -32022

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""The protocol's versions that are spoken, the oldest first."""

_BATCH_VERSIONS = ("2024-11-05", "2025-03-26")
_MAX_BATCH = 100

Dispatch = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes a method and its params; gives the result, or raises RPCError."""


class RPCError(Exception):
    """An error that goes to the client with its code."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


def failure(id: Any, error: RPCError) -> dict[str, Any]:
    """Write an error response."""
    shown: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        shown["data"] = error.data
    return {"jsonrpc": "2.0", "id": id, "error": shown}


def version_of(request: Request) -> str:
    """Give the version that the client has agreed on; the header came with a later one."""
    return request.headers.get("mcp-protocol-version") or _BATCH_VERSIONS[-1]


async def serve(request: Request, dispatch: Dispatch) -> Response:
    """Answer a request of the transport. There are no sessions and no streams."""
    if request.method != "POST":
        return Response(
            failure(None, RPCError(INVALID_REQUEST, "send JSON-RPC messages by POST")),
            405,
            {"Allow": "POST"},
        )
    kind = request.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        return _refuse(INVALID_REQUEST, f"the content type is {kind}, not application/json", 415)
    try:
        message = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        return _refuse(PARSE_ERROR, f"the body is no JSON: {error}")
    version = version_of(request)
    if version not in VERSIONS and not _is(message, "initialize"):
        data = {"supported": list(VERSIONS), "requested": version}
        error = RPCError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)
        id = message.get("id") if isinstance(message, dict) else None
        return Response.json(failure(id, error), 400)
    if isinstance(message, list):
        return await _batch(message, version, dispatch)
    answer = await _answer(message, dispatch)
    if answer is None:
        return Response(None, 202)
    invalid = "error" in answer and answer["error"]["code"] == INVALID_REQUEST
    return Response.json(answer, 400 if invalid else 200)


async def _batch(messages: list[Any], version: str, dispatch: Dispatch) -> Response:
    if version not in _BATCH_VERSIONS:
        return _refuse(INVALID_REQUEST, f"version {version} has no batches")
    if not 0 < len(messages) <= _MAX_BATCH:
        return _refuse(INVALID_REQUEST, f"a batch has 1 to {_MAX_BATCH} messages")
    if any(_is(message, "initialize") for message in messages):
        return _refuse(INVALID_REQUEST, "initialize can't be part of a batch")
    answers = [await _answer(message, dispatch) for message in messages]
    answers = [answer for answer in answers if answer is not None]
    return Response.json(answers) if answers else Response(None, 202)


def _is(message: Any, method: str) -> bool:
    return isinstance(message, dict) and message.get("method") == method


async def _answer(message: Any, dispatch: Dispatch) -> dict[str, Any] | None:
    """Answer one message; None where it asks for nothing."""
    id = None
    try:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise RPCError(INVALID_REQUEST, "this is no JSON-RPC 2.0 message")
        if "method" not in message and ("result" in message or "error" in message):
            return None  # a response: there was no request of ours
        given = message.get("id")
        if "id" in message and (isinstance(given, bool) or not isinstance(given, (str, int))):
            raise RPCError(INVALID_REQUEST, "the id must be a string or an integer")
        id = given
        method, params = message.get("method"), message.get("params", {})
        if not isinstance(method, str):
            raise RPCError(INVALID_REQUEST, "the method must be a string")
        if "id" not in message:
            return None  # a notification; none of them changes anything here
        if not isinstance(params, dict):
            raise RPCError(INVALID_PARAMS, "the params must be an object")
        return {"jsonrpc": "2.0", "id": id, "result": await dispatch(method, params)}
    except RPCError as error:
        return failure(id, error)


def _refuse(code: int, text: str, status: int = 400) -> Response:
    return Response.json(failure(None, RPCError(code, text)), status)
