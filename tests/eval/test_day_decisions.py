"""Real days through the whole decision chain: what is one report is told once. Skipped without the data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor import replay
from monitor.rules import compile, load
from tests.eval import day_decisions
from tests.support.corpora import needs_data

PACK = b"""\
format: 1
pack: revised
rules:
  - {id: iran, all: [nuclear deal, calls]}
  - {id: milan, all: [smoke outdoors]}
  - {id: sweden, query: "title:gunman"}
"""
MORNING = datetime(2025, 2, 5, 8, 0, tzinfo=UTC)
REVISED = {
    "newarab": ["Trump calls for work on new Iran nuclear deal to begin 'now'",
                "Trump calls for work on new Iran nuclear deal to begin 'soon'"],
    "nytimes": ["Want to Smoke Outdoors in Milan? Better Be Far From Other People."] * 2,
    "skynews": ["Sweden gunman 'had access to weapons and had major problems at school'",
                "Swedish gunman appears to have shot himself, police say - but motive still unclear"],
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> list[day_decisions.Told]:
    """What was decided on the day after a president's plan, under a pack that fires on three reports."""
    loaded = load.load_packs({"packs/revised.yaml": PACK})
    rows = day_decisions.load_rows("rss-archive-2025-02-05")
    return list(day_decisions.run(compile.compile_rules(loaded.packs), rows).told)


@needs_data
@pytest.mark.parametrize("newsroom", REVISED)
def test_a_report_published_again_under_a_revised_headline_is_told_once(
    told: list[day_decisions.Told], newsroom: str
) -> None:
    """Two addresses, two headlines, one report of one newsroom within a minute: one alert, and one that is folded."""
    own = [one for one in told if one.row.source == newsroom and one.row.title in REVISED[newsroom]]

    assert sorted(one.row.title for one in own) == sorted(REVISED[newsroom])
    assert sorted(one.made.outcome for one in own) == ["alert", "suppressed"]
    assert len({one.story for one in own}) == 1


def test_a_sample_is_the_same_for_the_same_seed_and_shows_what_was_folded() -> None:
    """A person reads each drawn decision with its headline and, where it was folded, the headline that was told."""
    loaded = load.load_packs({"packs/revised.yaml": PACK})
    text = "The president calls for a new nuclear deal. " * 20
    rows = [replay.Row(str(n), f"Deal {n}", text, source=f"Paper {n}", published=MORNING) for n in range(3)]

    day = day_decisions.run(compile.compile_rules(loaded.packs), rows)
    drawn = list(day_decisions.sample(day, 10, 1))

    assert (day.articles, day.stories, day.matched) == (3, 1, 3)
    assert drawn == list(day_decisions.sample(day, 10, 1))
    assert sum("Paper 0: Deal 0" in line for line in drawn) == 5
