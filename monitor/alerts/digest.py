"""Which alerts are told together, and what their digest says of itself. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model import Decision, Outcome

REBUILT = "rebuilt"
"""Batch of a feed that was rebuilt: all of its entries look new."""
CATCH_UP = "catch_up"
"""Batch of what came out while we were away."""
RESTORED = "restored"
"""Batch of what came out between a backup and its return: some of it may have been told before."""
LATE = timedelta(hours=24)
"""How long after its beginning a batch takes in what its entries still give: a page that is read at a later try."""


def joins_digest(kind: str, begun: datetime, decision: Decision, now: datetime) -> bool:
    """Return whether an alert about an entry of a batch goes into the batch's digest instead of a message of its own.

    Of a rebuilt feed all but urgent ones do, of what was missed those that are too old by their rule's max_age, of what
    came before a backup was put back every one.
    """
    if decision.outcome not in (Outcome.ALERT, Outcome.UPDATE) or now - begun > LATE:
        return False
    if kind == CATCH_UP:
        return bool(decision.detail and decision.detail.get("missed"))
    return kind == RESTORED or decision.severity != "urgent"


def render_words(kind: str, feed_name: str | None, entries: int, matched: int, first: bool) -> tuple[str, str]:
    """Return headline and explanation of a digest.

    Args:
        entries: That looked new or were missed, over the whole batch.
        matched: Articles that this message tells.
        first: Whether it is the batch's first message to this recipient.
    """
    more = "" if first else " more"
    reports = f"{matched}{more} report{'s' if matched > 1 else ''}"
    if kind == CATCH_UP:
        be = "is" if matched == 1 else "are"
        body = (
            f"The monitor could not look at these feeds for a while. {reports} came out meanwhile and {be} now "
            f"older than the rule's max_age: told here together, so that nothing is lost, and not one by one."
        )
        return f"Catch-up: {reports} from while the monitor was away", body
    if kind == RESTORED:
        body = (
            f"The database was put back to a backup. {reports} came out since that backup: some of them may have been "
            f"told before, so they are told here together and not one by one."
        )
        return f"Restored: {reports} from since the backup", body
    feed = feed_name or "a feed"
    match = "matches" if matched == 1 else "match"
    body = (
        f"The feed {feed} was rebuilt: {entries} items that look new; {matched}{more} {match}. "
        f"Most of them are older than the last poll, so they are told here together and not one by one."
    )
    return f"{feed} was rebuilt: {reports} among {entries} items that look new", body


def slot_words(kind: str, reports: int, first: bool) -> tuple[str, str]:
    """Return headline and explanation of a message that gathered `reports` articles under a slot (`alerts.posting`).

    Args:
        kind: `digest`, `quiet`, `throttle`, `budget`, `storm` or `group`.
        first: Whether it is the slot's first message to this recipient.
    """
    more = "" if first else " more"
    counted = f"{reports}{more} report{'' if reports == 1 else 's'}"
    headline, body = _SLOT_WORDS[kind]
    return headline.format(counted), body


_SLOT_WORDS = {
    "digest": ("Digest: {}", "Collected since the last digest, as the channel or the pack asks for."),
    "quiet": ("{} came while it was quiet", "Held during the quiet hours of this channel. Urgent alerts pass them."),
    "throttle": ("{} beyond the throttle", "The pack told as many as its throttle allows; these came after them."),
    "budget": (
        "{} beyond the day's budget",
        "This channel told as many alerts on one day as its budget allows; these came after them. High and urgent "
        "ones are not held.",
    ),
    "storm": (
        "Storm: {} at once",
        "More matches came than people can read one by one. What does not fit here is in the ledger: "
        "wirewatch alerts list",
    ),
    "group": ("{} within the group window", ""),
}


def empty_words(articles: int, silent: int, told: int = 0) -> tuple[str, str]:
    """Return headline and explanation of a digest without an alert: silence is told, so that it can be trusted.

    Args:
        articles: Read since the digest before.
        silent: Feeds about which an alarm stands.
        told: Alerts that went to this recipient meanwhile and did not wait for the digest, such as urgent ones.
    """
    read = f"{articles:,} article{'' if articles == 1 else 's'}"
    feeds = f"{silent} feed{'' if silent == 1 else 's'}"
    alone = f"{told} alert{'' if told == 1 else 's'} did not wait for it and left before"
    nothing = alone if told else "no pack was told anything new"
    body = f"{read} read since the last digest; {nothing}. {feeds} silent or failing"
    return f"Digest: 0 {'more ' if told else ''}alerts, {read}, {feeds} silent", body + (
        ": wirewatch feeds list" if silent else "."
    )
