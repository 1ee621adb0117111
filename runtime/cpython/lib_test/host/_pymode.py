"""The C extension's double: records every host call, and answers some."""

from __future__ import annotations

import json
import os
from typing import Any


class CPUTimeExceeded(BaseException):
    """Raised in user code when the CPU budget ends."""


class HostError(Exception):
    """An error that the host answers with."""


CPUTimeExceeded.__module__ = "pymode"
HostError.__module__ = "pymode"

calls: list[dict[str, Any]] = []
respond_offset: int | None = None
connections: dict[int, bytearray] = {}
hosts: dict[int, str] = {}


def call(op: str, args: bytes = b"{}", data: bytes = b"") -> tuple[bytes, bytes]:
    """Record a call; those that go with an import or its failure are none of their own."""
    global respond_offset
    if type(op) is not str or type(args) is not bytes or type(data) is not bytes:
        raise TypeError("call(str, bytes, bytes)")
    options = json.loads(args)
    if op == "respond":
        respond_offset = os.lseek(1, 0, os.SEEK_CUR)
        return b"{}", b""
    if op == "tcp.wait":
        if any(hosts[number] == "unwaited" for number in options["ids"]):
            raise HostError("unknown operation tcp.wait")
        ready = [number for number in options["ids"] if connections[number]]
        return json.dumps({"ready": ready}).encode(), b""
    if op in ("http.error", "http.timeout", "tcp.error", "imports"):
        return b"{}", b""
    calls.append({"op": op, "args": options, "text": data.decode("utf-8")})
    return b"{}", b""


tell = call


def tcp_connect(host: str, port: int) -> int:
    """Connect to any host but "refused"."""
    if host == "refused":
        return -1
    number = len(connections)
    connections[number] = bytearray()
    hosts[number] = host
    calls.append({"op": "tcp_connect", "args": [host, port]})
    return number


def tcp_send(number: int, data: bytes) -> int:
    """Echo in capitals what is sent, three bytes at most taken at once."""
    connections[number] += data[:3].upper()
    return min(len(data), 3)


def tcp_recv(number: int, size: int) -> bytes | None:
    """Give what is there, None on the host "broken"."""
    if hosts[number] == "broken":
        return None
    data = bytes(connections[number][:size])
    del connections[number][:size]
    return data


def tcp_close(number: int) -> None:
    """Forget a connection."""
    del connections[number]
    calls.append({"op": "tcp_close", "args": [number]})


def http_fetch_full(url: str, method: str, body: bytes, headers_json: str) -> bytes | None:
    """Answer with a description of the request; no answer from the host "down"."""
    if "//down" in url:
        return None
    request = {
        "url": url,
        "method": method,
        "body": body.decode("latin-1"),
        "headers": json.loads(headers_json),
    }
    status = int(url.rpartition("status=")[2]) if "status=" in url else 200
    headers = json.dumps([["Content-Type", "application/json"], ["Set-Cookie", "a=1"],
                          ["Set-Cookie", "b=2"], ["Transfer-Encoding", "chunked"]]).encode()  # fmt: skip
    content = json.dumps(request).encode()
    return status.to_bytes(4, "little") + len(headers).to_bytes(4, "little") + headers + content
