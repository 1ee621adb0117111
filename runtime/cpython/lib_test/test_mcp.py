"""Type hints as schemas, and values as what hints ask for."""

from __future__ import annotations

from harness import GuestTest

HINTS = """
import dataclasses, datetime, enum, typing, uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, Required, TypedDict
from pymode._mcp_schema import ValueMismatchError, convert, schema

class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2

class Part(TypedDict, total=False):
    name: Required[str]
    count: Annotated[int, "how many"]

@dataclasses.dataclass
class Node:
    value: int
    tags: list[str] = dataclasses.field(default_factory=list)
    size: Size = Size.SMALL
    def __post_init__(self):
        if self.value < 0: raise ValueError("value is negative")

type Names = list[str]
UserID = NewType("UserID", int)

def shown(value):
    return repr(value).replace("<Size.", "<").replace("datetime.", "")
"""


class Hints(GuestTest):
    """One row a hint."""

    def value(self, code: str) -> object:
        """Run code in a module that has the hints, and give what it left in `value`."""
        return self.script(
            "import sys, types\n"
            "module = sys.modules['hints'] = types.ModuleType('hints')\n"
            f"code = compile({HINTS + code!r}, 'hints', 'exec', dont_inherit=True)\n"
            "exec(code, module.__dict__)\n"
            "value = module.value\n"
        )

    def test_schemas(self) -> None:
        """A hint has a schema."""
        rows = {
            "Any": "{}",
            "None": "{'type': 'null'}",
            "bytes": "{'type': 'string', 'contentEncoding': 'base64'}",
            "datetime.date": "{'type': 'string', 'format': 'date'}",
            "uuid.UUID": "{'type': 'string', 'format': 'uuid'}",
            "Names": "{'type': 'array', 'items': {'type': 'string'}}",
            "UserID": "{'type': 'integer'}",
            "list": "{'type': 'array', 'items': {}}",
            "set[int]": "{'type': 'array', 'items': {'type': 'integer'}, 'uniqueItems': True}",
            "Sequence[bool]": "{'type': 'array', 'items': {'type': 'boolean'}}",
            "tuple[int, ...]": "{'type': 'array', 'items': {'type': 'integer'}}",
            "tuple[int, str]": "{'type': 'array', 'prefixItems': [{'type': 'integer'}, {'type': 'string'}], 'minItems': 2, 'maxItems': 2}",
            "Mapping[str, int]": "{'type': 'object', 'additionalProperties': {'type': 'integer'}}",
            "Optional[int]": "{'anyOf': [{'type': 'integer'}, {'type': 'null'}]}",
            "int | str": "{'anyOf': [{'type': 'integer'}, {'type': 'string'}]}",
            "Literal['a', 'b']": "{'enum': ['a', 'b'], 'type': 'string'}",
            "Size": "{'enum': [1, 2], 'type': 'integer'}",
            "Annotated[int, 'n']": "{'type': 'integer', 'description': 'n'}",
        }
        for hint, want in rows.items():
            with self.subTest(hint):
                self.assertEqual(self.value(f"value = str(schema({hint}, {{}}))"), want)

    def test_classes(self) -> None:
        """Classes with fields are definitions."""
        got = self.value("value = {}\nschema(list[Node | Part], value)")
        self.assertEqual(
            got,
            {
                "Node": {
                    "type": "object",
                    "properties": {
                        "value": {"type": "integer"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "size": {"type": "integer", "enum": [1, 2], "default": 1},
                    },
                    "required": ["value"],
                },
                "Part": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "count": {"type": "integer", "description": "how many"},
                    },
                    "required": ["name"],
                },
            },
        )

    def test_values(self) -> None:
        """A value is converted, or refused with its place."""
        rows = {
            "int, 2.0": "2",
            "int, 2.5": "x must be an integer, not 2.5",
            "int, True": "x must be an integer, not true",
            "float, 1": "1.0",
            "bool, 1": "x must be true or false, not 1",
            "str, None": "x must be a string, not null",
            "bytes, 'AAE='": "b'\\x00\\x01'",
            "bytes, '!'": 'x must be a string that is base64, not "!"',
            "datetime.date, '2024-02-29'": "date(2024, 2, 29)",
            "datetime.date, '2023-02-29'": 'x must be a string that is a date, not "2023-02-29"',
            "datetime.date, 5": "x must be a string that is a date, not 5",
            "set[int], [1, 1]": "{1}",
            "set, [[]]": "x must be an array of plain values, not [[]]",
            "tuple[int, str], [1, 'a']": "(1, 'a')",
            "tuple[int, str], [1]": "x must have 2 items, not 1",
            "list[list[int]], [[1], ['a']]": 'x[1][0] must be an integer, not "a"',
            "dict[str, int], {'k': 'v'}": 'x.k must be an integer, not "v"',
            "dict, []": "x must be an object, not []",
            "Size, 2": "<LARGE: 2>",
            "Size, 3": "x must be one of 1, 2, not 3",
            "Literal[1, 'a'], True": 'x must be one of 1, "a", not true',
            "float | int, 3": "3",
            "int | str, None": "x must be an integer, not null; or x must be a string, not null",
            "Optional[Part], {'name': 'n'}": "{'name': 'n'}",
            "Part, {'count': 1}": "x.name is missing",
            "Part, {'name': 'n', 'c': 1}": "x.c is unknown; Part has name, count",
            "Node, {'value': 1, 'size': 2}": "Node(value=1, tags=[], size=<LARGE: 2>)",
            "Node, {'value': -1}": "x: value is negative",
            "str, 'y' * 9 and 5": "x must be a string, not 5",
            "int, 'y' * 99": 'x must be an integer, not "' + "y" * 56 + "…",
        }
        for case, want in rows.items():
            with self.subTest(case):
                got = self.value(
                    "def of(hint, given): return shown(convert(hint, given, 'x'))\n"
                    f"try: value = of({case})\n"
                    "except ValueMismatchError as error: value = str(error)\n"
                )
                self.assertEqual(got, want)
