"""Where an alert's messages stand and until when, as `explain`, `channels list` and `run --once` say it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import hours
from monitor.cli import run, waits
from monitor.model import SendOutcome, SendResult
from monitor.store import gathering
from tests.integration.test_digest_time import PACK, asks, begin, publish, report
from tests.support import commands
from tests.support.desk import Desk

EVENING = datetime(2025, 6, 10, 20, tzinfo=UTC)
ZONE = "Asia/Jerusalem"


def write_config(desk: Desk, folder: Path, channel: str = "") -> Path:
    """Write a configuration for commands that read the desk's database."""
    path = folder / "config.toml"
    path.write_text(
        f'[monitor]\ndatabase = "{desk.config.database}"\nrules = "rules"\ntimezone = "{ZONE}"\n'
        f'default_route = ["desk"]\n[channels.desk]\nurl = "console://"\n{channel}',
        "utf-8",
    )
    return path


def explained(desk: Desk, folder: Path, what: str = "al-1") -> tuple[str, list[dict[str, Any]]]:
    """Return what `explain ID` prints, and the deliveries that it gives to programs."""
    config = write_config(desk, folder)
    shown, plain = (
        commands.call("explain", what, "--config", config),
        commands.call("explain", what, "--config", config, "--json"),
    )
    assert (shown.code, plain.code) == (0, 0), shown.err + plain.err
    (made,) = [row for row in plain.json["revisions"][0]["decisions"] if row["pack"] == "move"]
    return shown.out, made["deliveries"]


@pytest.mark.parametrize(
    ("keys", "says", "due"),
    [
        (
            {"digest": hours.parse_timetable("07:00")},
            "desk to desk: waits in the digest of 2025-06-11 07:00",
            datetime(2025, 6, 11, 4, tzinfo=UTC),
        ),
        (
            {"quiet": hours.parse_quiet("22:00-06:30")},
            "desk to desk: quiet until 2025-06-11 06:30",
            datetime(2025, 6, 11, 3, 30, tzinfo=UTC),
        ),
        (
            {"budget": 0},
            "desk to desk: beyond the budget until 2025-06-12 00:00",
            datetime(2025, 6, 11, 21, tzinfo=UTC),
        ),
    ],
    ids=["digest", "quiet", "budget"],
)
def test_explain_says_what_an_alert_waits_for(
    desk: Desk, tmp_path: Path, keys: dict[str, Any], says: str, due: datetime
) -> None:
    """Digest, quiet hours and budget each with the time of the desk, and for programs in UTC."""
    begin(desk, ZONE, EVENING if "budget" not in keys else EVENING.replace(day=11, hour=9))
    asks(desk, **keys)
    publish(desk, report(1))
    desk.later()

    shown, (delivery,) = explained(desk, tmp_path)

    assert says in shown
    assert (delivery["state"], delivery["due_at"]) == ("gathering", due.isoformat().replace("+00:00", "Z"))
    assert delivery["waits"] == says.removeprefix("desk to desk: ")


def test_explain_says_that_a_pack_has_its_own_digest_and_throttle(desk: Desk, tmp_path: Path) -> None:
    """The first alert left, the second is beyond the throttle; with a digest the pack is named."""
    begin(desk, ZONE, EVENING)
    desk.packs = {"packs/move.yaml": PACK + "throttle: {max: 1 per 2h}\n"}
    desk.set_up(desk.context.setup.live if desk.context else None)
    publish(desk, report(1))
    desk.later()
    publish(desk, report(2))
    desk.later()
    desk.packs = {"packs/move.yaml": PACK + "digest: {at: '07:00'}\n"}
    desk.set_up(desk.context.setup.live if desk.context else None)
    publish(desk, report(3))
    desk.later()

    shown = [explained(desk, tmp_path, f"al-{n}")[0] for n in (1, 2, 3)]

    assert "desk to desk: sent 2025-06-10 23:20" in shown[0]
    assert "desk to desk: beyond the throttle until 2025-06-11 01:20" in shown[1]
    assert "desk to desk: waits in the digest of pack move of 2025-06-11 07:00" in shown[2]


def test_explain_says_that_a_message_is_tried_again_or_dead(desk: Desk, tmp_path: Path) -> None:
    """A refusal that may pass has its next try and its reason, one that does not is dead."""
    begin(desk, ZONE, EVENING)
    desk.senders["desk"].script = [
        SendResult(SendOutcome.RETRY, 503, "down"),
        SendResult(SendOutcome.REFUSED, 400, "no"),
    ]
    publish(desk, report(1))
    desk.later()
    first, _ = explained(desk, tmp_path)
    desk.later()
    second, _ = explained(desk, tmp_path)

    assert "queued, is tried again from 2025-06-10 23:2" in first
    assert "desk to desk: dead" in second


def test_channels_list_says_what_waits_and_until_when(desk: Desk, tmp_path: Path) -> None:
    """What makes the channel hold alerts stands in its row, how many wait and until when under the table."""
    begin(desk, ZONE, EVENING)
    asks(desk, digest=hours.parse_timetable("mon-fri 07:00"), quiet=hours.parse_quiet("22:00-06:30"))
    publish(desk, report(1), report(2))
    desk.later()
    keys = 'digest = "mon-fri 07:00"\nquiet = "22:00-06:30"\nbudget = 100\ngroup = "60s"\n'
    config = write_config(desk, tmp_path, keys)

    shown = commands.call("channels", "list", "--config", config).out
    plain = commands.call("channels", "list", "--config", config, "--json").json

    assert "digest mon-fri 07:00, quiet 22:00-06:30, budget 100 a day, group 60 s" in shown
    assert "desk to desk: 2 alerts, waits in the digest of 2025-06-11 07:00" in shown
    (row,) = [one for one in plain if one["channel"] == "desk"]
    assert [(one["alerts"], one["due_at"]) for one in row["waiting"]] == [(2, "2025-06-11T04:00:00Z")]
    assert (row["digest"], row["quiet"], row["budget"], row["group"]) == ("mon-fri 07:00", "22:00-06:30", 100, 60.0)


def test_one_pass_sends_groups_and_says_until_when_digests_and_quiet_wait(desk: Desk) -> None:
    """`run --once` leaves nothing in a group, and names what a digest and quiet hours keep, with the time."""
    begin(desk, ZONE, EVENING, "desk", "night", "chat")
    asks(desk, digest=hours.parse_timetable("07:00"))
    asks(desk, "night", quiet=hours.parse_quiet("22:00-06:30"))
    asks(desk, "chat", group=3600.0)
    publish(desk, report(1), report(2))

    summary = desk.later()

    assert len(desk.senders["chat"].titles) == 2
    text = run.sentence(summary, ZONE)
    assert "desk to desk: 2 gathered, waits in the digest of 2025-06-11 07:00" in text
    assert "night to night: 2 gathered, quiet until 2025-06-11 06:30" in text
    assert "chat to chat" not in text


@pytest.mark.parametrize("written", ["07:00", "mon-fri 07:00", "sun 23:30", "mon,thu 09:15", "sat,sun 09:30", "hourly"])
def test_timetables_are_shown_as_they_are_written(written: str) -> None:
    """What config.toml says is what is shown."""
    assert waits.timetable(hours.parse_timetable(written)) == written


def test_every_slot_has_its_words() -> None:
    """Each reason to gather is said with its time in the desk's zone."""
    kinds = ("digest::x", "digest:move:x", "quiet:x", "throttle:x", "budget:x", "storm:x", "group:x", "batch:3#2")

    said = [waits.gathers(gathering.slot_of(slot), EVENING, ZONE) for slot in kinds]

    assert all("2025-06-10 23:00" in words for words in said)
    assert len(set(said)) == len(kinds)
