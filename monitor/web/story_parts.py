"""A story with all that is shown of it, for its pages and the API alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.jobs import voices
from monitor.store import story_pages, story_views
from monitor.store.store import Connection
from monitor.store.story_pages import Place, StoryPage
from monitor.store.story_views import Change, Made, Report, StoryRow
from monitor.stories import independence
from monitor.stories.independence import Heard, Voice

MOST_REPORTS = 300
"""Articles of a story that its page lists, the first ones."""
WHY = {
    independence.OWN: "its own report",
    independence.SAME_NEWSROOM: "another report of the newsroom",
    independence.COPY: "a copy",
    independence.AGENCY: "credits the agency",
    independence.FIRST_REPORT: "leans on its report",
}
"""Why an article counts for a voice, in words."""
DUPLICATES = {"same_url": "has the address of", "same_text": "has the text of", "copy": "shares most words with"}


@dataclass(frozen=True, slots=True)
class ListedStory:
    """A story in a list."""

    row: StoryRow
    newsrooms: int
    """Independent ones."""
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An article of a story with what it is to it."""

    report: Report
    after: float
    """Seconds after the first one."""
    voice: str | None
    """For whom it counts; None: for nobody."""
    why: str | None
    decisions: tuple[Made, ...]
    """Those that stand."""

    @property
    def is_told(self) -> bool:
        """Return whether an alert or an update is about it."""
        return any(made.alert_id for made in self.decisions)


@dataclass(frozen=True, slots=True)
class FullStory:
    """Everything about one story."""

    row: StoryRow
    asked: int
    """The id that was asked for; another where that story became part of this one."""
    voices: tuple[Voice, ...]
    unheard: int
    reports: tuple[Told, ...]
    counts: tuple[tuple[str, str, str, int], ...]
    """Pack, outcome, reason, how many."""
    changes: tuple[Change, ...]

    @property
    def left_out(self) -> int:
        """Return how many of its articles are not listed."""
        return self.row.articles - len(self.reports)


def list_page(
    connection: Connection, narrowed: story_pages.Narrowed, limit: int, before: Place | None
) -> tuple[StoryPage, tuple[ListedStory, ...]]:
    """Return a page of stories with who carries each."""
    page = story_pages.list_page(connection, narrowed, limit, before)
    found = []
    for row in page.rows:
        names = voices.voices_of(connection, row.id)
        found.append(ListedStory(row, len(names), names))
    return page, tuple(found)


def load(connection: Connection, story_id: int, most: int = MOST_REPORTS) -> FullStory | None:
    """Return a story; one that became part of another is shown as that. None where there is none."""
    now_in = story_views.part_of(connection, story_id)
    row = None if now_in is None else story_views.get_story(connection, now_in)
    if row is None:
        return None
    standing = story_views.list_standing(connection, [row.id]).get(row.id, [])
    behind = independence.count_independent([independence.Report(*one) for one in standing])
    heard = {said.article_id: (voice, said) for voice in behind.voices for said in voice.articles}
    reports = story_views.list_reports(connection, row.id, most)
    made: dict[int, list[Made]] = {}
    for one in story_views.list_decisions(connection, [report.id for report in reports]):
        made.setdefault(one.article_id, []).append(one)
    return FullStory(
        row=row,
        asked=story_id,
        voices=behind.voices,
        unheard=len(behind.unheard),
        reports=tuple(_told(report, row, heard.get(report.id), made.get(report.id, ())) for report in reports),
        counts=tuple(story_views.count_decisions(connection, row.id)),
        changes=tuple(story_views.list_changes(connection, row.id)),
    )


def _told(report: Report, story: StoryRow, heard: tuple[Voice, Heard] | None, made: Sequence[Made]) -> Told:
    after = (report.at - story.first_at).total_seconds()
    if heard is None:
        return Told(report, after, None, None, tuple(made))
    voice, said = heard
    return Told(report, after, voice.name, said.why, tuple(made))


def reasons_of(voice: Voice) -> Mapping[str, int]:
    """Return how many articles count for a voice for which reason."""
    return Counter(WHY.get(heard.why, heard.why) for heard in voice.articles)


def placed(told: Told, first: int) -> tuple[str, int | None, str]:
    """Return why an article is in its story: words, the article that it is about, and what they share."""
    report = told.report
    if report.duplicate_of:
        share = f" ({_percent(report.share)} of the words)" if report.share is not None else ""
        return DUPLICATES.get(report.duplicate_reason or "", "repeats"), report.duplicate_of, share
    joined: Mapping[str, Any] = report.joined or {}
    if "article" in joined:
        shared = ", ".join(map(str, list(joined.get("shared") or ())[:6]))
        score = f"{joined['score']:.2f} where {joined['least']:.2f} is needed"
        return "joined by", int(joined["article"]), f"{score}: {shared}" if shared else score
    return ("first of the story" if report.id == first else "first of a story that became part of this one"), None, ""


def _percent(share: float) -> str:
    whole = round(share * 100)
    return f"{min(whole, 99) if share < 1 else whole} %"
