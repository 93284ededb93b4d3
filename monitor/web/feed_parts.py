"""What the pages say of a feed: its state with a mark, its rhythm as small bars, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from monitor.feeds import history
from monitor.jobs import feed_words
from monitor.store.feed_views import FeedRow
from monitor.store.feeds import Health
from monitor.web import charts

MARKS = {
    "ok": ("✓", "good"),
    "new": ("…", "info"),
    "failing": ("✗", "bad"),
    "candidate": ("?", "warn"),
    "paused": ("‖", "plain"),
    "stopped": ("⊘", "bad"),
    "retired": ("−", "plain"),
    "trouble": ("!", "warn"),
}
"""Sign and kind of badge, by state."""
TROUBLES = {
    "failing": "failing",
    "html": "a web page",
    "gone": "gone",
    "stale": "silent",
    "undated": "no dates",
    "future": "dated ahead",
    "language": "another language",
    "overflow": "entries may be lost",
}
OUTCOMES = {
    "unchanged": "nothing new",
    "ok": "read",
    "baseline": "first look",
    "failed": "failed",
}
ENTRY_STATES = {
    "baseline": ("older than the monitor's first look, so never told", "plain"),
    "pending": ("waits to be read", "info"),
    "done": ("read", "good"),
    "unreadable": ("could not be read", "bad"),
    "over_quota": ("beyond the feed's daily bound: not read", "warn"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One that stands."""

    words: str
    sentence: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A feed as lists and its own page show it."""

    row: FeedRow
    mark: str
    kind: str
    words: str
    remarks: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    failing_at: datetime | None
    spark: Markup
    """New entries a day."""
    wait: float | None
    """Seconds between its last poll and the next."""
    gap: float | None
    """Seconds between its entries, as its rhythm has it."""
    why_next: str
    days: tuple[history.Day, ...]
    polls: tuple[history.Poll, ...]

    @property
    def health(self) -> Health:
        """Return what its polls taught."""
        return self.row.health


def shown(row: FeedRow, now: datetime) -> Shown:
    """Return what is shown of a feed."""
    health, feed = row.health, row.health.feed
    state = "trouble" if health.state in ("ok", "new") and feed.troubles.keys() - {"failing"} else health.state
    mark, kind = MARKS[state]
    kept = history.read(feed.history)
    days = history.daily(kept, history.day_of(now.timestamp()))
    return Shown(
        row,
        mark,
        kind,
        feed_words.STATES.get(state, "needs a look"),
        tuple(feed_words.remarks(health)),
        tuple(
            Trouble(TROUBLES.get(code, code), sentence, datetime.fromtimestamp(since, UTC))
            for code, (since, sentence) in sorted(feed.troubles.items())
        ),
        feed.failing_at if health.error else None,
        spark(days),
        (health.next_check - health.polled_at).total_seconds() if health.polled_at else None,
        feed_words.learned_gap(feed, now),
        feed_words.why_next(health),
        days,
        kept.polls,
    )


def spark(days: tuple[history.Day, ...]) -> Markup:
    """Return the new entries of the last days as small bars, with their sum in words."""
    new, polls = sum(day.new for day in days), sum(day.polls for day in days)
    title = f"{new:,} new entries by {polls:,} polls in {len(days)} days"
    return charts.spark(title, [day.new for day in days])


def day_name(day: int) -> str:
    """Return `10 Mar` for a day of a history."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%-d %b}"


def poll_chart(days: tuple[history.Day, ...]) -> Markup:
    """Return polls a day, those that failed apart."""
    good = charts.Series("good polls", tuple(float(day.polls - day.failed) for day in days), "a")
    bad = charts.Series("failed", tuple(float(day.failed) for day in days), "bad")
    return charts.bars("Polls a day", [day_name(day.day) for day in days], (good, bad))


def entry_chart(days: tuple[history.Day, ...]) -> Markup:
    """Return new entries a day."""
    new = charts.Series("new entries", tuple(float(day.new) for day in days), "good")
    return charts.bars("New entries a day", [day_name(day.day) for day in days], (new,))
