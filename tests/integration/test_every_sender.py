"""F33 to F37 for every kind of sender: the outbox with Slack, mail and apprise, each before a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.delivery import channel
from monitor.store import messages as store_messages
from monitor.store.schema import alerts, messages, targets
from tests.support import inbox as inboxes
from tests.support import web, webhook
from tests.support.desk import Desk, item

REPEAT = "Possible repeat"


class Sink:
    """A service that takes messages, or misbehaves at the next ones."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.authority = web.Authority(folder)
        self.hook, self.inbox, self.site = webhook.Webhook(self.authority), inboxes.Inbox(), web.Site()
        self.site.on("/hook", self._take)
        self.script: deque[web.Reply] = self.hook.script if kind == "slack" else deque()
        self._heard: list[str] = []
        self._lasting: web.Reply | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[Sink]:
        """Serve while the block runs."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(webhook.in_background(self.hook))
            stack.enter_context(inboxes.in_background(self.inbox))
            stack.enter_context(web.in_background(self.site))
            yield self

    def sender(self) -> channel.Sender:
        """Return a sender to it, of its kind."""
        url = {
            "slack": self.hook.channel_url(),
            "mail": self.inbox.channel_url("desk@desk.test"),
            "apprise": f"json://{self.site.address}/hook",
        }[self.kind]
        settings = channel.SenderSettings(ca_file=str(self.authority.ca_file))
        return channel.open_channel("desk", url, settings)[0].sender

    def misbehaves(self, status: int, word: str, mail: str, times: int = 1, **headers: str) -> None:
        """Answer the next messages with a status and a word, or with an SMTP answer."""
        self.script.extend([webhook.says(word, status, headers)] * times)
        self.inbox.script.extend([mail] * times)

    def loses_the_answer(self) -> None:
        """Take the next message and end the connection."""
        self.script.append(web.hangup())
        self.inbox.script.append(inboxes.DROP)

    def works_again(self) -> None:
        """Forget what was to be answered."""
        self.script.clear()
        self.inbox.script.clear()

    async def _take(self, request: web.Request, writer: asyncio.StreamWriter) -> None:
        told = json.loads(request.body)
        self._heard.append(f"{told['title']}\n{told['message']}")
        await (self.script.popleft() if self.script else web.page(b"ok"))(request, writer)

    @property
    def heard(self) -> list[str]:
        """Return every message that reached it, taken or not; a mail only if it was taken."""
        if self.kind == "slack":
            return ["\n".join(webhook.strings(payload)) for payload in self.hook.payloads]
        return [mail.text for mail in self.inbox.mails] if self.kind == "mail" else list(self._heard)


@pytest.fixture(params=["slack", "mail", "apprise"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    with Sink(request.param, tmp_path).running() as running:
        yield running


@pytest.fixture
def alerting(desk: Desk, sink: Sink) -> Desk:
    """A desk with one feed past its baseline, the channel `desk` that leads to the sink, and an ops channel."""
    desk.senders["desk"] = sink.sender()  # type: ignore[assignment]
    desk.has(["gazette"], channels=("desk", "ops"), ops="ops").publishes("gazette")
    desk.run()
    return desk


def tell(desk: Desk, *numbers: int) -> None:
    """Publish a story for each number, and let them be polled."""
    known = desk.__dict__.setdefault("numbers", [])
    known += numbers
    rows = (item(n, f"Resettlement number{n} alpha{n} beta{n}") for n in known)
    date = format_datetime(desk.clock.now() + timedelta(minutes=19))
    desk.publishes("gazette", *(row | {"pubDate": date} for row in rows))
    desk.later()


def states(desk: Desk) -> list[str]:
    """Return the states of the messages to the sink, in order."""
    query = sa.select(messages.c.state).join(targets, targets.c.id == messages.c.target_id).order_by(messages.c.id)
    return desk.read(lambda c: list(c.execute(query.where(targets.c.channel == "desk")).scalars()))


def named(texts: list[str]) -> list[int]:
    """Return the numbers of the stories in messages, in their order."""
    return [int(text.split("Resettlement number")[1].split()[0]) for text in texts]


def test_f33_after_an_outage_everything_arrives_in_order(alerting: Desk, sink: Sink) -> None:
    """Two hours down: within a minute of its return all that waited arrives, oldest first, once, unlabelled."""
    sink.misbehaves(503, "down", "421 4.3.2 down", times=500)
    for n in range(6):
        tell(alerting, n)
    tried = len(sink.heard)
    waiting = states(alerting)

    sink.works_again()
    alerting.later(seconds=60)

    assert set(waiting) == {"queued"}
    assert named(sink.heard[tried:]) == list(range(6))
    assert states(alerting) == ["sent"] * 6
    assert not [text for text in sink.heard if REPEAT in text]


def test_f35_retry_after_is_obeyed_to_the_second(alerting: Desk, sink: Sink) -> None:
    """What the service asks for is waited for exactly; SMTP has no such word, and waits five seconds."""
    sink.misbehaves(429, "rate_limited", "451 4.7.1 slow down", **{"Retry-After": "30"})
    wait = 5 if sink.kind == "mail" else 30
    tell(alerting, 1)
    before = len(sink.heard)

    alerting.later(seconds=wait - 1)
    early = len(sink.heard)
    alerting.later(seconds=1)

    assert (early, len(sink.heard)) == (before, before + 1)
    assert states(alerting) == ["sent"]


def test_f36_refusal_is_final_told_and_redriven_once(alerting: Desk, sink: Sink) -> None:
    """One try, the operator hears of it, and what two alerts shared arrives once though both are sent again."""
    tell(alerting, 1)
    before = len(sink.heard)
    sink.inbox.refuse("desk@desk.test", "550 5.1.1 no such user")
    sink.misbehaves(404, "no_service", "250 2.0.0 taken")
    both = item(2, "Resettlement number2 delegation alpha2")
    alerting.publishes("gazette", both | {"pubDate": format_datetime(alerting.clock.now() + timedelta(minutes=9))})
    alerting.later()
    alerting.later(minutes=5)
    refused = states(alerting)
    told = [notice.headline for notice in alerting.senders["ops"].notices]
    tried = len(sink.heard) - before

    sink.inbox.refuse("desk@desk.test", "250 2.1.5 Ok")
    sink.inbox._refusals.clear()
    sink.works_again()
    numbers = alerting.read(lambda c: c.execute(sa.select(alerts.c.id).where(alerts.c.id > 1)).scalars().all())
    for number in numbers:
        alerting.write(lambda c, n=number: store_messages.resend(c, n, alerting.clock.now()))
    alerting.later(seconds=1)

    assert refused == ["sent", "dead"]
    assert tried == (0 if sink.kind == "mail" else 1)
    assert told == ["Channel desk refuses messages"]
    assert len(numbers) == 2
    assert len(sink.heard) - before - tried == 1
    assert states(alerting) == ["sent", "sent"]


def test_f37_lost_answer_is_one_more_copy_and_says_so(alerting: Desk, sink: Sink) -> None:
    """Taken, but the answer was lost: the message goes once more, labelled, under the same Message-ID."""
    sink.loses_the_answer()
    tell(alerting, 1)
    uncertain = states(alerting)

    alerting.later(seconds=6)
    alerting.later(minutes=5)

    assert uncertain == ["uncertain"]
    assert [REPEAT in text for text in sink.heard] == [False, True]
    assert states(alerting) == ["sent"]
    assert len({mail.message["Message-ID"] for mail in sink.inbox.mails}) <= 1
