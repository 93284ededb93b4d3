"""F10: members of a cluster that are frozen past their lease, or killed: others take over, and nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support import cluster, databases, world
from tests.support.cluster import Cluster

HURRY = ["--hurry", "3"]
"""A lease of 10 s, renewed each 1.7 s."""
TAKEN_OVER = 60.0
"""Seconds in which others have what a member worked on."""


@pytest.fixture(scope="module")
def desk(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two members of every role; the first leads."""
    with cluster.opened(tmp_path_factory.mktemp("cluster"), made_databases.postgresql()) as made:
        made.storm = False
        for name in ("herald", "gazette"):
            made.newsroom(name)
        made.configure(every="1s")
        for _ in range(2):
            made.member("all", arguments=HURRY).until_up(60)
        yield made


def leader(desk: Cluster) -> world.Process:
    """Return the member that leads now."""
    session = "SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^wirewatch leader [0-9]+$'"

    def find() -> list[tuple[object, ...]]:
        return desk.query(
            f"SELECT m.pid FROM ({session}) AS s JOIN members m ON 'wirewatch leader ' || m.id = s.application_name"
        )

    (pid,) = world.until(find, 30, "somebody leads")[0]
    return next(one for one in desk.processes if one.pid == pid)


def other(desk: Cluster) -> world.Process:
    """Return a member that does not lead."""
    leads = leader(desk)
    return next(one for one in desk.processes if one.running and one is not leads)


def publish(desk: Cluster, first: int, count: int) -> list[str]:
    """Publish plain stories on both sites; return their tokens."""
    for n in range(first, first + count):
        desk.publish("herald" if n % 2 else "gazette", world.plain_story(n))
    return [f"tok-{n}" for n in range(first, first + count)]


def ended(desk: Cluster) -> dict[int, str]:
    """Return the reason by which each member ended."""
    return dict(desk.query("SELECT id, reason FROM members WHERE ended_at IS NOT NULL"))  # type: ignore[arg-type]


def freeze_and_thaw(desk: Cluster, frozen: world.Process, first: int) -> tuple[list[str], int]:
    """Freeze a member in the middle of work until others did it, then thaw it; return the tokens, and its number."""
    number = desk.scalar("SELECT id FROM members WHERE ended_at IS NULL AND pid = %s", frozen.pid)
    tokens = publish(desk, first, 20)
    desk.until_arrived(6)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        desk.until_told(*tokens, seconds=TAKEN_OVER)
        world.until(lambda: number in ended(desk), TAKEN_OVER, "the frozen member is ended")
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    again = "SELECT id FROM members WHERE ended_at IS NULL AND pid = %s AND id > %s"
    world.until(lambda: desk.query(again, frozen.pid, number), 60, "it joins again")
    return tokens, number


def check(desk: Cluster, tokens: list[str], faults: int) -> None:
    """Nothing is lost; each fault repeats at most what was being sent, one a channel, and says so."""
    desk.until_told(*tokens)
    tally = desk.tally(tokens)
    assert tally.lost == 0
    assert all(count <= faults for count in tally.duplicates.values()), tally.duplicates
    assert desk.unlabelled() == 0
    assert desk.strays() == []


@pytest.mark.timeout(240)
def test_f10_member_frozen_past_its_lease_does_nothing_more_and_joins_again(desk: Cluster) -> None:
    """Its work is taken over; thawed it writes nothing, starts no send, ends nobody, and is a new member."""
    stays = leader(desk)
    tokens, number = freeze_and_thaw(desk, other(desk), 0)

    check(desk, tokens, 1)
    assert ended(desk) == {number: "lease"}
    assert leader(desk) is stays


@pytest.mark.timeout(240)
def test_f10_frozen_leader_is_replaced(desk: Cluster) -> None:
    """Its session holds the place of the leader and says nothing: another ends it, polls, and ends the member."""
    first, before = leader(desk), set(ended(desk))
    tokens, number = freeze_and_thaw(desk, first, 100)

    check(desk, tokens, 2)
    assert set(ended(desk)) - before == {number}
    assert leader(desk) is not first


@pytest.mark.timeout(240)
def test_f10_killed_leader_is_replaced_and_what_it_worked_on_is_done(desk: Cluster) -> None:
    """kill -9 in the middle of sends: the other one leads, polls within 30 s, and does the rest within 60 s."""
    tokens = publish(desk, 200, 30)
    desk.until_arrived(10)
    killed, stays = leader(desk), other(desk)
    killed.kill()
    later = publish(desk, 300, 2)

    desk.until_told(*later, seconds=30)
    desk.until_told(*tokens, seconds=TAKEN_OVER)

    check(desk, tokens + later, 3)
    assert leader(desk) is stays
    assert desk.checked
    assert stays.stop(8 * world.SLACK) == 0
    desk.until_quiet()
