"""`wirewatch feeds pause` and `feeds resume`: whether a feed is polled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import common, feeds

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.store.store import Connection

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As `feeds list` shows them.")]


@feeds.group.command("pause")
def pause(ids: Ids, config: common.ConfigOption = None) -> None:
    """Stop polling feeds until they are resumed; what is known of them stays. A running daemon heeds it at once.

    Example: wirewatch feeds pause gazette
    """
    from monitor.clock import SystemClock
    from monitor.store import feeds as stored

    now = SystemClock().now()
    _each(ids, config, lambda connection, slug: stored.pause(connection, slug, now), "is paused")


@feeds.group.command("resume")
def resume(ids: Ids, config: common.ConfigOption = None) -> None:
    """Poll feeds at once and from now on, whether they were paused, had stopped (410) or are being asked seldom.

    Example: wirewatch feeds resume gazette
    """
    from monitor.clock import SystemClock
    from monitor.store import feeds as stored

    now = SystemClock().now()
    _each(ids, config, lambda connection, slug: stored.resume(connection, slug, now), "is polled from now on")


def _each(ids: list[str], config: Path | None, change: Callable[[Connection, str], bool], done: str) -> None:
    """Change each feed in one transaction, and say so. Raises: typer.Exit 1 where an id is unknown."""
    from monitor.store import visit

    loaded = common.load_config(config)

    def write(connection: Connection) -> list[str]:
        return [slug for slug in ids if not change(connection, slug)]

    unknown = visit.write(loaded.database, write)
    for slug in ids:
        if slug not in unknown:
            print(f"{common.clean(slug)} {done}")
    if unknown:
        named = ", ".join(common.clean(slug) for slug in unknown)
        raise common.fail(f"no feed with the id {named}; `wirewatch feeds list` shows all")
