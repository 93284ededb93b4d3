"""A mail server on loopback (aiosmtpd), plain, with STARTTLS or TLS, with or without a login, that can misbehave.

```
async with Inbox(authority, mode="starttls", user="desk", password="pw") as inbox:
    inbox.refuse("b@desk.test", "550 5.1.1 no such user")
    inbox.script += ["451 4.3.0 try later", DROP]     # answers to the next messages; then 250
    await a_sender(inbox.channel_url("a@desk.test", "b@desk.test")).send(notice)
    assert inbox.mails[0].message["Subject"] == "..."
```
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import logging
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, cast
from urllib.parse import quote

from aiosmtpd import smtp

from tests.support import web

# aiosmtpd warns, at every connection, that logins over plain connections are a bad idea: the tests know.
logging.getLogger("mail.log").setLevel(logging.ERROR)

DROP = "drop"
"""The connection ends instead of an answer; at DATA the message was taken."""
SILENCE = "silence"
"""No answer, ever; at DATA the message was taken."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=email.policy.default))

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part; empty if there is none."""
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return part.get_content() if part else ""


class Inbox:
    """Takes mail on 127.0.0.1 with a port of its own; `mails` holds what it took."""

    def __init__(
        self, authority: web.Authority | None = None, mode: str = "insecure", user: str = "", password: str = ""
    ) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self.arrived = asyncio.Event()
        """Set once a mail has been taken."""
        self.mode = mode
        self.port = 0
        self.script: deque[str] = deque()
        """What happens to the next messages after their final dot: an SMTP answer, DROP or SILENCE."""
        self.mute = False
        """Whether new connections get no greeting."""
        self._user, self._password = user, password
        self._refusals: dict[str, str] = {}
        self._tls = authority.server() if authority and mode != "insecure" else None
        self._server: asyncio.Server | None = None
        self._sessions: set[smtp.SMTP] = set()

    async def __aenter__(self) -> Inbox:
        loop = asyncio.get_running_loop()
        tls = self._tls if self.mode == "ssl" else None
        self._server = await loop.create_server(self._session, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for session in self._sessions:
            transport = getattr(session, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)

    def refuse(self, address: str, answer: str) -> None:
        """Answer RCPT TO for `address` with `answer` (or DROP, SILENCE) from now on."""
        self._refusals[address] = answer

    def channel_url(self, *recipients: str, sender: str = "wirewatch@desk.test") -> str:
        """Return the URL that a channel in config.toml has for this server."""
        login = f"{quote(self._user, safe='')}:{quote(self._password, safe='')}@" if self._user else ""
        scheme = "mailto" if self.mode == "insecure" else "mailtos"
        options = f"to={','.join(recipients)}&from={sender}&mode={self.mode}"
        return f"{scheme}://{login}127.0.0.1:{self.port}/?{options}"

    # -- aiosmtpd's handler ----------------------------------------------------------------------

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Take or refuse a recipient."""
        answer = self._refusals.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 Ok"
        return await _act(server, answer)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take or refuse a message."""
        action = self.script.popleft() if self.script else ""
        if action in ("", DROP, SILENCE):
            user = session.auth_data.decode() if session.auth_data else None
            self.mails.append(
                Mail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, _encrypted(server), user)
            )
            self.arrived.set()
        return await _act(server, action or f"250 2.0.0 Ok: queued as Q{len(self.mails):05d}")

    def _session(self) -> asyncio.Protocol:
        self.connections += 1
        if self.mute:
            return asyncio.Protocol()
        with warnings.catch_warnings(action="ignore"):
            session = self._smtp()
        self._sessions.add(session)
        return session

    def _smtp(self) -> smtp.SMTP:
        return smtp.SMTP(
            self,
            hostname="inbox.test",
            ident="inbox",
            tls_context=self._tls if self.mode == "starttls" else None,
            require_starttls=self.mode == "starttls",
            authenticator=self._authenticate if self._user else None,
            auth_required=bool(self._user),
            auth_require_tls=self.mode == "starttls",
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> smtp.AuthResult:
        right = data.login == self._user.encode() and data.password == self._password.encode()
        return smtp.AuthResult(success=right, handled=False, auth_data=data.login if right else None)


async def _act(server: Any, action: str) -> str:
    if action == DROP:
        server.transport.abort()
        return "250 nobody hears this"
    if action == SILENCE:
        await asyncio.Event().wait()
    return action


def _encrypted(server: Any) -> bool:
    return server.transport.get_extra_info("sslcontext") is not None


@contextlib.contextmanager
def in_background(inbox: Inbox) -> Iterator[Inbox]:
    """Run `inbox` in a thread of its own while the block runs, for tests that block."""
    with web.in_background(cast(web.Site, inbox)):
        yield inbox
