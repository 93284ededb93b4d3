"""`wirewatch search`: the archive in the language of rules."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import errors
from monitor.cli import check, common

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.jobs.archive import Asked, Found, Hit
    from monitor.jobs.excerpts import Piece
    from monitor.rules.asked import Query
    from monitor.store.search import Filters

SECONDS = 30.0

Words = Annotated[str, typer.Argument(metavar="QUERY", help="As below `query:` in a rule; quote it for the shell.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="First seen in the last `7d`, or from.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="First seen before this time, or on this day.")
]
Newsroom = Annotated[str | None, typer.Option("--newsroom", metavar="NAME", help="Of this newsroom or feed id.")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="CODE", help="In this language: en, ar, he.")]
PackOption = Annotated[
    str | None, typer.Option("--pack", metavar="PACK", help="That matched this pack; the query may use its lists.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200, help="Articles on a page.")]
Before = Annotated[str | None, typer.Option("--before", metavar="ID", help="Go on below this article.")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, max=3600, help="How long to look before it says so.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Mark nothing; NO_COLOR does the same.")]


@common.app.command()
def search(
    query: Words,
    since: Since = None,
    until: Until = None,
    newsroom: Newsroom = None,
    lang: Lang = None,
    pack: PackOption = None,
    limit: Limit = 20,
    before: Before = None,
    seconds: Seconds = SECONDS,
    no_color: NoColor = False,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Search the archive in the language of rules, newest first: words, "phrases", NEAR, fields, $entities.

    Exit 1 where nothing is found, as grep does.

    Example: wirewatch search '$gaza NEAR/10 (resettl* OR تهجير)' --since 7d
    """
    from monitor.jobs import archive
    from monitor.store.search import Filters

    loaded = common.load_config(config)
    filters = Filters(_moment(since, loaded), _moment(until, loaded, ends=True), newsroom, lang, pack)
    asked = _parse(query, loaded, filters)
    ask = archive.Asked(asked, filters, _cursor(before), limit, seconds)
    with common.reading(loaded) as connection:
        found = None if connection is None else archive.search(connection, ask)
    notes = archive.notes_of(found, loaded.timezone) if found is not None else []
    if json:
        common.print_json(_to_json(ask, found, notes))
    elif found is not None:
        _print(found, notes, loaded, sys.stdout.isatty() and not (no_color or os.environ.get("NO_COLOR")))
    if found is None or not found.hits:
        raise typer.Exit(1)


def _parse(query: str, config: Config, filters: Filters) -> Query:
    from monitor.rules import asked, load

    known = load.load_packs(check.read_rules(config.rules))
    shared = {one.id: one for one in known.vocabularies}
    packs = {one.id: one for one in known.packs}
    if filters.pack is not None and filters.pack not in packs:
        raise common.fail(f"there is no pack `{filters.pack}`; there is {', '.join(sorted(packs)) or 'none'}", 2)
    own = packs[filters.pack] if filters.pack is not None else None
    local = {name: own.vocabularies[name] for name in own.local & set(own.vocabularies)} if own else {}
    try:
        return asked.parse(query, shared, local)
    except errors.RuleError as fault:
        raise common.fail("\n".join(_pointed(query, one) for one in fault.faults), 2) from None


def _pointed(query: str, fault: errors.Fault) -> str:
    """Return a fault with its line of the query and a caret below the place."""
    lines = query.splitlines() or [""]
    line, column = fault.line or 1, fault.column or 1
    if line > len(lines):
        return str(fault)
    return f"{fault}\n  {common.clean(lines[line - 1])}\n  {' ' * (column - 1)}^"


def _moment(written: str | None, config: Config, ends: bool = False) -> Any:
    from monitor.clock import SystemClock
    from monitor.jobs import archive

    if written is None:
        return None
    try:
        return archive.read_moment(written, config.timezone, SystemClock().now(), ends)
    except ValueError as fault:
        raise common.fail(str(fault), 2) from None


def _cursor(before: str | None) -> int | None:
    if before is None:
        return None
    digits = before.removeprefix("art-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise common.fail(f"--before: `{common.clean(before)}` is no article; write art-17, as the last page said", 2)
    return int(digits)


# -- what is printed ---------------------------------------------------------------------------------


def _to_json(ask: Asked, found: Found | None, notes: list[str]) -> dict[str, Any]:
    return {
        "query": ask.query.written,
        "hits": [_hit_json(hit) for hit in found.hits] if found else [],
        "next": found.below if found else None,
        "in_time": found.in_time if found else True,
        "searched_to": found.searched_to if found else None,
        "indexed": found.indexed if found else True,
        "looked_at": found.looked_at if found else 0,
        "notes": notes,
    }


def _hit_json(hit: Hit) -> dict[str, Any]:
    article = hit.article
    return {
        "id": f"art-{hit.id}",
        "story": f"s{hit.story_id}",
        "title": article.title,
        "url": article.url,
        "newsroom": article.newsroom,
        "feed": article.source,
        "lang": article.lang,
        "published": article.published,
        "first_seen": article.first_seen,
        "evidence": [asdict(span) for span in hit.evidence],
    }


def _print(found: Found, notes: list[str], config: Config, colours: bool) -> None:
    for hit in found.hits:
        _print_hit(hit, config.timezone, colours)
    count = len(found.hits)
    print(f"{count} article{'' if count == 1 else 's'}" if count else "nothing found")
    for note in notes:
        print(f"note: {note}")
    if found.below is not None:
        print(f"more: --before art-{found.below}")


def _print_hit(hit: Hit, zone: str, colours: bool) -> None:
    from monitor.jobs import excerpts

    article = hit.article
    about = [common.when(article.first_seen, zone), common.clean(article.newsroom), article.lang or "?"]
    title = excerpts.marked(article.title, _places(hit, "title"))
    print(f"art-{hit.id}  {'  '.join(about)}  {_marked(title, colours)}")
    for part in excerpts.excerpts(article.text, _places(hit, "text")):
        if part.pieces:
            dots = "" if part.opens else "… ", "" if part.closes else " …"
            print(f"    {dots[0]}{_marked(part.pieces, colours)}{dots[1]}")


def _places(hit: Hit, field: str) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in hit.evidence if span.field == field]


def _marked(pieces: tuple[Piece, ...], colours: bool) -> str:
    """Return pieces on one line, those that matched in bold where a person sees it."""
    shown = [(_spaced(piece.text), piece.marked and colours) for piece in pieces]
    return "".join(f"\033[1m{text}\033[0m" if bold else text for text, bold in shown)


def _spaced(text: str) -> str:
    """Return data without anything that a terminal would act on, and with the space that it begins and ends with."""
    clean = common.clean(text)
    return f"{' ' if text[:1].isspace() else ''}{clean}{' ' if text[-1:].isspace() and clean else ''}"
