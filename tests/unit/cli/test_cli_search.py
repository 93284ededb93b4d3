"""`wirewatch search` on a small archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.jobs.archive import read_moment
from monitor.store import database, migrate
from tests.support import commands
from tests.support.archive import START, Written, fill

LISTS = "format: 1\nlists:\n  leaving: {any: [resettl*, relocat*]}\n"
PACK = """\
format: 1
pack: move
lists:
  hosts: {any: [Egypt, Jordan]}
rules:
  - {id: core, any: [$leaving, $hosts]}
tests:
  should_match: [{text: resettled}]
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with an archive of four articles, the last of which holds what a terminal would act on."""
    folder = tmp_path_factory.mktemp("search")
    for path, written in {"lists/l.yaml": LISTS, "packs/p.yaml": PACK}.items():
        (folder / "rules" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "rules" / path).write_text(written)
    file = folder / "config.toml"
    file.write_text('[monitor]\ndatabase = "sqlite:///world.db"\nrules = "rules"\ntimezone = "Asia/Jerusalem"\n')
    engine = database.open_engine(f"sqlite:///{folder / 'world.db'}")
    migrate.upgrade(engine, START)
    written = [
        Written("Plan to resettle Gazans", "Cairo refuses.\nEgypt was told to relocate camps. " + "Nothing new. " * 40),
        Written("Jordan rejects plan", "It will not resettle anybody.", feed="herald", pack="move"),
        Written("Weather", "Rain expected."),
        Written("Rain \x1b[2J\x07 and\nstorm", "A \x1b]0;owned\x07 storm."),
    ]
    database.write_once(engine, lambda connection: fill(connection, written))
    engine.dispose()
    return file


def call(config: Path, *arguments: str) -> commands.Done:
    """Run `wirewatch search`."""
    return commands.call("search", *arguments, "--config", config)


def test_search_prints_articles_with_what_matched(config: Path) -> None:
    """Newest first, each with its excerpts cut around the words; names of the rule files count."""
    done = call(config, "$leaving AND (Egypt OR Jordan)")

    assert done.code == 0
    assert [line.split("  ")[0] for line in done.out.splitlines() if line.startswith("art-")] == ["art-2", "art-1"]
    assert "2025-03-01 02:00" in done.out
    assert "Egypt was told to relocate camps." in done.out
    assert "…" in done.out
    assert done.out.splitlines()[-1] == "2 articles"


def test_search_as_json_counts_in_the_original(config: Path) -> None:
    """Programs get every span with its place, and where the next page begins."""
    done = call(config, "resettl*", "--limit", "1", "--json")

    [hit] = done.json["hits"]
    assert (hit["id"], hit["newsroom"], hit["evidence"][0]["text"]) == ("art-2", "Herald", "resettle")
    assert done.json["next"] == 2
    rest = call(config, "resettl*", "--before", "art-2", "--json")
    assert [hit["id"] for hit in rest.json["hits"]] == ["art-1"]
    assert rest.json["next"] is None


def test_search_filters_and_lists_of_a_pack(config: Path) -> None:
    """With a pack, its own lists may be named; only articles that matched it are found."""
    assert call(config, "$hosts", "--pack", "move", "--json").json["hits"][0]["id"] == "art-2"
    assert [hit["id"] for hit in call(config, "resettl*", "--newsroom", "gazette", "--json").json["hits"]] == ["art-1"]
    assert call(config, "rain", "--until", "2025-03-01T00:00Z").code == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [("Gaza AND", "query:1:6"), ("Gaza NEAR/90 aid", "query:1:6"), ("$nobody", "query:1:1"), ("a b", "query:1:3")],
)
def test_a_wrong_query_is_shown_with_its_place(config: Path, query: str, place: str) -> None:
    """As in rule files: line, column, code, and a caret below it."""
    done = call(config, query)

    assert done.code == 2
    assert done.err.startswith(place)
    column = int(place.rpartition(":")[2])
    assert f"\n  {query}\n  {' ' * (column - 1)}^" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rain", "--since", "yesterday"), "write 2025-03-01"),
        (("rain", "--before", "al-3"), "write art-17"),
        (("rain", "--pack", "nobody"), "there is move"),
    ],
)
def test_wrong_options_say_what_to_write(config: Path, arguments: tuple[str, ...], said: str) -> None:
    """Usage faults end with 2."""
    done = call(config, *arguments)

    assert (done.code, said in done.err) == (2, True)


def test_nothing_found_is_an_answer(config: Path) -> None:
    """As grep does: 1, and no article; the whole archive was searched."""
    done = call(config, "tornado")

    assert (done.code, done.out) == (1, "nothing found\n")


def test_a11_data_does_nothing_to_the_terminal(config: Path) -> None:
    """Escape sequences and line breaks of an article stay out of what is printed."""
    done = call(config, "storm")

    assert "\x1b" not in done.out
    assert "\x07" not in done.out
    assert len(done.out.splitlines()) == 3


def test_times_that_people_write() -> None:
    """A duration counts back from now, a date begins in the desk's zone, and a zone that is written counts."""
    now = datetime(2025, 3, 10, 12, tzinfo=UTC)

    assert read_moment("2d", "Asia/Jerusalem", now) == datetime(2025, 3, 8, 12, tzinfo=UTC)
    assert read_moment("2025-03-01", "Asia/Jerusalem", now) == datetime(2025, 2, 28, 22, tzinfo=UTC)
    assert read_moment("2025-03-01T08:00+01:00", "UTC", now) == datetime(2025, 3, 1, 7, tzinfo=UTC)
