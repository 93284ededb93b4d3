"""The functions that jobs call, over a stream of articles in memory: replay, and every evaluation built on it.

A line is one article in the order of arrival; a line whose `id` was there before is a new revision of that article.
`now` is a line's `published`, else that of the line before, so the same stream gives the same decisions at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from monitor import model, reading, tasks
from monitor.alerts import decide
from monitor.articles import language
from monitor.config_settings import FeedSettings
from monitor.feeds import identity
from monitor.model import Decision, Evidence, Match, Outcome
from monitor.rules.compile import RuleSet, compile_rules
from monitor.stories import assign

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
        return decide.strongest([decision.outcome for decision in self.decisions])

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


@dataclass(slots=True)
class _Known:
    """An article that went through."""

    number: int
    row_id: str
    story: int
    canonical_url: str | None
    folded_hash: str | None
    newsroom: str
    title: str
    """Of the first revision: what twins are told by."""
    headline: str
    text: str
    """Headline and text as they stand now."""
    trusted: bool = True
    duplicate_of: int | None = None
    duplicate_reason: str | None = None


@dataclass(slots=True)
class _Memory:
    """What the daemon keeps in its database: articles by what makes them alike, and what packs were told."""

    articles: list[_Known] = field(default_factory=list)
    by_id: dict[str, _Known] = field(default_factory=dict)
    by_url: dict[str, list[_Known]] = field(default_factory=dict)
    by_hash: dict[str, list[_Known]] = field(default_factory=dict)
    told: dict[tuple[str, int], list[decide.Told]] = field(default_factory=dict)
    alerts: int = 0
    stories: int = 0

    def find_twin(
        self, url: str | None, folded: str | None, newsroom: str, title: str, trusted: bool
    ) -> assign.Twin | None:
        """Return the earliest article with the same canonical URL, else with the same folded text.

        The same rule as `monitor.store.articles.find_twin`: one newsroom's one text under two headlines is no twin,
        and twins of trusted feeds come first.
        """
        urls = self.by_url.get(url, []) if url is not None else []
        texts = self.by_hash.get(folded, []) if folded is not None else []
        texts = [known for known in texts if known.newsroom != newsroom or known.title == title]
        untrusted = []
        for alike, reason in ((urls, "same_url"), (texts, "same_text")):
            found = next((known for known in alike if known.trusted), None)
            if found is not None:
                return assign.Twin(found.number, found.story, reason)
            untrusted += [assign.Twin(known.number, known.story, reason) for known in alike[:1]]
        return next((twin for twin in untrusted if not (trusted and self._is_trusted_story(twin.story_id))), None)

    def _is_trusted_story(self, story: int) -> bool:
        return any(known.story == story and known.trusted for known in self.articles)

    def add(self, known: _Known) -> None:
        """Keep a new article."""
        self.articles.append(known)
        self.by_id[known.row_id] = known
        if known.canonical_url is not None:
            self.by_url.setdefault(known.canonical_url, []).append(known)
        if known.folded_hash is not None:
            self.by_hash.setdefault(known.folded_hash, []).append(known)

    def revise(self, known: _Known, read: tasks.Reading) -> bool:
        """Keep what a new revision changed, and return whether it changed anything."""
        changed = (known.headline, known.text) != (read.article.title, read.article.text)
        if known.folded_hash is not None:
            self.by_hash[known.folded_hash].remove(known)
        known.folded_hash = read.folded_hash
        known.headline, known.text = read.article.title, read.article.text
        if known.folded_hash is not None:
            alike = self.by_hash.setdefault(known.folded_hash, [])
            alike.append(known)
            alike.sort(key=lambda other: other.number)
        return changed


class Replay:
    """Judges rows one after another, each knowing those before it."""

    def __init__(self, rules: RuleSet, feeds: Iterable[FeedSettings] = (), only: str | None = None) -> None:
        """Begin an empty archive. `only`: one of PARTS; what it leaves out stays empty in the output."""
        self._rules = compile_rules(()) if only in ("duplicates", "stories") else rules
        self._feeds = {feed.id: feed for feed in feeds}
        self._only = only
        self._memory = _Memory()
        self._now = EPOCH

    def judge(self, row: Row) -> Replayed:
        """Return what the monitor makes of `row`, and remember it."""
        self._now = row.published or self._now
        read, before = self._read(row)
        packs = tuple(dict.fromkeys(match.pack for match in read.matches if match.status == "live"))
        matches = tuple(_own_spans(match, before) for match in read.matches)
        if self._only == "rules":
            return Replayed(row.id, read.article.lang, packs, matches, (), None, None)
        known, changed = self._place(row, read)
        made = self._decide(known, read) if changed and self._only is None else ()
        twin = self._twin_of(known) if self._only != "stories" else None
        story = f"s{known.story}" if self._only != "duplicates" else None
        return Replayed(row.id, read.article.lang, packs, matches, made, twin, story)

    def _twin_of(self, known: _Known) -> str | None:
        return self._memory.articles[known.duplicate_of - 1].row_id if known.duplicate_of else None

    def _read(self, row: Row) -> tuple[tasks.Reading, int]:
        """Return the reading of a row, and how many characters of its text the summary takes before the row's own."""
        text = reading.with_summary(row.title, row.summary, row.text) if row.text else row.summary
        before = len(text) - len(row.text)
        feed = self._feeds.get(row.source)
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

    def _trusts(self, row: Row) -> bool:
        """Return whether the feed of a row is trusted; a source that is no known feed is."""
        feed = self._feeds.get(row.source)
        return feed is None or feed.trusted

    def _place(self, row: Row, read: tasks.Reading) -> tuple[_Known, bool]:
        """Return the article's place in the archive, and whether this revision says anything new."""
        memory, article = self._memory, read.article
        own = memory.by_id.get(row.id)
        if own is not None:
            return own, memory.revise(own, read)
        url = _canonical(row)
        trusted = self._trusts(row)
        twin = memory.find_twin(url, read.folded_hash, article.newsroom, article.title, trusted)
        assigned = assign.assign_story(twin, None)
        if assigned.story_id is None:
            memory.stories += 1
        story = assigned.story_id if assigned.story_id is not None else memory.stories
        known = _Known(
            number=len(memory.articles) + 1,
            row_id=row.id,
            story=story,
            canonical_url=url,
            folded_hash=read.folded_hash,
            newsroom=article.newsroom,
            title=article.title,
            headline=article.title,
            text=article.text,
            duplicate_of=assigned.duplicate_of,
            duplicate_reason=assigned.reason,
            trusted=trusted,
        )
        memory.add(known)
        return known, True

    def _decide(self, known: _Known, read: tasks.Reading) -> tuple[Decision, ...]:
        subject = decide.Subject(
            known.number,
            read.article.published,
            self._now,
            known.duplicate_of,
            known.duplicate_reason,
            known.trusted,
        )
        ordered = sorted(read.matches, key=lambda match: (match.pack, match.rule))
        return tuple(
            self._decide_pack(pack, list(found), subject, known.story)
            for pack, found in groupby(ordered, key=lambda match: match.pack)
        )

    def _decide_pack(self, pack: str, found: list[Match], subject: decide.Subject, story: int) -> Decision:
        told = self._memory.told.setdefault((pack, story), [])
        ages = {match.rule: self._rules.max_age(pack, match.rule) for match in found}
        decision = decide.decide_alert(pack, found, subject, told, ages)
        if decision.outcome in (Outcome.ALERT, Outcome.UPDATE):
            self._memory.alerts += 1
            severity = str(decision.severity)
            told.append(decide.Told(self._memory.alerts, subject.article_id, severity, subject.trusted))
        return decision


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
