"""Decisions in words: why a pack's readers were told, or were not, and what the recorded detail adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.model import Outcome
from monitor.store import decisions

WORDS: Mapping[str, str] = {
    "first_report": "The first report of its story that this pack's rules are true of.",
    "trusted_report": "Only feeds that are not trusted had told the story before.",
    "corroborated": "The rules ask for several independent newsrooms, and they are there.",
    "unconfirmed": "The rules ask for several independent newsrooms; too few came in time, so it is unconfirmed.",
    "other_event": "Its story was told, and it is unlike everything that was told of it: perhaps another event.",
    "higher_severity": "The story was told at a lower severity.",
    "newsrooms": "More independent newsrooms carry the story than when it was told.",
    "new_facts": "It has names, places or numbers that no message told yet.",
    "awaiting_corroboration": "It waits until enough independent newsrooms carry the story, or its time is over.",
    "awaiting_interval": "It has new facts; the story was told a short time ago, so they are gathered.",
    "same_article": "An earlier version of this very article was told.",
    "same_url": "An article with the same address was told.",
    "same_text": "An article with the same text was told.",
    "copy": "An article that shares most of its words was told.",
    "same_story": "Another article of the story was told, or is held and will be.",
    "uncorroborated": "Too few independent newsrooms came while it was held.",
    "feed_quota": "Its feed had brought as much as it may on one day.",
    "baseline": "It stood in the feed when the feed was first polled.",
    "too_old": "It was older than the rule's max_age when it was first seen.",
    "silenced": "A person muted it.",
    "inhibited": "It is routine, and everybody whom it would reach was told the story as urgent lately.",
    "test_status": "Only rules with `status: test` matched: recorded, never sent.",
    "no_match": "No rule of the pack is true of it.",
    "unreadable": "Neither the page nor the feed's text could be read, three times.",
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ALERT: "Alert",
    Outcome.UPDATE: "Update",
    Outcome.HELD: "Held",
    Outcome.SUPPRESSED: "Not told",
    Outcome.NONE: "No match",
}
KINDS: Mapping[str, str] = {"alert": "good", "update": "info", "held": "warn", "suppressed": "plain", "none": "low"}
"""The badge of an outcome."""
MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a decision's detail adds: `New numbers: 120 delegates`."""

    label: str
    text: str = ""
    """From outside, in parts."""
    href: str = ""
    """A page of ours that it is about."""
    at: datetime | None = None


def sentence(reason: str) -> str:
    """Return a reason in words; the code itself where a newer version wrote it."""
    return WORDS.get(reason) or reason.replace("_", " ")


def pack_named(pack: str, alone: bool = True) -> str:
    """Return a pack as the ledger names it; `alone`: whether no other pack has a row beside it."""
    return ("every pack" if alone else "every other pack") if pack == decisions.EVERY_PACK else pack


def facts(detail: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """Return what the detail of a decision says, in the order in which people ask."""
    return tuple(_facts(detail or {}))


def _facts(detail: Mapping[str, Any]) -> Iterator[Fact]:
    if isinstance(detail.get("alert"), int):
        yield Fact("Told before by", f"al-{detail['alert']}", f"/alerts/{detail['alert']}")
    if isinstance(detail.get("nearest"), int):
        yield Fact("Most like it, of what was told", f"art-{detail['nearest']}", f"/ledger/{detail['nearest']}")
    if "held" in detail:
        yield Fact("Told together with what is held")
    if "until" in detail and (until := _moment(detail["until"])) is not None:
        yield Fact("Until", at=until)
    if "silence" in detail:
        yield Fact("Muted by", f"si-{detail['silence']}", "/silences")
    if "from" in detail and "to" in detail:
        yield Fact("Severity", f"{detail['from']} before, {detail['to']} now")
    if "newsrooms" in detail:
        names = ", ".join(map(str, list(detail.get("names") or ())[:MOST_NAMES]))
        yield Fact("Independent newsrooms", f"{detail['newsrooms']}" + (f": {names}" if names else ""))
    for kind, found in (detail.get("new") or {}).items():
        yield Fact(f"New {kind}", ", ".join(map(_word, found)))
    if detail.get("folded"):
        yield Fact("Reports folded since it was last told", str(detail["folded"]))
    if "step" in detail:
        yield Fact("Step of newsrooms reached", str(detail["step"]))
    if "would" in detail:
        because = str(detail.get("because", "")).replace("_", " ")
        yield Fact("Would have been", f"{detail['would']}" + (f", {because}" if because else ""))
    if "batch" in detail:
        yield Fact("Told in a digest", "caught up after an absence" if detail.get("missed") else "of a rebuilt feed")


def _word(found: object) -> str:
    return " ".join(map(str, found)) if isinstance(found, list | tuple) else str(found)


def _moment(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        return None
