"""Feeds whose known items are not read again hold what feeds hold that are read as a whole at each poll."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from monitor.store.schema import entries, entry_keys, feeds
from tests.support.desk import Desk, item

NAMES = {"gazette": "read in part", "herald": "read as a whole"}


@pytest.fixture
def pair(desk: Desk) -> Desk:
    """Two feeds that list the same."""
    return desk.has(list(NAMES), channels=("desk",))


def polls(desk: Desk, *items: dict[str, str]) -> None:
    """Have both feeds list these items; what is remembered of the herald is taken from it."""
    for name in NAMES:
        desk.publishes(name, *items)
    forget = feeds.update().where(feeds.c.slug == "herald").values(memory=None)
    desk.write(lambda connection: connection.execute(forget))
    desk.later()


def held(desk: Desk, name: str) -> list[tuple[object, ...]]:
    """Return the entries of a feed with their keys, by what they are and not by their numbers."""
    found = sa.select(feeds.c.id).where(feeds.c.slug == name).scalar_subquery()
    keys = sa.select(entry_keys.c.entry_id, entry_keys.c.kind, entry_keys.c.value).where(entry_keys.c.feed_id == found)
    rows = sa.select(entries.c.id, entries.c.title, entries.c.summary, entries.c.url, entries.c.state)
    own: dict[int, list[tuple[str, str]]] = {}
    for entry, kind, value in desk.read(lambda connection: connection.execute(keys).all()):
        own.setdefault(entry, []).append((kind, value))
    query = rows.where(entries.c.feed_id == found).order_by(entries.c.id)
    found_rows = desk.read(lambda connection: connection.execute(query).all())
    return [(*row[1:], sorted(own[row[0]])) for row in found_rows]


def columns(desk: Desk, name: str) -> tuple[object, ...]:
    """Return what a feed's polls taught, and whether something is remembered."""
    names = ("items", "newest_at", "new_entry_at", "spoken", "troubles", "arrivals", "etag")
    query = sa.select(*(feeds.c[column] for column in names)).where(feeds.c.slug == name)
    return tuple(desk.read(lambda connection: connection.execute(query).one()))


def test_known_items_are_neither_read_nor_lost(pair: Desk) -> None:
    """New items alert, known ones stay known, and a revised one is revised."""
    polls(pair, *(item(n, f"Harbour report number {n}") for n in (3, 2, 1)))
    polls(
        pair,
        *(item(n, f"Resettlement report number {n}" if n > 3 else f"Harbour report number {n}") for n in (5, 4, 3, 2)),
    )
    polls(
        pair,
        item(5, "Resettlement report number 5"),
        item(4, "Resettlement report number four"),
        item(3, "Harbour report number 3"),
    )

    assert held(pair, "gazette") == held(pair, "herald")
    assert columns(pair, "gazette") == columns(pair, "herald")
    told = pair.senders["desk"].titles
    assert [title for title in told if title.endswith("number 4")] == ["Resettlement report number 4"]


@pytest.mark.parametrize("seed", range(6))
def test_any_course_of_a_feed_ends_alike(pair: Desk, seed: int) -> None:
    """Items come, go, return, change, swap guids, lose links and repeat: after each poll both feeds hold the same."""
    draw = random.Random(seed)
    pool = [item(n, f"Report {n} on the harbour, its cranes and its people", f"Text of report {n}") for n in range(12)]
    listed = pool[:4]
    for _ in range(8):
        listed = [draw.choice(pool) for _ in range(draw.choice((0, 1, 1, 2)))] + listed[: draw.randint(2, 6)]
        if draw.random() < 0.4:
            place = draw.randrange(len(listed))
            change = draw.choice((
                {"title": f"Report revised {draw.random()}"}, {"guid": draw.choice(pool)["guid"]}, {"link": ""},
                {"link": draw.choice(pool)["link"]}, {"description": f"Other text {draw.random()}"}, {"guid": ""},
            ))  # fmt: skip
            listed[place] = listed[place] | change

        polls(pair, *listed)

        assert held(pair, "gazette") == held(pair, "herald")
        assert columns(pair, "gazette")[:3] == columns(pair, "herald")[:3]


def test_keys_stay_fresh_where_nothing_is_read_for_days(pair: Desk) -> None:
    """Once a day the whole body is read, so that what is still listed is not forgotten after 400 days."""
    for day in range(3):
        polls(pair, *(item(n, f"Harbour report number {n}") for n in (day + 2, 1)))
        pair.later(hours=25)

    listed_at = sa.select(sa.func.min(entry_keys.c.listed_at)).where(entry_keys.c.value == "gazette-1")
    oldest = pair.read(lambda connection: connection.execute(listed_at).scalar())
    assert (pair.clock.now() - oldest).total_seconds() < 3 * 86_400


def test_what_is_remembered_is_small(pair: Desk) -> None:
    """A memory takes 24 bytes for each item that is listed."""
    polls(pair, *(item(n, f"Harbour report number {n}") for n in range(25)))

    query = sa.select(feeds.c.memory).where(feeds.c.slug == "gazette")
    assert len(pair.read(lambda connection: connection.execute(query).scalar())) == 9 + 25 * 24
