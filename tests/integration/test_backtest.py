"""Edited rules beside the live ones over an archive that the deciding step itself has filled, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import workers
from monitor.backtest import run
from monitor.backtest.values import Pair, Report
from monitor.errors import RuleError, WorkerError
from monitor.store import silences
from tests.support import databases
from tests.support.trials import START, Archive, InPlace, pack, source_of

LIVE = pack(["{id: core, any: [embargo, grant]}"])
HELD = "corroboration: {newsrooms: 2, hold: 6h, else: suppress}\n"


@pytest.fixture
def archive(database_url: str) -> Iterator[Archive]:
    """An empty archive under the live rules."""
    made = Archive.begin(database_url, LIVE)
    yield made
    made.engine.dispose()


def tried(archive: Archive, folder: Path, edited: Mapping[str, str], *pairs: Pair, **more: object) -> Report:
    """Return the report of a backtest whose tasks run here."""
    job = archive.job(folder, edited, *pairs, **more)  # type: ignore[arg-type]
    period = START, START + timedelta(days=40)
    return asyncio.run(run.run(InPlace(), job, period, stretch=3))  # type: ignore[arg-type]


def said(report: Report) -> list[str]:
    """Return the changes in short, oldest first."""
    return [f"{change.kind} {change.title}: {change.why}" for change in reversed(report.changes)]


def test_the_same_rules_tell_what_the_daemon_told(archive: Archive, tmp_path: Path) -> None:
    """A pack that only moved in its file tells the very alerts that were told, and none differs."""
    archive.has("Embargo on oil is lifted in Lisbon")
    archive.has("Embargo on oil is lifted in Lisbon, ministers say", "Herald", after=90)
    archive.has("Farmers get a grant for wells near Porto", after=4000)
    archive.has("Cyclists race through the hills", after=4100)

    report = tried(archive, tmp_path, {name: f"# moved\n{text}" for name, text in LIVE.items()})

    assert report.changed == 0
    assert report.told == (2, 2)
    assert report.kept == report.recorded == 2
    assert (report.read, report.matched) == (4, (3, 3))


def test_a_new_term_gains_and_a_missing_one_loses(archive: Archive, tmp_path: Path) -> None:
    """Each alert gained or lost names the term that did it, and the tables count it per day and per term."""
    archive.has("Embargo on oil is lifted in Lisbon")
    archive.has("Farmers get a grant for wells near Porto", after=60 * 30)
    archive.has("Subsidy for shipyards is doubled by parliament", after=60 * 60)

    report = tried(archive, tmp_path, pack(["{id: core, any: [embargo, subsidy]}"]))

    assert said(report) == [
        "lost Farmers get a grant for wells near Porto: `grant` is gone",
        "gained Subsidy for shipyards is doubled by parliament: `subsidy` is new",
    ]
    assert [(row.word.term, row.gained, row.lost) for row in report.terms] == [("grant", 0, 1), ("subsidy", 1, 0)]
    days = {day.day.isoformat(): (day.live, day.edited, day.gained, day.lost, day.moved) for day in report.days}
    assert days == {"2025-03-10": (1, 1, 0, 0, 0), "2025-03-11": (1, 0, 0, 1, 0), "2025-03-12": (0, 1, 1, 0, 0)}


def test_an_exclusion_is_named_by_the_words_that_it_excludes(archive: Archive, tmp_path: Path) -> None:
    """An alert lost to a new exclusion is put down to the excluded word, one gained by dropping it as well."""
    archive.has("Football embargo ends for the league of Lisbon")
    edited = pack(["{id: core, any: [embargo, grant], none: [football]}"])

    lost = tried(archive, tmp_path, edited)

    assert [change.kind for change in lost.changes] == ["lost"]
    assert "football" in lost.changes[0].why.lower()
    assert [(row.word.term, row.gained, row.lost) for row in lost.terms] == [("football", 0, 1)]


def test_an_alert_moves_where_another_article_tells_the_story(archive: Archive, tmp_path: Path) -> None:
    """Where the first report of a story no longer matches, the next one tells it: moved, not lost and gained."""
    first = "Embargo on oil to Lisbon lifted by ministers after talks"
    archive.has(first)
    archive.has(f"{first}, tankers sail", "Herald", after=75, body=f"{first}. Tankers sail at once, owners told us.")
    edited = pack(["{id: core, all: [embargo, tankers]}"])

    report = tried(archive, tmp_path, edited)

    assert report.counts == {"moved": 1}
    assert "told by art-2 instead of art-1" in report.changes[0].why
    assert "15 min later" in report.changes[0].why


def test_a_severity_is_a_move(archive: Archive, tmp_path: Path) -> None:
    """The same article told with another severity is a move that says so."""
    archive.has("Embargo on oil is lifted in Lisbon")

    report = tried(archive, tmp_path, pack(["{id: core, any: [embargo, grant], severity: high}"]))

    assert [change.why for change in report.changes] == ["high instead of normal"]


def test_corroboration_is_waited_for_as_live(archive: Archive, tmp_path: Path) -> None:
    """A rule that asks for two newsrooms tells where a second came, even one that it does not match, and else not."""
    archive.has("Embargo on oil to Lisbon lifted by ministers after talks")
    body = (
        "Embargo on oil to Lisbon lifted by ministers after talks. So said the speaker of the house on Monday evening."
    )
    archive.has("Embargo on oil to Lisbon lifted by ministers after talks", "Herald", after=90, body=body)
    archive.has("Farmers get a grant for wells near Porto", after=60 * 30)

    report = tried(archive, tmp_path, pack(["{id: core, any: [embargo, grant]}"], more=f"defaults:\n  {HELD}"))

    assert said(report) == [
        "moved Embargo on oil to Lisbon lifted by ministers after talks: 30 min later",
        "lost Farmers get a grant for wells near Porto: edited matches it too: suppressed, uncorroborated",
    ]


def test_what_was_told_before_the_period_counts(archive: Archive, tmp_path: Path) -> None:
    """A story that was told before the period is not told again in it, on either side."""
    first = "Embargo on oil to Lisbon lifted by ministers after talks"
    archive.has(first)
    archive.has(f"{first}, a subsidy follows", "Herald", after=300)
    edited = pack(["{id: core, any: [embargo, grant, subsidy]}"])

    report = tried(archive, tmp_path, edited, since=START + timedelta(minutes=120))

    assert report.told == (0, 0)
    assert report.matched == (1, 1)


def test_a_silence_mutes_while_it_lasted(archive: Archive, tmp_path: Path) -> None:
    """What a person muted stays muted in the trial, until that person ended it."""
    with archive.engine.begin() as connection:
        now = START + timedelta(minutes=30)
        made = silences.add(connection, now + timedelta(days=30), now, "strike", words="shipyards")
        silences.end(connection, made, START + timedelta(days=1))
    archive.has("Subsidy for shipyards is doubled by parliament")
    archive.has("Another subsidy, shipyards of the north rejoice", after=60 * 48)

    report = tried(archive, tmp_path, pack(["{id: core, any: [embargo, grant, subsidy]}"]))

    assert said(report) == ["gained Another subsidy, shipyards of the north rejoice: `subsidy` is new"]


def test_another_packs_urgent_alert_mutes_routine_ones(database_url: str, tmp_path: Path) -> None:
    """A routine alert is muted by the urgent one that another pack told of the story to the same readers."""
    files = LIVE | pack(["{id: core, any: [oil], severity: urgent}"], "urgent")
    archive = Archive.begin(database_url, files)
    archive.has("Oil ban on Lisbon lifted by ministers after talks")
    archive.has("Oil ban on Lisbon lifted by ministers after talks, tankers sail", "Herald", after=75)
    edited = files | pack(["{id: core, all: [tankers]}"])

    report = tried(archive, tmp_path, edited)

    archive.engine.dispose()
    assert report.matched == (0, 1)
    assert report.told == (0, 0)


def test_a_rule_on_trial_counts_as_live_in_the_edited_files(archive: Archive, tmp_path: Path) -> None:
    """`status: test` in the edited files is tried as if it were live: what it would send is what is asked."""
    archive.has("Subsidy for shipyards is doubled by parliament")

    report = tried(archive, tmp_path, LIVE | pack(["{id: core, any: [subsidy], status: test}"], "trial"))

    assert report.told == (0, 1)
    assert report.packs == ("trial",)


def test_a_shadow_shows_what_live_traffic_would_have_sent(database_url: str, tmp_path: Path) -> None:
    """What a pack on trial matched as articles came is decided as if it were live, beside the pack to be replaced."""
    files = LIVE | pack(["{id: core, any: [embargo, subsidy], status: test}"], "next")
    archive = Archive.begin(database_url, files)
    assert "next suppressed test_status" in archive.has("Embargo on oil is lifted in Lisbon")
    archive.has("Farmers get a grant for wells near Porto", after=60 * 30)
    archive.has("Subsidy for shipyards is doubled by parliament", after=60 * 60)

    report = tried(archive, tmp_path, files, Pair("aid", "next"), recorded=True)

    archive.engine.dispose()
    assert sorted(f"{change.kind} {change.title}" for change in report.changes) == [
        "gained Subsidy for shipyards is doubled by parliament",
        "lost Farmers get a grant for wells near Porto",
    ]
    assert report.kept == 1


def test_an_edit_that_lets_everything_through_is_stopped(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matching stops where a side matches more than anybody would read, and the report says so."""
    monkeypatch.setattr(run, "MOST_MATCHED", 2)
    for number in range(9):
        archive.has(f"Subsidy number {number} for yard {number}", after=60 * number)

    report = tried(archive, tmp_path, pack(["{id: core, any: [embargo, grant, subsidy]}"]))

    assert "lets everything through" in report.stopped
    assert report.read < 9


def test_the_period_is_found_by_its_bounds(archive: Archive, tmp_path: Path) -> None:
    """Only what was decided from the given moment on is read."""
    for hour in range(8):
        archive.has(f"Embargo number {hour} on the yards of {hour}", after=60 * hour)

    report = tried(archive, tmp_path, pack(["{id: core, any: [grant]}"]), since=START + timedelta(hours=5))

    assert report.read == 3
    assert report.counts == {"lost": 3}


async def test_real_workers_give_the_same_report_and_a_cancelled_one_leaves_nothing(
    made_databases: databases.Databases, tmp_path: Path
) -> None:
    """Worker processes report what the functions report in place; a cancelled backtest leaves no file behind."""
    archive = Archive.begin(made_databases.sqlite(), LIVE)
    archive.has("Embargo on oil is lifted in Lisbon")
    archive.has("Subsidy for shipyards is doubled by parliament", after=60 * 60)
    job = archive.job(tmp_path, pack(["{id: core, any: [subsidy]}"]))
    period = START, datetime(2025, 4, 1, tzinfo=UTC)
    seen: list[run.Progress] = []
    pool = workers.Workers(run.POOL, preload=("monitor.backtest.report",))
    try:
        made = await run.run(pool, job, period, seen.append)
        matched = asyncio.Event()
        begun = asyncio.create_task(run.run(pool, job, period, lambda one: matched.set() if one.share else None))
        await asyncio.wait_for(matched.wait(), 60)
        begun.cancel()
        (ended,) = await asyncio.gather(begun, return_exceptions=True)
    finally:
        pool.close()

    assert made == await run.run(InPlace(), job, period)  # type: ignore[arg-type]
    archive.engine.dispose()
    assert [one.share for one in seen] == sorted(one.share for one in seen)
    assert seen[-1].share == 1.0
    assert isinstance(ended, asyncio.CancelledError)
    assert not list(tmp_path.glob("spool-*"))


def test_a_source_that_does_not_load_is_refused(archive: Archive, tmp_path: Path) -> None:
    """A rule source that this version cannot load ends the backtest with the fault, not with a wrong report."""
    archive.has("Embargo on oil is lifted in Lisbon")
    job = archive.job(tmp_path, pack(["{id: core, any: [subsidy]}"]))
    broken = source_of(LIVE).replace("embargo", "((")
    Path(job.edited).write_text(broken, "utf-8")

    with pytest.raises((RuleError, WorkerError)):
        asyncio.run(run.run(InPlace(), job, (START, START + timedelta(days=1))))  # type: ignore[arg-type]
