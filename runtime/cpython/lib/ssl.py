"""The module `ssl` without TLS, which is the host's.

Many packages import `ssl` and make a context before they know whether they
need one, so that much works. The context is inert: https:// URLs go through
the host, whose client verifies certificates, and a socket can't be wrapped.
"""

from __future__ import annotations

import enum
import os
from collections import namedtuple
from typing import Any, NoReturn

_REASON = (
    "TLS is done by the host: use urllib.request, http.client or pymode.http with https:// URLs"
)

OPENSSL_VERSION = "OpenSSL 3.0.0 (not present: TLS is done by the host)"
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
HAS_SNI = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_ALPN = True
HAS_ECDH = HAS_NEVER_CHECK_COMMON_NAME = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_PSK = False
CHANNEL_BINDING_TYPES: list[str] = []
SO_TYPE = 3
SOCK_STREAM = 1


class SSLError(OSError):
    """An error of TLS."""

    library: str | None = None
    reason: str | None = None


class SSLZeroReturnError(SSLError):
    """The connection was closed."""


class SSLWantReadError(SSLError):
    """More has to be read first."""


class SSLWantWriteError(SSLError):
    """More has to be written first."""


class SSLSyscallError(SSLError):
    """A system call failed."""


class SSLEOFError(SSLError):
    """The connection ended without a farewell."""


class SSLCertVerificationError(SSLError, ValueError):
    """A certificate is not to be trusted."""


CertificateError = SSLCertVerificationError
socket_error = OSError


class VerifyMode(enum.IntEnum):
    """Whether a certificate is asked for."""

    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(enum.IntFlag):
    """How a certificate is verified."""

    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 32
    VERIFY_ALLOW_PROXY_CERTS = 64
    VERIFY_X509_TRUSTED_FIRST = 32768
    VERIFY_X509_PARTIAL_CHAIN = 524288


class TLSVersion(enum.IntEnum):
    """The versions of the protocol."""

    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class _SSLMethod(enum.IntEnum):
    PROTOCOL_TLS = 2
    PROTOCOL_SSLv23 = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class Options(enum.IntFlag):
    """The options of a context."""

    OP_ALL = 0x80000050
    OP_IGNORE_UNEXPECTED_EOF = 0x80
    OP_ENABLE_KTLS = 0x8
    OP_LEGACY_SERVER_CONNECT = 0x4
    OP_NO_TICKET = 0x4000
    OP_NO_COMPRESSION = 0x20000
    OP_ENABLE_MIDDLEBOX_COMPAT = 0x100000
    OP_CIPHER_SERVER_PREFERENCE = 0x400000
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_NO_RENEGOTIATION = 0x40000000
    OP_NO_SSLv2 = 0
    OP_SINGLE_DH_USE = 0
    OP_SINGLE_ECDH_USE = 0


class AlertDescription(enum.IntEnum):
    """The alerts of the protocol."""

    ALERT_DESCRIPTION_CLOSE_NOTIFY = 0


class SSLErrorNumber(enum.IntEnum):
    """The numbers of the library's errors."""

    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6
    SSL_ERROR_EOF = 8


for _enum in (VerifyMode, VerifyFlags, _SSLMethod, Options, AlertDescription, SSLErrorNumber):
    globals().update(_enum.__members__)

_Purpose = namedtuple("_Purpose", "nid shortname longname oid")


class Purpose(_Purpose, enum.Enum):
    """What a certificate is for."""

    SERVER_AUTH = 129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = 130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"


def _refuse(*_args: Any, **_options: Any) -> NoReturn:
    raise SSLError(_REASON)


class SSLContext:
    """Holds settings that nothing reads."""

    def __init__(self, protocol: int | None = None, *_args: Any) -> None:
        self.protocol = _SSLMethod.PROTOCOL_TLS if protocol is None else protocol
        client = protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self.check_hostname = client
        self.verify_mode = VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.post_handshake_auth = False
        self.hostname_checks_common_name = True
        self.keylog_filename: str | None = None
        self.sni_callback: Any = None

    def _accept(self, *_args: Any, **_options: Any) -> None:
        """Accept a setting."""

    load_cert_chain = load_verify_locations = load_default_certs = set_default_verify_paths = (
        _accept
    )
    set_ciphers = set_alpn_protocols = set_npn_protocols = load_dh_params = set_ecdh_curve = _accept

    def get_ciphers(self) -> list[Any]:
        """List no ciphers."""
        return []

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        """List no certificates: the host has its own."""
        return []

    def cert_store_stats(self) -> dict[str, int]:
        """Count no certificates: the host has its own."""
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    wrap_socket = wrap_bio = _refuse


class SSLSocket:
    """A socket with TLS, of which there is none."""

    __init__ = _refuse


class SSLObject:
    """A connection with TLS, of which there is none."""

    __init__ = _refuse


class MemoryBIO:
    """A buffer of a connection with TLS, of which there is none."""

    __init__ = _refuse


class SSLSession:
    """A session of TLS, of which there is none."""

    __init__ = _refuse


def create_default_context(purpose: Any = Purpose.SERVER_AUTH, **_options: Any) -> SSLContext:
    """Make a context that accepts every setting."""
    server = purpose is Purpose.CLIENT_AUTH
    return SSLContext(_SSLMethod.PROTOCOL_TLS_SERVER if server else _SSLMethod.PROTOCOL_TLS_CLIENT)


def _create_unverified_context(*_args: Any, **_options: Any) -> SSLContext:
    return SSLContext()


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context

DefaultVerifyPaths = namedtuple(
    "DefaultVerifyPaths",
    "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath",
)


def get_default_verify_paths() -> Any:
    """Name no files: the host has its own."""
    return DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")


get_server_certificate = DER_cert_to_PEM_cert = PEM_cert_to_DER_cert = _refuse


def cert_time_to_seconds(cert_time: str) -> int:
    """Read the time of a certificate, in seconds since 1970."""
    import calendar
    import time

    return calendar.timegm(time.strptime(cert_time, "%b %d %H:%M:%S %Y GMT"))


def RAND_bytes(count: int) -> bytes:
    """Give random bytes of the system."""
    return os.urandom(count)


def RAND_status() -> bool:
    """Say that there is randomness."""
    return True


def RAND_add(_data: Any, _entropy: float) -> None:
    """Accept a contribution to the randomness."""
