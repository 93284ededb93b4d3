"""What an attempt's result makes of its message. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import SendOutcome, SendResult

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
GIVE_UP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The message's next state, and how long its target rests."""

    state: str
    """`sent`, `queued`, `uncertain` or `dead`."""
    due: datetime
    reason: str | None
    plain: bool
    pause_until: datetime | None
    pause_seconds: float | None


def judge(result: SendResult, created_at: datetime, plain: bool, paused: float | None, now: datetime) -> Verdict:
    """Return what becomes of a message after one attempt.

    A transient failure rests the target 5 s, doubling to 60 s; the service's own Retry-After wins. A message dies of
    age (7 days), of a permanent refusal, or when its plainest form is refused; never of a count of attempts.

    Args:
        plain: Whether the message was rendered as plain text already.
        paused: The target's last pause in seconds, None if its last attempt went well.
    """
    match result.outcome:
        case SendOutcome.SENT:
            return Verdict("sent", now, None, plain, None, None)
        case SendOutcome.REFUSED:
            return Verdict("dead", now, f"refused: {result.detail}", plain, None, None)
        case SendOutcome.REFUSED_CONTENT:
            return _without_form(result, plain, paused, now)
        case _:
            return _later(result, created_at, plain, paused, now)


def _without_form(result: SendResult, plain: bool, paused: float | None, now: datetime) -> Verdict:
    if plain:
        return Verdict("dead", now, f"content_refused: {result.detail}", plain, None, paused)
    return Verdict("queued", now, f"content_refused: {result.detail}", True, None, paused)


def _later(result: SendResult, created_at: datetime, plain: bool, paused: float | None, now: datetime) -> Verdict:
    if now - created_at > GIVE_UP:
        return Verdict("dead", now, f"given_up_after_7_days: {result.detail}", plain, None, paused)
    step = FIRST_PAUSE if paused is None else min(LONGEST_PAUSE, paused * 2)
    wait = step if result.retry_after is None else result.retry_after
    state = "uncertain" if result.outcome is SendOutcome.UNCERTAIN else "queued"
    due = now + timedelta(seconds=wait)
    return Verdict(state, due, result.detail, plain, due if result.pause_channel else None, step)
