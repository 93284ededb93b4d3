"""A news site, a mailbox and a chat webhook on loopback, and the daemon as a process between them.

```
with world.opened(tmp_path) as desk:
    desk.publish("gazette", world.Story("tok-1", "Resettlement plan unveiled", "Two officials ..."))
    with desk.daemon() as daemon:
        desk.until_told("tok-1")
        assert daemon.stop() == 0
    assert desk.tally(["tok-1"]).lost == 0
```

Every story carries a token that nothing else holds, so that what arrived is counted by reading what arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

from tests.support import inbox, invariants, web, webhook

ROOT = Path(__file__).parents[2]
SLACK = 3.0
"""Limits that the product keeps are tested with three times their value: the machine may be busy."""
TOKEN = re.compile(r"tok-\d+")
SERVERS = "the server's own"
"""What stands for the integrity check of a database that is no file."""
REPEAT = "possible repeat"
PACK = """\
format: 1
pack: move
title: Moving out
rules:
  - {id: core, any: [resettlement], severity: normal}
"""
SECOND_PACK = """\
format: 1
pack: talks
rules:
  - {id: core, any: [delegation]}
"""


def until(holds: Callable[[], Any], seconds: float, what: str, step: float = 0.05) -> Any:
    """Wait until `holds()` is true and return what it gave. Raises: AssertionError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(step)


@dataclass(frozen=True, slots=True)
class Story:
    """An article to publish; `page` is whether its page exists."""

    token: str
    title: str
    text: str
    page: bool = True
    published: datetime | None = None


def made_up_words(seed: int, count: int) -> list[str]:
    """Return words that no text of another seed has: what shares words would be one story."""
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdefghiklmnoprstuvz", k=8)) for _ in range(count)]


def plain_story(n: int) -> Story:
    """Return a story that the pack `move` alerts, unlike every other."""
    token = f"tok-{n}"
    words = " ".join(made_up_words(n, 60))
    return Story(token, f"Resettlement hearing {token}", f"{token}: the resettlement committee sat. {words}")


@dataclass(slots=True)
class Newsroom:
    """A feed and its articles, newest first when served."""

    name: str
    stories: list[Story] = field(default_factory=list)
    listed: int = 300
    body: bytes | None = None
    """What the feed answers instead of its stories."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the expected tokens, per channel (`mail`, `chat`, and `hook` where it is one)."""

    expected: int
    missing: dict[str, list[str]]
    received: dict[str, int]
    """Tokens that arrived at least once."""
    duplicates: dict[str, int]
    """Receipts beyond the first of each token."""
    labelled: dict[str, int]
    """Duplicates that say that they may be one."""
    same_id: bool
    """Whether every repeated mail kept its Message-ID."""

    @property
    def lost(self) -> int:
        """Return how many (token, channel) never arrived."""
        return sum(len(tokens) for tokens in self.missing.values())

    @property
    def unlabelled(self) -> int:
        """Return duplicates that do not say so."""
        return sum(self.duplicates.values()) - sum(self.labelled.values())

    def table(self) -> list[str]:
        """Return the counts as the lines of a table for people, a column each channel."""
        rows: dict[str, dict[str, object]] = {
            "": {name: name for name in self.received},
            "alerts expected": dict.fromkeys(self.received, self.expected),
            "received": dict(self.received),
            "lost": {name: len(tokens) for name, tokens in self.missing.items()},
            "duplicates": dict(self.duplicates),
            "  of them labelled": dict(self.labelled),
        }
        return [f"{name:<20}" + "".join(f"{row[at]:>8}" for at in self.received) for name, row in rows.items()]


class Process:
    """A command of the product as a child; what it writes is kept in a file."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str], **options: Any) -> None:
        self.log_file = folder / f"daemon-{time.monotonic_ns()}.log"
        with self.log_file.open("wb") as log:
            self._child = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        self.pid = self._child.pid
        self.started = time.monotonic()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # its workers, if it left some
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def running(self) -> bool:
        """Return whether it has not ended."""
        return self._child.poll() is None

    @property
    def log(self) -> str:
        """Return what it wrote so far."""
        return self.log_file.read_text("utf-8", "replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log events called `name`."""
        lines = (line for line in self.log.splitlines() if line.startswith("{"))
        return [event for event in map(_loads, lines) if event.get("event") == name]

    def until_up(self, seconds: float = 10 * SLACK) -> Process:
        """Wait until it says where its health is."""
        until(lambda: "health at" in self.log or not self.running, seconds, f"up\n{self.log}", 0.02)
        assert self.running, self.log
        return self

    @property
    def address(self) -> str:
        """Return the address of its web server."""
        found = re.search(r"health at (http://\S+)/healthz", self.log)
        assert found, self.log
        return found[1]

    def wait(self, seconds: float = 30.0) -> int:
        """Return the exit code; a death by signal N is -N."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s:\n{self.log}") from None

    def stop(self, seconds: float = 8 * SLACK) -> int:
        """Send SIGTERM and return the exit code."""
        self._child.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> int:
        """Send SIGKILL and return the exit code."""
        self._child.kill()
        return self.wait(10)


def _loads(line: str) -> dict[str, Any]:
    with contextlib.suppress(json.JSONDecodeError):
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


class World:
    """What a daemon needs around it, and the ledger of what came out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = web.Authority(folder)
        self.site = web.Site()
        self.inbox = inbox.Inbox()
        self.webhook = webhook.Webhook(self.authority)
        self.newsrooms: dict[str, Newsroom] = {}
        self.storm = True
        """Whether many alerts become few messages; False where messages are counted."""
        self.suspicion = True
        """Whether what is met by one kill after the other is taken for its cause; False where fail points kill."""
        self.hook = False
        """Whether a webhook that apprise serves is a channel, `hook`, beside the other two."""
        self.hooked: list[str] = []
        """What it took: title and text of each message."""
        self.config = folder / "config.toml"
        self.rules = folder / "rules"
        self.database = folder / "data" / "wirewatch.db"
        self.database_url = f"sqlite:///{self.database}"
        self.checked = True
        """Whether the database is checked at the end (`invariants`); False where a test damages it by hand."""
        self.processes: list[Process] = []

    # -- the site ----------------------------------------------------------------------------------

    def newsroom(self, name: str) -> Newsroom:
        """Return a newsroom, opened at its first mention; its feed is at /NAME/feed."""
        if name not in self.newsrooms:
            self.newsrooms[name] = Newsroom(name)
            self.site.on(f"/{name}/feed", self.feed_of(self.newsrooms[name]))
        return self.newsrooms[name]

    def publish(self, name: str, *stories: Story) -> None:
        """Put stories on the site and into the newsroom's feed."""
        room = self.newsroom(name)
        for story in stories:
            if story.page:
                self.site.page(_path(name, story), article_page(story))
            room.stories.append(story)

    def feed_of(self, room: Newsroom) -> web.Reply:
        """Return the reply that serves a newsroom's feed as it stands when asked."""

        async def reply(request: web.Request, writer: asyncio.StreamWriter) -> None:
            body = room.body if room.body is not None else self.feed_text(room)
            await web.page(body, headers={"Content-Type": "application/rss+xml"})(request, writer)

        return reply

    def feed_text(self, room: Newsroom) -> bytes:
        """Return the feed, the newest story first."""
        listed = list(reversed(room.stories))[: room.listed]
        items = "".join(self._item(room.name, story) for story in listed)
        text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{room.name}</title>'
        return f"{text}{items}</channel></rss>".encode()

    def _item(self, name: str, story: Story) -> str:
        published = f"<pubDate>{format_datetime(story.published)}</pubDate>" if story.published else ""
        return (
            f"<item><title>{escape(story.title)}</title><guid>{name}-{story.token}</guid>{published}"
            f"<link>{self.site.url(_path(name, story))}</link>"
            f"<description>{escape(story.text[:400])}</description></item>"
        )

    # -- the daemon --------------------------------------------------------------------------------

    def configure(
        self,
        *,
        channels: dict[str, str] | None = None,
        route: Sequence[str] | None = None,
        ops: str | None = None,
        rules: Path | None = None,
        backfill: int = 1000,
        every: str = "1s",
        feeds: str = "",
        extra: str = "",
        allow: Sequence[str] = (),
    ) -> Path:
        """Write config.toml and, unless other rules are named, a folder with the pack `move`."""
        if rules is None:
            (self.rules / "packs").mkdir(parents=True, exist_ok=True)
            (self.rules / "packs" / "move.yaml").write_text(PACK)
        channels = channels if channels is not None else self.channels()
        route = route if route is not None else [name for name in channels if name != ops]
        private = ", ".join(f'"{place}"' for place in (self.site.address, *allow))
        text = f"""\
[monitor]
database = "{self.database_url}"
rules = "{rules or self.rules}"
default_route = [{", ".join(f'"{name}"' for name in route)}]
{f'ops_channel = "{ops}"' if ops else ""}
[polling]
every = "{every}"
min_every = "{every}"
backfill = {backfill}
per_host = 16
allow_private = [{private}]
[web]
listen = "127.0.0.1:0"
"""
        text += "".join(f'[channels.{name}]\nurl = "{url}"\n' for name, url in channels.items())
        text += "".join(
            f'[[feeds]]\nurl = "{self.site.url(f"/{name}/feed")}"\nname = "{name}"\n' for name in self.newsrooms
        )
        self.config.write_text(text + feeds + extra)
        return self.config

    def channels(self) -> dict[str, str]:
        """Return the URLs of the channels."""
        two = {"mail": self.inbox.channel_url("desk@desk.test"), "chat": self.webhook.channel_url()}
        if not self.hook:
            return two
        self.site.on("/hook", self._take)
        return two | {"hook": f"json://127.0.0.1:{self.site.port}/hook"}

    async def _take(self, request: web.Request, writer: asyncio.StreamWriter) -> None:
        told = json.loads(request.body)
        self.hooked.append(f"{told['title']}\n{told['message']}")
        await web.page(b"taken")(request, writer)

    def environment(self, **more: str) -> dict[str, str]:
        """Return a child's environment: the test authority is trusted, nothing else is added."""
        return {**os.environ, "SSL_CERT_FILE": str(self.authority.ca_file), "PYTHONPATH": str(ROOT), **more}

    def daemon(self, *fail: str, arguments: Sequence[str] = (), **options: Any) -> Process:
        """Start the daemon, with fail points planted in it."""
        planted = [part for point in fail for part in ("--fail", point)]
        planted += ([] if self.storm else ["--no-storm"]) + ([] if self.suspicion else ["--no-suspicion"])
        command = [sys.executable, "-m", "tests.support.entry", *planted, *arguments]
        return self._start([*command, "run", "--config", str(self.config)], **options)

    def command(self, *arguments: str, **options: Any) -> Process:
        """Start `wirewatch ARGUMENTS --config ...`, the real command."""
        command = [sys.executable, "-m", "monitor", *arguments, "--config", str(self.config)]
        return self._start(command, **options)

    def _start(self, command: list[str], environment: dict[str, str] | None = None, **options: Any) -> Process:
        made = Process(command, self.folder, environment or self.environment(), **options)
        self.processes.append(made)
        return made

    def close(self) -> None:
        """End every process that is left."""
        for process in self.processes:
            process.__exit__()

    # -- what arrived --------------------------------------------------------------------------------

    def receipts(self) -> dict[str, list[tuple[str, bool, str]]]:
        """Return (token, labelled as a possible repeat, Message-ID or "") of every alert that arrived, by channel."""
        mails = [(mail.text, str(mail.message["Message-ID"])) for mail in list(self.inbox.mails)]
        chats = [("\n".join(webhook.strings(payload)), "") for payload in list(self.webhook.payloads)]
        found = {"mail": _receipts(mails), "chat": _receipts(chats)}
        hooks = [(text, "") for text in list(self.hooked)]
        return found | ({"hook": _receipts(hooks)} if self.hook else {})

    def arrived(self) -> int:
        """Return how many messages arrived so far."""
        return len(self.inbox.mails) + len(self.webhook.payloads) + len(self.hooked)

    def told(self, channel: str) -> Counter[str]:
        """Return how often each token arrived."""
        return Counter(token for token, _, _ in self.receipts()[channel])

    def until_told(self, *tokens: str, channels: Iterable[str] = (), seconds: float = 60.0) -> None:
        """Wait until every token has arrived in some channels, or in every one."""
        for channel in channels or self.channels():
            try:
                until(lambda at=channel: set(tokens) <= set(self.told(at)), seconds, f"{tokens[:5]} in {channel}")
            except AssertionError as fault:
                raise AssertionError(f"{fault}; there: {self.told(channel)}\n{self._standstill()}") from None

    def _standstill(self) -> str:
        """Return the last daemon's log, with the stacks of its threads."""
        process = self.processes[-1]
        if process.running:
            os.kill(process.pid, signal.SIGUSR1)
            time.sleep(0.5)
        return process.log[-6000:]

    def tally(self, expected: Sequence[str]) -> Tally:
        """Return the ledger for the expected tokens."""
        missing, received, duplicates, labelled = {}, {}, {}, {}
        for channel, found in self.receipts().items():
            counts = Counter(token for token, _, _ in found)
            missing[channel] = [token for token in expected if token not in counts]
            received[channel] = sum(token in counts for token in expected)
            duplicates[channel] = sum(counts.values()) - len(counts)
            labelled[channel] = _labelled_repeats(found)
        ids: dict[str, set[str]] = {}
        for token, _, message_id in self.receipts()["mail"]:
            ids.setdefault(token, set()).add(message_id)
        same = all(len(own) == 1 for own in ids.values())
        return Tally(len(expected), missing, received, duplicates, labelled, same)

    # -- the database ----------------------------------------------------------------------------------

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the database beside the daemon."""
        with contextlib.closing(connect(self.database)) as connection:
            return list(connection.execute(statement, values).fetchall())

    def make_due(self) -> None:
        """Do what time does: feeds, pages, messages and targets wait no longer."""
        past = "2025-01-01 00:00:00.000000"
        with contextlib.closing(connect(self.database)) as connection:
            connection.execute("UPDATE feeds SET next_check = ?", (past,))
            connection.execute("UPDATE articles SET retry_at = ? WHERE retry_at IS NOT NULL", (past,))
            connection.execute("UPDATE messages SET due_at = ? WHERE state IN ('queued', 'uncertain')", (past,))
            connection.execute("UPDATE targets SET paused_until = NULL")

    def integrity(self) -> str:
        """Return what SQLite says of the file: `ok`."""
        return str(self.query("PRAGMA integrity_check")[0][0])

    def open_messages(self) -> int:
        """Return how many messages are neither sent nor dead."""
        return int(self.query("SELECT count(*) FROM messages WHERE state NOT IN ('sent', 'dead')")[0][0])

    def until_quiet(self, seconds: float = 60.0) -> None:
        """Wait until no entry is pending and no message open."""
        pending = "SELECT count(*) FROM entries WHERE state = 'pending'"
        until(lambda: not self.open_messages() and not self.query(pending)[0][0], seconds, "quiet", 0.1)


def connect(path: Path) -> sqlite3.Connection:
    """Open a database with the SQLite that the product uses: another may not know its journal."""
    from monitor.store import database

    made: sqlite3.Connection = database.sqlite_module().connect(str(path), timeout=10, isolation_level=None)
    return made


def _receipts(messages: list[tuple[str, str]]) -> list[tuple[str, bool, str]]:
    found = []
    for text, message_id in messages:
        repeat = REPEAT in text.lower()
        found += [(token, repeat, message_id) for token in sorted(set(TOKEN.findall(text)))]
    return found


def _labelled_repeats(found: list[tuple[str, bool, str]]) -> int:
    seen: set[str] = set()
    labelled = 0
    for token, repeat, _ in found:
        labelled += token in seen and repeat
        seen.add(token)
    return labelled


def _path(name: str, story: Story) -> str:
    return f"/{name}/{story.token}"


def article_page(story: Story, language: str = "en") -> str:
    """Return the page of an article."""
    body = "".join(f"<p>{escape(part)}</p>" for part in story.text.split("\n") if part.strip())
    title = escape(story.title)
    return (
        f'<html lang="{language}"><head><title>{title}</title></head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[World]:
    """A world whose servers run while the block does; processes left over are ended with it.

    Whatever the daemon went through, its database keeps its promises (`invariants`) to the end.
    """
    with contextlib.ExitStack() as stack:
        world = World(folder)
        stack.enter_context(web.in_background(world.site))
        stack.enter_context(inbox.in_background(world.inbox))
        stack.enter_context(webhook.in_background(world.webhook))
        stack.callback(world.close)
        yield world
        world.close()
        if world.checked:
            invariants.check_file(world.database)


def now() -> datetime:
    """Return the time, as feeds give it."""
    return datetime.now(UTC).replace(microsecond=0)
