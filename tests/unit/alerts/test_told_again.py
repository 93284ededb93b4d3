"""When a story is told again, held, or not: steps, facts and corroboration, decided from values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts import terms
from monitor.alerts.decide import Ruling, Story, Subject, Told, Waiting, decide_alert, decide_release
from monitor.alerts.facts import NOTHING, ArticleFacts, Facts
from monitor.alerts.terms import Corroboration, Terms
from monitor.model import Decision, Match, Outcome, Reason

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW = Subject(article_id=7, published=NOW, first_seen=NOW)
FORGED = replace(NEW, trusted=False)
TOLD = Told(3, 1, "normal", at=NOW - HOUR, newsrooms=1)
HELD = Waiting(20, 2, "normal", Reason.AWAITING_CORROBORATION, NOW + HOUR / 2, needed=2)
TWO = Terms(corroboration=Corroboration(2, 1800.0))


def match(rule: str = "core", severity: str = "normal") -> Match:
    """Return a match of pack `p`."""
    return Match("p", rule, severity, "live", ())


def rule_on(
    story: Story,
    wanted: Terms = Terms(),  # noqa: B008 - frozen
    severity: str = "normal",
    subject: Subject = NEW,
    near: Facts = NOTHING,
) -> Ruling:
    """Decide about one article whose only match is of a rule that wants `wanted`."""
    known = ArticleFacts(near, {"p": near})
    return decide_alert("p", [match(severity=severity)], subject, story, {"core": wanted}, NOW, known)


def decided(ruling: Ruling | Decision) -> tuple[Outcome, Reason]:
    """Return outcome and reason."""
    made = ruling.decision if isinstance(ruling, Ruling) else ruling
    return made.outcome, made.reason


# -- newsrooms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "now", "reached"),
    [(1, 2, None), (1, 3, 3), (2, 3, 3), (3, 4, None), (3, 9, None), (3, 10, 10), (1, 12, 10), (None, 3, 3)],
)
def test_story_is_told_again_at_the_third_and_tenth_newsroom(
    counted: int | None, now: int, reached: int | None
) -> None:
    """Each step is told once, several at a time as the highest; an old alert without a count had one newsroom."""
    told = replace(TOLD, newsrooms=counted)

    made = rule_on(Story([told], newsrooms=now, names=[f"N{n}" for n in range(now)]))

    if reached is None:
        assert decided(made) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
    else:
        assert decided(made) == (Outcome.UPDATE, Reason.NEWSROOMS)
        detail = made.decision.detail or {}
        assert (detail["step"], detail["newsrooms"], detail["alert"]) == (reached, now, 3)
        assert detail["names"] == [f"N{n}" for n in range(min(now, 10))]


def test_untrusted_article_does_not_tell_a_step() -> None:
    """An update about newsrooms is told by one of them."""
    made = rule_on(Story([TOLD], newsrooms=3), subject=FORGED)

    assert decided(made) == (Outcome.SUPPRESSED, Reason.SAME_STORY)


def test_rules_agree_on_what_one_of_them_alone_would_have_told() -> None:
    """Steps of all, the shortest interval; a hold only where all want one, the least demanding of them."""
    eager = Terms(steps=(5,), same_story=60.0)
    patient = Terms(corroboration=Corroboration(4, 3600.0, "suppress"), same_story=7200.0)

    both = terms.agree([eager, patient])
    held = terms.agree([patient, TWO])

    assert (both.steps, both.interval, both.corroboration) == ((3, 4, 5, 10), 60.0, None)
    assert held.corroboration == Corroboration(2, 1800.0, "unconfirmed")
    assert terms.agree([Terms()]) == terms.Agreed((3, 10), 6 * 3600.0, None)


# -- new facts -----------------------------------------------------------------------------------

RAFAH, SINAI, SISI = Facts(places=("rafah",)), Facts(places=("sinai",)), Facts(("sisi",))
LONG_AGO = replace(TOLD, at=NOW - 7 * HOUR, facts=RAFAH)
JUST_NOW = replace(TOLD, at=NOW - HOUR, facts=RAFAH)


def test_new_place_after_the_interval_is_told_at_once() -> None:
    """What no message named is an update that says so; the count of newsrooms comes with it."""
    made = rule_on(Story([LONG_AGO]), near=RAFAH | SINAI)

    assert decided(made) == (Outcome.UPDATE, Reason.NEW_FACTS)
    assert (made.decision.detail or {})["new"] == {"places": ["Sinai"]}
    assert made.facts.places == ("rafah", "sinai")


def test_new_fact_within_the_interval_waits_for_its_end() -> None:
    """Five hours are left of six: held until then, with what is new."""
    made = rule_on(Story([JUST_NOW]), near=SINAI)

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_INTERVAL)
    assert (made.decision.detail or {})["until"] == (NOW + 5 * HOUR).isoformat()
    assert made.news == SINAI


def test_further_facts_gather_with_the_one_that_waits() -> None:
    """The second article adds what the first lacks, a third that lacks nothing adds nothing."""
    held = Waiting(20, 2, "normal", Reason.AWAITING_INTERVAL, NOW + 5 * HOUR, news=SINAI)

    second = rule_on(Story([JUST_NOW], [held]), near=SINAI | SISI)
    third = rule_on(Story([JUST_NOW], [held]), near=SINAI)

    assert decided(second) == decided(third) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
    assert (second.news, third.news) == (SISI, NOTHING)
    assert second.decision.detail == {"alert": 3, "held": 20, "new": {"entities": ["Sisi"]}}


def test_update_for_another_reason_tells_what_waits() -> None:
    """A higher severity does not wait, and takes along what did."""
    held = Waiting(20, 2, "normal", Reason.AWAITING_INTERVAL, NOW + 5 * HOUR, news=SINAI)

    made = rule_on(Story([JUST_NOW], [held]), severity="urgent", near=SISI)

    assert decided(made) == (Outcome.UPDATE, Reason.HIGHER_SEVERITY)
    assert (made.decision.detail or {})["new"] == {"entities": ["Sisi"], "places": ["Sinai"]}
    assert made.facts == Facts(("sisi",), ("sinai",))


def test_facts_of_an_untrusted_feed_are_not_told_again_for() -> None:
    """Anybody may write numbers into a feed; they update nothing that a newsroom told."""
    assert decided(rule_on(Story([LONG_AGO]), subject=FORGED, near=SINAI)) == (Outcome.SUPPRESSED, Reason.SAME_STORY)


def test_f16_alert_of_a_clock_that_was_ahead_delays_facts_by_one_interval_at_most() -> None:
    """The clock was a year ahead when the story was told: what is new waits six hours, not a year."""
    ahead = replace(JUST_NOW, at=NOW + timedelta(days=365))

    made = rule_on(Story([ahead]), near=SINAI)

    assert (made.decision.detail or {})["until"] == (NOW + 6 * HOUR).isoformat()


def test_end_of_the_interval_tells_what_gathered_unless_it_was_told() -> None:
    """One update at its time; nothing where another update told it meanwhile."""
    held = Waiting(20, 2, "normal", Reason.AWAITING_INTERVAL, NOW, news=SINAI | SISI)

    early = decide_release("p", Story([JUST_NOW], [replace(held, until=NOW + HOUR)]), NOW)
    ((_, due),) = decide_release("p", Story([JUST_NOW], [held], 2, ["A", "B"]), NOW)
    ((_, known),) = decide_release("p", Story([replace(JUST_NOW, facts=SINAI | SISI)], [held]), NOW)

    assert early == []
    assert decided(due) == (Outcome.UPDATE, Reason.NEW_FACTS)
    assert (due.decision.detail or {})["new"] == {"entities": ["Sisi"], "places": ["Sinai"]}
    assert decided(known) == (Outcome.SUPPRESSED, Reason.SAME_STORY)


# -- corroboration -------------------------------------------------------------------------------


def test_first_report_waits_for_a_second_newsroom() -> None:
    """Held half an hour, and the detail says until when and what for."""
    made = rule_on(Story(newsrooms=1, names=["Gazette"]), TWO)

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_CORROBORATION)
    assert made.decision.detail == {
        "until": "2025-03-10T08:30:00+00:00", "needed": 2, "newsrooms": 1, "names": ["Gazette"],
    }  # fmt: skip


def test_story_that_is_carried_already_is_told_at_once() -> None:
    """The pack matches only the second newsroom's report: nothing is left to wait for."""
    made = rule_on(Story(newsrooms=2, names=["Gazette", "Herald"]), TWO)

    assert decided(made) == (Outcome.ALERT, Reason.CORROBORATED)
    assert made.decision.detail == {"newsrooms": 2, "names": ["Gazette", "Herald"]}


def test_second_newsroom_lets_the_first_report_be_told() -> None:
    """The report that was held is told, naming both; the one that came second is folded into it."""
    story = Story((), [HELD], 2, ["Gazette", "Herald"])

    second = rule_on(story, TWO)
    ((told, made),) = decide_release("p", story, NOW)

    assert decided(second) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
    assert (second.decision.detail or {})["held"] == 20
    assert (told, decided(made)) == (HELD, (Outcome.ALERT, Reason.CORROBORATED))
    assert (made.decision.detail or {})["names"] == ["Gazette", "Herald"]


def test_more_severe_second_report_is_told_instead() -> None:
    """Of what is held and what corroborates it the most severe is told."""
    made = rule_on(Story((), [HELD], 2, ["Gazette", "Herald"]), TWO, severity="urgent")

    assert decided(made) == (Outcome.ALERT, Reason.CORROBORATED)


def test_more_severe_report_of_the_same_newsroom_is_held_until_the_first_hold_ends() -> None:
    """Severity needs corroboration as well, where the urgent rule asks for it; the story waits no longer for that."""
    made = rule_on(Story((), [HELD], 1), TWO, severity="urgent")

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_CORROBORATION)
    assert (made.decision.detail or {})["until"] == HELD.until.isoformat()


def test_rule_without_corroboration_is_not_held_by_others() -> None:
    """An urgent rule that asks for nothing tells at once, whatever is held."""
    made = decide_alert(
        "p", [match("a"), match("b", "urgent")], NEW, Story((), [HELD], 1), {"a": TWO, "b": Terms()}, NOW
    )

    assert decided(made) == (Outcome.ALERT, Reason.FIRST_REPORT)


def test_end_of_a_hold_is_told_with_a_mark_or_not_at_all() -> None:
    """`else: unconfirmed` tells and says so; `else: suppress` does not, and says how many newsrooms there were."""
    over = replace(HELD, until=NOW)

    ((_, marked),) = decide_release("p", Story((), [over], 1, ["Gazette"]), NOW)
    ((_, dropped),) = decide_release("p", Story((), [replace(over, otherwise="suppress")], 1, ["Gazette"]), NOW)

    assert decided(marked) == (Outcome.ALERT, Reason.UNCONFIRMED)
    assert (marked.decision.detail or {})["unconfirmed"] is True
    assert decided(dropped) == (Outcome.SUPPRESSED, Reason.UNCORROBORATED)
    assert dropped.decision.detail == {"newsrooms": 1, "names": ["Gazette"], "needed": 2}


def test_most_severe_of_what_is_held_is_told_and_the_others_are_folded() -> None:
    """One alert at the end of the hold, with the new facts of all of them."""
    first = replace(HELD, until=NOW, facts=RAFAH, news=RAFAH)
    urgent = replace(HELD, revision_id=21, severity="urgent", until=NOW, facts=SINAI, news=SINAI)

    (told, made), (folded, closed) = decide_release("p", Story((), [first, urgent], 1), NOW)

    assert (told, folded) == (urgent, first)
    assert decided(closed) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
    assert (made.decision.detail or {})["new"] == {"places": ["Rafah"]}
    assert made.facts.places == ("sinai", "rafah")


def test_unconfirmed_story_is_told_again_when_it_is_confirmed() -> None:
    """The number that corroboration asks for is a step."""
    made = rule_on(Story([TOLD], newsrooms=2, names=["Gazette", "Herald"]), TWO)

    assert decided(made) == (Outcome.UPDATE, Reason.NEWSROOMS)


def test_rule_that_lost_its_corroboration_tells_what_was_held() -> None:
    """The rules were changed while the story was held."""
    ((_, made),) = decide_release("p", Story((), [replace(HELD, lifted=True)], 1), NOW)

    assert decided(made) == (Outcome.ALERT, Reason.FIRST_REPORT)


# -- A20: feeds that are not trusted -------------------------------------------------------------

FORGERY = replace(HELD, trusted=False)


def test_a20_held_forgery_does_not_take_a_trusted_report_into_its_hold() -> None:
    """The attacker came first: the newsroom's report is held by itself, for the whole time."""
    made = rule_on(Story((), [FORGERY], 1), TWO)

    assert decided(made) == (Outcome.HELD, Reason.AWAITING_CORROBORATION)
    assert (made.decision.detail or {})["until"] == (NOW + HOUR / 2).isoformat()


def test_a20_end_of_a_forgery_leaves_the_trusted_report_held() -> None:
    """Only what untrusted feeds sent is told or closed when the time of one of theirs is over."""
    over = replace(FORGERY, until=NOW)
    trusted = replace(HELD, revision_id=21, until=NOW + HOUR)

    ((told, made),) = decide_release("p", Story((), [over, trusted], 1), NOW)

    assert told is over
    assert decided(made) == (Outcome.ALERT, Reason.UNCONFIRMED)


def test_a20_corroborated_story_is_told_by_the_trusted_report() -> None:
    """Two newsrooms carry it: not the forgery is told, though it came first and is louder."""
    loud = replace(FORGERY, severity="urgent")
    trusted = replace(HELD, revision_id=21)

    (told, made), (folded, _) = decide_release("p", Story((), [loud, trusted], 2), NOW)

    assert (told, folded) == (trusted, loud)
    assert decided(made) == (Outcome.ALERT, Reason.CORROBORATED)


def test_a20_told_forgery_does_not_count_for_facts_and_steps() -> None:
    """What only an untrusted feed told is told again as the first report of a trusted one."""
    forged = replace(TOLD, trusted=False, facts=SINAI, newsrooms=0)

    made = rule_on(Story([forged], newsrooms=3), near=SINAI)

    assert decided(made) == (Outcome.ALERT, Reason.TRUSTED_REPORT)
