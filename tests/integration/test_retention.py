"""Texts that were kept long enough go with all that is derived from them; what was told stays. On both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from monitor import jobs, text
from monitor.config import RetentionSettings
from monitor.jobs import archive, retention
from monitor.rules import asked
from monitor.store import articles, search, stats, word_forms
from monitor.store.schema import entries, revisions, sketches, story_terms, texts
from tests.support import invariants
from tests.support.desk import Desk, item, page

MONTH = 30 * 86_400.0
BODY = "The ministers met to-day in the harbour. " * 12


def keeping(desk: Desk) -> Desk:
    """Have the desk keep texts for a month."""
    desk.config = replace(desk.config, retention=RetentionSettings(MONTH))
    desk.set_up()
    return desk


def read_two(desk: Desk) -> tuple[int, int]:
    """Read an article that is told and one that nobody is told of, and return their ids."""
    keeping(desk.has(["gazette"], backfill=5))
    for n, title in ((1, "Resettlement plan unveiled"), (2, "Harbour strike")):
        desk.web.answers[f"https://gazette.example/a/{n}"] = page(title, BODY)
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"), item(2, "Harbour strike", "Dockers re-vote."))
    desk.run()
    told = desk.read(lambda c: articles.find_by_link(c, "https://gazette.example/a/1"))
    untold = desk.read(lambda c: articles.find_by_link(c, "https://gazette.example/a/2"))
    return told, untold


def sweep(desk: Desk) -> None:
    """Do what the daemon does every half minute."""
    asyncio.run(jobs.sweep(desk.context))


def found(desk: Desk, query: str) -> list[int]:
    """Search the archive."""
    return [hit.id for hit in desk.read(lambda c: archive.search(c, archive.Asked(asked.parse(query, {})))).hits]


def test_texts_go_when_they_are_old_and_were_told_to_nobody(desk: Desk) -> None:
    """After a month the untold article has its title alone, the told one all that it told; nothing points nowhere."""
    told, untold = read_two(desk)
    assert set(found(desk, "harbour AND ministers")) == {told, untold}

    desk.clock.advance(days=29)
    sweep(desk)
    before = desk.read(lambda c: articles.get(c, untold))
    desk.clock.advance(days=2)
    sweep(desk)

    assert "ministers" in before.text
    assert desk.read(lambda c: articles.get(c, untold)).text == ""
    assert "ministers" in desk.read(lambda c: articles.get(c, told)).text
    assert found(desk, "ministers") == [told]
    assert untold in found(desk, '"harbour strike"')
    assert desk.read(articles.count_without_text)["retention"] == 1
    desk.read(invariants.check)


def test_nothing_is_left_of_a_text_that_went(desk: Desk) -> None:
    """Neither rows of texts that no revision has, nor of sketches, terms, summaries or the full-text index."""
    told, untold = read_two(desk)

    desk.clock.advance(days=31)
    sweep(desk)

    def count(query: sa.Select[tuple[int]]) -> int:
        return int(desk.read(lambda c: c.scalar(query)) or 0)

    orphans = sa.select(sa.func.count()).select_from(texts).where(
        ~sa.exists().where(revisions.c.text_hash == texts.c.hash)
    )  # fmt: skip
    assert count(orphans) == 0
    assert count(sa.select(sa.func.count()).select_from(sketches).where(sketches.c.article_id == untold)) == 0
    assert count(sa.select(sa.func.count()).select_from(story_terms).where(story_terms.c.article_id == untold)) == 0
    assert desk.read(lambda c: c.scalar(sa.select(entries.c.summary).where(entries.c.article_id == untold))) == ""
    assert not desk.read(lambda c: search.is_held(c, "dockers"))
    assert desk.read(lambda c: search.is_held(c, "ministers"))
    assert told != untold


def test_a_text_that_two_articles_share_stays_for_the_one_that_was_told(desk: Desk) -> None:
    """Equal texts are stored once; the last article that needs one keeps it."""
    told, untold = read_two(desk)
    shared = desk.read(lambda c: c.scalar(sa.select(revisions.c.text_hash).where(revisions.c.article_id == told)))
    desk.write(lambda c: c.execute(revisions.update().where(revisions.c.article_id == untold).values(text_hash=shared)))

    desk.clock.advance(days=31)
    sweep(desk)

    assert "ministers" in desk.read(lambda c: articles.get(c, told)).text
    assert desk.read(lambda c: articles.get(c, untold)).text == ""


def test_an_article_that_changed_meanwhile_is_left_alone(desk: Desk) -> None:
    """What was prepared beside the database is only done where the article still stands as it was read."""
    _, untold = read_two(desk)
    desk.clock.advance(days=31)
    due, newest = desk.read(lambda c: retention.prepare(c, desk.clock.now() - timedelta(seconds=MONTH)))
    new = articles.NewRevision("Harbour strike ends", "A new text.", "en", False, None, False, None, text.TABLE_ID)
    desk.write(lambda c: articles.add_revision(c, untold, 2, new, desk.clock.now()))

    removed = desk.write(lambda c: retention.remove(c, due, newest))

    assert removed == 0
    assert desk.read(lambda c: articles.get(c, untold)).text == "A new text."


def test_a_changed_headline_of_an_old_article_is_still_its_own(desk: Desk) -> None:
    """A feed that still lists an article whose text went revises it; it is not taken for a new one."""
    _, untold = read_two(desk)
    desk.clock.advance(days=31)
    sweep(desk)

    desk.publishes("gazette", item(2, "Harbour strike ends", "Dockers re-vote."))
    desk.later()

    assert desk.read(lambda c: articles.get(c, untold)).title == "Harbour strike ends"
    assert desk.read(stats.count_rows)["articles"] == 2
    desk.read(invariants.check)


def test_word_forms_go_with_the_last_text_that_holds_them(desk: Desk) -> None:
    """What hostile feeds invent does not stay for ever; forms of words that stand somewhere do."""
    read_two(desk)
    assert desk.read(lambda c: word_forms.find(c, ["revote", "today"])) == {"today": ["to day"], "revote": ["re vote"]}

    desk.write(lambda c: word_forms.note(c, [("gone", "go ne")]))
    desk.clock.advance(days=31)
    sweep(desk)

    assert desk.read(lambda c: word_forms.find(c, ["gone", "today"])) == {"today": ["to day"]}


def test_forms_of_articles_of_before_are_noted_by_the_sweep(desk: Desk) -> None:
    """After an upgrade, old articles are found by every form once the daemon has worked them off."""
    _, untold = read_two(desk)
    desk.write(lambda c: c.execute(word_forms.word_forms.delete()))
    desk.write(lambda c: c.execute(word_forms.counters.insert().values(name=word_forms.MISSING, value=untold)))
    assert found(desk, "today") == []

    sweep(desk)

    assert found(desk, "today")
    assert desk.read(word_forms.missing_from) == 0
