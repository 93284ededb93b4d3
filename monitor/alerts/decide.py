"""Match + story + what the pack was told -> alert, update or suppressed, with the reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import Decision, Match, Outcome, Reason, severity_rank


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that the pack's readers got about the story."""

    alert_id: int
    article_id: int
    severity: str
    trusted: bool = True
    """Whether the feed of the article is trusted."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The article as the decision sees it."""

    article_id: int
    published: datetime | None
    first_seen: datetime
    duplicate_of: int | None = None
    duplicate_reason: str | None = None
    trusted: bool = True
    """Whether its feed is trusted: what feeds that are not told before it does not count against it."""
    missed: bool = False
    """Whether it came out while we were away: too old only because we did not look."""


def decide_alert(
    pack: str,
    matches: Sequence[Match],
    subject: Subject,
    told: Sequence[Told],
    max_age: dict[str, float | None],
) -> Decision:
    """Return what one pack's readers are told about one revision.

    Args:
        matches: What the pack's rules found; at least one.
        told: Alerts of this pack about the story of the article, oldest first.
        max_age: Seconds by rule id; None for no limit. Age is first_seen - published; undated articles are new.
    """
    live = [match for match in matches if match.status == "live"]
    if not live:
        return Decision(
            pack, Outcome.SUPPRESSED, Reason.TEST_STATUS, None, {"rules": [match.rule for match in matches]}
        )
    fresh = [match for match in live if not _too_old(subject, max_age.get(match.rule))]
    severity = max((match.severity for match in fresh or live), key=severity_rank)
    if not fresh and not subject.missed:
        return Decision(pack, Outcome.SUPPRESSED, Reason.TOO_OLD, severity, {"age_seconds": _age(subject)})
    decision = _decide_fresh(pack, severity, subject, told)
    if fresh:
        return decision
    return replace(decision, detail={**(decision.detail or {}), "missed": True, "age_seconds": _age(subject)})


def _decide_fresh(pack: str, severity: str, subject: Subject, told: Sequence[Told]) -> Decision:
    if not told:
        return Decision(pack, Outcome.ALERT, Reason.FIRST_REPORT, severity)
    heard = [alert for alert in told if alert.trusted] if subject.trusted else told
    if not heard:
        return Decision(pack, Outcome.ALERT, Reason.TRUSTED_REPORT, severity, {"alert": told[0].alert_id})
    return _decide_again(pack, severity, subject, heard)


def _decide_again(pack: str, severity: str, subject: Subject, told: Sequence[Told]) -> Decision:
    before = max((alert.severity for alert in told), key=severity_rank)
    if severity_rank(severity) > severity_rank(before):
        detail = {"from": before, "to": severity, "alert": told[0].alert_id}
        return Decision(pack, Outcome.UPDATE, Reason.HIGHER_SEVERITY, severity, detail)
    return Decision(pack, Outcome.SUPPRESSED, _why_again(subject, told), severity, {"alert": told[0].alert_id})


def _why_again(subject: Subject, told: Sequence[Told]) -> Reason:
    if any(alert.article_id == subject.article_id for alert in told):
        return Reason.SAME_ARTICLE
    if subject.duplicate_reason is not None:
        return Reason(subject.duplicate_reason)
    return Reason.SAME_STORY


def _age(subject: Subject) -> float:
    if subject.published is None:
        return 0.0
    return max(0.0, (subject.first_seen - subject.published).total_seconds())


def _too_old(subject: Subject, limit: float | None) -> bool:
    return limit is not None and timedelta(seconds=_age(subject)) > timedelta(seconds=limit)


def strongest(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the strongest outcome: alert > update > held > suppressed > none."""
    order = list(Outcome)
    return min(outcomes, key=order.index, default=Outcome.NONE)
