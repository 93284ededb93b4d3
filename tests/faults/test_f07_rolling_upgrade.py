"""F07: a cluster is upgraded under load: the later version is started beside, migrates, and takes over part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import migrate
from tests.support import cluster, databases, later, world
from tests.support.cluster import Cluster

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def made(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster's world with two newsrooms; each alert is a message of its own."""
    for own in databases.session(tmp_path_factory.mktemp("server")):
        with cluster.opened(tmp_path, own.postgresql()) as world_of:
            world_of.storm = False
            for name in ("gazette", "herald"):
                world_of.newsroom(name).listed = 1000
            world_of.configure(every="1s")
            yield world_of


def publish(made: Cluster, first: int) -> list[str]:
    """Put ten stories into the feeds and return their tokens."""
    stories = [world.plain_story(first + n) for n in range(10)]
    made.publish("gazette", *stories[:5])
    made.publish("herald", *stories[5:])
    return [story.token for story in stories]


def test_f07_two_versions_work_side_by_side_over_a_step(made: Cluster, tmp_path: Path) -> None:
    """Old members go on and start again on the later schema until they are replaced; nothing is lost or told twice."""
    version = ["--migrations", str(later.migrations(tmp_path, beside=migrate.newest()))]
    old = made.member("scheduler").until_up(60)
    worker = made.member("worker").until_up(60)
    tokens = publish(made, 0)
    made.until_told(*tokens[:2])

    new = made.member("scheduler", arguments=version).until_up(60)
    schema = made.scalar("SELECT version_num FROM alembic_version")
    tokens += publish(made, 10)
    made.until_told(tokens[-1])
    assert worker.stop() == 0
    again = made.member("worker").until_up(60)
    tokens += publish(made, 20)
    assert old.stop() == 0
    made.until_told(tokens[-1])
    last = made.member("worker", arguments=version).until_up(60)
    assert again.stop() == 0
    tokens += publish(made, 30)
    made.until_told(*tokens)

    tally = made.tally(tokens)
    assert schema == later.LATER
    assert (tally.lost, sum(tally.duplicates.values())) == (0, 0), tally
    assert [process.stop() for process in (new, last)] == [0, 0]
