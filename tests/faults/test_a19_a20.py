"""What a hostile feed must not do to the monitor: fill it up, or silence others by copying them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store.schema import articles, decisions, entries, revisions
from tests.integration.conftest import database_url, made_databases  # noqa: F401 - fixtures
from tests.support.desk import Desk, item, page

LONG = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))
OTHER = " ".join(f"Minister {n} told reporters that resettlement was out of the question." for n in range(12))


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:  # noqa: F811 - the fixture
    """A whole monitor with a scripted clock, web and channels."""
    made = Desk(database_url, tmp_path)
    yield made
    made.close()


def distrust(desk: Desk, *names: str) -> None:
    """Declare some of the feeds as untrusted."""
    feeds = tuple(replace(feed, trusted=feed.id not in names) for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=feeds)
    desk.set_up()


def decided(desk: Desk) -> list[tuple[str, str]]:
    """Return (outcome, reason) of every decision for the pack `move`, in order."""
    query = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.pack == "move")
    return [tuple(row) for row in desk.read(lambda c: c.execute(query.order_by(decisions.c.decided_seq)).all())]


def stories(desk: Desk) -> list[tuple[int, int | None]]:
    """Return (story, duplicate_of) of every article, in order."""
    query = sa.select(articles.c.story_id, articles.c.duplicate_of).order_by(articles.c.id)
    return [tuple(row) for row in desk.read(lambda c: c.execute(query).all())]


# -- A20: copying others to silence them ---------------------------------------------------------


@pytest.fixture
def forged(desk: Desk) -> Desk:
    """A trusted newsroom, and a feed that anybody may write into, both past their baseline."""
    desk.has(["gazette", "herald", "forum"])
    distrust(desk, "forum")
    for name in ("gazette", "herald", "forum"):
        desk.publishes(name)
    desk.run()
    return desk


def test_a20_copied_guid_and_address_do_not_hide_the_trusted_report(forged: Desk) -> None:
    """A hostile feed lists an article's guid and address first; the newsroom's own report is told all the same."""
    forged.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    forged.publishes("forum", item(1, "Resettlement rumour"))
    forged.later()
    forged.publishes("gazette", item(1, "Resettlement plan unveiled"))

    forged.later()

    assert forged.senders["desk"].titles == ["Resettlement rumour", "Resettlement plan unveiled"]
    assert decided(forged) == [("alert", "first_report"), ("alert", "trusted_report")]


def test_a20_copied_text_does_not_hide_the_trusted_report(forged: Desk) -> None:
    """The same text under another address is folded into the same story, listed as a copy, and told again."""
    forged.web.answers["https://forum.example/a/7"] = page("Plan", LONG)
    forged.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    forged.publishes("forum", item(7, "Committee hears witnesses", site="forum"))
    forged.later()
    forged.publishes("gazette", item(1, "Committee hears witnesses"))

    forged.later()

    assert decided(forged) == [("alert", "first_report"), ("alert", "trusted_report")]
    assert stories(forged) == [(1, None), (1, 1)]


def test_a20_the_second_trusted_report_is_a_copy_of_the_first(forged: Desk) -> None:
    """A forgery changes nothing between trusted newsrooms: the second of them with one text stays a copy."""
    for name, n in (("forum", 7), ("gazette", 1), ("herald", 1)):
        forged.web.answers[f"https://{name}.example/a/{n}"] = page("Plan", LONG)
        forged.publishes(name, item(n, f"Witnesses, says the {name}", site=name))
        forged.later()

    assert decided(forged) == [("alert", "first_report"), ("alert", "trusted_report"), ("suppressed", "same_text")]
    assert stories(forged) == [(1, None), (1, 1), (1, 2)]


def test_a20_untrusted_copy_of_a_trusted_report_is_suppressed(forged: Desk) -> None:
    """What anybody may write alerts by itself, and is a copy like any other once a newsroom was told."""
    forged.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    forged.publishes("gazette", item(1, "Resettlement plan unveiled"))
    forged.later()
    forged.publishes("forum", item(1, "Resettlement rumour"))

    forged.later()

    assert decided(forged) == [("alert", "first_report"), ("suppressed", "same_url")]


def test_a20_forgery_does_not_tie_two_stories_together(forged: Desk) -> None:
    """With the address of one report and the text of another, a forgery would make the second a copy of the first."""
    forged.web.answers["https://gazette.example/a/1"] = page("Denial", OTHER)
    forged.publishes("forum", item(1, "Denial", OTHER))
    forged.later()
    forged.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    forged.publishes("gazette", item(1, "Resettlement plan unveiled"))
    forged.later()
    forged.web.answers["https://herald.example/a/1"] = page("Denial", OTHER)
    forged.publishes("herald", item(1, "Resettlement denied", site="herald"))

    forged.later()

    assert decided(forged) == [("alert", "first_report"), ("alert", "trusted_report"), ("alert", "first_report")]
    assert [story for story, _ in stories(forged)] == [1, 1, 2]


def test_a20_planted_text_is_not_taken_for_a_trusted_article(forged: Desk) -> None:
    """A hostile feed lists an address with harmless words while the page fails: the newsroom's article is read anew."""
    forged.publishes("forum", item(1, "Weather", "Sunny tomorrow."))
    forged.later()
    forged.web.answers["https://gazette.example/a/1"] = page("Committee", LONG)
    forged.publishes("gazette", item(1, "Committee hears witnesses", "Families were heard."))

    forged.poll("gazette")
    forged.run()

    assert forged.senders["desk"].titles == ["Committee hears witnesses"]
    assert decided(forged) == [("alert", "first_report")]


def test_a20_update_counts_from_what_trusted_feeds_told(forged: Desk) -> None:
    """An urgent forgery does not lower what a trusted report may still add: its higher severity is an update."""
    forged.publishes("forum", item(1, "Resettlement ultimatum"))
    forged.later()
    forged.publishes("gazette", item(1, "Resettlement plan unveiled"))
    forged.later()
    forged.publishes("gazette", item(1, "Resettlement plan: ultimatum to Cairo"))

    forged.later()

    assert decided(forged) == [("alert", "first_report"), ("alert", "trusted_report"), ("update", "higher_severity")]


# -- A19: filling up -----------------------------------------------------------------------------


@pytest.fixture
def flooded(desk: Desk) -> Desk:
    """A feed that may bring five entries a day, past its baseline, with an alert channel and an ops channel."""
    desk.has(["forum"], channels=("desk", "ops"), ops="ops")
    desk.config = replace(desk.config, polling=replace(desk.config.polling, daily_entries=5))
    desk.set_up()
    desk.publishes("forum")
    desk.run()
    return desk


def posts(first: int, last: int, text: str = "") -> list[dict[str, str]]:
    """Return items that the pack alerts, the newest on top."""
    return [item(n, f"Resettlement rumour number {n}", text, site="forum") for n in range(last, first - 1, -1)]


def states(desk: Desk) -> dict[str, int]:
    """Return the number of entries by state."""
    query = sa.select(entries.c.state, sa.func.count()).group_by(entries.c.state)
    return dict(tuple(row) for row in desk.read(lambda c: c.execute(query).all()))


def ops(desk: Desk) -> list[str]:
    """Return the headlines that the ops channel got."""
    return [notice.headline for notice in desk.senders["ops"].notices]


def test_a19_entries_beyond_the_bound_are_recorded_and_told(flooded: Desk) -> None:
    """Of eight entries five are read; three are recorded under their keys, and the operator hears of it once a day."""
    flooded.publishes("forum", *posts(1, 8, "Some words."))
    flooded.later()
    flooded.publishes("forum", *posts(1, 9, "Some words."))

    flooded.later()

    assert states(flooded) == {"done": 5, "over_quota": 4}
    assert len(flooded.senders["desk"].titles) == 5
    assert ops(flooded) == ["Feed Forum brings more than 5 entries a day"]
    kept = sa.select(entries.c.summary).where(entries.c.state == "over_quota").distinct()
    assert flooded.read(lambda c: c.execute(kept).scalars().all()) == [""]


def test_a19_what_is_over_the_bound_is_read_on_the_next_day_while_it_is_listed(flooded: Desk) -> None:
    """Nothing that the feed lists still is lost: it is read as soon as there is room, with its text."""
    flooded.publishes("forum", *posts(1, 8))
    flooded.later()
    flooded.publishes("forum", *posts(1, 9, "Of the committee."))

    flooded.later(days=1)

    assert states(flooded) == {"done": 9}
    assert flooded.read(lambda c: set(c.execute(sa.select(entries.c.summary)).scalars())) == {"Of the committee."}


def test_a19_notice_is_over_after_a_day_within_the_bound(flooded: Desk) -> None:
    """A feed that keeps its bound for a whole day is told to do so again."""
    flooded.publishes("forum", *posts(1, 8))
    flooded.later()
    for day in range(3):
        flooded.publishes("forum", *posts(20 + day, 20 + day))
        flooded.later(days=1)

    flooded.run()

    assert ops(flooded) == ["Feed Forum brings more than 5 entries a day", "Feed Forum keeps its bound again"]


def test_a19_flood_beyond_what_is_recorded_is_counted_only(flooded: Desk) -> None:
    """Ten times the bound is recorded; of what comes beyond only the number is kept, and told."""
    flooded.publishes("forum", *posts(1, 80))

    flooded.later()

    assert states(flooded) == {"done": 5, "over_quota": 50}
    (notice,) = flooded.senders["ops"].notices
    assert "50 new entries" in notice.body
    assert "25 more are not even recorded" in notice.body


def test_a19_changes_beyond_the_bound_wait_and_are_not_lost(flooded: Desk) -> None:
    """An entry rewritten at each poll is read five times on a day, and stands as it is listed last on the next."""
    flooded.publishes("forum", *posts(1, 1, "Version 0 of the resettlement committee's long report."))
    flooded.later()
    for version in range(1, 9):
        flooded.publishes("forum", *posts(1, 1, f"Version {version} of the resettlement committee's long report."))
        flooded.later()
    kept = sa.select(sa.func.count()).select_from(revisions)
    first = sa.select(entries.c.summary).order_by(entries.c.id).limit(1)
    today = flooded.read(lambda c: c.execute(kept).scalar())

    flooded.publishes("forum", *posts(1, 1, "Version 8 of the resettlement committee's long report."), {"title": "x"})
    flooded.later(days=1)

    assert today == 1 + 5
    assert flooded.read(lambda c: c.execute(kept).scalar()) == today + 2  # version 8, and the item beside it
    assert flooded.read(lambda c: c.execute(first).scalar()).startswith("Version 8")


def test_a19_text_counts_beside_the_number(flooded: Desk) -> None:
    """Five entries of any size are within the bound in number, not in bytes: pages beyond it are not fetched."""
    huge = " ".join(f"Witness {n} spoke of resettlement at length." for n in range(4_000))
    for n in range(1, 6):
        flooded.web.answers[f"https://forum.example/a/{n}"] = page("Committee", huge.replace("Witness", f"Man {n}"))
        flooded.publishes("forum", *posts(n, n))
        flooded.later()

    asked = [url for url in flooded.web.asked if "/a/" in url]

    assert asked == ["https://forum.example/a/1"]
    assert states(flooded) == {"done": 1, "over_quota": 4}
