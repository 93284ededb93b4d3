"""`wirewatch db`: schema, sizes, backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli import common

group = typer.Typer(help="The database: schema, sizes, backup.", no_args_is_help=True)
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
    """Show the size of the database, the rows of each table, articles without full text, and messages by state.

    Example: wirewatch db stats --json
    """
    from monitor.store import articles, messages
    from monitor.store import stats as sizes

    loaded = common.load_config(config)
    found: dict[str, Any] = {"bytes": 0, "tables": {}, "without_text": {}, "messages": []}
    with common.reading(loaded) as connection:
        if connection is not None:
            found["bytes"] = sizes.size_bytes(connection.engine)
            found["tables"] = sizes.count_rows(connection)
            found["without_text"] = articles.count_without_text(connection)
            counts = messages.count_by_state(connection)
            found["messages"] = [{"channel": c, "state": s, "count": n} for c, s, n in counts]
    if json:
        common.print_json(found)
        return
    print(f"{found['bytes'] / 1_000_000:.1f} MB")
    common.print_table(("TABLE", "ROWS"), found["tables"].items())
    if found["without_text"]:
        print()
        common.print_table(("WITHOUT FULL TEXT", "ARTICLES"), found["without_text"].items())
    if found["messages"]:
        print()
        common.print_table(("CHANNEL", "STATE", "MESSAGES"), [m.values() for m in found["messages"]])


@group.command("backup")
def backup(file: Target, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Write a consistent copy of an SQLite database while the daemon runs.

    Example: wirewatch db backup wirewatch-monday.db
    """
    from monitor.store import visit

    visit.backup(common.load_config(config).database, file)
    size = file.stat().st_size
    common.print_json({"file": file, "bytes": size}) if json else print(f"{file}: {size / 1_000_000:.1f} MB")
