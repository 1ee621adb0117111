"""http.client over the host's fetch: the connection is an exchange, not a stream.

http.client writes a request to a socket and reads the response from it. Here
the socket gathers what is written, and when it is read from, sends it off as
one request of the host's. All that builds on http.client then works as it is.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

# What belongs to a connection, which is the host's business.
OF_THE_CONNECTION = frozenset(
    ("connection", "content-length", "host", "keep-alive", "proxy-connection", "te",
     "transfer-encoding", "upgrade")
)  # fmt: skip


class ExchangeSocket:
    """Gathers a request, sends it through the host, and reads as its response."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        # Of the class, not by the class: urllib3 has an HTTPSConnection of its own.
        secure = connection.default_port == http.client.HTTPS_PORT
        self._scheme = "https" if secure else "http"
        host = getattr(connection, "_tunnel_host", None) or connection.host
        port = getattr(connection, "_tunnel_port", None) or connection.port
        self._authority = f"[{host}]" if ":" in host else host
        if port and port != connection.default_port:
            self._authority += f":{port}"
        self._timeout = seconds_of(connection.timeout)
        self._sent = bytearray()
        self._length: int | None = None  # of the whole request, once it is known
        self._response: bytes | None = None
        self._failure: OSError | None = None  # to be met by who reads the response

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Gather a piece of the request, and send the request when it is whole.

        A request that fails then fails where its client expects it to.
        """
        self._sent += data
        if self._length is None:
            self._length = request_length(self._sent)
        if self._length is not None and len(self._sent) >= self._length:
            self._exchange()

    def _exchange(self) -> None:
        from pymode.http import FetchTimeout

        request, self._sent, self._length = bytes(self._sent), bytearray(), None
        try:
            self._response = self._respond(request)
        except FetchTimeout as failure:  # a real socket meets it in a read
            self._failure = failure

    def makefile(self, _mode: str = "rb", *_args: Any, **_options: Any) -> io.BufferedIOBase:
        """Give the response to read."""
        error, self._failure = self._failure, None
        if self._sent:  # a chunked body: its end is known only here
            try:
                self._exchange()
            except OSError as failure:
                error = failure
        if self._response is None:
            # http.client's response object must be whole before it may fail.
            return io.BufferedReader(_Failed(error or ConnectionError("no request was sent")))
        response, self._response = self._response, None
        return io.BytesIO(response)

    def _respond(self, request: bytes) -> bytes:
        from pymode.http import exchange

        method, target, fields, body = parse_request(request)
        if not target.lower().startswith(("http://", "https://")):
            target = f"{self._scheme}://{self._authority}{target}"
        status, received, content = exchange(target, method, fields, body, self._timeout)
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
        bodiless = method == "HEAD" or status in (204, 304)
        for name, value in received:
            if name.lower() not in OF_THE_CONNECTION or (
                bodiless and name.lower() == "content-length"
            ):
                lines.append(f"{name}: {value}")
        if not bodiless:
            lines.append(f"Content-Length: {len(content)}")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return head if bodiless else head + content

    def settimeout(self, seconds: float | None) -> None:
        """Limit how long the whole exchange takes, in seconds."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """Give the limit, in seconds."""
        return self._timeout

    def setsockopt(self, *_option: Any) -> None:
        """Accept an option."""

    def shutdown(self, _how: int) -> None:
        """Accept the end."""

    def close(self) -> None:
        """Accept the end."""


class _Failed(io.RawIOBase):
    """A file that raises when it is read."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, _buffer: Any) -> int:
        """Raise the error."""
        raise self._error


def seconds_of(timeout: Any) -> float | None:
    """Read a connection's timeout, which may also be a mark for the default."""
    if isinstance(timeout, (int, float)):
        return float(timeout)
    return socket.getdefaulttimeout()


def request_length(request: bytearray) -> int | None:
    """Give the length of a request in bytes; None while its head is not whole, or chunked."""
    end = request.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = 0
    for line in request[:end].lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return end + 4 + length


def parse_request(request: bytes) -> tuple[str, str, list[list[Any]], bytes]:
    """Read a request as http.client writes it: method, target, fields, body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    fields: list[list[Any]] = []
    chunked = False
    for line in lines:
        name, _, value = line.partition(":")
        low = name.lower()
        if low == "transfer-encoding" and "chunked" in value.lower():
            chunked = True
        if low not in OF_THE_CONNECTION:
            fields.append([name, value.strip()])
    return method, target, fields, unchunk(body) if chunked else body


def unchunk(data: bytes) -> bytes:
    """Undo chunked transfer encoding; ValueError where it is cut."""
    body = bytearray()
    start = 0
    while True:
        end = data.find(b"\r\n", start)
        if end < 0:
            raise ValueError("the chunked body has no end")
        size = int(data[start:end].split(b";")[0], 16)
        if size == 0:
            return bytes(body)
        body += data[end + 2 : end + 2 + size]
        start = end + 2 + size + 2


def _connect(self: http.client.HTTPConnection) -> None:
    self.sock = ExchangeSocket(self)


def install() -> None:
    """Put exchanges in place of connections."""
    http.client.HTTPConnection.connect = _connect
    http.client.HTTPSConnection.connect = _connect
