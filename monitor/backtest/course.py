"""Second step, in a worker for each side: what would have been decided, by the daemon's own deciding step.

The step runs over a database in memory that holds what it asks for: the stories that were matched, their articles as
they came, whose word each gives, what was told before, what was muted. Articles come into the stories that they came
into, and stories become one when they did: which stories there are does not depend on rules.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor import model, tasks, text
from monitor.backtest import lineage, sift
from monitor.backtest.values import Job, Ruled, Seen, Side, Told
from monitor.jobs import decide as deciding
from monitor.jobs import release
from monitor.jobs.desk import Desk
from monitor.jobs.history import History
from monitor.jobs.place import Placed, Task
from monitor.model import Outcome
from monitor.store import articles, backtests, batches, entries, scratch, visit
from monitor.store.backtests import Member, Merged
from monitor.store.later import next_number
from monitor.store.store import Connection
from monitor.stories import independence

TOLD = (Outcome.ALERT.value, Outcome.UPDATE.value)


def decide_side(job: Job, side: Side, until: datetime) -> int:
    """Decide about everything that a side matched, leave the outcome in the spool, and return how much was told.

    Args:
        until: When the period ends; what is held longer stays held.
    Raises: StoreError.
    """
    with visit.reading_again(job.database) as archive:
        found = decide(archive, job, side, until, sift.read_spool(job.spool))
    _file(job, side).write_bytes(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
    return sum(one.told is not None for one in found)


def read_side(job: Job, side: Side) -> list[Ruled]:
    """Return what `decide_side` left."""
    found: list[Ruled] = pickle.loads(_file(job, side).read_bytes())
    return found


def _file(job: Job, side: Side) -> Path:
    return Path(job.spool) / f"{side}.ruled"


def decide(archive: Connection, job: Job, side: Side, until: datetime, found: Iterable[Seen]) -> list[Ruled]:
    """Decide about everything that a side matched, and return the outcome. Raises: StoreError."""
    rules = sift.rules_of(job, side)
    seen = {one.revision_id: one for one in found if one.matches[side]}
    with _scratch().connect() as connection, connection.begin() as all_of_it:
        course = _Course(connection, archive, Desk(rules, rules.id, job.default_route, job.routes), side)
        course.prepare(seen.values())
        for event in _events(archive, job, seen.values()):
            course.release_until(event.at)
            event.happen(course)
        course.release_until(until)
        made = [_ruled(one, seen) for one in backtests.list_verdicts(connection)]
        all_of_it.rollback()
        return made


@functools.lru_cache(maxsize=1)
def _scratch() -> scratch.Engine:
    """Return a database in memory, empty whenever a side begins: its tables are made once in a process."""
    return scratch.open_scratch()


def _ruled(verdict: backtests.Verdict, seen: Mapping[int, Seen]) -> Ruled:
    told = None
    if verdict.outcome in TOLD and verdict.alert_id is not None:
        one = seen[verdict.revision_id]
        told = Told(
            pack=verdict.pack,
            article_id=one.article_id,
            revision_id=one.revision_id,
            story_id=one.story_id,
            at=verdict.decided_at,
            outcome=verdict.outcome,
            reason=verdict.reason,
            severity=str(verdict.severity),
            rules=verdict.rules,
        )
    return Ruled(verdict.pack, verdict.revision_id, verdict.outcome, verdict.reason, told)


# -- what happens, in its order --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that the archive knows of. `rank`: what comes first of what has one number."""

    seq: int
    rank: int
    at: datetime
    happen: Callable[[_Course], None]


def _events(archive: Connection, job: Job, seen: Iterable[Seen]) -> Iterator[_Event]:
    """Yield what happened to the stories that were matched, in the order in which it was decided."""
    by_revision = {one.revision_id: one for one in seen}
    stories = {one.story_id for one in by_revision.values()}
    members = backtests.list_members(archive, stories, job.span.last)
    traced = lineage.trace(members, backtests.list_merges(archive, stories))
    events = [*_arrivals(members, traced, by_revision)]
    for merged in traced.merges:
        if merged.seq <= job.span.last:
            events.append(_Event(merged.seq, 1, merged.at, _bind(_Course.merge, merged)))
    for row in backtests.list_told(archive, stories, [pair.live for pair in job.pairs], job.span):
        events.append(_Event(row["decided_seq"], 3, row["created_at"], _bind(_Course.take_over, row)))
    return iter(sorted(events, key=lambda event: (event.seq, event.rank)))


def _arrivals(members: Sequence[Member], traced: lineage.Lineage, seen: Mapping[int, Seen]) -> Iterator[_Event]:
    judged = {(one.article_id, one.seq) for one in seen.values()}
    for member in members:
        came = member._replace(story_id=traced.first[member.article_id])
        yield _Event(member.seq, 0, member.decided_at, _bind(_Course.arrive, came))
        if (member.article_id, member.seq) not in judged:
            yield _Event(member.seq, 2, member.decided_at, _bind(_Course.pass_by, came))
    for one in seen.values():
        yield _Event(one.seq, 2, one.at, _bind(_Course.judge, one))


def _bind(method: Callable[[_Course, Any], None], value: Any) -> Callable[[_Course], None]:
    return lambda course: method(course, value)


# -- the course of one side ------------------------------------------------------------------------


@dataclass(slots=True)
class _Course:
    """A side's database in memory, and what it holds already."""

    connection: Connection
    archive: Connection
    desk: Desk
    side: Side
    stories: dict[int, int] = field(default_factory=dict)
    """Story -> the one that it is part of by now, most often itself."""
    articles: dict[int, int] = field(default_factory=dict)
    """Article -> the story that it came into."""
    revisions: set[int] = field(default_factory=set)
    voices: set[tuple[int, str, int]] = field(default_factory=set)
    silences: list[dict[str, Any]] = field(default_factory=list)
    """Those that have not begun yet, the next one last."""
    ends: dict[int, datetime] = field(default_factory=dict)
    """When those that a person ended do, by id."""
    muted: bool = False
    """Whether there is any silence at all: only then texts are asked for."""

    def prepare(self, seen: Iterable[Seen]) -> None:
        """Take over what stands beside the stories: feeds, batches, silences."""
        backtests.put_feeds(self.connection, backtests.list_feeds(self.archive))
        ids = {one.batch_id for one in seen if one.batch_id is not None}
        backtests.put_batches(self.connection, backtests.list_batches(self.archive, ids))
        rows = backtests.list_silences(self.archive)
        self.silences = sorted(rows, key=lambda row: row["created_at"], reverse=True)
        self.muted = bool(rows)

    def release_until(self, now: datetime) -> None:
        """Tell or close what is held and over its time by `now`, each at its own time."""
        while (due := backtests.next_release(self.connection)) is not None and due <= now:
            self._mute(due)
            if not release.release_due(self.connection, self.desk, due):
                break
        self._mute(now)

    def _mute(self, now: datetime) -> None:
        while self.silences and self.silences[-1]["created_at"] <= now:
            row = self.silences.pop()
            backtests.put_silence(self.connection, row)
            if row["ended_at"] is not None:
                self.ends[row["id"]] = row["ended_at"]
        for number in [number for number, end in self.ends.items() if end <= now]:
            backtests.end_silence(self.connection, number, self.ends.pop(number))

    def arrive(self, member: Member) -> None:
        """Count an article in its story."""
        if member.story_id not in self.stories:
            self.stories[member.story_id] = member.story_id
            backtests.put_story(self.connection, member.story_id, member.decided_at)
        self.articles[member.article_id] = member.story_id
        backtests.put_article(self.connection, member)
        claim = member.claim
        if claim is None:
            claim = independence.claim_of(member.newsroom, member.credits or (), member.aggregator).to_text()
        key = (member.story_id, claim, member.feed_id)
        if key not in self.voices:
            self.voices.add(key)
            backtests.put_voice(self.connection, *key, member.article_id)

    def merge(self, merged: Merged) -> None:
        """Make two stories one."""
        if merged.younger in self.stories:
            self.stories[merged.younger] = merged.older
            backtests.merge(self.connection, merged)
            moved = {key for key in self.voices if key[0] == merged.younger}
            self.voices = (self.voices - moved) | {(merged.older, *key[1:]) for key in moved}

    def _story_of(self, article_id: int) -> int:
        """Return the story of an article as it is by now."""
        story = self.articles[article_id]
        while (into := self.stories.get(story, story)) != story:
            story = into
        return story

    def pass_by(self, member: Member) -> None:
        """Let what is held in a story hear of an article that the packs do not match: it may corroborate."""
        history = History(self.connection, self.desk, self._story_of(member.article_id))
        if history.holds:
            seq = next_number(self.connection, "decided_seq")
            release.release_story(self.connection, history, seq, member.decided_at)

    def take_over(self, row: Mapping[str, Any]) -> None:
        """Store an alert that is taken as it was told."""
        if row["article_id"] in self.articles:
            self._revise(row["revision_id"], row["article_id"], 1, "", row["created_at"])
            backtests.put_alert(self.connection, {**row, "story_id": self._story_of(row["article_id"])})

    def _revise(self, revision_id: int, article_id: int, n: int, title: str, now: datetime) -> None:
        if revision_id not in self.revisions:
            self.revisions.add(revision_id)
            backtests.put_revision(self.connection, revision_id, article_id, n, title, now)

    def judge(self, one: Seen) -> None:
        """Decide about a revision that the side matches."""
        self._revise(one.revision_id, one.article_id, one.n, one.article.title, one.at)
        if self.muted:
            backtests.put_text(self.connection, one.revision_id, articles.text_of(self.archive, one.revision_id))
        batch = batches.get(self.connection, one.batch_id) if one.batch_id is not None else None
        story = self._story_of(one.article_id)
        placed = Placed(one.article_id, story, one.revision_id, one.duplicate_of, one.duplicate_reason)
        read = tasks.Reading(
            article=one.article,
            partial_reason=None,
            cut=False,
            matches=one.matches[self.side],
            ruleset_id=self.desk.ruleset_id,
            table_id=text.TABLE_ID,
            folded_hash=None,
            title_words="",
            text_words="",
            facts=one.facts[self.side],
        )
        deciding.decide_placed(self.desk, self.connection, _task(one), read, placed, batch, one.at)


def _task(one: Seen) -> Task:
    """Return a revision as an entry that waits to be decided."""
    article = one.article
    waiting = entries.WaitingEntry(
        id=0,
        entry=model.Entry(None, article.url or None, article.title, published=article.published),
        canonical_url=None,
        first_seen=article.first_seen or one.at,
        state="done",
        attempts=0,
        article_id=one.article_id,
        batch_id=one.batch_id,
        feed_id=one.feed_id,
        feed_slug=article.source,
        feed_url="",
        newsroom=article.newsroom,
        feed_lang=None,
        feed_tags=article.groups,
        trusted=one.trusted,
        feed_bytes=0,
    )
    return Task(waiting, None, None)
