"""Rules that used to fire and stopped, with the nearest misses, and rules that flood."""

from __future__ import annotations

import pytest

from tests.support.desk import Desk, item

PACK = "format: 1\npack: move\nrules: [{id: core, all: [resettlement, Gaza]}, {id: rare, any: [ultimatum]}]\n"
STOPPED = "Rule core of pack move no longer fires"


@pytest.fixture
def daily(desk: Desk) -> Desk:
    """Six days on each of which one article matched; `rare` matched once."""
    desk.packs = {"packs/move.yaml": PACK}
    desk.has(["gazette"], channels=("desk", "ops"), ops="ops")
    desk.publishes("gazette", item(0, "Harbour opens"))
    desk.run()
    for day in range(6):
        more = "an ultimatum" if day == 2 else "a plan"
        desk.publishes(
            "gazette", item(1 + day, f"Resettlement {day} for Gaza", f"Resettlement from Gaza: {more} {day}.")
        )
        desk.later(hours=24)
    assert [headline for headline in told(desk) if "Rule" in headline] == []
    return desk


def told(desk: Desk) -> list[str]:
    """Return the headlines that the ops channel got of rules."""
    return [notice.headline for notice in desk.senders["ops"].notices if "Rule" in notice.headline]


def quiet_days(desk: Desk, days: int, articles: int, first: int = 100) -> None:
    """Let days pass on which nothing matches; one article a day comes near."""
    for day in range(days):
        number = first + day * 100
        near = item(number, f"Resettlement of flood victims {day}", f"Resettlement in the valley {day}.")
        others = [item(number + 1 + n, f"Market {day} {n}", f"Prices {day} {n} rose.") for n in range(articles)]
        desk.publishes("gazette", near, *others)
        desk.later(hours=24)


def test_a_rule_that_stopped_is_told_once_with_its_nearest_misses_and_its_return(daily: Desk) -> None:
    """Silent for over three days though it fired daily: told with what was missing; one match is no habit."""
    quiet_days(daily, days=5, articles=15)
    during = told(daily)
    notice = next(one for one in daily.senders["ops"].notices if one.headline == STOPPED)

    daily.publishes("gazette", item(5000, "Resettlement again for Gaza", "Resettlement from Gaza resumes."))
    daily.later(hours=24)
    daily.later(minutes=15)

    assert during == [STOPPED]
    assert "It matched 6 articles on 6 days" in notice.body
    assert "Resettlement of flood victims" in notice.body
    assert "(Gazette): " in notice.body
    assert "Gaza" in notice.body.partition("What came nearest")[2]
    assert told(daily) == [STOPPED, "Rule move/core fires again"]


def test_no_rule_is_blamed_where_nothing_is_read(daily: Desk) -> None:
    """Without articles a rule cannot fire: two a day say nothing of it."""
    quiet_days(daily, days=5, articles=2)

    assert told(daily) == []


def test_a_rule_that_was_removed_is_closed_in_silence(daily: Desk) -> None:
    """Whoever removed it knows."""
    quiet_days(daily, days=5, articles=15)
    daily.packs = {"packs/move.yaml": "format: 1\npack: move\nrules: [{id: other, any: [ultimatum]}]\n"}
    daily.set_up(daily.context.setup.live if daily.context else None)
    daily.later(hours=24)

    assert told(daily) == [STOPPED]
    assert daily.read(_open) == []


def _open(connection: object) -> list[str]:
    from monitor.store import notices

    return [one.key for one in notices.list_open(connection) if one.key.startswith("rule_")]  # type: ignore[arg-type]


def test_a_rule_that_floods_is_told_with_the_words_that_did_it(daily: Desk) -> None:
    """Eighty matches in an hour where one a day is usual: told once, and when it is over."""
    flood = [
        item(9000 + n, f"Resettlement note {n} on Gaza", f"Gaza resettlement {n}, street {n * 7}.") for n in range(80)
    ]
    daily.publishes("gazette", *flood)
    daily.later(hours=24)
    body = next(one.body for one in daily.senders["ops"].notices if one.headline == "Rule core of pack move floods")

    daily.later(hours=2)

    assert "It matched 80 of 80 articles in the last hour; it usually matches 1 a day" in body
    assert "resettlement (80)" in body
    assert told(daily) == ["Rule core of pack move floods", "Rule move/core no longer floods"]
