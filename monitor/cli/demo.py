"""`wirewatch demo`: the real daemon on a small world of its own, offline."""

from __future__ import annotations

import queue
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import common

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.demo.receivers import Arrival
    from monitor.demo.stories import Story
    from monitor.demo.world import World

CHANNELS = ("mail", "chat")
PATIENCE = 90.0
"""Seconds until what is expected must have arrived; a first round takes about ten."""
LONGEST = 12
"""Lines of a message that are shown."""

Once = Annotated[bool, typer.Option("--once", help="End after the first round; exit 1 if an alert is missing.")]
Every = Annotated[float, typer.Option("--every", min=1.0, help="Seconds between what is published afterwards.")]


@common.app.command()
def demo(once: Once = False, every: Every = 20.0) -> None:
    """Watch the real daemon at work, offline: newsrooms in four languages, a mail inbox and a chat webhook on loopback.

    Everything is started in a temporary folder and removed at the end. Ctrl-C stops it.

    Example: wirewatch demo --once
    """
    from rich.console import Console

    from monitor.demo import world

    _stop_on_signals()
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    try:
        with world.running() as running:
            show = _Show(console, running)
            arrived = show.first_round()
            if not once:
                show.go_on(every)
    except KeyboardInterrupt:
        console.print("stopped; everything is removed")
        return
    if not arrived:
        raise typer.Exit(1)


def _stop_on_signals() -> None:
    """Let the first SIGINT or SIGTERM end the demo in order, and no second one disturb that."""

    def stop(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


@dataclass(slots=True)
class _Show:
    """Prints what arrives, and keeps the score."""

    console: Console
    world: World
    seen: dict[str, set[str]] = field(default_factory=dict)
    """Channels by path of the story that arrived there."""
    published: list[Story] = field(default_factory=list)

    def first_round(self) -> bool:
        """Show the first round and its summary; return whether all that was expected arrived, and nothing else."""
        from monitor.demo import stories

        self.published += stories.first_round()
        self._introduce()
        wanted = [story for story in self.published if story.packs]
        began = time.monotonic()
        arrived = self._wait(lambda: all(self._complete(story) for story in wanted), PATIENCE)
        copy = stories.copy()
        self.published.append(copy)
        self.world.site.publish(copy)
        quiet = [story for story in self.published if not story.packs]
        decided = self._wait(lambda: all(self._reasons(story) for story in quiet), PATIENCE if arrived else 1.0)
        self._drain(1.0)
        self._summarise(wanted, quiet, time.monotonic() - began)
        if arrived and decided:
            return not any(self.seen.get(story.path) for story in quiet)
        self.console.print(f"\nNot all of it happened. The daemon's last words:\n{self.world.log_tail()}", markup=False)
        return False

    def go_on(self, every: float) -> None:
        """Publish a story now and then until stopped. Raises: KeyboardInterrupt; typer.Exit if the daemon ended."""
        from monitor.demo import stories

        self.console.print(f"\nA story is published every {every:g} s; Ctrl-C stops.")
        number = 0
        while True:
            self._drain(every)
            story = stories.later(number)
            self.published.append(story)
            self.world.site.publish(story)
            expected = ", ".join(story.packs) or "nobody"
            self.console.print(f"published: {story.title}  (of interest to: {expected})", markup=False)
            number += 1

    # -- waiting -----------------------------------------------------------------------------------

    def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Show what arrives until `done()`; return False where `seconds` were not enough."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                return False
            self._take(0.3)
        return True

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(left)

    def _take(self, seconds: float) -> None:
        """Show the next message if one arrives in time. Raises: typer.Exit if the daemon ended."""
        try:
            arrival = self.world.arrivals.get(timeout=min(seconds, 0.5))
        except queue.Empty:
            self._require_daemon()
            return
        for story in self.published:
            if self.world.site.url_of(story) in arrival.raw:
                self.seen.setdefault(story.path, set()).add(arrival.channel)
        self._show(arrival)

    def _require_daemon(self) -> None:
        code = self.world.daemon.poll()
        if code is not None:
            raise common.fail(f"the daemon ended with exit code {code}:\n{self.world.log_tail()}")

    def _complete(self, story: Story) -> bool:
        return self.seen.get(story.path, set()) >= set(CHANNELS)

    def _reasons(self, story: Story) -> tuple[str, ...]:
        """Return what the daemon recorded about a story, from its own database; empty while it is not decided."""
        from monitor.cli import explain
        from monitor.store import visit

        with visit.reading(self.world.database) as connection:
            told = explain.recorded(connection, self.world.site.url_of(story)) if connection is not None else None
        rows = [row for revision in told["revisions"] for row in revision["decisions"]] if told else []
        named = [f"{row['pack']}: {row['reason']}" for row in rows if row["pack"] != "*"]
        return tuple(named) or tuple(dict.fromkeys(f"every pack: {row['reason']}" for row in rows))

    # -- showing -----------------------------------------------------------------------------------

    def _introduce(self) -> None:
        from monitor.demo import stories

        rooms = ", ".join(f"{room.name} ({room.lang}, {room.kind})" for room in stories.NEWSROOMS)
        self.console.print(f"newsrooms at {self.world.site.address}: {rooms}", markup=False)
        self.console.print(
            f"the daemon runs with the shipped rules; its dashboard: {self.world.dashboard}", markup=False
        )
        self.console.print("alerts arrive at a mail inbox (SMTP) and a chat webhook (TLS):\n")

    def _show(self, arrival: Arrival) -> None:
        lines = [common.clean(line) for line in arrival.text.splitlines() if line.strip()]
        body = "\n".join(lines[:LONGEST] + (["…"] if len(lines) > LONGEST else []))
        head = (
            f"{arrival.channel}: {common.clean(arrival.subject.splitlines()[0])}"
            if arrival.subject
            else arrival.channel
        )
        if self.console.is_terminal:
            from rich import box
            from rich.panel import Panel
            from rich.text import Text

            style = "cyan" if arrival.channel == "mail" else "magenta"
            self.console.print(
                Panel(Text(body), title=Text(head), title_align="left", border_style=style, box=box.ROUNDED)
            )
        else:
            self.console.print(f"{head}\n{_indented(body)}\n", markup=False)

    def _summarise(self, wanted: Iterable[Story], quiet: Iterable[Story], seconds: float) -> None:
        self.console.print(f"After {seconds:.0f} s. Alerted:")
        for story in wanted:
            channels = ", ".join(sorted(self.seen.get(story.path, ()))) or "NOWHERE"
            self.console.print(
                f"  {channels:10}  {story.title}  ({', '.join(story.packs)}; {story.note})", markup=False
            )
        self.console.print("Not alerted, and why:")
        for story in quiet:
            reasons = "; ".join(self._reasons(story)) or "NOT DECIDED"
            wrong = f"  BUT ARRIVED: {', '.join(sorted(self.seen[story.path]))}" if story.path in self.seen else ""
            self.console.print(f"  {story.title}  ({story.note})\n    {reasons}{wrong}", markup=False)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
