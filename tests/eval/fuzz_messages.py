"""Hostile messages through every kind of sender: `python -m tests.eval.fuzz_messages [--titles 10000] [--seed 38]`.

Each message goes over a socket to a fake of its service that refuses what the real one refuses; what arrived is
searched for anything of the data that is live. Kinds: Slack, mail, console, Discord, Telegram, Teams, Matrix, ntfy, a
webhook; all but Slack once more in the words of a template. Exit 1 if anything is refused, or live (A09, A10, F38).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor import model
from monitor.delivery import apprise_channel, channel, console, template
from monitor.delivery.sender import Sender
from tests.support import chat_services, inbox, poison, web, webhook

Judge = Callable[[model.Notice], Sequence[str]]
"""Returns what is wrong with the message that arrived last."""


@dataclass(slots=True)
class Count:
    """What became of the messages of one kind of sender."""

    kind: str
    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    live: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Return whether anything went wrong."""
        return bool(self.refused or self.live)

    def line(self) -> str:
        """Return the row of the table."""
        return f"{self.kind:<20}{self.sent:>8}{self.refused.total():>9}{self.live.total():>6}{self.seconds:>9.1f}"


HEAD = f"{'':<20}{'sent':>8}{'refused':>9}{'live':>6}{'seconds':>9}"


async def run(
    messages: Callable[[], Iterable[model.Notice]],
    kinds: Sequence[str] = (),
    tell: Callable[[Count], None] = lambda _: None,
) -> list[Count]:
    """Send what `messages` gives through every kind of sender (or those of `kinds`); return and `tell` the counts."""
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        authority = web.Authority(Path(folder))
        with _environment(authority):
            for name, opened in _kinds(authority).items():
                if not kinds or name in kinds:
                    async with opened() as (sender, judge):
                        counts.append(await _count(name, sender, judge, messages()))
                        tell(counts[-1])
    return counts


async def _count(kind: str, sender: Sender, judge: Judge, messages: Iterable[model.Notice]) -> Count:
    count, began = Count(kind), time.monotonic()
    for notice in messages:
        result = await sender.send(notice)
        if result.outcome is model.SendOutcome.SENT:
            count.sent += 1
            count.live.update(judge(notice))
        else:
            count.refused[f"{result.outcome.value}: {result.detail}"] += 1
    await sender.close()
    count.seconds = time.monotonic() - began
    return count


# -- kinds ---------------------------------------------------------------------------------------

Opened = Callable[[], contextlib.AbstractAsyncContextManager[tuple[Sender, Judge]]]


def _kinds(authority: web.Authority) -> dict[str, Opened]:
    found: dict[str, Opened] = {"slack": lambda: _slack(authority)}
    for name, own in (("", None), (" + template", poison.own_words())):
        settings = channel.SenderSettings(deadline=60.0, ca_file=str(authority.ca_file), template=own)
        found[f"mail{name}"] = lambda settings=settings: _mail(settings)
        found[f"console{name}"] = lambda own=own: _console(own)
        for kind in chat_services.SERVICES:
            found[f"{kind.__name__.lower()}{name}"] = lambda kind=kind, settings=settings: _chat(
                authority, kind, settings
            )
    return found


@contextlib.asynccontextmanager
async def _slack(authority: web.Authority) -> AsyncIterator[tuple[Sender, Judge]]:
    settings = channel.SenderSettings(deadline=60.0, ca_file=str(authority.ca_file))
    async with webhook.Webhook(authority) as hook:
        (opened,) = channel.open_channel("desk", hook.channel_url(), settings)

        def judge(notice: model.Notice) -> list[str]:
            hook.accepted.clear()
            return poison.slack_faults(hook.payloads.pop(), notice)

        yield opened.sender, judge


@contextlib.asynccontextmanager
async def _mail(settings: channel.SenderSettings) -> AsyncIterator[tuple[Sender, Judge]]:
    async with inbox.Inbox() as box:
        (opened,) = channel.open_channel("desk", box.channel_url("a@desk.test"), settings)
        yield opened.sender, lambda notice: poison.mail_faults(box.mails.pop().raw, notice)


@contextlib.asynccontextmanager
async def _console(own: template.Template | None) -> AsyncIterator[tuple[Sender, Judge]]:
    out = io.StringIO()

    def judge(_notice: model.Notice) -> list[str]:
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return poison.text_faults(text)

    yield console.ConsoleSender(out, own), judge


@contextlib.asynccontextmanager
async def _chat(
    authority: web.Authority, kind: type[chat_services.Service], settings: channel.SenderSettings
) -> AsyncIterator[tuple[Sender, Judge]]:
    async with web.Site(authority.server() if kind in chat_services.TLS else None) as site:
        service = kind(site)
        (opened,) = channel.open_channel("desk", service.url, settings)
        service.point(opened.sender._service)  # type: ignore[attr-defined]

        def judge(notice: model.Notice) -> list[str]:
            links, text = set(service.links), service.taken.pop()
            service.links.clear()
            ours = {apprise_channel.markdown_url(url) for url in poison.addresses(notice)}
            return poison.chat_faults(text) + [f"a link to {url[:60]}" for url in links if url not in ours]

        yield opened.sender, judge


@contextlib.contextmanager
def _environment(authority: web.Authority) -> Iterator[None]:
    """Let apprise's HTTP library trust our certificate and no proxy, as in a container without any."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    before = {name: os.environ.pop(name, None) for name in (*names, "REQUESTS_CA_BUNDLE")}
    os.environ["REQUESTS_CA_BUNDLE"] = str(authority.ca_file)
    try:
        yield
    finally:
        del os.environ["REQUESTS_CA_BUNDLE"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def main() -> int:
    """Run as asked on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titles", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=38)
    parser.add_argument("--kinds", nargs="*", default=[])
    asked = parser.parse_args()
    print(f"messages with {asked.titles} titles and a few more, seed {asked.seed}, to each kind\n{HEAD}", flush=True)
    counts = asyncio.run(run(lambda: poison.Poison(asked.seed).notices(asked.titles), asked.kinds, _print))
    return int(any(count.failed for count in counts))


def _print(count: Count) -> None:
    print(count.line(), flush=True)
    for what, times in (count.refused + count.live).most_common(10):
        print(f"    {times} times {what[:200]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
