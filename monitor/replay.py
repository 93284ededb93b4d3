"""The functions that jobs call, over a stream of articles in memory: replay, and every evaluation built on it.

A line is one article in the order of arrival; a line whose `id` was there before is a new revision of that article.
`now` is a line's `published`, else that of the line before, so the same stream gives the same decisions at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from monitor import model, reading, tasks
from monitor.alerts.decide import strongest
from monitor.articles import language
from monitor.config_settings import FeedSettings
from monitor.feeds import identity
from monitor.jobs import decide, place, release
from monitor.jobs.desk import Desk
from monitor.model import Decision, Evidence, Match, Outcome
from monitor.rules.compile import RuleSet
from monitor.store import articles, entries, feeds, scratch, story_views
from monitor.store.decisions import EVERY_PACK
from monitor.store.store import Connection

PARTS = ("rules", "duplicates", "stories")
"""What a replay may be limited to."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""`now` of a first line without a date."""
LONGEST_LINE = 10_000_000
"""Characters; a longer line is a file of another kind."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)")
_TEXTS = ("url", "source", "author", "lang", "summary", "published")


class BadLine(ValueError):
    """A line that is no article; the message says what is wrong and what to write."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the input."""

    id: str
    title: str
    text: str
    url: str | None = None
    source: str = ""
    author: str = ""
    lang: str | None = None
    tags: tuple[str, ...] = ()
    summary: str = ""
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one line. `matches` hold spans of the row's own fields: `title`, `text` or `summary`."""

    id: str
    lang: str | None
    packs: tuple[str, ...]
    matches: tuple[Match, ...]
    decisions: tuple[Decision, ...]
    duplicate_of: str | None
    story: str | None

    @property
    def decision(self) -> Outcome:
        """Return the strongest of the decisions."""
        return strongest([decision.outcome for decision in self.decisions])

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of an output line."""
        return {
            "id": self.id,
            "lang": self.lang,
            "packs": list(self.packs),
            "matches": [_match_json(match) for match in self.matches],
            "decisions": [_decision_json(decision) for decision in self.decisions],
            "duplicate_of": self.duplicate_of,
            "story": self.story,
            "decision": self.decision.value,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """A decision about a match that stands when a stream is over."""

    id: str
    """Of the line."""
    story: str
    """In which its article is now."""
    made: story_views.Made


def _match_json(match: Match) -> dict[str, Any]:
    return {
        "pack": match.pack,
        "rule": match.rule,
        "severity": match.severity,
        "score": match.score,
        "evidence": [asdict(span) for span in match.evidence],
    }


def _decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "pack": decision.pack,
        "decision": decision.outcome.value,
        "reason": decision.reason.value,
        "detail": dict(decision.detail) if decision.detail else None,
    }


# -- lines ---------------------------------------------------------------------------------------


def parse_line(line: str) -> Row:
    """Return the article of one line; keys that replay does not know are left alone. Raises: BadLine."""
    if len(line) > LONGEST_LINE:
        raise BadLine(f"the line has {len(line):,} characters; at most {LONGEST_LINE:,} are read")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadLine('not a JSON object; write {"id": "a1", "title": "...", "text": "..."}')
    for key in ("id", "title", "text"):
        if not isinstance(data.get(key), str):
            raise BadLine(f"`{key}` is missing or not a string")
    if not data["id"]:
        raise BadLine("`id` is empty")
    optional = {key: _optional(data, key) for key in _TEXTS}
    return Row(
        id=_whole(data["id"]),
        title=_whole(data["title"]),
        text=_whole(data["text"]),
        url=optional["url"] or None,
        source=optional["source"],
        author=optional["author"],
        lang=optional["lang"] or None,
        tags=_tags(data.get("tags")),
        summary=optional["summary"],
        published=_time(optional["published"]),
    )


def _optional(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f"`{key}` is not a string")
    return _whole(value)


def _whole(text: str) -> str:
    """Return `text` with lone surrogates replaced, which no output can carry; offsets stay."""
    return _SURROGATE.sub("\ufffd", text)


def _tags(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise BadLine("`tags` is not a list of strings")
    return tuple(map(_whole, value))


def _time(written: str) -> datetime | None:
    """Return an aware time; one without an offset is refused, for it would shift with the machine that reads it."""
    if not written:
        return None
    try:
        if _RFC_3339.fullmatch(written):
            return datetime.fromisoformat(written.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # no such day or hour: refused below, as any other form is
    raise BadLine(f"`published` is {written[:40]!r}; write it as 2025-03-10T12:00:00Z")


# -- the stream ----------------------------------------------------------------------------------


class Replay:
    """Judges rows one after another, each knowing those before it, by the deciding step of the daemon itself."""

    def __init__(
        self,
        rules: RuleSet,
        feeds: Iterable[FeedSettings] = (),
        only: str | None = None,
        engine: scratch.Engine | None = None,
    ) -> None:
        """Begin an empty archive.

        Args:
            only: One of PARTS; what it leaves out stays empty in the output.
            engine: Of an empty, migrated database that the archive is to stand in; None: in memory.
        """
        self._rules = rules
        self._declared = {feed.id: feed for feed in feeds}
        self._only = only
        self._now = EPOCH
        self._engine = engine or scratch.open_scratch()
        self._feed_ids: dict[str, int] = {}
        self._waiting: dict[str, entries.WaitingEntry] = {}
        """Row id -> the entry that it was read as."""
        self._rows: dict[int, str] = {}
        """Article id -> row id."""

    def judge(self, row: Row) -> Replayed:
        """Return what the monitor makes of `row`, and remember it."""
        self._now = row.published or self._now
        read, before = self._read(row)
        packs = tuple(dict.fromkeys(match.pack for match in read.matches if match.status == "live"))
        matches = tuple(_own_spans(match, before) for match in read.matches)
        if self._only == "rules":
            return Replayed(row.id, read.article.lang, packs, matches, (), None, None)
        if self._only is not None:
            read, packs, matches = replace(read, matches=()), (), ()
        with self._engine.begin() as connection:
            placed, made = self._decide(connection, row, read)
        twin = self._rows[placed.duplicate_of] if placed.duplicate_of and self._only != "stories" else None
        story = f"s{placed.story_id}" if self._only != "duplicates" else None
        return Replayed(row.id, read.article.lang, packs, matches, made, twin, story)

    def _decide(
        self, connection: Connection, row: Row, read: tasks.Reading
    ) -> tuple[articles.StoredArticle, tuple[Decision, ...]]:
        waiting = self._waiting.get(row.id) or self._enter(connection, row)
        waiting = replace(waiting, entry=_entry(row), canonical_url=_canonical(row), first_seen=self._now)
        own = articles.get(connection, waiting.article_id) if waiting.article_id else None
        rules = Desk(self._rules, self._rules.id)
        release.release_due(connection, rules, self._now)
        judged = decide.judge(connection, rules, place.Task(waiting, own, None), read, self._now)
        number = judged.placed.article_id if judged else waiting.article_id
        assert number is not None
        self._waiting[row.id] = replace(waiting, article_id=number)
        self._rows.setdefault(number, row.id)
        stored = articles.get(connection, number)
        assert stored is not None
        made = judged.decisions if judged and self._only is None else ()
        return stored, tuple(decision for decision in made if decision.pack != EVERY_PACK)

    def _enter(self, connection: Connection, row: Row) -> entries.WaitingEntry:
        """Store a new row as an entry of its feed."""
        feed_id = self._feed_of(connection, row)
        entry = entries.NewEntry(_entry(row), _canonical(row), (), "done")
        (number,) = entries.insert_numbered(connection, feed_id, [entry], self._now)
        feed = self._declared.get(row.source)
        return entries.WaitingEntry(
            id=number,
            entry=entry.entry,
            canonical_url=entry.canonical_url,
            first_seen=self._now,
            state="done",
            attempts=0,
            article_id=None,
            batch_id=None,
            feed_id=feed_id,
            feed_slug=row.source,
            feed_url=feed.url if feed else "",
            newsroom=feed.newsroom if feed else row.source,
            feed_lang=feed.lang if feed else None,
            feed_tags=feed.tags if feed else (),
            trusted=feed is None or feed.trusted,
            feed_bytes=0,
        )

    def _feed_of(self, connection: Connection, row: Row) -> int:
        """Return the feed that a row's source stands for; one that is not declared is a trusted newsroom."""
        if row.source not in self._feed_ids:
            feed = self._declared.get(row.source)
            slug = row.source or "-"
            known = feeds.Declared(
                slug=slug,
                url=feed.url if feed else f"replay:{slug}",
                name=feed.name if feed else row.source,
                newsroom=feed.newsroom if feed else row.source,
                every=600.0,
                backfill=0,
                tags=feed.tags if feed else (),
                trusted=feed is None or feed.trusted,
            )
            self._feed_ids[row.source] = feeds.insert(connection, known, "replay", self._now)
        return self._feed_ids[row.source]

    def _read(self, row: Row) -> tuple[tasks.Reading, int]:
        """Return the reading of a row, and how many characters of its text the summary takes before the row's own."""
        text = reading.with_summary(row.title, row.summary, row.text) if row.text else row.summary
        before = len(text) - len(row.text)
        feed = self._declared.get(row.source)
        article = model.Article(
            title=row.title,
            text=text,
            lang=row.lang or language.detect_language(row.title, text, feed.lang if feed else None),
            url=row.url or "",
            source=row.source,
            newsroom=feed.newsroom if feed else row.source,
            groups=feed.tags if feed else (),
            author=row.author,
            tags=row.tags,
            published=row.published,
            first_seen=self._now,
            partial=not row.text,
        )
        return reading.read_article(self._rules, article, None if row.text else "no_text"), before

    def standing(self) -> list[Standing]:
        """Return the decisions about matches that stand now: of what was held, what became of it so far."""
        stories = self.stories()
        with self._engine.begin() as connection:
            release.release_due(connection, Desk(self._rules, self._rules.id), self._now)
            made = story_views.list_decisions(connection, list(self._rows))
        return [Standing(self._rows[one.article_id], stories[self._rows[one.article_id]], one) for one in made]

    def stories(self) -> dict[str, str]:
        """Return row id -> the story that its article is in now: two may have become one since it was judged."""
        with self._engine.begin() as connection:
            found = story_views.stories_of(connection, list(self._rows))
        return {self._rows[number]: f"s{story}" for number, story in found.items()}

    def close(self) -> None:
        """Forget the archive."""
        self._engine.dispose()


def _entry(row: Row) -> model.Entry:
    return model.Entry(None, row.url, row.title, row.summary, row.author or None, row.published, row.lang, row.tags)


def _canonical(row: Row) -> str | None:
    """Return the canonical URL by which a feed's entry with this link would be known."""
    keys = identity.entry_keys(model.Entry(None, row.url, row.title, row.summary))
    return dict(keys).get(identity.URL)


def _own_spans(match: Match, before: int) -> Match:
    """Return a match whose spans count within the row's own fields, where a summary was read before the text."""
    return match if before == 0 else replace(match, evidence=tuple(_own_span(span, before) for span in match.evidence))


def _own_span(span: Evidence, before: int) -> Evidence:
    if span.field != "text":
        return span
    if span.start < before:
        return replace(span, field="summary")
    return replace(span, start=span.start - before, end=span.end - before)


def replay_lines(lines: Iterable[str], replay: Replay, report: Callable[[int, str], None]) -> Iterator[Replayed]:
    """Yield the judgement of each line in order; `report` is told number and fault of each line that is skipped."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = parse_line(line)
        except BadLine as fault:
            report(number, str(fault))
            continue
        yield replay.judge(row)
