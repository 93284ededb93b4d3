"""`wirewatch feeds`: what is polled, how it fares, and what a feed looks like to the monitor."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import errors
from monitor.cli import common
from monitor.cli import extract as pages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor import model
    from monitor.config import Config, FeedSettings
    from monitor.feeds.opml import OpmlFeed
    from monitor.store.feeds import Health
    from monitor.store.store import Connection

group = typer.Typer(help="Feeds and their health.", no_args_is_help=True)
common.app.add_typer(group, name="feeds")

FEED_CAP = 10_000_000
ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"

Retired = Annotated[bool, typer.Option("--retired", help="Also feeds that are no longer declared.")]
Place = Annotated[str, typer.Argument(metavar="URL|FILE", help="A feed or a page, or `-` for standard input.")]
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


def _health_row(row: Health, zone: str) -> tuple[object, ...]:
    error = f": {common.clean(row.error)}" if row.error else ""
    return (
        row.feed.slug,
        row.state + (f" ({row.failures})" if row.failures else ""),
        common.when(row.succeeded_at, zone),
        common.when(row.next_check, zone),
        "-" if row.items is None else row.items,
        common.clean(row.feed.newsroom) + error,
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
    )


# -- check -----------------------------------------------------------------------------------------


@group.command("check")
def check_feed(
    place: Place,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Show the entries of a feed as the monitor sees them, or the feeds behind a page.

    Of each entry: its link and date, and the keys by which it is known again. What was left out is named with the
    reason. Exit 1 if there is no feed.

    Example: wirewatch feeds check https://example.org/feed.xml
    """
    from monitor.feeds import parse

    common.quiet_logs(verbose)
    body, url, content_type = _fetched(place, config)
    try:
        parsed = parse.parse_feed(body, url, content_type)
    except errors.ParseError as fault:
        _show_behind(body, url, str(fault), json)
        return
    found = _parsed_json(parsed, url)
    common.print_json(found) if json else _print_parsed(found)


def _fetched(place: str, config: Path | None) -> tuple[bytes, str, str | None]:
    if place.startswith(("http://", "https://")):
        reply = pages.fetch(place, config, ACCEPT, FEED_CAP)
        return reply.body, reply.url, reply.info.content_type
    return pages.read_bytes(place), "https://feed.invalid/", None


def _show_behind(body: bytes, url: str, fault: str, json: bool) -> None:
    """Show the feeds that a page names. Raises: typer.Exit 1 where there is none."""
    from monitor.feeds import discover

    found = discover.discover_feeds(body, url)
    if json:
        common.print_json({"url": url, "fault": fault, "feeds_found": list(found)})
    elif found:
        print(f"{url} is a page; feeds behind it:")
        print("\n".join(found))
    else:
        print(fault, file=sys.stderr)
    if not found:
        raise typer.Exit(1)


def _parsed_json(parsed: model.ParsedFeed, url: str) -> dict[str, Any]:
    return {
        "url": url,
        "format": parsed.format,
        "title": parsed.title,
        "lang": parsed.lang,
        "ttl": parsed.ttl,
        "entries": [_entry_json(entry) for entry in parsed.entries],
        "dropped": list(parsed.dropped),
    }


def _entry_json(entry: model.Entry) -> dict[str, Any]:
    from monitor.feeds import identity

    return {
        "title": entry.title,
        "url": entry.url,
        "published": entry.published,
        "lang": entry.lang,
        "author": entry.author,
        "publisher": entry.publisher,
        "tags": list(entry.tags),
        "summary_characters": len(entry.summary),
        "keys": dict(identity.entry_keys(entry)),
    }


def _print_parsed(found: dict[str, Any]) -> None:
    print(common.bold(f"{common.clean(found['title'])}  ({found['format']}, {len(found['entries'])} entries)"))
    for entry in found["entries"]:
        print(f"{common.when(entry['published']):16}  {common.clean(entry['title']) or '(no title)'}")
        print(f"{'':18}{common.clean(entry['url']) or 'no link: only the feed text is matched'}")
        keys = ", ".join(f"{kind} {common.clean(value)[:80]}" for kind, value in entry["keys"].items())
        print(f"{'':18}known by {keys}; {entry['summary_characters']} characters of text")
    for sentence in found["dropped"]:
        print(f"left out: {common.clean(sentence)}")


# -- import and export -----------------------------------------------------------------------------


@group.command("import")
def import_feeds(file: Opml, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Add the feeds of an OPML file to those that are polled; a running daemon takes them up at once.

    Example: wirewatch feeds import subscriptions.opml
    """
    from monitor import wiring
    from monitor.clock import SystemClock
    from monitor.feeds import opml
    from monitor.store import feeds as stored
    from monitor.store import visit

    loaded = common.load_config(config)
    outlines, problems = opml.read_opml(pages.read_bytes(str(file)))
    for problem in problems:
        print(f"{file}: {common.clean(problem)}", file=sys.stderr)
    if not outlines:
        raise common.fail(f"{file}: no feed was found, so nothing is changed")
    wanted = wiring.declared_feeds(replace(loaded, feeds=_settings(outlines)))
    now = SystemClock().now()
    _make_database(loaded)

    def add(connection: Connection) -> tuple[int, int]:
        return stored.add(connection, wanted, now)

    added, known = visit.write(loaded.database, add)
    if json:
        common.print_json({"added": added, "known": known, "problems": list(problems)})
    else:
        print(f"{added} feeds added, {known} known already")


def _make_database(config: Config) -> None:
    from monitor.clock import SystemClock
    from monitor.store import visit

    with visit.reading(config.database) as connection:
        fresh = connection is None
    if fresh:
        visit.upgrade(config.database, SystemClock().now())


def _settings(outlines: Iterable[OpmlFeed]) -> tuple[FeedSettings, ...]:
    """Return the feeds of a list, each with an id of its own that stays the same whenever the list is read."""
    from monitor import config as configuration
    from monitor import urls

    taken: set[str] = set()
    found = []
    for outline in outlines:
        name = outline.name if outline.name != outline.url else urls.host_of(outline.url)
        slug = outline.id or configuration.slug(name) or configuration.slug(urls.host_of(outline.url))
        if slug in taken:
            slug = f"{slug}-{hashlib.sha256(outline.url.encode()).hexdigest()[:6]}"
        taken.add(slug)
        found.append(
            configuration.FeedSettings(
                url=outline.url,
                id=slug,
                name=name,
                newsroom=outline.newsroom or name,
                lang=(outline.lang or "")[:2].lower() or None,
                country=(outline.country or "")[:2].upper() or None,
                side=outline.side,
                tags=outline.tags,
                candidate=outline.candidate,
                trusted=outline.trusted,
                every=outline.every,
            )
        )
    return tuple(found)


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

    from monitor import model, wiring

    return [model.Feed(id=0, **asdict(feed)) for feed in wiring.declared_feeds(config)]
