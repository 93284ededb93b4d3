"""When a feed is asked next."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor import model

LONGEST_WISH = 86_400.0
"""Seconds a server may ask us to stay away; it cannot silence a feed for longer."""

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_BUSY = (429, 503)
_OK = (200, 299)
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """How often feeds are asked; all in seconds, `jitter` as a share of the wait."""

    every: float
    """Longest wait of a healthy feed that sets none of its own."""
    min_every: float
    """Shortest wait, and the first step of the back-off."""
    max_backoff: float = 86_400.0
    jitter: float = 0.1


def next_check(
    feed: model.Feed,
    answer: model.HttpInfo | None,
    now: datetime,
    settings: PaceSettings,
    draw: Callable[[], float],
    ttl: float | None = None,
) -> tuple[datetime, str]:
    """Return when to ask `feed` next, never sooner than its server asks, and the reason.

    Args:
        feed: Its `failures` count the polls that failed in a row before this one.
        answer: Status and headers of this poll; None if nothing answered, or a good status brought no feed.
        now: Aware, UTC.
        draw: Gives a number in [0, 1) for the jitter, as `random.random` does.
        ttl: Seconds, as the feed's own text asks.
    Returns: A time after `now` by at least `settings.min_every` and at most about a day, and one of `healthy`,
        `server_cache`, `feed_ttl`, `retry_after`, `back_off`, `gone`, `no_answer`. A feed is never given up.
    Raises: Nothing; a malformed header counts as absent.
    Source: RFC 9110 section 10.2.3 (Retry-After); RFC 9111 section 4.2.1 (freshness); RSS 2.0 `ttl` (minutes).
    """
    healthy = answer is not None and (answer.status == _NOT_MODIFIED or _OK[0] <= answer.status <= _OK[1])
    if healthy:
        wait, reason = _healthy_wait(feed, answer, now, settings, ttl)
        spread = min(settings.jitter * wait, settings.every * settings.jitter)
    else:
        wait, reason = _backoff(feed, answer, settings)
        spread = settings.jitter * wait
    asked = _retry_after(answer, now) if answer else None
    if asked is not None and asked >= wait:
        wait, reason, spread = asked, "retry_after", settings.min_every * settings.jitter
    return now + timedelta(seconds=_jittered(wait, spread, reason, draw())), reason


def _healthy_wait(
    feed: model.Feed, answer: model.HttpInfo | None, now: datetime, settings: PaceSettings, ttl: float | None
) -> tuple[float, str]:
    """Return the longest of what we, the server and the feed want."""
    own = max(feed.every or settings.every, settings.min_every)
    wishes = [(own, "healthy")]
    if answer:
        wishes.append((min(_freshness(answer, now), LONGEST_WISH), "server_cache"))
    if ttl:
        wishes.append((min(ttl, LONGEST_WISH), "feed_ttl"))
    return max(wishes, key=lambda wish: wish[0])


def _backoff(feed: model.Feed, answer: model.HttpInfo | None, settings: PaceSettings) -> tuple[float, str]:
    """Return `min_every`, doubled with each failure in a row up to `max_backoff`."""
    doublings = min(feed.failures, 30)
    wait = min(settings.min_every * 2**doublings, settings.max_backoff)
    if answer is None:
        return wait, "no_answer"
    return wait, "gone" if answer.status in (404, 410) else "back_off"


def _jittered(wait: float, spread: float, reason: str, drawn: float) -> float:
    """Spread the wait: both ways where it is ours, only later where somebody asked for it."""
    if reason in ("retry_after", "server_cache", "feed_ttl"):
        return wait + spread * drawn
    return wait - spread + 2 * spread * drawn


def _retry_after(answer: model.HttpInfo, now: datetime) -> float | None:
    """Return the seconds of Retry-After, at most LONGEST_WISH; None if absent, malformed or in the past."""
    text = (answer.retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST_WISH)
    moment = _http_date(text)
    if moment is None or moment <= now:
        return None
    return min((moment - now).total_seconds(), LONGEST_WISH)


def _freshness(answer: model.HttpInfo, now: datetime) -> float:
    """Return for how many seconds the answer stays fresh; 0 if its headers do not say."""
    control = answer.cache_control or ""
    if re.search(r"no-cache|no-store", control, re.IGNORECASE):
        return 0.0
    age = _MAX_AGE.search(control)
    if age:
        return float(age[1])
    expires, sent = _http_date(answer.expires), _http_date(answer.date) or now
    return max((expires - sent).total_seconds(), 0.0) if expires else 0.0


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
