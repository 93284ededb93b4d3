"""What the page and the API of search share: reading a question, asking it in a thread, and what is shown of a hit."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor import errors, model
from monitor.jobs import archive, excerpts
from monitor.jobs.archive import Asked, Found, Hit
from monitor.rules import asked, load
from monitor.rules.compile import RuleSet
from monitor.rules.packs import Vocabulary
from monitor.store.search import Filters
from monitor.web.desk import Desk
from monitor.web.faults import Unusable

LONGEST_QUERY = 2_000
"""Characters of a query in an address: what is longer is no search by hand."""


class WrongQuery(Exception):
    """A query with faults, each with its line and column."""

    def __init__(self, faults: tuple[errors.Fault, ...]) -> None:
        super().__init__(str(faults[0]) if faults else "")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Question:
    """What a visitor asks."""

    query: str
    since: datetime | None = None
    until: datetime | None = None
    newsroom: str | None = None
    lang: str | None = None
    pack: str | None = None
    below: int | None = None
    limit: int = archive.LIMIT


async def search(desk: Desk, question: Question) -> Found:
    """Ask the archive in a thread of its own; whoever calls holds `desk.heavy()`.

    Raises: WrongQuery; Unusable for a pack that is not live; StoreError.
    """
    return await asyncio.to_thread(_search, desk, question)


def _search(desk: Desk, question: Question) -> Found:
    query = parse(desk.context.setup.live.ruleset, question.query, question.pack)
    filters = Filters(question.since, question.until, question.newsroom, question.lang, question.pack)
    ask = Asked(query, filters, question.below, question.limit)
    return desk.context.store.read_now(lambda connection: archive.search(connection, ask))


def parse(rules: RuleSet, written: str, pack: str | None) -> asked.Query:
    """Return a query that may name what the live packs know, and the lists of one of them. Raises: see `search`."""
    local: dict[str, Vocabulary] = {}
    if pack is not None:
        if pack not in rules.packs:
            raise Unusable(f"There is no pack `{pack}`.", "pack")
        own = rules.packs[pack]
        local = {name: own.vocabularies[name] for name in own.local & set(own.vocabularies)}
    if len(written) > LONGEST_QUERY:
        raise Unusable(f"A query has at most {LONGEST_QUERY} characters here.", "q")
    try:
        return asked.parse(written, _vocabularies(rules), local)
    except errors.RuleError as fault:
        raise WrongQuery(fault.faults) from None


@functools.lru_cache(maxsize=2)
def _vocabularies(rules: RuleSet) -> Mapping[str, Vocabulary]:
    return load.shared_vocabularies(rules.packs.values())


# -- what is shown ---------------------------------------------------------------------------------

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text with its spans (begin, end, name), which count within it; `dots`: before and behind it."""

    text: str
    spans: list[Span]
    dots: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A hit as a page shows it."""

    hit: Hit
    title: Part
    parts: tuple[Part, ...]


def shown(hit: Hit) -> Shown:
    """Return a hit with its title and excerpts, every place in them marked and named."""
    inside = [span for span in hit.evidence if span.field == "text"]
    places = [(span.start, span.end) for span in inside]
    parts = tuple(_part(hit.article.text, one, inside) for one in excerpts.excerpts(hit.article.text, places))
    title = Part(hit.article.title, [_span(span, 0) for span in hit.evidence if span.field == "title"])
    return Shown(hit, title, parts)


def _part(text: str, one: excerpts.Excerpt, evidence: list[model.Evidence]) -> Part:
    end = one.start + sum(len(piece.text) for piece in one.pieces)
    spans = [_span(span, one.start) for span in evidence if one.start <= span.start and span.end <= end]
    return Part(text[one.start : end], spans, ("" if one.opens else "… ", "" if one.closes else " …"))


def _span(span: model.Evidence, offset: int) -> Span:
    name = f"${span.entity}: {span.term}" if span.entity else span.term
    return span.start - offset, span.end - offset, name
