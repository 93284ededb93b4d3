"""`wirewatch db`: schema, sizes, retention, backup and the way back."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common

if TYPE_CHECKING:
    from monitor.config import Config

group = typer.Typer(help="The database: schema, sizes, retention, backup.", no_args_is_help=True)
common.app.add_typer(group, name="db")

Target = Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")]


@group.command("upgrade")
def upgrade(config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Bring the schema up to date, after a backup, or make a new database; the daemon does the same at its start.

    Example: wirewatch db upgrade
    """
    from monitor.clock import SystemClock
    from monitor.store import visit

    done = visit.upgrade(common.load_config(config).database, SystemClock().now())
    if json:
        common.print_json({"before": done.before, "after": done.after, "backup": done.backup})
    elif done.before == done.after:
        print(f"the schema is up to date ({done.after})")
    else:
        saved = f"; the old one is kept in {done.backup}" if done.backup else ""
        print(f"schema {done.before or '(none)'} -> {done.after}{saved}")


@group.command("stats")
def stats(config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Show what the archive spans and how it grows, the size of each table, articles without text, messages by state.

    Example: wirewatch db stats --json
    """
    from monitor.clock import SystemClock
    from monitor.store import articles, messages
    from monitor.store import stats as sizes

    loaded = common.load_config(config)
    found: dict[str, Any] = {"bytes": 0, "tables": {}, "without_text": {}, "messages": []}
    with common.reading(loaded) as connection:
        if connection is not None:
            found["bytes"] = sizes.size_bytes(connection.engine)
            found["archive"] = asdict(sizes.describe(connection, SystemClock().now(), found["bytes"]))
            found["tables"] = sizes.count_rows(connection)
            found["table_bytes"] = sizes.bytes_by_table(connection)
            found["without_text"] = articles.count_without_text(connection)
            counts = messages.count_by_state(connection)
            found["messages"] = [{"channel": c, "state": s, "count": n} for c, s, n in counts]
    if json:
        common.print_json(found)
        return
    _print_archive(found, loaded)
    sizes_of = found.get("table_bytes", {})
    rows = [(name, _megabytes(sizes_of.get(name, 0)), count) for name, count in found["tables"].items()]
    rows += [(name, _megabytes(size), "-") for name, size in sizes_of.items() if name not in found["tables"]]
    common.print_table(("TABLE", "MB", "ROWS"), rows)
    if found["without_text"]:
        print()
        common.print_table(("WITHOUT FULL TEXT", "ARTICLES"), found["without_text"].items())
    if found["messages"]:
        print()
        common.print_table(("CHANNEL", "STATE", "MESSAGES"), [m.values() for m in found["messages"]])


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"


def _print_archive(found: dict[str, Any], config: Config) -> None:
    print(f"{_megabytes(found['bytes'])} MB")
    archive = found.get("archive")
    if archive is None or archive["oldest"] is None:
        return
    zone, growth, keep = config.timezone, archive["growth"], config.retention.articles
    print(f"articles first seen from {common.when(archive['oldest'], zone)} to {common.when(archive['newest'], zone)}")
    print(f"{growth['day']} in the last day, {growth['week']} in a week: {_megabytes(growth['bytes_a_day'])} MB a day")
    kept = f"kept {keep / 86_400:g} days" if keep else "kept for ever ([retention] articles is not set)"
    print(f"texts of articles that nobody was told of are {kept}; {archive['without_text']} were removed so far")
    if archive["forms_missing"]:
        print(f"word forms of articles up to art-{archive['forms_missing']} are not noted yet (docs/search.md)")


@group.command("prune")
def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Instead of [retention] articles: `180d`.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Remove texts of articles that nobody was told of and that are older than [retention] says, beside a daemon.

    Example: wirewatch db prune --older-than 180d --dry-run
    """
    from monitor.clock import SystemClock
    from monitor.jobs import retention as job
    from monitor.store import retention, visit

    loaded = common.load_config(config)
    before = SystemClock().now() - timedelta(seconds=_age(older_than, loaded))
    with common.reading(loaded) as connection:
        articles, size = (0, 0) if connection is None else retention.count_due(connection, before)
    removed = 0
    while articles and not dry_run:
        with common.reading(loaded) as connection:
            due, newest = job.prepare(connection, before) if connection is not None else ([], 0)
        if not newest:
            break
        removed += visit.write(loaded.database, lambda c, due=due, newest=newest: job.remove(c, due, newest))  # type: ignore[misc]
    if json:
        common.print_json({"before": before, "due": articles, "bytes": size, "removed": removed})
    elif dry_run:
        print(f"{articles} articles first seen before {common.when(before, loaded.timezone)} would lose their texts, "
              f"{_megabytes(size)} MB of text")  # fmt: skip
    else:
        print(f"{removed} articles first seen before {common.when(before, loaded.timezone)} lost their texts")


def _age(older_than: str | None, config: Config) -> float:
    """Return the seconds for which texts are kept."""
    from monitor.config_values import LEAST_KEPT, parse_duration

    if older_than is None:
        if config.retention.articles is None:
            raise common.fail(
                'texts are kept for ever; set [retention] articles = "180d", or give --older-than 180d', 2
            )
        return config.retention.articles
    try:
        seconds = parse_duration(older_than)
    except ValueError:
        raise common.fail(f"--older-than: `{common.clean(older_than)}` is no duration; write 180d", 2) from None
    if seconds < LEAST_KEPT:
        raise common.fail("--older-than: new articles are compared with those of the last days; at least 7d", 2)
    return seconds


@group.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `db backup` or an upgrade wrote.")],
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Put a backup in the place of an SQLite database, checked first; the database of before is kept beside it.

    The daemon must be stopped. Messages that waited when the backup was made are not sent again.

    Example: wirewatch db restore wirewatch-monday.db
    """
    from monitor.clock import SystemClock
    from monitor.store import restore as restoring

    loaded = common.load_config(config)
    done = restoring.restore(loaded.database, file, SystemClock().now())
    if json:
        common.print_json(asdict(done))
        return
    until = f", the newest of {common.when(done.newest, loaded.timezone)}" if done.newest else ""
    print(f"restored: {done.articles} articles and {done.alerts} alerts{until}; the backup is whole")
    if done.upgraded_from:
        print(f"schema {done.upgraded_from} -> {done.schema}")
    if done.kept:
        print(f"the database of before is kept in {done.kept}")
    if done.messages:
        print(f"{done.messages} messages waited when the backup was made and may have been sent since: they are dead "
              "(`restored`); `wirewatch alerts resend` sends one all the same")  # fmt: skip
    print("what came out since the backup and still stands in the feeds is told in one digest")


@group.command("backup")
def backup(file: Target, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Write a consistent copy of an SQLite database while the daemon runs.

    Example: wirewatch db backup wirewatch-monday.db
    """
    from monitor import errors
    from monitor.clock import SystemClock
    from monitor.store import system_views, visit

    url = common.load_config(config).database
    visit.backup(url, file)
    try:
        visit.write(url, lambda connection: system_views.note_backup(connection, SystemClock().now()))
    except errors.StoreError as fault:
        print(f"{file} is written; the dashboard will not know of it: {fault}", file=sys.stderr)
    size = file.stat().st_size
    common.print_json({"file": file, "bytes": size}) if json else print(f"{file}: {size / 1_000_000:.1f} MB")
