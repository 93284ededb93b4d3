"""What an attempt makes of its message: decided from values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.delivery.verdict import judge
from monitor.model import SendOutcome, SendResult

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)


def result(outcome: SendOutcome, retry_after: float | None = None, pause: bool = True) -> SendResult:
    """Return a result with some words of the service."""
    return SendResult(outcome, 500, "words", retry_after, pause_channel=pause)


def test_sent_is_sent_and_wakes_the_target() -> None:
    """A success ends the message and the target's pause."""
    seen = judge(result(SendOutcome.SENT), NOW, False, 40.0, NOW)

    assert (seen.state, seen.pause_until, seen.pause_seconds) == ("sent", None, None)


@pytest.mark.parametrize(("before", "after"), [(None, 5.0), (5.0, 10.0), (40.0, 60.0), (60.0, 60.0)])
def test_pause_starts_at_five_seconds_and_doubles_to_a_minute(before: float | None, after: float) -> None:
    """The rest after a failure doubles from 5 s and stays at 60 s."""
    seen = judge(result(SendOutcome.RETRY), NOW, False, before, NOW)

    assert seen.pause_seconds == after
    assert seen.due == NOW + timedelta(seconds=after)
    assert seen.pause_until == seen.due


def test_retry_after_wins_over_our_own_pause() -> None:
    """The service's word decides when the next try is, shorter or longer than our own."""
    long = judge(result(SendOutcome.RETRY, 300), NOW, False, 5.0, NOW)
    short = judge(result(SendOutcome.RETRY, 1), NOW, False, 60.0, NOW)

    assert (long.due - NOW, short.due - NOW) == (timedelta(seconds=300), timedelta(seconds=1))


def test_unanswered_send_is_uncertain_not_queued() -> None:
    """A send without an answer is tried again as a possible repeat."""
    assert judge(result(SendOutcome.UNCERTAIN), NOW, False, None, NOW).state == "uncertain"


def test_refusal_is_dead_at_once_and_holds_nothing() -> None:
    """A permanent refusal ends the message without a pause for those behind it."""
    seen = judge(result(SendOutcome.REFUSED), NOW, False, None, NOW)

    assert (seen.state, seen.reason, seen.pause_until) == ("dead", "refused: words", None)


def test_refused_content_is_tried_once_as_plain_text() -> None:
    """A refused form is rendered plainer at once; plain text that is refused is dead."""
    first = judge(result(SendOutcome.REFUSED_CONTENT), NOW, False, None, NOW)
    second = judge(result(SendOutcome.REFUSED_CONTENT), NOW, True, None, NOW)

    assert (first.state, first.plain, first.due) == ("queued", True, NOW)
    assert second.state == "dead"


def test_message_dies_of_age_never_of_tries() -> None:
    """Seven days after it was queued a failing message is given up; a day before it is not."""
    week = judge(result(SendOutcome.RETRY), NOW - timedelta(days=7, seconds=1), False, 60.0, NOW)
    six = judge(result(SendOutcome.RETRY), NOW - timedelta(days=6), False, 60.0, NOW)

    assert (week.state, six.state) == ("dead", "queued")


def test_failure_of_ours_does_not_rest_the_target() -> None:
    """A lease that ran out before the first byte says nothing about the channel."""
    assert judge(result(SendOutcome.RETRY, pause=False), NOW, False, None, NOW).pause_until is None
