"""F11: a network to the database that is silent or cut, a server that is restarted; F38 on a cluster."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support import cluster, commands, databases, proxy, world
from tests.support.cluster import Cluster

HURRY = ["--hurry", "3", "--deadly", "killer"]
"""A lease of 10 s, renewed each 1.7 s; four deaths set an article aside."""
LEAVES = 8.0
"""Seconds in which a member that is told to stop has ended."""


@dataclass
class Desk:
    """A cluster, and the network by which one of its workers reaches the database."""

    cluster: Cluster
    network: proxy.Proxy
    far: world.Process
    """The worker behind the network."""
    near: world.Process
    databases: databases.Databases
    published: int = 0

    def publish(self, count: int) -> list[str]:
        """Publish plain stories on both sites; return their tokens."""
        first, self.published = self.published, self.published + count
        for n in range(first, first + count):
            self.cluster.publish("herald" if n % 2 else "gazette", world.plain_story(n))
        return [f"tok-{n}" for n in range(first, first + count)]

    def number_of(self, process: world.Process) -> int | None:
        """Return the number of the member that a process is now."""
        found = self.cluster.query("SELECT id FROM members WHERE ended_at IS NULL AND pid = %s", process.pid)
        return int(found[0][0]) if found else None

    def check(self, tokens: list[str], repeats: int) -> None:
        """Nothing is lost, at most so many repeats a channel, and they say so."""
        assert self.cluster.tally(tokens).lost == 0
        for channel in self.cluster.channels():
            told = self.cluster.told(channel)
            assert sum(told[token] - 1 for token in tokens) <= repeats, (channel, told)
        assert self.cluster.unlabelled() == 0
        assert self.cluster.strays() == []


@pytest.fixture(scope="module")
def desk(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A scheduler and two workers."""
    url = made_databases.postgresql()
    with cluster.opened(tmp_path_factory.mktemp("network"), url) as made, proxy.in_background(url) as network:
        made.storm = False
        for name in ("herald", "gazette"):
            made.newsroom(name)
        config = made.configure(every="1s", ops="chat", route=["mail", "chat"])
        made.member("scheduler", arguments=HURRY).until_up(60)
        far = made.member("worker", config=network.config(config), arguments=HURRY).until_up(60)
        near = made.member("worker", arguments=HURRY).until_up(60)
        yield Desk(made, network, far, near, made_databases)


@pytest.mark.timeout(240)
def test_f11_silent_network_costs_a_worker_its_lease_and_others_take_over(desk: Desk) -> None:
    """It gives up, sends nothing without a lease, and joins again as soon as the network answers."""
    number = desk.number_of(desk.far)
    tokens = desk.publish(16)
    desk.cluster.until_arrived(6)
    desk.network.silent()
    try:
        desk.cluster.until_told(*tokens, seconds=60)
        world.until(lambda: desk.far.events("member_left"), 60, "it gives up by itself")
    finally:
        desk.network.mend()
    world.until(lambda: desk.number_of(desk.far) not in (None, number), 60, "it joins again")

    desk.check(tokens, 1)
    assert desk.cluster.query("SELECT reason FROM members WHERE id = %s", number) == [("lease",)]
    assert "ran out" in desk.far.events("member_left")[0]["error"]


@pytest.mark.timeout(240)
def test_f11_cut_connections_cost_nothing(desk: Desk) -> None:
    """A worker whose connections end goes on with new ones, as the same member: nothing is lost or said twice."""
    world.until(lambda: desk.far.log.count("health at") > 1 or not desk.far.events("member_left"), 60, "it works")
    numbers, tokens = (desk.number_of(desk.far), desk.number_of(desk.near)), []
    for _ in range(4):
        tokens += desk.publish(4)
        time.sleep(1.0)
        desk.network.cut()
    desk.cluster.until_told(*tokens)
    desk.cluster.until_quiet()

    desk.check(tokens, 0)
    assert (desk.number_of(desk.far), desk.number_of(desk.near)) == numbers


@pytest.mark.timeout(240)
def test_f11_restart_of_the_server_is_survived_by_every_member(desk: Desk) -> None:
    """The members wait for it and stay who they are; commands that need the database for themselves stay out."""
    before, tokens = desk.cluster.living(), desk.publish(8)
    desk.cluster.until_arrived(2)
    desk.databases.restart()
    desk.cluster.engine.dispose()
    later = desk.publish(4)
    desk.cluster.until_told(*tokens, *later)
    desk.cluster.until_quiet()
    refused = commands.process("run", "--once", "--config", str(desk.cluster.config))

    desk.check(tokens + later, 0)
    assert desk.cluster.living() == before
    assert (refused.code, "another wirewatch holds this database" in refused.err) == (5, True)


@pytest.mark.timeout(300)
def test_f11_f38_article_that_kills_worker_after_worker_is_set_aside_and_told(desk: Desk) -> None:
    """Each worker that reads it dies; after some deaths it is left out and said, and what waited beside it is told."""
    tokens = desk.publish(4)
    desk.cluster.publish("herald", world.Story("tok-999", "Resettlement killer tok-999", "Resettlement. A short text."))
    deaths = 0
    for _ in range(12):
        dead = world.until(lambda: next(_ended(desk), None) or _set_aside(desk), 60, "a death, or the end of them")
        if dead is True:
            break
        deaths += 1
        assert dead.wait() == -signal.SIGKILL
        desk.cluster.processes.remove(dead)
        config = desk.network.config(desk.cluster.config) if dead is desk.far else None
        again = desk.cluster.member("worker", config=config, arguments=HURRY)
        desk.far, desk.near = (again, desk.near) if dead is desk.far else (desk.far, again)
    desk.cluster.until_told(*tokens)

    outcome = "SELECT outcome, reason FROM decisions JOIN revisions ON revisions.id = revision_id WHERE title LIKE %s"
    assert desk.cluster.query(outcome, "%killer%") == [("none", "unreadable")]
    assert 3 <= deaths <= 5
    assert "An article of herald was set aside: the monitor died of it" in str(desk.cluster.webhook.payloads)
    desk.check(tokens, deaths)


def _ended(desk: Desk) -> Iterator[world.Process]:
    return (one for one in (desk.far, desk.near) if not one.running)


def _set_aside(desk: Desk) -> bool:
    return "set aside" in str(desk.cluster.webhook.payloads)


@pytest.mark.timeout(120)
def test_f11_worker_that_is_told_to_stop_on_a_silent_network_ends_in_time(desk: Desk) -> None:
    """Nothing that it waits for holds it; on a network that answers it says that it leaves."""
    desk.far.until_up(60)
    desk.near.until_up(60)
    desk.network.silent()
    began = time.monotonic()

    code, took = desk.far.stop(LEAVES * world.SLACK), time.monotonic() - began

    desk.network.mend()
    assert (code, took < LEAVES * world.SLACK) == (0, True)
    assert desk.near.stop() == 0
    assert desk.cluster.query("SELECT reason FROM members WHERE pid = %s ORDER BY id DESC", desk.near.pid) == [
        ("left",)
    ]
