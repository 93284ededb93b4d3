"""The only way out for feeds and pages: what is fetched from where, how much of it, and for how long.

Addresses are checked twice, where names are resolved and where sockets are made: a literal address in a URL never
meets the resolver. The socket then connects to the very address that was checked, so a second DNS answer cannot
matter. Redirects are followed by hand, each hop checked like a first request.
"""

from __future__ import annotations

from monitor.http.addresses import parse_allowed
from monitor.http.files import raise_limit
from monitor.http.gate import Gate, HttpSettings
from monitor.http.headers import MAX_RETRY_AFTER, retry_after_seconds, user_agent
from monitor.http.room import Room

__all__ = [
    "MAX_RETRY_AFTER",
    "Gate",
    "HttpSettings",
    "Room",
    "parse_allowed",
    "raise_limit",
    "retry_after_seconds",
    "user_agent",
]
