"""An object bucket, as the worker's env has it.

The checks that the platform makes in its binding layer are made here and in
`_r2_options`; those of its storage service by the host, which answers with the
platform's own text.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import _pymode

from pymode import _host
from pymode._binding import Binding
from pymode._r2_object import R2Error, R2Head, R2Object, R2Objects, R2Reader
from pymode._r2_options import (
    chosen,
    condition,
    digest,
    http_metadata,
    length_of,
    option_names,
    requested_range,
)

# What goes to the host in one call, and what goes in pieces of what size.
SMALL = 8 << 20
PIECE = 1 << 20
# What `get` gives as bytes, where there is memory for twice that: of the guest's
# 128 MB the interpreter has the larger part.
LARGEST = 32 << 20

_NOT_A_BODY = (
    "Failed to execute '{}' on 'R2Bucket': parameter 2 is not of type "
    "'ReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'."
)
_CLASSES: dict[str, type[Exception]] = {
    "TypeError": TypeError,
    "RangeError": ValueError,
    "SyntaxError": ValueError,
    "Error": R2Error,
}

_GET = option_names("range", "only_if", "stream")
_PUT = option_names(
    "http_metadata", "custom_metadata", "only_if", "storage_class", "length",
    "md5", "sha1", "sha256", "sha384", "sha512",
)  # fmt: skip
_UPLOAD = option_names("http_metadata", "custom_metadata", "storage_class")
_LIST = option_names("prefix", "limit", "cursor", "delimiter", "start_after", "include")
_PART = option_names("length")


def _call(op: str, args: Mapping[str, Any], data: bytes = b"") -> tuple[Any, bytes]:
    """Ask the host; its errors become exceptions of the class that they name."""
    try:
        return _host.call(op, args, data)
    except _pymode.HostError as error:
        text = str(error)
        name, separator, rest = text.partition(": ")
        if separator and name in _CLASSES:
            raise _CLASSES[name](rest) from None
        raise R2Error(text) from None


class R2(Binding):
    """An object bucket.

    Options may be given by keyword, in either spelling (`only_if=`, `onlyIf=`),
    or as a dict, as JavaScript does it.
    """

    kind = "R2"

    def _ask(self, op: str, data: bytes = b"", **args: Any) -> tuple[Any, bytes]:
        return _call("r2." + op, {"binding": self.name, **args}, data)

    def head(self, key: str) -> R2Head | None:
        """Give what is known of an object, without its body; None where there is none."""
        answer, _ = self._ask("head", key=_key(key))
        return None if answer["object"] is None else R2Head(answer)

    def get(self, key: str, options: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Give an object: bytes that also have etag, size, http_metadata, text(), json().

        None where there is none; where `only_if` does not hold, an `R2Head`,
        whose body is None. Objects that memory can't hold, and all of more
        than 32 MB, are read with `stream=True`, which is `open`.
        """
        picked = chosen(_GET, "get", options, more)
        stream = bool(picked.pop("stream", False))
        answer, data = self._ask("get", key=_key(key), stream=stream, **_get_args(picked))
        if answer["object"] is None:
            return None
        if not answer["body"]:
            return R2Head(answer)
        handle = answer.get("handle")
        if stream:
            return R2Reader(answer, _Source(handle))
        if handle:
            data = _read_all(key, _Source(handle), answer["range"]["length"])
        return R2Object(data, answer)

    def open(self, key: str, options: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Open an object as a file, which reads it in pieces; None where there is none."""
        return self.get(key, {**(options or {}), "stream": True}, **more)

    def put(
        self, key: str, value: Any, options: Mapping[str, Any] | None = None, **more: Any
    ) -> R2Head | None:
        """Store bytes, text, or what a file or an iterator of bytes gives.

        A stream's length must be known: from the file, or by `length=`. None
        where `only_if` did not hold, and nothing was written.
        """
        picked = chosen(_PUT, "put", options, more)
        args = _metadata_args(picked)
        if hashes := digest(picked):
            args["digest"] = hashes
        if (only_if := condition(picked.get("only_if"))) is not None:
            args["onlyIf"] = only_if
        args["key"] = _key(key)
        answer = self._send("put", args, value, picked.get("length"))
        return None if answer["object"] is None else R2Head(answer)

    def delete(self, keys: str | Iterable[str]) -> None:
        """Delete one object or up to 1000; they need not be there."""
        if isinstance(keys, str) or not isinstance(keys, Iterable):
            keys = [keys]
        self._ask("delete", keys=[_key(key) for key in keys])

    def list(self, options: Mapping[str, Any] | None = None, **more: Any) -> R2Objects:
        """List objects in the order of their keys' bytes."""
        picked = chosen(_LIST, "list", options, more)
        args: dict[str, Any] = {}
        for name, wire in (
            ("prefix", "prefix"),
            ("cursor", "cursor"),
            ("delimiter", "delimiter"),
            ("start_after", "startAfter"),
        ):
            if picked.get(name) is not None:
                args[wire] = str(picked[name])
        if picked.get("limit") is not None:
            args["limit"] = int(picked["limit"])
        if picked.get("include") is not None:
            args["include"] = [_include(name) for name in picked["include"]]
        answer, _ = self._ask("list", **args)
        return R2Objects(answer)

    def create_multipart_upload(
        self, key: str, options: Mapping[str, Any] | None = None, **more: Any
    ) -> R2MultipartUpload:
        """Begin an upload in parts."""
        picked = chosen(_UPLOAD, "create_multipart_upload", options, more)
        answer, _ = self._ask("create_multipart_upload", key=_key(key), **_metadata_args(picked))
        return R2MultipartUpload(self, answer["key"], answer["uploadId"])

    def resume_multipart_upload(self, key: str, upload_id: str) -> R2MultipartUpload:
        """Go on with an upload that was begun. Whether there is one is not looked up."""
        return R2MultipartUpload(self, _key(key), str(upload_id))

    createMultipartUpload = create_multipart_upload
    resumeMultipartUpload = resume_multipart_upload

    def _send(self, op: str, args: dict[str, Any], value: Any, length: int | None) -> Any:
        """Send a body by `op`, or in pieces where it is large or a stream."""
        pieces: Iterator[bytes]
        view = _in_memory(value, "put" if op == "put" else "uploadPart")
        if view is not None:
            if view.nbytes <= SMALL:
                data = value if type(value) is bytes else view.tobytes()
                return self._ask(op, data, **args)[0]
            length = view.nbytes
            pieces = (bytes(view[at : at + PIECE]) for at in range(0, length, PIECE))
        else:
            length = length_of(value, length)
            pieces = _pieces(value)
        handle = self._ask("write_begin", size=length, **args)[0]["handle"]
        try:
            for piece in pieces:
                _call("r2.write", {"handle": handle}, piece)
        except BaseException:
            with contextlib.suppress(Exception):
                _call("r2.write_abort", {"handle": handle})
            raise
        return _call("r2.write_commit", {"handle": handle})[0]


class R2UploadedPart:
    """A part of an upload: its number and etag, which `complete` needs."""

    def __init__(self, part_number: int, etag: str) -> None:
        self.part_number = self.partNumber = part_number
        self.etag = etag

    def __getitem__(self, name: str) -> Any:
        """Give a field, as a dict would."""
        if name in ("partNumber", "part_number", "etag"):
            return getattr(self, name)
        raise KeyError(name)

    def __repr__(self) -> str:
        """Show number and etag."""
        return f"<R2UploadedPart {self.part_number} {self.etag}>"


class R2MultipartUpload:
    """An object that is uploaded in parts, of at least 5 MiB each but the last."""

    def __init__(self, bucket: R2, key: str, upload_id: str) -> None:
        self._bucket = bucket
        self.key = key
        self.upload_id = self.uploadId = upload_id

    def upload_part(
        self, part_number: int, value: Any, options: Mapping[str, Any] | None = None, **more: Any
    ) -> R2UploadedPart:
        """Upload one part; it takes the place of one of the same number."""
        picked = chosen(_PART, "upload_part", options, more)
        _check_part(part_number)
        args = {"key": self.key, "uploadId": self.upload_id, "partNumber": int(part_number)}
        answer = self._bucket._send("upload_part", args, value, picked.get("length"))
        return R2UploadedPart(answer["partNumber"], answer["etag"])

    def complete(self, parts: Iterable[Any]) -> R2Head:
        """Make the object of its parts."""
        named = []
        for part in parts:
            number, etag = _part_of(part)
            _check_part(number)
            named.append({"partNumber": int(number), "etag": str(etag)})
        answer, _ = self._bucket._ask(
            "complete_multipart_upload", key=self.key, uploadId=self.upload_id, parts=named
        )
        return R2Head(answer)

    def abort(self) -> None:
        """Delete the upload and its parts."""
        self._bucket._ask("abort_multipart_upload", key=self.key, uploadId=self.upload_id)

    uploadPart = upload_part


class _Source:
    """A body that the host has opened."""

    def __init__(self, handle: str) -> None:
        self._handle = handle

    def read(self, offset: int, length: int) -> bytes:
        args = {"handle": self._handle, "offset": offset, "length": min(length, PIECE)}
        return _call("r2.read", args)[1]

    def close(self) -> None:
        _call("r2.read_close", {"handle": self._handle})


def _read_all(key: str, source: _Source, length: int) -> bytes:
    advice = (
        f"get: {key} is {length} bytes long; read it in pieces, by get(key, stream=True) "
        f"or open(key), or ask for a range"
    )
    try:
        if length > LARGEST:
            raise R2Error(advice)
        # Allocated once: a buffer that grows would need it twice.
        buffer = io.BytesIO()
        buffer.seek(length - 1)
        buffer.write(b"\0")
        buffer.seek(0)
        while (at := buffer.tell()) < length:
            buffer.write(source.read(at, PIECE))
        return buffer.getvalue()
    except MemoryError:
        raise R2Error(advice) from None
    finally:
        source.close()


def _key(key: Any) -> str:
    # JavaScript makes a string of whatever a key is.
    return key if isinstance(key, str) else str(key)


def _include(name: Any) -> str:
    return {"http_metadata": "httpMetadata", "custom_metadata": "customMetadata"}.get(
        str(name), str(name)
    )


def _get_args(picked: Mapping[str, Any]) -> dict[str, Any]:
    args = requested_range(picked.get("range"))
    if (only_if := condition(picked.get("only_if"))) is not None:
        args["onlyIf"] = only_if
    return args


def _metadata_args(picked: Mapping[str, Any]) -> dict[str, Any]:
    args: dict[str, Any] = {}
    if picked.get("http_metadata") is not None:
        args["httpMetadata"] = http_metadata(picked["http_metadata"])
    if picked.get("custom_metadata") is not None:
        args["customMetadata"] = {
            str(k): str(v) for k, v in dict(picked["custom_metadata"]).items()
        }
    if picked.get("storage_class") is not None:
        args["storageClass"] = str(picked["storage_class"])
    return args


def _in_memory(value: Any, action: str) -> memoryview | None:
    """Give the bytes of a value, None for a stream; TypeError for all else."""
    if value is None:
        return memoryview(b"")
    if isinstance(value, str):
        return memoryview(value.encode("utf-8", "replace"))
    with contextlib.suppress(TypeError):
        return memoryview(value).cast("B")
    if callable(getattr(value, "read", None)) or isinstance(value, Iterator):
        return None
    raise TypeError(_NOT_A_BODY.format(action))


def _pieces(stream: Any) -> Iterator[bytes]:
    """Yield what a file or an iterator gives, in pieces that the host takes."""
    read = getattr(stream, "read", None)
    chunks = iter(lambda: read(PIECE), b"") if callable(read) else stream
    for chunk in chunks:
        if not chunk:
            if chunk is None or isinstance(chunk, str):
                return
            continue
        view = memoryview(chunk).cast("B")
        for at in range(0, view.nbytes, PIECE):
            yield bytes(view[at : at + PIECE])


def _check_part(number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 10_000:
        raise TypeError(
            f"Part number must be between 1 and 10000 (inclusive). Actual value was: {number}"
        )


def _part_of(part: Any) -> tuple[Any, Any]:
    if isinstance(part, Mapping):
        return part.get("partNumber", part.get("part_number")), part.get("etag")
    number = getattr(part, "partNumber", None)
    return getattr(part, "part_number", None) if number is None else number, part.etag
