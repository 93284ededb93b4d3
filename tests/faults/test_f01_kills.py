"""F01: kill -9 at every stage. Nothing is lost, nothing repeated but what was under way, and that says so.

Two kills a stage; WIREWATCH_FAIL_POINT_KILLS=50 makes the full count.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.store import migrate
from tests.support import later as later_version
from tests.support import web, world

KILLS = int(os.environ.get("WIREWATCH_FAIL_POINT_KILLS", "2"))
pytestmark = pytest.mark.timeout(120 + 60 * KILLS)
LONG_AGO = datetime(2025, 3, 1, tzinfo=UTC)
LATER = later_version.LATER
"""Schema revision of a program later than this one."""
STAGES = {
    "poll": ("poll.due", "poll.fetched", "poll.parsed", "poll.before_commit", "poll.committed"),
    "process": ("process.fetched", "process.read", "process.before_commit", "process.committed"),
    "send": ("send.claimed", "send.recorded"),
}
"""Stages at which no channel has taken a message that is not marked. A claim that never reached its first byte is sent
labelled, for nobody can know that it did not: a label, but no second copy."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with a newsroom and three channels, each alert a message of its own."""
    with world.opened(tmp_path) as made:
        made.newsroom("gazette").listed = 1000  # nothing may fall out of the feed before a daemon lives to store it
        made.storm, made.hook, made.suspicion = False, True, False
        made.configure()
        yield made


def live_and_die(desk: world.World, start: Callable[[int], world.Process], lives: int = KILLS) -> list[str]:
    """Publish two stories and let a daemon be killed, so many times; then let one live. Return the tokens."""
    tokens: list[str] = []
    for life in range(lives):
        stories = [world.plain_story(life * 2 + k) for k in range(2)]
        desk.publish("gazette", *stories)
        tokens += [story.token for story in stories]
        assert start(life).wait(60) == -signal.SIGKILL
        assert not desk.database.exists() or desk.integrity() == "ok"
    asked = len(desk.site.asked("/gazette/feed"))
    daemon = desk.daemon()
    world.until(lambda: len(desk.site.asked("/gazette/feed")) > asked, 10 * world.SLACK, "a first poll")
    desk.until_told(*tokens, seconds=60 + lives)
    desk.until_quiet()
    assert daemon.stop() == 0
    assert desk.integrity() == "ok"
    return tokens


@pytest.mark.parametrize("kind", STAGES)
def test_f01_killed_at_every_stage(desk: world.World, kind: str) -> None:
    """Kills at the stages before and after the send lose nothing; what they meet under way is repeated, labelled."""
    points = [f"{stage}:kill" for stage in STAGES[kind] for _ in range(KILLS)]
    if kind != "poll":  # a feed is parsed once a life: later polls find it unchanged
        points = [f"{point}:{1 + n % 2}" for n, point in enumerate(points)]

    tokens = live_and_die(desk, lambda life: desk.daemon(points[life]), len(points))

    tally = desk.tally(tokens)
    assert tally.lost == 0, tally
    # As a stage is reached, a send of the other channel, or one that the last life left, may be just under way: there
    # the kill meets it.
    assert all(count <= len(points) for count in tally.duplicates.values()), tally
    assert tally.unlabelled == 0


def test_f01_killed_when_accepted_and_not_yet_marked(desk: world.World) -> None:
    """The one window that cannot be closed: at most one repeat a kill and channel, labelled, with its Message-ID."""
    tokens = live_and_die(desk, lambda life: desk.daemon(f"send.accepted:kill:{1 + life % 2}"))

    tally = desk.tally(tokens)
    assert tally.lost == 0, tally
    assert sum(tally.duplicates.values()) >= 1
    assert all(count <= KILLS for count in tally.duplicates.values()), tally
    assert tally.unlabelled == 0
    assert tally.same_id


@pytest.mark.parametrize("point", ["process.before_commit:9", "process.committed:5", "send.claimed", "send.recorded"])
def test_f01_f23_killed_while_a_rebuilt_feed_becomes_a_digest(desk: world.World, point: str) -> None:
    """The daemon dies while the digest of a rebuilt feed gathers or is sent: the next life sends it, and but one."""
    room = desk.newsroom("gazette")
    desk.publish("gazette", *map(_quiet_story, range(900, 922)))
    with desk.daemon() as first:
        first.until_up()
        world.until(lambda: desk.query("SELECT 1 FROM feeds WHERE baselined_at IS NOT NULL"), 30, "a first poll")
        desk.until_quiet()
        assert first.stop() == 0
    room.stories.clear()
    matching = [replace(world.plain_story(n), published=LONG_AGO + timedelta(hours=n)) for n in range(3)]
    desk.publish("gazette", *matching, *map(_quiet_story, range(22)))
    stage, _, count = point.partition(":")

    assert desk.daemon(f"{stage}:kill:{count or 1}").wait(60) == -signal.SIGKILL
    last = desk.daemon()
    last.until_up()
    desk.until_told(*(story.token for story in matching))
    desk.until_quiet()

    assert last.stop() == 0
    tally = desk.tally([story.token for story in matching])
    assert tally.lost == 0, tally
    assert tally.unlabelled == 0, tally
    assert tally.same_id, tally
    assert desk.query("SELECT kind, count(*) FROM messages GROUP BY kind") == [("digest", 3)]
    assert desk.integrity() == "ok"


def _quiet_story(n: int) -> world.Story:
    """Return a story that no pack wants, older than any poll."""
    words = " ".join(f"Stall {n}-{k} sold {n * 11 + k} apples." for k in range(12))
    return world.Story(f"calm-{n}", f"Market day {n} in town", words, published=LONG_AGO + timedelta(minutes=n))


def test_f01_killed_in_the_body_of_a_feed(desk: world.World) -> None:
    """The site has sent half of its feed when the daemon dies: the next life reads all of it."""
    room = desk.newsroom("gazette")

    async def half(_: web.Request, writer: asyncio.StreamWriter) -> None:
        body = desk.feed_text(room)
        writer.write(web.head(200, {"Content-Length": str(len(body))}) + body[: len(body) // 2])
        await writer.drain()
        desk.site.on("/gazette/feed", desk.feed_of(room))
        os.kill(desk.processes[-1].pid, signal.SIGKILL)
        raise web.Hangup

    def start(_life: int) -> world.Process:
        desk.site.on("/gazette/feed", half)
        return desk.daemon()

    tokens = live_and_die(desk, start)

    tally = desk.tally(tokens)
    assert (tally.lost, sum(tally.duplicates.values())) == (0, 0), tally


def test_f01_killed_in_the_middle_of_a_post(desk: world.World) -> None:
    """The webhook has read half of a message when the daemon dies: it goes again, labelled, and arrives once."""

    def start(_life: int) -> world.Process:
        desk.webhook.site.interrupt = lambda: os.kill(desk.processes[-1].pid, signal.SIGKILL)
        return desk.daemon()

    tokens = live_and_die(desk, start)

    tally = desk.tally(tokens)
    assert tally.lost == 0, tally
    assert tally.duplicates["chat"] == 0
    assert tally.duplicates["mail"] <= KILLS  # a mail may have been under way at the same time
    assert tally.unlabelled == 0


def test_f01_killed_in_a_reload(desk: world.World) -> None:
    """A kill as a saved configuration is being taken over: the next start takes it."""

    def start(life: int) -> world.Process:
        desk.configure()
        daemon = desk.daemon("reload.begun:kill").until_up()
        desk.configure(extra=f"# saved again in life {life}\n")
        return daemon

    tokens = live_and_die(desk, start)

    tally = desk.tally(tokens)
    assert tally.lost == 0, tally
    assert all(count <= KILLS for count in tally.duplicates.values())
    assert tally.unlabelled == 0


@pytest.mark.parametrize("stage", ["migrate.begun", "migrate.statement", "migrate.done"])
def test_f01_killed_in_the_first_migration(desk: world.World, stage: str) -> None:
    """A kill before, at any statement of, or after the migration: the next start resumes it."""

    def start(life: int) -> world.Process:
        at = 1 + (life * 7) % 40 if stage == "migrate.statement" else 1
        for left in desk.database.parent.glob("wirewatch.db*"):  # each life is a first one
            left.unlink()
        return desk.daemon(f"{stage}:kill:{at}")

    tokens = live_and_die(desk, start)

    tally = desk.tally(tokens)
    assert (tally.lost, sum(tally.duplicates.values())) == (0, 0), tally


@pytest.mark.parametrize("stage", ["backup.begun", "backup.written", "migrate.statement", "migrate.done"])
def test_f01_f07_killed_in_an_upgrade(desk: world.World, stage: str, later: Path) -> None:
    """An older schema is saved and brought up to date; a kill at any point of it is resumed by the next start."""
    desk.publish("gazette", world.plain_story(900))
    with desk.daemon() as old:
        desk.until_told("tok-900")
        desk.until_quiet()
        assert old.stop() == 0
    older = desk.database.read_bytes()

    for life in range(KILLS):
        for left in desk.database.parent.glob("wirewatch.db-*"):
            left.unlink()
        desk.database.write_bytes(older)
        desk.database.with_name("wirewatch.db.lock").unlink()
        with desk.daemon(f"{stage}:kill", arguments=["--migrations", str(later)]) as dying:
            assert dying.wait(60) == -signal.SIGKILL
        desk.publish("gazette", world.plain_story(life))
        with desk.daemon(arguments=["--migrations", str(later)]) as new:
            desk.until_told(f"tok-{life}")
            desk.until_quiet()
            assert new.stop() == 0
        assert desk.integrity() == "ok"
        assert desk.query("SELECT version_num FROM alembic_version") == [(LATER,)]
        assert [row[1] for row in desk.query("PRAGMA table_info(counters)")].count("remark") == 1
        desk.newsroom("gazette").stories.pop()

    saved = sorted(desk.database.parent.glob("*.backup"))
    assert saved
    for path in saved:
        with world.connect(path) as backup:
            assert backup.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert backup.execute("SELECT version_num FROM alembic_version").fetchone()[0] == migrate.newest()
    assert not list(desk.database.parent.glob("*.part"))


def test_f07_upgrade_backs_up_first_and_an_older_program_then_refuses(desk: world.World, later: Path) -> None:
    """A newer schema stops an older program with exit 4 and not one byte written; the automatic backup is whole."""
    desk.publish("gazette", world.plain_story(1))
    for arguments in ([], ["--migrations", str(later)]):
        with desk.daemon(arguments=arguments).until_up() as daemon:
            desk.until_told("tok-1")
            desk.until_quiet()
            assert daemon.stop() == 0
    before = {path.name: path.read_bytes() for path in desk.database.parent.iterdir()}

    with desk.command("run") as refused:
        code = refused.wait()

    after = {path.name: path.read_bytes() for path in desk.database.parent.iterdir()}
    assert code == 4
    assert f"schema {LATER}" in refused.log
    assert "install" in refused.log
    assert after["wirewatch.db"] == before["wirewatch.db"]
    assert {name for name in after if name.endswith(".backup")} == {name for name in before if name.endswith(".backup")}
    (saved,) = desk.database.parent.glob("*.backup")
    with world.connect(saved) as backup:
        assert backup.execute("SELECT count(*) FROM alerts").fetchone()[0] == 1


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Migrations of a program one schema revision later than this one."""
    return later_version.migrations(tmp_path)
