"""What a bucket gives: objects, what is known of them, and lists of them."""

from __future__ import annotations

import datetime
import email.utils
import io
import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol

from pymode._r2_options import HTTP_FIELDS, camel


class R2Error(Exception):
    """An error of the object storage, with the platform's own text."""


class Fields(dict[str, Any]):
    """A dict whose keys also answer in snake_case, and as attributes."""

    def __missing__(self, key: str) -> Any:
        other = camel(key)
        if other != key and other in self:
            return self[other]
        raise KeyError(key)

    def __getattr__(self, name: str) -> Any:
        """Give a field; None for one of the platform's that was not set."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(camel(name))


class Checksums(Fields):
    """The checksums of an object, as bytes by algorithm."""

    def to_json(self) -> dict[str, str]:
        """Give them in hex."""
        return {name: value.hex() for name, value in self.items()}

    toJSON = to_json


def _time(ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)


class R2Metadata:
    """What is known of an object. Names answer in both spellings, and as `o["etag"]`."""

    body: Any

    def _fill(self, answer: Mapping[str, Any]) -> None:
        known = answer["object"]
        self.key: str = known["key"]
        self.version: str = known["version"]
        self.size: int = known["size"]
        self.etag: str = known["etag"]
        self.http_etag = self.httpEtag = f'"{self.etag}"'
        self.uploaded = _time(known["uploaded"])
        http = Fields(known["httpMetadata"])
        if "cacheExpiry" in http:
            http["cacheExpiry"] = _time(http["cacheExpiry"])
        self.http_metadata = self.httpMetadata = http
        custom: dict[str, str] = known["customMetadata"]
        self.custom_metadata = self.customMetadata = custom
        self.storage_class = self.storageClass = known["storageClass"]
        self.checksums = Checksums(
            (name, bytes.fromhex(value)) for name, value in known["checksums"].items()
        )
        span = answer.get("range")
        self.range = None if span is None else Fields(span)

    def _field(self, name: str) -> Any:
        if name.startswith("_") or name not in self.__dict__:
            raise KeyError(name)
        return self.__dict__[name]

    def write_http_metadata(self, headers: MutableMapping[str, str]) -> None:
        """Set the headers that the object's httpMetadata says."""
        for header, name in HTTP_FIELDS.items():
            value = self.http_metadata.get(name)
            if isinstance(value, datetime.datetime):
                value = email.utils.format_datetime(value, usegmt=True)
            if value is not None:
                headers[header] = value

    writeHttpMetadata = write_http_metadata


class R2Head(R2Metadata):
    """An object without its body."""

    body = None

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._fill(answer)

    def __getitem__(self, name: str) -> Any:
        """Give a field, as a dict would."""
        return self._field(name)

    def __repr__(self) -> str:
        """Show key and size."""
        return f"<R2Head {self.key!r}, {self.size} bytes>"


class _Readable(R2Metadata):
    """A body's methods. As on the platform, one of them can be used, once."""

    body_used = bodyUsed = False

    def _take(self) -> bytes:
        raise NotImplementedError

    def _use(self) -> None:
        if self.body_used:
            raise TypeError(
                "Body has already been used. It can only be used once. "
                "Use tee() first if you need to read it twice."
            )
        self.body_used = self.bodyUsed = True

    def text(self) -> str:
        """Give the body as text."""
        return self.bytes().decode("utf-8-sig", "replace")

    def json(self) -> Any:
        """Give what the body's JSON says."""
        return json.loads(self.bytes())

    def bytes(self) -> bytes:
        """Give the body as plain bytes."""
        self._use()
        return self._take()

    array_buffer = arrayBuffer = blob = bytes


class R2Object(_Readable, bytes):
    """An object with its body, which it is: bytes with metadata.

    As bytes it can be used at any time and as often as one likes; text(),
    json(), bytes() and read() are the platform's, and read it once.
    """

    _at = 0
    _reading = False

    def __new__(cls, data: bytes, answer: Mapping[str, Any]) -> R2Object:
        """Make bytes of the body."""
        self = bytes.__new__(cls, data)
        self._fill(answer)
        self._answer = answer
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Say what a copy is made of."""
        return self._take(), self._answer

    def _take(self) -> bytes:
        return bytes(memoryview(self))

    @property
    def body(self) -> R2Object:
        """The body, for a response or another put: this, which can be read as a file."""
        return self

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes as a file does; the first call uses the body."""
        if not self._reading:
            self._use()
            self._reading = True
        end = len(self) if size is None or size < 0 else self._at + size
        piece = bytes(memoryview(self)[self._at : end])
        self._at += len(piece)
        return piece

    def __getitem__(self, index: Any) -> Any:
        """Give a byte, a slice, or by a name a field."""
        return self._field(index) if isinstance(index, str) else bytes.__getitem__(self, index)


class Source(Protocol):
    """Where a reader's bytes are."""

    def read(self, offset: int, length: int) -> bytes:
        """Give some of the bytes at an offset, none at the end."""

    def close(self) -> None:
        """Let go of the body."""


class R2Reader(_Readable, io.RawIOBase):
    """An object as a file that is read in pieces, for what memory can't hold."""

    _CHUNK = 1 << 20

    def __init__(self, answer: Mapping[str, Any], source: Source) -> None:
        super().__init__()
        self._fill(answer)
        self._source = source
        self._length = answer["range"]["length"]
        self._at = 0
        self._chunk = b""
        self._chunk_at = 0

    @property
    def body(self) -> R2Reader:
        """The body as a file: this."""
        return self

    def __getitem__(self, name: str) -> Any:
        """Give a field, as a dict would."""
        return self._field(name)

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Give the position in the part that was asked for."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position in the part that was asked for."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer what is there, at most a piece."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        view = memoryview(buffer).cast("B")
        start = self._at - self._chunk_at
        if not 0 <= start < len(self._chunk):
            wanted = min(self._CHUNK, self._length - self._at)
            if wanted <= 0 or not len(view):
                return 0
            self._chunk = self._source.read(self._at, wanted)
            self._chunk_at, start = self._at, 0
        count = min(len(view), len(self._chunk) - start)
        view[:count] = memoryview(self._chunk)[start : start + count]
        self._at += count
        return count

    def close(self) -> None:
        """Let go of the object."""
        if not self.closed:
            self._chunk = b""
            self._source.close()
        super().close()

    def _take(self) -> bytes:
        return self.readall() or b""


class R2Objects:
    """A page of a listing: objects, truncated, cursor, delimited_prefixes.

    Answers to `r["objects"]` and `r.objects`, and iterates over the objects.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.objects = [R2Head({"object": known}) for known in answer["objects"]]
        self.truncated: bool = answer["truncated"]
        self.cursor: str | None = answer.get("cursor")
        self.delimited_prefixes: list[str] = answer["delimitedPrefixes"]
        self.delimitedPrefixes = self.delimited_prefixes

    def keys(self) -> list[str]:
        """List the fields: cursor is there only where the listing goes on."""
        names = ["objects", "truncated", "delimitedPrefixes"]
        return [*names, "cursor"] if self.cursor is not None else names

    def __contains__(self, name: object) -> bool:
        """Say whether there is a field of that name."""
        return name in self.keys() or name == "delimited_prefixes"

    def __getitem__(self, name: Any) -> Any:
        """Give a field by its name, or an object by its index."""
        if not isinstance(name, str):
            return self.objects[name]
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a field, or the default."""
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[R2Head]:
        """Yield the objects."""
        return iter(self.objects)

    def __repr__(self) -> str:
        """Show how many there are."""
        return f"<R2Objects {len(self.objects)}{', truncated' if self.truncated else ''}>"
