"""What every sender is, whatever service it speaks to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Protocol

from monitor import errors, model
from monitor.delivery import template


class Sender(Protocol):
    """Sends to one recipient of one channel."""

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Make one attempt and tell how it ended.

        Never raises for anything a service does, ends within the sender's deadline, and may be cancelled at any point.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; the sender is not used afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """What all channels have in common."""

    deadline: float = 20.0
    """Seconds one attempt may take in all, however slowly the service drips its answer."""
    ca_file: str | None = None
    """PEM file of further certificate authorities; the system's own (or SSL_CERT_FILE) are trusted anyway."""
    public_url: str | None = None
    """Where readers reach this monitor; linked at the end of a mail."""
    template: template.Template | None = None
    """The user's own words, for senders of plain text."""


def tls_context(settings: SenderSettings) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names.

    Raises: DeliveryError if `settings.ca_file` cannot be used.
    """
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or type(error).__name__
            raise errors.DeliveryError(f"the certificate file {settings.ca_file} cannot be used: {reason}") from error
    return context
