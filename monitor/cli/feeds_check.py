"""`wirewatch feeds check`: what a feed looks like to the monitor, or what leads to one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common, feeds_look
from monitor.cli.feeds import group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.jobs.feed_look import Seen

Place = Annotated[str, typer.Argument(metavar="URL|FILE", help="A feed or a page, or `-` for standard input.")]
INDENT = " " * 18


@group.command("check")
def check_feed(
    place: Place,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Show the entries of a feed as the monitor sees them, or what leads to a feed: the feeds behind a page, in a list
    (OPML), the sitemaps of an index.

    Of each entry: link, date, language, author, tags, length of its text, and the keys by which it is known again. What
    was left out is named with the reason. Exit 1 if there is no feed.

    Example: wirewatch feeds check https://example.org/feed.xml
    """
    from monitor.jobs import feed_look

    common.quiet_logs(verbose)
    seen = feeds_look.look_at(place, config)
    if seen.look.parsed is not None:
        found = feed_look.feed_shown(seen.look.parsed, seen.url)
        common.print_json(found) if json else print("\n".join(_parsed_lines(found)))
        return
    common.print_json(feed_look.other_shown(seen)) if json else _print_other(seen)
    if not seen.leads_to_a_feed:
        raise typer.Exit(1)


# -- a feed ----------------------------------------------------------------------------------------


def _parsed_lines(found: dict[str, Any]) -> Iterator[str]:
    entries = found["entries"]
    count = f"{len(entries)} entries" + (f" of {found['items']} items" if found["items"] != len(entries) else "")
    about = [found["format"], count, found["lang"] or "language not said"]
    if found["ttl"]:
        about.append(f"asks for {found['ttl'] / 60:g} min between polls")
    yield common.bold(f"{common.clean(found['title']) or '(no title)'}  ({', '.join(about)})")
    for entry in entries:
        yield from _entry_lines(entry)
    for sentence in found["dropped"]:
        yield f"left out: {common.clean(sentence)}"


def _entry_lines(entry: dict[str, Any]) -> Iterator[str]:
    yield f"{common.when(entry['published']):16}  {common.clean(entry['title']) or '(no title)'}"
    yield INDENT + (common.clean(entry["url"]) or "no link: only the feed text is matched")
    if entry["wrapper"]:
        yield f"{INDENT}a link to an aggregator: followed only after a match"
    if entry["date_refused"]:
        yield f'{INDENT}undated: "{common.clean(entry["date_refused"])}" is no date that can be'
    about = [entry["lang"], entry["author"], entry["publisher"] and f"published by {entry['publisher']}"]
    about.append(entry["tags"] and "tags " + ", ".join(entry["tags"]))
    if any(about):
        yield INDENT + "; ".join(common.clean(text) for text in about if text)
    keys = ", ".join(f"{kind} {common.clean(value)[:80]}" for kind, value in entry["keys"].items())
    yield f"{INDENT}known by {keys}; {entry['summary_characters']} characters of text"


# -- anything else ---------------------------------------------------------------------------------


def _print_other(seen: Seen) -> None:
    from monitor.jobs import feed_look

    look = seen.look
    print(common.clean(look.fault), file=sys.stderr)
    for sentence in look.problems:
        print(common.clean(sentence), file=sys.stderr)
    for feed in look.listed:
        print(f"{common.clean(feed.url)}  {common.clean(feed.name)}")
    found = feed_look.other_shown(seen)["behind"]
    if found:
        print("behind it:" if seen.tried else "behind it, not asked:")
    for row in found:
        print(f"{common.clean(row['url'])}  {_answer(row)}")
    if not (found or look.listed):
        print("nothing behind it leads to a feed", file=sys.stderr)


def _answer(row: dict[str, Any]) -> str:
    if row["format"] is None:
        return f"({row['how']})" + (f"  no feed: {common.clean(row['fault'])}" if row["fault"] else "")
    newest = f", the newest of {common.when(row['newest'])}" if row["newest"] else ""
    return f"({row['how']})  {row['format']}, {row['entries']} entries{newest}: {common.clean(row['title'])}"
