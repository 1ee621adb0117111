"""The documents in which requests come and responses go: JSON, bodies in base64.

Small ones are read, parsed and written at once. A large body goes through a
few kilobytes at a time, so that it takes up the guest's memory once.
"""

from __future__ import annotations

import io
import json
import os
from binascii import a2b_base64, b2a_base64
from json import dumps
from typing import Any

_CHUNK = 64 * 1024
_LARGE = 48 * 1024  # bytes of a body from which it is streamed; a multiple of 3
_BODY = b'"body_base64":"'

_decode = json.JSONDecoder().decode

type Answer = tuple[int, list[Any], bytes]


def parse(document: bytes) -> tuple[dict[str, Any], bytes]:
    """Give a request document, decoded, and the request's body."""
    message = _decode(document.decode("utf-8"))
    return message, a2b_base64(message["request"].get("body_base64") or "")


def receive(fd: int) -> tuple[dict[str, Any], bytes]:
    """Read a request document to the end of a file descriptor."""
    data = os.read(fd, _CHUNK)
    if len(data) < _CHUNK:
        more = os.read(fd, _CHUNK)
        if not more:
            return parse(data)
        data += more
    # The host writes the body last and says before how long it is. Whoever
    # writes documents otherwise gets the same answer for more memory.
    head, found, start = data.partition(_BODY)
    if found and b'"body_length":' in head:
        message = _decode((head + _BODY + b'"}}').decode("utf-8"))
        return message, _receive_body(fd, start, message["request"]["body_length"])
    chunks = [data]
    while chunk := os.read(fd, 1 << 20):
        chunks.append(chunk)
    return parse(b"".join(chunks))


def _receive_body(fd: int, encoded: bytes, length: int) -> bytes:
    """Decode the base64 that begins with `encoded` and goes on in the file."""
    body = io.BytesIO()
    if length:
        # The buffer gets its whole size at once, and getvalue will not copy it.
        body.seek(length - 1)
        body.write(b"\0")
        body.seek(0)
    while len(encoded) >= 4 and not encoded.endswith(b'"}}'):
        whole = len(encoded) & ~3
        body.write(a2b_base64(encoded[:whole]))
        encoded = encoded[whole:] + os.read(fd, _CHUNK)
    while chunk := os.read(fd, _CHUNK):
        encoded += chunk
    body.write(a2b_base64(encoded.partition(b'"')[0]))
    if body.tell() != length:
        raise ValueError(f"the request's body has {body.tell()} bytes, not {length}")
    return body.getvalue()


def send(fd: int, answer: Answer) -> None:
    """Write a response document."""
    status, fields, body = answer
    head = b'{"status":%d,"headers":%s,"body_base64":"' % (status, dumps(fields).encode("ascii"))
    if len(body) <= _LARGE:
        _write(fd, head + b2a_base64(body, newline=False) + b'"}')
        return
    _write(fd, head)
    rest = memoryview(body)
    while rest:
        _write(fd, b2a_base64(rest[:_LARGE], newline=False))
        rest = rest[_LARGE:]
    _write(fd, b'"}')


def _write(fd: int, data: bytes) -> None:
    """Write all of data, however little the system takes at once."""
    written = os.write(fd, data)
    if written < len(data):
        rest = memoryview(data)[written:]
        while rest:
            rest = rest[os.write(fd, rest) :]
