"""A channel's URL -> its recipients, each with the sender that serves it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor import errors, model
from monitor.delivery import addresses, console, mail, mail_body, sender, slack
from monitor.delivery.sender import Sender, SenderSettings

__all__ = ["OpenTarget", "Sender", "SenderSettings", "describe", "open_channel"]


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """One recipient and its sender."""

    target: model.Target
    sender: Sender


def open_channel(name: str, url: str, settings: SenderSettings | None = None) -> tuple[OpenTarget, ...]:
    """Return the recipients of channel `name`, each with a sender of its own; connects to nothing.

    Slack webhooks, mail and the console have senders of our own; any other scheme goes to apprise, imported only then.
    Raises: DeliveryError with a sentence that names the channel, what is wrong and what to write, never a secret.
    """
    settings = settings or SenderSettings()
    try:
        return _open(name, url, settings)
    except errors.DeliveryError as error:
        raise errors.DeliveryError(f"channel {name}: {error}") from error


def _open(name: str, url: str, settings: SenderSettings) -> tuple[OpenTarget, ...]:
    if addresses.is_slack(url):
        return _open_slack(name, addresses.parse_slack(url), settings)
    if addresses.is_mail(url):
        return _open_mail(name, addresses.parse_mail(url), settings)
    if addresses.scheme(url) == "console":
        return (OpenTarget(model.Target(name, "console", "console"), console.ConsoleSender(own=settings.template)),)
    from monitor.delivery import apprise_channel

    return tuple(OpenTarget(t, s) for t, s in apprise_channel.open_targets(name, url, settings))


def _open_slack(name: str, address: addresses.SlackAddress, settings: SenderSettings) -> tuple[OpenTarget, ...]:
    if settings.template is not None:
        raise errors.DeliveryError(
            "Slack's messages have a layout of their own and take no template; remove the key `template`"
        )
    context = sender.tls_context(settings)
    if not address.rooms:
        target = model.Target(name, "webhook", f"webhook at {address.host}")
        return (OpenTarget(target, slack.SlackSender(address.url, None, settings, context)),)
    return tuple(
        OpenTarget(
            model.Target(name, room, f"{room} at {address.host}"),
            slack.SlackSender(address.url, room, settings, context),
        )
        for room in address.rooms
    )


def _open_mail(name: str, address: addresses.MailAddress, settings: SenderSettings) -> tuple[OpenTarget, ...]:
    context = sender.tls_context(settings)
    domain = address.sender.rpartition("@")[2]
    return tuple(
        OpenTarget(
            model.Target(name, recipient, recipient),
            mail.MailSender(address.server, _envelope(name, address, recipient, domain, settings), settings, context),
        )
        for recipient in address.recipients
    )


def _envelope(
    name: str, address: addresses.MailAddress, recipient: str, domain: str, settings: SenderSettings
) -> mail_body.Envelope:
    label = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in name) or "channel"
    return mail_body.Envelope(
        address.sender,
        address.sender_name,
        recipient,
        f"<{label}.wirewatch.{domain}>",
        settings.public_url,
        settings.template,
    )


def describe(url: str) -> str:
    """Return where a channel's URL leads, without tokens and passwords. Raises: DeliveryError as `open_channel`."""
    if addresses.is_slack(url):
        address = addresses.parse_slack(url)
        return f"Slack webhook at {address.host}" + (f" to {', '.join(address.rooms)}" if address.rooms else "")
    if addresses.is_mail(url):
        to = addresses.parse_mail(url)
        return f"mail through {to.server.host}:{to.server.port} ({to.server.mode}) to {', '.join(to.recipients)}"
    if addresses.scheme(url) == "console":
        return "console"
    from monitor.delivery import apprise_channel

    return apprise_channel.describe(url)
