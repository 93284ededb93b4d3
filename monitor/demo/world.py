"""The demo's world in one piece: site, inbox, webhook, and the real daemon as a child process."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.demo import receivers, stories
from monitor.demo.site import Site

GRACE = 10.0
"""Seconds the daemon gets to end before it is killed."""


@dataclass(frozen=True, slots=True)
class World:
    """What runs, and where what arrives is found."""

    site: Site
    arrivals: receivers.Arrivals
    daemon: subprocess.Popen[bytes]
    config: Path
    log: Path
    dashboard: str

    @property
    def database(self) -> str:
        """Return the URL of the daemon's database."""
        return f"sqlite:///{self.config.parent / 'wirewatch.db'}"

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that the daemon logged."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def rules_folder() -> Path:
    """Return the shipped rules: in a checkout the link leads to `rules/`, in a wheel it has become a copy."""
    return Path(__file__).with_name("rules").resolve()


@contextlib.contextmanager
def running() -> Iterator[World]:
    """Start everything in a temporary folder; stop and remove it all at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-demo-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        arrivals: receivers.Arrivals = queue.Queue()
        authority = receivers.Authority(folder)
        site, inbox, hook = Site(), receivers.Inbox(arrivals), receivers.Webhook(arrivals, authority)
        site.publish(*stories.first_round())
        for part in (site, inbox, hook):
            stack.enter_context(part.running())
        port = receivers.free_port()
        config = folder / "config.toml"
        config.write_text(_config(site, inbox.channel_url, hook.channel_url, port), "utf-8")
        log = folder / "daemon.log"
        daemon = stack.enter_context(_daemon(config, log, authority.file))
        yield World(site, arrivals, daemon, config, log, f"http://127.0.0.1:{port}/")


@contextlib.contextmanager
def _daemon(config: Path, log: Path, trusted: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m monitor run` in a session of its own, so that Ctrl-C reaches it through us alone, and once."""
    command = [sys.executable, "-m", "monitor", "run", "--config", str(config)]
    environment = {**os.environ, "SSL_CERT_FILE": str(trusted)}
    with contextlib.ExitStack() as stack:
        with log.open("wb") as output, _undisturbed():
            child = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            stack.callback(_stop, child)
        yield child


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block ends: one inside Popen would leave a child that nobody knows."""
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _config(site: Site, mail: str, chat: str, port: int) -> str:
    """Return config.toml: the feeds' items all count as new, and may lie on this one loopback port."""
    head = f"""
[monitor]
database = "sqlite:///wirewatch.db"
rules = {json.dumps(str(rules_folder()), ensure_ascii=False)}
default_route = ["demo-chat", "demo-mail"]
ops_channel = "demo-mail"

[polling]
every = "5s"
min_every = "2s"
backfill = 100
allow_private = ["127.0.0.1:{site.port}"]

[channels.demo-chat]
url = "{chat}"

[channels.demo-mail]
url = "{mail}"

[web]
listen = "127.0.0.1:{port}"
"""
    return head + "".join(
        f'\n[[feeds]]\nurl = "{site.address}/{newsroom.key}/feed.xml"\nid = "{newsroom.key}"\n'
        f'name = "{newsroom.name}"\nlang = "{newsroom.lang}"\n'
        for newsroom in stories.NEWSROOMS
    )
