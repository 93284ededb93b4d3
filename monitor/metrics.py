"""What the daemon counts, in a registry of its own; `render` writes it as Prometheus reads it.

Every name begins with `wirewatch_` and carries its unit. Labels hold our own words and the names that the operator gave
(packs, rules, channels), never anything from a feed: what others write must not decide how many series there are.
docs/operations.md explains each metric.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

# The moment a counter was created is a second series for each; nothing here asks for it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
_PREFIX = "wirewatch"


def _counter(name: str, says: str, *labels: str) -> Counter:
    return Counter(name, says, labels, namespace=_PREFIX, registry=REGISTRY)


def _gauge(name: str, says: str, *labels: str) -> Gauge:
    return Gauge(name, says, labels, namespace=_PREFIX, registry=REGISTRY)


FEED_POLLS = _counter("feed_polls_total", "Polls of feeds, by how they ended.", "outcome")
FEEDS = _gauge("feeds", "Feeds by their state.", "state")
FEED_STALENESS = _gauge("feed_staleness_seconds", "Time since the last good poll of the feed that has waited longest.")
FEED_TROUBLES = _gauge("feed_troubles", "Feeds that are in a trouble now, by its code.", "trouble")
LAST_SUCCESSFUL_POLL = _gauge("last_successful_poll_timestamp_seconds", "When a poll of any feed last succeeded.")

ARTICLES = _counter("articles_total", "Entries that were processed, by how their text was got.", "outcome")
ENTRIES_OVER_QUOTA = _counter("entries_over_quota_total", "New entries that were beyond the daily bound of their feed.")
MATCHES = _counter("matches_total", "Rules that an article made true.", "pack", "rule")
DECISIONS = _counter("decisions_total", "Decisions for a pack about an article.", "decision", "reason")

MESSAGES = _counter("messages_total", "Attempts to send a message, by how they ended.", "channel", "outcome")
MESSAGES_PENDING = _gauge("messages_pending", "Messages that wait to be sent.", "channel")
ENTRIES_WAITING = _gauge("entries_waiting", "Entries that are due and not decided yet.")
LATENESS = _gauge("lateness_seconds", "How long the work of this kind has been due that is most overdue.", "work")
PUBLISHED_TO_SENT = Histogram(
    "published_to_sent_seconds",
    "From the time an article gives as its publication to the channel's acceptance of the alert.",
    namespace=_PREFIX,
    registry=REGISTRY,
    buckets=(15, 30, 60, 120, 300, 600, 1_200, 3_600, 7_200, 21_600, 86_400),
)

RULES_LOAD_FAILURES = _counter("rules_load_failures_total", "Times the rule files were faulty and not taken over.")
PACKS_STALE = _gauge("packs_stale", "Packs that run on an older version, or not at all, since their files are faulty.")
CONFIG_RELOAD_SUCCESS = _gauge("config_last_reload_success", "1 if config.toml was sound when last read, else 0.")

NOTICES_OPEN = _gauge("notices_open", "Troubles of the monitor's own that were told and stand.")
LAST_SWEEP = _gauge("last_sweep_timestamp_seconds", "When the monitor last looked after itself to the end.")
DISK_FREE = _gauge("disk_free_bytes", "Free space on the disk of an SQLite database.")
HEARTBEATS = _counter("heartbeats_total", "Heartbeats, by what became of them.", "outcome")

MEMBER_INFO = _gauge("member_info", "Always 1; what this process is in a cluster.", "role", "member")
LEADS = _gauge("leads", "1 while this process leads its cluster, else 0.", "role")
MEMBERS = _gauge("members", "Processes of the cluster that live, by their role.", "role")
MEMBERS_LOST = _counter("members_lost_total", "Processes of the cluster that gave no sign of life and were ended.")

WORKER_RESTARTS = _counter("worker_restarts_total", "Worker processes that were killed or died, and were replaced.")
LOG_LINES_DROPPED = _counter("log_lines_dropped_total", "Log lines lost because their reader was blocked or gone.")
BUILD_INFO = _gauge("build_info", "Always 1; the version is in the labels.", "version", "python")


OF_WHOLE: tuple[Gauge, ...] = (
    FEEDS,
    FEED_STALENESS,
    FEED_TROUBLES,
    LAST_SUCCESSFUL_POLL,
    ENTRIES_WAITING,
    LATENESS,
    MESSAGES_PENDING,
    PACKS_STALE,
    NOTICES_OPEN,
    LAST_SWEEP,
    DISK_FREE,
    MEMBERS,
)
"""Those that tell of the whole monitor, from the sweep: of several processes the one that leads alone has them."""


class _Shown:
    """The registry without what this process does not know."""

    def __init__(self) -> None:
        self.hidden: frozenset[str] = frozenset()

    def collect(self) -> Iterator[Metric]:
        """Yield the families that are shown."""
        return (family for family in REGISTRY.collect() if family.name not in self.hidden)


_shown = _Shown()


def _name(gauge: Gauge) -> str:
    return next(iter(gauge.describe())).name


def hide_whole() -> None:
    """Show nothing of the whole monitor: another process leads, and what this one knew is of the past."""
    _shown.hidden = frozenset(map(_name, OF_WHOLE))
    for family in OF_WHOLE:
        if family._labelnames:
            family.clear()


def show_whole(on_server: bool) -> None:
    """Show it again, for a sweep of this process has just looked; `on_server`: the disk is a server's."""
    _shown.hidden = frozenset({_name(DISK_FREE)} if on_server else ())


def version() -> str:
    """Return the installed version of this program; `unknown` where it runs without being installed."""
    try:
        return metadata.version("wirewatch")
    except metadata.PackageNotFoundError:
        return "unknown"


BUILD_INFO.labels(version(), platform.python_version()).set(1)


def names() -> tuple[str, ...]:
    """Return the name of every metric, as a query writes it (histograms without their suffixes)."""
    families = ((family.name, family.type) for family in REGISTRY.collect())
    return tuple(sorted(f"{name}_total" if kind == "counter" else name for name, kind in families))


def render() -> tuple[bytes, str]:
    """Return the present values and their content type."""
    return generate_latest(_shown), CONTENT_TYPE_LATEST
