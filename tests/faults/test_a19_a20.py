"""What a hostile feed must not do to the monitor: fill it up, or silence others by copying them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store.schema import articles, decisions
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
