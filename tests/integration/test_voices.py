"""Who stands behind a story, kept up as its articles come: as if all were counted, at the cost of a small story."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from monitor.jobs import voices as jobs
from monitor.store import database, hold
from monitor.store.schema import articles, feeds
from monitor.store.schema import voices as rows
from monitor.store.store import Store
from tests.support.desk import START, Desk, item, page
from tests.support.newsstand import Newsstand


@pytest.fixture
def stand(database_url: str) -> Iterator[Newsstand]:
    """A newsstand over a database whose transaction stays open."""
    engine = database.open_engine(database_url)
    epoch = database.write_once(engine, lambda connection: hold.take(connection, START))
    store = Store(engine, epoch)
    with engine.begin() as connection:
        yield Newsstand(connection)
    store.close()


def test_voices_are_counted_as_articles_come(stand: Newsstand) -> None:
    """Own reports add a voice; an agency's text, a copy, a second feed and a quoted report do not."""
    story = stand.story()
    first = stand.puts(story, "Gazette")
    stand.puts(story, "Herald", copies=first)
    stand.puts(story, "Courier", "agency:reuters")
    stand.puts(story, "Mail", "agency:reuters")
    stand.puts(story, "Gazette", feed=stand.feed("gazette-world"))
    stand.puts(story, "Times of Noon", "report:gazette")
    stand.puts(story, "Google News", aggregator="Google News")
    stand.puts(story, "BBC News", aggregator="Google News")

    assert stand.voices(story) == ("Gazette", "Reuters", "BBC")


def test_a_copy_that_names_the_agency_changes_the_word_of_those_before_it(stand: Newsstand) -> None:
    """The first paper left the credit out; once a copy has it, both owe their text to the agency."""
    story = stand.story()
    stand.puts(story, "Mail", "agency:afp")
    first = stand.puts(story, "Gazette")
    before = stand.voices(story)

    stand.puts(story, "Herald", "agency:afp", copies=first)

    assert before == ("AFP", "Gazette")
    assert stand.voices(story) == ("AFP",)


def test_a_newsroom_keeps_its_name_when_its_first_article_turns_out_to_be_an_agencys(stand: Newsstand) -> None:
    """Names are shown as newsrooms write them, whichever article of theirs, or copy of it, came first."""
    story = stand.story()
    other = stand.feed("herald")
    agencys = stand.puts(story, "Evening Gazette")
    stand.puts(story, "Herald", feed=other, copies=agencys)
    own = stand.puts(story, "Evening Gazette", feed=other)
    stand.puts(story, "Courier", copies=own)

    stand.puts(story, "Mail", "agency:afp", copies=agencys)

    assert stand.voices(story) == ("AFP", "Evening Gazette")


def test_a_new_revision_may_credit_others(stand: Newsstand) -> None:
    """The page says (Reuters) where the feed's summary did not: the article is counted anew, its copies with it."""
    story = stand.story()
    article = stand.puts(story, "Gazette")
    stand.puts(story, "Herald", copies=article)
    stand.puts(story, "Mail", "agency:reuters")

    jobs.speak(stand.connection, article, ("agency:reuters",))

    assert stand.voices(story) == ("Reuters",)


def test_a20_an_untrusted_feed_adds_no_voice_and_takes_none(stand: Newsstand) -> None:
    """Who copies a newsroom before it is read does not speak for it, nor do two copies of that count twice."""
    story = stand.story()
    anybody = stand.feed("anybody", trusted=False)
    copied = stand.puts(story, "Anybody", feed=anybody)
    before = stand.voices(story)
    stand.puts(story, "Gazette", copies=copied)
    stand.puts(story, "Herald", copies=copied)
    stand.puts(story, "Anybody Else", feed=anybody)

    assert before == ()
    assert stand.voices(story) == ("Gazette",)


def test_a_feed_declared_untrusted_loses_its_word_at_once(stand: Newsstand) -> None:
    """What a feed said before the desk stopped trusting it counts no longer."""
    story = stand.story()
    suspect = stand.feed("suspect")
    stand.puts(story, "Gazette")
    stand.puts(story, "Suspect", feed=suspect)
    before = stand.voices(story)

    stand.connection.execute(feeds.update().where(feeds.c.id == suspect).values(trusted=False))

    assert before == ("Gazette", "Suspect")
    assert stand.voices(story) == ("Gazette",)


def test_stories_of_a_version_that_did_not_count_are_counted_when_they_go_on(stand: Newsstand) -> None:
    """Articles stored before voices were kept count as soon as another one comes."""
    story = stand.story()
    first = stand.puts(story, "Gazette")
    stand.puts(story, "Herald", copies=first)
    stand.puts(story, "Mail")
    stand.connection.execute(rows.delete())
    stand.connection.execute(articles.update().values(claim=None, copied_id=None))

    stand.puts(story, "Courier")

    assert stand.voices(story) == ("Gazette", "Mail", "Courier")


def test_merged_stories_are_counted_together(stand: Newsstand) -> None:
    """Two stories that turn out to be one have the voices of both, each once, and the other has none left."""
    other, story = stand.story(), stand.story()
    moved = [stand.puts(other, "Gazette"), stand.puts(other, "Herald", "agency:afp"), stand.puts(other, "BBC")]
    stand.puts(story, "Mail", "agency:afp")
    stand.puts(story, "Gazette")
    stand.connection.execute(articles.update().where(articles.c.id.in_(moved)).values(story_id=story))

    jobs.merge(stand.connection, other, story)

    assert stand.voices(story) == ("Gazette", "AFP", "BBC")
    assert stand.voices(other) == ()
    jobs.recount(stand.connection, story)
    assert stand.voices(story) == ("Gazette", "AFP", "BBC")


def test_a_split_story_is_counted_anew(stand: Newsstand) -> None:
    """After articles left for another story both are right once they are counted anew."""
    story, other = stand.story(), stand.story()
    stand.puts(story, "Gazette")
    stand.puts(story, "Mail", "agency:afp")
    moved = [stand.puts(other, "Gazette"), stand.puts(other, "Herald", "agency:afp"), stand.puts(other, "BBC")]

    stand.connection.execute(articles.update().where(articles.c.id.in_(moved)).values(story_id=story))
    jobs.recount(stand.connection, story)
    jobs.recount(stand.connection, other)

    assert stand.voices(story) == ("Gazette", "AFP", "BBC")
    assert stand.voices(other) == ()


def test_counting_as_they_come_is_counting_all(stand: Newsstand) -> None:
    """Over made-up stories with copies, credits and untrusted feeds the kept count is that of all articles."""
    rng = random.Random(3)
    newsrooms = ("BBC", "Gazette", "Herald", "Reuters", "New York Times", "Courier", "Google News")
    credited = ("agency:reuters", "agency:afp", "agency:agencies", "report:times", "report:bbc")
    trusted, untrusted = stand.feed("trusted"), stand.feed("untrusted", trusted=False)
    for _ in range(25):
        story, known = stand.story(), list[int]()
        for _ in range(12):
            copies = rng.choice(known) if known and rng.random() < 0.4 else None
            feed = trusted if rng.random() < 0.8 else untrusted
            aggregator = "Google News" if rng.random() < 0.2 else None
            given = rng.sample(credited, rng.choice((0, 0, 1, 2)))
            known.append(
                stand.puts(story, rng.choice(newsrooms), *given, feed=feed, copies=copies, aggregator=aggregator)
            )
            if rng.random() < 0.2:
                jobs.speak(stand.connection, rng.choice(known), rng.sample(credited, 1))
        kept = stand.voices(story)

        assert len(kept) == stand.counted(story).count
        jobs.recount(stand.connection, story)
        assert stand.voices(story) == kept


def test_a_large_story_costs_no_more_statements_than_a_small_one(stand: Newsstand) -> None:
    """Another article of a story with 600 articles is counted with as many statements as in one with three."""
    small, large = stand.story(), stand.story()
    for n in range(3):
        stand.puts(small, f"Paper {n}")
    for n in range(600):
        stand.puts(large, f"Paper {n % 40}", *(("agency:afp",) if n % 3 else ()))
    asked: list[int] = []

    @sa.event.listens_for(stand.connection, "before_cursor_execute")
    def count(*_: object) -> None:
        asked[-1] += 1

    for story in (small, large):
        asked.append(0)
        stand.puts(story, "Evening Paper")
        stand.voices(story)

    assert asked[0] == asked[1]
    many = sa.select(sa.func.count()).select_from(rows).where(rows.c.story_id == large)
    assert stand.connection.execute(many).scalar() == 42


def test_credits_are_read_from_pages_stored_and_counted(desk: Desk) -> None:
    """Two papers print one agency's report: both say so, and together they are the agency."""
    wire = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    desk.web.answers["https://gazette.example/a/1"] = page("Committee hears witnesses", f"CAIRO (AFP) - {wire}")
    desk.web.answers["https://herald.example/a/1"] = page("Witnesses before committee", f"CAIRO (AFP) - {wire}")
    desk.publishes("gazette", item(1, "Committee hears witnesses"))
    desk.later()
    desk.publishes("herald", item(1, "Witnesses before committee", site="herald"))

    desk.later()

    found = desk.read(lambda c: c.execute(sa.select(articles.c.story_id, articles.c.credits)).all())
    assert [row.credits for row in found] == [["agency:afp"], ["agency:afp"]]
    assert desk.read(lambda c: jobs.voices_of(c, found[0].story_id)) == ("AFP",)
