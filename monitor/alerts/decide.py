"""Match + story + what the pack was told -> alert, update, held or suppressed, with the reason. Pure.

`decide_alert` is asked when an article comes, `decide_release` about what is held: when another article of the story
came, and when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.alerts import terms as told_terms
from monitor.alerts.facts import NO_FACTS, NOTHING, ArticleFacts, Facts
from monitor.alerts.terms import Terms
from monitor.model import Decision, Match, Outcome, Reason, severity_rank

MOST_NAMES = 10
"""Newsrooms that a decision names."""

Nearness = Callable[[int, int], float]
"""Two articles of a story, by id -> below 0 where they tell of two events, although they share a story."""


def one_event(_one: int, _other: int) -> float:
    """Take all articles of a story for reports of one event."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that the pack's readers got about the story."""

    alert_id: int
    article_id: int
    severity: str
    trusted: bool = True
    """Whether the feed of the article is trusted."""
    at: datetime | None = None
    newsrooms: int | None = None
    """Independent ones that carried the story then; None from a version that did not count."""
    facts: Facts = NOTHING


@dataclass(frozen=True, slots=True)
class Waiting:
    """A decision about the story and the pack that is held."""

    revision_id: int
    article_id: int
    severity: str
    reason: Reason
    """AWAITING_CORROBORATION or AWAITING_INTERVAL."""
    until: datetime
    trusted: bool = True
    needed: int = 0
    """Independent newsrooms that it waits for."""
    otherwise: str = "unconfirmed"
    facts: Facts = NOTHING
    """What is told with it: all that its article names."""
    news: Facts = NOTHING
    """What is new in it and in those that were folded into it."""
    lifted: bool = False
    """Whether its rules, as they are now, no longer ask for corroboration."""


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


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a story: who carries it, what the pack was told of it, what is held. Oldest first."""

    told: Sequence[Told] = ()
    waiting: Sequence[Waiting] = ()
    newsrooms: int = 1
    """Independent ones of trusted feeds, that of the article counted."""
    names: Sequence[str] = ()
    nearness: Nearness = one_event

    @property
    def carried(self) -> dict[str, Any]:
        """Return who carries it, for the detail of a decision."""
        return {"newsrooms": self.newsrooms, "names": list(self.names[:MOST_NAMES])}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, and the facts that go with it."""

    decision: Decision
    facts: Facts = NOTHING
    """What is told by it, now or when it is no longer held."""
    news: Facts = NOTHING
    """What is new in it: of what is held, or of what is suppressed and goes into that which its detail names."""
    otherwise: str = ""
    """Of what is held for corroboration: what becomes of it without (`Waiting.otherwise`)."""


def decide_alert(
    pack: str,
    matches: Sequence[Match],
    subject: Subject,
    story: Story,
    terms: Mapping[str, Terms],
    now: datetime,
    facts: ArticleFacts = NO_FACTS,
) -> Ruling:
    """Return what one pack's readers are told about one revision.

    Args:
        matches: What the pack's rules found; at least one.
        terms: What each rule asks for, by id. Age is first_seen - published; undated articles are new.
    """
    live = [match for match in matches if match.status == "live"]
    if not live:
        rules = [match.rule for match in matches]
        return Ruling(Decision(pack, Outcome.SUPPRESSED, Reason.TEST_STATUS, None, {"rules": rules}))
    fresh = [match for match in live if not _too_old(subject, terms[match.rule].max_age)]
    severity = max((match.severity for match in fresh or live), key=severity_rank)
    if not fresh and not subject.missed:
        return Ruling(Decision(pack, Outcome.SUPPRESSED, Reason.TOO_OLD, severity, {"age_seconds": _age(subject)}))
    agreed = told_terms.agree([terms[match.rule] for match in fresh or live])
    case = _Case(pack, severity, subject, story, agreed, now, facts.near.get(pack, NOTHING), facts.whole)
    ruling = case.first() if not case.heard else case.again()
    if fresh:
        return ruling
    detail = {**(ruling.decision.detail or {}), "missed": True, "age_seconds": _age(subject)}
    return replace(ruling, decision=replace(ruling.decision, detail=detail))


@dataclass(frozen=True, slots=True)
class _Case:
    """One pack and one fresh article."""

    pack: str
    severity: str
    subject: Subject
    story: Story
    agreed: told_terms.Agreed
    now: datetime
    near: Facts
    whole: Facts

    @property
    def heard(self) -> list[Told]:
        """Return what counts as told: what is like the article, and for one of a trusted feed told by trusted feeds."""
        return [told for told in self._told if self._is_like(told.article_id)]

    @property
    def _told(self) -> list[Told]:
        return [told for told in self.story.told if told.trusted or not self.subject.trusted]

    def _is_like(self, article_id: int) -> bool:
        return self.story.nearness(self.subject.article_id, article_id) >= 0

    def waiting(self, reason: Reason) -> list[Waiting]:
        """Return what is held for a reason, and counts in the same way."""
        waits = (held for held in self.story.waiting if held.trusted or not self.subject.trusted)
        return [held for held in waits if held.reason is reason and self._is_like(held.article_id)]

    # -- not told yet -----------------------------------------------------------------------------

    def first(self) -> Ruling:
        """Decide about a story that the pack was not told."""
        wanted = self.agreed.corroboration
        before = {"alert": self.story.told[0].alert_id} if self.story.told else {}
        if wanted is None:
            carried = self.story.carried if self.story.newsrooms > 1 else {}
            return self._tell_first(self._first_reason(), {**before, **self._apart(), **carried})
        held = self.waiting(Reason.AWAITING_CORROBORATION)
        if held and severity_rank(self.severity) <= max(severity_rank(other.severity) for other in held):
            return self._fold(held)
        if self.story.newsrooms >= wanted.newsrooms:
            return self._tell_first(Reason.CORROBORATED, {**before, **self._apart(), **self.story.carried})
        until = min((other.until for other in held), default=self.now + timedelta(seconds=wanted.hold))
        detail = {"until": until.isoformat(), "needed": wanted.newsrooms, **self.story.carried}
        decision = Decision(self.pack, Outcome.HELD, Reason.AWAITING_CORROBORATION, self.severity, detail)
        return Ruling(decision, self.whole, self.near, wanted.otherwise)

    def _first_reason(self) -> Reason:
        if self._told:
            return Reason.OTHER_EVENT
        return Reason.TRUSTED_REPORT if self.story.told else Reason.FIRST_REPORT

    def _apart(self) -> dict[str, Any]:
        """Return which of what was told is nearest to an article that is like none of it."""
        told = {told.article_id: self.story.nearness(self.subject.article_id, told.article_id) for told in self._told}
        if not told:
            return {}
        nearest = max(told, key=lambda article_id: (told[article_id], -article_id))
        return {"nearest": nearest, "fit": round(told[nearest], 3)}

    def _tell_first(self, reason: Reason, detail: Mapping[str, Any]) -> Ruling:
        """Tell the story, with what is new in articles that were held and are folded into this one."""
        more = NOTHING
        for held in self.waiting(Reason.AWAITING_CORROBORATION):
            more = more | held.news
        more = more - self.whole
        said = {"new": more.to_words()} if more else {}
        ruling = self._tell(Outcome.ALERT, reason, {**detail, **said})
        return replace(ruling, facts=ruling.facts | more)

    def _fold(self, held: Sequence[Waiting]) -> Ruling:
        """Suppress what adds nothing to an article that is held and will be told or not with this one counted."""
        same = any(other.article_id == self.subject.article_id for other in held)
        reason = Reason.SAME_ARTICLE if same else self._repeats()
        detail = {"held": held[0].revision_id, "until": held[0].until.isoformat()}
        decision = Decision(self.pack, Outcome.SUPPRESSED, reason, self.severity, detail)
        return Ruling(decision, news=self.near - held[0].news if self.subject.trusted else NOTHING)

    # -- told before ------------------------------------------------------------------------------

    def again(self) -> Ruling:
        """Decide about a story that the pack was told."""
        before = max((told.severity for told in self.heard), key=severity_rank)
        if severity_rank(self.severity) > severity_rank(before):
            return self._update(Reason.HIGHER_SEVERITY, {"from": before, "to": self.severity})
        counted = max(told.newsrooms or 1 for told in self.heard)
        reached = [step for step in self.agreed.steps if counted < step <= self.story.newsrooms]
        if reached and self.subject.trusted:
            return self._update(Reason.NEWSROOMS, {"step": max(reached), "before": counted})
        if self.subject.trusted and (new := self._new()):
            return self._news(new)
        return self._suppress()

    def _new(self) -> Facts:
        known = NOTHING
        for told in self.heard:
            known = known | told.facts
        return self.near - known

    def _news(self, new: Facts) -> Ruling:
        """Tell new facts, or let them gather while the story was told a short time ago."""
        last = max((told.at for told in self.heard if told.at), default=self.now)
        until = min(last, self.now) + timedelta(seconds=self.agreed.interval)
        if until <= self.now:
            return self._update(Reason.NEW_FACTS, {})
        held = self.waiting(Reason.AWAITING_INTERVAL)
        if not held:
            detail = {**self._alert(), "until": until.isoformat(), "new": new.to_words()}
            decision = Decision(self.pack, Outcome.HELD, Reason.AWAITING_INTERVAL, self.severity, detail)
            return Ruling(decision, news=new)
        more = new - held[0].news
        ruling = self._suppress()
        detail = {**(ruling.decision.detail or {}), "held": held[0].revision_id}
        if more:
            detail["new"] = more.to_words()
        return Ruling(replace(ruling.decision, detail=detail), news=more)

    def _update(self, reason: Reason, detail: Mapping[str, Any]) -> Ruling:
        new = self._new() if self.subject.trusted else NOTHING
        for held in self.waiting(Reason.AWAITING_INTERVAL):
            new = new | held.news
        said = {"new": new.to_words()} if new else {}
        ruling = self._tell(Outcome.UPDATE, reason, {**self._alert(), **detail, **said, **self.story.carried})
        return replace(ruling, facts=ruling.facts | new)

    def _suppress(self) -> Ruling:
        same = any(told.article_id == self.subject.article_id for told in self.heard)
        reason = Reason.SAME_ARTICLE if same else self._repeats()
        return Ruling(Decision(self.pack, Outcome.SUPPRESSED, reason, self.severity, self._alert()))

    def _alert(self) -> dict[str, Any]:
        return {"alert": self.heard[0].alert_id}

    def _repeats(self) -> Reason:
        return Reason(self.subject.duplicate_reason) if self.subject.duplicate_reason else Reason.SAME_STORY

    def _tell(self, outcome: Outcome, reason: Reason, detail: Mapping[str, Any]) -> Ruling:
        return Ruling(Decision(self.pack, outcome, reason, self.severity, detail or None), self.whole)


# -- what is held --------------------------------------------------------------------------------


def decide_release(pack: str, story: Story, now: datetime) -> list[tuple[Waiting, Ruling]]:
    """Return what becomes now of the decisions about a story that are held; what is left out stays held.

    At most one of them is told: ask again, with what was told then, until nothing is returned. Those that are folded
    into it follow it in the list, with a detail that lacks its alert's id.
    """
    closed = _release_corroborated(pack, story, now)
    if closed:
        return closed
    for held in story.waiting:
        if held.reason is Reason.AWAITING_INTERVAL and held.until <= now:
            closed.append((held, _release_facts(pack, held, story)))
            if closed[-1][1].decision.outcome is Outcome.UPDATE:
                break
    return closed


def _release_corroborated(pack: str, story: Story, now: datetime) -> list[tuple[Waiting, Ruling]]:
    waiting = [held for held in story.waiting if held.reason is Reason.AWAITING_CORROBORATION]
    if not waiting:
        return []
    trusted = [held for held in waiting if held.trusted]
    if any(story.newsrooms >= held.needed for held in waiting):
        return _tell_best(pack, trusted or waiting, waiting, story, Reason.CORROBORATED)
    for group in (trusted, [held for held in waiting if not held.trusted]):
        over = [held for held in group if held.until <= now]
        folded = waiting if group is trusted else group
        if any(held.lifted for held in group):
            return _tell_best(pack, group, folded, story, Reason.FIRST_REPORT)
        if over and any(held.otherwise == "unconfirmed" for held in group):
            return _tell_best(pack, group, folded, story, Reason.UNCONFIRMED)
        if over:
            detail = {**story.carried, "needed": min(held.needed for held in group)}
            return [(held, _closed(pack, held, Reason.UNCORROBORATED, detail)) for held in group]
    return []


def _tell_best(
    pack: str, group: Sequence[Waiting], folded: Sequence[Waiting], story: Story, reason: Reason
) -> list[tuple[Waiting, Ruling]]:
    """Tell the most severe of `group`, the earliest of several, and fold into it the others that are like it."""
    best = max(group, key=lambda held: (severity_rank(held.severity), -held.revision_id))
    folded = [held for held in folded if story.nearness(held.article_id, best.article_id) >= 0]
    before = {"alert": story.told[0].alert_id} if story.told else {}
    mark = {"unconfirmed": True} if reason is Reason.UNCONFIRMED else {}
    if reason is Reason.FIRST_REPORT and story.told:
        heard = any(told.trusted or not best.trusted for told in story.told)
        reason = Reason.OTHER_EVENT if heard else Reason.TRUSTED_REPORT
    news = NOTHING
    for held in folded:
        news = news | held.news
    more = news - best.facts
    said = {"new": more.to_words()} if more else {}
    decision = Decision(pack, Outcome.ALERT, reason, best.severity, {**before, **mark, **said, **story.carried})
    rest = [(held, _closed(pack, held, Reason.SAME_STORY, {})) for held in folded if held is not best]
    return [(best, Ruling(decision, best.facts | more)), *rest]


def _release_facts(pack: str, held: Waiting, story: Story) -> Ruling:
    heard = [told for told in story.told if told.trusted or not held.trusted]
    new = held.news
    for told in heard:
        new = new - told.facts
    if not new or not heard:
        return _closed(pack, held, Reason.SAME_STORY, {"alert": heard[0].alert_id} if heard else {})
    detail = {"alert": heard[0].alert_id, "new": new.to_words(), **story.carried}
    return Ruling(Decision(pack, Outcome.UPDATE, Reason.NEW_FACTS, held.severity, detail), new)


def close_told(
    pack: str, waiting: Sequence[Waiting], told: Told, story: Story, trusted: bool
) -> list[tuple[Waiting, Ruling]]:
    """Return what becomes of what is held because the story was told by another article, which it is like.

    What was held with a higher severity is an update at once: a told story waits for nothing. What is unlike the
    article that was told stays held, for its own event.

    Args:
        told: The alert or update that tells the story now.
        trusted: Whether the feed of its article is: what trusted feeds sent waits on where it is not.
    """
    like = [held for held in waiting if story.nearness(held.article_id, told.article_id) >= 0]
    folded = [held for held in like if trusted or not held.trusted]
    severity, updates = told.severity, {}
    for group in ([held for held in folded if held.trusted], [held for held in folded if not held.trusted]):
        best = max(group, key=lambda held: (severity_rank(held.severity), -held.revision_id), default=None)
        if best is not None and severity_rank(best.severity) > severity_rank(severity):
            detail = {"alert": told.alert_id, "from": severity, "to": best.severity, **story.carried}
            decision = Decision(pack, Outcome.UPDATE, Reason.HIGHER_SEVERITY, best.severity, detail)
            updates[best.revision_id] = Ruling(decision, best.facts)
            severity = best.severity
    rest = {"alert": told.alert_id}
    return [(held, updates.get(held.revision_id) or _closed(pack, held, Reason.SAME_STORY, rest)) for held in folded]


def _closed(pack: str, held: Waiting, reason: Reason, detail: Mapping[str, Any]) -> Ruling:
    return Ruling(Decision(pack, Outcome.SUPPRESSED, reason, held.severity, detail or None))


def unconfirmed(ruling: Ruling) -> Ruling:
    """Return the alert that is told at once, marked, instead of being held: in a digest it disturbs nobody."""
    kept = {key: value for key, value in (ruling.decision.detail or {}).items() if key not in ("until", "needed")}
    detail = {**kept, "unconfirmed": True}
    decision = replace(ruling.decision, outcome=Outcome.ALERT, reason=Reason.UNCONFIRMED, detail=detail)
    return replace(ruling, decision=decision)


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
