"""Real feeds as they were saved, through the real jobs on both databases: each report is told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.config import PollingSettings
from monitor.store.schema import articles, decisions, revisions
from tests.support.corpora import DATA, needs_data
from tests.support.desk import Desk

POLLS = ("96431db", "6048a8b")
REVISED = """\
format: 1
pack: waters
rules:
  - {id: core, all: [Roger Waters, cancels]}
"""
ANY_HEADLINE = """\
format: 1
pack: all
rules:
  - {id: core, query: "title:re:/[a-z]{2}/"}
"""


@pytest.fixture
def packs() -> dict[str, str]:
    """A pack that one report of the feed fires, and one that every report does."""
    return {"packs/waters.yaml": REVISED, "packs/all.yaml": ANY_HEADLINE}


def read_both_polls(desk: Desk) -> None:
    """Poll a feed without guids twice, as its home page stood on two days; its pages cannot be reached."""
    desk.has(["gazette"])
    desk.config = replace(desk.config, polling=PollingSettings(backfill=100))
    desk.set_up()
    for name in POLLS:
        body = (DATA / "feeds-wild" / f"jpost-homepage-{name}.xml").read_bytes()
        desk.web.answers["https://gazette.example/feed"] = body
        desk.later(hours=20)


@needs_data
def test_a_headline_that_was_revised_between_two_polls_is_told_once(
    database_url: str, tmp_path: Path, packs: dict[str, str]
) -> None:
    """The report whose headline changed while it stood on the page is one article of two revisions, and one alert."""
    desk = Desk(database_url, tmp_path, {"packs/waters.yaml": packs["packs/waters.yaml"]})

    read_both_polls(desk)

    told = desk.senders["desk"].titles
    about = sa.select(articles.c.id).join(revisions, revisions.c.article_id == articles.c.id)
    found = desk.read(lambda c: c.execute(about.where(revisions.c.title.contains("Waters concert"))).scalars().all())
    desk.close()
    assert [title for title in told if "cancels Roger Waters" in title] == told
    assert len(told) == 1
    assert len(found) == 1


@needs_data
def test_no_report_of_two_polls_is_told_twice(database_url: str, tmp_path: Path, packs: dict[str, str]) -> None:
    """Under a rule that every report fires each is told once or folded with a reason, those listed twice included."""
    desk = Desk(database_url, tmp_path, {"packs/all.yaml": packs["packs/all.yaml"]})

    read_both_polls(desk)

    told = Counter(desk.senders["desk"].titles)
    made = sa.select(decisions.c.outcome, decisions.c.reason, sa.func.count()).where(decisions.c.pack == "all")
    counts = {
        (outcome, reason): number
        for outcome, reason, number in desk.read(lambda c: c.execute(made.group_by(*made.selected_columns[:2])).all())
    }
    stored = desk.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(articles)))
    desk.close()
    assert [title for title, count in told.items() if count > 1] == []
    assert told["Belarusian partisans say Russian military aircraft damaged near Minsk"] == 1
    assert sum(counts.values()) >= stored
    assert counts["alert", "first_report"] >= 95
