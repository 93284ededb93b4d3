"""The world of `bench.hostile` on loopback: `python -m bench.hostile_world --port N`; ends on SIGTERM.

GET  127.0.2.x  /f/NAME  a hostile file as a feed      /p/NAME  as a page    /c/N  a carrier: a feed of pages
GET  127.0.2.x  /gf/NAME /gp/NAME /gc/N                  the same with nothing hostile in them
GET  127.0.1.x  /h/N     a healthy feed                  /a/N-K   its articles
POST 127.0.1.1  /hook    a webhook                       GET /figures  how late each item was told, seconds
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.faults import hostile

HEALTHY, HOSTS, PER_CARRIER = 20, 64, 10
EVERY = 10.0
"""Seconds between two items of a healthy feed, and between its polls."""


class World:
    """Answers requests; knows when what was published, asked for, and told."""

    def __init__(self, port: int, folder: Path) -> None:
        self.kinds = {}
        for file in hostile.corpus():  # made once: making some takes seconds, in which nobody would be answered
            (folder / file.name).write_bytes(file.body())
            self.kinds[file.name] = (file.content_type, dict(file.headers))
        self.names, self.folder = list(self.kinds), folder
        self.port, self.began = port, time.time()
        self.asked: Counter[str] = Counter()
        self.late: dict[str, float] = {}

    def answer(self, path: str, body: bytes) -> tuple[bytes, str, dict[str, str]]:
        """Return body, content type and further headers."""
        _, kind, name = path.split("/", 2) if path.count("/") > 1 else (*path.split("/"), "")
        match kind:
            case "f" | "p":
                self.asked[kind] += 1
                return (self.folder / name).read_bytes(), *self.kinds[name]
            case "c" | "gc":
                return self._carrier(int(name), "p" if kind == "c" else "gp"), "application/rss+xml", {}
            case "gf":
                return _rss([(f"A quiet day {name}", f"http://{self._host(0)}/gp/feed-{name}", "")]), "text/xml", {}
            case "gp":
                return _article(name, "election"), "text/html; charset=utf-8", {}
            case "h":
                return self._healthy(int(name)), "application/rss+xml", {}
            case "a":
                return _article(name), "text/html; charset=utf-8", {}
            case "hook":
                self._told(body.decode("utf-8", "replace"))
                return b"ok", "text/plain", {}
            case "figures":
                figures = {"late": self.late, "asked": self.asked, "due": self._published() * HEALTHY}
                return json.dumps(figures).encode(), "application/json", {}
        return b"", "text/plain", {}

    def _published(self) -> int:
        return 1 + int((time.time() - self.began) / EVERY)

    def _host(self, number: int) -> str:
        return f"127.0.2.{number % HOSTS + 1}:{self.port}"

    def _carrier(self, number: int, kind: str) -> bytes:
        names = self.names[number * PER_CARRIER : (number + 1) * PER_CARRIER]
        host = self._host(number)
        return _rss((f"Page {name}", f"http://{host}/{kind}/{name}", "Some words of the feed.") for name in names)

    def _healthy(self, number: int) -> bytes:
        host = f"127.0.1.{number + 1}:{self.port}"
        newest = self._published()
        items = range(newest - 1, max(newest - 20, -1), -1)
        return _rss(
            (f"Resettlement hearing tok-{number}-{item}", f"http://{host}/a/{number}-{item}", "A hearing.")
            for item in items
        )

    def _told(self, text: str) -> None:
        now = time.time()
        for number, item in re.findall(r"tok-(\d+)-(\d+)", text):
            self.late.setdefault(f"{number}-{item}", now - self.began - int(item) * EVERY)


def _rss(rows: Iterable[tuple[str, str, str]]) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><description>{text}</description></item>"
        for title, link, text in rows
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def _article(name: str, about: str = "resettlement") -> bytes:
    lines = "".join(
        f"<p>The witness, whose house {line} stands on the road to {name}, told the committee that nobody had asked her"
        f" before the {line + 3} families were moved, and that she means to go back when the road is open again.</p>"
        for line in range(12)
    )
    title = f"{about.capitalize()} hearing tok-{name}"
    body = f"<h1>{title}</h1><p>The {about} committee heard {name}.</p>{lines}"
    head = f"<head><title>{title}</title></head>"
    return f"<html>{head}<body><article>{body}</article></body></html>".encode()


async def _serve_one(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
            length = re.search(r"(?i)content-length: *(\d+)", head)
            sent = await reader.readexactly(int(length[1])) if length else b""
            body, kind, more = world.answer(head.split(" ", 2)[1], sent)
            lines = "".join(f"{name}: {value}\r\n" for name, value in {"Content-Type": kind, **more}.items())
            writer.write(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
    except (OSError, EOFError, asyncio.LimitOverrunError):
        writer.close()


async def _serve(port: int, folder: Path) -> None:
    world, stop = World(port, folder), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    hosts = [*(f"127.0.1.{n + 1}" for n in range(HEALTHY)), *(f"127.0.2.{n + 1}" for n in range(HOSTS))]
    servers = [await asyncio.start_server(lambda r, w: _serve_one(world, r, w), host, port) for host in hosts]
    print("ready", flush=True)
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    with tempfile.TemporaryDirectory(prefix="wirewatch-hostile-files-") as name:
        asyncio.run(_serve(parser.parse_args().port, Path(name)))
