"""A whole monitor in one process: real store, rules and jobs; a clock, a web and channels that tests script."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr

from monitor import jobs, model, wiring
from monitor.config import ChannelSettings, Config, Rate
from monitor.engine.local import LocalEngine
from monitor.errors import FetchError
from monitor.jobs import recover
from monitor.jobs.context import Context, Outlet, Setup
from monitor.model import HttpInfo, Reply, SendOutcome, SendResult
from monitor.rules import live, load
from monitor.store import database, feeds, hold, messages
from monitor.store.store import Store

START = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
PACK = """\
format: 1
pack: move
title: Gaza move
rules:
  - {id: core, any: [resettlement], severity: normal}
  - {id: loud, all: [resettlement, ultimatum], severity: urgent}
"""
SECOND = """\
format: 1
pack: talks
rules:
  - {id: core, any: [delegation]}
"""


@dataclass
class FakeClock:
    """A clock that moves when told."""

    time: datetime = START
    was_set: timedelta = timedelta()
    """By how much the clock was set so far: it is no time that passed."""

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - self.was_set).timestamp()

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)

    def advance(self, **step: float) -> None:
        self.time += timedelta(**step)

    def set_by(self, step: timedelta) -> None:
        """Show another time without any having passed."""
        self.time += step
        self.was_set += step


@dataclass
class FakeWeb:
    """Answers by address; counts what was asked for."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    crowds: int = 0
    """How often it says that a host has more than enough to answer."""

    async def fetch(self, url: str, **_: Any) -> Reply:
        self.asked.append(url)
        answer = self.answers.get(url, 404)
        if isinstance(answer, FetchError):
            raise answer
        if isinstance(answer, int):
            return Reply(HttpInfo(answer), url)
        if isinstance(answer, Reply):
            return answer
        return Reply(HttpInfo(200), url, answer if isinstance(answer, bytes) else answer.encode())

    def room(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Bound nothing."""
        return contextlib.nullcontext()

    def is_crowded(self, url: str) -> bool:
        """Let everybody in, once the crowds have passed."""
        self.crowds -= 1
        return self.crowds >= 0

    def replace(self, _settings: object) -> None:
        """Take no settings: there is nothing to limit."""

    async def close(self) -> None:
        """Hold nothing open."""


class InlineWorkers:
    """Runs tasks at once, in this process; `fail` maps a function's name to what it raises instead."""

    def __init__(self) -> None:
        self.fail: dict[str, Exception] = {}
        self.queue = 0
        """How many tasks go before whoever asks."""

    def is_busy(self, source: str) -> bool:
        """Keep nobody waiting, once the queue is done."""
        self.queue -= 1
        return self.queue >= 0

    def is_proven(self, source: str) -> bool:
        """Prefer nobody."""
        return False

    def is_stuck(self, source: str) -> bool:
        """Keep nobody waiting."""
        return False

    def pids(self) -> tuple[int, ...]:
        """Have no process of their own."""
        return ()

    async def call(self, function: Callable[..., Any], *args: object, timeout: float, source: str = "") -> Any:
        if function.__name__ in self.fail:
            raise self.fail[function.__name__]
        return function(*args)

    def close(self) -> None:
        """Hold nothing open."""


@dataclass
class FakeSender:
    """Answers with scripted results, then with sent; keeps what it was given."""

    script: list[SendResult] = field(default_factory=list)
    notices: list[model.Notice] = field(default_factory=list)

    async def send(self, notice: model.Notice) -> SendResult:
        self.notices.append(notice)
        return self.script.pop(0) if self.script else SendResult(SendOutcome.SENT, 200, "ok")

    async def close(self) -> None:
        """Hold nothing open."""

    @property
    def titles(self) -> list[str]:
        """Return the titles of the alerts that were sent."""
        return [item.title for notice in self.notices for item in notice.items]


def rss(*items: dict[str, str]) -> str:
    """Return an RSS feed with these items, the first on top; keys are element names."""
    rows = "".join(
        "<item>" + "".join(f"<{key}>{value}</{key}>" for key, value in item.items()) + "</item>" for item in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{rows}</channel></rss>'


def item(n: int, title: str, summary: str = "", site: str = "gazette") -> dict[str, str]:
    """Return an RSS item whose page is at https://SITE.example/a/N."""
    return {"title": title, "guid": f"{site}-{n}", "link": f"https://{site}.example/a/{n}", "description": summary}


def page(title: str, *paragraphs: str) -> str:
    """Return an article page."""
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"


class Desk:
    """The monitor under test. Feeds are `https://NAME.example/feed`; channels are FakeSenders by name."""

    def __init__(self, url: str, folder: Path, packs: dict[str, str] | None = None) -> None:
        self.clock = FakeClock()
        self.web = FakeWeb()
        self.workers = InlineWorkers()
        self.senders: dict[str, FakeSender] = {}
        self.folder = folder
        self.packs = packs if packs is not None else {"packs/move.yaml": PACK, "packs/talks.yaml": SECOND}
        self.config = Config(path=folder / "config.toml", database=url, rules=folder / "rules")
        self._url = url
        self.store = self._open()
        self._files = wiring.RuleFiles()
        self.context: Context | None = None

    def _open(self) -> Store:
        engine = database.open_engine(self._url)
        epoch = database.write_once(engine, lambda connection: hold.take(connection, self.clock.now()))
        store = Store(engine, epoch)
        for writer in store.writers:
            writer.patient = False  # one pass after the other: nothing comes to share a commit
        return store

    def has(
        self,
        feed_names: Sequence[str],
        channels: Sequence[str] = ("desk",),
        ops: str | None = None,
        rate: Rate | None = None,
        **keys: Any,
    ) -> Desk:
        """Declare feeds (each with `keys` besides) and channels, and set everything up."""
        from monitor.config import FeedSettings

        settings = {name: ChannelSettings(name, SecretStr("console://"), rate) for name in channels}
        declared = tuple(
            FeedSettings(
                **{"url": f"https://{n}.example/feed", "id": n, "name": n.title(), "newsroom": n.title(), **keys}
            )
            for n in feed_names
        )
        self.config = replace(
            self.config,
            feeds=declared,
            channels=settings,
            default_route=tuple(n for n in channels if n != ops),
            ops_channel=ops,
        )
        for name in channels:
            self.senders.setdefault(name, FakeSender())
        self.set_up()
        return self

    def set_up(self, current: live.LiveRules | None = None) -> None:
        """Load the rules and make config, rules and channels known, as start and reload do."""
        files = {path: text.encode() for path, text in self.packs.items()}
        rules = live.next_live(current, files, load.Known())
        assert current is not None or not rules.stale, rules.stale
        path = self._files.put(rules)
        opened = wiring.Opened(())
        setup = self.write(wiring.record_setup(self.config, rules, path, opened, self.clock.now()))
        targets = {name: model.Target(name, "one", name) for name in self.config.channels}
        ids = self.write(
            lambda connection: messages.declare_targets(connection, list(targets.values()), self.clock.now())
        )
        outlets = {
            ids[target]: Outlet(ids[target], target, self.senders[name], self.config.channels[name].rate)
            for name, target in targets.items()
        }
        setup = Setup(setup.config, rules, path, outlets, setup.rating_key)
        if self.context is None:
            self.context = Context(
                self.store, self.web, self.workers, self.clock, setup, structlog.get_logger(), draw=lambda: 0.5
            )
        else:
            self.context.setup = setup

    def restart(self) -> Desk:
        """Start again on the same database, as after a kill: whatever was being sent is uncertain."""
        self.store.close()
        self.store = self._open()
        aside = self.write(lambda connection: recover.void_leases(connection, self.clock.now()))
        before, self.context = self.context, None
        self.set_up(before.setup.live if before else None)
        self.write(lambda connection: recover.tell_aside(self.context, connection, aside, self.clock.now()))
        return self

    def write(self, job: Callable[[Any], Any]) -> Any:
        """Run a writing job and wait for its commit."""
        return self.store.writer.submit(job).result(timeout=10)

    def read(self, query: Callable[[Any], Any]) -> Any:
        """Run a query."""
        return self.store.read_now(query)

    def publishes(self, feed: str, *items: dict[str, str]) -> None:
        """Put a feed's items on the web."""
        self.web.answers[f"https://{feed}.example/feed"] = rss(*items)

    def run(self) -> Any:
        """Poll what is due, process and send, as one pass of the daemon does."""
        assert self.context is not None
        return asyncio.run(LocalEngine(self.context).run_once())

    def later(self, **step: float) -> Any:
        """Let time pass (default 20 minutes) and run a pass."""
        self.clock.advance(**(step or {"minutes": 20}))
        return self.run()

    def poll(self, feed: str) -> jobs.poll.Polled:
        """Poll one feed now."""
        assert self.context is not None
        found = next(f for f in self.read(feeds.list_active) if f.slug == feed)
        return asyncio.run(jobs.poll_feed(self.context, found))

    def close(self) -> None:
        """Let go of everything."""
        self.store.close()
        self._files.close()
