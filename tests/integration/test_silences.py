"""Silences: what they mute, until when, and that what they hid is counted and told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.store import silences
from monitor.store.schema import decisions
from tests.support import commands
from tests.support.desk import Desk, item

PACK = """\
format: 1
pack: move
rules:
  - {id: core, any: [resettlement]}
  - {id: grave, all: [resettlement, force], severity: high}
"""


def begin(desk: Desk, **packs: str) -> None:
    """Declare the gazette and an ops channel under one pack, with an empty baseline."""
    desk.packs = {"packs/move.yaml": PACK, **{f"packs/{name}.yaml": text for name, text in packs.items()}}
    desk.has(["gazette", "herald"], ["desk", "ops"], ops="ops").publishes("gazette")
    desk.publishes("herald")
    desk.run()


def mute(desk: Desk, hours: float = 4, **names: Any) -> int:
    """Make a silence from now on."""
    now = desk.clock.now()
    made = desk.write(lambda c: silences.add(c, now + timedelta(hours=hours), now, "known", **names))
    return int(made)


def reasons(desk: Desk) -> list[str]:
    """Return the reasons of all decisions about matches, in order."""
    query = sa.select(decisions.c.reason).where(decisions.c.pack != "*").order_by(decisions.c.decided_seq)
    return list(desk.read(lambda c: c.execute(query).scalars().all()))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"pack": "move"}, "silenced"),
        ({"pack": "talks"}, "first_report"),
        ({"rule": "core"}, "silenced"),
        ({"rule": "grave"}, "first_report"),
        ({"newsroom": "GAZETTE"}, "silenced"),
        ({"newsroom": "Herald"}, "first_report"),
        ({"words": "of the Harbours"}, "first_report"),
        ({"words": "of the HARBOUR"}, "silenced"),
        ({"pack": "move", "newsroom": "Herald"}, "first_report"),
        ({"pack": "move", "words": "harbour"}, "silenced"),
    ],
)
def test_silence_mutes_what_fits_all_that_it_names(desk: Desk, names: dict[str, str], expected: str) -> None:
    """Pack, rule, newsroom and words, alone and together."""
    begin(desk)
    mute(desk, **names)
    desk.publishes("gazette", item(1, "Resettlement of the harbour"))

    desk.later()

    assert reasons(desk) == [expected]
    assert len(desk.senders["desk"].notices) == (0 if expected == "silenced" else 1)


def test_other_rule_that_fires_as_well_is_told(desk: Desk) -> None:
    """A silenced rule does not hide what another rule of the pack finds in the same article."""
    begin(desk)
    mute(desk, rule="core")
    desk.publishes("gazette", item(1, "Resettlement by force"))

    desk.later()

    assert reasons(desk) == ["first_report"]


def test_silenced_story_is_told_by_its_next_article_when_the_silence_is_over(desk: Desk) -> None:
    """A silence hides and does not count as telling; its end says how much it hid."""
    begin(desk)
    mute(desk, hours=1, pack="move")
    desk.publishes("gazette", item(1, "Resettlement of the harbour"))
    desk.later()
    hidden = desk.read(silences.list_active)[0].hidden

    desk.later(hours=1)
    desk.publishes("herald", item(1, "Resettlement of the harbour", site="herald"))
    desk.later()

    assert hidden == 1
    assert reasons(desk) == ["silenced", "first_report"]
    told = [notice.headline for notice in desk.senders["ops"].notices if "Silence" in notice.headline]
    assert told == ["Silence si-1 is over; it hid 1 alert"]
    assert desk.read(silences.list_active) == []


def test_silence_of_a_story_mutes_that_story_alone(desk: Desk) -> None:
    """Further articles of a muted story are hidden though they are more severe; another story is told."""
    begin(desk)
    desk.publishes("gazette", item(1, "Resettlement of the harbour"))
    desk.later()
    mute(desk, story_id=1)

    story = item(1, "Resettlement of the harbour")
    desk.publishes("gazette", story | {"title": "Resettlement of the harbour by force"})
    desk.later()
    desk.publishes("gazette", story, item(2, "Resettlement clinic opens in the northern valley"))
    desk.later()

    assert reasons(desk)[:2] == ["first_report", "silenced"]
    assert reasons(desk)[-1] == "first_report"


def test_what_was_held_is_silenced_when_it_would_be_told(desk: Desk) -> None:
    """A silence made while an alert waits for corroboration hides it at the end of the wait."""
    waits = (
        "format: 1\npack: wait\nrules:\n  - {id: core, any: [delegation], corroboration: {newsrooms: 2, hold: 30m}}\n"
    )
    begin(desk, wait=waits)
    desk.publishes("gazette", item(1, "Delegation lands in the valley"))
    desk.later()
    mute(desk, pack="wait")

    desk.later(minutes=40)

    assert reasons(desk) == ["awaiting_corroboration", "silenced"]
    assert desk.senders["desk"].notices == []


# -- inhibition ----------------------------------------------------------------------------------

ALARM = "format: 1\npack: alarm\nrules: [{id: core, any: [ultimatum], severity: urgent}]\n"


def test_urgent_alert_mutes_the_routine_ones_of_its_story(desk: Desk) -> None:
    """Whoever was told a story as urgent is not told it as routine by another pack; who was not, is."""
    night = "format: 1\npack: night\nroute: [ops]\nrules: [{id: core, any: [harbour]}]\n"
    begin(desk, alarm=ALARM, night=night)
    desk.publishes("gazette", item(1, "Ultimatum over the harbour"))
    desk.later()

    story = item(1, "Ultimatum over the harbour")
    desk.publishes("gazette", story | {"title": "Ultimatum over the harbour ends: resettlement begins"})
    desk.later()

    assert "inhibited" in reasons(desk)
    assert [notice.severity for notice in desk.senders["desk"].notices] == ["urgent"]
    assert [notice.items[0].title for notice in desk.senders["ops"].notices if notice.items]


def test_high_is_told_beside_urgent(desk: Desk) -> None:
    """Only what is less than high is muted."""
    begin(desk, alarm=ALARM)
    desk.publishes("gazette", item(1, "Ultimatum over the harbour"))
    desk.later()

    story = item(1, "Ultimatum over the harbour")
    desk.publishes("gazette", story | {"title": "Ultimatum over the harbour ends: resettlement by force"})
    desk.later()

    assert [notice.severity for notice in desk.senders["desk"].notices] == ["urgent", "high"]


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def config(desk: Desk, tmp_path: Path) -> Path:
    """Return a configuration whose database a desk has filled."""
    begin(desk)
    path = tmp_path / "config.toml"
    zone = 'timezone = "Asia/Jerusalem"'
    path.write_text(f'[monitor]\ndatabase = "{desk.config.database}"\nrules = "rules"\n{zone}\n', "utf-8")
    return path


def test_silence_is_made_listed_and_ended_by_command(config: Path) -> None:
    """What is muted until when, and why, stands in the list until it is ended."""
    made = commands.call("silence", "add", "--pack", "move", "--for", "4h", "--comment", "known", "--config", config)
    listed = commands.call("silence", "list", "--config", config)
    ended = commands.call("silence", "end", "si-1", "--config", config)
    again = commands.call("silence", "end", "si-1", "--config", config)

    assert (made.code, listed.code, ended.code, again.code) == (0, 0, 0, 1)
    assert made.out.startswith("si-1 mutes until 20")
    assert "pack move" in listed.out
    assert "known" in listed.out
    assert commands.call("silence", "list", "--config", config, "--json").json == []
    (kept,) = commands.call("silence", "list", "--all", "--config", config, "--json").json
    assert (kept["id"], kept["pack"], kept["hidden"]) == ("si-1", "move", 0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--for", "4h"], "name what to mute"),
        (["--pack", "move"], "a silence has an end"),
        (["--pack", "move", "--for", "4h", "--until", "2999-01-01"], "a silence has an end"),
        (["--pack", "move", "--for", "soon"], "`soon` is not understood"),
        (["--pack", "move", "--until", "tomorrow"], "`tomorrow` is not understood"),
        (["--pack", "move", "--until", "2001-01-01T00:00"], "is over already"),
        (["--story", "x", "--for", "4h"], "is not a story's id"),
    ],
)
def test_silence_that_cannot_be_says_why(config: Path, arguments: list[str], says: str) -> None:
    """A mute without object or end, or one that is over, is refused with a sentence."""
    done = commands.call("silence", "add", *arguments, "--config", config)

    assert done.code == 2
    assert says in done.err


def test_ledger_lists_every_decision_about_a_match(desk: Desk, config: Path) -> None:
    """Told and silenced articles stand in it with their reasons; one can be asked for, a wrong one is refused."""
    mute(desk, words="harbour")
    desk.publishes("gazette", item(1, "Resettlement of the harbour"), item(2, "Resettlement clinic opens far away"))
    desk.later()

    listed = commands.call("alerts", "list", "--decisions", "--config", config, "--json").json
    hidden = commands.call("alerts", "list", "--reason", "silenced", "--config", config)
    wrong = commands.call("alerts", "list", "--reason", "nonsense", "--config", config)

    assert {(row["decision"], row["reason"]) for row in listed} == {
        ("suppressed", "silenced"),
        ("alert", "first_report"),
    }
    assert "Resettlement of the harbour" in hidden.out
    assert "clinic" not in hidden.out
    assert (wrong.code, "known: " in wrong.err) == (2, True)
