"""aiohttp's errors in our words."""

from __future__ import annotations

import socket

import aiohttp

from monitor import urls
from monitor.errors import FetchError
from monitor.http import guard

_CERTIFICATE_FAULTS = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in an unknown self-signed authority",
    20: "its certificate is from an unknown authority, or the server does not send the whole chain",
    21: "its certificate is from an unknown authority, or the server does not send the whole chain",
    62: "its certificate is for another host name",
    64: "its certificate is for another IP address",
}
"""By OpenSSL's verification code (x509_vfy.h)."""


def explain(url: urls.Url, error: Exception) -> FetchError:
    """Return our error for one of aiohttp's."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return FetchError("tls", f"{url.shown}: {_certificate_fault(error.certificate_error)}")
        case aiohttp.ClientSSLError():
            return FetchError("tls", f"{url.shown}: the TLS handshake failed ({_short(error.os_error)})")
        case aiohttp.ClientConnectorError():
            return _explain_connect(url, error)
        case aiohttp.ClientPayloadError():
            return FetchError("truncated", f"{url.shown}: the answer ends before it is complete")
        case aiohttp.ServerDisconnectedError():
            return FetchError("protocol", f"{url.shown}: the server closed the connection without an answer")
        case aiohttp.ClientOSError() | OSError():
            return FetchError("connect", f"{url.shown}: the connection broke ({_short(error)})")
        case aiohttp.ClientResponseError():
            return FetchError("protocol", f"{url.shown}: the answer is not valid HTTP ({error.message[:200]!a})")
        case _:
            return FetchError("protocol", f"{url.shown}: {_short(error)}")


def _explain_connect(url: urls.Url, error: aiohttp.ClientConnectorError) -> FetchError:
    if isinstance(error.os_error, guard.Blocked):
        return FetchError("blocked_address", f"{url.shown}: {error.os_error}")
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(error.os_error, socket.gaierror):
        return FetchError("dns", f"{url.shown}: the host name cannot be resolved ({_short(error.os_error)})")
    return FetchError("connect", f"{url.shown}: no connection to the server ({_short(error.os_error)})")


def _certificate_fault(error: Exception) -> str:
    code = getattr(error, "verify_code", None)
    return _CERTIFICATE_FAULTS.get(code or 0, f"its certificate cannot be verified ({_short(error)})")


def _short(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ascii(text[:200])[1:-1]
