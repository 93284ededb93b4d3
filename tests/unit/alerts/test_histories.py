"""Whatever comes in whatever order: a story is told first once, then only what is new, and nothing new is lost."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts import decide
from monitor.alerts.decide import Ruling, Story, Subject, Told, Waiting
from monitor.alerts.facts import NOTHING, ArticleFacts, Facts
from monitor.alerts.terms import Corroboration, Terms
from monitor.model import Decision, Match, Outcome, Reason, severity_rank

START = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
INTERVAL = timedelta(hours=6)
RULES = {
    "plain": Terms(),
    "held": Terms(corroboration=Corroboration(2, 1800.0)),
    "strict": Terms(corroboration=Corroboration(3, 7200.0), steps=(4,)),
}
FIRST = (Reason.FIRST_REPORT, Reason.TRUSTED_REPORT, Reason.CORROBORATED, Reason.UNCONFIRMED)


@dataclass(frozen=True)
class Report:
    """An article of the story, `minutes` after the one before."""

    newsroom: str
    trusted: bool
    severity: str
    rules: frozenset[str]
    places: frozenset[str]
    minutes: int
    swept: bool
    """Whether the sweep ran before it came."""


REPORTS = st.builds(
    Report,
    newsroom=st.sampled_from("ABCDEFGHIJKL"),
    trusted=st.sampled_from((True, True, True, False)),
    severity=st.sampled_from(("normal", "normal", "high", "urgent")),
    rules=st.sets(st.sampled_from(sorted(RULES)), min_size=1).map(frozenset),
    places=st.sets(st.sampled_from(("rafah", "sinai", "jordan", "libya")), max_size=2).map(frozenset),
    minutes=st.sampled_from((0, 1, 10, 40, 200, 500)),
    swept=st.booleans(),
)
HISTORIES = st.lists(REPORTS, min_size=1, max_size=25)


@dataclass(frozen=True)
class Alerted:
    """What the pack's readers got."""

    decision: Decision
    trusted: bool
    at: datetime


@dataclass
class Book:
    """Keeps what the deciding step keeps in its tables, for one pack and one story."""

    now: datetime = START
    told: list[Told] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    newsrooms: list[str] = field(default_factory=list)
    alerts: list[Alerted] = field(default_factory=list)
    closed: list[tuple[int, Decision]] = field(default_factory=list)
    """Every decision, in order, by revision."""
    count: int = 0

    @property
    def story(self) -> Story:
        """Return the story as it stands."""
        return Story(tuple(self.told), tuple(self.waiting), len(self.newsrooms), tuple(self.newsrooms))

    def come(self, report: Report) -> None:
        """Decide about a report."""
        self.now += timedelta(minutes=report.minutes)
        if report.swept:
            self.release()
        self.count += 1
        if report.trusted and report.newsroom not in self.newsrooms:
            self.newsrooms.append(report.newsroom)
        subject = Subject(self.count, self.now, self.now, trusted=report.trusted)
        matches = [Match("p", rule, report.severity, "live", ()) for rule in sorted(report.rules)]
        known = Facts(places=tuple(sorted(report.places)))
        facts = ArticleFacts(known, {"p": known})
        ruling = decide.decide_alert("p", matches, subject, self.story, RULES, self.now, facts)
        told = self._apply(self.count, ruling, report.trusted)
        if told is not None:
            for held, closing in decide.close_told("p", self.waiting, told, self.story, report.trusted):
                self.waiting.remove(held)
                self._apply(held.revision_id, closing, held.trusted)
        self.release()

    def release(self) -> None:
        """End what is ripe."""
        for held, ruling in decide.decide_release("p", self.story, self.now):
            self.waiting.remove(held)
            self._apply(held.revision_id, ruling, held.trusted)

    def end(self) -> None:
        """Let time pass until nothing is held."""
        while self.waiting:
            self.now = max(self.now, min(held.until for held in self.waiting))
            self.release()

    def _apply(self, revision: int, ruling: Ruling, trusted: bool) -> Told | None:
        made, detail = ruling.decision, ruling.decision.detail or {}
        self.closed.append((revision, made))
        if made.outcome in (Outcome.ALERT, Outcome.UPDATE):
            severity = str(made.severity)
            number = len(self.told) + 1
            self.told.append(Told(number, revision, severity, trusted, self.now, len(self.newsrooms), ruling.facts))
            self.alerts.append(Alerted(made, trusted, self.now))
            return self.told[-1]
        if made.outcome is Outcome.HELD:
            until = datetime.fromisoformat(detail["until"])
            self.waiting.append(
                Waiting(
                    revision, revision, str(made.severity), made.reason, until, trusted, detail.get("needed", 0),
                    ruling.otherwise, ruling.facts, ruling.news,
                )
            )  # fmt: skip
        elif ruling.news:
            (into,) = [held for held in self.waiting if held.revision_id == detail["held"]]
            self.waiting[self.waiting.index(into)] = replace(into, news=into.news | ruling.news)
        return None


def played(history: list[Report]) -> Book:
    """Return what became of a history in the end."""
    book = Book()
    for report in history:
        book.come(report)
    book.end()
    return book


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_story_is_told_first_once_and_never_updated_before(history: list[Report]) -> None:
    """One first alert, one more at most where untrusted feeds came before the newsrooms; updates only after it."""
    book = played(history)

    trusted = [one.decision for one in book.alerts if one.trusted]
    forged = [one.decision for one in book.alerts if not one.trusted]
    if any(report.trusted for report in history):
        assert [made.reason in FIRST for made in trusted][:1] == [True]
        assert sum(made.reason in FIRST for made in trusted) == 1
    assert sum(made.reason in FIRST for made in forged) <= 1
    assert book.alerts[0].decision.outcome is Outcome.ALERT


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_every_rise_in_severity_is_told(history: list[Report]) -> None:
    """The readers know in the end how severe a newsroom's report was at most."""
    book = played(history)

    came = [report.severity for report in history if report.trusted]
    told = [str(one.decision.severity) for one in book.alerts if one.trusted]
    assert max(map(severity_rank, came), default=-1) == max(map(severity_rank, told), default=-1)


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_nothing_new_is_lost(history: list[Report]) -> None:
    """Every place that a newsroom named was told in the end, and the last step that was reached before a report."""
    book = played(history)

    known = NOTHING
    for told in book.told:
        if told.trusted:
            known = known | told.facts
    assert {place for report in history if report.trusted for place in report.places} <= set(known.places)
    if history[-1].trusted and len(book.newsrooms) >= 10 and "plain" in history[-1].rules:
        assert max(told.newsrooms or 0 for told in book.told if told.trusted) >= 10


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_facts_are_told_at_most_once_an_interval(history: list[Report]) -> None:
    """An update that tells only new facts follows no other message about the story by less than six hours."""
    book = played(history)

    trusted = [one for one in book.alerts if one.trusted]
    for before, one in itertools.pairwise(trusted):
        if one.decision.reason is Reason.NEW_FACTS:
            assert one.at - before.at >= INTERVAL


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_every_report_ends_in_one_decision_that_stands(history: list[Report]) -> None:
    """What was held is closed once, after it; nothing stays held, and the same history gives the same decisions."""
    book, again = played(history), played(history)

    last = dict(book.closed)
    assert sorted(last) == list(range(1, len(history) + 1))
    assert all(made.outcome is not Outcome.HELD for made in last.values())
    assert len(book.closed) == len(history) + sum(made.outcome is Outcome.HELD for _, made in book.closed)
    assert book.closed == again.closed
