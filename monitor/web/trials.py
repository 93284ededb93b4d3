"""What the playground and the API ask of workers of their own: lint, preview, explanation, backtest.

The workers are started when they are first needed and ended when nobody has asked for a while, so that a dashboard that
nobody plays with costs nothing; what they choke on never touches the workers that read feeds and pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from monitor import errors, scratch
from monitor.backtest import drafts, plan, run
from monitor.backtest import preview as previews
from monitor.backtest.drafts import Checked, Draft, Judged
from monitor.backtest.run import Progress
from monitor.backtest.values import Job, Pair, Report
from monitor.jobs import names
from monitor.jobs.context import Context
from monitor.rules import live, shelf
from monitor.store import backtests
from monitor.store.backtests import Span
from monitor.store.store import Connection
from monitor.web.faults import Busy, NotThere, Unusable
from monitor.workers import Workers, WorkerSettings

T = TypeVar("T")
PRELOAD = ("monitor.reading", "monitor.feeds.parse")
"""What the fork server of the daemon has; it is one for all workers."""
IDLE = 120.0
"""Seconds after which workers that nobody asks are ended."""
CHECK_LIMIT, PREVIEW_LIMIT = 30.0, 60.0
"""Seconds that a text may be looked at, and tried on a day."""
PREVIEW = timedelta(days=1)
PREVIEWER = WorkerSettings(count=1, memory_mb=250, cpu_seconds=60.0)
"""One alone: it keeps what does not depend on the edit."""
MOST_PREVIEWED = 10_000
"""Revisions that a preview reads, the newest: a day of a large desk."""
MOST_RUNS = 20
"""Backtests that are remembered."""
AT_ONCE = 1
"""Backtests in work; each takes two workers."""
MOST_WAITING = 8
"""Questions in work; beyond, pages are told to try again."""
LONGEST_TEXT = 1_000_000
DEFAULT_FILE = "draft.yaml"


def _start(settings: WorkerSettings) -> Workers:
    return Workers(settings, PRELOAD)


@dataclass(slots=True)
class Run:
    """A backtest that was begun from a page or by the API."""

    id: str
    pack: str
    days: int
    begun_at: datetime
    progress: Progress = field(default_factory=lambda: Progress("waiting", 0.0))
    report: Report | None = None
    fault: str = ""
    cancelled: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """Return `running`, `done`, `failed` or `cancelled`."""
        if self.cancelled:
            return "cancelled"
        if self.fault:
            return "failed"
        return "done" if self.report is not None else "running"


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it was typed. `file`: name of the pack file that it stands for, empty for none yet."""

    said: str
    file: str = ""


class Trials:
    """One for each dashboard."""

    def __init__(self, context: Context, start: Callable[[WorkerSettings], Workers] = _start) -> None:
        """Look at texts by the workers that `start` starts."""
        self._context = context
        self._start = start
        self._workers: Workers | None = None
        self._previewer: Workers | None = None
        self._opening: asyncio.Task[None] | None = None
        self._folder: Path | None = None
        self._asked = 0
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._end: asyncio.TimerHandle | None = None

    # -- questions that are answered at once ------------------------------------------------------

    async def check(self, text: Text) -> Checked:
        """Return what is wrong with a text. Raises: Unusable, Busy."""
        return await self._ask(drafts.check, self._draft(text))

    def open_day(self) -> None:
        """Let the last day be read for a preview, unless it is: somebody opens the page that will ask for one."""
        if self._previewer is None and self._asked < MOST_WAITING and (self._opening is None or self._opening.done()):
            self._opening = asyncio.create_task(self._open_day())

    async def _open_day(self) -> None:
        setup = self._context.setup
        with contextlib.suppress(Unusable, Busy, errors.StoreError):  # the preview itself will say it
            span = await self._last_day(self._context.clock.now())
            if span is not None:
                path = str(setup.rules_path)
                await self._ask_previewer(previews.open_day, setup.config.database, path, span)

    async def preview(self, text: Text) -> tuple[Checked, Report | None]:
        """Return what a text would have sent on the last day beside the live rules; no report where it has errors."""
        ready = await self._ask_previewer(drafts.prepare, self._draft(text))
        now = self._context.clock.now()
        span = await self._last_day(now) if ready.files else None
        if span is None:
            return ready, None
        job = await asyncio.to_thread(self._job, ready, span)
        return ready, await self._ask_previewer(previews.preview, job, now - PREVIEW, now)

    async def _last_day(self, now: datetime) -> Span | None:
        return await self._read(functools.partial(_newest, since=now - PREVIEW))

    async def judge(self, text: Text, what: str) -> tuple[Checked, Judged | None]:
        """Return why a text is true of an article of the archive, or is not; None where there is no such article."""
        ready = await self._ask(drafts.prepare, self._draft(text))
        if not ready.files:
            return ready, None
        path = str(live.to_file(self._home(), ready.source))
        number = what.strip().removeprefix("art-")
        found = await self._ask(drafts.judge, self._context.setup.config.database, path, ready.pack, number)
        return ready, found

    # -- backtests ---------------------------------------------------------------------------------

    async def begin(self, text: Text, days: int) -> tuple[Checked, Run | None]:
        """Begin a backtest over the last `days`; none where the text has errors. Raises: Busy."""
        ready = await self._ask(drafts.prepare, self._draft(text))
        if not ready.files:
            return ready, None
        return ready, await self._begin(ready.pack, days, functools.partial(self._job, ready))

    async def begin_shadow(self, pack: str, days: int) -> Run:
        """Begin to decide what rules on trial would have sent, as live traffic matched them. Raises: Busy, Unusable."""
        return await self._begin(pack, days, functools.partial(self._shadow_job, pack))

    async def _begin(self, pack: str, days: int, job: Callable[[Span], Job]) -> Run:
        if sum(one.state == "running" for one in self._runs.values()) >= AT_ONCE:
            raise Busy("A backtest is in work already. Wait for it, or cancel it.", 10)
        now = self._context.clock.now()
        since = now - timedelta(days=days)
        span = await self._read(functools.partial(backtests.span_of, since=since))
        if span is None:
            raise Unusable(f"The archive has no article of the last {days} days.", "days")
        one = Run(secrets.token_hex(8), pack, days, now)
        while len(self._runs) >= MOST_RUNS:
            self._runs.popitem(last=False)
        self._runs[one.id] = one
        one.task = asyncio.create_task(self._run(one, job(span), (since, now)))
        return one

    def get(self, number: str) -> Run:
        """Return a backtest. Raises: NotThere."""
        found = self._runs.get(number)
        if found is None:
            raise NotThere("There is no such backtest; the last twenty are remembered until the monitor stops.")
        return found

    def list_runs(self) -> Sequence[Run]:
        """Return the backtests, the newest first."""
        return list(reversed(self._runs.values()))

    async def cancel(self, number: str) -> Run:
        """End a backtest that is in work. Raises: NotThere."""
        found = self.get(number)
        if found.task is not None and not found.task.done():
            found.cancelled = True
            found.task.cancel()
            await asyncio.wait([found.task], timeout=5)
        return found

    async def _run(self, one: Run, job: Job, period: tuple[datetime, datetime]) -> None:
        def note(progress: Progress) -> None:
            one.progress = progress

        try:
            with self._asking():
                one.report = await run.run(self._pool(), job, period, note)
        except errors.MonitorError as fault:
            one.fault = str(fault)

    # -- the workers -------------------------------------------------------------------------------

    def _draft(self, text: Text) -> Draft:
        """Return a text as workers look at it. Raises: Unusable."""
        if len(text.said) > LONGEST_TEXT:
            raise Unusable("The text is larger than 1 MB.", "text")
        file = text.file or DEFAULT_FILE
        if not shelf.NAME.fullmatch(file):
            raise Unusable("A pack file is named in lower case letters, digits, - and _, and ends in .yaml.", "file")
        config = self._context.setup.config
        return Draft(str(config.rules), f"packs/{file}", text.said, names.known_to_rules(config))

    def _job(self, ready: Checked, span: Span) -> Job:
        source = plan.with_pack(self._context.setup.live.source, ready.pack, ready.files)
        return self._against_live(source, ready.pack, span)

    def _shadow_job(self, pack: str, span: Span) -> Job:
        return self._against_live(self._context.setup.live.source, pack, span, recorded=True)

    def _against_live(self, source: str, pack: str, span: Span, recorded: bool = False) -> Job:
        """Return the trial of a pack; the live rules stand in every worker from its start, under their own file."""
        setup = self._context.setup
        sources, pairs = (setup.live.source, source), [Pair(pack, pack)]
        return plan.make_job(setup.config, self._home(), sources, pairs, span, recorded, setup.rules_path)

    async def _read(self, query: functools.partial[Span | None]) -> Span | None:
        return await self._context.store.read(query)

    async def _ask(self, function: Callable[..., T], *args: object) -> T:
        """Return what a worker answers. Raises: Unusable for a text that a worker chokes on; Busy."""
        with self._asking():
            return await _answer(self._pool(), CHECK_LIMIT, function, *args)

    async def _ask_previewer(self, function: Callable[..., T], *args: object) -> T:
        """Return what the worker that keeps the last day answers. Raises: Unusable, Busy."""
        with self._asking():
            if self._previewer is None:
                self._previewer = self._start(PREVIEWER)
            return await _answer(self._previewer, PREVIEW_LIMIT, function, *args)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Count who asks: workers are ended only when nobody does. Raises: Busy."""
        if self._asked >= MOST_WAITING:
            raise Busy("Several texts are looked at already. Try again in a moment.")
        self._asked += 1
        if self._end is not None:
            self._end.cancel()
            self._end = None
        loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._asked -= 1
            if not self._asked and not loop.is_closed():  # a question left unanswered may be dropped after its loop
                self._end = loop.call_later(IDLE, self._let_go)

    def _pool(self) -> Workers:
        if self._workers is None:
            self._workers = self._start(run.SHARED)
        return self._workers

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="trials-", dir=scratch.folder()))
        return self._folder

    def _let_go(self) -> None:
        """End the workers; the next question starts others."""
        if not self._asked:
            for workers in self._taken():
                asyncio.get_running_loop().run_in_executor(None, workers.close)

    def _taken(self) -> list[Workers]:
        """Return the workers that there are, which the next question will not find any more."""
        found = [workers for workers in (self._workers, self._previewer) if workers is not None]
        self._workers = self._previewer = None
        return found

    def close(self) -> None:
        """End the workers and remove what they left."""
        for task in (self._opening, *(one.task for one in self._runs.values())):
            if task is not None:
                task.get_loop().call_soon_threadsafe(task.cancel)
        for workers in self._taken():
            workers.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


async def _answer(workers: Workers, limit: float, function: Callable[..., T], *args: object) -> T:
    """Return what one of some workers answers within `limit` seconds. Raises: Unusable, Busy."""
    try:
        return await workers.call(function, *args, timeout=limit, source="page")
    except (errors.WorkerTimeout, errors.WorkerCrashed) as fault:
        raise Unusable(f"This text takes too long, or too much memory, to be looked at: {fault}.", "text") from None
    except errors.WorkerUnavailable as fault:
        raise Busy(f"No worker is free: {fault}.") from None
    except errors.RuleError as fault:
        raise Unusable(str(fault), "text") from None


def _newest(connection: Connection, since: datetime) -> Span | None:
    span = backtests.span_of(connection, since)
    return None if span is None else backtests.newest_from(connection, span, MOST_PREVIEWED)
