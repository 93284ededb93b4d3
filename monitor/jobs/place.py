"""Part of the deciding step: an article is stored, with what it repeats and the story that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor import tasks, text
from monitor.jobs import origin, story, voices
from monitor.store import articles, decisions, entries, sketches, word_forms
from monitor.store import voices as stored_voices
from monitor.store.store import Connection
from monitor.stories import assign, features, independence, sketch


@dataclass(frozen=True, slots=True)
class Task:
    """The entry being decided."""

    waiting: entries.WaitingEntry
    own: articles.StoredArticle | None
    """The entry's article as it stood when the job began, None if it has none yet."""
    retry_at: datetime | None
    """When a partial article's page is due again."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An article stored with its new revision."""

    article_id: int
    story_id: int
    revision_id: int
    duplicate_of: int | None
    duplicate_reason: str | None
    begins: bool = False
    """Whether the story begins with it."""


def place_article(connection: Connection, task: Task, read: tasks.Reading, now: datetime) -> Placed:
    """Store an article (a new one with its story) and its new revision."""
    own = task.own
    assigned, weighed = _assign(connection, task, read)
    story_id, begins = assigned.story_id, assigned.story_id is None
    if story_id is None:
        story_id = articles.new_story(connection, now)
    else:
        articles.count_in_story(connection, story_id, now, 0 if own else 1)
    voice = _voice(task, read) if begins else None
    article_id = _store_article(connection, task, read, story_id, assigned, weighed, voice)
    _keep(connection, task, read, article_id, assigned, weighed)
    if voice is not None:
        stored_voices.begin(connection, story_id, voice, task.waiting.feed_id, article_id)
    else:
        voices.speak(connection, article_id, read.credits)
    if assigned.merge is not None:
        story.merge(connection, assigned.merge, article_id, now)
    if own is not None or assigned.merge is not None:  # others' merges have moved what is in the archive, but for `own`
        story_id = decisions.story_now(connection, story_id)
    revision = articles.NewRevision(
        title=read.article.title,
        text=read.article.text,
        lang=read.article.lang,
        partial=read.article.partial,
        partial_reason=read.partial_reason,
        cut=read.cut,
        ruleset_id=read.ruleset_id,
        table_id=read.table_id,
    )
    revision_id = articles.add_revision(connection, article_id, own.revision_n + 1 if own else 1, revision, now)
    before = (_words(own.title), _words(own.text)) if own else None
    articles.index_words(connection, article_id, (read.title_words, read.text_words), before)
    word_forms.note(connection, read.forms)
    if own is not None:
        return Placed(article_id, story_id, revision_id, own.duplicate_of, own.duplicate_reason)
    return Placed(article_id, story_id, revision_id, assigned.duplicate_of, assigned.reason, begins)


def _assign(connection: Connection, task: Task, read: tasks.Reading) -> tuple[assign.Assigned, story.Weighed | None]:
    """Return the story of an article, its own or that of what it repeats or is like, and what it is compared by."""
    if task.own is not None:
        return assign.Assigned(task.own.story_id), story.weigh(connection, read)
    new = story.Newcomer(read, task.waiting.canonical_url, task.waiting.first_seen, task.waiting.trusted)
    alike = story.find_alike(connection, new)
    repeated = story.find_repeated(connection, new, alike)
    if repeated is not None:
        return repeated, story.weigh(connection, read, counts=True)
    weighed = story.weigh(connection, story.without_text(read) if alike.is_wall else read, counts=True)
    return story.join_story(connection, new, weighed), weighed


def _keep(
    connection: Connection,
    task: Task,
    read: tasks.Reading,
    article_id: int,
    assigned: assign.Assigned,
    weighed: story.Weighed | None,
) -> None:
    """Store by what the copies of an article are found, and what else tells of the same event."""
    own = task.own
    before = sketch.sketch_of(text.folded_words(own.text)).hashes if own else ()
    sketches.index(connection, article_id, read.sketch, before, task.waiting.trusted)
    if weighed is not None:
        original = own.duplicate_of if own else assigned.duplicate_of
        indexed = original is None or story.is_told_anew(connection, original, task.waiting.trusted)
        story.keep(connection, article_id, weighed, task.waiting.trusted, indexed, revised=own is not None)


def _words(folded: str) -> str:
    return " ".join(text.folded_words(folded))


def _store_article(
    connection: Connection,
    task: Task,
    read: tasks.Reading,
    story_id: int,
    assigned: assign.Assigned,
    weighed: story.Weighed | None,
    voice: str | None,
) -> int:
    article = read.article
    changing = {
        "lang": article.lang,
        "author": article.author or None,
        "published": article.published,
        "folded_hash": read.folded_hash,
        "partial": article.partial,
        "retry_at": task.retry_at,
        "features": features.pack(weighed.features) if weighed is not None else None,
        **sketches.columns_of(read.sketch),
    }
    if voice is not None:
        changing |= {"credits": list(read.credits) or None, "claim": voice}
    if task.own is not None:
        articles.update(connection, task.own.id, **changing, **_moved(task))
        return task.own.id
    return articles.insert(
        connection,
        feed_id=task.waiting.feed_id,
        entry_id=task.waiting.id,
        story_id=story_id,
        url=task.waiting.entry.url,
        canonical_url=task.waiting.canonical_url,
        newsroom=article.newsroom,
        aggregator=origin.aggregator_of(task.waiting),
        first_seen=task.waiting.first_seen,
        duplicate_of=assigned.duplicate_of,
        duplicate_reason=assigned.reason,
        share=assigned.share,
        joined=assigned.detail,
        **changing,
    )


def _voice(task: Task, read: tasks.Reading) -> str:
    """Return whose word an article gives that nobody has told before."""
    return independence.claim_of(read.article.newsroom, read.credits, origin.aggregator_of(task.waiting)).to_text()


def _moved(task: Task) -> dict[str, str | None]:
    """Return the address of an article whose slug changed with its headline; an aggregator's links lead elsewhere."""
    waiting = task.waiting
    if not waiting.canonical_url or origin.aggregator_of(waiting) is not None:
        return {}
    return {"url": waiting.entry.url, "canonical_url": waiting.canonical_url}
