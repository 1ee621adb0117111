"""What callers say to a bucket, as the host has it.

The errors are those of the platform's binding layer, word for word.
"""

from __future__ import annotations

import datetime
import email.utils
import io
import re
from collections.abc import Mapping
from typing import Any

from pymode._headers import Headers

# The fields of httpMetadata by their headers.
HTTP_FIELDS = {
    "content-type": "contentType",
    "content-language": "contentLanguage",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "cache-control": "cacheControl",
    "expires": "cacheExpiry",
}
# Checksums: the name in error texts, and the length in bytes.
_HASHES = {
    "md5": ("MD5", 16),
    "sha1": ("SHA-1", 20),
    "sha256": ("SHA-256", 32),
    "sha384": ("SHA-384", 48),
    "sha512": ("SHA-512", 64),
}
_ETAG = re.compile(r'\s*(?:(W/)?"([^"]*)"|(\*))\s*(?:,|$)')
_WORD = re.compile(r"_([a-z])")


def camel(name: str) -> str:
    """Give the platform's spelling of a name: `only_if` is `onlyIf`."""
    return _WORD.sub(lambda match: match[1].upper(), name)


def option_names(*names: str) -> dict[str, str]:
    """Map both spellings of options to the one that is used here."""
    return {spelling: name for name in names for spelling in (name, camel(name))}


def chosen(
    names: Mapping[str, str],
    method: str,
    options: Mapping[str, Any] | None,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Join options of a dict, of which unknown ones count for nothing, and keywords."""
    picked = {names[k]: v for k, v in dict(options or {}).items() if k in names}
    for key, value in more.items():
        if key not in names:
            raise TypeError(f"{method}() got an unexpected keyword argument {key!r}")
        picked[names[key]] = value
    return picked


def field(value: Any, name: str) -> Any:
    """Give a field of a mapping or an object, in either spelling; None without one."""
    for spelling in (camel(name), name):
        if isinstance(value, Mapping):
            if spelling in value:
                return value[spelling]
        elif hasattr(value, spelling):
            return getattr(value, spelling)
    return None


def _headers(value: Any, *names: str) -> Headers | None:
    """Give headers if the value is some, or a mapping with one of the names."""
    if isinstance(value, Headers):
        return value
    if isinstance(value, Mapping) and any(str(key).lower() in names for key in value):
        return Headers(value)
    return None


def milliseconds(when: Any) -> int:
    """Give a time in ms since 1970: of a datetime, or of a number of ms."""
    if isinstance(when, datetime.datetime):
        return round(when.timestamp() * 1000)
    return int(when)


def requested_range(value: Any) -> dict[str, Any]:
    """Check a range: offset and length, suffix, or a Range header."""
    if value is None:
        return {}
    # "range" in a mapping is a header's name: no field of a range has it.
    if (headers := _headers(value, "range")) is not None:
        header = headers.get("range")
        return {"rangeHeader": header} if header else {}
    offset, length, suffix = (
        _number(field(value, name), text)
        for name, text in (
            ("offset", "Invalid range. Starting offset"),
            ("length", "Invalid range. Length"),
            ("suffix", "Invalid suffix. Suffix"),
        )
    )
    if suffix is not None:
        if offset is not None:
            raise TypeError("Suffix is incompatible with offset.")
        if length is not None:
            raise TypeError("Suffix is incompatible with length.")
    span = {"offset": offset, "length": length, "suffix": suffix}
    return {"range": {name: number for name, number in span.items() if number is not None}}


def _number(value: Any, text: str) -> int | None:
    if value is None:
        return None
    if value < 0:
        raise ValueError(f"{text} ({value}) must be greater than or equal to 0.")
    if value != int(value):
        raise ValueError(f"{text} ({value}) must be an integer, not floating point.")
    return int(value)


def condition(value: Any) -> dict[str, Any] | None:
    """Check onlyIf: an R2Conditional, or the conditional headers of a request."""
    if value is None:
        return None
    headers = _headers(
        value, "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"
    )
    if headers is not None:
        return _conditional_headers(headers)
    result: dict[str, Any] = {}
    for name in ("etag_matches", "etag_does_not_match"):
        etags = field(value, name)
        if etags is not None:
            result[camel(name)] = [_plain(e) for e in _listed(etags)]
    for name in ("uploaded_before", "uploaded_after"):
        when = field(value, name)
        if when is not None:
            result[camel(name)] = milliseconds(when)
    if field(value, "seconds_granularity"):
        result["secondsGranularity"] = True
    return result


def _listed(etags: Any) -> list[Any]:
    return [etags] if isinstance(etags, str) else list(etags)


def _plain(etag: str) -> str:
    if len(etag) > 1 and etag.endswith('"') and etag.startswith(('"', 'W/"')):
        raise TypeError(f"Conditional ETag should not be wrapped in quotes ({etag}).")
    return etag


def _conditional_headers(headers: Headers) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for header, strong, weak in (
        ("if-match", "etagMatches", "weakMatches"),
        ("if-none-match", "etagDoesNotMatch", "weakDoesNotMatch"),
    ):
        text = headers.get(header)
        if text is None:
            continue
        result[strong], result[weak] = [], []
        for match in _ETAG.finditer(text):
            result[weak if match[1] else strong].append(match[3] or match[2])
    for header, name, later in (
        ("if-modified-since", "uploadedAfter", 0),
        # "Not modified since" includes the second that it names.
        ("if-unmodified-since", "uploadedBefore", 1000),
    ):
        text = headers.get(header)
        if text is not None and (when := _date(text)) is not None:
            result[name] = milliseconds(when) + later
    result["secondsGranularity"] = True
    return result


def _date(text: str) -> datetime.datetime | None:
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None  # as if it were not there: RFC 9110, 13.1.3
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)


def http_metadata(value: Any) -> dict[str, Any]:
    """Check httpMetadata: a mapping in either spelling, or a response's headers."""
    result: dict[str, Any] = {}
    headers = _headers(value, *(name for name in HTTP_FIELDS if "-" in name))
    for header, name in HTTP_FIELDS.items():
        given = headers.get(header) if headers is not None else field(value, _snake(name))
        if given is None:
            continue
        if name == "cacheExpiry":
            when = _date(given) if isinstance(given, str) else given
            if when is not None:
                result[name] = milliseconds(when)
        else:
            result[name] = str(given)
    return result


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


def digest(options: Mapping[str, Any]) -> dict[str, str]:
    """Check the checksum of a put, of which there may be one."""
    given = {name: options[name] for name in _HASHES if options.get(name) is not None}
    if len(given) > 1:
        raise TypeError("You cannot specify multiple hashing algorithms.")
    return {name: _hex(value, *_HASHES[name]) for name, value in given.items()}


def _hex(value: Any, label: str, size: int) -> str:
    if isinstance(value, str):
        if len(value) != 2 * size:
            raise TypeError(f"{label} is {2 * size} hex characters, not {len(value)}")
        try:
            return bytes.fromhex(value).hex()
        except ValueError:
            raise TypeError(f"Provided {label} wasn't a valid hex string") from None
    data = bytes(memoryview(value))
    if len(data) != size:
        raise TypeError(f"{label} is {size} bytes, not {len(data)}")
    return data.hex()


def length_of(stream: Any, length: Any) -> int:
    """Give a stream's length in bytes, as it is said or as a file knows it."""
    if length is not None:
        return int(length)
    try:
        if stream.seekable():
            here = stream.tell()
            end = stream.seek(0, io.SEEK_END)
            stream.seek(here)
            return int(end) - here
    except (AttributeError, OSError, ValueError):
        pass
    raise TypeError(
        "Provided readable stream must have a known length "
        "(request/response body or readable half of FixedLengthStream)"
    )
