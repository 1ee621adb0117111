"""Messages from the guest to the host, as `_pymode.call` carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import _pymode

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def send(op: str, args: Mapping[str, Any] | Sequence[Any] | None = None, data: bytes = b"") -> None:
    """Tell the host something that has no answer."""
    _pymode.call(op, b"{}" if args is None else _encode(args).encode("ascii"), data)


def call(op: str, args: Mapping[str, Any], data: bytes = b"") -> tuple[Any, bytes]:
    """Ask the host; raises `HostError` with the host's own text.

    Gives the answer's JSON part, decoded, and its binary part.
    """
    answer, payload = _pymode.call(op, _encode(args).encode("ascii"), data)
    return (json.loads(answer) if answer else None), payload
