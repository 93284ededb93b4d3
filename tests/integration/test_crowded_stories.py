"""Stories that many tell, tell late or without a date: one first alert, none lost. By the deciding step itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from monitor import replay
from monitor.rules import load
from monitor.rules.compile import RuleSet, compile_rules

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


def row(n: int, title: str = "Resettlement plan unveiled", text: str = LONG, **keys: object) -> replay.Row:
    """Return an article of a newsroom of its own, a minute after the one before."""
    made = {"url": f"https://room{n}.example/a", "source": f"Room {n}", "published": START + timedelta(minutes=n)}
    return replay.Row(f"a{n}", title, text, **{**made, **keys})  # type: ignore[arg-type] - keys of Row


def decisions(rules: RuleSet, rows: Iterable[replay.Row], pack: str = "move") -> list[tuple[str, str]]:
    """Return what is decided for a pack about each row as it comes."""
    judge = replay.Replay(rules)
    made = [
        (one.outcome.value, one.reason.value) for row in rows for one in judge.judge(row).decisions if one.pack == pack
    ]
    judge.close()
    return made


def test_one_text_under_a_hundred_addresses_is_told_once(rules: RuleSet) -> None:
    """A wire report in a hundred newsrooms is one voice: one alert, ninety-nine copies, no newsroom step."""
    made = Counter(decisions(rules, (row(n) for n in range(100))))

    assert made == {("alert", "first_report"): 1, ("suppressed", "same_text"): 99}


def test_one_text_under_a_hundred_addresses_confirms_nothing(rules: RuleSet) -> None:
    """The pack that wants a second newsroom holds the first and folds its copies: no second hold begins."""
    made = decisions(rules, (row(n) for n in range(25)), "sure")

    assert made == [("held", "awaiting_corroboration"), *[("suppressed", "same_text")] * 24]


def test_ten_thousand_articles_in_one_story_make_one_first_alert(rules: RuleSet) -> None:
    """An address that is rewritten for ever: one first alert, new numbers at most four times a day. Here a thousand."""
    rows = (
        row(n, text=f"The resettlement of {1000 + n * 97} families began.", url="https://gazette.example/live")
        for n in range(1000)
    )

    made = Counter(decisions(rules, rows))

    assert made["alert", "first_report"] == 1
    assert sum(count for (outcome, _), count in made.items() if outcome == "alert") == 1
    assert made["held", "awaiting_interval"] <= 1 + 1000 // 360
    assert sum(made.values()) == 1000


def test_article_that_comes_a_day_late_is_no_second_first_report(rules: RuleSet) -> None:
    """Published before the one that was told, read a day after it: the story is told already."""
    late = row(2, published=START - timedelta(days=1))

    assert decisions(rules, [row(1), late]) == [("alert", "first_report"), ("suppressed", "same_text")]


def test_late_article_of_a_higher_severity_is_told(rules: RuleSet) -> None:
    """What comes out of order is told all the same where it says more."""
    late = row(2, "Resettlement ultimatum", published=START - timedelta(days=1))

    assert decisions(rules, [row(1), late]) == [("alert", "first_report"), ("update", "higher_severity")]


def test_undated_articles_are_decided_like_others(rules: RuleSet) -> None:
    """No date at all, before and after a dated one: one first alert."""
    rows = [row(1, published=None), row(2), row(3, published=None)]

    assert decisions(rules, rows) == [("alert", "first_report"), *[("suppressed", "same_text")] * 2]


@pytest.mark.parametrize("text", ["", "Resettlement.", "."])
def test_empty_and_one_line_articles_are_each_told(rules: RuleSet, text: str) -> None:
    """Articles of nothing but a headline are no copies of one another for want of text."""
    rows = [row(1, "Resettlement refused", text), row(2, "Convoy with aid leaves; resettlement a topic", text)]

    assert [reason for _, reason in decisions(rules, rows)] == ["first_report", "first_report"]


def test_f12_clock_of_a_stream_that_goes_back_and_forth_loses_no_hold(rules: RuleSet) -> None:
    """Dates a month ahead and back while a report is held: it is held once and told once."""
    minutes = (0, 43_200, 5, -43_200, 10, 45, 46)
    judge = replay.Replay(rules)
    for n, after in enumerate(minutes):
        judge.judge(row(n, published=START + timedelta(minutes=after)))

    stands = Counter(one.made.outcome for one in judge.standing() if one.made.pack == "sure")

    judge.close()
    assert stands == {"alert": 1, "suppressed": len(minutes) - 1}
