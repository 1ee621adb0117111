"""Messages from the guest to the host, as `_pymode` carries them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import _pymode

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def send(op: str, args: Mapping[str, Any] | Sequence[Any] | None = None, data: bytes = b"") -> None:
    """Tell the host something that has no answer, and that it does not wait for."""
    _pymode.tell(op, b"{}" if args is None else _encode(args).encode("ascii"), data)


def call(op: str, args: Mapping[str, Any], data: bytes = b"") -> tuple[Any, bytes]:
    """Ask the host; raises `HostError` with the host's own text.

    Gives the answer's JSON part, decoded, and its binary part.
    """
    try:
        answer, payload = _pymode.call(op, _encode(args).encode("ascii"), data)
    except _pymode.HostError as error:
        tell_line(error)
        raise
    return (json.loads(answer) if answer else None), payload


def tell_line(error: _pymode.HostError) -> None:
    """Tell a replay which of the user's lines made a call that it has no answer to."""
    if not str(error).startswith("ReplayError: "):
        return
    from pymode._worker import WORKER

    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if WORKER.project.owns(code.co_filename):
            file = WORKER.project.relative(code.co_filename)
            send("replay.line", {"file": file, "line": frame.f_lineno, "function": code.co_name})
            return
        frame = frame.f_back
