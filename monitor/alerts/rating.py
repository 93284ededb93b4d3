"""Links by which the recipient of a message says whether an alert was useful: signed, and good for thirty days. Pure.

A link names the alert and the recipient, not the rating: the page behind it asks. It is a bearer's: whoever a mail is
passed on to can rate in its recipient's place, once, and learn no more than the mail told.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

RATINGS = ("useful", "noise")
LIFETIME = timedelta(days=30)
KEY_NAME = "ratings"
PATH = "/rate"
MOST_COMMENT = 500
"""Characters of what a reader adds in their own words."""

_PURPOSE = b"wirewatch rating 1\n"
"""Signed with every link, so that nothing else that is ever signed with the key can pass for one."""
_SIGNATURE_BYTES = 20
"""160 bits of the MAC. Source: RFC 2104 section 5: not less than half of it, nor than 80 bits."""
_TOKEN = re.compile(r"([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]{27})")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link that we signed says."""

    alert_id: int
    target_id: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of one message. `base`: where readers reach the monitor, without a slash at its end."""

    base: str
    key: bytes = field(repr=False)
    expires: datetime

    def url_of(self, alert_id: int, target_id: int) -> str:
        """Return the page where one recipient rates one alert."""
        return f"{self.base}{PATH}/{sign(self.key, Claim(alert_id, target_id, self.expires))}"


def sign(key: bytes, claim: Claim) -> str:
    """Return a claim as it stands in a link: digits, letters, `.`, `-` and `_`; its time is cut to seconds."""
    said = f"{claim.alert_id}.{claim.target_id}.{int(claim.expires.timestamp())}"
    return f"{said}.{_signature(key, said)}"


def read(key: bytes, token: str) -> Claim | None:
    """Return what `token` says; None unless it was signed with `key` and not changed since. Its time may be over."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    alert_id, target_id, expires, signature = found.groups()
    wanted = _signature(key, f"{alert_id}.{target_id}.{expires}")
    if not key or not hmac.compare_digest(signature, wanted):
        return None
    return Claim(int(alert_id), int(target_id), datetime.fromtimestamp(int(expires), UTC))


def _signature(key: bytes, said: str) -> str:
    mac = hmac.new(key, _PURPOSE + said.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(mac[:_SIGNATURE_BYTES]).rstrip(b"=").decode()
