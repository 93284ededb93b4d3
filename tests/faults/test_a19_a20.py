"""What a hostile feed must not do to the monitor: fill it up, or silence others by copying them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import metrics, model
from monitor.feeds import identity
from monitor.jobs import ingest
from monitor.model import HttpInfo, Reply
from monitor.store import feeds, stats
from monitor.store.schema import articles, decisions, entries, entry_keys, revisions
from tests.support.desk import Desk, item, page

LONG = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))
OTHER = (
    "There is no resettlement, the minister said in the garden of his ministry. Reporters laughed about rumours. "
    "His spokeswoman called the paper a forgery, printed by dreamers, and showed the stamp that it lacked. "
    "Questions about money were left for Thursday, when parliament returns from its summer holidays."
)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
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


def test_a20_declaring_a_feed_untrusted_frees_what_it_hid(forged: Desk) -> None:
    """A feed that turns out to be hostile is declared so: the next trusted report of the story is told."""
    feeds = tuple(replace(feed, trusted=True) for feed in forged.config.feeds)
    forged.config = replace(forged.config, feeds=feeds)
    forged.set_up()
    for name in ("forum", "gazette"):
        forged.publishes(name, item(1, f"Resettlement, says the {name}"))
        forged.later()
    hidden = decided(forged)
    distrust(forged, "forum")
    forged.publishes("herald", item(1, "Resettlement, says the herald"))

    forged.later()

    assert hidden == [("alert", "first_report"), ("suppressed", "same_url")]
    assert decided(forged)[2:] == [("alert", "trusted_report")]


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
    """Return the headlines about bounds that the ops channel got."""
    return [notice.headline for notice in bounds(desk)]


def bounds(desk: Desk) -> list[model.Notice]:
    """Return the notices about bounds that the ops channel got."""
    return [notice for notice in desk.senders["ops"].notices if re.search(r"entries a day|bound", notice.headline)]


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
    (notice,) = bounds(flooded)
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


def rows(desk: Desk) -> dict[str, int]:
    """Return the number of rows of every table but those that count attempts and beats."""
    return desk.read(stats.count_rows)


@pytest.mark.parametrize("same_bytes", [True, False])
def test_a19_feed_without_news_does_not_grow_the_database(flooded: Desk, same_bytes: bool) -> None:
    """Twenty polls of the same items, in the same bytes or in others each time, add no row but an hour's tally."""
    flooded.publishes("forum", *posts(1, 5))
    flooded.later()
    before = rows(flooded)
    body = flooded.web.answers["https://forum.example/feed"]

    for n in range(20):
        stamp = "" if same_bytes else f"<lastBuildDate>{n}</lastBuildDate>"
        flooded.web.answers["https://forum.example/feed"] = body.replace("</title>", f"</title>{stamp}", 1)
        flooded.later(hours=1)

    after = rows(flooded)
    tallies = [counted.pop("poll_hours", 0) for counted in (before, after)]
    assert after == before
    assert tallies[1] - tallies[0] <= 20  # one an hour for all feeds together, kept for 15 days


def test_a19_hostile_day_leaves_metrics_and_database_bounded(flooded: Desk) -> None:
    """A day of new items at each poll, a million categories in all: bounded series, bounded rows."""
    feed = flooded.read(feeds.list_active)[0]
    text = "resettlement " * 20

    def listing(poll: int) -> list[model.Entry]:
        return [
            model.Entry(f"g{poll}-{n}", f"https://forum.example/{poll}/{n}", f"Post {poll}-{n}", f"{poll} {n} {text}",
                        tags=tuple(f"category {poll}-{n}-{k}" for k in range(10)))
            for n in range(700)
        ]  # fmt: skip

    for poll in range(144):
        listed = listing(poll)
        keys = [identity.entry_keys(entry) for entry in listed]
        now = flooded.clock.now()
        flooded.write(lambda c, a=listed, k=keys, t=now: ingest.store_entries(c, feed, a, k, t, 5))
        flooded.clock.advance(minutes=6)
    flooded.run()

    body, _ = metrics.render()
    series = [line for line in body.decode().splitlines() if not line.startswith("#")]
    assert len(series) <= 1_000
    assert b"category" not in body
    assert states(flooded) == {"done": 5, "over_quota": 50}
    assert rows(flooded)["entry_keys"] == 3 * 55


def test_a19_keys_go_400_days_after_they_were_last_listed(flooded: Desk) -> None:
    """What a feed ceased to list is forgotten in the end; what it lists still is not, however long it stood still."""
    flooded.publishes("forum", *posts(1, 2))
    flooded.later()
    for items in ((2, 3), (2, 4)):
        flooded.publishes(
            "forum", item(items[0], "Resettlement rumour number 2", site="forum"), *posts(items[1], items[1])
        )
        flooded.later(days=10)
    known = set(keys_of(flooded))
    for day in range(8):  # a week, for feeds take turns
        flooded.publishes("forum", *posts(2, 2), *posts(4, 5 + day))
        flooded.later(days=405 if day == 0 else 1)

    left = set(keys_of(flooded))

    assert {"forum-1", "forum-2", "forum-3", "forum-4"} == known
    assert "forum-1" not in left
    assert {"forum-2", "forum-4", "forum-5", "forum-12"} <= left
    assert flooded.senders["desk"].titles.count("Resettlement rumour number 2") == 1


def test_a19_feed_that_stood_still_for_500_days_repeats_nothing(flooded: Desk) -> None:
    """What it listed all that time, dropped with its first news and lists again is known still."""
    flooded.publishes("forum", *posts(1, 3))
    flooded.later()
    for day in range(8):
        flooded.publishes("forum", *posts(4, 4 + day))
        flooded.later(days=500 if day == 0 else 1)
    flooded.publishes("forum", *posts(1, 12))

    flooded.later(days=1)

    told = flooded.senders["desk"].titles
    assert sorted(told) == sorted(f"Resettlement rumour number {n}" for n in range(1, 13))
    assert states(flooded) == {"done": 12}


def keys_of(desk: Desk) -> list[str]:
    """Return the guids by which entries are known."""
    query = sa.select(entry_keys.c.value).where(entry_keys.c.kind == "guid")
    return list(desk.read(lambda c: c.execute(query).scalars().all()))


def test_a19_hosts_that_feeds_link_to_are_forgotten(flooded: Desk) -> None:
    """Each page may lie on a host of its own that asks for a pause: what is over is not kept for ever."""
    for n in range(1, 4):
        link = {"link": f"https://host{n}.example/a"}
        flooded.web.answers[link["link"]] = Reply(HttpInfo(503, retry_after="600"), link["link"])
        flooded.publishes("forum", item(n, f"Resettlement rumour number {n}", site="forum") | link)
        flooded.later()
    paused = rows(flooded)["hosts"]
    for day in range(8):  # a week, for feeds take turns
        flooded.publishes("forum", *posts(10 + day, 10 + day))
        flooded.later(days=1)

    left = rows(flooded)["hosts"]

    assert (paused, left) == (3, 0)
