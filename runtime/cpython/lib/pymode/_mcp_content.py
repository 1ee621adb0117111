"""What users' functions return, as the protocol's content blocks."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import uuid
from collections.abc import Mapping
from typing import Any

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


class Image:
    """An image as a tool's result, or as a part of it."""

    def __init__(self, data: bytes, mime_type: str | None = None) -> None:
        self.data = bytes(data)
        self.mime_type = mime_type or image_type(data) or "image/png"


def image_type(data: bytes) -> str | None:
    """Tell an image's type by its first bytes, None where it is no image."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; TypeError where that can't be."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return _base64(value)
    raise TypeError(f"returned {type(value).__name__}, which is no JSON")


def dump(value: Any) -> str:
    """Write a plain value as JSON; ValueError for NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def blocks(value: Any) -> list[dict[str, Any]]:
    """Make the content blocks of a tool's result."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)) and any(isinstance(v, (Image, bytes)) for v in value):
        return [block for item in value for block in blocks(item)]
    return [block_of(value)]


def block_of(value: Any) -> dict[str, Any]:
    """Make one content block: text, an image, or bytes of another kind."""
    if isinstance(value, bytes):
        kind = image_type(value)
        if kind is None:
            blob = {"uri": "data:", "mimeType": "application/octet-stream", "blob": _base64(value)}
            return {"type": "resource", "resource": blob}
        value = Image(value, kind)
    if isinstance(value, Image):
        return {"type": "image", "data": _base64(value.data), "mimeType": value.mime_type}
    return {"type": "text", "text": value if type(value) is str else dump(plain(value))}


def resource(uri: str, mime_type: str | None, value: Any) -> dict[str, Any]:
    """Make the contents of a resource."""
    if isinstance(value, Image):
        mime_type, value = mime_type or value.mime_type, value.data
    if isinstance(value, bytes):
        kind = mime_type or image_type(value) or "application/octet-stream"
        return {"uri": uri, "mimeType": kind, "blob": _base64(value)}
    if isinstance(value, str):
        return {"uri": uri, "mimeType": mime_type or "text/plain", "text": value}
    return {"uri": uri, "mimeType": mime_type or "application/json", "text": dump(plain(value))}


def messages(value: Any) -> list[dict[str, Any]]:
    """Make a prompt's messages of text, of (role, text), of dicts, or of a list of them."""
    items = value if isinstance(value, list) else [value]
    return [_message(item) for item in items]


def _message(item: Any) -> dict[str, Any]:
    role, content = "user", item
    if isinstance(item, tuple) and len(item) == 2:
        role, content = item
    elif isinstance(item, Mapping) and "content" in item:
        role, content = item.get("role", "user"), item["content"]
    if role not in ("user", "assistant"):
        raise ValueError(f"a message's role is {role!r}: it must be user or assistant")
    if isinstance(content, Mapping) and "type" in content:
        return {"role": role, "content": plain(content)}
    return {"role": role, "content": block_of(content)}
