"""The part of `_socket` that knows names and addresses, and connects to none.

Names are resolved by the host when it connects, so that a name is its own
address here.
"""

from __future__ import annotations

import errno
from typing import Any

AF_UNSPEC = 0
AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
AI_PASSIVE = 1
AI_CANONNAME = 2
AI_NUMERICHOST = 4
AI_V4MAPPED = 8
AI_ALL = 0x10
AI_ADDRCONFIG = 0x20
AI_NUMERICSERV = 0x400
NI_NUMERICHOST = 1
NI_NUMERICSERV = 2
NI_NAMEREQD = 8
EAI_BADFLAGS = -1
EAI_NONAME = -2
EAI_AGAIN = -3
EAI_FAIL = -4
EAI_FAMILY = -6
EAI_SOCKTYPE = -7
EAI_SERVICE = -8
EAI_MEMORY = -10
EAI_SYSTEM = -11
INADDR_ANY = 0
INADDR_LOOPBACK = 0x7F000001
INADDR_BROADCAST = 0xFFFFFFFF

_SOCK_STREAM = 1
_IPPROTO_TCP = 6

_SERVICES = {"ftp": 21, "ssh": 22, "smtp": 25, "domain": 53, "http": 80, "pop3": 110, "imap": 143,
             "https": 443, "submission": 587, "imaps": 993, "pop3s": 995, "mysql": 3306,
             "postgresql": 5432}  # fmt: skip
_PROTOCOLS = {"ip": 0, "icmp": 1, "tcp": 6, "udp": 17}


class herror(OSError):
    """An error of gethostbyaddr."""

    __module__ = "socket"


class gaierror(OSError):
    """An error of getaddrinfo."""

    __module__ = "socket"


def _number(port: Any) -> int:
    if port is None or port == "":
        return 0
    if isinstance(port, (bytes, bytearray)):
        port = port.decode("ascii")
    if isinstance(port, str) and not port.isdigit():
        if port.lower() in _SERVICES:
            return _SERVICES[port.lower()]
        raise gaierror(EAI_SERVICE, "Servname not supported for ai_socktype")
    return int(port)


def getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """Give the name itself as its address: the host resolves it when it connects."""
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("idna")
    if not host:
        host = "0.0.0.0" if flags & AI_PASSIVE else "127.0.0.1"
    if family not in (AF_UNSPEC, AF_INET):
        raise gaierror(EAI_FAMILY, "Address family for hostname not supported")
    if flags & AI_NUMERICHOST and not _is_ipv4(host):
        raise gaierror(EAI_NONAME, "Name or service not known")
    address = (str(host), _number(port))
    return [(AF_INET, type or _SOCK_STREAM, proto or _IPPROTO_TCP, "", address)]


def getnameinfo(address: Any, flags: int) -> tuple[str, str]:
    """Give an address back as a name and a service."""
    return str(address[0]), str(address[1])


def gethostbyname(name: str) -> str:
    """Give a name back as its own address."""
    return name


def gethostbyname_ex(name: str) -> tuple[str, list[str], list[str]]:
    """Give a name back as its own address."""
    return name, [], [name]


def gethostbyaddr(address: str) -> tuple[str, list[str], list[str]]:
    """Give an address back as its own name."""
    return address, [], [address]


def gethostname() -> str:
    """Name this machine."""
    return "worker"


def getservbyname(name: str, protocol: str = "tcp", /) -> int:
    """Give the port of a well-known service."""
    try:
        return _SERVICES[name]
    except KeyError:
        raise OSError("service/proto not found") from None


def getservbyport(port: int, protocol: str = "tcp", /) -> str:
    """Name the well-known service of a port."""
    for name, number in _SERVICES.items():
        if number == port:
            return name
    raise OSError("port/proto not found")


def getprotobyname(name: str) -> int:
    """Give the number of a protocol."""
    try:
        return _PROTOCOLS[name]
    except KeyError:
        raise OSError("protocol not found") from None


def htons(number: int) -> int:
    """Turn 16 bits from the machine's order to the network's."""
    return int.from_bytes(number.to_bytes(2, "little"), "big")


def htonl(number: int) -> int:
    """Turn 32 bits from the machine's order to the network's."""
    return int.from_bytes(number.to_bytes(4, "little"), "big")


ntohs = htons
ntohl = htonl


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        part.isascii() and part.isdigit() and len(part) <= 3 and int(part) < 256 for part in parts
    )


def inet_aton(text: str) -> bytes:
    """Pack an IPv4 address."""
    if not _is_ipv4(text):
        raise OSError("illegal IP address string passed to inet_aton")
    return bytes(map(int, text.split(".")))


def inet_ntoa(packed: Any) -> str:
    """Unpack an IPv4 address."""
    if len(packed) != 4:
        raise OSError("packed IP wrong length")
    return ".".join(map(str, bytes(packed)))


def inet_pton(family: int, text: str) -> bytes:
    """Pack an IPv4 or IPv6 address."""
    if family == AF_INET:
        if not _is_ipv4(text):
            raise OSError("illegal IP address string passed to inet_pton")
        return inet_aton(text)
    if family != AF_INET6:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
    import ipaddress

    try:
        return ipaddress.IPv6Address(text).packed
    except ValueError:
        raise OSError("illegal IP address string passed to inet_pton") from None


def inet_ntop(family: int, packed: Any) -> str:
    """Unpack an IPv4 or IPv6 address."""
    if family == AF_INET:
        return inet_ntoa(packed)
    import ipaddress

    return str(ipaddress.IPv6Address(bytes(packed)))
