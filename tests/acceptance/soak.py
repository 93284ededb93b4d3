"""Random kill -9 under load: `make soak`, or `python -m tests.acceptance.soak [--kills 1000] [--alerts 10000]`, on
a server with `--database postgresql`, where each daemon is a member of a cluster and the next takes over what it had.

A daemon watches a news site and fills a mailbox, a chat over TLS and a webhook through apprise, one message an alert.
It is killed at random moments and started again, as often as asked, while the site goes on publishing; then a last one
works off what is left. Every article carries a token that nothing else holds, so what is lost and what is repeated is
counted by reading what arrived.

Exit 1 if an alert is lost, a channel has more repeats than there were kills, a repeat does not say that it may be one,
or the database is damaged or breaks a promise of `tests.support.invariants`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import cluster, databases, invariants, world

NEWSROOMS = ("gazette", "herald", "courier", "tribune", "times", "echo", "globe", "star", "post", "mirror")
SHORTEST, LONGEST = 0.3, 3.0
"""Seconds that a daemon lives after it is up; short lives are more frequent than long ones."""
BUSY = 0.7
"""Share of the daemons that are not killed before they have sent a message: on a busy machine few would come to it."""
PATIENCE = 30.0
STANDSTILL = 180
"""Seconds without progress after which the last daemon is held to have stopped."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak counted."""

    tally: world.Tally
    kills: int
    integrity: str
    broken: str
    """What the database breaks of what holds of every one; empty if nothing."""
    dead: int
    seconds: float
    seed: int

    @property
    def failures(self) -> list[str]:
        """Return what must not be."""
        found = []
        if self.tally.lost:
            found.append(f"lost: {self.tally.missing}")
        for channel, count in self.tally.duplicates.items():
            if count > self.kills:
                found.append(f"{channel}: {count} repeats in {self.kills} kills")
        if self.tally.unlabelled:
            found.append(f"{self.tally.unlabelled} repeats do not say so")
        if not self.tally.same_id:
            found.append("a repeated mail changed its Message-ID")
        if self.integrity not in ("ok", world.SERVERS):
            found.append(f"integrity check: {self.integrity}")
        if self.broken:
            found.append(self.broken)
        if self.dead:
            found.append(f"{self.dead} messages died")
        return found

    def table(self) -> str:
        """Return the counts as a table for people."""
        lines = self.tally.table()
        promises = "broken" if self.broken else "kept"
        lines.append(f"kills {self.kills} · integrity check {self.integrity} · promises {promises}")
        lines.append(f"{self.seconds:.0f} s · seed {self.seed}")
        return "\n".join(lines)


def soak(desk: world.World, kills: int, alerts: int, seed: int, minutes: float = 0.0) -> Outcome:
    """Run the whole of it in a world that is open, or with fewer kills where `minutes` are up before."""
    begun, draw = time.monotonic(), random.Random(seed)
    for name in NEWSROOMS:
        desk.newsroom(name)
    desk.storm, desk.hook = False, True
    desk.configure()
    published = done = 0
    while done < kills and (not minutes or time.monotonic() - begun < 60 * minutes):
        share = (done + 1) * alerts // kills - published
        published += _publish(desk, draw, published, share)
        _live(desk, draw)
        done += 1
        _show(done, kills, published)
    tokens = [f"tok-{n}" for n in range(published)]
    with desk.daemon() as last:
        _work_off(desk, published)
        desk.until_quiet(120)
        last.stop()
    dead = desk.query("SELECT count(*) FROM messages WHERE state = 'dead'")[0][0]
    broken, desk.checked = invariants.broken(desk.database_url), False
    return Outcome(desk.tally(tokens), done, desk.integrity(), broken, dead, time.monotonic() - begun, seed)


def _publish(desk: world.World, draw: random.Random, at: int, count: int) -> int:
    for n in range(at, at + count):
        desk.publish(draw.choice(NEWSROOMS), world.plain_story(n))
    return count


def _live(desk: world.World, draw: random.Random) -> None:
    with desk.daemon() as daemon:
        daemon.until_up(60)
        if draw.random() < BUSY:
            _until_it_sends(desk, daemon)
        time.sleep(draw.triangular(SHORTEST, LONGEST, SHORTEST))
        code = daemon.kill()
    if code != -signal.SIGKILL:
        raise SystemExit(f"the daemon ended by itself, with exit code {code}:\n{daemon.log}")
    daemon.log_file.unlink()
    desk.processes.remove(daemon)


def _until_it_sends(desk: world.World, daemon: world.Process) -> None:
    """Wait until a message arrived in this life, but at most PATIENCE seconds: there may be none left."""
    before, end = desk.arrived(), time.monotonic() + PATIENCE
    while desk.arrived() == before and daemon.running and time.monotonic() < end:
        time.sleep(0.01)


def _work_off(desk: world.World, alerts: int) -> None:
    """Wait until every alert is decided and sent, however long that takes on this machine, as long as it gets on."""
    last, since = (0, 0), time.monotonic()
    while (now := (_decided(desk), desk.open_messages())) != (alerts, 0):
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > STANDSTILL:
            return
        time.sleep(1)


def _decided(desk: world.World) -> int:
    return int(desk.query("SELECT count(*) FROM alerts")[0][0])


def _show(life: int, kills: int, published: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{life}/{kills} kills, {published} articles", end="\n" if life == kills else "", file=sys.stderr)


@contextlib.contextmanager
def _place(folder: Path, database: str) -> Iterator[world.World]:
    """A world on a database of the kind asked for; PostgreSQL's server is WIREWATCH_TEST_POSTGRES or one of our own."""
    if database == "sqlite":
        with world.opened(folder) as desk:
            yield desk
        return
    (folder / "server").mkdir()
    made = databases.Databases(folder / "server")
    try:
        with cluster.opened(folder, made.postgresql()) as desk:
            yield desk
    finally:
        made.close()


def main() -> int:
    """Run with the arguments of the command line and print the table."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=...", description="random kill -9 under load")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=0, help="default: 10 a kill")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--minutes", type=float, default=0.0, help="kill no longer than this")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-soak-"))
    alerts = options.alerts or 10 * options.kills
    with _place(folder, options.database) as desk:
        outcome = soak(desk, options.kills, alerts, options.seed, options.minutes)
    print(outcome.table())
    for failure in outcome.failures:
        print(f"FAILED: {failure}")
    if outcome.failures:
        print(f"the database and the last log are left in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
