"""Secrets of the configuration never leave in a page or an answer, wherever a message of a library put them (A16)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

from monitor.config import secrets_of
from monitor.config_settings import Config
from monitor.logs import Masker

SHORTEST = 8
"""Shorter ones are nowhere shown by us, and would be found in words and in the markup itself."""
_HOST = re.compile(r"(?:[\w-]+@)?[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
"""What a reference brought may be a host or a mail address: no secret, and links would lead nowhere without it."""


class Mask:
    """Replaces every secret in what is sent, as plain text, in HTML and in JSON."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._of: frozenset[str] | None = None
        self._spellings: frozenset[str] = frozenset()
        self._masker = Masker(self._known)

    def __call__(self, text: str) -> str:
        """Return `text` without secrets."""
        return self._masker(text)

    def _known(self) -> frozenset[str]:
        found = secrets_of(self._config())
        if found is not self._of:
            self._of = found
            long = [one for one in found if len(one) >= SHORTEST and not _HOST.fullmatch(one)]
            self._spellings = frozenset(spelling for one in long for spelling in _spellings(one))
        return self._spellings


def _spellings(secret: str) -> tuple[str, ...]:
    escaped = html.escape(secret).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    return secret, html.escape(secret), escaped, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
