"""When feeds are asked, through clocks that are set, outages and moves; and what is told of those that ail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from monitor import metrics
from monitor.engine.local import LocalEngine
from monitor.errors import FetchError
from monitor.model import HttpInfo, Reply
from monitor.store import feeds as stored
from monitor.store.schema import entries, feeds
from tests.support.desk import Desk, item, rss

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OF_ALL_FEEDS = {"No feed is polled", "Feeds are polled again", "No poll succeeds any more", "Polls succeed again"}
GAZETTE = "https://gazette.example/feed"
NEWS = ("Harbour opens", "Council votes", "Rain expected", "Bridge closed", "Market grows", "Team wins", "School built")


class Watch:
    """Runs one daemon's engine over fake time and notes when each feed was asked, on a clock that is never set."""

    def __init__(self, desk: Desk, runner: asyncio.Runner, step: float) -> None:
        assert desk.context is not None
        self.desk, self.step, self._runner = desk, step, runner
        self.engine = LocalEngine(desk.context)
        self.asked: dict[str, list[float]] = {}

    def run(self, length: timedelta) -> Watch:
        """Let time pass: from one feed that is due to the next, in steps of at least `step` seconds."""
        self._runner.run(self._run(length))
        return self

    def sweep(self) -> None:
        """Do what the daemon does each half minute."""
        self._runner.run(self.engine.sweep())

    async def _run(self, length: timedelta) -> None:
        end = self.desk.clock.monotonic() + length.total_seconds()
        while self.desk.clock.monotonic() < end:
            before = len(self.desk.web.asked)
            await self.engine.work_off()
            for url in self.desk.web.asked[before:]:
                self.asked.setdefault(url, []).append(self.desk.clock.monotonic())
            due = self.desk.read(lambda c: c.execute(sa.select(sa.func.min(feeds.c.next_check))).scalar())
            left = end - self.desk.clock.monotonic()
            idle = (due - self.desk.clock.now()).total_seconds()
            self.desk.clock.advance(seconds=min(max(self.step, idle), max(left, 0.001)))

    def gaps(self, url: str = GAZETTE) -> list[float]:
        """Return the seconds between the polls of a feed."""
        times = self.asked[url]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


Watching = Callable[..., Watch]


@pytest.fixture
def watching(desk: Desk) -> Iterator[Watching]:
    """Makes watches over the desk; `step` is in seconds."""
    with asyncio.Runner() as runner:
        yield lambda step=20.0: Watch(desk, runner, step)


def listing(desk: Desk, count: int = 6, age: timedelta = 4 * HOUR, apart: timedelta = 4 * HOUR, first: int = 0) -> str:
    """Return a feed of dated items, the newest `age` old."""
    newest = desk.clock.now() - age
    dated = [
        item(first + n, f"{NEWS[n % len(NEWS)]} {first + n}", f"The {NEWS[n % len(NEWS)].lower()} in the city today.")
        | {"pubDate": format_datetime(newest - n * apart)}
        for n in range(count)
    ]
    return rss(*dated)


def lists(desk: Desk, body: str, feed: str = "gazette") -> None:
    """Put a body at a feed's address."""
    desk.web.answers[f"https://{feed}.example/feed"] = body.encode()


def told(desk: Desk) -> list[str]:
    """Return the headlines that the ops channel got of feeds and network, without those of `jobs.watch`."""
    headlines = [notice.headline for notice in desk.senders["ops"].notices]
    return [one for one in headlines if one not in OF_ALL_FEEDS and "still stand" not in one]


def row(desk: Desk, slug: str = "gazette") -> sa.RowMapping:
    """Return a feed's row."""
    return desk.read(lambda c: c.execute(sa.select(feeds).where(feeds.c.slug == slug)).mappings().one())


def watched(desk: Desk, names: Sequence[str] = ("gazette",)) -> Desk:
    """Return a desk with dated feeds past their baseline and an ops channel."""
    desk.has(names, channels=("desk", "ops"), ops="ops")
    for name in names:
        lists(desk, listing(desk), name)
    desk.run()
    return desk


def spread(desk: Desk) -> None:
    """Have the jitter of checks vary."""
    draws = itertools.cycle(n * 0.37 % 1 for n in range(100))
    desk.context.draw = lambda: next(draws)


# -- clocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 30 * DAY, -30 * DAY], ids=str)
def test_f12_a_clock_that_is_set_changes_no_poll(desk: Desk, watching: Watching, jump: timedelta) -> None:
    """An hour or a month, either way: the gaps stay what they were, nothing comes in a burst, nothing is told again."""
    watched(desk)
    lists(desk, rss(item(77, "Resettlement plan") | {"pubDate": format_datetime(desk.clock.now())}))
    watch = watching().run(HOUR)

    desk.clock.set_by(jump)
    watch.run(HOUR)

    assert max(watch.gaps()) <= 1.5 * 600
    assert min(watch.gaps()) >= 0.25 * 600
    assert len(watch.gaps()) >= 10
    assert desk.senders["desk"].titles == ["Resettlement plan"]
    assert told(desk) == []


def test_f12_a_clock_set_back_while_nobody_ran_is_noticed_at_the_start(desk: Desk, watching: Watching) -> None:
    """A month that the last run was ahead does not silence the feed for a month."""
    watched(desk)
    watching().run(HOUR)
    desk.restart()
    desk.clock.set_by(-30 * DAY)

    watch = watching().run(HOUR)

    assert len(watch.asked[GAZETTE]) >= 5
    assert watch.asked[GAZETTE][0] - (desk.clock.monotonic() - 3600) <= 1.5 * 600


@pytest.mark.parametrize("fault", [500, FetchError("timeout", "too slow")], ids=["refused", "slow"])
def test_f12_a_page_that_is_owed_waits_no_month(desk: Desk, watching: Watching, fault: int | FetchError) -> None:
    """What else is planned moves with the clock as well: a page is tried again minutes later, not a month."""
    watched(desk)
    address = "https://gazette.example/a/77"
    desk.web.answers[address] = fault
    lists(desk, rss(item(77, "Resettlement plan") | {"pubDate": format_datetime(desk.clock.now())}))
    watch = watching().run(12 * MINUTE)
    asked = len(watch.asked[address])

    desk.clock.set_by(-30 * DAY)
    watch.run(2 * HOUR)

    assert len(watch.asked[address]) > asked


def _moment_of(day: datetime, zone: str) -> datetime:
    """Return the minute within the day after `day` at which the zone's clocks change."""
    offset = day.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = (day + n * MINUTE for n in range(24 * 60))
    return next(moment for moment in minutes if moment.astimezone(ZoneInfo(zone)).utcoffset() != offset)


@pytest.mark.parametrize("zone", ["Asia/Jerusalem", "Australia/Lord_Howe"])
def test_f13_summer_time_changes_no_poll(desk: Desk, watching: Watching, zone: str) -> None:
    """Over both changes of a year, of an hour or of half an hour, no poll is left out and none comes twice."""
    desk.clock.time = datetime(2025, 3, 1, tzinfo=ZoneInfo("UTC"))
    changes = [
        day
        for day in (desk.clock.now() + n * DAY + 12 * HOUR for n in range(330))
        if day.astimezone(ZoneInfo(zone)).utcoffset() != (day + DAY).astimezone(ZoneInfo(zone)).utcoffset()
    ]
    watched(desk)

    for change in changes:
        desk.clock.time = _moment_of(change, zone) - HOUR
        watch = watching(60).run(3 * HOUR)

        assert max(watch.gaps()) <= 1.5 * 600
        assert min(watch.gaps()) >= 0.25 * 600
    assert len(changes) == 2


def test_f14_sleep_is_caught_up_by_one_poll_of_each_feed(desk: Desk, watching: Watching) -> None:
    """After eight hours everything is due: each feed is asked once, and the checks that follow are spread."""
    names = [f"f{n}" for n in range(120)]
    watched(desk, names)
    spread(desk)
    watching().run(20 * MINUTE)
    asked = len(desk.web.asked)

    desk.clock.advance(hours=8)
    watching().run(timedelta(seconds=20))

    assert len(desk.web.asked) - asked == len(names)
    due = desk.read(lambda c: sorted(c.execute(sa.select(feeds.c.next_check)).scalars()))
    assert due[-1] - due[0] >= 4 * MINUTE
    assert max(sum(moment <= other < moment + 30 * timedelta(seconds=1) for other in due) for moment in due) <= 30


def test_f14_the_most_urgent_feed_is_asked_first(desk: Desk) -> None:
    """Lateness counts by the wait a feed had: neither many slow feeds nor many fast ones keep the others waiting."""
    watched(desk, ["slow", "fast", "asleep"])
    now = desk.clock.now()
    plan = {"slow": (20 * MINUTE, 10 * MINUTE), "fast": (5 * MINUTE, MINUTE), "asleep": (30 * MINUTE, 8 * HOUR)}
    for slug, (late, wait) in plan.items():
        times = {"next_check": now - late, "polled_at": now - late - wait}
        desk.write(lambda c, s=slug, t=times: c.execute(feeds.update().where(feeds.c.slug == s).values(**t)))

    found = desk.read(lambda c: stored.list_due(c, now, 3))

    assert [feed.slug for feed in found] == ["fast", "slow", "asleep"]


# -- outages and refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["dns", "connect"])
def test_f16_f45_a_dead_network_blames_no_feed_and_is_told_once(desk: Desk, watching: Watching, code: str) -> None:
    """While nothing answers there is one notice, not one of each feed; all is caught up within minutes of the end."""
    names = [f"f{n}" for n in range(4)]
    watched(desk, names)
    watch = watching().run(20 * MINUTE)
    answers = dict(desk.web.answers)
    desk.web.answers = dict.fromkeys(answers, FetchError(code, "nobody answers"))

    for _ in range(6):
        watch.run(15 * MINUTE)
        watch.sweep()
    watch.run(2 * HOUR)
    during = told(desk)
    desk.web.answers = answers
    ended = desk.clock.monotonic()
    watch.run(15 * MINUTE)
    watch.sweep()
    watch.run(MINUTE)

    assert [headline.partition(" for ")[0] for headline in during] == ["Nothing could be polled"]
    assert told(desk)[1:] == ["Feeds can be polled again"]
    firsts = [min(t for t in watch.asked[url] if t >= ended) - ended for url in answers]
    assert max(firsts) <= 900
    assert {health.state for health in desk.read(stored.list_health)} == {"ok"}


def test_f16_feeds_without_a_name_are_told_together_and_the_others_stay(desk: Desk, watching: Watching) -> None:
    """Names that cannot be resolved make one notice that lists them; feeds with a name are asked as before."""
    dead, alive = [f"dead{n}" for n in range(20)], [f"alive{n}" for n in range(5)]
    watched(desk, [*dead, *alive])
    for name in dead:
        desk.web.answers[f"https://{name}.example/feed"] = FetchError("dns", "the host name cannot be resolved")
    spread(desk)

    watch = watching()
    for _ in range(14):
        watch.run(3 * MINUTE)
        watch.sweep()
    watch.run(MINUTE)

    assert told(desk) == ["20 feeds are in trouble"]
    assert "Dead7" in desk.senders["ops"].notices[0].body
    assert all(max(watch.gaps(f"https://{name}.example/feed")) <= 720 for name in alive)
    assert len(set(desk.read(lambda c: list(c.execute(sa.select(feeds.c.next_check)).scalars())))) > 5


def test_f20_gone_for_a_day_stops_polling_until_resumed(desk: Desk) -> None:
    """410 twice over 24 hours ends the polls with one notice; `feeds resume` starts them again, with one more."""
    watched(desk)
    good = desk.web.answers[GAZETTE]
    desk.web.answers[GAZETTE] = 410

    for _ in range(16):
        desk.later(hours=4)
    asked = len(desk.web.asked)
    for _ in range(4):
        desk.later(hours=24)
    stopped = desk.read(stored.list_health)[0]
    desk.web.answers[GAZETTE] = good
    assert desk.write(lambda c: stored.resume(c, "gazette", desk.clock.now()))
    desk.later(minutes=1)

    assert stopped.state == "stopped"
    assert len(desk.web.asked) == asked + 1
    assert told(desk) == [
        "Feed Gazette is failing",
        "Feed Gazette is gone",
        "Feed Gazette works again",
        "Feed Gazette is polled again",
    ]


@pytest.mark.parametrize("status", [404, 403])
def test_f20_missing_and_forbidden_feeds_are_asked_for_ever(desk: Desk, status: int) -> None:
    """404 and 403 back off to a day and never end the polls."""
    watched(desk)
    desk.web.answers[GAZETTE] = status

    for _ in range(16):
        desk.later(hours=27)

    assert desk.read(stored.list_health)[0].state == "failing"
    assert len(desk.web.asked) >= 16
    assert told(desk) == ["Feed Gazette is failing"]


@pytest.mark.parametrize(
    ("header", "closed"),
    [("1800", 30), ("Mon, 10 Mar 2025 08:40:00 GMT", 40), ("315360000", 24 * 60), ("-5", 0), ("soon", 0)],
)
def test_f21_no_request_before_the_stated_time(desk: Desk, header: str, closed: int) -> None:
    """Seconds, dates and ten years (a day at most) are kept to the minute; nonsense leaves the ordinary back-off."""
    watched(desk)
    desk.clock.advance(minutes=20)
    began = desk.clock.now() - 20 * MINUTE
    desk.web.answers[GAZETTE] = Reply(HttpInfo(429, retry_after=header), GAZETTE)
    desk.run()
    until = began + closed * MINUTE if "GMT" in header else desk.clock.now() + closed * MINUTE
    asked = len(desk.web.asked)

    while desk.clock.now() + MINUTE < until:
        desk.clock.advance(seconds=min(3600.0, (until - desk.clock.now()).total_seconds() - 1))
        desk.run()

    assert len(desk.web.asked) == asked
    for _ in range(5):
        desk.later(minutes=1)
    assert len(desk.web.asked) > asked


def test_f21_the_host_of_articles_is_heeded_too(desk: Desk) -> None:
    """A page that answers 503 with Retry-After keeps every page and feed of its host unasked until then."""
    watched(desk)
    page = "https://gazette.example/a/71"
    desk.web.answers[page] = Reply(HttpInfo(503, retry_after="3600"), page)
    lists(desk, rss(item(71, "Resettlement plan")))
    desk.later()
    lists(desk, rss(item(72, "Resettlement refused"), item(71, "Resettlement plan")))

    desk.later(minutes=59)

    assert [url for url in desk.web.asked if "/a/" in url] == [page]
    assert desk.senders["desk"].titles == ["Resettlement plan"]
    desk.later(minutes=20)
    assert desk.senders["desk"].titles == ["Resettlement plan", "Resettlement refused"]
    assert len([url for url in desk.web.asked if "/a/" in url]) > 1


def test_f21_the_host_that_answers_is_the_one_that_rests(desk: Desk) -> None:
    """A 429 behind a redirect pauses the host that said so, not the one that only pointed there."""
    watched(desk, ["gazette", "herald", "courier"])
    target = "https://herald.example/other"
    desk.web.answers[GAZETTE] = Reply(HttpInfo(429, retry_after="7200"), target)
    desk.later(minutes=20)
    asked = len(desk.web.asked)

    desk.later(minutes=40)

    assert desk.web.asked[asked:] == ["https://courier.example/feed"]


def test_notices_of_a_feed_with_a_long_name_are_all_told(desk: Desk) -> None:
    """However long an id is, its second trouble is another message than its first."""
    name = "the-" + "very-" * 30 + "long-gazette"
    watched(desk, [name])
    address = f"https://{name}.example/feed"
    good = desk.web.answers[address]

    for _ in range(2):
        desk.web.answers[address] = 500
        for _ in range(5):
            desk.later(minutes=20)
        desk.web.answers[address] = good
        desk.later(hours=3)

    assert [headline.split()[-1] for headline in told(desk)] == ["failing", "again", "failing", "again"]


def test_f21_a_month_of_max_age_or_ttl_is_a_day(desk: Desk, watching: Watching) -> None:
    """What a server asks is kept on polls that bring nothing new as well, and cannot silence a feed for over a day."""
    watched(desk)
    body = listing(desk).replace("<title>t</title>", "<title>t</title><ttl>120</ttl>").encode()
    desk.web.answers[GAZETTE] = body

    watch = watching(60).run(9 * HOUR)
    desk.web.answers[GAZETTE] = Reply(HttpInfo(304, cache_control="max-age=2592000"), GAZETTE)
    watch.run(3 * DAY)

    gaps = watch.gaps()
    assert all(7200 <= gap <= 7320 for gap in gaps[:4])
    assert 86_400 <= gaps[-1] <= 86_520


# -- moves -------------------------------------------------------------------------------------------

MOVED = "https://herald.example/rss"


def moves(desk: Desk, target: str | None = MOVED) -> None:
    """Have the feed answer from another address, to which a permanent redirect leads."""
    before = desk.web.answers[GAZETTE]
    body = before.body if isinstance(before, Reply) else before
    desk.web.answers[GAZETTE] = Reply(HttpInfo(200), target or GAZETTE, body, permanent_url=target)
    desk.web.answers[MOVED] = body


def test_f19_a_permanent_move_is_believed_after_a_day(desk: Desk) -> None:
    """The same target at three polls and more over 24 hours: then the feed is asked there, and nothing alerts again."""
    watched(desk)
    moves(desk)

    for _ in range(5):
        desk.later(hours=5)
    before = row(desk)["url"]
    for _ in range(2):
        desk.later(hours=4)

    assert before == GAZETTE
    assert (row(desk)["url"], row(desk)["declared_url"]) == (MOVED, GAZETTE)
    assert desk.web.asked[-1] == MOVED
    assert desk.senders["desk"].titles == []
    assert desk.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(entries)).scalar()) == 6


def test_f19_a_reload_and_a_restart_leave_a_moved_feed_where_it_is(desk: Desk) -> None:
    """The declared address stays what the feed is known by; another one in the declaration wins, and starts anew."""
    watched(desk)
    moves(desk)
    for _ in range(6):
        desk.later(hours=6)

    desk.restart()
    desk.set_up(desk.context.setup.live)
    kept = row(desk)
    desk.has(["gazette"], channels=("desk", "ops"), ops="ops", url="https://courier.example/feed")

    assert (kept["url"], kept["declared_url"]) == (MOVED, GAZETTE)
    assert (row(desk)["url"], row(desk)["declared_url"]) == ("https://courier.example/feed", None)


@pytest.mark.parametrize("answers", [[MOVED, None], [MOVED, "https://other.example/rss"]])
def test_f19_a_redirect_that_changes_moves_nothing(desk: Desk, answers: list[str | None]) -> None:
    """Targets that alternate, or a redirect that comes and goes, never become the feed's address."""
    watched(desk)

    for n in range(10):
        moves(desk, answers[n % 2])
        desk.later(hours=9)

    assert row(desk)["url"] == GAZETTE


def test_f19_two_feeds_never_move_to_one_address(desk: Desk) -> None:
    """A feed whose target is another feed already stays where it is: two that poll one address would tell twice."""
    watched(desk, ["gazette", "herald"])
    target = "https://herald.example/feed"
    desk.web.answers[GAZETTE] = Reply(HttpInfo(200), target, listing(desk).encode(), permanent_url=target)

    for _ in range(6):
        desk.later(hours=7)

    assert row(desk)["url"] == GAZETTE


# -- the silence alarm -------------------------------------------------------------------------------


def test_feed_that_falls_silent_is_told_once_and_again_when_it_speaks(desk: Desk) -> None:
    """A feed that answers well but brings nothing for longer than its rhythm explains is told of, unchanged or not."""
    watched(desk)
    for turn in range(18):
        desk.clock.advance(hours=12)
        lists(desk, listing(desk, age=timedelta(), apart=3 * HOUR, first=1000 * turn))
        desk.run()

    quiet = told(desk)
    for _ in range(8):
        desk.later(hours=6)
    stale = told(desk)
    troubles = set(row(desk)["troubles"])
    counted = metrics.REGISTRY.get_sample_value("wirewatch_feed_troubles", {"trouble": "stale"})
    lists(desk, listing(desk, age=timedelta(), apart=DAY, first=9_000_000))
    desk.later(hours=1)

    assert quiet == []
    assert stale == ["Feed Gazette has gone quiet"]
    assert (troubles, counted) == ({"stale"}, 1)
    assert metrics.REGISTRY.get_sample_value("wirewatch_feed_troubles", {"trouble": "stale"}) == 0
    assert told(desk)[1:] == ["Feed Gazette brings entries again"]


def test_new_feed_may_rest_over_its_first_weekend(desk: Desk) -> None:
    """Nobody has seen the weekend of a new feed: three days of silence are not held against it, five are."""
    watched(desk)

    for _ in range(6):
        desk.later(hours=11)
    first = told(desk)
    for _ in range(6):
        desk.later(hours=9)

    assert first == []
    assert told(desk) == ["Feed Gazette has gone quiet"]


def test_feed_that_fails_is_not_called_quiet_as_well(desk: Desk) -> None:
    """Silence is judged by good polls only: a failing feed is told of once, as failing."""
    watched(desk)
    desk.web.answers[GAZETTE] = 500

    for _ in range(12):
        desk.later(hours=20)

    assert told(desk) == ["Feed Gazette is failing"]


def test_f28_feed_that_turned_into_a_page_is_told_as_that(desk: Desk) -> None:
    """A web page in place of a feed, three times, has a name of its own."""
    watched(desk)
    good = desk.web.answers[GAZETTE]
    desk.web.answers[GAZETTE] = b"<!DOCTYPE html><html><body>Log in</body></html>"
    for _ in range(8):
        desk.later(minutes=10)
    desk.web.answers[GAZETTE] = good
    desk.later(hours=2)

    assert told(desk) == ["Feed Gazette has turned into a web page", "Feed Gazette is a feed again"]


def test_f15_dates_to_come_and_missing_dates_are_told(desk: Desk) -> None:
    """A listing without any date, and one dated days ahead, are troubles that end with better dates."""
    watched(desk)
    lists(desk, rss(*(item(n, f"{NEWS[n % 7]} {n}") for n in range(6))))
    desk.later()
    lists(desk, listing(desk, age=-3 * DAY, apart=2 * DAY, first=50))
    desk.later()
    lists(desk, listing(desk, first=90))
    desk.later()

    assert told(desk) == [
        "Feed Gazette gives no dates",
        "Feed Gazette is dated in the future",
        "Feed Gazette gives dates again",
        "Feed Gazette is no longer dated in the future",
    ]


def test_feed_in_another_language_is_told_when_it_stays_so(desk: Desk) -> None:
    """One odd listing is nothing; an hour of them is told, and ends when the old language is back."""
    watched(desk)
    english = [item(n, f"{NEWS[n % 7]} {n}", "The council of the city has voted for the new bridge.") for n in range(9)]
    hebrew = [item(50 + n, f"ראש הממשלה אמר היום {n}", "הממשלה אישרה את ההצעה החדשה בישיבה") for n in range(9)]

    lists(desk, rss(*hebrew))
    desk.later()
    lists(desk, rss(*english))
    desk.later()
    odd = [headline for headline in told(desk) if "language" in headline]
    for turn in range(6):
        lists(desk, rss(*hebrew[turn:], *english[:1][:0]))
        desk.later()
    lists(desk, rss(*english[1:]))
    desk.later()

    assert odd == []
    assert [headline for headline in told(desk) if "language" in headline] == [
        "Feed Gazette has changed its language",
        "Feed Gazette no longer counts as in another language",
    ]


def test_overflow_between_two_polls_is_told_and_polled_for(desk: Desk, watching: Watching) -> None:
    """Everything replaced by newer entries: some may be lost, so the feed is asked each minute until a day is calm."""
    watched(desk)
    desk.clock.advance(minutes=20)
    lists(desk, listing(desk, age=timedelta(), apart=MINUTE, first=100))
    desk.run()

    watch = watching().run(20 * MINUTE)
    soon = told(desk)
    for _ in range(4):
        desk.later(hours=7)

    assert soon == ["Feed Gazette may have lost entries between two polls"]
    assert max(watch.gaps()) <= 80
    assert told(desk)[1:] == ["Feed Gazette has lost no entries for a day"]


def test_rebuilt_feed_is_no_overflow(desk: Desk) -> None:
    """New items that are older than the last ones known replace nothing that was missed."""
    watched(desk)
    lists(desk, listing(desk, age=3 * DAY, first=100))

    desk.later()

    assert told(desk) == []


def test_candidate_is_not_told_of_before_it_answered(desk: Desk) -> None:
    """A candidate that never worked is silent; one that did is told of like any other."""
    desk.has(["gazette"], channels=("desk", "ops"), ops="ops", candidate=True)
    desk.web.answers[GAZETTE] = 500
    for _ in range(6):
        desk.later(minutes=40)
    untried = told(desk)
    lists(desk, listing(desk))
    desk.later(hours=3)
    desk.web.answers[GAZETTE] = 500
    for _ in range(6):
        desk.later(minutes=40)

    assert untried == []
    assert told(desk) == ["Feed Gazette is failing"]


def test_paused_feed_is_not_asked_and_its_troubles_close_in_silence(desk: Desk) -> None:
    """Whoever pauses a feed knows of it: no message says that it is well again."""
    watched(desk)
    desk.web.answers[GAZETTE] = 500
    for _ in range(6):
        desk.later(minutes=10)
    asked = len(desk.web.asked)
    desk.write(lambda c: stored.pause(c, "gazette", desk.clock.now()))

    for _ in range(6):
        desk.later(hours=2)

    assert len(desk.web.asked) == asked
    assert told(desk) == ["Feed Gazette is failing"]


def test_f18_feeds_that_never_answered_well_have_places_of_their_own(desk: Desk) -> None:
    """Of the feeds that are due the proven are found apart from those that failed or were never polled."""
    desk.has(["good", "failing", "unknown"])
    desk.publishes("good", item(1, "Quiet day", site="good"))
    desk.publishes("failing", item(1, "Quiet day", site="failing"))
    desk.poll("good")
    desk.poll("failing")
    desk.web.answers["https://failing.example/feed"] = 503
    desk.poll("failing")
    later = desk.clock.now() + timedelta(days=2)

    proven = desk.read(lambda c: stored.list_due(c, later, 9, "proven"))
    strangers = desk.read(lambda c: stored.list_due(c, later, 9, "strangers"))
    every = desk.read(lambda c: stored.list_due(c, later, 9))

    assert {feed.slug for feed in proven} == {"good"}
    assert {feed.slug for feed in strangers} == {"failing", "unknown"}
    assert len(every) == 3
