"""What workers are asked to do: small frozen values in, small frozen values out.

The libraries that do it (feedparser, trafilatura) are imported where the task runs. The daemon itself stays small and
starts fast; the workers' fork server has them loaded before the first task (`PRELOAD`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor import model
from monitor.alerts.facts import NO_FACTS, ArticleFacts
from monitor.stories.sketch import NO_SKETCH, Sketch

if TYPE_CHECKING:
    from monitor.feeds.found import Look
    from monitor.feeds.opml import OpmlFeed

PRELOAD = ("monitor.reading", "monitor.feeds.parse")
WARM_UP = "monitor.tasks:warm_up"
PREFILTERED = "prefiltered"
"""The `partial_reason` of an article that is no worse for its missing text: no rule could have matched its page."""


@dataclass(frozen=True, slots=True)
class PageBytes:
    """A page as it was fetched."""

    body: bytes
    url: str
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as it was read: what is stored, matched and compared."""

    article: model.Article
    partial_reason: str | None
    cut: bool
    matches: tuple[model.Match, ...]
    ruleset_id: str
    table_id: str
    folded_hash: str | None
    title_words: str
    text_words: str
    forms: tuple[tuple[str, str], ...] = ()
    """How else its words are found in searches (`text.other_forms`)."""
    facts: ArticleFacts = NO_FACTS
    credits: tuple[str, ...] = ()
    """Whom the article credits: `agency:reuters`, `report:axios` (`stories.credits`)."""
    sketch: Sketch = NO_SKETCH
    """What its copies are found by (`stories.sketch`)."""
    features: bytes = b""
    """What its story is told by (`stories.features`), not yet weighed; empty for an article that could not be read."""


def warm_up(rules_path: str) -> None:
    """Load what every worker needs, the rules above all, where workers are forked from (`reading.warm_up`)."""
    from monitor import reading

    reading.warm_up(rules_path)


def parse_feed(body: bytes, url: str, content_type: str | None, memory: bytes | None = None) -> model.ParsedFeed:
    """Return what a feed's bytes hold, and the language that its entries are in. Raises: ParseError.

    With a `memory` of the last body (`feeds.recall`), what stands as it stood is only counted; the language is then not
    told.
    """
    from monitor.articles import spoken
    from monitor.feeds import parse

    parsed = parse.parse_feed(body, url, content_type, memory)
    if parsed.recalled:
        return parsed
    texts = [f"{entry.title}. {entry.summary}" for entry in parsed.entries[: spoken.MOST]]
    return replace(parsed, spoken=spoken.spoken_language(texts, parsed.lang))


def look_at(body: bytes, url: str, content_type: str | None) -> Look:
    """Return what stands at an address: a feed, or what leads to one (`feeds.look.look_at`)."""
    from monitor.feeds import look

    return look.look_at(body, url, content_type)


def read_opml(data: bytes) -> tuple[tuple[OpmlFeed, ...], tuple[str, ...]]:
    """Return the feeds of a list, and what is wrong with it (`feeds.opml.read_opml`)."""
    from monitor.feeds import opml

    return opml.read_opml(data)


def read_entry(rules_path: str, draft: model.Article, page: PageBytes | None, missing: str | None) -> Reading:
    """Read an entry, with its page where one was fetched (`reading.read_entry`)."""
    from monitor import reading

    return reading.read_entry(rules_path, draft, page, missing)


def read_sifted(rules_path: str, draft: model.Article, page: PageBytes | None, missing: str | None) -> Reading:
    """Read an entry, but not a page that no rule could match (`reading.read_sifted`)."""
    from monitor import reading

    return reading.read_sifted(rules_path, draft, page, missing)


def read_stored(rules_path: str, article: model.Article) -> Reading:
    """Read an article whose text is known already (`reading.read_stored`)."""
    from monitor import reading

    return reading.read_stored(rules_path, article)
