"""How long an alert took from its publication to the channel that took it, and messages of very many alerts."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

from prometheus_client.samples import Sample

from monitor import metrics
from monitor.model import SendOutcome, SendResult
from monitor.store import decisions
from tests.support.desk import Desk, item

RETRY = SendResult(SendOutcome.RETRY, 429, "slow down", retry_after=30)


def observed() -> tuple[float, float]:
    """Return how many times were measured so far, and their sum in seconds."""
    found = {sample.name.rpartition("_")[2]: sample.value for sample in _samples()}
    return found["count"], found["sum"]


def _samples() -> list[Sample]:
    (family,) = metrics.PUBLISHED_TO_SENT.collect()
    return [sample for sample in family.samples if sample.name.endswith(("_count", "_sum"))]


def published(desk: Desk, n: int) -> dict[str, str]:
    """Return an entry that matches and comes out before the next poll, twenty minutes from now."""
    at = desk.clock.now() + timedelta(minutes=1 + n)
    return item(n, f"Resettlement number{n} alpha{n} beta{n}") | {"pubDate": format_datetime(at)}


def test_time_from_publication_to_acceptance_is_measured_for_each_article(desk: Desk) -> None:
    """Twelve articles, of which the last two leave in a storm's message: each counts once, with its retry's wait."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    before = observed()
    desk.senders["desk"].script = [RETRY]
    desk.publishes("gazette", *(published(desk, n) for n in range(12)))

    desk.later()
    refused = observed()
    desk.later(seconds=31)
    desk.later(seconds=60)

    count, total = (now - then for now, then in zip(observed(), before, strict=True))
    assert refused == before
    assert len(desk.senders["desk"].notices) == 12  # ten, one of them twice, and a storm of two
    assert count == 12
    shortest = sum(20 * 60 - (1 + n) * 60 for n in range(12)) + 12 * 30
    assert shortest < total < shortest + 12 * 120


def test_message_of_more_alerts_than_a_statement_has_parameters_is_read(desk: Desk) -> None:
    """A digest of 70,000 alerts can be read, and so sent, on either database."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", published(desk, 1))
    desk.later()

    rows = desk.read(lambda connection: decisions.get_alerts(connection, range(1, 70_001)))

    assert [row.id for row in rows] == [1]
