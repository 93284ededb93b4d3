"""Replay: the daemon's judgement of a stream, in memory."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from monitor import replay
from monitor.config_settings import FeedSettings
from monitor.rules import load
from monitor.rules.compile import RuleSet, compile_rules

PACKS = {
    "packs/move.yaml": b"""\
format: 1
pack: move
rules:
  - {id: core, any: [resettlement], severity: normal}
  - {id: grave, all: [resettlement, force], severity: high}
""",
    "packs/talks.yaml": b"""\
format: 1
pack: talks
rules:
  - {id: core, any: [delegation], max_age: 2d}
  - {id: shadow, any: [envoy], status: test}
""",
    "packs/local.yaml": b"""\
format: 1
pack: local
rules:
  - {id: core, any: [harbour], sources: {allow: ['group:coast']}}
""",
}
LONG = " ".join(f"word{n}" for n in range(60))


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    """Three small packs."""
    loaded = load.load_packs(PACKS)
    assert not loaded.broken
    return compile_rules(loaded.packs)


def rows(*lines: dict[str, Any]) -> list[replay.Row]:
    """Return the rows of some lines; id, title and text are filled in."""
    base = {"title": "A title", "text": "A text."}
    return [replay.parse_line(json.dumps({"id": f"a{n}", **base, **line})) for n, line in enumerate(lines, start=1)]


def judge(rules: RuleSet, *lines: dict[str, Any], only: str | None = None) -> list[dict[str, Any]]:
    """Return the output lines of some input lines."""
    judged = replay.Replay(rules, only=only)
    return [judged.judge(row).to_json() for row in rows(*lines)]


def reasons(line: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return (decision, reason) by pack."""
    return {made["pack"]: (made["decision"], made["reason"]) for made in line["decisions"]}


def test_output_has_exactly_the_documented_shape(rules: RuleSet) -> None:
    """A line of output holds the contract's keys and nothing else, in their order."""
    [line] = judge(rules, {"title": "The resettlement", "lang": "en", "published": "2025-03-10T12:00:00Z"})

    assert line == {
        "id": "a1",
        "lang": "en",
        "packs": ["move"],
        "matches": [
            {
                "pack": "move",
                "rule": "core",
                "severity": "normal",
                "score": None,
                "evidence": [
                    {
                        "field": "title",
                        "start": 4,
                        "end": 16,
                        "text": "resettlement",
                        "term": "resettlement",
                        "entity": None,
                    }
                ],
            }
        ],
        "decisions": [{"pack": "move", "decision": "alert", "reason": "first_report", "detail": None}],
        "duplicate_of": None,
        "story": "s1",
        "decision": "alert",
    }


def test_same_text_is_told_once(rules: RuleSet) -> None:
    """A second newsroom with the same text is a copy: suppressed, of the same story."""
    text = {"text": f"The resettlement plan. {LONG}"}

    first, second = judge(rules, text | {"source": "Gazette"}, text | {"source": "Herald", "title": "Another title"})

    assert reasons(first) == {"move": ("alert", "first_report")}
    assert reasons(second) == {"move": ("suppressed", "same_text")}
    assert second["duplicate_of"] == "a1"
    assert second["story"] == first["story"]


def test_same_address_is_told_once(rules: RuleSet) -> None:
    """Tracking parameters do not make another article."""
    page = {"text": "resettlement"}

    _, second = judge(
        rules,
        page | {"url": "https://gazette.example/plan"},
        page | {"url": "https://www.gazette.example/plan?utm_source=x", "title": "Changed"},
    )

    assert reasons(second) == {"move": ("suppressed", "same_url")}
    assert second["duplicate_of"] == "a1"


def test_one_newsrooms_error_page_is_no_copy(rules: RuleSet) -> None:
    """One text under two headlines of one newsroom is a consent wall: both are told."""
    wall = {"text": f"Accept the resettlement cookies. {LONG}", "source": "Gazette"}

    _, second = judge(rules, wall | {"title": "First"}, wall | {"title": "Second"})

    assert reasons(second) == {"move": ("alert", "first_report")}
    assert second["duplicate_of"] is None


def test_front_page_link_identifies_nothing(rules: RuleSet) -> None:
    """Items that all link to the site's front page stay different articles."""
    _, second = judge(
        rules,
        {"text": "resettlement one", "url": "https://gazette.example/"},
        {"text": "resettlement two", "url": "https://gazette.example/"},
    )

    assert second["duplicate_of"] is None


def test_repeated_id_is_a_revision(rules: RuleSet) -> None:
    """A changed article alerts again only with a higher severity; an unchanged one is not decided again."""
    told, same, changed, graver = judge(
        rules,
        {"id": "x", "text": "resettlement"},
        {"id": "x", "text": "resettlement"},
        {"id": "x", "text": "resettlement, at last"},
        {"id": "x", "text": "resettlement by force"},
    )

    assert told["decision"] == "alert"
    assert (same["decisions"], same["decision"]) == ([], "none")
    assert reasons(changed) == {"move": ("suppressed", "same_article")}
    assert reasons(graver) == {"move": ("update", "higher_severity")}
    assert graver["story"] == told["story"]


def test_test_status_is_recorded_and_never_counts_as_told(rules: RuleSet) -> None:
    """A rule on trial matches, is suppressed with its reason, and its pack is not among `packs`."""
    [line] = judge(rules, {"text": "The envoy came."})

    assert line["packs"] == []
    assert [match["rule"] for match in line["matches"]] == ["shadow"]
    assert reasons(line) == {"talks": ("suppressed", "test_status")}


def test_now_is_the_articles_own_date(rules: RuleSet) -> None:
    """An article of last year is new on its own date, so that age never suppresses in a replay."""
    [line] = judge(rules, {"text": "A delegation left.", "published": "2019-01-01T00:00:00+02:00"})

    assert line["decision"] == "alert"


def test_language_is_detected_or_taken(rules: RuleSet) -> None:
    """A line's `lang` wins; without one the text tells."""
    hebrew = {"title": "הממשלה דנה בתוכנית", "text": "השרים דנו בתוכנית במשך שעות ארוכות."}

    found, given = judge(rules, hebrew, hebrew | {"lang": "yi"})

    assert (found["lang"], given["lang"]) == ("he", "yi")


def test_known_feed_stands_for_its_newsroom_and_groups(rules: RuleSet) -> None:
    """A `source` that is a feed's id brings that feed's tags; any other is a newsroom."""
    feed = FeedSettings(url="https://pilot.example/feed", id="pilot", name="Pilot", newsroom="Pilot", tags=("coast",))
    judged = replay.Replay(rules, [feed])

    known, unknown = [
        judged.judge(row) for row in rows({"text": "harbour", "source": "pilot"}, {"text": "the harbour"})
    ]

    assert (known.packs, unknown.packs) == (("local",), ())


def test_offsets_count_within_the_rows_own_fields(rules: RuleSet) -> None:
    """A summary that the body does not repeat is read before it, and its evidence is told apart."""
    summary, text = "News of a resettlement.", "The force of habit. Then resettlement."

    [line] = judge(rules, {"summary": summary, "text": text})

    spans = [span for match in line["matches"] for span in match["evidence"]]
    fields = {"summary": summary, "text": text}
    assert {span["field"] for span in spans} == {"summary", "text"}
    assert all(fields[span["field"]][span["start"] : span["end"]] == span["text"] for span in spans)


def test_article_without_text_is_judged_by_its_summary(rules: RuleSet) -> None:
    """What the feed gave is matched where there is no text."""
    [line] = judge(rules, {"summary": "A resettlement.", "text": ""})

    assert [span["field"] for span in line["matches"][0]["evidence"]] == ["summary"]


@pytest.mark.parametrize(
    ("only", "empty"),
    [
        ("rules", {"decisions": [], "duplicate_of": None, "story": None, "decision": "none"}),
        ("duplicates", {"packs": [], "matches": [], "decisions": [], "story": None, "decision": "none"}),
        ("stories", {"packs": [], "matches": [], "decisions": [], "duplicate_of": None, "decision": "none"}),
    ],
)
def test_only_leaves_the_rest_empty(rules: RuleSet, only: str, empty: dict[str, Any]) -> None:
    """One stage alone keeps the output's shape; what it leaves out is empty, what it says is the same."""
    line = {"text": f"resettlement {LONG}"}
    whole = judge(rules, line | {"source": "a"}, line | {"source": "b"})[1]

    alone = judge(rules, line | {"source": "a"}, line | {"source": "b"}, only=only)[1]

    assert alone == whole | empty


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ('{"title": "t", "text": "x"}', "`id` is missing"),
        ('{"id": 7, "title": "t", "text": "x"}', "`id` is missing or not a string"),
        ('{"id": "", "title": "t", "text": "x"}', "`id` is empty"),
        ('{"id": "a", "title": null, "text": "x"}', "`title` is missing"),
        ('{"id": "a", "title": "t", "text": "x", "tags": "one"}', "`tags` is not a list"),
        ('{"id": "a", "title": "t", "text": "x", "url": 1}', "`url` is not a string"),
        ('{"id": "a", "title": "t", "text": "x", "published": "2025-03-10"}', "2025-03-10T12:00:00Z"),
        ('{"id": "a", "title": "t", "text": "x", "published": "2025-03-10T12:00:00"}', "2025-03-10T12:00:00Z"),
        ('{"id": "a", "title": "t", "text": "x", "published": "2025-02-30T12:00:00Z"}', "2025-03-10T12:00:00Z"),
        ('{"id": "a", "title": "t", "text": "x", "published": "0001-01-01T00:00:00+23:59"}', "2025-03-10T12:00:00Z"),
    ],
)
def test_bad_line_says_what_is_wrong(line: str, said: str) -> None:
    """Every way a line can be wrong has a sentence of its own."""
    with pytest.raises(replay.BadLine, match=re.escape(said)):
        replay.parse_line(line)


def test_unknown_keys_and_lone_surrogates_pass(rules: RuleSet) -> None:
    """Labels beside the article are left alone, and what no output can carry is replaced in place."""
    [row] = rows({"expected": ["move"], "text": "x \ud800 resettlement"})

    line = replay.Replay(rules).judge(row).to_json()

    assert json.dumps(line, ensure_ascii=False).encode()
    assert line["matches"][0]["evidence"][0]["start"] == 4


def test_bad_lines_are_counted_by_their_number(rules: RuleSet) -> None:
    """Empty lines count; a bad one is reported with its number and the rest goes on."""
    reported: list[int] = []
    good = '{"id": "a", "title": "t", "text": "resettlement"}'

    found = list(replay.replay_lines([good, "\n", "bad", good], replay.Replay(rules), lambda n, _: reported.append(n)))

    assert [line.decision.value for line in found] == ["alert", "none"]
    assert reported == [3]


def test_same_stream_gives_the_same_decisions(rules: RuleSet) -> None:
    """No clock and no order but the stream's."""
    lines = [{"text": f"resettlement {n % 3}", "source": str(n)} for n in range(12)]

    assert judge(rules, *lines) == judge(rules, *lines)


def test_a20_untrusted_source_counts_for_nothing_against_a_trusted_one(rules: RuleSet) -> None:
    """Replay knows which feeds are trusted: a copy that an untrusted one brought first is told again, and listed."""
    feeds = [FeedSettings("https://forum.example/feed", "forum", "Forum", "Forum", trusted=False)]
    lines = rows(
        {"id": "a", "title": "Resettlement", "text": LONG, "source": "forum"},
        {"id": "b", "title": "Resettlement", "text": LONG, "source": "Gazette"},
        {"id": "c", "title": "Resettlement", "text": LONG, "source": "Herald"},
    )

    archive = replay.Replay(rules, feeds)
    judged = [archive.judge(row) for row in lines]

    assert [one.decisions[0].reason for one in judged] == ["first_report", "trusted_report", "same_text"]
    assert [one.duplicate_of for one in judged] == [None, "a", "b"]


def test_what_was_held_stands_as_it_ended() -> None:
    """A line's output says `held`; once the stream has gone on, its decision stands as what became of it."""
    pack = b"""\
format: 1
pack: careful
rules:
  - {id: core, any: [resettlement], corroboration: {newsrooms: 2, hold: 30m}}
"""
    judged = replay.Replay(compile_rules(load.load_packs({"packs/careful.yaml": pack}).packs))
    first, later = rows(
        {"text": "The resettlement plan.", "source": "Gazette", "published": "2025-03-10T08:00:00Z"},
        {"title": "Rain", "text": "It rains.", "source": "Herald", "published": "2025-03-10T09:00:00Z"},
    )

    said = judged.judge(first).to_json()
    judged.judge(later)

    assert reasons(said) == {"careful": ("held", "awaiting_corroboration")}
    assert [(one.id, one.made.outcome, one.made.reason) for one in judged.standing()] == [
        ("a1", "alert", "unconfirmed")
    ]
    assert judged.stories() == {"a1": "s1", "a2": "s2"}
