"""An alert with all that is shown of it, for its pages, the API and the feeds alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from monitor import model
from monitor.alerts import render
from monitor.jobs import voices
from monitor.store import alert_views, articles, decisions, messages, story_views
from monitor.store.alert_views import AlertPage, Sending
from monitor.store.decisions import AlertRow
from monitor.store.ratings import StoredRating
from monitor.store.store import Connection
from monitor.store.story_views import Folded, Report, ToldOf

Span = tuple[int, int, str]
"""Begin, end and name of what is marked."""
FOLDED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Quotes:
    """The sentences that an alert is shown by."""

    snippets: tuple[model.Snippet, ...]
    title_marks: tuple[tuple[int, int], ...]
    terms: tuple[str, ...]
    """Of the rules, in the order of the text."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in a list."""

    row: AlertRow
    quotes: Quotes
    story: int
    """That its article belongs to now."""
    newsrooms: int
    """Independent ones that carry the story by now."""
    sendings: tuple[Sending, ...]
    ratings: tuple[StoredRating, ...]

    @property
    def given(self) -> Counter[str]:
        """Return how often each rating was given."""
        return Counter(one.rating for one in self.ratings)

    @property
    def sent(self) -> int:
        """Return how many of its messages were sent."""
        return sum(one.state == "sent" for one in self.sendings)

    @property
    def is_dead(self) -> bool:
        """Return whether a message of it was given up."""
        return any(one.state == "dead" for one in self.sendings)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that was true, with its evidence."""

    rule: str
    severity: str
    status: str
    score: int | None
    evidence: tuple[model.Evidence, ...]


@dataclass(frozen=True, slots=True)
class Full:
    """Everything about one alert."""

    listed: Listed
    text: str
    """Of the revision that fired; empty where it is kept no more."""
    title_spans: tuple[Span, ...]
    text_spans: tuple[Span, ...]
    fired: tuple[Fired, ...]
    report: Report
    deliveries: tuple[Mapping[str, Any], ...]
    told: tuple[ToldOf, ...]
    """Of the story, to any pack, oldest first."""
    folded_count: int
    folded: tuple[Folded, ...]
    revision: int
    revisions: int


def list_page(
    connection: Connection, narrowed: alert_views.Narrowed, limit: int, before: int | None = None, after: int = 0
) -> tuple[AlertPage, tuple[Listed, ...]]:
    """Return a page of alerts with what is shown of each."""
    page = alert_views.list_page(connection, narrowed, limit, before, after)
    return page, listed(connection, page.rows)


def listed(connection: Connection, rows: Sequence[AlertRow]) -> tuple[Listed, ...]:
    """Return alerts with what is shown of each in a list."""
    ids = [row.id for row in rows]
    shown = alert_views.shown_of(connection, rows)
    stories = story_views.stories_of(connection, {row.article_id for row in rows})
    behind = {story: len(voices.voices_of(connection, story)) for story in set(stories.values())}
    sendings = alert_views.sendings_of(connection, ids)
    ratings = alert_views.ratings_of(connection, ids)
    return tuple(
        Listed(
            row,
            quotes(row.title, shown[row.id].text, shown[row.id].evidence),
            story := stories.get(row.article_id, row.story_id),
            behind.get(story) or row.newsrooms or 0,
            tuple(sendings.get(row.id, ())),
            tuple(ratings.get(row.id, ())),
        )
        for row in rows
    )


@lru_cache(maxsize=1000)
def quotes(title: str, text: str, evidence: tuple[model.Evidence, ...]) -> Quotes:
    """Return the sentences that show most of the evidence; kept, for lists are looked at again and again."""
    snippets, marks = render.snippets(title, text, evidence)
    return Quotes(snippets, marks, tuple(dict.fromkeys(span.term for span in evidence)))


def load(connection: Connection, alert_id: int) -> Full | None:
    """Return one alert; None where there is none."""
    rows = decisions.get_alerts(connection, [alert_id])
    if not rows:
        return None
    row = rows[0]
    (one,) = listed(connection, rows)
    revisions = articles.list_revisions(connection, row.article_id)
    own = next(revision for revision in revisions if revision.id == row.revision_id)
    text = articles.text_of(connection, row.revision_id)
    fired = tuple(_fired(match) for match in own.matches if match["pack"] == row.pack)
    (report,) = story_views.get_reports(connection, [row.article_id])
    count, folded = story_views.list_folded(connection, row.pack, one.story, FOLDED_SHOWN)
    return Full(
        listed=one,
        text=text,
        title_spans=spans(fired, "title", row.title),
        text_spans=spans(fired, "text", text),
        fired=fired,
        report=report,
        deliveries=tuple(messages.deliveries_of(connection, alert_id)),
        told=tuple(story_views.told_of(connection, [one.story]).get(one.story, ())),
        folded_count=count,
        folded=tuple(folded),
        revision=own.n,
        revisions=len(revisions),
    )


def _fired(match: Mapping[str, Any]) -> Fired:
    evidence = decisions.in_order({model.Evidence(**span) for span in match["evidence"]})
    return Fired(match["rule"], match["severity"], match["status"], match["score"], tuple(evidence))


def spans(fired: Iterable[Fired], field: str, text: str) -> tuple[Span, ...]:
    """Return what is marked in title or text; where marks overlap they are one, with every name.

    A name is `rule core: resettlement (Gaza)`: the rule, its term as the file writes it, and the entity if it is one's.
    """
    found: list[tuple[int, int, dict[str, None]]] = []
    places = sorted(
        (span.start, span.end, _named(rule.rule, span))
        for rule in fired
        for span in rule.evidence
        if span.field == field and 0 <= span.start < span.end <= len(text)
    )
    for begin, end, name in places:
        if found and begin < found[-1][1]:
            first, last, names = found[-1]
            found[-1] = (first, max(last, end), names | {name: None})
        else:
            found.append((begin, end, {name: None}))
    return tuple((begin, end, "; ".join(names)) for begin, end, names in found)


def _named(rule: str, span: model.Evidence) -> str:
    return f"rule {rule}: {span.term}" + (f" ({span.entity})" if span.entity else "")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a rule, how often it was found, and the first words that it was found as."""

    rule: str
    severity: str
    status: str
    term: str
    entity: str | None
    count: int
    words: tuple[str, ...]
    in_title: bool


def terms_found(fired: Iterable[Fired]) -> list[Term]:
    """Return what the rules were true by, a line a term."""
    found: list[Term] = []
    for rule in fired:
        by_term: dict[tuple[str, str | None], list[model.Evidence]] = {}
        for span in rule.evidence:
            by_term.setdefault((span.term, span.entity), []).append(span)
        for (term, entity), places in by_term.items():
            words = tuple(dict.fromkeys(span.text for span in places))[:3]
            in_title = any(span.field == "title" for span in places)
            found.append(Term(rule.rule, rule.severity, rule.status, term, entity, len(places), words, in_title))
    return found
