"""Where print, stderr, logging and warnings go: to the host, as log lines.

A line that is printed is one log entry; a record of `logging` is one entry
however many lines it has, with its own level. Nothing of it ever reaches the
response, and nothing is kept here but the line that is still being written.
"""

from __future__ import annotations

import codecs
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import _pymode

# A line longer than this, in characters, becomes several entries: a program
# that prints without newlines must not fill the memory.
LINE_LIMIT = 64 * 1024

Sink = Callable[[bytes, str], None]
"""Takes the level as the JSON arguments of the host call, and the text."""

LEVELS = {
    level: b'{"level":"%s"}' % level.encode()
    for level in ("debug", "info", "log", "warning", "error", "critical")
}


def send(level: bytes, text: str) -> None:
    """Hand one log entry to the host."""
    # Lone surrogates, as in file names that are no UTF-8, stay readable.
    _pymode.tell("log", level, text.encode("utf-8", "backslashreplace"))


class LogWriter(io.TextIOBase):
    """A text file whose lines become log entries of one level."""

    mode = "w"
    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = True
    write_through = False

    def __init__(self, name: str, level: str, sink: Sink = send) -> None:
        self.name = name
        self.buffer = LogBuffer(self)
        self._level = LEVELS[level]
        self._sink = sink
        self._parts: list[str] = []
        self._size = 0

    def write(self, text: str, /) -> int:
        """Add text to the current line; every line that it ends is logged."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        size = len(text)
        if "\n" in text:
            self._write_lines(text)
        elif size + self._size <= LINE_LIMIT:
            self._parts.append(text)
            self._size += size
            # Many empty or one-character writes: the parts cost more than the text.
            if len(self._parts) > 1024:
                self._parts = ["".join(self._parts)]
        else:
            self._keep(self._take() + text)
        return size

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write each of the strings."""
        for line in lines:
            self.write(line)

    def _write_lines(self, text: str) -> None:
        start = 0
        while (end := text.find("\n", start)) >= 0:
            # Sliced line by line: splitting a text of 100 MB would double it.
            line = text[start:end]
            self._keep(self._take() + line if self._size else line)
            self._sink(self._level, self._take())
            start = end + 1
        if start < len(text):
            self._keep(text[start:])

    def _keep(self, text: str) -> None:
        """Make text the current line, logging what is too long of it."""
        start = 0
        while len(text) - start > LINE_LIMIT:
            self._sink(self._level, text[start : start + LINE_LIMIT])
            start += LINE_LIMIT
        if start:
            text = text[start:]
        self._parts.append(text)
        self._size += len(text)

    def _take(self) -> str:
        """Empty the current line and return it."""
        line = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return line

    def finish(self) -> None:
        """Log a line that was begun and not ended."""
        self.buffer.finish()
        if self._size:
            self._sink(self._level, self._take())

    def flush(self) -> None:
        """Do nothing: a line is one entry, whenever it is flushed."""

    def close(self) -> None:
        """Do nothing: the host's log can't be closed by a worker."""

    def detach(self) -> Any:
        """Refuse: there is no file underneath."""
        raise io.UnsupportedOperation("detach")

    def reconfigure(self, **options: Any) -> None:
        """Accept the options of `io.TextIOWrapper.reconfigure`; none has an effect."""

    def isatty(self) -> bool:
        """Say no: there is no terminal in a worker."""
        return False

    def writable(self) -> bool:
        """Say yes."""
        return True


class LogBuffer(io.BufferedIOBase):
    """The binary side of a `LogWriter`: `sys.stdout.buffer`."""

    mode = "wb"

    def __init__(self, text: LogWriter) -> None:
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def name(self) -> str:
        """The name of the text file."""
        return self._text.name

    def write(self, data: Any, /) -> int:
        """Log bytes; what is no UTF-8 is replaced."""
        view = memoryview(data).cast("B")
        # In pieces, since the decoded text of 100 MB would be another 100 MB.
        for start in range(0, len(view), LINE_LIMIT):
            self._text.write(self._decoder.decode(view[start : start + LINE_LIMIT]))
        return len(view)

    def finish(self) -> None:
        """Write out what is left of a character that was cut."""
        if rest := self._decoder.decode(b"", True):
            self._text.write(rest)
        self._decoder.reset()

    def close(self) -> None:
        """Do nothing, as the text side."""

    def writable(self) -> bool:
        """Say yes."""
        return True


STDOUT = LogWriter("<stdout>", "info")
STDERR = LogWriter("<stderr>", "error")


def level_of(number: int) -> bytes:
    """Name the level of a logging record, as the host knows it."""
    if number >= logging.CRITICAL:
        return LEVELS["critical"]
    if number >= logging.ERROR:
        return LEVELS["error"]
    if number >= logging.WARNING:
        return LEVELS["warning"]
    return LEVELS["info"] if number >= logging.INFO else LEVELS["debug"]


class LogHandler(logging.Handler):
    """The root logger's handler: one entry a record, with the record's level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record to the host, unless a handler before did."""
        if getattr(record, "pymode_sent", False):
            return
        try:
            send(level_of(record.levelno), self.format(record))
        except Exception:
            self.handleError(record)


def _patch_stream_handler() -> None:
    """Make handlers that write to sys.stderr keep the level of their records.

    A worker that adds a StreamHandler of its own would else see everything at
    level "error", and twice, since the root logger has a handler from the start.
    """
    emit = logging.StreamHandler.emit

    def emit_with_level(self: logging.StreamHandler[TextIO], record: logging.LogRecord) -> None:
        if type(self.stream) is not LogWriter:
            emit(self, record)
            return
        try:
            send(level_of(record.levelno), self.format(record))
            record.pymode_sent = True
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)

    logging.StreamHandler.emit = emit_with_level


def _patch_basic_config(handler: LogHandler) -> None:
    """Make logging.basicConfig work although the root logger has a handler."""
    original = logging.basicConfig

    def basic_config(**options: Any) -> None:
        root = logging.getLogger()
        if root.handlers and root.handlers != [handler]:
            original(**options)
            return
        root.removeHandler(handler)
        if not options.keys() & {"format", "handlers", "filename", "stream", "style"}:
            # The console has columns for level and time: the text is the message.
            options["format"] = "%(message)s"
        try:
            original(**options)
        finally:
            if not root.handlers:
                root.addHandler(handler)

    basic_config.__doc__ = original.__doc__
    logging.basicConfig = basic_config


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    if file is not None:
        file.write(text)
    else:
        send(LEVELS["warning"], text.rstrip("\n"))


def install() -> None:
    """Put the writers, the logging handler and the warnings hook in place."""
    sys.stdout = sys.__stdout__ = STDOUT
    sys.stderr = sys.__stderr__ = STDERR
    # The request document comes on fd 0: nothing of it is the worker's to read.
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BytesIO(), "utf-8")
    _patch_stream_handler()
    handler = LogHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    # Python's own WARNING hides logging.info without a word, and in a console
    # for developers that is what people then look for.
    root.setLevel(logging.INFO)
    _patch_basic_config(handler)
    warnings.showwarning = _show_warning


def finish() -> None:
    """Log the lines that were begun and not ended. Called after every request."""
    STDOUT.finish()
    STDERR.finish()
