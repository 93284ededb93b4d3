"""Silent standstill: each way to cause it that we know is found within 15 minutes, by people and by the heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from monitor import app, errors, model
from monitor.alerts.watch import Vitals
from monitor.config import OpsSettings, Rate
from monitor.engine.local import LocalEngine
from monitor.jobs import beat
from monitor.model import HttpInfo, Reply, SendOutcome, SendResult
from monitor.store import feeds as stored
from monitor.store.schema import feeds
from tests.support import databases, world
from tests.support.desk import Desk, FakeSender, item, page

LIMIT = 15
"""Minutes."""
NAMES = [f"f{n}" for n in range(4)]
WELL = Vitals(0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    """Databases of this module."""
    yield from databases.session(tmp_path_factory.mktemp("databases"))


@dataclass
class Day:
    """A monitor that runs over fake time: what the ops channel hears and when, and whether the heart beats."""

    desk: Desk
    runner: asyncio.Runner
    beats: list[int] = field(default_factory=list)
    """Minutes since the fault began."""
    ready: dict[int, tuple[str, ...]] = field(default_factory=dict)
    minute: int = 0
    patience: float = 10.0
    """Seconds that are waited for work which may hang."""

    def __post_init__(self) -> None:
        assert self.desk.context is not None
        self.engine = LocalEngine(self.desk.context)
        self.heart = beat.Heartbeat(self.desk.context, lambda: WELL, self._beat)
        self.health = app.Health(self.desk.context, self.engine)

    async def _beat(self, _url: str) -> str:
        self.beats.append(self.minute)
        return ""

    def run(self, minutes: int) -> Day:
        """Let time pass: each minute what is due, a sweep, and a heartbeat."""
        for _ in range(minutes):
            self.minute += 1
            self.desk.clock.advance(minutes=1)
            self.look()
            self.runner.run(self.heart.beat())
            self.ready[self.minute] = self.health.ready()[1]
        return self

    def look(self) -> None:
        """Do what is due now."""
        self.runner.run(self._look())

    async def _look(self) -> None:
        for work in (self.engine.work_off, self.engine.sweep, self.engine.work_off):
            with contextlib.suppress(TimeoutError):  # what hangs is left hanging, as the daemon leaves it
                await asyncio.wait_for(work(), self.patience)
        await self.health.refresh()

    def begin(self) -> Day:
        """From here on the minutes count."""
        for sender in self.desk.senders.values():
            sender.notices.clear()
        self.minute = 0
        self.beats.clear()
        self.ready.clear()
        return self

    def heard(self, channel: str = "ops") -> list[str]:
        """Return the headlines that a channel was given."""
        return [notice.headline for notice in self.desk.senders[channel].notices]

    @property
    def last_beat(self) -> int:
        """Return the minute of the last heartbeat."""
        return max(self.beats, default=0)


@contextlib.contextmanager
def a_day(url: str, folder: Path) -> Iterator[Day]:
    """Yield a desk with four feeds after a quarter of an hour in which all went well."""
    desk = Desk(url, folder)
    with asyncio.Runner() as runner:
        desk.config = replace(desk.config, ops=OpsSettings(SecretStr("https://hc.example/x")))
        desk.has(NAMES, channels=("desk", "ops"), ops="ops")
        for number, name in enumerate(NAMES):
            desk.publishes(name, item(number, f"Harbour {number}", "Nothing of note.", name))
        well = Day(desk, runner).run(15)
        assert (well.heard(), len(well.beats), well.ready[15]) == ([], 15, ())
        yield well.begin()
    desk.close()


@pytest.fixture
def day(made: databases.Databases, tmp_path: Path) -> Iterator[Day]:
    """A desk at which all goes well."""
    with a_day(made.sqlite(), tmp_path) as well:
        yield well


def is_told(day: Day, headline: str) -> None:
    """Assert that a standstill was found in time, by one message, the heartbeat and the health route."""
    assert [one for one in day.heard() if one.startswith(headline)] == day.heard()[:1]
    assert day.last_beat < LIMIT
    assert day.ready[LIMIT]


# -- nothing is heard of -----------------------------------------------------------------------------


def dead_network(day: Day) -> None:
    day.desk.web.answers = dict.fromkeys(day.desk.web.answers, errors.FetchError("connect", "nobody answers"))


def captive_portal(day: Day) -> None:
    day.desk.web.answers = dict.fromkeys(
        day.desk.web.answers, "<html><body>Please log in to this network</body></html>"
    )


def blocked_by_all(day: Day) -> None:
    day.desk.web.answers = dict.fromkeys(day.desk.web.answers, 403)


def workers_cannot_start(day: Day) -> None:
    day.desk.workers.fail["parse_feed"] = errors.WorkerUnavailable("no process can be started")
    for number, name in enumerate(NAMES):
        day.desk.publishes(name, item(10 + number, f"Other {number}", "", name))


def all_paused(day: Day) -> None:
    for name in NAMES:
        day.desk.write(lambda connection, slug=name: stored.pause(connection, slug, day.desk.clock.now()))


def none_declared(day: Day) -> None:
    day.desk.config = replace(day.desk.config, feeds=())
    day.desk.set_up(day.desk.context.setup.live if day.desk.context else None)


@pytest.mark.parametrize(
    ("cause", "headline"),
    [
        (dead_network, "Nothing could be polled for "),
        (captive_portal, "No poll succeeds any more"),
        (blocked_by_all, "No poll succeeds any more"),
        (workers_cannot_start, "Feeds are due and none is asked"),
        (all_paused, "No feed is polled"),
        (none_declared, "No feed is polled"),
    ],
)
def test_f45_nothing_is_polled(day: Day, cause: Callable[[Day], None], headline: str) -> None:
    """Whatever keeps news from coming in is told within 15 minutes, /readyz is red, and the heartbeat stops."""
    cause(day)

    day.run(LIMIT)

    is_told(day, headline)
    assert "no_recent_poll" in day.ready[LIMIT]


def test_f45_fetches_that_never_end_are_found(day: Day) -> None:
    """Every place for polls is taken by one that hangs: feeds are due, and none is asked."""

    async def hang(url: str, **_: Any) -> Reply:
        await asyncio.sleep(86_400)
        return Reply(HttpInfo(200), url)

    day.desk.web.fetch, day.patience = hang, 0.2  # type: ignore[method-assign]

    day.run(LIMIT)

    is_told(day, "Feeds are due and none is asked")


def test_f45_articles_that_nobody_reads_are_found(day: Day) -> None:
    """Polls go on and bring entries, and the workers that should read them cannot be started."""
    day.desk.workers.fail["read_entry"] = errors.WorkerUnavailable("no process can be started")
    for number, name in enumerate(NAMES):
        link = f"https://{name}.example/a/{20 + number}"
        day.desk.web.answers[link] = page(f"Other {number}", "Some words. " * 40)
        day.desk.publishes(name, item(20 + number, f"Other {number}", "Some words.", name))

    day.run(LIMIT)

    is_told(day, "Articles wait and none is decided")
    assert "nothing_read" in day.ready[LIMIT]


def test_f45_no_live_rule_is_found(day: Day) -> None:
    """Every rule set to `test`: all goes on, and nothing can alert."""
    day.desk.packs = {"packs/move.yaml": "format: 1\npack: move\nrules: [{id: core, any: [x], status: test}]\n"}
    day.desk.set_up(day.desk.context.setup.live if day.desk.context else None)

    day.run(LIMIT)

    is_told(day, "No rule is live")
    assert "no_rules" in day.ready[LIMIT]


# -- nobody is told ----------------------------------------------------------------------------------


class Dead(FakeSender):
    """A channel that cannot be reached."""

    async def send(self, notice: model.Notice) -> SendResult:
        self.notices.append(notice)
        return SendResult(SendOutcome.RETRY, 503, "503 out of order")


def dies(day: Day, *channels: str) -> None:
    """Let channels die, as their outlets see it."""
    assert day.desk.context is not None
    setup = day.desk.context.setup
    for name in channels:
        day.desk.senders[name] = Dead()
    outlets = {key: replace(one, sender=day.desk.senders[one.target.channel]) for key, one in setup.outlets.items()}
    day.desk.context.setup = replace(setup, outlets=outlets)


def alerts(day: Day, until: int = 0) -> None:
    """Publish an article that alerts, and run until so many tries were made to tell the desk."""
    day.desk.publishes("f0", item(99, "Resettlement plan unveiled", "A resettlement plan.", "f0"))
    while len(day.desk.senders["desk"].notices) < until:
        day.run(1)


def test_f33_f45_a_dead_channel_is_told_through_another_and_when_it_is_back(day: Day) -> None:
    """The desk's channel fails, not for good: the ops channel hears it within 15 minutes, once, and of its return."""
    dies(day, "desk")
    alerts(day, until=1)
    day.run(LIMIT)
    during, ready = day.heard(), day.ready[day.minute]
    assert day.desk.context is not None
    day.desk.senders["desk"] = FakeSender()
    outlets = day.desk.context.setup.outlets
    well = {key: replace(one, sender=day.desk.senders[one.target.channel]) for key, one in outlets.items()}
    day.desk.context.setup = replace(day.desk.context.setup, outlets=well)

    day.run(5)

    assert during == ["Channel desk cannot be reached"]
    assert "503 out of order" in day.desk.senders["ops"].notices[0].body
    assert ready == ("channel_dead",)
    assert day.heard() == [*during, "Channel desk can be reached again"]
    assert day.desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    assert day.ready[day.minute] == ()
    assert len(day.beats) == day.minute


def test_f36_f45_a_channel_that_refuses_is_told_and_so_is_its_return(day: Day) -> None:
    """Refused for good: told at once through the ops channel, and when the next message is taken."""
    day.desk.senders["desk"].script = [SendResult(SendOutcome.REFUSED, 404, "no_service")]
    alerts(day, until=1)
    day.run(2)
    during, ready = day.heard(), day.ready[day.minute]
    day.desk.publishes("f1", item(98, "Another resettlement hearing", "Residents of the coast spoke of it.", "f1"))

    day.run(LIMIT)

    assert during == ["Channel desk refuses messages"]
    assert ready == ("channel_dead",)
    assert day.heard() == [*during, "Channel desk takes messages again"]
    assert day.ready[day.minute] == ()


def test_f45_a_dead_ops_channel_is_told_through_the_desk(day: Day) -> None:
    """What the ops channel cannot be told is told to the others, and what waits there is named."""
    dies(day, "ops")
    day.desk.web.answers["https://f0.example/feed"] = 500
    day.run(75)

    said = day.heard("desk")

    assert said == ["Channel ops cannot be reached"]
    assert "Feed F0 is failing" in day.desk.senders["desk"].notices[0].body


def test_f45_when_every_channel_is_dead_the_heartbeat_stops(day: Day) -> None:
    """Nobody can be told: the one way left is to fall silent outside."""
    dies(day, "ops", "desk")
    alerts(day, until=1)

    day.begin().run(LIMIT)

    assert day.last_beat < LIMIT
    assert "channel_dead" in day.ready[LIMIT]


def test_f45_an_outbox_that_grows_is_told(day: Day) -> None:
    """A rate of one message an hour keeps alerts for longer than ten minutes: the operator hears why, and how many."""
    assert day.desk.context is not None
    setup = day.desk.context.setup
    slow = {
        key: replace(one, rate=Rate(1, 3600.0)) for key, one in setup.outlets.items() if one.target.channel == "desk"
    }
    day.desk.context.setup = replace(setup, outlets={**setup.outlets, **slow})
    for number, name in enumerate(NAMES):
        day.desk.publishes(name, item(90 + number, f"Resettlement of {name}", f"Resettlement in {name}.", name))

    day.run(2 * LIMIT)

    assert day.heard() == ["Messages pile up for channel desk"]
    assert "3 messages wait" in day.desk.senders["ops"].notices[0].body
    assert len(day.beats) == day.minute


# -- the clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [timedelta(hours=3), timedelta(hours=-3), timedelta(days=30)])
def test_f12_f45_a_clock_that_is_set_is_told_and_stops_nothing(day: Day, step: timedelta) -> None:
    """The plan moves along; people hear that the clock jumped, and after an hour that it is steady."""
    day.desk.clock.set_by(step)

    day.run(LIMIT)
    asked = len(day.desk.web.asked)
    day.run(60)

    assert day.heard() == ["The clock of this machine was set", "The clock of this machine has been steady for an hour"]
    assert asked > 0
    assert len(day.beats) == day.minute


def test_f45_a_clock_that_stands_still_is_told_and_polls_go_on(day: Day) -> None:
    """The wall clock stops: what is planned by it is done all the same, and people hear of the clock."""
    before = len(day.desk.web.asked)
    for _ in range(LIMIT):
        day.desk.clock.set_by(timedelta(minutes=-1))
        day.desk.clock.advance(minutes=1)
        day.look()

    assert day.heard()[:1] == ["The clock of this machine was set"]
    assert len(day.desk.web.asked) - before >= len(NAMES)


# -- told once, reminded, closed ---------------------------------------------------------------------


def test_f45_told_once_reminded_daily_and_closed(day: Day) -> None:
    """Two days of paused feeds are one message and one reminder a day; resuming is one more."""
    all_paused(day)
    day.run(LIMIT)
    for _ in range(48):
        day.desk.clock.advance(minutes=60)
        day.look()
    during = day.heard()
    for name in NAMES:
        day.desk.write(lambda connection, slug=name: stored.resume(connection, slug, day.desk.clock.now()))

    day.run(LIMIT)

    assert during == ["No feed is polled", "1 trouble still stands", "1 trouble still stands"]
    assert day.heard()[3:] == ["Feeds are polled again"]


def test_f45_a_restart_tells_nothing_twice_and_closes_nothing(day: Day) -> None:
    """What stands open is known to the next daemon from the database."""
    all_paused(day)
    day.run(LIMIT)
    day.desk.restart()

    Day(day.desk, day.runner).run(LIMIT)

    assert day.heard() == ["No feed is polled"]


def test_one_of_many_feeds_that_fails_is_no_standstill(day: Day) -> None:
    """Three of four feeds die one after the other, the fourth goes on: each is told by itself, the heart beats."""
    for name in NAMES[:3]:
        day.desk.web.answers[f"https://{name}.example/feed"] = 500

    day.run(40)

    assert not [one for one in day.heard() if one.startswith(("No poll succeeds", "Nothing could"))]
    assert len(day.beats) == 40


def test_feeds_that_their_servers_hold_back_are_no_standstill(day: Day) -> None:
    """Nothing is due for hours: nothing is late, and nobody is told."""
    now = day.desk.clock.now()
    day.desk.write(lambda c: c.execute(feeds.update().values(next_check=now + timedelta(hours=6))))

    day.run(60)

    assert day.heard() == []


def test_f45_the_same_on_postgresql(made: databases.Databases, tmp_path: Path) -> None:
    """What is asked of the database is understood by both."""
    with a_day(made.postgresql(), tmp_path) as day:
        captive_portal(day)
        dies(day, "desk")
        day.run(LIMIT)
        day.desk.clock.advance(hours=24)
        day.look()

        assert day.heard()[0] == "No poll succeeds any more"
        assert "1 trouble still stands" in day.heard()


# -- the process itself ------------------------------------------------------------------------------


HURRY = 20
"""What the process holds to be a standstill is found so many times sooner."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world whose ops channel is the chat, with a heartbeat at the site."""
    with world.opened(tmp_path) as opened:
        opened.newsroom("gazette")
        opened.site.page("/beat", b"OK")
        opened.configure(ops="chat", every="1s", extra=f'[ops]\nheartbeat_url = "{opened.site.url("/beat")}"\n')
        yield opened


def beats(desk: world.World) -> int:
    """Return how many heartbeats arrived."""
    return len(desk.site.asked("/beat"))


def says(desk: world.World, words: str) -> Callable[[], bool]:
    """Return whether the ops channel was told."""
    return lambda: any(words in str(payload) for payload in list(desk.webhook.payloads))


@pytest.mark.parametrize(
    ("point", "words", "alive"),
    [
        ("engine.tick:break:5", "its scheduler does not tick", "failing"),
        ("poll.due:hang:3", "its scheduler does not tick", ""),
        ("process.before_commit:hang", "its database writer hangs", "failing"),
        ("release.before_commit:break", "no longer looks after itself", "ok"),
    ],
)
def test_f45_a_part_of_the_process_that_stands_still_is_told_past_the_queue(
    desk: world.World, point: str, words: str, alive: str
) -> None:
    """Scheduler dead, loop blocked, writer hung, sweep failing: a message goes out, and the heartbeat stops."""
    with desk.daemon(point, arguments=("--hurry", str(HURRY))).until_up() as daemon:
        desk.publish("gazette", world.plain_story(1))
        world.until(says(desk, words), LIMIT * 60 / HURRY, words)
        time.sleep(1)
        before = beats(desk)
        time.sleep(3 * 60 / HURRY)

        assert beats(desk) == before
        assert health(daemon) == alive
        assert daemon.events("standstill")


def health(daemon: world.Process) -> str:
    """Return what /healthz says; nothing where nobody answers."""
    try:
        with urllib.request.urlopen(f"{daemon.address}/healthz", timeout=3) as answer:
            return str(json.load(answer)["status"])
    except urllib.error.HTTPError as red:
        return str(json.load(red)["status"])
    except OSError:
        return ""


def test_f45_a_database_that_stays_locked_is_told_past_the_queue_and_when_it_is_over(desk: world.World) -> None:
    """Another process holds the lock and does not let go: people hear it, and hear that it goes on; nothing is lost."""
    with desk.daemon(arguments=("--hurry", str(HURRY))).until_up() as daemon:
        world.until(lambda: beats(desk) > 0, 30, "a heartbeat")
        with contextlib.closing(world.connect(desk.database)) as other:
            other.execute("BEGIN IMMEDIATE")
            desk.publish("gazette", world.plain_story(1))
            world.until(says(desk, "its database takes no writes"), LIMIT * 60 / HURRY, "the outcry")
            time.sleep(1)
            before = beats(desk)
            time.sleep(3 * 60 / HURRY)
            assert beats(desk) == before
            other.execute("ROLLBACK")
        world.until(says(desk, "The monitor goes on"), 30, "the end of it")
        desk.until_told("tok-1", channels=("mail",))
        world.until(lambda: beats(desk) > before, 30, "a heartbeat")
        assert daemon.stop() == 0
