"""A story that holds two events: what is unlike everything that was told is decided as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.alerts.decide import Ruling, Story, Subject, Told, Waiting, close_told, decide_alert, decide_release
from monitor.alerts.facts import ArticleFacts, Facts
from monitor.alerts.terms import Corroboration, Terms
from monitor.model import Match, Outcome, Reason

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SUBJECT = Subject(article_id=7, published=NOW, first_seen=NOW)
QUAKE = Told(3, 1, "normal", at=NOW - HOUR, newsrooms=1)
AFTERSHOCK = Told(4, 2, "normal", at=NOW - HOUR, newsrooms=1)
TWO = Terms(corroboration=Corroboration(2, 1800.0))
HELD = Waiting(20, 2, "normal", Reason.AWAITING_CORROBORATION, NOW + HOUR / 2, needed=2)


def events(*groups: set[int]) -> Callable[[int, int], float]:
    """Return the nearness of articles of which each group tells of one event."""
    return lambda one, other: 0.5 if any({one, other} <= group for group in groups) else -0.25


def ruled(story: Story, wanted: Terms = Terms(), severity: str = "normal", near: Facts = Facts()) -> Ruling:  # noqa: B008 - frozen
    """Decide about article 7."""
    known = ArticleFacts(near, {"p": near})
    return decide_alert("p", [Match("p", "core", severity, "live", ())], SUBJECT, story, {"core": wanted}, NOW, known)


def decided(ruling: Ruling) -> tuple[Outcome, Reason]:
    """Return outcome and reason."""
    return ruling.decision.outcome, ruling.decision.reason


def test_article_unlike_all_that_was_told_is_an_alert_of_its_own() -> None:
    """Its detail names the story's first alert, the nearest article that was told and how far off that is."""
    story = Story([QUAKE, AFTERSHOCK], newsrooms=1, nearness=events({1, 2}, {7}))

    made = ruled(story)

    assert decided(made) == (Outcome.ALERT, Reason.OTHER_EVENT)
    assert made.decision.detail == {"alert": 3, "nearest": 1, "fit": -0.25}


def test_article_like_one_of_those_told_is_folded_into_that() -> None:
    """The reader looks up the alert about the same event, not the first of the story."""
    made = ruled(Story([QUAKE, AFTERSHOCK], nearness=events({1}, {2, 7})))

    assert decided(made) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
    assert made.decision.detail == {"alert": 4}


def test_updates_go_by_what_was_told_of_the_same_event() -> None:
    """A severity or a number that the other event had is new for this one."""
    urgent = replace(QUAKE, severity="urgent", facts=Facts(places=("rafah",)))
    before = replace(AFTERSHOCK, at=NOW - 7 * HOUR)
    story = Story([urgent, before], nearness=events({1}, {2, 7}))

    severer = ruled(story, severity="urgent")
    placed = ruled(story, near=Facts(places=("rafah",)))

    assert decided(severer) == (Outcome.UPDATE, Reason.HIGHER_SEVERITY)
    assert decided(placed) == (Outcome.UPDATE, Reason.NEW_FACTS)


def test_other_event_of_a_pack_that_wants_two_newsrooms_is_held() -> None:
    """It is confirmed no more than the first was, and waits as long."""
    made = ruled(Story([QUAKE], nearness=events({1}, {7})), TWO)

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_CORROBORATION)


def test_article_unlike_what_is_held_is_not_folded_into_it() -> None:
    """Folded, it would be told by a report of another event."""
    made = ruled(Story(waiting=[HELD], nearness=events({2}, {7})), TWO)

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_CORROBORATION)


def test_what_is_held_of_two_events_is_told_one_after_the_other() -> None:
    """The most severe first; the other stays held until it is asked for again, and is an alert then."""
    over = replace(HELD, until=NOW)
    other = replace(over, revision_id=21, article_id=8, severity="high")
    nearness = events({2}, {8})

    first = decide_release("p", Story((), [over, other], 1, nearness=nearness), NOW)
    told = Told(5, 8, "high", at=NOW, newsrooms=1)
    second = decide_release("p", Story([told], [over], 1, nearness=nearness), NOW)

    assert [(held.article_id, decided(made)) for held, made in first] == [(8, (Outcome.ALERT, Reason.UNCONFIRMED))]
    assert [(held.article_id, decided(made)) for held, made in second] == [(2, (Outcome.ALERT, Reason.UNCONFIRMED))]


def test_what_is_held_of_another_event_stays_held_when_the_story_is_told() -> None:
    """Only what is like the article that was told is folded into it."""
    same, other = HELD, replace(HELD, revision_id=21, article_id=8)
    told = Told(5, 7, "normal", at=NOW)

    closed = close_told("p", [same, other], told, Story([told], [same, other], nearness=events({2, 7}, {8})), True)

    assert [(held.article_id, decided(made)) for held, made in closed] == [(2, (Outcome.SUPPRESSED, Reason.SAME_STORY))]


def test_facts_of_two_events_are_told_apart() -> None:
    """Each event's facts wait for the interval on their own, and are told one after the other."""
    rafah, sinai = Facts(places=("rafah",)), Facts(places=("sinai",))
    held = Waiting(20, 2, "normal", Reason.AWAITING_INTERVAL, NOW, news=rafah)
    other = replace(held, revision_id=21, article_id=8, news=sinai)
    story = Story([QUAKE], [held, other], 1)

    ((first, made),) = decide_release("p", story, NOW)

    assert first == held
    assert (made.decision.detail or {})["new"] == {"places": ["Rafah"]}


def test_rule_that_lost_its_corroboration_tells_the_other_event_as_that() -> None:
    """Its story was told, it was not."""
    lifted = replace(HELD, lifted=True)

    ((_, made),) = decide_release("p", Story([QUAKE], [lifted], 1, nearness=events({1}, {2})), NOW)

    assert decided(made) == (Outcome.ALERT, Reason.OTHER_EVENT)
