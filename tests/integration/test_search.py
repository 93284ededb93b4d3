"""The archive is searched with the language of rules: nothing that can match is missed, and what was not looked at is
named. On both databases."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings

from monitor import errors
from monitor.jobs import archive
from monitor.rules import asked, load
from monitor.store import articles as store_articles
from monitor.store import database, search
from monitor.store.schema import articles, counters
from monitor.store.search import Filters
from tests.support.archive import START, Written, fill
from tests.support.databases import Databases
from tests.unit.rules import test_reference as reference

NAMES = {
    "lists/l.yaml": """\
format: 1
lists:
  words: {any: [aid, re-settle, {name: us, require: [gaza]}], ar: [تهج*]}
""".encode(),
    "entities/e.yaml": """\
format: 1
entities:
  - id: places
    type: place
    names: {en: [Gaza, Gaza now, {name: settle, require: [resettle], within: article}], he: [עזה], ar: [القاهرة]}
  - {id: minister, type: office, names: {en: [sa'ar]}, holders: [{id: places, from: 2025}]}
""".encode(),
}
VOCABULARIES = {one.id: one for one in load.load_packs(NAMES).vocabularies}
HOUR = timedelta(hours=1)
EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
"""Of queries; after a change of the language or of the look-up run with EXAMPLES=2000 and --timeout=0."""


def random_archive() -> list[Written]:
    """Return articles of the words that the queries of the reference test know."""
    chance, world = random.Random(7), reference.MIXED

    def text(words: int) -> str:
        return "".join(chance.choice(world.words) + chance.choice(world.gaps) for _ in range(words))

    langs = ("en", "ar", "he", None)
    return [
        Written(text(chance.randint(1, 4)), text(chance.randint(0, 14)), chance.choice(langs), author="Jane Doe")
        for _ in range(80)
    ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, made_databases: Databases) -> Iterator[sa.Engine]:
    """A database with a random archive."""
    url = made_databases.sqlite() if request.param == "sqlite" else made_databases.postgresql()
    made = database.open_engine(url)
    database.write_once(made, lambda connection: fill(connection, random_archive()))
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose changes nobody sees."""
    with engine.connect() as opened:
        yield opened
        opened.rollback()


def ask(query: str, **about: object) -> archive.Asked:
    """Return a question; every key of it may be given."""
    return archive.Asked(asked.parse(query, VOCABULARIES), **about)  # type: ignore[arg-type]


def ids(found: archive.Found) -> list[int]:
    """Return the ids on a page."""
    return [hit.id for hit in found.hits]


# -- nothing is missed -------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reference.queries_of(reference.MIXED))
def test_what_a_query_is_true_of_is_found(engine: sa.Engine, written: str) -> None:
    """For any query, the pages of the search together hold exactly what evaluating every article finds."""
    try:
        query = asked.parse(written, VOCABULARIES)
    except errors.RuleError:
        assume(False)
    with engine.connect() as opened:
        every = store_articles.load(opened, list(opened.execute(sa.select(articles.c.id)).scalars()))
        true = [one.id for one in every if asked.judge(query, one.article) is not None]

        found, below = [], None
        while True:
            page = archive.search(opened, archive.Asked(query, below=below, limit=7))
            found, below = found + ids(page), page.below
            if below is None:
                break

    assert found == true


# -- pages, time and filters ---------------------------------------------------------------------------


def test_a_page_ends_with_where_to_go_on(connection: sa.Connection) -> None:
    """Pages are newest first, each begins where the last one ended, and the last says that the archive ends."""
    numbers = fill(connection, [Written(f"Harbour strike, day {n}") for n in range(5)])

    first = archive.search(connection, ask('"harbour strike"', limit=3))
    second = archive.search(connection, ask('"harbour strike"', limit=3, below=first.below))

    assert (ids(first), ids(second)) == (numbers[:1:-1], numbers[1::-1])
    assert first.in_time
    assert first.searched_to == START + 2 * HOUR
    assert second.below is None


def test_a_search_that_runs_out_of_time_says_how_far_it_came(connection: sa.Connection) -> None:
    """It is no answer of nothing found: it names the date down to which was searched, and goes on from there."""
    numbers = fill(connection, [Written(f"Harbour strike, day {n}", "no end") for n in range(100)])
    ticks = iter(range(1_000))
    query = '"harbour strike" AND NOT end'

    first = archive.search(connection, ask(query, seconds=1), now=lambda: next(ticks))

    assert (first.hits, first.in_time) == ((), False)
    assert first.looked_at == archive.LOADED
    assert first.below == numbers[-archive.LOADED]
    assert first.searched_to == START + (100 - archive.LOADED) * HOUR
    assert archive.search(connection, ask(query, below=first.below)).below is None


def test_a_query_that_no_word_leads_to_is_read_article_by_article(connection: sa.Connection) -> None:
    """A pattern alone cannot be looked up; it is found all the same, and said that it was read through."""
    numbers = fill(connection, [Written("Order 66 issued"), Written("Order given")])

    found = archive.search(connection, ask(r"re:/order \d+/"))

    assert ids(found)[:1] == numbers[:1]
    assert not found.indexed
    assert archive.search(connection, ask("order")).indexed


def test_filters_of_time_newsroom_language_and_pack(connection: sa.Connection) -> None:
    """Each leaves only what it names; `since` counts from its moment, `until` ends before it."""
    a, b, c, d = fill(
        connection,
        [
            Written("Harbour closed", lang="en"),
            Written("Harbour shut", lang="en", feed="herald"),
            Written("Le harbour", lang="fr", feed="herald"),
            Written("Harbour open", lang="en", pack="docks"),
        ],
    )

    def found(**filters: object) -> list[int]:
        return ids(archive.search(connection, ask("harbour", filters=Filters(**filters))))  # type: ignore[arg-type]

    assert found() == [d, c, b, a]
    assert found(since=START + HOUR, until=START + 3 * HOUR) == [c, b]
    assert found(newsroom="Herald") == found(newsroom="herald") == [c, b]
    assert found(lang="fr") == [c]
    assert found(pack="docks") == [d]
    assert found(newsroom="Nobody") == []


def test_a_rare_newsroom_among_many_articles_still_gets_on(connection: sa.Connection) -> None:
    """Where a filter turns every article of a batch away, a search out of time goes on behind them."""
    numbers = fill(connection, [Written("Harbour shut", feed="herald"), *[Written("Harbour closed")] * 60])
    ticks = iter(range(0, 1_000, 10))
    only = Filters(newsroom="Herald")

    first = archive.search(connection, ask("harbour", filters=only, seconds=1), now=lambda: next(ticks))
    rest = archive.search(connection, ask("harbour", filters=only, below=first.below))

    assert (first.hits, first.below) == ((), numbers[-search.FIRST_BATCH])
    assert ids(rest) == numbers[:1]


# -- what is found -------------------------------------------------------------------------------------


def test_words_are_found_as_rules_find_them(connection: sa.Connection) -> None:
    """Behind clitics, joined or split by hyphens, with other accents; in the title alone where that is asked for."""
    arabic, split, joined, accents = fill(
        connection,
        [Written("للقاهرة"), Written("They re-locate"), Written("relocate the head office"), Written("Élysée")],
    )

    assert archive.search(connection, ask("القاهرة")).hits[0].id == arabic
    assert {split, joined} <= set(ids(archive.search(connection, ask("relocate"))))
    assert {split, joined} <= set(ids(archive.search(connection, ask("reloc*"))))
    assert ids(archive.search(connection, ask("re-locate"))) == [joined, split]
    assert ids(archive.search(connection, ask("title:elysee"))) == [accents]
    assert ids(archive.search(connection, ask("body:elysee"))) == []


def test_only_articles_that_hold_every_word_are_read(connection: sa.Connection) -> None:
    """Further spellings of one word widen that word alone: the index asks for all three, whatever their forms."""
    both = [Written("للقاهرة harbour"), Written("القاهرة harbour")]
    fill(connection, [*both, Written("للقاهرة strike"), Written("harbour strike"), Written("للقاهرة harbour strike")])

    found = archive.search(connection, ask("القاهرة AND harbour AND strike"))

    assert (len(found.hits), found.looked_at) == (1, 1)


def test_every_span_is_shown_where_it_stands(connection: sa.Connection) -> None:
    """The places that make the query true count within title and text as they are stored."""
    fill(connection, [Written("Aid for Gaza", "Convoys of aid wait.\nGAZA's port is shut.")])

    (hit,) = archive.search(connection, ask("aid AND port AND convoys")).hits

    spans = {(span.field, span.text) for span in hit.evidence}
    assert spans == {("title", "Aid"), ("text", "aid"), ("text", "Convoys"), ("text", "port")}
    assert all(getattr(hit.article, span.field)[span.start : span.end] == span.text for span in hit.evidence)


def test_letters_that_an_index_may_not_know_are_read_for(connection: sa.Connection) -> None:
    """Scripts younger than the databases' tables are found by reading: slower, never missed."""
    (number,) = fill(connection, [Written("𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪")])

    found = archive.search(connection, ask("𞤀𞤣𞤤𞤢𞤥"))

    assert (ids(found), found.indexed) == ([number], False)


def test_an_archive_of_before_says_what_it_finds_only_as_written(connection: sa.Connection) -> None:
    """Until the forms of old articles are noted, the answer names the articles that may lack some."""
    (number,) = fill(connection, [Written("للقاهرة")], forms=False)
    connection.execute(counters.insert().values(name="forms_missing", value=number))

    found = archive.search(connection, ask("قاهرة AND للقاهرة"))

    assert found.unsure_below == number
