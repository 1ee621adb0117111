"""What the platform says of text that is no JSON: the words of its JavaScript engine."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """Decode JSON; ValueError with the platform's own text."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(describe(error)) from None
    except _Constant as error:
        # Python reads NaN and Infinity, which are no JSON.
        raise ValueError(unexpected(text, text.find(str(error)))) from None


class _Constant(Exception):
    pass


def _refuse(constant: str) -> Any:
    raise _Constant(constant)


def describe(error: json.JSONDecodeError) -> str:
    """Say what V8 would of the same text."""
    text, position, message = error.doc, error.pos, error.msg
    if message.startswith("Unterminated string"):
        return at("Unterminated string in JSON", text, len(text))
    if message.startswith("Invalid control character"):
        return at("Bad control character in string literal in JSON", text, position)
    if message.startswith("Invalid \\escape"):
        return at("Bad escaped character in JSON", text, position + 1)
    if message.startswith("Invalid \\u"):
        return at("Bad Unicode escape in JSON", text, position)
    if message.startswith("Extra data"):
        return at("Unexpected non-whitespace character after JSON", text, position)
    before = text[:position].rstrip()[-1:]
    if message.startswith("Expecting property name"):
        what = (
            "Expected property name or '}'"
            if before == "{"
            else "Expected double-quoted property name"
        )
        return at(what + " in JSON", text, position)
    if message.startswith("Illegal trailing comma"):
        end = position + 1
        while text[end : end + 1].isspace():
            end += 1
        if text[end : end + 1] == "}":
            return at("Expected double-quoted property name in JSON", text, end)
        return unexpected(text, end)
    if message.startswith("Expecting ':'"):
        return at("Expected ':' after property name in JSON", text, position)
    if message.startswith("Expecting ','"):
        what = (
            "Expected ',' or '}' after property value"
            if innermost(text, position) == "{"
            else "Expected ',' or ']' after array element"
        )
        return at(what + " in JSON", text, position)
    return unexpected(text, position)


def at(what: str, text: str, position: int) -> str:
    """Add the place to a message."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"{what} at position {position} (line {line} column {column})"


def unexpected(text: str, position: int) -> str:
    """Say that a value was expected, and show the text around what is there."""
    if position >= len(text):
        return "Unexpected end of JSON input"
    around = 10  # characters on either side
    start, end = max(position - around, 0), min(position + around, len(text))
    head = "..." if start else ""
    tail = "..." if end < len(text) else ""
    return (
        f"Unexpected token '{text[position]}', {head}\"{text[start:end]}\"{tail} is not valid JSON"
    )


def innermost(text: str, position: int) -> str:
    """Give the bracket that is open at a position of text that is JSON up to there."""
    open_brackets = []
    inside_string = escaped = False
    for character in text[:position]:
        if inside_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside_string = False
        elif character == '"':
            inside_string = True
        elif character in "[{":
            open_brackets.append(character)
        elif character in "]}" and open_brackets:
            open_brackets.pop()
    return open_brackets[-1] if open_brackets else ""
