"""F01: what killed daemons leave in the temp folder is gone after the next start: kills must not fill a disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.support import world


def test_f01_a_start_removes_what_killed_daemons_left_in_the_temp_folder(tmp_path: Path) -> None:
    """After two kills, one with a daemon of another database at work, each living daemon has one folder, no more."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        tempfile.TemporaryDirectory() as temporary,
        world.opened(tmp_path / "one") as one,
        world.opened(tmp_path / "two") as two,
    ):
        for desk in (one, two):
            desk.publish("gazette", world.plain_story(0))
            desk.configure()
        with started(one, temporary) as killed:
            killed.kill()
        after_a_kill = left(temporary)
        with started(two, temporary) as beside:
            beside_alone = left(temporary)
            with started(one, temporary) as killed:
                killed.kill()
            with started(one, temporary) as last:
                both = left(temporary)
                for number, desk in enumerate((one, two), 1):  # each still has its workers and the rules for them
                    desk.publish("gazette", world.plain_story(number))
                    desk.until_told(f"tok-{number}")
                assert last.stop() == 0
            assert beside.stop() == 0
        after_all = left(temporary)

    assert len(after_a_kill) == 1
    assert len(beside_alone) == 1
    assert not beside_alone & after_a_kill
    assert len(both) == 2
    assert both > beside_alone
    assert after_all == set()


def started(desk: world.World, temporary: str) -> world.Process:
    """Return a daemon that has its workers, and `temporary` as the folder for what is temporary."""
    polled = len(desk.site.asked("/gazette/feed"))
    daemon = desk.daemon(environment=desk.environment(TMPDIR=temporary))
    world.until(lambda: len(desk.site.asked("/gazette/feed")) > polled + 1, 10 * world.SLACK, "two polls")
    return daemon.until_up()


def left(temporary: str) -> set[str]:
    """Return what stands in the temp folder."""
    return set(os.listdir(temporary))
