"""The metrics: their names, that they are documented, and how they are written."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor import metrics

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"

PROMISED = {
    "feed_polls_total",
    "feed_staleness_seconds",
    "articles_total",
    "matches_total",
    "decisions_total",
    "messages_total",
    "messages_pending",
    "config_last_reload_success",
    "published_to_sent_seconds",
    "rules_load_failures_total",
    "last_successful_poll_timestamp_seconds",
}


def test_promised_metrics_exist() -> None:
    """What dashboards and alerts outside rely on is there, under its name."""
    assert {f"wirewatch_{name}" for name in PROMISED} <= set(metrics.names())


def test_every_name_has_prefix_and_unit() -> None:
    """Names begin with wirewatch_; what is a time says seconds, what only grows says total."""
    assert all(re.fullmatch(r"wirewatch_[a-z_]+", name) for name in metrics.names())
    assert [name for name in metrics.names() if re.search(r"(_ms|_minutes|_count)$", name)] == []


def test_every_metric_is_documented() -> None:
    """docs/operations.md has a row for each metric with its labels, and none for one that is gone."""
    rows = re.findall(r"^\| `(wirewatch_[a-z_]+)(?:\{([a-z, ]+)\})?` \|", OPERATIONS.read_text(), re.MULTILINE)
    labels = {
        f"{family._name}_total" if family._type == "counter" else family._name: ", ".join(family._labelnames)
        for family in vars(metrics).values()
        if hasattr(family, "_labelnames")
    }

    assert dict(rows) == labels
    assert set(labels) == set(metrics.names())


def test_rendering_is_what_prometheus_reads() -> None:
    """The exposition parses, holds what was counted, and no series for the moment of creation."""
    metrics.DECISIONS.labels("alert", "first_report").inc()
    metrics.PUBLISHED_TO_SENT.observe(42)

    body, content_type = metrics.render()

    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert content_type.startswith("text/plain")
    decided = [sample.labels for sample in families["wirewatch_decisions"].samples]
    assert {"decision": "alert", "reason": "first_report"} in decided
    assert families["wirewatch_build_info"].samples[0].labels["version"] == metrics.version()
    assert b"_created" not in body


def test_hostile_label_is_escaped() -> None:
    """A name that an operator chose badly does not break the exposition."""
    metrics.MESSAGES_PENDING.labels('a"b\n\\').set(1)

    body, _ = metrics.render()

    metrics.MESSAGES_PENDING.remove('a"b\n\\')
    pending = next(f for f in text_string_to_metric_families(body.decode()) if f.name == "wirewatch_messages_pending")
    assert 'a"b\n\\' in {sample.labels["channel"] for sample in pending.samples}
