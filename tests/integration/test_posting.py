"""Who gets an alert, when, and together with what: routes, digests, quiet hours, budgets, throttles, storms, groups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import hours
from monitor.alerts.route import Route
from monitor.engine.local import LocalEngine
from monitor.store.schema import alerts, messages
from tests.support import invariants
from tests.support.desk import Desk, item

PACK = """\
format: 1
pack: move
title: Gaza move
tags: [people]
rules:
  - {id: core, any: [resettlement], severity: normal}
  - {id: grave, all: [resettlement, force], severity: high, tags: [army]}
  - {id: loud, all: [resettlement, ultimatum], severity: urgent}
"""
ONE = {"packs/move.yaml": PACK}


@pytest.fixture(autouse=True)
def promises(desk: Desk) -> Iterator[None]:
    """Whatever a desk here goes through, its database keeps its promises to the end."""
    yield
    desk.read(invariants.check)


def asks(desk: Desk, channel: str = "desk", **keys: Any) -> None:
    """Let a channel ask for digest, quiet hours and so on."""
    channels = {**desk.config.channels, channel: replace(desk.config.channels[channel], **keys)}
    desk.config = replace(desk.config, channels=channels)
    desk.set_up(desk.context.setup.live if desk.context else None)


def begin(desk: Desk, *channels: str, packs: dict[str, str] | None = None) -> None:
    """Declare the gazette under one pack, with an empty baseline."""
    desk.packs = packs or ONE
    desk.has(["gazette"], channels or ("desk",)).publishes("gazette")
    desk.run()


def tell(desk: Desk, *titles: str, **later: float) -> None:
    """Publish one story after the other, `later` (default 20 minutes) apart."""
    for title in titles:
        n = tell_count(desk)
        items = [item(1000 + k, told) for k, told in enumerate([*_published(desk), title])]
        _published(desk).append(title)
        desk.publishes("gazette", *items)
        desk.later(**(later or {"minutes": 20}))
        assert n <= tell_count(desk)


def _published(desk: Desk) -> list[str]:
    return desk.__dict__.setdefault("published", [])


def tell_count(desk: Desk) -> int:
    """Return how many alerts were decided."""
    return int(desk.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(alerts)).scalar()))


def open_messages(desk: Desk) -> list[tuple[str, str, datetime]]:
    """Return slot, state and due time of what has not left."""
    query = sa.select(messages.c.slot, messages.c.state, messages.c.due_at).where(messages.c.state != "sent")
    return [tuple(row) for row in desk.read(lambda c: c.execute(query.order_by(messages.c.id)).all())]


def told(desk: Desk, channel: str = "desk") -> list[list[str]]:
    """Return the titles in each message, in the order of sending."""
    return [[one.title for one in notice.items] for notice in desk.senders[channel].notices]


# -- routes --------------------------------------------------------------------------------------


def test_routes_add_channels_to_what_fits(desk: Desk) -> None:
    """The desk gets everything, the pager what is high and more, the army room what its tag names; each once."""
    desk.packs = ONE
    desk.has(["gazette"], ["desk", "pager", "army"])
    routes = (Route(("pager",), severity="high"), Route(("army", "desk"), tag="army"))
    desk.config = replace(desk.config, default_route=("desk",), routes=routes)
    desk.set_up()
    desk.publishes("gazette")
    desk.run()

    tell(desk, "Resettlement of the harbour", "Resettlement by force in the valley", "Resettlement ultimatum at sea")

    assert [len(told(desk, name)) for name in ("desk", "pager", "army")] == [3, 2, 1]
    assert told(desk, "army") == [["Resettlement by force in the valley"]]


# -- hours ---------------------------------------------------------------------------------------


def test_digest_collects_and_leaves_at_its_time(desk: Desk) -> None:
    """Two alerts of a day leave in one message at seven; the ledger says until when they wait."""
    begin(desk)
    asks(desk, digest=hours.parse_timetable("07:00"))

    tell(desk, "Resettlement of the harbour", "Resettlement by force in the valley")
    waiting = open_messages(desk)
    desk.clock.set_by(datetime(2025, 3, 11, 7, 0, 5, tzinfo=UTC) - desk.clock.now())
    desk.run()

    assert waiting == [("digest::2025-03-11", "gathering", datetime(2025, 3, 11, 7, tzinfo=UTC))]
    (notice,) = desk.senders["desk"].notices
    assert notice.headline == "Digest: 2 reports"
    assert {one.title for one in notice.items} == set(_published(desk))


def test_empty_digest_says_so_once(desk: Desk) -> None:
    """A day without an alert is told at seven, once, with what was read; the hours before the channel are not owed."""
    begin(desk)
    asks(desk, digest=hours.parse_timetable("07:00"))
    desk.publishes("gazette", item(1, "Quiet day in the harbour"))
    desk.later()
    early = len(desk.senders["desk"].notices)

    desk.clock.set_by(datetime(2025, 3, 11, 7, 0, 5, tzinfo=UTC) - desk.clock.now())
    for _ in range(4):
        desk.later(minutes=7)

    assert early == 0
    (notice,) = desk.senders["desk"].notices
    assert (notice.kind, notice.headline) == ("digest", "Digest: 0 alerts, 1 article, 0 feeds silent")


def test_missed_digest_is_sent_at_the_next_start_if_younger_than_a_day(desk: Desk) -> None:
    """After five hours away the digest of seven is made up for; after three days only the last one."""
    begin(desk)
    asks(desk, digest=hours.parse_timetable("07:00"))

    desk.clock.set_by(datetime(2025, 3, 11, 12, tzinfo=UTC) - desk.clock.now())
    desk.restart().run()
    first = [notice.kind for notice in desk.senders["desk"].notices]
    desk.clock.set_by(timedelta(days=3))
    desk.restart().run()

    assert first == ["digest"]
    assert [notice.kind for notice in desk.senders["desk"].notices] == ["digest", "digest"]


def test_quiet_hours_hold_and_flush_and_urgent_passes(desk: Desk) -> None:
    """At night only the urgent one leaves; in the morning the others do, in one message."""
    begin(desk)
    asks(desk, quiet=hours.parse_quiet("22:00-06:30"))
    desk.clock.set_by(datetime(2025, 3, 10, 22, 30, tzinfo=UTC) - desk.clock.now())

    tell(desk, "Resettlement of the harbour", "Resettlement ultimatum at sea", "Resettlement by force in the valley")
    night = told(desk)
    desk.clock.set_by(datetime(2025, 3, 11, 6, 30, 5, tzinfo=UTC) - desk.clock.now())
    desk.run()

    assert night == [["Resettlement ultimatum at sea"]]
    assert sorted(told(desk)[1]) == ["Resettlement by force in the valley", "Resettlement of the harbour"]
    assert desk.senders["desk"].notices[1].headline == "2 reports came while it was quiet"


def test_pack_digest_comes_before_the_channels(desk: Desk) -> None:
    """A pack's own digest time is kept on a channel without one, and other packs are told at once."""
    packs = {
        "packs/move.yaml": PACK.replace("tags: [people]", "digest: {at: hourly}"),
        "packs/talks.yaml": "format: 1\npack: talks\nrules: [{id: core, any: [delegation]}]\n",
    }
    begin(desk, packs=packs)

    tell(desk, "Resettlement of the harbour", "Delegation lands in the valley", minutes=5)

    assert told(desk) == [["Delegation lands in the valley"]]
    assert [(slot, state) for slot, state, _ in open_messages(desk)] == [("digest:move:2025-03-10T09:00Z", "gathering")]


# -- limits --------------------------------------------------------------------------------------

PLACES = ("harbour", "valley", "island", "desert", "capital", "border", "lake", "plateau")


def test_budget_holds_what_is_less_than_high_until_the_day_ends(desk: Desk) -> None:
    """Two a day: the third normal one waits for midnight, a high one does not, and the next day counts anew."""
    begin(desk)
    asks(desk, budget=2)

    tell(desk, *(f"Resettlement of the {place}" for place in PLACES[:4]), "Resettlement by force in the lake")
    day = len(told(desk))
    waiting = open_messages(desk)
    desk.clock.set_by(datetime(2025, 3, 11, 0, 0, 5, tzinfo=UTC) - desk.clock.now())
    desk.run()

    assert day == 3
    assert [slot for slot, _, _ in waiting] == ["budget:2025-03-11"]
    assert sorted(told(desk)[-1]) == ["Resettlement of the desert", "Resettlement of the island"]


def test_throttle_defers_and_never_drops(desk: Desk) -> None:
    """Two an hour: what is more leaves in one message when the first is an hour old."""
    begin(desk, packs={"packs/move.yaml": PACK.replace("tags: [people]", "throttle: {max: 2 per 1h}")})

    tell(desk, *(f"Resettlement of the {place}" for place in PLACES[:5]), minutes=10)
    first = told(desk)
    desk.later(minutes=30)

    assert first == [["Resettlement of the harbour"], ["Resettlement of the valley"]]
    assert len(told(desk)) == 3
    assert sorted(told(desk)[2]) == sorted(f"Resettlement of the {place}" for place in PLACES[2:5])
    assert open_messages(desk) == []


SECOND = "format: 1\npack: talks\nrules: [{id: core, any: [delegation]}]\n"


def test_throttle_of_one_pack_holds_no_other(desk: Desk) -> None:
    """What fires both packs leaves at once, naming both; what the throttled one alone finds waits for its hour."""
    throttled = PACK.replace("tags: [people]", "throttle: {max: 1 per 1h}")
    begin(desk, packs={"packs/move.yaml": throttled, "packs/talks.yaml": SECOND})

    tell(desk, "Resettlement of the harbour", "Resettlement talks: delegation lands in the valley", minutes=10)
    tell(desk, "Resettlement of the desert", minutes=10)

    assert told(desk) == [["Resettlement of the harbour"], ["Resettlement talks: delegation lands in the valley"]]
    (both,) = desk.senders["desk"].notices[1].items
    assert sorted(telling.pack for telling in both.tellings) == ["move", "talks"]
    assert [slot.partition(":")[0] for slot, _, _ in open_messages(desk)] == ["throttle"]


def test_throttle_merges_what_waits_by_its_worst_and_counts_it_as_told(desk: Desk) -> None:
    """Three that wait are one message, as severe as the worst of them; an hour after it the next may leave."""
    begin(desk, packs={"packs/move.yaml": PACK.replace("tags: [people]", "throttle: {max: 1 per 1h}")})
    waiting = ["Resettlement of the valley", "Resettlement ultimatum at sea", "Resettlement by force in the lake"]

    tell(desk, "Resettlement of the harbour", *waiting, minutes=10)
    desk.later(minutes=30)
    merged = desk.senders["desk"].notices[1]
    tell(desk, "Resettlement of the plateau", minutes=50)
    soon = len(told(desk))
    desk.later(minutes=15)

    assert sorted(one.title for one in merged.items) == sorted(waiting)
    assert (merged.severity, merged.headline) == ("urgent", "3 reports beyond the throttle")
    assert (soon, told(desk)[soon:]) == (2, [["Resettlement of the plateau"]])
    assert open_messages(desk) == []


def test_throttle_that_ends_in_quiet_hours_waits_for_their_end(desk: Desk) -> None:
    """Its hour is over at half past ten, the night at half past six: one message in the morning has all of it."""
    begin(desk, packs={"packs/move.yaml": PACK.replace("tags: [people]", "throttle: {max: 1 per 1h}")})
    asks(desk, quiet=hours.parse_quiet("22:00-06:30"))
    desk.clock.set_by(datetime(2025, 3, 10, 21, 20, tzinfo=UTC) - desk.clock.now())

    tell(desk, "Resettlement of the harbour", "Resettlement of the valley", minutes=10)
    desk.later(hours=2)
    night = told(desk)
    desk.clock.set_by(datetime(2025, 3, 11, 6, 30, 5, tzinfo=UTC) - desk.clock.now())
    desk.run()

    assert night == [["Resettlement of the harbour"]]
    assert told(desk)[1:] == [["Resettlement of the valley"]]


def test_f39_storm_is_few_messages_and_loses_nothing(desk: Desk) -> None:
    """Sixty matches at once: ten leave one by one, the rest together, and each is told exactly once."""
    begin(desk)
    dates = [format_datetime(desk.clock.now() + timedelta(minutes=1 + n % 19)) for n in range(60)]
    news = [item(2000 + n, f"Resettlement number{n} alpha{n} beta{n}") for n in range(60)]
    desk.publishes("gazette", *(one | {"pubDate": date} for one, date in zip(news, dates, strict=True)))

    desk.later()

    sent = told(desk)
    assert len(sent) == 11
    assert desk.senders["desk"].notices[-1].headline == "Storm: 50 reports at once"
    assert sorted(title for titles in sent for title in titles) == sorted(
        f"Resettlement number{n} alpha{n} beta{n}" for n in range(60)
    )


def test_group_leaves_when_its_window_ends_and_waits_for_no_sweep(desk: Desk) -> None:
    """A tick a second after the window is enough: a sweep, twice a minute, would make it half a minute late."""
    begin(desk)
    asks(desk, group=60.0)
    desk.publishes("gazette", *(item(3000 + n, f"Resettlement of the {place}") for n, place in enumerate(PLACES[:3])))
    desk.clock.advance(minutes=20)
    assert desk.context is not None

    asyncio.run(LocalEngine(desk.context).work_off())
    first = [len(titles) for titles in told(desk)]
    desk.clock.advance(seconds=59)
    asyncio.run(LocalEngine(desk.context).work_off())
    early = [len(titles) for titles in told(desk)]
    desk.clock.advance(seconds=2)
    asyncio.run(LocalEngine(desk.context).work_off())

    assert (first, early, [len(titles) for titles in told(desk)]) == ([1], [1], [1, 2])


def test_group_sends_the_first_at_once_and_what_follows_together(desk: Desk) -> None:
    """Within the window of a channel that groups, three alerts are two messages."""
    begin(desk)
    asks(desk, group=60.0)
    desk.publishes("gazette", *(item(3000 + n, f"Resettlement of the {place}") for n, place in enumerate(PLACES[:3])))

    desk.later()

    assert [len(titles) for titles in told(desk)] == [1, 2]
