"""Mail over SMTP, step by step, so that it is known what a failure left behind."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiosmtplib

from monitor import model
from monitor.delivery import mail_body, sender, wording

GOODBYE = 2.0
"""Seconds we wait for the answer to QUIT."""
IDLE = 5.0
"""Seconds that a connection waits for the next message of a burst."""
STALE = 5.0
"""Seconds that a connection which waited may take to answer; then a new one is made."""

_QUEUE_ID = re.compile(r"\bqueued as\s+<?([\w.@-]{3,80})|\bid=([\w.@-]{3,80})", re.IGNORECASE)
_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TOO_LARGE = 552
_CLOSING = 421
"""The server ends the connection: for a restart, or because it takes only so many messages over one."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over, and how."""

    host: str
    port: int
    mode: str
    """`ssl` (TLS from the first byte), `starttls` (required, not tried), or `insecure`."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Progress:
    """How far an attempt came."""

    client: aiosmtplib.SMTP | None = None
    """The connection in use, until it is handed on to the next message."""
    step: str = "connecting"
    committed: bool = False
    """Whether bytes of the message went out: from here on silence means doubt."""


class MailSender:
    """Mails notices to one recipient.

    A connection is kept for the next message: one that has to be made for each costs several round trips, with TLS and
    login many times what the message does. Only until the message's first byte is a connection that was kept replaced
    by a new one, so that no doubt comes from keeping it.
    """

    def __init__(
        self,
        server: Server,
        envelope: mail_body.Envelope,
        settings: sender.SenderSettings,
        context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        idle: float = IDLE,
    ) -> None:
        self._server = server
        self._envelope = envelope
        self._deadline = settings.deadline
        self._context = context or sender.tls_context(settings)
        self._now = now
        self._idle = idle
        self._kept: asyncio.Task[None] | None = None
        self._free: aiosmtplib.SMTP | None = None
        self._secrets = tuple(filter(None, (server.password,)))

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Hand `notice` over once; see `Sender.send`."""
        message = mail_body.render_mail(notice, self._envelope, self._now())
        progress = _Progress()
        try:
            async with asyncio.timeout(self._deadline):
                return await self._converse(message, progress)
        except TimeoutError:
            return self._broken(progress, f"no answer within {self._deadline:g} s")
        except aiosmtplib.SMTPResponseException as error:
            return self._refused(progress, error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return self._broken(progress, str(error) or type(error).__name__)
        except ValueError as error:
            # aiosmtplib's word for an address or a host name that cannot stand in a command.
            return self._result(model.SendOutcome.REFUSED, None, f"{progress.step}: {error}")
        finally:
            if progress.client is not None:
                progress.client.close()

    async def close(self) -> None:
        """End the connection that is kept, if there is one."""
        if (client := self._resume()) is not None:
            await _part(client)

    # -- the connection --------------------------------------------------------------------------

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        """Let the next message go over `client`, if it comes soon."""
        self._free = client
        self._kept = asyncio.create_task(self._wait(client))

    async def _wait(self, client: aiosmtplib.SMTP) -> None:
        try:
            await asyncio.sleep(self._idle)
        except asyncio.CancelledError:
            if self._free is client:  # the loop ends; a message that takes the connection has it to itself by now
                self._free = None
                client.close()
            raise
        self._free = None
        await _part(client)

    def _resume(self) -> aiosmtplib.SMTP | None:
        """Take the connection that is kept, unless it has ended."""
        client, self._free = self._free, None
        if self._kept is not None:
            self._kept.cancel()
            self._kept = None
        if client is None or client.is_connected:
            return client
        client.close()
        return None

    async def _connect(self, progress: _Progress) -> aiosmtplib.SMTP:
        progress.step = "connecting"
        client = progress.client = self._client()
        await client.connect()
        if self._server.mode == "starttls":
            progress.step = "STARTTLS"
            await client.starttls(tls_context=self._context)
        if self._server.user is not None:
            progress.step = "login"
            await client.login(self._server.user, self._server.password or "")
        return client

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.mode == "ssl",
            start_tls=False,
            tls_context=self._context if self._server.mode == "ssl" else None,
            local_hostname=_greeting_name(self._envelope.sender),
            timeout=None,
        )

    # -- the message -----------------------------------------------------------------------------

    async def _converse(self, message: bytes, progress: _Progress) -> model.SendResult:
        progress.client = self._resume()
        if progress.client is not None:
            try:
                return await self._hand_over(progress.client, message, progress, STALE)
            except (aiosmtplib.SMTPException, OSError) as error:
                if progress.committed or not _has_ended(error):
                    raise
            progress.client.close()
        return await self._hand_over(await self._connect(progress), message, progress, None)

    async def _hand_over(
        self, client: aiosmtplib.SMTP, message: bytes, progress: _Progress, patience: float | None
    ) -> model.SendResult:
        progress.step = "MAIL FROM"
        await client.mail(self._envelope.sender, timeout=patience)
        progress.step = "RCPT TO"
        await client.rcpt(self._envelope.recipient)
        progress.step = "DATA"
        invited = await client.execute_command(b"DATA")
        protocol = client.protocol
        if invited.code != 354:
            raise aiosmtplib.SMTPResponseException(invited.code, invited.message)
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection ended")
        progress.step, progress.committed = "message", True
        protocol.write(_dotted(message))
        answer = await protocol.read_response()
        if 200 <= answer.code < 300:
            found = _QUEUE_ID.search(answer.message)
            words = wording.service_words(f"{answer.code} {answer.message}", self._secrets)
            service_id = (found.group(1) or found.group(2)) if found else None
            progress.client = None
            self._keep(client)
            return model.SendResult(model.SendOutcome.SENT, answer.code, words, service_id=service_id)
        return self._refused(progress, answer.code, answer.message)

    def _refused(self, progress: _Progress, code: int, words: str) -> model.SendResult:
        """Judge an answer that is not the one hoped for."""
        detail = f"{progress.step}: {code} {words}"
        if not 400 <= code < 600:
            return self._broken(progress, f"unexpected answer {code} {words}")
        if code < 500:
            return self._result(model.SendOutcome.RETRY, code, detail)
        if progress.committed or code == _TOO_LARGE:
            # The recipient was accepted: what is refused now is the message.
            return self._result(model.SendOutcome.REFUSED_CONTENT, code, detail)
        return self._result(model.SendOutcome.REFUSED, code, detail)

    def _broken(self, progress: _Progress, reason: str) -> model.SendResult:
        outcome = model.SendOutcome.UNCERTAIN if progress.committed else model.SendOutcome.RETRY
        return self._result(outcome, None, f"{progress.step}: {reason}")

    def _result(self, outcome: model.SendOutcome, code: int | None, detail: str) -> model.SendResult:
        return model.SendResult(outcome, code, wording.service_words(detail, self._secrets))


def _has_ended(error: aiosmtplib.SMTPException | OSError) -> bool:
    """Tell the end of a connection from a refusal."""
    return not isinstance(error, aiosmtplib.SMTPResponseException) or error.code == _CLOSING


async def _part(client: aiosmtplib.SMTP) -> None:
    try:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=GOODBYE)
    finally:
        client.close()


def _dotted(message: bytes) -> bytes:
    """Return `message` (CRLF lines) ready to follow DATA. Source: RFC 5321 section 4.5.2."""
    return re.sub(rb"(?m)^\.", b"..", message.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _greeting_name(address: str) -> str:
    """Return the name to greet with: the sender's domain. Asking for our own would be a DNS query that may hang."""
    domain = address.rpartition("@")[2]
    return domain if _HOST_NAME.fullmatch(domain) else "localhost.localdomain"
