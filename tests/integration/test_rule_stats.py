"""`wirewatch rules stats` over alerts that the real jobs told, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.store import ratings
from tests.support import commands
from tests.support.desk import START, Desk, item

PACK = """\
format: 1
pack: move
rules:
  - {id: core, any: [transfer, resettlement]}
tests:
  should_match:
    - {title: The plan, text: The transfer of residents.}
"""
NOISE = (
    "Striker of Madrid completes transfer before football season",
    "Goalkeeper agrees on transfer, football fans of Leipzig rejoice",
    "Football club of Porto denies transfer of its captain",
    "A record transfer fee that shook Argentine football",
    "Late transfer deals on deadline day, football in seven numbers",
)
USEFUL = (
    "Minister presents transfer of northern residents",
    "Protest in Cairo against resettlement scheme",
    "Court halts transfer of eleven families",
    "Army prepares resettlement along the valley road",
    "Parliament debates transfer bill until midnight",
)


@pytest.fixture
def config(desk: Desk, tmp_path: Path) -> Path:
    """Return a configuration whose archive holds ten alerts, decided 20 minutes after they were published."""
    desk.packs = {"packs/move.yaml": PACK}
    desk.clock.time = datetime.now(UTC).replace(microsecond=0) - timedelta(days=120)  # the command knows no other clock
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    for number, title in enumerate((*NOISE, *USEFUL), 1):
        desk.clock.advance(days=10)  # apart, or what is alike would be one story
        desk.publishes("gazette", item(number, title) | {"pubDate": format_datetime(desk.clock.now())})
        desk.later()
    config = commands.write_config(tmp_path, pack=PACK)
    written = config.read_text("utf-8").replace("sqlite:///data/wirewatch.db", desk.config.database)
    config.write_text(written, "utf-8")
    return config


def rate(desk: Desk, titles: Sequence[str], word: str) -> None:
    """Rate the alerts with these titles."""
    told = desk.read(lambda c: ratings.list_told(c, START))
    for row in told:
        if row.title in titles:
            desk.write(lambda c, number=row.alert_id: ratings.rate(c, number, word, "anna", desk.clock.now()))


def stats(config: Path, *more: str) -> Any:
    """Return what the command says of all that was ever told."""
    done = commands.call("rules", "stats", "--since", "390d", "--config", config, *more)
    assert done.code == 0, done.err
    return done


def test_noise_of_a_rule_leads_to_a_word_to_exclude(desk: Desk, config: Path) -> None:
    """Shares by rule and term, and the word of the noise with every alert that it would have removed."""
    rate(desk, NOISE, "noise")
    rate(desk, USEFUL, "useful")

    (rule,) = stats(config, "--json").json["rules"]
    shown = stats(config).out

    assert (rule["pack"], rule["rule"], rule["alerts"], rule["noise"], rule["share_useful"]) == (
        "move", "core", 10, 5, 0.5,
    )  # fmt: skip
    assert [(row["term"], row["noise"], row["useful"]) for row in rule["terms"]] == [
        ("transfer", 5, 3),
        ("resettlement", 0, 2),
    ]
    assert rule["exclusion"]["word"] == "football"
    assert len(rule["exclusion"]["removed"]["noise"]) == 5
    assert rule["exclusion"]["removed"]["unrated"] == []
    assert "none: [football], in a query: NOT football" in shown
    assert "noise  Striker of Madrid completes transfer before football season (Gazette)" in shown


def test_what_the_page_of_rules_counts_is_what_was_told_and_rated(desk: Desk, config: Path) -> None:
    """Counting in the database gives what counting alert by alert does, of the alerts since then alone."""
    rate(desk, NOISE, "noise")
    rate(desk, USEFUL[:2], "useful")
    told = desk.read(lambda c: ratings.list_told(c, START))
    since = told[4].decided_at

    (every,) = desk.read(lambda c: ratings.count_told(c, START, "move"))
    (later,) = desk.read(lambda c: ratings.count_told(c, since))

    assert (every.pack, every.rules, every.alerts) == ("move", ("core",), 10)
    assert sorted(every.ratings) == [("noise",)] * 5 + [("useful",)] * 2
    assert (later.alerts, sorted(later.ratings)) == (6, [("noise",), ("useful",), ("useful",)])
    assert desk.read(lambda c: ratings.count_told(c, START, "other")) == []


def test_rule_that_nobody_rated_shows_its_delays_and_no_advice(config: Path) -> None:
    """Alerts are counted with the time from publication until they were decided and sent; nothing else is made up."""
    found = stats(config, "--json").json
    shown = stats(config).out

    (rule,) = found["rules"]
    assert (found["alerts"], found["rated"], rule["share_useful"], rule["exclusion"]) == (10, 0, None, None)
    assert rule["decided"] == {"alerts": 10, "median": 1200.0, "p95": 1200.0}
    assert rule["sent"] == rule["decided"]
    assert "20m / 20m" in shown
    assert "exclu" not in shown


def test_excluded_word_is_not_suggested_again(desk: Desk, config: Path) -> None:
    """Once the rule names it, the alerts of before do not ask for it again; and `--since` leaves them out."""
    rate(desk, NOISE, "noise")
    rate(desk, USEFUL, "useful")
    pack = config.parent / "rules" / "packs" / "move.yaml"
    pack.write_text(PACK.replace("any: [transfer, resettlement]", "any: [transfer, resettlement], none: [football]"))

    (rule,) = stats(config, "--json").json["rules"]
    late = commands.call("rules", "stats", "move", "--since", "10m", "--config", config, "--json").json

    assert late["rules"] == []
    assert rule["exclusion"] == {"word": None, "why": "no word tells the noise from what was useful, beyond chance"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "soon"], "`soon` is no duration; write 30d"),
        (["mvoe"], "there is no pack mvoe; there is move"),
    ],
)
def test_question_that_cannot_be_answered_says_why(tmp_path: Path, arguments: list[str], says: str) -> None:
    """A time that is none, and a pack that is none, are refused with a sentence."""
    config = commands.write_config(tmp_path)

    done = commands.call("rules", "stats", *arguments, "--config", config)

    assert done.code == 2
    assert says in done.err
