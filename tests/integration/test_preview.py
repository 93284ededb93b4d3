"""A preview of the last day answers what a backtest answers, whatever was kept of edits before, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.backtest import blocks, preview, run
from monitor.backtest.values import Pair, Report
from monitor.store import silences
from tests.support.trials import START, Archive, InPlace, pack

RULES = ["{id: core, any: [embargo, grant]}", '{id: money, query: "$funds NEAR/6 wells"}']
SCORE = """{id: worth, score: {threshold: 3, clauses: {
      near: {weight: 2, query: hills}, far: {weight: 1, query: race OR cobbles}}}}"""
LISTS = "lists: {funds: {any: [loan, cred*, gift-aid]}}\n"
LIVE = pack(RULES, more=LISTS)
EDITS = {
    "none": LIVE,
    "a term": pack(["{id: core, any: [embargo, subsidy]}", RULES[1]], more=LISTS),
    "a severity": pack([RULES[0], '{id: money, severity: high, query: "$funds NEAR/6 wells"}'], more=LISTS),
    "a list": pack(RULES, more=LISTS.replace("loan,", "loan, tax,")),
    "an exclusion": pack(["{id: core, any: [embargo, grant], none: [football]}", RULES[1]], more=LISTS),
    "a rule more": pack([*RULES, "{id: more, all: [cyclists]}"], more=LISTS),
    "a score": pack([*RULES, SCORE], more=LISTS),
    "a field alone": pack([*RULES, '{id: desk, query: "source:gazette"}'], more=LISTS),
    "two newsrooms": pack(
        RULES, more=f"{LISTS}defaults:\n  corroboration: {{newsrooms: 2, hold: 6h, else: suppress}}\n"
    ),
}
LATER = 20
"""Days after which the news come once more."""
NEWS = (
    ("Embargo on oil is lifted in Lisbon", "Ministers met until midnight; refiners cheered.", "Gazette"),
    ("Embargo on oil is lifted in Lisbon, tankers sail", "Ministers met until midnight; owners cheered.", "Herald"),
    ("Farmers get a grant for wells near Porto", "Rain had failed for two summers.", "Gazette"),
    ("Credits for wells in Braga, gift-aid for churches", "A bishop thanked the donors.", "Herald"),
    ("Football embargo ends for Setubal", "Fans may travel again on Saturday.", "Gazette"),
    ("Subsidy for shipyards is doubled by parliament", "Welders marched through Viana.", "Herald"),
    ("A tax pays for wells, Evora decides", "Vineyards had asked for it since spring.", "Gazette"),
    ("Cyclists race through the hills", "Nobody fell on the cobbles this time.", "Herald"),
)


@pytest.fixture
def archive(database_url: str) -> Iterator[Archive]:
    """An archive with news under the live rules, of which no preview has anything yet."""
    made = Archive.begin(database_url, LIVE)
    tell(made, days=0)
    preview._day.cache_clear()
    yield made
    made.engine.dispose()


def tell(archive: Archive, days: int) -> None:
    """Let the news come from some day on, thirty hours apart, so that each but the second is a story of its own."""
    for number, (title, body, newsroom) in enumerate(NEWS):
        after = 1440 * days + (1800 * number if number != 1 else 60)
        archive.has(title, newsroom, after=after, body=f"{title}. {body}")


def agree(archive: Archive, folder: Path, *edits: str, days: int = 0) -> list[Report]:
    """Return what a preview from some day on says of edits; a backtest that keeps nothing must say the same."""
    found = []
    for edit in edits:
        job = archive.job(folder, EDITS[edit], Pair("aid", "aid"), since=START + timedelta(days=days))
        period = job_period(days)
        found.append(preview.preview(job, *period))
        assert found[-1] == asyncio.run(run.run(InPlace(), job, period, stretch=3)), edit  # type: ignore[arg-type]
    return found


def job_period(days: int) -> tuple[datetime, datetime]:
    """Return the period of a preview that begins on some day."""
    return START + timedelta(days=days), START + timedelta(days=2 * LATER)


def test_a_preview_says_what_a_backtest_says(archive: Archive, tmp_path: Path) -> None:
    """One edit after the other gets the report of a backtest, each of them for its own reason."""
    reports = dict(zip(EDITS, agree(archive, tmp_path, *EDITS), strict=True))

    assert reports["none"].changed == 0
    assert reports["none"].read == len(NEWS)
    changed = {edit for edit, report in reports.items() if report.changed}
    assert changed == EDITS.keys() - {"none"}


def test_what_comes_between_two_previews_joins_what_was_kept(archive: Archive, tmp_path: Path) -> None:
    """New articles, a silence and the end of the day are seen by the next preview; the rest is not read again."""
    agree(archive, tmp_path, "a term")
    (first,) = preview._day(archive.url)._blocks
    tell(archive, days=LATER)
    with archive.engine.begin() as connection:
        now = START + timedelta(days=LATER)
        silences.add(connection, now + timedelta(days=30), now, "strike", words="shipyards")

    later = agree(archive, tmp_path, "a term", "a list")
    newest = agree(archive, tmp_path, "a term", days=LATER)

    assert [report.read for report in (*later, *newest)] == [2 * len(NEWS), 2 * len(NEWS), len(NEWS)]
    assert [kept.block.crowd.size for kept in preview._day(archive.url)._blocks] == [2 * len(NEWS)]
    assert preview._day(archive.url)._blocks[0] is first


def test_a_day_of_many_blocks_is_kept_as_far_as_there_is_room(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large day goes by blocks: those of past hours are let go, those beyond the room are read for each edit."""
    monkeypatch.setattr(blocks, "MOST", 3)
    tell(archive, days=LATER)
    agree(archive, tmp_path, "a term")
    whole = len(preview._day(archive.url)._blocks)
    agree(archive, tmp_path, "a list", days=LATER)
    after = len(preview._day(archive.url)._blocks)
    monkeypatch.setattr(preview, "MOST_KEPT", 0)
    preview._day.cache_clear()
    reports = agree(archive, tmp_path, "a term", "a list", "a term")

    assert (whole, after) == (6, 4)
    assert not preview._day(archive.url)._blocks
    assert reports[0] == reports[2]
    assert {report.read for report in reports} == {2 * len(NEWS)}


def test_a_preview_under_other_live_rules_matches_anew(archive: Archive, tmp_path: Path) -> None:
    """Where the live rules changed since the last preview, what they match is not taken from before."""
    agree(archive, tmp_path, "a term")
    archive.files = EDITS["a list"]

    (report,) = agree(archive, tmp_path, "none")

    assert [change.kind for change in report.changes] == ["lost"]
