"""A cluster under kills, freezes and network cuts: `python -m tests.acceptance.cluster_soak [--workers 8] [--kills 9]`.

Two schedulers and some workers share one PostgreSQL server, each worker by a network of its own. They watch ten
newsrooms that go on publishing, and fill a mailbox and a chat, one message an alert, while members are killed and
replaced, frozen for 40 to 120 s, and cut off from the database for as long or for a moment. Every article carries a
token that nothing else holds, so what is lost and what is repeated is counted by reading what arrived.

Exit 1 if an alert is lost; if a channel has more repeats than there were faults, or any without one; if a repeat does
not say that it may be one; if a member did anything after it had ended, or its work stayed untaken for more than 60 s;
or if the database breaks a promise of `tests.support.invariants`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import cluster, databases, invariants, proxy, world

NEWSROOMS = ("gazette", "herald", "courier", "tribune", "times", "echo", "globe", "star", "post", "mirror")
FROZEN = (40.0, 120.0)
"""Seconds that a member is frozen or cut off; the lease lasts 30."""
BETWEEN = (4.0, 12.0)
"""Seconds between two faults."""
AHEAD = 150
"""Articles that may be published and not yet told."""
LISTED = 60
"""Articles in a feed, well more than may be new at once."""
CONNECTIONS = 300
"""Of the server, as in compose.cluster.yaml: a member has up to twelve."""
TAKEN = 60.0
STANDSTILL = 240.0
"""Seconds without a message after which the cluster is held to have stopped."""


@dataclass(slots=True)
class Seat:
    """One place in the cluster: the process that has it, and its way to the database."""

    role: str
    config: Path
    network: proxy.Proxy | None
    process: world.Process
    busy: bool = False
    """Whether a fault is under way here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak counted."""

    tally: world.Tally
    faults: Counter[str]
    unlabelled: int
    strays: list[tuple[object, ...]]
    ended: dict[str, int]
    longest: float
    """Seconds from the last sign of life of a member until its work was free, the longest."""
    broken: str
    dead: int
    seconds: float
    told_in: float
    """Seconds from the first article to the last message."""
    seed: int

    @property
    def failures(self) -> list[str]:
        """Return what must not be."""
        found = []
        if self.tally.lost:
            found.append(f"lost: {self.tally.missing}")
        for channel, count in self.tally.duplicates.items():
            if count > self.faults.total():
                found.append(f"{channel}: {count} repeats in {self.faults.total()} faults")
        if self.unlabelled:
            found.append(f"{self.unlabelled} repeats do not say so")
        if self.strays:
            found.append(f"done or held after the end: {self.strays[:10]}")
        if self.longest > TAKEN:
            found.append(f"work of a member was free only after {self.longest:.0f} s")
        if self.broken:
            found.append(self.broken)
        if self.dead:
            found.append(f"{self.dead} messages died")
        return found

    def table(self) -> str:
        """Return the counts as a table for people."""
        lines = self.tally.table()
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items())) or "none"
        lines.append(f"faults: {faults} · repeats unlabelled {self.unlabelled} · strays {len(self.strays)}")
        lines.append(f"members ended: {self.ended} · work free after at most {self.longest:.1f} s")
        lines.append(f"promises {'broken' if self.broken else 'kept'} · dead {self.dead}")
        lines.append(f"{self.seconds:.0f} s, all told in {self.told_in:.0f} s · seed {self.seed}")
        return "\n".join(lines)


@dataclass(slots=True)
class Soak:
    """A cluster at work, and what is done to it."""

    desk: cluster.Cluster
    draw: random.Random
    seats: list[Seat] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    published: int = 0

    def publish(self, items: int, every: float = 0.2) -> None:
        """Publish so many articles, as fast as they are told."""
        while self.published < items:
            while self.published < min(items, self.desk.arrived() // 2 + AHEAD):
                self.desk.publish(self.draw.choice(NEWSROOMS), world.plain_story(self.published))
                self.published += 1
            time.sleep(every)

    # -- faults --------------------------------------------------------------------------------------

    def _free(self, suits: Callable[[Seat], bool]) -> Seat | None:
        """Return a seat for a fault; at least one scheduler and half of the workers are left in peace."""
        busy = Counter(seat.role for seat in self.seats if seat.busy)
        most = {"scheduler": 1, "worker": max(1, sum(seat.role == "worker" for seat in self.seats) // 2)}
        free = [seat for seat in self.seats if not seat.busy and suits(seat) and busy[seat.role] < most[seat.role]]
        return self.draw.choice(free) if free else None

    def kill(self) -> bool:
        """End one member's process without a word, and start another in its place."""
        seat = self._free(lambda _: True)
        if seat is None:
            return False
        seat.process.kill()
        self.desk.processes.remove(seat.process)
        seat.process = self.desk.member(seat.role, config=seat.config)
        return True

    def freeze(self) -> bool:
        """Stop one member's process for longer than its lease."""
        seat = self._free(lambda _: True)
        if seat is None:
            return False
        os.kill(seat.process.pid, signal.SIGSTOP)
        self._later(seat, lambda: os.kill(seat.process.pid, signal.SIGCONT))
        return True

    def silence(self) -> bool:
        """Have one worker's network take everything and give nothing, for longer than its lease."""
        seat = self._free(lambda one: one.network is not None)
        if seat is None or seat.network is None:
            return False
        seat.network.silent()
        self._later(seat, seat.network.mend)
        return True

    def cut(self) -> bool:
        """End every connection of one worker; new ones pass."""
        seat = self._free(lambda one: one.network is not None)
        if seat is None or seat.network is None:
            return False
        seat.network.cut()
        return True

    def _later(self, seat: Seat, over: Callable[[], None]) -> None:
        seat.busy = True

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                over()
            seat.busy = False

        timer = threading.Timer(self.draw.uniform(*FROZEN), end)
        timer.daemon = True
        timer.start()

    def hurt(self, plan: Counter[str]) -> None:
        """Do what is planned, in any order, as the work goes on; then wait until everybody works again."""
        todo = [name for name, count in plan.items() for _ in range(count)]
        self.draw.shuffle(todo)
        while todo:
            time.sleep(self.draw.uniform(*BETWEEN))
            name = todo.pop()
            if getattr(self, name)():
                self.faults[name] += 1
                _show(f"{self.published} published, {self.desk.arrived()} messages, {name}, {len(todo)} faults to come")
            else:
                todo.insert(0, name)
        while any(seat.busy for seat in self.seats):
            time.sleep(1)


@contextlib.contextmanager
def opened(folder: Path, workers: int, seed: int) -> Iterator[Soak]:
    """A cluster with two schedulers and so many workers, each with a network of its own."""
    (folder / "server").mkdir()
    made = databases.Databases(folder / "server")
    try:
        url = made.postgresql()
        made.allow(CONNECTIONS)
        with contextlib.ExitStack() as stack:
            desk = stack.enter_context(cluster.opened(_folder(folder, "world"), url))
            desk.storm = desk.checked = False
            for name in NEWSROOMS:
                desk.newsroom(name).listed = LISTED
            config = desk.configure(every="2s")
            soak = Soak(desk, random.Random(seed))
            for _ in range(2):
                soak.seats.append(Seat("scheduler", config, None, desk.member("scheduler").until_up(120)))
            for _ in range(workers):
                network = stack.enter_context(proxy.in_background(url))
                own = network.config(config)
                soak.seats.append(Seat("worker", own, network, desk.member("worker", config=own)))
            for seat in soak.seats:
                seat.process.until_up(240)
            yield soak
    finally:
        made.close()


def _folder(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def run(folder: Path, workers: int, items: int, plan: Counter[str], seed: int) -> Outcome:
    """Run the whole of it in `folder`."""
    begun = time.monotonic()
    with opened(folder, workers, seed) as soak:
        desk, started = soak.desk, time.monotonic()
        publishing = threading.Thread(target=soak.publish, args=(items,), daemon=True)
        publishing.start()
        soak.hurt(plan)
        _work_off(soak, items)
        told_in = time.monotonic() - started
        tokens = [f"tok-{n}" for n in range(items)]
        for seat in soak.seats:
            seat.process.stop(60)
        ended = desk.query("SELECT reason, count(*) FROM members WHERE ended_at IS NOT NULL GROUP BY reason")
        free = "SELECT max(extract(epoch FROM ended_at - beat_at)) FROM members WHERE reason = 'lease'"
        return Outcome(
            desk.tally(tokens),
            soak.faults,
            desk.unlabelled(),
            desk.strays(),
            {str(reason): int(count) for reason, count in ended},
            float(desk.scalar(free) or 0),
            invariants.broken(desk.database_url),
            int(desk.scalar("SELECT count(*) FROM messages WHERE state = 'dead'")),
            time.monotonic() - begun,
            told_in,
            seed,
        )


def _work_off(soak: Soak, items: int) -> None:
    """Wait until every alert is sent, however long that takes on this machine, as long as it gets on."""
    last, since = (-1, -1), time.monotonic()
    open_ones = "SELECT count(*) FROM messages WHERE state NOT IN ('sent', 'dead')"
    while True:
        now = (int(soak.desk.scalar("SELECT count(*) FROM alerts")), int(soak.desk.scalar(open_ones)))
        if now == (items, 0):
            return
        if now != last:
            last, since = now, time.monotonic()
            _show(f"{soak.published} published, {now[0]} alerts, {now[1]} messages to send")
        if time.monotonic() - since > STANDSTILL:
            print(soak.desk._standstill(), file=sys.stderr)
            return
        time.sleep(2)


def _show(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Run with the arguments of the command line and print the table."""
    parser = argparse.ArgumentParser(description="a cluster under kills, freezes and network cuts")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--freezes", type=int, default=0)
    parser.add_argument("--silences", type=int, default=0, help="a network that takes bytes and gives none")
    parser.add_argument("--cuts", type=int, default=0, help="connections that end, and may be made again")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    plan = Counter(kill=options.kills, freeze=options.freezes, silence=options.silences, cut=options.cuts)
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-cluster-"))
    outcome = run(folder, options.workers, options.items, plan, options.seed)
    print(outcome.table())
    for failure in outcome.failures:
        print(f"FAILED: {failure}")
    print(f"database and logs are left in {folder}" if outcome.failures else "nothing failed")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
