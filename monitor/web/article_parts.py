"""An article with every decision about it, for its page and the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.store import articles, decisions, story_views
from monitor.store.articles import StoredArticle
from monitor.store.store import Connection
from monitor.store.story_views import Report


@dataclass(frozen=True, slots=True)
class Decided:
    """A revision with what matched in it and what was decided about it, oldest first."""

    id: int
    n: int
    title: str
    ruleset: str | None
    created_at: Any
    matches: tuple[Mapping[str, Any], ...]
    decisions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FullArticle:
    """Everything that is recorded of one article."""

    stored: StoredArticle
    feed: str
    report: Report
    revisions: tuple[Decided, ...]


def load(connection: Connection, article_id: int) -> FullArticle | None:
    """Return one article; None where there is none."""
    stored = articles.get(connection, article_id)
    if stored is None:
        return None
    (report,) = story_views.get_reports(connection, [article_id])
    return FullArticle(
        stored=stored,
        feed=report.feed,
        report=report,
        revisions=tuple(
            Decided(
                revision.id,
                revision.n,
                revision.title,
                revision.ruleset_id,
                revision.created_at,
                revision.matches,
                tuple(decisions.list_of_revision(connection, revision.id)),
            )
            for revision in articles.list_revisions(connection, article_id)
        ),
    )
