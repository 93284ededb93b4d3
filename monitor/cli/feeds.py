"""`wirewatch feeds`: what is polled, how it fares, and what a feed looks like to the monitor."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common
from monitor.cli import extract as pages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor import model
    from monitor.config import Config
    from monitor.feeds.opml import OpmlFeed
    from monitor.store.feeds import Health

group = typer.Typer(help="Feeds and their health.", no_args_is_help=True)
common.app.add_typer(group, name="feeds")

LIST_SECONDS = 10.0
NAMED = 20
"""Candidates that the line below the list names."""

Retired = Annotated[bool, typer.Option("--retired", help="Also feeds that are no longer declared.")]
Opml = Annotated[Path, typer.Argument(metavar="OPML", help="A list of feeds, as any feed reader exports it.")]
Output = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to write; standard output if left out.")]


# -- list ------------------------------------------------------------------------------------------


@group.command("list")
def list_feeds(retired: Retired = False, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """List the feeds with their state, last good poll, next check and last error.

    Example: wirewatch feeds list --json
    """
    from monitor.store import feeds as stored

    loaded = common.load_config(config)
    with common.reading(loaded) as connection:
        rows = stored.list_health(connection, retired) if connection is not None else []
    if json:
        common.print_json([_health_json(row) for row in rows])
        return
    common.print_table(
        ("FEED", "STATE", "LAST GOOD POLL", "NEXT CHECK", "ITEMS", "NEWSROOM, ERROR"),
        [_health_row(row, loaded.timezone) for row in rows],
    )
    if silent := _silent_candidates(rows):
        print(silent)


def _silent_candidates(rows: list[Health]) -> str:
    """Return a line about the candidates that have failed and never answered well: no notice tells of them."""
    silent = [row.feed.slug for row in rows if row.state == "candidate"]
    if not silent:
        return ""
    candidates = sum(row.feed.candidate for row in rows)
    named = ", ".join(silent[:NAMED]) + (f" and {len(silent) - NAMED} more" if len(silent) > NAMED else "")
    return f"\n{len(silent)} of {candidates} candidates have never answered: {named}. See: wirewatch feeds check URL"


def _health_row(row: Health, zone: str) -> tuple[object, ...]:
    from monitor.jobs import feed_words

    failed = f" ({row.failures})" if row.failures else ""
    others = sorted(row.feed.troubles.keys() - {"failing"})
    return (
        row.feed.slug,
        row.state + failed + "".join(f", {code}" for code in others),
        common.when(row.succeeded_at, zone),
        common.when(row.next_check, zone),
        "-" if row.items is None else row.items,
        ". ".join(common.clean(word) for word in (row.feed.newsroom, *feed_words.remarks(row))),
    )


def _health_json(row: Health) -> dict[str, Any]:
    feed, names = (
        row.feed,
        ("url", "name", "newsroom", "lang", "country", "side", "tags", "candidate", "trusted", "every", "backfill"),
    )
    states = (
        "origin",
        "state",
        "polled_at",
        "succeeded_at",
        "next_check",
        "next_reason",
        "status",
        "error",
        "failures",
    )
    return (
        {"id": feed.slug}
        | {name: getattr(feed, name) for name in names}
        | {name: getattr(row, name) for name in (*states, "items", "new_entry_at")}
        | {"troubles": [_trouble_json(*told) for told in sorted(feed.troubles.items())]}
        | {name: getattr(feed, name) for name in ("declared_url", "permanent_url", "permanent_polls")}
    )


def _trouble_json(code: str, told: tuple[float, str]) -> dict[str, Any]:
    return {"code": code, "since": datetime.fromtimestamp(told[0], UTC), "sentence": told[1]}


# -- import and export -----------------------------------------------------------------------------


@group.command("import")
def import_feeds(file: Opml, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Add the feeds of an OPML file to those that are polled; a running daemon takes them up at once.

    Example: wirewatch feeds import subscriptions.opml
    """
    loaded = common.load_config(config)
    outlines, problems = _read_list(pages.read_bytes(str(file)))
    for problem in problems:
        print(f"{file}: {common.clean(problem)}", file=sys.stderr)
    if not outlines:
        raise common.fail(f"{file}: no feed was found, so nothing is changed")
    added, known = store(outlines, loaded)
    if json:
        common.print_json({"added": added, "known": known, "problems": list(problems)})
    else:
        print(f"{added} feeds added, {known} known already")


def _read_list(data: bytes) -> tuple[tuple[OpmlFeed, ...], tuple[str, ...]]:
    """Read a list in a worker: it comes from elsewhere, as feeds do. Raises: WorkerError."""
    import asyncio

    from monitor import tasks, workers

    pool = workers.Workers(workers.WorkerSettings(count=1))
    try:
        return asyncio.run(pool.call(tasks.read_opml, data, timeout=LIST_SECONDS))
    finally:
        pool.close()


def store(outlines: Iterable[OpmlFeed], loaded: Config) -> tuple[int, int]:
    """Add feeds to the database; return how many are new and how many were there. A running daemon takes them up.

    A feed whose id another feed has already gets an id of its own.
    """
    from monitor.clock import SystemClock
    from monitor.jobs import feed_add
    from monitor.store import visit

    now = SystemClock().now()
    _make_database(loaded)
    return visit.write(loaded.database, lambda connection: feed_add.add(connection, loaded, outlines, now))


def _make_database(config: Config) -> None:
    from monitor.clock import SystemClock
    from monitor.store import visit

    with visit.reading(config.database) as connection:
        fresh = connection is None
    if fresh:
        visit.upgrade(config.database, SystemClock().now())


@group.command("export")
def export(file: Output = None, config: common.ConfigOption = None) -> None:
    """Write the polled feeds as OPML, with what config.toml and the database say of them.

    Example: wirewatch feeds export feeds-today.opml
    """
    from monitor.feeds import opml
    from monitor.store import feeds as stored
    from monitor.store import visit

    loaded = common.load_config(config)
    with visit.reading(loaded.database) as connection:
        feeds = stored.list_active(connection) if connection is not None else _declared(loaded)
    document = opml.write_opml(feeds)
    if file is None:
        sys.stdout.buffer.write(document)
        return
    try:
        file.write_bytes(document)
    except OSError as fault:
        raise common.fail(f"{file}: cannot be written: {fault.strerror}", 2) from None
    print(f"{file}: {len(feeds)} feeds")


def _declared(config: Config) -> list[model.Feed]:
    from dataclasses import asdict

    from monitor import model
    from monitor.jobs import feed_add

    return [model.Feed(id=0, **asdict(feed)) for feed in feed_add.declared_feeds(config)]
