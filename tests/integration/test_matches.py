"""Matches as a later count of terms reads them, on both databases."""

from __future__ import annotations

from datetime import timedelta

from monitor.store import decisions
from tests.support.desk import Desk, item


def test_every_article_is_listed_with_the_matches_of_its_newest_revision(desk: Desk) -> None:
    """Articles without a match are listed too, so that shares can be told; `since` leaves older ones out."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"), item(2, "Rain expected"))
    desk.later()

    found = desk.read(lambda connection: list(decisions.list_matches(connection, None)))
    none = desk.read(lambda connection: list(decisions.list_matches(connection, desk.clock.now() + timedelta(days=1))))

    assert sorted([match.pack for match in matches] for _, matches in found) == [[], ["move"]]
    assert [span.text for _, matches in found for match in matches for span in match.evidence][:1] == ["Resettlement"]
    assert none == []
