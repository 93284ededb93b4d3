"""Which items are news: what feeds do to guids, addresses and texts, through the real jobs on both databases."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from email.utils import format_datetime

import pytest
import sqlalchemy as sa

from monitor.config import PollingSettings
from monitor.feeds import parse
from monitor.store import feeds
from monitor.store.schema import articles, decisions, entries, entry_keys, revisions
from tests.support import feedtexts
from tests.support.corpora import DATA, needs_data
from tests.support.desk import START, Desk, item, page

POLLS = 100
ITEMS = 30


def count(desk: Desk, table: sa.Table) -> int:
    """Return how many rows a table has."""
    return int(desk.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(table)).scalar()))


def told(desk: Desk) -> list[str]:
    """Return the titles of all alerts in order."""
    return desk.senders["desk"].titles


def begin(desk: Desk, *listed: dict[str, str]) -> None:
    """Declare the gazette and make what it lists the baseline."""
    desk.has(["gazette"]).publishes("gazette", *listed)
    desk.run()


def report(n: int) -> dict[str, str]:
    """Return an item that matches."""
    return item(n, f"Resettlement report number {n}", f"What the {n}. report says of the northern district.")


def flap(made: dict[str, str], n: int, poll: int) -> dict[str, str]:
    """Return an item as poll number `poll` lists it: five ways of feeds that cannot keep a name."""
    link, salt = made["link"], hashlib.sha256(f"{n} {poll}".encode()).hexdigest()
    match n % 5:
        case 0:
            scheme = ("http", "https")[poll % 2]
            return made | {"guid": link.replace("https", scheme), "link": link.replace("https", scheme)}
        case 1:
            return made | {
                "guid": f"{link}?utm_source=p{poll}",
                "link": f"{link}?utm_source=p{poll}&amp;utm_medium=rss",
            }
        case 2:
            return made | {"guid": f"{link};jsessionid={salt}", "link": f"{link}?PHPSESSID={salt}"}
        case 3:
            return made | {"guid": salt}
        case _:  # nothing stays but the words
            return made | {"guid": salt, "link": f"https://gazette.example/{salt[:8]}/{n}"}


def test_f22_flapping_guids_repeat_nothing(desk: Desk) -> None:
    """100 polls of 30 items whose guids and links change at each: each alerts once, and the keys stay few."""
    begin(desk)
    for poll in range(POLLS):
        desk.publishes("gazette", *(flap(report(n), n, poll) for n in range(ITEMS)))
        desk.clock.advance(minutes=10)
        desk.run() if poll < 2 else desk.poll("gazette")

    desk.later()

    assert sorted(told(desk)) == sorted(report(n)["title"] for n in range(ITEMS))
    assert count(desk, entries) == ITEMS
    assert count(desk, articles) == ITEMS
    assert count(desk, entry_keys) <= ITEMS * 3 * 17


def test_f22_short_headlines_at_flapping_addresses_repeat_nothing(desk: Desk) -> None:
    """Guids and links rebuilt at each poll with headlines of two words: the date, or the body as a whole, tells."""
    begin(desk)
    for poll in range(20):
        salt = hashlib.sha256(str(poll).encode()).hexdigest()[:10]
        made = [item(n, f"Resettlement {n}") | {"guid": f"{salt}{n}"} for n in range(5)]
        dated = [one | {"pubDate": format_datetime(START + timedelta(minutes=n))} for n, one in enumerate(made)]
        desk.publishes(
            "gazette", *(one | {"link": f"https://gazette.example/{salt}?n={n}"} for n, one in enumerate(dated))
        )
        desk.later(minutes=10)

    assert sorted(told(desk)) == [f"Resettlement {n}" for n in range(5)]


def test_f23_rebuilt_with_new_names_and_dates_repeats_nothing(desk: Desk) -> None:
    """The same 30 texts under new guids, links and dates: nothing is new, nothing is told again."""
    begin(desk)
    desk.publishes("gazette", *(report(n) for n in range(ITEMS)))
    desk.later()
    before = list(told(desk))
    now = format_datetime(START + timedelta(days=2))
    desk.publishes(
        "gazette",
        *(report(n) | {"guid": f"x{n}", "link": f"https://new.example/{n}", "pubDate": now} for n in range(ITEMS)),
    )

    desk.later(days=2)
    desk.later()

    assert len(before) == ITEMS
    assert told(desk) == before
    assert count(desk, entries) == ITEMS


def test_f24_list_of_500_feeds_brings_no_alert(desk: Desk) -> None:
    """500 feeds at once: their back catalogue stays quiet, the next item of each would alert."""
    names = [f"paper{n}" for n in range(500)]
    desk.has(names)
    for name in names:
        desk.publishes(name, item(1, "Resettlement plan", site=name), item(2, "Resettlement office", site=name))
    desk.run()
    desk.publishes("paper7", item(3, "Resettlement vote", site="paper7"), item(1, "Resettlement plan", site="paper7"))

    desk.later()

    assert told(desk) == ["Resettlement vote"]
    assert count(desk, entries) == 1001


@pytest.mark.parametrize(("hours", "expected"), [(2, ["Resettlement vote"]), (60 * 24, [])])
def test_f24_feed_added_again(desk: Desk, hours: int, expected: list[str]) -> None:
    """Back within the day a feed goes on; after two months what it lists is a baseline, what it listed is known."""
    begin(desk, report(1))
    desk.has([]).run()
    desk.has(["gazette"]).publishes("gazette", item(2, "Resettlement vote"), report(1))
    desk.has([])
    desk.clock.advance(hours=hours)

    desk.has(["gazette"]).run()
    desk.publishes("gazette", item(3, "Resettlement end"), item(2, "Resettlement vote"), report(1))
    desk.later()

    assert told(desk) == [*expected, "Resettlement end"]
    assert count(desk, entries) == 3


def test_f24_newest_of_a_feed_added_again_may_alert(desk: Desk) -> None:
    """With backfill the newest unknown items of the feed alert, and known ones stay known."""
    from dataclasses import replace

    begin(desk, report(1))
    desk.has([])
    desk.clock.advance(days=30)
    desk.has(["gazette"])
    desk.config = replace(desk.config, polling=PollingSettings(backfill=1))
    desk.set_up()
    desk.publishes("gazette", item(3, "Resettlement vote"), item(2, "Resettlement office"), report(1))

    desk.run()

    assert told(desk) == ["Resettlement vote"]


@pytest.mark.parametrize("change", [{"url": "https://gazette.example/rss/all"}, {"id": "the-gazette"}])
def test_f24_moved_or_renamed_feed_keeps_its_items(desk: Desk, change: dict[str, str]) -> None:
    """A feed under another address, or another id, is the same feed: no item of it is news again."""
    from dataclasses import replace

    begin(desk)
    desk.publishes("gazette", report(1), report(2))
    desk.later()
    desk.config = replace(desk.config, feeds=tuple(replace(feed, **change) for feed in desk.config.feeds))
    desk.web.answers["https://gazette.example/rss/all"] = desk.web.answers["https://gazette.example/feed"]
    desk.set_up()

    desk.later()

    assert sorted(told(desk)) == ["Resettlement report number 1", "Resettlement report number 2"]
    assert len(desk.read(feeds.list_active)) == 1


def test_f25_same_guid_on_two_articles_alerts_both(desk: Desk) -> None:
    """One guid on two articles of a body, and on a third later: all three alert, and stay known over 100 polls."""
    begin(desk)
    first, second = (
        item(n, title) | {"guid": "x"} for n, title in ((1, "Resettlement plan"), (2, "Resettlement vote"))
    )
    desk.publishes("gazette", first, second)
    desk.later()
    third = item(3, "Ministers on resettlement") | {"guid": "x"}
    for poll in range(POLLS):
        desk.publishes("gazette", *((third, second) if poll % 2 else (third, first, second)))
        desk.clock.advance(minutes=10)
        desk.run() if poll < 2 else desk.poll("gazette")

    desk.later()

    assert sorted(told(desk)) == ["Ministers on resettlement", "Resettlement plan", "Resettlement vote"]
    assert count(desk, entries) == 3


BARE = [
    pytest.param({"guid": None}, id="no guid"),
    pytest.param({"link": None}, id="no link"),
    pytest.param({"guid": None, "link": None}, id="neither"),
    pytest.param({"guid": "same", "link": None}, id="one guid for all, no link"),
    pytest.param({"guid": None, "link": "https://gazette.example/"}, id="front page for all"),
    pytest.param({"guid": None, "link": "https://gazette.example/news.html"}, id="one page for all"),
]


@pytest.mark.parametrize("change", BARE)
def test_f25_items_without_a_name_are_told_once_each(desk: Desk, change: dict[str, str | None]) -> None:
    """Whatever of guid and link is missing or common to all: each article alerts once in 100 polls."""
    begin(desk)
    titles = [
        "Resettlement plan",
        "Resettlement vote in the north",
        "Resettlement: what is known of it so far, in brief",
    ]
    made = [item(n, title) | change for n, title in enumerate(titles)]
    listed: list[dict[str, str]] = [{key: value for key, value in one.items() if value is not None} for one in made]
    for poll in range(POLLS):
        desk.publishes("gazette", *listed, {"guid": "empty"}, {"title": "Weather", "pubDate": f"Feb 30, {poll}"})
        desk.clock.advance(minutes=10)
        desk.run() if poll < 2 else desk.poll("gazette")

    desk.later()

    assert sorted(told(desk)) == sorted(titles)
    assert count(desk, entries) == 4


def test_f15_bad_dates_decide_nothing(desk: Desk) -> None:
    """Year 1, 9999, none, epoch, Feb 30: each item is new once, none is dated after it was seen, the order stays."""
    begin(desk)
    written = ["Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "", "0", "30 Feb 2025 10:00:00 GMT"]
    made = [item(n, f"Resettlement {n}") | {"pubDate": date} for n, date in enumerate(written)]
    desk.publishes("gazette", *made)
    desk.later()
    desk.publishes("gazette", *reversed(made))

    desk.later()

    stored = desk.read(
        lambda c: c.execute(
            sa.select(entries.c.title, entries.c.published, entries.c.first_seen).order_by(entries.c.id)
        ).all()
    )
    assert sorted(told(desk)) == [f"Resettlement {n}" for n in range(5)]
    assert all(row.published is None or row.published <= row.first_seen for row in stored)
    assert [row.title for row in stored] == [f"Resettlement {n}" for n in range(5)]


# -- revisions -----------------------------------------------------------------------------------

REVISED = [
    ("Ship hits mine off the coast", "UPDATE 2: Ship hits mine off the coast, resettlement feared"),
    ("Vote on resettlement: 12 against", "Vote on resettlement: 41 against"),
    ("Minister Cohen on resettlement", "Minister Kohen on resettlement"),
    ("Talks on resettlement fail - live", "Talks on resettlement resume - live"),
]


@pytest.mark.parametrize(("before", "after"), REVISED)
@pytest.mark.parametrize("moved", [{}, {"link": "https://gazette.example/a/another-slug"}, {"guid": "new-guid-77123"}])
def test_revised_headline_updates_the_article(desk: Desk, before: str, after: str, moved: dict[str, str]) -> None:
    """A changed headline is a revision of the same article, matched again; slug or guid may change with it."""
    begin(desk)
    first = item(1, before) | {"guid": "https://gazette.example/?p=48213"}
    desk.publishes("gazette", first)
    desk.later()
    desk.publishes("gazette", first | {"title": after} | moved)

    desk.later()
    desk.later()

    titles = desk.read(lambda c: c.execute(sa.select(revisions.c.title).order_by(revisions.c.n)).scalars().all())
    assert titles == [before, after]
    assert (count(desk, entries), count(desk, articles)) == (1, 1)
    assert told(desk) == ([before] if "resettlement" in before else [after])


def test_revision_adds_a_pack_and_never_repeats_one(desk: Desk) -> None:
    """The new headline fires a second pack: that one is told, the first is not told again."""
    begin(desk)
    desk.publishes("gazette", item(1, "Cairo rejects resettlement"))
    desk.later()
    desk.publishes("gazette", item(1, "Delegation rejects resettlement in Cairo"))

    desk.later()

    query = sa.select(decisions.c.pack, decisions.c.outcome, decisions.c.reason).where(decisions.c.pack != "*")
    made = desk.read(lambda c: c.execute(query.order_by(decisions.c.decided_seq, decisions.c.pack)).all())
    assert [tuple(row) for row in made] == [
        ("move", "alert", "first_report"),
        ("move", "suppressed", "same_article"),
        ("talks", "alert", "first_report"),
    ]


def test_alert_about_a_revision_leads_to_where_the_article_lies_now(desk: Desk) -> None:
    """The slug changed with the headline: the message links to the new address."""
    begin(desk)
    first = item(1, "Talks on harbour fail") | {"guid": "https://gazette.example/?p=48213"}
    desk.publishes("gazette", first)
    desk.later()
    desk.publishes(
        "gazette", first | {"title": "Talks on harbour and resettlement fail", "link": "https://gazette.example/new"}
    )

    desk.later()

    (notice,) = desk.senders["desk"].notices
    assert notice.items[0].url == "https://gazette.example/new"


def test_changed_summary_is_read_with_the_page_again(desk: Desk) -> None:
    """The feed's text says something new: the page is read once more, and what it adds is told."""
    begin(desk)
    long = "The harbour was quiet, said the master of the port. " * 20
    desk.web.answers["https://gazette.example/a/1"] = page("Harbour", long)
    desk.publishes("gazette", item(1, "Harbour talks", "Ministers met at noon."))
    desk.later()
    desk.web.answers["https://gazette.example/a/1"] = page("Harbour", long, "The delegation left early.")
    desk.publishes("gazette", item(1, "Harbour talks", "UPDATE: one side is said to have left the room."))

    desk.later()

    assert told(desk) == ["Harbour talks"]
    assert count(desk, articles) == 1
    assert desk.web.asked.count("https://gazette.example/a/1") == 2


def test_page_that_fails_on_a_change_keeps_the_text_that_stood(desk: Desk) -> None:
    """The page is gone when the feed's text changes: what was read before stays, with the new summary's words."""
    begin(desk)
    long = "The delegation was quiet, said the master of the port. " * 20
    desk.web.answers["https://gazette.example/a/1"] = page("Harbour", long)
    desk.publishes("gazette", item(1, "Harbour talks", "Ministers met at noon."))
    desk.later()
    desk.web.answers["https://gazette.example/a/1"] = 404
    desk.publishes("gazette", item(1, "Harbour talks", "UPDATE: the resettlement of the quarter was on the table."))

    desk.later()

    newest = desk.read(lambda c: c.execute(sa.select(revisions).order_by(revisions.c.n.desc())).first())
    assert [i.tellings[0].pack for n in desk.senders["desk"].notices for i in n.items] == ["talks", "move"]
    assert not newest.partial


# -- bodies --------------------------------------------------------------------------------------


def test_f26_cut_bodies_bring_whole_items_and_later_the_rest(desk: Desk) -> None:
    """A 50-item feed cut here and there brings no phantom, and whole it brings exactly what was missing."""
    body = feedtexts.rss_of(50)
    titles = [entry.title for entry in parse.parse_feed(body, "https://gazette.example/feed").entries]
    begin(desk)
    for offset in range(0, len(body), 997):
        desk.web.answers["https://gazette.example/feed"] = body[:offset]
        desk.clock.advance(minutes=10)
        desk.poll("gazette")
    stored = desk.read(lambda c: c.execute(sa.select(entries.c.title)).scalars().all())

    desk.web.answers["https://gazette.example/feed"] = body
    desk.poll("gazette")

    assert set(stored) <= set(titles)
    assert sorted(desk.read(lambda c: c.execute(sa.select(entries.c.title)).scalars().all())) == sorted(titles)


def test_item_listed_twice_in_a_body_alerts_once(desk: Desk) -> None:
    """The same item twice, once with trackers and once under a section's guid, is one article."""
    begin(desk)
    made = report(1)
    desk.publishes("gazette", made, made | {"link": made["link"] + "?utm_source=b#top"}, made | {"guid": "section-2"})

    desk.later()

    assert len(told(desk)) == 1
    assert count(desk, entries) == 1


@needs_data
def test_two_real_polls_of_a_feed_without_guids(desk: Desk) -> None:
    """Of 75 items of the second poll those are new whose address the first did not list, and a third poll adds none."""
    polls = [(DATA / "feeds-wild" / f"jpost-homepage-{name}.xml").read_bytes() for name in ("96431db", "6048a8b")]
    links = [{e.url for e in parse.parse_feed(body, "https://gazette.example/feed").entries} for body in polls]
    desk.has(["gazette"])
    desk.web.answers["https://gazette.example/feed"] = polls[0]
    desk.poll("gazette")
    desk.web.answers["https://gazette.example/feed"] = polls[1]
    desk.clock.advance(minutes=20)

    polled = desk.poll("gazette")
    desk.web.answers["https://gazette.example/feed"] = polls[1] + b"\n"
    desk.clock.advance(minutes=20)
    again = desk.poll("gazette")

    assert polled.new == len(links[1] - links[0])
    assert (again.outcome, again.new) == ("ok", 0)
