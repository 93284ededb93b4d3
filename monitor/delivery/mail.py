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
"""Seconds we wait for the answer to QUIT, after the message's fate is known."""

_QUEUE_ID = re.compile(r"\bqueued as\s+<?([\w.@-]{3,80})|\bid=([\w.@-]{3,80})", re.IGNORECASE)
_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TOO_LARGE = 552


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

    step: str = "connecting"
    committed: bool = False
    """Whether bytes of the message went out: from here on silence means doubt."""
    judged: model.SendResult | None = None


class MailSender:
    """Mails notices to one recipient."""

    def __init__(
        self,
        server: Server,
        envelope: mail_body.Envelope,
        settings: sender.SenderSettings,
        context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server = server
        self._envelope = envelope
        self._deadline = settings.deadline
        self._context = context or sender.tls_context(settings)
        self._now = now
        self._secrets = tuple(filter(None, (server.password,)))

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Hand `notice` over once; see `Sender.send`."""
        message = mail_body.render_mail(notice, self._envelope, self._now())
        progress = _Progress()
        client = self._client()
        try:
            async with asyncio.timeout(self._deadline):
                return await self._converse(client, message, progress)
        except TimeoutError:
            return progress.judged or self._broken(progress, f"no answer within {self._deadline:g} s")
        except aiosmtplib.SMTPResponseException as error:
            return self._refused(progress, error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return self._broken(progress, str(error) or type(error).__name__)
        except ValueError as error:
            # aiosmtplib's word for an address or a host name that cannot stand in a command.
            return self._result(model.SendOutcome.REFUSED, None, f"{progress.step}: {error}")
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing is kept open between messages."""

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

    async def _converse(self, client: aiosmtplib.SMTP, message: bytes, progress: _Progress) -> model.SendResult:
        await client.connect()
        if self._server.mode == "starttls":
            progress.step = "STARTTLS"
            await client.starttls(tls_context=self._context)
        if self._server.user is not None:
            progress.step = "login"
            await client.login(self._server.user, self._server.password or "")
        progress.step = "MAIL FROM"
        await client.mail(self._envelope.sender)
        progress.step = "RCPT TO"
        await client.rcpt(self._envelope.recipient)
        progress.judged = await self._hand_over(client, message, progress)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=GOODBYE)
        return progress.judged

    async def _hand_over(self, client: aiosmtplib.SMTP, message: bytes, progress: _Progress) -> model.SendResult:
        progress.step = "DATA"
        invited = await client.execute_command(b"DATA")
        protocol = client.protocol
        if invited.code != 354 or protocol is None:
            return self._refused(progress, invited.code, invited.message)
        progress.step, progress.committed = "message", True
        protocol.write(_dotted(message))
        answer = await protocol.read_response()
        if 200 <= answer.code < 300:
            found = _QUEUE_ID.search(answer.message)
            words = wording.service_words(f"{answer.code} {answer.message}", self._secrets)
            service_id = (found.group(1) or found.group(2)) if found else None
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


def _dotted(message: bytes) -> bytes:
    """Return `message` (CRLF lines) ready to follow DATA. Source: RFC 5321 section 4.5.2."""
    return re.sub(rb"(?m)^\.", b"..", message.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _greeting_name(address: str) -> str:
    """Return the name to greet with: the sender's domain. Asking for our own would be a DNS query that may hang."""
    domain = address.rpartition("@")[2]
    return domain if _HOST_NAME.fullmatch(domain) else "localhost.localdomain"
