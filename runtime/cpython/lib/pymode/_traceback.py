"""Exceptions as the user should see them: their own frames, files relative to the project."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import _pymode

MESSAGE_LIMIT = 2048
"""Of a failure's message, in characters."""

TEXT_LIMIT = 128 * 1024
"""Of a whole traceback, in characters."""

FRAME_LIMIT = 64
"""Of a failure's traceback: a recursion error has a thousand."""


# What the parser raises MemoryError with for source that is nested too deeply, however
# much memory there is.
_TOO_NESTED = ("Parser stack overflowed - Python source too complex to parse",)


@dataclass(slots=True)
class Failure:
    """Why a handler or an import did not get to its end."""

    kind: str
    message: str
    frames: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""


class Project:
    """Tells the user's files from all others."""

    def __init__(self, root: str = "/app", path: tuple[str, ...] = ()) -> None:
        self.root = root.rstrip("/") + "/"
        # A directory of packages may lie inside the project, as .venv does.
        self._foreign = tuple(
            entry.rstrip("/") + "/"
            for entry in path
            if entry.startswith(self.root) and is_package_directory(entry)
        )

    def owns(self, filename: str) -> bool:
        """Say whether a file is the user's own code."""
        return (
            filename.startswith(self.root)
            and not filename.startswith(self._foreign)
            and not is_package_directory(filename)
        )

    def relative(self, filename: str) -> str:
        """Name a file of the project as the user does: "src/entry.py"."""
        return filename.removeprefix(self.root)


def is_package_directory(filename: str) -> bool:
    """Say whether a path leads through a directory of installed packages."""
    return "/site-packages/" in f"{filename}/" or "/python_modules/" in f"{filename}/"


# The frames around the user's: of this package, and of the import. Code objects know
# their file's name as tracebacks show it; a module in an archive does not.
_MACHINERY = (
    os.path.dirname(is_package_directory.__code__.co_filename) + "/",
    os.path.dirname(importlib.import_module.__code__.co_filename) + "/",
    "<frozen importlib",
)


def describe(error: BaseException, project: Project) -> Failure:
    """Say what happened. Never raises but for want of memory."""
    kind = kind_of(error)
    message = message_of(error)
    try:
        report = traceback.TracebackException(
            type(error), error, error.__traceback__, limit=-2000, compact=True
        )
        place = _place(report, project)
        _keep_user_frames(report, project, set())
        return Failure(
            kind,
            message,
            list(_frames(place)),
            _bounded("".join(report.format()), TEXT_LIMIT),
        )
    except (MemoryError, _pymode.CPUTimeExceeded):
        raise
    except Exception:
        # An exception class may do anything in __str__, __cause__ or __notes__.
        return Failure(kind, message, [], message + "\n")


def kind_of(error: BaseException) -> str:
    """Name the failure kind of an exception, as the host knows it."""
    if isinstance(error, _pymode.CPUTimeExceeded):
        return "cpu"
    if isinstance(error, MemoryError) and error.args[:1] != _TOO_NESTED:
        return "memory"
    return "exception"


def message_of(error: BaseException) -> str:
    """Give an exception's last line: "ZeroDivisionError: division by zero"."""
    cls = type(error)
    name = cls.__qualname__
    if cls.__module__ not in ("builtins", "__main__"):
        name = f"{cls.__module__}.{name}"
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        text = f"{name}: {text}" if text else name
    except Exception:
        text = f"{name}: <exception str() failed>"
    return _bounded(text, MESSAGE_LIMIT)


def _bounded(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _place(report: traceback.TracebackException, project: Project) -> traceback.TracebackException:
    """Find what has frames of the user's: the exception, or what led to it."""
    found: traceback.TracebackException | None = report
    for _ in range(FRAME_LIMIT):
        if found is None:
            break
        if any(project.owns(frame.filename) for frame in found.stack):
            return found
        found = found.__cause__ or found.__context__
    return report


def _keep_user_frames(
    report: traceback.TracebackException, project: Project, seen: set[int]
) -> None:
    """Drop the frames of others, in the exception and in all that led to it."""
    if id(report) in seen:
        return
    seen.add(id(report))
    stack = report.stack
    kept = [frame for frame in stack if project.owns(frame.filename)]
    filename = getattr(report, "filename", None)  # a SyntaxError's own place
    if not kept and not (isinstance(filename, str) and project.owns(filename)):
        kept = [frame for frame in stack if not frame.filename.startswith(_MACHINERY)]
    for frame in kept:
        # The source is looked up by name, so before the name is changed.
        frame._set_lines()
        frame.filename = project.relative(frame.filename)
    stack[:] = kept
    if isinstance(filename, str):
        report.filename = project.relative(filename)
    for other in (report.__cause__, report.__context__, *(report.exceptions or ())):
        if other is not None:
            _keep_user_frames(other, project, seen)


def _frames(report: traceback.TracebackException) -> Iterator[dict[str, Any]]:
    frames = list(report.stack)
    if len(frames) > FRAME_LIMIT:
        frames[FRAME_LIMIT // 4 : -(FRAME_LIMIT - FRAME_LIMIT // 4)] = []
    for frame in frames:
        yield _frame(frame.filename, frame.lineno or 0, frame.name, frame.line or "")
    filename = getattr(report, "filename", None)
    lineno = getattr(report, "lineno", None)
    if filename and lineno is not None and hasattr(report, "msg"):
        yield _frame(str(filename), int(lineno), "<module>", report.text or "")


def _frame(filename: str, line: int, function: str, text: str) -> dict[str, Any]:
    return {
        "file": filename,
        "line": line,
        "function": function,
        "text": _bounded(text.strip(), 500),
    }
