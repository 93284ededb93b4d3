"""The last watch over the process: what it tells, when, and through whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.alerts.watch import Vitals
from monitor.config import ChannelSettings, Config
from monitor.delivery import channel
from monitor.jobs import watchdog
from monitor.model import SendOutcome, SendResult, Target
from tests.support.desk import FakeSender

WELL = Vitals(0.5, 0.5, 3.0, 20.0)
STILL = replace(WELL, tick=90.0)


@dataclass
class Watched:
    """A watchdog over scripted vitals, on a clock of its own."""

    vitals: Vitals = WELL
    told: list[str] = field(default_factory=list)
    at: float = 1_000.0

    def __post_init__(self) -> None:
        self.dog = watchdog.Watchdog(lambda: self.vitals, lambda headline, body: self.told.append(headline))

    def awake(self, seconds: float) -> Watched:
        """Let time pass with a look every five seconds."""
        for _ in range(int(seconds / watchdog.LOOK)):
            self.at += watchdog.LOOK
            self.dog.look(self.at)
        return self


@pytest.fixture
def watched() -> Watched:
    return Watched().awake(60)


@pytest.mark.parametrize(
    ("vitals", "says"),
    [
        (replace(WELL, tick=61.0, sweep=900.0), "The monitor stands still: its scheduler does not tick"),
        (replace(WELL, writer=61.0, commit=900.0), "The monitor stands still: its database writer hangs"),
        (replace(WELL, commit=121.0, sweep=900.0), "The monitor stands still: its database takes no writes"),
        (replace(WELL, sweep=301.0), "The monitor no longer looks after itself"),
    ],
)
def test_f45_each_part_that_stands_still_is_told_with_the_deepest_cause(
    watched: Watched, vitals: Vitals, says: str
) -> None:
    """A minute of it, seen awake, and people hear which part it is; what follows from that is not told besides."""
    watched.vitals = vitals

    watched.awake(120)

    assert watched.told == [says]


def test_f45_told_once_reminded_daily_and_closed(watched: Watched) -> None:
    """Two days of standstill are three messages, and its end is one."""
    watched.vitals = STILL
    watched.awake(2 * 86_400 + 300)
    watched.vitals = WELL

    watched.awake(60)

    assert watched.told == ["The monitor stands still: its scheduler does not tick"] * 3 + ["The monitor goes on"]


def test_f14_a_process_that_was_stopped_is_no_standstill(watched: Watched) -> None:
    """After SIGSTOP and SIGCONT the signs are hours old for a moment; nobody is told of it."""
    watched.at += 8 * 3600
    watched.vitals = replace(WELL, tick=8 * 3600.0, commit=8 * 3600.0)
    watched.awake(10)
    watched.vitals = WELL

    watched.awake(120)

    assert watched.told == []


@pytest.mark.parametrize("seconds", [30, 110])
def test_f05_a_lock_of_a_minute_is_no_standstill(watched: Watched, seconds: int) -> None:
    """A backup that holds the database for a while is waited for in silence."""
    watched.vitals = replace(WELL, commit=float(seconds))

    watched.awake(seconds)

    assert watched.told == []


# -- past the queue --------------------------------------------------------------------------------


@pytest.fixture
def senders() -> dict[str, FakeSender]:
    """Senders by channel: `ops`, `desk` and `pager`."""
    return {name: FakeSender() for name in ("ops", "desk", "pager")}


def outcry(senders: dict[str, FakeSender], ops: str | None = "ops") -> watchdog.Outcry:
    """Return what says it past the queue, with three channels."""
    channels = {name: ChannelSettings(name, SecretStr("x://y")) for name in ("desk", "ops", "pager")}
    config = Config(Path("config.toml"), "sqlite:///x", Path("rules"), channels=channels, ops_channel=ops)

    def opened(name: str, _url: str) -> tuple[channel.OpenTarget, ...]:
        return (channel.OpenTarget(Target(name, "one", name), senders[name]),)

    return watchdog.Outcry(lambda: config, opened)


def test_f45_outcry_goes_to_the_ops_channel_alone(senders: dict[str, FakeSender]) -> None:
    """Where the ops channel takes it, nobody else is woken."""
    outcry(senders).say("It stands still", "Restart it.")

    assert [len(senders[name].notices) for name in ("ops", "desk", "pager")] == [1, 0, 0]
    assert (senders["ops"].notices[0].kind, senders["ops"].notices[0].headline) == ("ops", "It stands still")


def test_f45_outcry_goes_another_way_where_the_ops_channel_is_dead(senders: dict[str, FakeSender]) -> None:
    """The ops channel refuses, the desk does not answer: the pager hears it."""
    senders["ops"].script = [SendResult(SendOutcome.REFUSED, 404)]
    senders["desk"].script = [SendResult(SendOutcome.UNCERTAIN)]

    outcry(senders).say("It stands still", "Restart it.")

    assert [len(senders[name].notices) for name in ("ops", "desk", "pager")] == [1, 1, 1]


def test_without_an_ops_channel_the_log_alone_says_it(senders: dict[str, FakeSender]) -> None:
    """Nobody asked for notices: the readers of alerts get none."""
    outcry(senders, None).say("It stands still", "Restart it.")

    assert not any(sender.notices for sender in senders.values())
