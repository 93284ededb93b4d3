"""The world on loopback: `python -m bench.server -h`. Prints one line of JSON once it answers, ends on SIGTERM.

GET  /feed/F.xml       with ETag and Last-Modified; 304 to If-None-Match or If-Modified-Since
GET  /a/F-N.html       an article's page
GET  /feeds.json       addresses of all feeds
GET  /rules.json       one rule per topic: {id, all, any, none}
GET  /truth.json       [article, topic] pairs whose rule must match
POST /hook/NAME        a webhook that accepts everything
GET  /counters         requests by kind since the start
GET  /messages         what arrived: [channel, seconds since the epoch, articles named in it]
POST /publish?feed=F   one more entry in that feed
GET  /polls            [feed, seconds since the epoch] of each request for a feed since this was last asked
SMTP on --smtp-port    a mail server that accepts everything
"""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import functools
import json
import re
import signal
import time
from collections import Counter
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.smtp import SMTP

from bench.newsworld import Size, World
from bench.pages import EPOCH, GAP, Pages

Answer = tuple[str, str, bytes, str]
"""(status, content type, body, further header lines)"""


class Sinks:
    """Remembers every message that arrives."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, float, list[str]]] = []

    def record(self, channel: str, raw: str) -> None:
        """Note a message and the articles whose addresses it holds."""
        named = sorted(set(re.findall(r"/a/(\d+-\d+)\.html", raw.replace("\\/", "/"))))
        self.messages.append((channel, time.time(), named))

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Take a mail in."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        self.record("smtp", "\n".join(parts))
        return "250 OK"


class Site:
    """Answers requests from a world."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.sinks = pages, Sinks()
        self.counters: Counter[str] = Counter()
        self.polls: list[tuple[int, float]] = []
        self._feed = functools.lru_cache(maxsize=4096)(lambda feed, _newest: pages.feed(feed))

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer to a request; 404 for what there is not."""
        path, _, query = target.partition("?")
        kind, _, name = path.strip("/").partition("/")
        self.counters[kind] += 1
        world = self.pages.world
        match method, kind:
            case "GET", "feed":
                self.polls.append((int(name.removesuffix(".xml")), time.time()))
                return self._answer_feed(self.polls[-1][0], headers)
            case "GET", "a":
                feed, number = map(int, name.removesuffix(".html").split("-"))
                if number < world.published[feed]:
                    return "200 OK", "text/html; charset=utf-8", self.pages.page(feed, number), ""
            case "POST", "hook":
                self.sinks.record(name, body.decode("utf-8", "replace"))
                return "200 OK", "text/plain", b"ok", ""
            case "POST", "publish":
                world.published[int(parse_qs(query)["feed"][0])] += 1
                return as_json("published")
            case "GET", "feeds.json":
                return as_json([self.pages.feed_url(feed) for feed in range(world.size.feeds)])
            case "GET", "rules.json":
                return as_json([_rule(topic) for topic in world.topics])
            case "GET", "truth.json":
                return as_json(sorted(world.pairs()))
            case "GET", "counters":
                return as_json(self.counters)
            case "GET", "messages":
                return as_json(self.sinks.messages)
            case "GET", "polls":
                told, self.polls = self.polls, []
                return as_json(told)
        return "404 Not Found", "text/plain", b"not here", ""

    def _answer_feed(self, feed: int, headers: dict[str, str]) -> Answer:
        newest = self.pages.world.published[feed]
        changed, etag = EPOCH + 86_400 + newest * GAP, f'"{feed}-{newest}"'
        validators = f"ETag: {etag}\r\nLast-Modified: {formatdate(changed, usegmt=True)}\r\n"
        if _is_fresh(headers, etag, changed):
            self.counters["unchanged"] += 1
            return "304 Not Modified", "", b"", validators
        return "200 OK", "application/xml; charset=utf-8", self._feed(feed, newest), validators


def _is_fresh(headers: dict[str, str], etag: str, changed: int) -> bool:
    if "if-none-match" in headers:
        return etag in headers["if-none-match"]
    since = headers.get("if-modified-since")
    return since is not None and parsedate_to_datetime(since).timestamp() >= changed


def _rule(topic: Any) -> dict[str, Any]:
    return {"id": topic.id, "all": [topic.entity], "any": topic.phrases, "none": [topic.excluded]}


def as_json(value: object) -> Answer:
    """Return an answer that holds `value`."""
    return "200 OK", "application/json", json.dumps(value).encode(), ""


class Http(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and bodies of a stated length, small so that it takes little of the machine."""

    def __init__(self, site: Any, latency: float) -> None:
        self._site, self._waiting, self._latency = site, b"", latency
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, rest = self._waiting.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self._waiting = rest[length:]
            method, target, _ = first.split(" ")
            answer = self._site.answer(method, target, headers, rest[:length])
            if self._latency and not target.endswith("polls"):
                asyncio.get_running_loop().call_later(self._latency, self._send, headers, answer)
            else:
                self._send(headers, answer)

    def _send(self, headers: dict[str, str], answer: Answer) -> None:
        status, kind, body, more = answer
        length = "" if status.startswith("304") else f"Content-Length: {len(body)}\r\n"
        self._transport.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{length}{more}\r\n".encode() + body)
        if headers.get("connection", "").lower() == "close":
            self._transport.close()


async def serve(pages: Pages, smtp_port: int, latency: float = 0.0) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    loop, site, stop = asyncio.get_running_loop(), Site(pages), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for host in range(1, pages.hosts + 1):
        await loop.create_server(lambda: Http(site, latency), f"127.0.0.{host}", pages.port, backlog=1024)
    if smtp_port:
        await loop.create_server(lambda: SMTP(site.sinks, loop=loop), "127.0.0.1", smtp_port)
    print(json.dumps({"ready": True}), flush=True)
    await stop.wait()


def main() -> None:
    """Serve a world as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, default=0, help="0: no mail server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--entries", type=int, default=20, help="entries that a feed shows")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--hosts", type=int, default=50, help="loopback addresses that the feeds are spread over")
    args = parser.parse_args()
    world = World(Size(feeds=args.feeds, entries=args.entries), args.seed)
    asyncio.run(serve(Pages(world, args.port, args.hosts), args.smtp_port, args.latency))


if __name__ == "__main__":
    main()
