"""One day of real feeds on loopback, told in time order: `python -m bench.day_server -h`.

Each feed shows its newest items so far, with title, description and a date moved to today. The archive has no pages:
a page carries the item's title and description, then invented prose of a usual length, in the markup of the world.

GET  /feed/F.xml         RSS 2.0 with ETag; 304 where nothing came
GET  /a/F-N.html         an item's page
GET  /feeds.json         [address, name, language] of each feed
POST /publish?count=N    tell N further items, in the order of their dates
GET  /left               how many items are not told yet
POST /hook/NAME          accepts everything
GET  /messages, /counters   as the world's server says them
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import html
import json
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.newsworld import Article, Size, Story, World
from bench.pages import Pages
from bench.server import Answer, Http, Sinks, as_json

SHOWN = 40
"""Items that a feed shows."""
PROSE = 14
"""Invented paragraphs behind an item's description: a page's text has about 4,000 characters."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the archive; `number` counts the items of its feed."""

    feed: int
    number: int
    moment: float
    title: str
    description: str


class Day:
    """Answers requests from one day of the archive."""

    def __init__(self, path: Path, port: int) -> None:
        rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        self.names = sorted({row["feed"] for row in rows})
        self.langs = {row["feed"]: (row["language"] or "en")[:2] for row in rows}
        moments = [datetime.fromisoformat(row["date_published"]).timestamp() for row in rows]
        shift = time.time() - max(moments)
        counts: Counter[int] = Counter()
        self.waiting: list[Item] = []
        for moment, row in sorted(zip(moments, rows, strict=True), key=lambda pair: (pair[0], pair[1]["link"])):
            feed = self.names.index(row["feed"])
            said = row["description"] or ""
            self.waiting.append(Item(feed, counts[feed], moment + shift, row["title"] or "", said))
            counts[feed] += 1
        self.waiting.reverse()
        self.told: list[list[Item]] = [[] for _ in self.names]
        self.counters: Counter[str] = Counter()
        self.sinks = Sinks()
        self._world = World(Size(feeds=len(self.names), topics=1))
        self._pages = Pages(self._world, port, len(self.names))

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer to a request; 404 for what there is not."""
        path, _, query = target.partition("?")
        kind, _, name = path.strip("/").partition("/")
        self.counters[kind] += 1
        match method, kind:
            case "GET", "feed":
                return self._feed(int(name.removesuffix(".xml")), headers)
            case "GET", "a":
                feed, number = map(int, name.removesuffix(".html").split("-"))
                return "200 OK", "text/html; charset=utf-8", self._page(self.told[feed][number]), ""
            case "POST", "publish":
                for _ in range(min(int(parse_qs(query)["count"][0]), len(self.waiting))):
                    item = self.waiting.pop()
                    self.told[item.feed].append(item)
                return as_json(len(self.waiting))
            case "POST", "hook":
                self.sinks.record(name, body.decode("utf-8", "replace"))
                return "200 OK", "text/plain", b"ok", ""
            case "GET", "feeds.json":
                found = enumerate(self.names)
                return as_json(
                    [[self._pages.feed_url(n), urlsplit(name).netloc, self.langs[name]] for n, name in found]
                )
            case "GET", "left":
                return as_json(len(self.waiting))
            case "GET", "messages":
                return as_json(self.sinks.messages)
            case "GET", "counters":
                return as_json(self.counters)
        return "404 Not Found", "text/plain", b"not here", ""

    def _feed(self, feed: int, headers: dict[str, str]) -> Answer:
        items = self.told[feed]
        etag = f'"{feed}-{len(items)}"'
        if headers.get("if-none-match") == etag:
            self.counters["unchanged"] += 1
            return "304 Not Modified", "", b"", f"ETag: {etag}\r\n"
        rows = "".join(
            f"<item><title>{html.escape(one.title)}</title><link>{self._url(one)}</link>"
            f"<guid isPermaLink='false'>{feed}-{one.number}</guid>"
            f"<pubDate>{formatdate(one.moment, usegmt=True)}</pubDate>"
            f"<description>{html.escape(one.description)}</description></item>\n"
            for one in items[: -SHOWN - 1 : -1]
        )
        name = html.escape(urlsplit(self.names[feed]).netloc)
        head = f"<?xml version='1.0' encoding='UTF-8'?>\n<rss version='2.0'><channel><title>{name}</title>"
        body = f"{head}<link>{self._pages.base(feed)}/</link><description>A day</description>\n{rows}</channel></rss>"
        return "200 OK", "application/rss+xml; charset=utf-8", body.encode(), f"ETag: {etag}\r\n"

    def _url(self, item: Item) -> str:
        return f"{self._pages.base(item.feed)}/a/{item.feed}-{item.number}.html"

    def _page(self, item: Item) -> bytes:
        rng = random.Random(f"{item.feed}/{item.number}")
        prose = [tuple(rng.choices(self._world.sentences["en"], k=3)) for _ in range(PROSE)]
        story = Story("en", item.title, ((item.description,), *prose), None, None)
        return self._pages.render(Article(item.feed, item.number, story, edited=False))


async def serve(day: Any, port: int) -> None:
    """Serve until SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for host in range(1, len(day.names) + 1):
        await loop.create_server(lambda: Http(day, 0.0), f"127.0.0.{host}", port, backlog=1024)
    print(json.dumps({"ready": True}), flush=True)
    await stop.wait()


def main() -> None:
    """Serve a day as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True, help="a day's .jsonl.gz")
    args = parser.parse_args()
    asyncio.run(serve(Day(args.file, args.port), args.port))


if __name__ == "__main__":
    main()
