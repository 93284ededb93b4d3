"""Stories that many tell, tell late or without a date: one first alert, none lost. By the deciding step itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import replay
from monitor.rules import load
from monitor.rules.compile import RuleSet, compile_rules
from monitor.store import database
from monitor.store.schema import articles, matches, revisions, stories, story_terms, voices
from monitor.store.schema import decisions as decided
from tests.support import invariants

START = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
PACKS = {
    "packs/move.yaml": b"""\
format: 1
pack: move
rules:
  - {id: core, any: [resettlement], severity: normal}
  - {id: loud, all: [resettlement, ultimatum], severity: urgent}
""",
    "packs/sure.yaml": b"""\
format: 1
pack: sure
corroboration: {newsrooms: 2, hold: 30m}
rules:
  - {id: core, any: [resettlement]}
""",
}
LONG = " ".join(f"The committee heard witness {chr(97 + n)} on the resettlement of families." for n in range(12))


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    """One pack that tells at once, and one that waits for a second newsroom."""
    loaded = load.load_packs(PACKS)
    assert not loaded.broken
    return compile_rules(loaded.packs)


@pytest.fixture
def engine(database_url: str) -> sa.Engine:
    """A fresh database."""
    return database.open_engine(database_url)


@pytest.fixture
def judge(rules: RuleSet, engine: sa.Engine) -> Iterator[replay.Replay]:
    """The deciding step over that database, which keeps its promises in the end."""
    made = replay.Replay(rules, engine=engine)
    yield made
    with engine.connect() as connection:
        found = [breach for breach in invariants.violations(connection) if "is in no message" not in breach]
    made.close()
    assert found == []


def row(n: int, title: str = "Resettlement plan unveiled", text: str = LONG, **keys: object) -> replay.Row:
    """Return an article of a newsroom of its own, a minute after the one before."""
    made = {"url": f"https://room{n}.example/a", "source": f"Room {n}", "published": START + timedelta(minutes=n)}
    return replay.Row(f"a{n}", title, text, **{**made, **keys})  # type: ignore[arg-type] - keys of Row


def decisions(judge: replay.Replay, rows: Iterable[replay.Row], pack: str = "move") -> list[tuple[str, str]]:
    """Return what is decided for a pack about each row as it comes."""
    return [
        (one.outcome.value, one.reason.value) for row in rows for one in judge.judge(row).decisions if one.pack == pack
    ]


def test_one_text_under_a_hundred_addresses_is_told_once(judge: replay.Replay) -> None:
    """A wire report in a hundred newsrooms is one voice: one alert, ninety-nine copies, no newsroom step."""
    made = Counter(decisions(judge, (row(n) for n in range(100))))

    assert made == {("alert", "first_report"): 1, ("suppressed", "same_text"): 99}


def test_one_text_under_a_hundred_addresses_confirms_nothing(judge: replay.Replay) -> None:
    """The pack that wants a second newsroom holds the first and folds its copies: no second hold begins."""
    made = decisions(judge, (row(n) for n in range(25)), "sure")

    assert made == [("held", "awaiting_corroboration"), *[("suppressed", "same_text")] * 24]


def test_an_address_that_is_rewritten_for_ever_makes_one_first_alert(judge: replay.Replay) -> None:
    """New numbers in each version: they are told at most four times a day."""
    rows = (
        row(n, text=f"The resettlement of {1000 + n * 97} families began.", url="https://gazette.example/live")
        for n in range(0, 600, 12)
    )

    made = Counter(decisions(judge, rows))

    assert made["alert", "first_report"] == 1
    assert sum(count for (outcome, _), count in made.items() if outcome == "alert") == 1
    assert made["held", "awaiting_interval"] <= 1 + 600 // 360
    assert sum(made.values()) == 50


# -- ten thousand articles -------------------------------------------------------------------------

CROWD = 9_900
STRIKE = (
    "Dock workers walked out at the port of Tarsa on Monday over the resettlement of their families, and no ship was"
    " unloaded, the harbour master said. The union wants the plan withdrawn before talks with the owners begin."
)
RETOLD = (
    "The harbour of Tarsa stood still on Monday after dock workers walked out against the resettlement of their"
    " families. Talks with the owners are to begin once the plan is withdrawn, says the union of workers {name}."
)
THIRD = (
    "No ship was unloaded at Tarsa on Monday. The workers of the docks walked out, said the harbour master, because a"
    " plan for the resettlement of their families is not withdrawn; owners and union are to talk."
)
NAMES = ("Abel", "Borg", "Cohen", "Dahl", "Evans", "Fahmy", "Grant", "Haddad", "Ito", "Jansen", "Khan", "Levi")


def crowd(connection: sa.Connection, like: int, count: int) -> None:
    """Add rows as `count` further articles would have left them that are like the article `like` and were folded."""
    first = like + 1
    start = sa.select(sa.literal(first).label("id")).cte("numbered", recursive=True)
    number = start.union_all(sa.select(start.c.id + 1).where(start.c.id < first + count - 1))
    newest = number.c.id > first + count - 100

    def add(table: sa.Table, own: Mapping[str, Any], *where: Any) -> None:
        names = [column.name for column in table.columns]
        values = [own.get(name, table.c[name]) for name in names]
        chosen = sa.select(*values).select_from(table.join(number, sa.true())).where(*where)
        connection.execute(table.insert().from_select(names, chosen))

    add(articles, {"id": number.c.id}, articles.c.id == like)
    add(revisions, {"id": number.c.id, "article_id": number.c.id}, revisions.c.article_id == like)
    add(matches, {"revision_id": number.c.id}, matches.c.revision_id == like)
    add(decided, {"revision_id": number.c.id}, decided.c.revision_id == like)
    add(story_terms, {"article_id": number.c.id}, story_terms.c.article_id == like, newest)
    connection.execute(stories.update().where(stories.c.id == 1).values(articles=stories.c.articles + count))
    counted = voices.update().where(voices.c.story_id == 1, voices.c.first_id == like)
    connection.execute(counted.values(articles=voices.c.articles + count))
    if connection.dialect.name == "postgresql":
        for name in ("articles", "revisions"):
            last = sa.func.setval(sa.func.pg_get_serial_sequence(name, "id"), first + count)
            connection.execute(sa.select(last))


def test_ten_thousand_articles_in_one_story_make_one_first_alert(rules: RuleSet, engine: sa.Engine) -> None:
    """What comes after all of them is folded, counted and told where it says more, as after the first two."""
    judge = replay.Replay(rules, engine=engine)
    first = decisions(
        judge, [row(0, "Strike closes port of Tarsa", STRIKE), row(1, "Tarsa: strike", RETOLD.format(name="Aalto"))]
    )
    with engine.begin() as connection:
        crowd(connection, 2, CROWD)

    rows = [row(2 + n, "Tarsa: port closed by strike", RETOLD.format(name=name)) for n, name in enumerate(NAMES)]
    copies = Counter(decisions(judge, rows))
    more = decisions(
        judge, [row(98, "Port of Tarsa stands still", THIRD), row(99, "Tarsa: ultimatum in strike", THIRD)]
    )

    assert first == [("alert", "first_report"), ("suppressed", "same_story")]
    assert copies == {("suppressed", "copy"): len(NAMES)}
    assert more == [("update", "newsrooms"), ("update", "higher_severity")]
    assert len(set(judge.stories().values())) == 1
    with engine.connect() as connection:
        counted = connection.scalar(sa.select(stories.c.articles))
    judge.close()
    assert counted == CROWD + 2 + len(NAMES) + 2


# -- late, without a date, empty --------------------------------------------------------------------


def test_article_that_comes_a_day_late_is_no_second_first_report(judge: replay.Replay) -> None:
    """Published before the one that was told, read a day after it: the story is told already."""
    late = row(2, published=START - timedelta(days=1))

    assert decisions(judge, [row(1), late]) == [("alert", "first_report"), ("suppressed", "same_text")]


def test_retelling_that_comes_a_day_late_is_no_second_first_report(judge: replay.Replay) -> None:
    """In words of its own, and out of order: folded into what was told."""
    rows = [
        row(1, "Strike closes port of Tarsa", STRIKE),
        row(2, "Tarsa: strike", RETOLD.format(name="Abel"), published=START - timedelta(days=1)),
        row(3, "Port of Tarsa stands still", THIRD, published=START + timedelta(hours=2)),
    ]

    assert decisions(judge, rows) == [
        ("alert", "first_report"),
        ("suppressed", "same_story"),
        ("update", "newsrooms"),
    ]


def test_late_article_of_a_higher_severity_is_told(judge: replay.Replay) -> None:
    """What comes out of order is told all the same where it says more."""
    late = row(2, "Resettlement ultimatum", published=START - timedelta(days=1))

    assert decisions(judge, [row(1), late]) == [("alert", "first_report"), ("update", "higher_severity")]


def test_undated_articles_are_decided_like_others(judge: replay.Replay) -> None:
    """No date at all, before and after a dated one: one first alert."""
    rows = [row(1, published=None), row(2), row(3, published=None)]

    assert decisions(judge, rows) == [("alert", "first_report"), *[("suppressed", "same_text")] * 2]


@pytest.mark.parametrize("text", ["", "Resettlement.", "."])
def test_empty_and_one_line_articles_are_each_told(judge: replay.Replay, text: str) -> None:
    """Articles of nothing but a headline are no copies of one another for want of text."""
    rows = [row(1, "Resettlement refused", text), row(2, "Convoy with aid leaves; resettlement a topic", text)]

    assert [reason for _, reason in decisions(judge, rows)] == ["first_report", "first_report"]


def test_f12_clock_of_a_stream_that_goes_back_and_forth_loses_no_hold(judge: replay.Replay) -> None:
    """Dates a month ahead and back while a report is held: it is held once and told once."""
    minutes = (0, 43_200, 5, -43_200, 10, 45, 46)
    for n, after in enumerate(minutes):
        judge.judge(row(n, published=START + timedelta(minutes=after)))

    stands = Counter(one.made.outcome for one in judge.standing() if one.made.pack == "sure")

    assert stands == {"alert": 1, "suppressed": len(minutes) - 1}
