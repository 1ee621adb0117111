"""The module under `socket`: TCP connections of the host.

CPython's own _socket does not build for WASI. Names are resolved by the host
when it connects, so getaddrinfo gives every name back as its own address.
There are no servers, no datagrams, and no socket options that would matter.
"""

from __future__ import annotations

import _datetime
import errno
import json
from typing import Any, NoReturn

import _pymode
from pymode._addresses import *

SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOCK_NONBLOCK = 0x800
SOCK_CLOEXEC = 0x80000
SOL_SOCKET = 1
SOL_TCP = 6
SOL_IP = 0
SOMAXCONN = 128
SO_REUSEADDR = 2
SO_TYPE = 3
SO_ERROR = 4
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_LINGER = 13
IPPROTO_IP = 0
IPPROTO_ICMP = 1
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IPPROTO_IPV6 = 41
IPV6_V6ONLY = 26
TCP_NODELAY = 1
TCP_MAXSEG = 2
TCP_KEEPIDLE = 4
TCP_KEEPINTVL = 5
TCP_KEEPCNT = 6
TCP_USER_TIMEOUT = 18
MSG_OOB = 1
MSG_PEEK = 2
MSG_WAITALL = 0x100
MSG_DONTWAIT = 0x40
MSG_NOSIGNAL = 0x4000
SHUT_RD = 0
SHUT_WR = 1
SHUT_RDWR = 2

has_ipv6 = False
error = OSError
timeout = TimeoutError
CAPI = _datetime.datetime_CAPI
"""Any capsule will do: types.CapsuleType is its class."""

_FIRST_FD = 1 << 16
"""Above every file descriptor of WASI: selectors tell sockets apart by their number."""


class _State:
    """What the process holds of its sockets, beside the socket objects."""

    default_timeout: float | None = None
    next_fd = _FIRST_FD
    connections: dict[int, int | None] = {}
    """The host's connection of every descriptor, None before connect."""
    host_waits = True
    """Whether the host knows `tcp.wait`. Without it, reading is the only way to wait."""


def wait(fds: list[int], seconds: float | None) -> list[int] | None:
    """List the descriptors that have something to read, waiting for one if need be.

    None where that can't be known.
    """
    if not _State.host_waits:
        return None
    ids = {_State.connections.get(fd): fd for fd in fds}
    ids.pop(None, None)
    args = json.dumps({"ids": list(ids), "timeout": seconds}).encode()
    try:
        answer, _ = _pymode.call("tcp.wait", args)
    except _pymode.HostError:
        _State.host_waits = False
        return None
    return [ids[number] for number in json.loads(answer)["ready"] if number in ids]


# What the host says of a connection that failed, as the exceptions of a real socket.
_ERRORS = {
    "refused": (ConnectionRefusedError, errno.ECONNREFUSED),
    "timeout": (TimeoutError, errno.ETIMEDOUT),
    "name": (gaierror, EAI_NONAME),
    "not allowed": (PermissionError, errno.EACCES),
    "unreachable": (OSError, errno.EHOSTUNREACH),
}


def _connect_error(address: str) -> OSError:
    text, kind = f"the host could not connect to {address}", "refused"
    try:
        answer, _ = _pymode.call("tcp.error", b"{}")
        why = json.loads(answer or b"{}")
        text, kind = why.get("text") or text, why.get("kind", kind)
    except _pymode.HostError as error:
        # A host that has only the import can't say more.
        from pymode import _host

        _host.tell_line(error)
    cls, number = _ERRORS.get(kind, (OSError, errno.EIO))
    return cls(number, text)


def _refuse(what: str) -> NoReturn:
    raise OSError(errno.ENOTSUP, f"{what}: a worker's sockets are outgoing TCP connections")


class socket:
    """A TCP connection of the host."""

    __slots__ = ("_family", "_fd", "_peeked", "_peer", "_timeout", "_type", "proto")

    def __init__(
        self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None
    ) -> None:
        self._fd = -1
        self._family = AF_INET if family == -1 else int(family)
        self._type = SOCK_STREAM if type == -1 else int(type) & 0xF
        self.proto = 0 if proto == -1 else proto
        self._timeout = _State.default_timeout
        self._peeked = b""
        self._peer: tuple[str, int] = ("0.0.0.0", 0)
        if fileno is not None:
            if fileno not in _State.connections:
                raise OSError(errno.EBADF, "Bad file descriptor")
            self._fd = fileno
            return
        if self._family not in (AF_INET, AF_INET6):
            _refuse(f"address family {self._family}")
        if self._type != SOCK_STREAM:
            _refuse(f"socket type {self._type}")
        self._fd = _State.next_fd
        _State.next_fd += 1
        _State.connections[self._fd] = None

    def __del__(self) -> None:
        """Close what was forgotten."""
        if getattr(self, "_fd", -1) >= 0:
            import warnings

            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            self._close()

    def __repr__(self) -> str:
        """Show number and peer."""
        return f"<socket fd={self._fd} peer={self._peer}>"

    # Properties, since the subclass in socket.py has properties of these names.
    @property
    def family(self) -> int:
        """The address family."""
        return self._family

    @property
    def type(self) -> int:
        """The type: a stream."""
        return self._type

    def _connection(self) -> int:
        if self._fd < 0:
            raise OSError(errno.EBADF, "Bad file descriptor")
        connection = _State.connections.get(self._fd)
        if connection is None:
            raise OSError(errno.ENOTCONN, "Socket is not connected")
        return connection

    def connect(self, address: Any, /) -> None:
        """Let the host connect to (host, port)."""
        if self._fd < 0:
            raise OSError(errno.EBADF, "Bad file descriptor")
        host, port = address[0], int(address[1])
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("idna")
        if not 0 <= port <= 65535:
            raise OverflowError("port must be 0-65535.")
        if _State.connections.get(self._fd) is not None:
            raise OSError(errno.EISCONN, "Socket is already connected")
        connection = _pymode.tcp_connect(host, port)
        if connection < 0:
            raise _connect_error(f"{host}:{port}")
        _State.connections[self._fd] = connection
        self._peer = (host, port)

    def connect_ex(self, address: Any, /) -> int:
        """Connect; give the error's number instead of raising it."""
        try:
            self.connect(address)
        except OSError as failure:
            return failure.errno or errno.EIO
        return 0

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send data; gives how many bytes the host took."""
        view = memoryview(data).cast("B")
        if not view:
            return 0
        sent = _pymode.tcp_send(self._connection(), bytes(view))
        if sent < 0:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        return int(sent)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of data."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view) :]

    def sendto(self, data: Any, *_address: Any) -> int:
        """Send data over the connection; a target address is not looked at."""
        return self.send(data)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive up to size bytes; none at the end."""
        if size < 0:
            raise ValueError("negative buffersize in recv")
        if size == 0:
            return b""
        data = self._peeked
        if not data:
            self._wait(0 if flags & MSG_DONTWAIT else self._timeout)
            received = _pymode.tcp_recv(self._connection(), size)
            if received is None:
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            data = received
        if flags & MSG_PEEK:
            self._peeked = data
        else:
            self._peeked = data[size:]
        return data[:size]

    def _wait(self, seconds: float | None) -> None:
        connection = self._connection()
        if seconds is None or wait([self._fd], seconds) != []:
            return
        if seconds == 0:
            raise BlockingIOError(errno.EAGAIN, f"nothing to read on connection {connection}")
        raise TimeoutError("timed out")

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0, /) -> int:
        """Receive into a buffer; gives how many bytes came."""
        view = memoryview(buffer).cast("B")
        data = self.recv(min(nbytes or len(view), len(view)), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """Receive up to size bytes and give the peer's address."""
        return self.recv(size, flags), self._peer

    def shutdown(self, how: int, /) -> None:
        """Accept the call: the host closes both directions at once, at close."""
        self._connection()

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        connection = _State.connections.pop(fd, None)
        if connection is not None:
            _pymode.tcp_close(connection)

    def close(self) -> None:
        """Close the connection."""
        if self._fd >= 0:
            self._close()

    def detach(self) -> int:
        """Give the descriptor away; this object is closed then."""
        fd, self._fd = self._fd, -1
        return fd

    def fileno(self) -> int:
        """Give the descriptor, -1 of a closed socket."""
        return self._fd

    def settimeout(self, seconds: float | None, /) -> None:
        """Limit how long a receive waits, in seconds."""
        if seconds is not None and seconds < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if seconds is None else float(seconds)

    def gettimeout(self) -> float | None:
        """Give the limit of a receive, in seconds."""
        return self._timeout

    @property
    def timeout(self) -> float | None:
        """The limit of a receive, in seconds."""
        return self._timeout

    def setblocking(self, flag: Any, /) -> None:
        """Wait in a receive, or don't."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Say whether a receive waits."""
        return self._timeout != 0

    def setsockopt(self, *_option: Any) -> None:
        """Accept any option: none reaches the host's connection."""

    def getsockopt(self, level: int, option: int, size: int = 0, /) -> Any:
        """Give an option: the type, and 0 for all others."""
        if size:
            return bytes(size)
        return self._type if (level, option) == (SOL_SOCKET, SO_TYPE) else 0

    def getsockname(self) -> tuple[str, int]:
        """Give the own address, which the host does not tell."""
        return ("0.0.0.0", 0)

    def getpeername(self) -> tuple[str, int]:
        """Give the address that was connected to."""
        self._connection()
        return self._peer

    def bind(self, address: Any, /) -> None:
        """Accept any local address: the host chooses its own."""

    def listen(self, backlog: int = 0, /) -> NoReturn:
        """Refuse: a worker is reached by requests only."""
        _refuse("listen")

    def _accept(self) -> NoReturn:
        _refuse("accept")


SocketType = socket


def sethostname(name: str) -> NoReturn:
    """Refuse."""
    _refuse("sethostname")


def getdefaulttimeout() -> float | None:
    """Give the timeout of new sockets, in seconds."""
    return _State.default_timeout


def setdefaulttimeout(seconds: float | None) -> None:
    """Set the timeout of new sockets, in seconds."""
    if seconds is not None and seconds < 0:
        raise ValueError("Timeout value out of range")
    _State.default_timeout = seconds


def dup(fd: int) -> NoReturn:
    """Refuse: the host has one descriptor a connection."""
    _refuse("dup")


def close(fd: int) -> None:
    """Close a descriptor."""
    if fd not in _State.connections:
        raise OSError(errno.EBADF, "Bad file descriptor")
    connection = _State.connections.pop(fd)
    if connection is not None:
        _pymode.tcp_close(connection)


def if_nameindex() -> list[tuple[int, str]]:
    """List no interfaces."""
    return []
