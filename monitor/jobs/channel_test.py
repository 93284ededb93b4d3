"""A message marked as a test, sent to every recipient of a channel at once, past the queue."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor import config as configuration
from monitor import model
from monitor.config import Config
from monitor.delivery import channel
from monitor.delivery.channel import OpenTarget
from monitor.store import messages

Result = tuple[model.Target, model.SendResult]


def opened(config: Config, name: str) -> tuple[OpenTarget, ...] | None:
    """Open the recipients of a channel; None where there is no such channel. Raises: DeliveryError."""
    settings = configuration.effective_channels(config).get(name)
    if settings is None:
        return None
    sender = channel.SenderSettings(template=settings.template)
    return channel.open_channel(name, settings.url.get_secret_value(), sender)


def notice(config: Config, name: str, now: datetime) -> model.Notice:
    """Return what is sent."""
    sent = now.astimezone(ZoneInfo(config.timezone))
    body = (
        f"Alerts routed to `{name}` arrive here. "
        f"Sent by hand at {sent:%Y-%m-%d %H:%M} ({config.timezone}); nothing happened."
    )
    return model.Notice("test", messages.new_message_id(), "info", headline="Test of Wirewatch", body=body)


async def send(targets: tuple[OpenTarget, ...], told: model.Notice) -> list[Result]:
    """Send to each recipient in turn, and let go of them."""
    results = []
    for one in targets:
        try:
            results.append((one.target, await one.sender.send(told)))
        finally:
            await one.sender.close()
    return results


def shown(target: model.Target, result: model.SendResult) -> str:
    """Return how it went at one recipient: `sent: 200 ok`."""
    answer = " ".join(filter(None, (str(result.status or ""), result.detail)))
    return f"{target.label}: {result.outcome.value}" + (f": {answer}" if answer else "")
