"""Where a message stands: what it waits for and until when. Shared by `explain`, `channels list` and `run --once`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.cli import common

if TYPE_CHECKING:
    from monitor import hours
    from monitor.store.gathering import Gathered

_GATHERS = {
    "quiet": "quiet until {}",
    "throttle": "beyond the throttle until {}",
    "budget": "beyond the budget until {}",
    "storm": "in a storm, leaves with others at {}",
    "group": "grouped with others until {}",
    "batch": "waits for the others of its batch until {} at the latest",
}


def gathers(slot: str, due: datetime, zone: str) -> str:
    """Return why a message gathers under a slot, and until when: `waits in the digest of 2025-03-11 07:00`."""
    from monitor.alerts import posting

    moment, kind = common.when(due, zone), posting.kind_of(slot)
    if kind == "digest":
        pack = posting.pack_of(slot)
        return f"waits in the digest{f' of pack {pack}' if pack else ''} of {moment}"
    return _GATHERS[kind].format(moment)


def delivery_json(row: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return where a message of an alert stands, for programs; `waits` says it in words where it has not left yet."""
    kept = ("state", "reason", "due_at", "sent_at")
    named = {"message": f"m-{row['id']}", "channel": row["channel"], "target": row["label"]}
    return {**named, **{name: row[name] for name in kept}, "waits": _waits(row, zone)}


def _waits(row: Mapping[str, Any], zone: str) -> str | None:
    from monitor.store import gathering

    if row["state"] == "gathering":
        return gathers(gathering.slot_of(row["slot"]), row["due_at"], zone)
    if row["state"] in ("queued", "uncertain"):
        again = "is tried again" if row["attempt"] else "leaves"
        return f"queued, {again} from {common.when(row['due_at'], zone)} on"
    return "is being sent" if row["state"] == "sending" else None


def delivery_line(told: Mapping[str, Any], zone: str) -> str:
    """Return `desk to desk@example.org: quiet until 2025-03-11 06:30`, of what `delivery_json` returned."""
    said = told["waits"]
    if said is None:
        said = f"sent {common.when(told['sent_at'], zone)}" if told["state"] == "sent" else told["state"]
        said += f": {common.clean(told['reason'])}" if told["reason"] and told["state"] != "sent" else ""
    elif told["reason"]:
        said += f" ({common.clean(told['reason'])})"
    return f"{told['channel']} to {common.clean(told['target'])}: {said}"


def gathered_json(found: Gathered, zone: str) -> dict[str, Any]:
    """Return a message that gathers, for programs."""
    return {
        "channel": found.channel,
        "target": found.label,
        "alerts": found.alerts,
        "why": gathers(found.slot, found.due_at, zone),
        "due_at": found.due_at,
    }


def timetable(table: hours.Timetable) -> str:
    """Return a timetable as config.toml writes it: `07:00`, `mon-fri 07:00`, `mon,thu 07:00`, `hourly`."""
    from monitor import hours

    if table.at is None:
        return "hourly"
    if len(table.days) == len(hours.DAYS):
        return f"{table.at:%H:%M}"
    first, last = table.days[0], table.days[-1]
    in_a_row = len(table.days) > 2 and table.days == tuple(range(first, last + 1))
    days = f"{hours.DAYS[first]}-{hours.DAYS[last]}" if in_a_row else ",".join(hours.DAYS[day] for day in table.days)
    return f"{days} {table.at:%H:%M}"
