"""Lists of the dashboard on both databases: pages by cursor hold everything once, filters hold what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import alert_views, articles, decisions, ledger, ratings, schema, story_pages, times_by_key, wanted
from tests.support import dashboard, databases
from tests.support.desk import Desk

MANY = 40
KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="module", params=KINDS)
def desk(
    request: pytest.FixtureRequest, made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A monitor whose archive holds what four newsrooms published, and forty alerts more."""
    url = made_databases.sqlite() if request.param == "sqlite" else made_databases.postgresql()
    made = Desk(url, Path(tmp_path_factory.mktemp("lists")), {"packs/move.yaml": dashboard.PACK})
    dashboard.seed(made)
    dashboard.seed_many(made, MANY)
    made.write(lambda c: _index(c, {1_000_004: "river port", 1_000_009: "railway port"}))
    yield made
    made.close()


def test_pages_of_alerts_hold_every_alert_once(desk: Desk) -> None:
    """Going on from page to page shows all alerts, newest first, and then ends."""
    expected = [row.id for row in desk.read(lambda c: decisions.list_alerts(c, limit=1000))]

    seen: list[int] = []
    before: int | None = None
    for _ in range(20):
        page = desk.read(lambda c, at=before: alert_views.list_page(c, alert_views.Narrowed(), 7, at))
        seen += [row.id for row in page.rows]
        before = page.before
        if before is None:
            break

    assert seen == expected
    assert before is None


def test_a_page_that_looks_at_its_bound_says_where_to_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is rare is found page after page, each of which looks at no more than its bound."""
    monkeypatch.setattr(alert_views, "MOST_LOOKED", 10)
    rare = alert_views.Narrowed(newsroom="Newsroom 3", severity="urgent")

    pages = []
    before: int | None = None
    for _ in range(20):
        page = desk.read(lambda c, at=before: alert_views.list_page(c, rare, 5, at))
        pages.append(page)
        before = page.before
        if before is None:
            break

    found = [row for page in pages for row in page.rows]
    assert {row.newsroom for row in found} == {"Newsroom 3", "Newsroom 31", "Newsroom 35", "Newsroom 39"}
    assert len(pages) > 3
    assert all(page.looked_to is not None for page in pages[:-1] if len(page.rows) < 5)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("river",), {4}), (("riv",), {4}), (("river", "council"), set()), (("railway", "port"), {9})],
)
def test_words_are_found_in_titles_and_texts(desk: Desk, words: tuple[str, ...], expected: set[int]) -> None:
    """Every word must be there, each perhaps as the beginning of one; straight rows have their words in the index."""
    asked = wanted.all_of(wanted.phrase([word], begins=True) for word in words)

    page = desk.read(lambda c: alert_views.list_page(c, alert_views.Narrowed(words=asked), 50))

    assert {row.id - 1_000_000 for row in page.rows} == expected


def _index(c: sa.Connection, titles: dict[int, str]) -> None:
    for number, title in titles.items():
        articles.index_words(c, number, (title, "committee"), None)


def test_ratings_narrow_a_list(desk: Desk) -> None:
    """Rated by anybody counts; not rated is the rest."""
    now = desk.clock.now()
    desk.write(lambda c: ratings.rate(c, 1_000_001, "noise", "anna", now))
    desk.write(lambda c: ratings.rate(c, 1_000_001, "useful", "ben", now))

    def count(rated: str) -> int:
        return len(desk.read(lambda c: alert_views.list_page(c, alert_views.Narrowed(rated=rated), 100)).rows)

    every = len(desk.read(lambda c: decisions.list_alerts(c, limit=1000)))
    assert (count("noise"), count("useful"), count("none")) == (1, 1, every - 1)


def test_times_are_found_among_keys(desk: Desk) -> None:
    """The first key at a time is the one that a look at every row finds; after all one more."""
    key, time = schema.alerts.c.id, schema.alerts.c.created_at
    rows = desk.read(lambda c: c.execute(sa.select(key, time).where(key >= 1_000_000).order_by(key)).all())
    for at in (rows[3][1], rows[3][1] + timedelta(seconds=1), rows[-1][1], rows[-1][1] + timedelta(hours=1)):
        expected = next((number for number, made in rows if made >= at), rows[-1][0] + 1)

        assert desk.read(lambda c, at=at: times_by_key.first_key_at(c, key, time, at)) == expected


@pytest.mark.parametrize(
    "show", [story_pages.Narrowed(), story_pages.Narrowed(told=True), story_pages.Narrowed(pack="move")]
)
def test_pages_of_stories_hold_every_story_once(desk: Desk, show: story_pages.Narrowed) -> None:
    """Going on from page to page shows each story once, the one with the latest article first."""
    seen: list[int] = []
    place: story_pages.Place | None = None
    for _ in range(20):
        page = desk.read(lambda c, at=place: story_pages.list_page(c, show, 6, at))
        seen += [row.id for row in page.rows]
        if page.before is None:
            break
        place = story_pages.Place.from_text(page.before.to_text())

    stories = schema.stories
    order = (stories.c.updated_at.desc(), stories.c.id.desc())
    every = desk.read(lambda c: list(c.scalars(sa.select(stories.c.id).where(stories.c.articles > 0).order_by(*order))))
    told = {row.story_id for row in desk.read(lambda c: decisions.list_alerts(c, limit=1000))}
    assert seen == [number for number in every if show == story_pages.Narrowed() or number in told]


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "9999999999999999999-1", "1-2-3", "١-٢", "999999999999999999-1"])
def test_a_place_that_is_none_begins_anew(text: str) -> None:
    """Whatever an address carries, it is a place or none."""
    assert story_pages.Place.from_text(text) is None


@pytest.mark.parametrize(
    "show",
    [
        ledger.Narrowed(),
        ledger.Narrowed(pack="move"),
        ledger.Narrowed(outcome="suppressed"),
        ledger.Narrowed(outcome="none"),
        ledger.Narrowed(reason="copy"),
        ledger.Narrowed(reason="no_match"),
        ledger.Narrowed(feed="gazette"),
        ledger.Narrowed(feed="gazette", pack="move", outcome="suppressed"),
        ledger.Narrowed(feed="nobody"),
    ],
)
@pytest.mark.parametrize("bound", [20_000, 9])
def test_pages_of_the_ledger_hold_every_decision_once(
    desk: Desk, show: ledger.Narrowed, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each decision that fits stands on one page, in their order, however little a page looks at."""
    monkeypatch.setattr(ledger, "MOST_LOOKED", bound)
    seen: list[tuple[int, str, int]] = []
    before: int | None = None
    for _ in range(60):
        page = desk.read(lambda c, at=before: ledger.list_page(c, show, 5, at))
        seen += [(row.revision_id, row.pack, row.n) for row in page.rows]
        before = page.before
        if before is None:
            break

    every = desk.read(lambda c: ledger.list_page(c, ledger.Narrowed(), 10_000)).rows
    fitting = [
        row
        for row in every
        if show.pack in (None, row.pack)
        and show.outcome in (None, row.outcome)
        and show.reason in (None, row.reason)
        and show.feed in (None, row.feed)
    ]
    assert before is None
    assert seen == [(row.revision_id, row.pack, row.n) for row in fitting]
    assert fitting or show.feed == "nobody"


def test_an_index_leads_to_what_the_ledger_is_narrowed_to(desk: Desk) -> None:
    """SQLite takes the partial index whose condition a statement repeats, and sorts nothing."""
    if desk.store.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    for show, index in (
        (ledger.Narrowed(pack="move"), "ix_decisions_pack_decided_seq_of_matched"),
        (ledger.Narrowed(reason="copy"), "ix_decisions_reason_decided_seq_of_reason"),
        (ledger.Narrowed(outcome="alert"), "ix_decisions_decided_seq_of_matched"),
        (ledger.Narrowed(), "ix_decisions_decided_seq"),
    ):
        query = ledger._keys(show, None).order_by(schema.decisions.c.decided_seq.desc()).limit(5)

        def plan(c: sa.Connection, query: sa.Select[tuple[int]] = query) -> str:
            text = str(query.compile(c.engine, compile_kwargs={"literal_binds": True}))
            return "\n".join(row[-1] for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))

        told = desk.read(plan)
        assert index in told
        assert "TEMP B-TREE" not in told
