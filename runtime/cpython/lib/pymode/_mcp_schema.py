"""Type hints as JSON schemas, and JSON values as what the hints ask for."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import types
import typing
import uuid
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any, Literal, NoReturn, Union

_MISSING = dataclasses.MISSING

_PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
_ARRAYS = (list, Sequence, MutableSequence, Iterable, set, frozenset)
_OBJECTS = (dict, Mapping, MutableMapping)
_FORMATS: dict[Any, tuple[str, Any]] = {
    datetime.datetime: ("date-time", datetime.datetime.fromisoformat),
    datetime.date: ("date", datetime.date.fromisoformat),
    datetime.time: ("time", datetime.time.fromisoformat),
    uuid.UUID: ("uuid", uuid.UUID),
}


class ValueMismatchError(ValueError):
    """A JSON value is not what a hint asks for; the text says where and why."""


def _strip(hint: Any) -> tuple[Any, str]:
    """Take off what surrounds a type, and give its description."""
    text = ""
    while True:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            hint, *notes = typing.get_args(hint)
            for note in notes:
                found = note if isinstance(note, str) else getattr(note, "description", None)
                if isinstance(found, str) and not text:
                    text = found
        elif origin in (typing.Required, typing.NotRequired, typing.ReadOnly, typing.Final):
            (hint,) = typing.get_args(hint)
        elif isinstance(hint, typing.TypeAliasType):
            hint = hint.__value__
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        else:
            return hint, text


def schema(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """Write the schema of a hint; classes with fields go to `defs`.

    Raises TypeError for a hint that JSON has nothing for.
    """
    hint, text = _strip(hint)
    made = _schema(hint, defs)
    return {**made, "description": text} if text else made


def _schema(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hint is Any or hint is object:
        return {}
    if hint is None or hint is type(None):
        return {"type": "null"}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if hint is bytes:
        return {"type": "string", "contentEncoding": "base64"}
    if hint in _FORMATS:
        return {"type": "string", "format": _FORMATS[hint][0]}
    if origin is Literal:
        return _choices(args)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema(arg, defs) for arg in args]}
    if origin is tuple:
        return _tuple(args, defs)
    if origin in _ARRAYS:
        made: dict[str, Any] = {"type": "array", "items": schema(args[0], defs) if args else {}}
        return {**made, "uniqueItems": True} if origin in (set, frozenset) else made
    if origin in _OBJECTS:
        values = schema(args[1], defs) if len(args) == 2 else {}
        return {"type": "object", "additionalProperties": values or True}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _choices(tuple(member.value for member in hint))
    if dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
        return _reference(hint, defs)
    raise TypeError(f"{name(hint)} has no JSON schema")


def _choices(values: Sequence[Any]) -> dict[str, Any]:
    values = [value.value if isinstance(value, enum.Enum) else value for value in values]
    made: dict[str, Any] = {"enum": values}
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and (kind := kinds.pop()) in _PLAIN:
        made["type"] = _PLAIN[kind]
    return made


def _tuple(args: tuple[Any, ...], defs: dict[str, Any]) -> dict[str, Any]:
    if not args:
        return {"type": "array", "items": {}}
    if len(args) == 2 and args[1] is ...:
        return {"type": "array", "items": schema(args[0], defs)}
    items = [schema(arg, defs) for arg in args]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _reference(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    title = hint.__name__
    if title not in defs:
        made: dict[str, Any] = {"type": "object", "properties": {}}
        defs[title] = made  # before its fields, which may be of the class itself
        required = []
        for key, inner, default in _fields(hint):
            made["properties"][key] = with_default(schema(inner, defs), default)
            if default is _MISSING:
                required.append(key)
        if required:
            made["required"] = required
    return {"$ref": f"#/$defs/{title}"}


def _fields(hint: Any) -> list[tuple[str, Any, Any]]:
    """List name, hint and default of a class's fields; an absent default is None."""
    hints = typing.get_type_hints(hint, include_extras=True)
    if typing.is_typeddict(hint):
        return [
            (key, inner, _MISSING if _is_required(hint, key, inner) else None)
            for key, inner in hints.items()
        ]
    found = []
    for field in dataclasses.fields(hint):
        default = field.default
        if default is _MISSING and field.default_factory is not _MISSING:
            default = None
        if field.init:
            found.append((field.name, hints[field.name], default))
    return found


def _is_required(hint: Any, key: str, inner: Any) -> bool:
    # In a module with `from __future__ import annotations` the class has not
    # seen that its hints say NotRequired.
    origin = typing.get_origin(inner)
    if origin in (typing.Required, typing.NotRequired):
        return origin is typing.Required
    return key in hint.__required_keys__


def with_default(made: dict[str, Any], default: Any) -> dict[str, Any]:
    """Add a default to a schema, if there is one that JSON can hold."""
    if default is _MISSING or default is None:
        return made
    try:
        value = default.value if isinstance(default, enum.Enum) else default
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return made
    return {**made, "default": value}


def name(hint: Any) -> str:
    """Name a hint for a message."""
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


def convert(hint: Any, value: Any, where: str) -> Any:
    """Give a JSON value as the hint asks for it; ValueMismatchError where it is not that."""
    hint, _ = _strip(hint)
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hint is Any or hint is object:
        return value
    if hint is None or hint is type(None):
        return value if value is None else _mismatch(where, "null", value)
    if hint in _PLAIN:
        return _plain(hint, value, where)
    if hint is bytes or hint in _FORMATS:
        return _parsed(hint, value, where)
    if origin is Literal or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
        return _choice(hint, args, value, where)
    if origin in (Union, types.UnionType):
        return _either(args, value, where)
    if origin is tuple or origin in _ARRAYS:
        return _array(origin, args, value, where)
    if not isinstance(value, dict):
        _mismatch(where, "an object", value)
    if origin in _OBJECTS:
        inner = args[1] if len(args) == 2 else Any
        return {key: convert(inner, item, f"{where}.{key}") for key, item in value.items()}
    return _object(hint, value, where)


def _plain(hint: Any, value: Any, where: str) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if hint is int and type(value) is float and value.is_integer():
        return int(value)
    if type(value) is hint:
        return value
    return _mismatch(where, _NAMES[hint], value)


def _parsed(hint: Any, value: Any, where: str) -> Any:
    expected = "base64" if hint is bytes else f"a {_FORMATS[hint][0]}"
    if not isinstance(value, str):
        _mismatch(where, f"a string that is {expected}", value)
    try:
        return base64.b64decode(value, validate=True) if hint is bytes else _FORMATS[hint][1](value)
    except ValueError:
        return _mismatch(where, f"a string that is {expected}", value)


def _choice(hint: Any, args: tuple[Any, ...], value: Any, where: str) -> Any:
    members = args or tuple(hint)
    values = [member.value if isinstance(member, enum.Enum) else member for member in members]
    for member, known in zip(members, values, strict=True):
        if type(known) is type(value) and known == value:
            return member
    return _mismatch(where, "one of " + ", ".join(map(shown, values)), value)


def _either(args: tuple[Any, ...], value: Any, where: str) -> Any:
    # An exact type first, so that 3 is no float where an int is possible.
    for arg in args:
        if _strip(arg)[0] is type(value):
            return convert(arg, value, where)
    texts = []
    for arg in args:
        try:
            return convert(arg, value, where)
        except ValueMismatchError as error:
            texts.append(str(error))
    raise ValueMismatchError("; or ".join(dict.fromkeys(texts)))


def _array(origin: Any, args: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        _mismatch(where, "an array", value)
    if origin is tuple and args and args[-1] is not ...:
        if len(value) != len(args):
            raise ValueMismatchError(f"{where} must have {len(args)} items, not {len(value)}")
        hints = args
    else:
        hints = (args[0] if args else Any,) * len(value)
    items = [
        convert(hint, item, f"{where}[{index}]")
        for index, (hint, item) in enumerate(zip(hints, value, strict=True))
    ]
    if origin not in (tuple, set, frozenset):
        return items
    try:
        return origin(items)
    except TypeError:
        return _mismatch(where, "an array of plain values", value)


def _object(hint: Any, value: dict[str, Any], where: str) -> Any:
    made = {}
    fields = _fields(hint)
    for key, inner, default in fields:
        if key in value:
            made[key] = convert(inner, value[key], f"{where}.{key}")
        elif default is _MISSING:
            raise ValueMismatchError(f"{where}.{key} is missing")
    if extra := value.keys() - {key for key, _, _ in fields}:
        raise ValueMismatchError(
            f"{where}.{min(extra)} is unknown; {name(hint)} has {', '.join(f[0] for f in fields)}"
        )
    try:
        return made if typing.is_typeddict(hint) else hint(**made)
    except (TypeError, ValueError) as error:
        raise ValueMismatchError(f"{where}: {error}") from error


def shown(value: Any) -> str:
    """Write a value for a message, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def _mismatch(where: str, expected: str, value: Any) -> NoReturn:
    raise ValueMismatchError(f"{where} must be {expected}, not {shown(value)}")
