"""F38, F45: an article or a message that kills the monitor at each start is set aside and said; all else goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import model
from monitor.jobs import recover
from monitor.model import SendResult
from monitor.store import messages as outbox
from monitor.store.schema import messages
from tests.support import databases, invariants, world
from tests.support.desk import Desk, FakeSender, item

DEATHS = 4
"""After which the tests' entry point sets a suspect aside."""


class Died(BaseException):
    """The process is gone: nothing after it runs, as after a kill."""


class Deadly(FakeSender):
    """A sender that the monitor dies of where a title says so."""

    async def send(self, notice: model.Notice) -> SendResult:
        if any("deadly" in one.title for one in notice.items):
            raise Died
        return await super().send(notice)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    """Databases of this module."""
    yield from databases.session(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def desk(made: databases.Databases, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose chat is deadly, with a mailbox and an ops channel beside it."""
    opened = Desk(made.sqlite(), tmp_path)
    opened.senders["chat"] = Deadly()
    opened.has(["gazette"], ["chat", "mail", "ops"], ops="ops").publishes("gazette")
    opened.run()
    yield opened
    opened.read(invariants.check)
    opened.close()


def live_and_die(desk: Desk, lives: int) -> list[str]:
    """Start again so many times, and live until suspects are tried; return the states of the messages."""
    for _ in range(lives):
        desk.restart().clock.advance(seconds=70)
        desk.run()
    query = sa.select(messages.c.state, messages.c.reason).where(messages.c.kind == "alert").order_by(messages.c.id)
    return [f"{row.state}: {row.reason or ''}" for row in desk.read(lambda c: c.execute(query).all())]


def test_f38_f45_message_that_kills_at_each_start_is_set_aside_and_told(desk: Desk) -> None:
    """After twelve deaths the one behind it is sent, the ops channel knows, others had theirs once, resend redrives."""
    desk.publishes("gazette", item(1, "Resettlement deadly"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement deadly"), item(2, "Resettlement clinic opens in the valley"))
    desk.clock.advance(minutes=20)
    before = live_and_die(desk, recover.DEATHS - 1)
    after = live_and_die(desk, 1)

    chat, mail, ops = (desk.senders[name] for name in ("chat", "mail", "ops"))
    assert before.count("sent: ") == 2
    assert sorted(after) == ["dead: the monitor died each time it was sent", "sent: ", "sent: ", "sent: "]
    assert chat.titles == ["Resettlement clinic opens in the valley"]
    assert sorted(mail.titles) == ["Resettlement clinic opens in the valley", "Resettlement deadly"]
    (told,) = [one for one in ops.notices if "set aside" in one.headline]
    assert told.headline == "A message to channel chat was set aside: the monitor died of it"
    assert f"{recover.DEATHS} times in a row" in told.body
    assert "Not delivered: al-" in told.body
    desk.senders["chat"] = FakeSender()
    alert = int(told.body.partition("al-")[2].partition(".")[0])
    desk.write(lambda connection: outbox.resend(connection, alert, desk.clock.now()))
    desk.restart().run()
    assert desk.senders["chat"].titles == ["Resettlement deadly"]


def test_f38_suspect_message_waits_longer_after_each_death(desk: Desk) -> None:
    """The first death delays nothing; from the second on it goes later, so that a start comes to its other work."""
    desk.publishes("gazette", item(1, "Resettlement deadly"))
    desk.later()
    waits = []
    for _ in range(recover.DEATHS - 1):
        desk.restart()
        due = desk.read(outbox.next_due)
        waits.append((due - desk.clock.now()).total_seconds())
        desk.clock.advance(seconds=90)
        desk.run()

    assert waits == [0, 10, 20, 30, 40, 50, 60, 60, 60, 60, 60]


def test_f38_a_result_of_any_kind_clears_the_suspicion(desk: Desk) -> None:
    """Deaths count in a row: a refusal for now between them shows that it is not the message."""
    desk.publishes("gazette", item(1, "Resettlement deadly"))
    desk.later()
    live_and_die(desk, recover.DEATHS - 2)
    deadly = desk.senders["chat"]
    desk.senders["chat"] = FakeSender([SendResult(model.SendOutcome.RETRY, 503, "not now")])
    live_and_die(desk, 1)
    desk.senders["chat"] = deadly

    states = live_and_die(desk, 3)

    assert [state for state in states if state.startswith("dead")] == []


@pytest.mark.timeout(180)
def test_f38_f45_article_that_kills_at_each_start_is_set_aside_and_told(tmp_path: Path) -> None:
    """The real daemon dies of one of six articles: after a few starts the others are told, and that it was left out."""
    with world.opened(tmp_path) as desk:
        desk.configure(channels=desk.channels(), ops="chat")
        desk.publish("gazette", *(world.plain_story(n) for n in range(5)))
        desk.publish("gazette", world.Story("tok-9", "Resettlement killer tok-9", "Resettlement. The text is short."))
        desk.configure(ops="chat")
        codes = []
        for _ in range(DEATHS):
            with desk.daemon(arguments=["--deadly", "killer"]) as dying:
                codes.append(dying.wait(60))
        with desk.daemon(arguments=["--deadly", "killer"]) as last:
            desk.until_told(*(f"tok-{n}" for n in range(5)), channels=["mail"])
            world.until(lambda: "set aside" in str(desk.webhook.payloads), 30, "the operator is told")
            desk.until_quiet()
            assert last.stop() == 0
        of_it = "SELECT outcome, reason FROM decisions JOIN revisions ON revisions.id = revision_id WHERE title LIKE ?"
        outcome = desk.query(of_it, "%killer%")
        tally = desk.tally([f"tok-{n}" for n in range(5)])

    assert codes == [-signal.SIGKILL] * DEATHS
    assert outcome == [("none", "unreadable")]
    assert "An article of gazette was set aside: the monitor died of it" in str(desk.webhook.payloads)
    assert tally.missing["mail"] == []
    assert tally.unlabelled == 0
