"""Mails that follow each other go over one connection, and what becomes of it costs no message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from monitor import model
from monitor.delivery import addresses, mail, mail_body, sender
from tests.support import inbox as inboxes
from tests.support import notices, web

SENT, RETRY, UNCERTAIN = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.UNCERTAIN
ENVELOPE = mail_body.Envelope("wirewatch@desk.test", "Wirewatch", "a@desk.test", "<desk.wirewatch.desk.test>")


class Hands(inboxes.Inbox):
    """A mail server that says when sessions end, and answers MAIL FROM as it is told."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.goodbyes = 0
        self.left = asyncio.Event()
        self.at_mail: list[str] = []
        """Answers to the next MAIL FROM; an empty one takes it."""

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Begin a message, or answer otherwise."""
        answer = self.at_mail.pop(0) if self.at_mail else ""
        if answer:
            return await inboxes._act(server, answer)
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:
        """Count."""
        self.goodbyes += 1
        self.left.set()
        return "221 2.0.0 Bye"


@pytest.fixture
async def inbox() -> AsyncIterator[Hands]:
    hands = Hands()
    async with hands:
        yield hands


def open_sender(inbox: inboxes.Inbox, authority: web.Authority | None = None, **options: Any) -> mail.MailSender:
    settings = sender.SenderSettings(deadline=10.0, ca_file=str(authority.ca_file) if authority else None)
    server = addresses.parse_mail(inbox.channel_url("a@desk.test")).server
    return mail.MailSender(server, ENVELOPE, settings, **options)


async def test_burst_goes_over_one_connection(inbox: Hands) -> None:
    """A hundred mails take one connection, each arrives once, and the server hears a goodbye at the end."""
    sender = open_sender(inbox)

    results = [await sender.send(notices.notice(message_id=f"<{n}@desk.test>")) for n in range(100)]
    await sender.close()

    assert {result.outcome for result in results} == {SENT}
    assert [mail.message["Message-ID"] for mail in inbox.mails] == [f"<{n}@desk.test>" for n in range(100)]
    assert (inbox.connections, inbox.goodbyes) == (1, 1)


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
async def test_burst_is_encrypted_and_logged_in_throughout(tmp_path: Path, mode: str) -> None:
    """What the first mail had to do for its connection holds for those after it."""
    authority = web.Authority(tmp_path)
    async with inboxes.Inbox(authority, mode, "desk@desk.test", "pw") as inbox:
        sender = open_sender(inbox, authority)

        for _ in range(3):
            await sender.send(notices.notice())
        await sender.close()

    assert [(mail.encrypted, mail.user) for mail in inbox.mails] == [(True, "desk@desk.test")] * 3
    assert inbox.connections == 1


async def test_idle_connection_is_ended(inbox: Hands) -> None:
    """When no mail follows, the server is told goodbye; a later mail has a connection of its own."""
    sender = open_sender(inbox, idle=0.05)

    await sender.send(notices.notice())
    await asyncio.wait_for(inbox.left.wait(), 5)
    later = await sender.send(notices.notice())
    await sender.close()

    assert later.outcome is SENT
    assert (inbox.connections, inbox.goodbyes) == (2, 2)


@pytest.mark.parametrize("answer", ["421 4.7.0 too many messages over this connection", inboxes.DROP])
async def test_connection_that_the_server_ended_is_replaced(inbox: Hands, answer: str) -> None:
    """A server that takes two messages a connection gets five over three of them, each once, none in doubt."""
    inbox.at_mail = ["", "", answer, "", "", answer]
    sender = open_sender(inbox)

    results = [await sender.send(notices.notice()) for _ in range(5)]
    await sender.close()

    assert [result.outcome for result in results] == [SENT] * 5
    assert len(inbox.mails) == 5
    assert inbox.connections == 3


async def test_connection_that_became_silent_is_replaced(inbox: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection lost without a word (a firewall forgot it) costs a wait, and no failed attempt."""
    monkeypatch.setattr(mail, "STALE", 0.2)
    inbox.at_mail = ["", inboxes.SILENCE]
    sender = open_sender(inbox)

    results = [await sender.send(notices.notice()) for _ in range(2)]
    await sender.close()

    assert [result.outcome for result in results] == [SENT, SENT]
    assert len(inbox.mails) == inbox.connections == 2


async def test_new_connection_that_is_refused_is_not_tried_twice(inbox: Hands) -> None:
    """A server that takes nothing now is asked once an attempt."""
    inbox.at_mail = ["421 4.3.2 shutting down"] * 2
    sender = open_sender(inbox)

    result = await sender.send(notices.notice())

    assert (result.outcome, result.status) == (RETRY, 421)
    assert inbox.connections == 1


async def test_f37_answer_lost_over_a_kept_connection_is_doubt(inbox: Hands) -> None:
    """Once the message is under way the connection is not replaced: that would make a second copy unseen."""
    inbox.script += ["", inboxes.DROP]
    sender = open_sender(inbox)

    results = [await sender.send(notices.notice()) for _ in range(2)]

    assert [result.outcome for result in results] == [SENT, UNCERTAIN]
    assert len(inbox.mails) == 2
    assert inbox.connections == 1


async def test_refusal_over_a_kept_connection_is_a_refusal(inbox: Hands) -> None:
    """What the server says of the recipient is not asked for a second time."""
    sender = open_sender(inbox)
    await sender.send(notices.notice())
    inbox.refuse("a@desk.test", "451 4.2.0 try later")

    result = await sender.send(notices.notice())

    assert (result.outcome, result.detail) == (RETRY, "RCPT TO: 451 4.2.0 try later")
    assert inbox.connections == 1


async def test_goodbye_that_is_never_answered_ends(inbox: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer QUIT holds up neither the mail's fate nor the end of the sender."""
    monkeypatch.setattr(mail, "GOODBYE", 0.1)
    silent: Callable[..., Any] = lambda *_: asyncio.Event().wait()  # noqa: E731
    inbox.handle_QUIT = silent  # type: ignore[method-assign]
    sender = open_sender(inbox)

    result = await sender.send(notices.notice())
    await asyncio.wait_for(sender.close(), 5)

    assert result.outcome is SENT
