"""The cluster beside the local engine on the same machine: articles a second, what each costs, and how it scales.

Parts: `pipeline` (the real work), `waits` (each page replaced by half a second of waiting), `rate` (by none), `polls`,
`messages`, `idle`, `claims` (with long backlogs) and `queue` (the tables of Procrastinate over many jobs).
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bench import cluster_claims, cluster_queue, measure, rig
from bench.cluster_rig import Arena, Base, Members, Server, Work, started
from bench.figures import Figure
from bench.newsworld import Size, World
from bench.pages import Pages

PARTS = ("pipeline", "waits", "rate", "messages", "polls", "idle", "claims", "queue")
FEEDS, ENTRIES, ARTICLES = 80, 25, 1_000
WORKERS = (1, 2, 4, 8)
WAIT, PLACES = 0.5, 2
"""Seconds that stand for a page, and entries that a member has under way then."""
EACH = 200
"""Articles for each member in `waits`."""
MEASURED = (0.1, 0.8)
"""Shares of the articles between whose decisions the rate of `waits` is taken: all members have work there."""
POLLED, EVERY, WATCH = 500, 3, 25.0
"""Feeds of `polls`, seconds between two polls of each, and seconds that are watched."""
MESSAGING = 2
"""Workers of `messages`."""
ALL_TOLD = "format: 1\npack: world\nrules:\n  - {id: all, query: 're:/[a-z]{4}/'}\n"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of members took, from the moment its entries were due to its last decision."""

    articles: int
    seconds: float
    steady: float
    """Articles a second between the shares of MEASURED."""
    own: float
    """CPU seconds of the members with their processes; `server`: of PostgreSQL; `world`: of what serves the pages."""
    server: float
    world: float
    work: Work
    statements: dict[str, tuple[int, float]]
    sent: int
    over: float
    """Messages that were sent, and seconds until nothing was left to do."""
    memory: float
    """Median of a working member with its processes, MB."""

    def each(self, seconds: float) -> float:
        """Return milliseconds for each article."""
        return 1000 * seconds / self.articles


def cluster(parts: Sequence[str], jobs: int, minutes: float, articles: int = ARTICLES) -> Iterator[Figure]:
    """All parts that are named, on one server and in one world."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, contextlib.ExitStack() as stack:
        server = Server(Path(name) / "postgres")
        stack.callback(server.close)
        yield Figure("cluster", "PostgreSQL", 0.0, "", note=server.settings())
        if set(parts) & {"pipeline", "waits", "rate", "messages", "idle"}:
            arena = stack.enter_context(_arena(Path(name), server))
            runs: dict[str, Callable[[], Iterator[Figure]]] = {
                "pipeline": lambda: _pipeline(arena, min(articles, arena.articles)),
                "waits": lambda: _waits(arena),
                "rate": lambda: _rate(arena, min(articles, arena.articles)),
                "idle": lambda: _idle(arena),
                "messages": lambda: _messages(arena, min(articles, arena.articles)),
            }
            for part, run in runs.items():
                if part in parts:
                    yield from run()
        if "polls" in parts:
            yield from _polls(Path(name), server)
        if "claims" in parts:
            yield from cluster_claims.claims_with_backlog(server)
        if "queue" in parts:
            yield from cluster_queue.tables(server, jobs, minutes)


@contextlib.contextmanager
def _arena(folder: Path, server: Server) -> Iterator[Arena]:
    with rig.served(FEEDS, ENTRIES) as site:
        pages = Pages(World(Size(feeds=FEEDS, entries=ENTRIES)), site.port)
        arena = Arena(folder, site, server, pages, rig.Setting(every=6 * 3600))
        arena.seed()
        arena.make_readings()
        arena.warm()
        yield arena


def _run(
    arena: Arena,
    workers: int,
    articles: int,
    options: list[str],
    begun: Callable[[Base], bool],
    over: Callable[[Base], bool] = lambda base: base.pending() == 0,
) -> Run:
    """Let `workers` members and a scheduler decide so many articles; 0: the local engine on SQLite."""
    roles = ["scheduler", *["worker"] * workers] if workers else ["all"]
    with arena.fresh(local=not workers) as (config, base), started(config.parent, config, roles, options) as members:
        before = arena.server.work(base.name)
        marks = members.mark()
        cpu, site, sent = arena.server.cpu(), measure.cpu_of(arena.site.pid), base.sent()
        start = datetime.now(UTC)
        base.release(articles)
        rig.until(lambda: begun(base), 60.0, every=0.02)
        began = time.time()
        rig.until(lambda: over(base), 900.0, every=0.25)
        over_at, own = time.time(), sum(one.since() for one in marks)
        took = arena.server.cpu() - cpu, measure.cpu_of(arena.site.pid) - site
        work = arena.server.work(base.name).since(before)
        decided = [moment.timestamp() for moment in base.decided(start)]
        sent = base.sent() - sent
        memory = statistics.median(members.memory(roles[-1]))
        members.require()
        members.stop()
        first, last = (decided[int(share * len(decided))] for share in MEASURED)
        steady = (MEASURED[1] - MEASURED[0]) * len(decided) / (last - first)
        statements = members.statements()
    seconds, whole = decided[-1] - began, over_at - began
    return Run(len(decided), seconds, steady, own, *took, work, statements, sent, whole, memory)


def _page_asked(arena: Arena) -> Callable[[Base], bool]:
    before = arena.site.count("a")
    return lambda _base: arena.site.count("a") > before


def _claimed(base: Base) -> bool:
    if base.engine.dialect.name == "sqlite":  # claims nothing: it has begun within a tick
        return True
    return base.scalar(sa.text("SELECT 1 FROM claims WHERE kind = 'entry' LIMIT 1")) is not None


def _who(workers: int) -> str:
    return f"PostgreSQL, {workers} worker{'s' * (workers > 1)}" if workers else "SQLite, one process"


def _costs(part: str, who: str, run: Run) -> Iterator[Figure]:
    """What an article took of the processors and of the database."""
    count = sum(count for count, _ in run.statements.values())
    note = f"pages served {run.each(run.world):.1f}" if run.world > 0.05 else ""
    yield Figure(part, f"{who}: CPU of ours an article", run.each(run.own), "ms", None, note)
    if not run.work.transactions:
        return
    yield Figure(part, f"{who}: CPU of the server an article", run.each(run.server), "ms")
    note = f"{run.work.transactions / run.articles:.1f} transactions, {count / run.articles:.0f} statements"
    yield Figure(part, f"{who}: database time an article", run.each(run.work.active), "ms", None, note)


def _pipeline(arena: Arena, articles: int) -> Iterator[Figure]:
    """The real work, from the first page that is asked for to the last decision."""
    for workers in (0, *WORKERS):
        run = _run(arena, workers, articles, [], _page_asked(arena))
        note = f"{run.articles} in {run.seconds:.1f} s; {run.memory:.0f} MB a member"
        yield Figure("pipeline", f"{_who(workers)}: articles a second", run.articles / run.seconds, "/s", None, note)
        yield from _costs("pipeline", _who(workers), run)


def _waits(arena: Arena) -> Iterator[Figure]:
    """Half a second for each page and two places a member: what does coordination add to that?"""
    ideal, alone = PLACES / WAIT, 0.0
    options = ["--readings", str(arena.readings), "--wait", str(WAIT), "--places", str(PLACES)]
    for workers in (0, *WORKERS):
        articles = min(EACH * max(workers, 1), arena.articles)
        run = _run(arena, workers, articles, options, _claimed)
        alone = run.steady if workers == 1 else alone
        best, cores = ideal * max(workers, 1), (run.own + run.server) / run.seconds
        note = f"{run.steady / best:.2f} of the ideal {best:g}; busy {cores:.2f} cores"
        yield Figure("waits", f"{_who(workers)}: articles a second", run.steady, "/s", None, note)
        if workers > 1:
            target = 0.9 if workers == WORKERS[-1] else None
            yield Figure("waits", f"{_who(workers)}: of linear", run.steady / workers / alone, "", target, least=True)


def _rate(arena: Arena, articles: int) -> Iterator[Figure]:
    """Pages that are there at once: how many articles can be coordinated and decided?"""
    for workers in (0, *WORKERS):
        run = _run(arena, workers, articles, ["--readings", str(arena.readings)], _claimed)
        busy = f"{run.articles} in {run.seconds:.1f} s; busy {(run.own + run.server) / run.seconds:.2f} cores"
        target = 100.0 if workers > 1 else None
        rate = run.articles / run.seconds
        yield Figure("rate", f"{_who(workers)}: articles a second", rate, "/s", target, busy, least=True)
        yield from _costs("rate", _who(workers), run)


def _messages(arena: Arena, articles: int) -> Iterator[Figure]:
    """Every article told, a message each, beside the same articles with the world's rules, of which few are."""
    options = ["--readings", str(arena.readings), "--all-told"]
    few = _run(arena, MESSAGING, articles, options, _claimed, _all_sent)
    arena.use_rules(ALL_TOLD)
    all_told = _run(arena, MESSAGING, articles, options, _claimed, _all_sent)
    more = all_told.sent - few.sent
    note = f"{all_told.sent} messages beside {few.sent} of {articles} articles"
    yield Figure("messages", "CPU of ours a message", 1000 * (all_told.own - few.own) / more, "ms", None, note)
    yield Figure("messages", "CPU of the server a message", 1000 * (all_told.server - few.server) / more, "ms")
    active = 1000 * (all_told.work.active - few.work.active) / more
    note = f"{(all_told.work.transactions - few.work.transactions) / more:.1f} transactions"
    yield Figure("messages", "database time a message", active, "ms", None, note)
    yield Figure("messages", "messages a second", all_told.sent / all_told.over, "/s")


def _all_sent(base: Base) -> bool:
    waits = sa.text("SELECT count(*) FROM messages WHERE state NOT IN ('sent', 'dead', 'uncertain')")
    return base.pending() == 0 and base.scalar(waits) == 0


def _idle(arena: Arena) -> Iterator[Figure]:
    """A scheduler and eight workers with nothing to do."""
    roles = ["scheduler", *["worker"] * WORKERS[-1]]
    with arena.fresh(local=False) as (config, base), started(config.parent, config, roles, []) as members:
        before, marks, cpu = arena.server.work(base.name), members.mark(), arena.server.cpu()
        began = time.monotonic()
        time.sleep(WATCH)
        own, server = sum(one.since() for one in marks), arena.server.cpu() - cpu
        seconds = time.monotonic() - began
        work, sessions = arena.server.work(base.name).since(before), arena.server.connections(base.name)
        memory = members.memory("worker")
        members.stop()
        count = sum(count for count, _ in members.statements().values())
    who = f"a scheduler and {WORKERS[-1]} workers"
    yield Figure("idle", f"{who}: CPU of ours", 100 * own / seconds, "%", None, "of one core")
    yield Figure("idle", f"{who}: CPU of the server", 100 * server / seconds, "%", None, "of one core")
    note = f"{work.transactions / seconds:.1f} transactions"
    yield Figure("idle", f"{who}: statements a second", count / seconds, "/s", None, note)
    yield Figure("idle", "connections of each member", (sessions - 1) / len(roles), "", 10.0)
    note = f"{min(memory):.0f} to {max(memory):.0f}"
    yield Figure("idle", "memory of a worker with its processes", statistics.median(memory), "MB", None, note)


def _polls(folder: Path, server: Server) -> Iterator[Figure]:
    """Feeds that do not change, polled by two workers."""
    (folder / "polls").mkdir()
    with rig.served(POLLED) as site:
        config = rig.prepare(folder / "polls", site, site.ask("feeds.json"), rig.Setting(EVERY, backfill=0))
        url = server.make("polls")
        config.write_text(config.read_text("utf-8").replace(f"sqlite:///{config.parent}/world.db", url), "utf-8")
        members = Members(config.parent, config, [])
        try:
            for role in ("scheduler", "worker", "worker"):
                members.start(role)
            rig.until(lambda: site.count("unchanged") >= 2 * POLLED)
            time.sleep(8)
            before, marks, cpu, polled = server.work("polls"), members.mark(), server.cpu(), site.count("unchanged")
            time.sleep(WATCH)
            own, took = sum(one.since() for one in marks), server.cpu() - cpu
            polls, work = site.count("unchanged") - polled, server.work("polls").since(before)
        finally:
            members.stop()
        count = sum(count for count, _ in members.statements().values())
    note = f"{polls} polls in {WATCH:g} s"
    yield Figure("polls", "CPU of ours per unchanged feed", 1000 * own / polls, "ms", None, note)
    yield Figure("polls", "CPU of the server per unchanged feed", 1000 * took / polls, "ms")
    note = f"{work.transactions / polls:.2f} transactions, {count / polls:.1f} statements"
    yield Figure("polls", "database time per unchanged feed", 1000 * work.active / polls, "ms", None, note)
