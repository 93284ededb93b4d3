"""What becomes of a message: sent, queued again, uncertain, dead; in order, one target never holding another."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitor.config import Rate
from monitor.model import SendOutcome, SendResult
from monitor.store import messages as store_messages
from monitor.store.schema import attempts, messages, notices, targets
from tests.support.desk import Desk, item

RETRY = SendResult(SendOutcome.RETRY, 500, "try later")
UNCERTAIN = SendResult(SendOutcome.UNCERTAIN, None, "the answer never came")
REFUSED = SendResult(SendOutcome.REFUSED, 404, "no_service")
TOO_RICH = SendResult(SendOutcome.REFUSED_CONTENT, 400, "invalid_blocks")


def states(desk: Desk) -> list[str]:
    """Return the state of every message, in order."""
    return list(desk.read(lambda c: c.execute(sa.select(messages.c.state).order_by(messages.c.id)).scalars().all()))


@pytest.fixture
def alerting(desk: Desk) -> Desk:
    """A desk with one feed past its baseline and channel `desk`."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    return desk


def test_transient_failure_waits_and_goes_again(alerting: Desk) -> None:
    """A definite failure queues the message again; the same message arrives once, unlabelled."""
    alerting.senders["desk"].script = [RETRY]
    alerting.publishes("gazette", item(1, "Resettlement plan"))

    first = alerting.later()
    second = alerting.later(seconds=6)

    assert (first.sent, first.waiting, second.sent) == (0, 1, 1)
    again = alerting.senders["desk"].notices[1]
    assert not again.possible_repeat
    assert again.message_id == alerting.senders["desk"].notices[0].message_id


def test_retry_after_is_obeyed_to_the_second(alerting: Desk) -> None:
    """Nothing is sent before the time the service named, and it is sent right then."""
    alerting.senders["desk"].script = [SendResult(SendOutcome.RETRY, 429, "slow down", retry_after=30)]
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()

    early = alerting.later(seconds=29)
    due = alerting.later(seconds=1)

    assert (early.sent, due.sent) == (0, 1)


def test_pause_doubles_to_a_minute_and_never_gives_up_by_count(alerting: Desk) -> None:
    """A channel that is down for hours is tried about once a minute, and the alert arrives when it is back."""
    alerting.senders["desk"].script = [RETRY] * 40
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()

    for _ in range(45):
        alerting.later(seconds=61)

    assert alerting.senders["desk"].titles[-1] == "Resettlement plan"
    assert states(alerting) == ["sent"]
    tries = alerting.read(lambda c: c.execute(sa.select(attempts.c.started_at).order_by(attempts.c.n)).scalars().all())
    assert len(tries) == 41


def test_order_of_a_target_is_kept_behind_a_retry(alerting: Desk) -> None:
    """A message that waits for its retry holds those behind it, so that readers get news in order."""
    alerting.senders["desk"].script = [RETRY]
    alerting.publishes("gazette", item(1, "Resettlement one"))
    alerting.later()
    alerting.publishes("gazette", item(2, "Resettlement two"), item(1, "Resettlement one"))

    alerting.later(seconds=3)
    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement one", "Resettlement one", "Resettlement two"]


def test_f34_failing_target_never_holds_or_repeats_another(desk: Desk) -> None:
    """With two channels and one down, the healthy one gets each alert once and at once."""
    desk.has(["gazette"], channels=("slack", "mail")).publishes("gazette")
    desk.run()
    desk.senders["mail"].script = [RETRY] * 3
    desk.publishes("gazette", item(1, "Resettlement plan"))

    desk.later()
    desk.later(minutes=5)
    desk.later(minutes=5)
    desk.later(minutes=5)

    assert desk.senders["slack"].titles == ["Resettlement plan"]
    assert desk.senders["mail"].titles == ["Resettlement plan"] * 4


def test_f36_permanent_refusal_dies_at_once_and_is_told(desk: Desk) -> None:
    """A revoked webhook is tried once, the ops channel hears of it, and resend delivers the alert once."""
    desk.has(["gazette"], channels=("slack", "ops"), ops="ops").publishes("gazette")
    desk.run()
    desk.senders["slack"].script = [REFUSED]
    desk.publishes("gazette", item(1, "Resettlement plan"))

    summary = desk.later()

    assert summary.failed
    assert states(desk)[0] == "dead"
    (told,) = desk.senders["ops"].notices
    assert "slack" in told.headline
    assert "al-1" in told.body
    desk.write(lambda c: store_messages.resend(c, 1, desk.clock.now()))
    desk.later(seconds=1)
    desk.later(seconds=60)
    assert len(desk.senders["slack"].notices) == 2
    assert states(desk)[0] == "sent"


def test_second_refusal_of_a_channel_is_not_told_again_the_same_day(desk: Desk) -> None:
    """A dead channel makes one notice a day, not one per alert."""
    desk.has(["gazette"], channels=("slack", "ops"), ops="ops").publishes("gazette")
    desk.run()
    desk.senders["slack"].script = [REFUSED, REFUSED]
    desk.publishes("gazette", item(1, "Resettlement one"), item(2, "Resettlement two"))

    desk.later()

    assert len(desk.senders["ops"].notices) == 1


def test_refused_content_goes_again_as_plain_text(alerting: Desk) -> None:
    """A message whose rich form is refused is sent plain; if that is refused too it dies and the next one goes."""
    alerting.senders["desk"].script = [TOO_RICH, TOO_RICH]
    alerting.publishes("gazette", item(1, "Resettlement one"))
    alerting.later()
    alerting.publishes("gazette", item(2, "Resettlement two"), item(1, "Resettlement one"))

    alerting.later()

    assert [notice.plain for notice in alerting.senders["desk"].notices] == [False, True, False]
    assert states(alerting) == ["dead", "sent"]


def test_f37_unanswered_send_goes_again_labelled(alerting: Desk) -> None:
    """When no answer came the message is sent again under the same Message-ID, labelled a possible repeat."""
    alerting.senders["desk"].script = [UNCERTAIN]
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()

    alerting.later(seconds=6)

    first, again = alerting.senders["desk"].notices
    assert (first.possible_repeat, again.possible_repeat) == (False, True)
    assert first.message_id == again.message_id
    assert states(alerting) == ["sent"]


def test_send_found_at_start_is_uncertain(alerting: Desk) -> None:
    """What was being sent when the daemon died is sent again, labelled; nothing is lost."""
    alerting.senders["desk"].script = [RETRY]
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    alerting.write(lambda c: c.execute(messages.update().values(state="sending", lease_until=alerting.clock.now())))

    alerting.restart().later(minutes=2)

    assert alerting.senders["desk"].notices[-1].possible_repeat
    assert states(alerting) == ["sent"]


def test_dead_of_age_after_seven_days(alerting: Desk) -> None:
    """A message that could not be delivered for a week is given up, and says why."""
    alerting.senders["desk"].script = [RETRY] * 5
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    alerting.clock.advance(days=7)

    alerting.later()

    (row,) = alerting.read(lambda c: c.execute(sa.select(messages.c.state, messages.c.reason)).all())
    assert row.state == "dead"
    assert row.reason.startswith("given_up_after_7_days")


def test_rate_defers_and_drops_nothing(desk: Desk) -> None:
    """With two messages a minute allowed, five alerts take three minutes and all arrive in order."""
    desk.has(["gazette"], rate=Rate(2, 60)).publishes("gazette")
    desk.run()
    desk.publishes("gazette", *(item(n, f"Resettlement {n}") for n in range(5)))
    sent = [desk.later().sent]

    sent += [desk.later(seconds=61).sent for _ in range(2)]

    assert sent == [2, 2, 1]


def test_messages_of_a_removed_channel_wait_a_day(desk: Desk) -> None:
    """Removing a channel keeps its messages for 24 hours, in case it comes back, and then names the reason."""
    import asyncio

    from monitor import jobs

    desk.has(["gazette"], channels=("slack", "mail")).publishes("gazette")
    desk.run()
    desk.senders["mail"].script = [RETRY] * 9
    desk.publishes("gazette", item(1, "Resettlement plan"))
    desk.later()
    desk.has(["gazette"], channels=("slack",))

    asyncio.run(jobs.sweep(desk.context))
    kept = sorted(states(desk))
    desk.clock.advance(hours=25)
    asyncio.run(jobs.sweep(desk.context))

    assert kept == ["queued", "sent"]
    assert sorted(states(desk)) == ["dead", "sent"]
    opened = desk.read(lambda c: c.execute(sa.select(notices.c.key)).scalars().all())
    assert "channel_removed:mail" in opened


def test_only_one_message_of_a_target_is_in_flight(alerting: Desk) -> None:
    """A second claim for a target that is being sent to gets nothing."""
    alerting.publishes("gazette", item(1, "Resettlement one"), item(2, "Resettlement two"))
    alerting.senders["desk"].script = [RETRY, RETRY]
    alerting.later()
    now = alerting.clock.now() + timedelta(minutes=2)
    target = alerting.read(lambda c: c.execute(sa.select(targets.c.id)).scalar())

    first = alerting.write(lambda c: store_messages.claim(c, target, 1, now))
    second = alerting.write(lambda c: store_messages.claim(c, target, 1, now))

    assert first is not None
    assert second is None
