"""A key-value namespace, as the worker's env has it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pymode import _json_errors
from pymode._binding import Binding, Result, options

_TYPES = {
    "text": "text", "json": "json", "arrayBuffer": "bytes", "array_buffer": "bytes",
    "bytes": "bytes", "stream": "stream",
}  # fmt: skip

_GET_OPTIONS = {"type": "type", "cacheTtl": "cache_ttl", "cache_ttl": "cache_ttl"}
_PUT_OPTIONS = {
    "expiration": "expiration", "expiration_ttl": "expiration_ttl",
    "expirationTtl": "expiration_ttl", "metadata": "metadata",
}  # fmt: skip
_LIST_OPTIONS = {"prefix": "prefix", "limit": "limit", "cursor": "cursor"}


class KVError(Exception):
    """What KV refused, in the platform's own words."""

    __module__ = "pymode.env"


class KVValue(Result):
    """A value with its metadata: `r.value` and `r["value"]`, or `value, metadata = r`."""

    def __iter__(self) -> Iterator[Any]:
        """Yield value and metadata."""
        return iter((self["value"], self["metadata"]))


class KVListResult(Result):
    """A page of keys: `keys`, `list_complete`, and `cursor` where there are more."""

    keys = property(lambda self: self["keys"])  # type: ignore[assignment]


class KV(Binding):
    """A key-value namespace."""

    kind = "KV"
    error = KVError

    def get(self, key: Any, type: Any = None, **more: Any) -> Any:
        """Give the value of a key, None where there is none.

        `type` is "text" (a str), "json", "arrayBuffer" (bytes) or "stream" (a
        binary file). Of a list of keys: a dict of all of them. Raises KVError,
        TypeError, and ValueError for a value that is no JSON.
        """
        given = _get_options(type, more, "get")
        if isinstance(key, (list, tuple)):
            found = self._get_many(key, given)
            return {name: found[name].value if name in found else None for name in key}
        return self._get_one(key, given).value

    def get_with_metadata(self, key: Any, type: Any = None, **more: Any) -> Any:
        """Give value and metadata of a key, None for both where there is none."""
        given = _get_options(type, more, "get_with_metadata")
        if isinstance(key, (list, tuple)):
            found = self._get_many(key, given)
            missing = KVValue(value=None, metadata=None)
            return {name: found.get(name, missing) for name in key}
        return self._get_one(key, given)

    def get_multi(self, keys: Iterable[str], type: Any = None, **more: Any) -> dict[str, Any]:
        """Give the values of those keys that there are, in one call to the host."""
        found = self._get_many(list(keys), _get_options(type, more, "get_multi"))
        return {name: entry.value for name, entry in found.items()}

    def put(self, key: str, value: Any, *given: Mapping[str, Any], **more: Any) -> None:
        """Write a value: text, bytes or a binary file; numbers and None are written as text.

        `expiration` is a time in seconds since 1970, `expiration_ttl` seconds
        from now, `metadata` anything that is JSON.
        """
        entry, data = _entry(key, value, _merged(given, more, _PUT_OPTIONS, "put"))
        self._call("kv.put", entry, data)

    def put_multi(self, entries: Any, **more: Any) -> None:
        """Write the items of a dict, or pairs of key and value: all of them or none.

        A pair may have a third item, a dict of options as `put` takes them.
        """
        common = options(more, _PUT_OPTIONS, "put_multi")
        listed, pieces = [], []
        for key, value, *own in entries.items() if isinstance(entries, Mapping) else entries:
            given = common | (options(own[0], _PUT_OPTIONS, "put_multi") if own else {})
            entry, data = _entry(key, value, given)
            listed.append(entry | {"length": len(data)})
            pieces.append(data)
        self._call("kv.put_multi", {"entries": listed}, b"".join(pieces))

    def delete(self, key: str) -> None:
        """Delete a key; one that there is none of is no error."""
        self._call("kv.delete", {"key": _key(key)})

    def list(self, *given: Mapping[str, Any], **more: Any) -> KVListResult:
        """List keys in byte order: `prefix`, `limit` (1,000 by default) and `cursor`."""
        page, _ = self._call("kv.list", _merged(given, more, _LIST_OPTIONS, "list"))
        page["keys"] = [Result(key) for key in page["keys"]]
        return KVListResult(page, cacheStatus=None)

    getWithMetadata = get_with_metadata
    getMulti = get_multi
    putMulti = put_multi

    def _get_one(self, key: str, given: dict[str, Any]) -> KVValue:
        kind = given.pop("type")
        entry, data = self._call("kv.get", {"key": _key(key), **given})
        if entry["length"] < 0:
            return KVValue(value=None, metadata=None, cacheStatus=None)
        return KVValue(value=_decode(data, kind), metadata=entry["metadata"], cacheStatus=None)

    def _get_many(self, keys: Iterable[str], given: dict[str, Any]) -> dict[str, KVValue]:
        names = [_key(key) for key in keys]
        kind = given["type"]
        if kind == "bytes":
            given["type"] = "arrayBuffer"
        entries, data = self._call("kv.get_multi", {"keys": names, **given})
        found = {}
        start = 0
        for name, entry in zip(names, entries, strict=True):
            if entry["length"] < 0:
                continue
            value = _decode(data[start : start + entry["length"]], kind)
            start += entry["length"]
            found[name] = KVValue(value=value, metadata=entry["metadata"], cacheStatus=None)
        return found


def _get_options(type: Any, more: dict[str, Any], function: str) -> dict[str, Any]:
    given = dict(type) if isinstance(type, Mapping) else {} if type is None else {"type": type}
    found = options({**given, **more}, _GET_OPTIONS, function)
    kind = found.get("type") or "text"
    if kind not in _TYPES:
        raise TypeError(
            'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".'
        )
    found["type"] = _TYPES[kind]
    return found


def _merged(
    given: tuple[Mapping[str, Any], ...],
    more: dict[str, Any],
    names: dict[str, str],
    function: str,
) -> dict[str, Any]:
    """Join options given as a dict, in the platform's manner, and by keyword."""
    if len(given) > 1 or (given and not isinstance(given[0], (Mapping, type(None)))):
        raise TypeError(f"{function}() takes its options by keyword")
    return options({**(given[0] or {} if given else {}), **more}, names, function)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _entry(key: Any, value: Any, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    metadata = given.pop("metadata", None)
    if metadata is not None:
        given["metadata"] = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    for name in ("expiration", "expiration_ttl"):
        if given.get(name) is not None and not isinstance(given[name], (int, float, str)):
            given[name] = str(given[name])
    return {"key": _key(key), **given}, _encode(value)


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return str(value).encode("ascii")
    if isinstance(value, float):
        return _number(value).encode("ascii")
    if hasattr(value, "read"):
        data = value.read()
        return data.encode("utf-8") if isinstance(data, str) else bytes(data)
    raise TypeError(
        "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams"
        " as values."
    )


def _number(value: float) -> str:
    """Write a number as the platform's language does."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


def _decode(data: bytes, kind: str) -> Any:
    if kind == "bytes":
        return data
    if kind == "stream":
        return io.BytesIO(data)
    text = data.decode("utf-8", "replace")
    return _json_errors.parse(text) if kind == "json" else text
