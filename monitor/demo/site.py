"""The newsrooms' site: feeds in RSS and Atom, and a page for each article."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from monitor.demo.stories import NEWSROOMS, Newsroom, Story

_RTL = ("ar", "he")


@dataclass(frozen=True, slots=True)
class Published:
    """A story with its hour."""

    story: Story
    at: datetime


class Site:
    """What is published so far; feeds list the newest first."""

    def __init__(self, port: int = 0) -> None:
        self._published: list[Published] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.port = int(self._server.server_address[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def publish(self, *stories: Story) -> None:
        """Put stories on the site and into their newsrooms' feeds."""
        now = datetime.now(UTC)
        with self._lock:
            for place, story in enumerate(stories):
                self._published.insert(0, Published(story, now - timedelta(minutes=place)))

    def url_of(self, story: Story) -> str:
        """Return the address of a story's page."""
        return self.address + story.path

    def page(self, path: str) -> tuple[str, bytes] | None:
        """Return (content type, body) of an address, None if there is nothing."""
        with self._lock:
            published = tuple(self._published)
        for newsroom in NEWSROOMS:
            own = [item for item in published if item.story.newsroom == newsroom.key]
            if path == f"/{newsroom.key}/feed.xml":
                render = _rss if newsroom.kind == "rss" else _atom
                kind = "application/rss+xml" if newsroom.kind == "rss" else "application/atom+xml"
                return f"{kind}; charset=utf-8", render(newsroom, own, self.address).encode()
            for item in own:
                if path == item.story.path:
                    return "text/html; charset=utf-8", _page(newsroom, item).encode()
        return None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answer requests while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo-site", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = site.page(urlsplit(self.path).path)
            if found is None:
                self.send_error(404)
                return
            kind, body = found
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            unchanged = self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", etag)
            if not unchanged:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not unchanged:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal belongs to the alerts."""

    return Handler


# -- feeds and pages -----------------------------------------------------------------------------


def _rss(newsroom: Newsroom, items: list[Published], address: str) -> str:
    entries = "".join(
        f"<item><title>{escape(i.story.title)}</title><link>{address}{i.story.path}</link>"
        f"<guid>{address}{i.story.path}</guid><pubDate>{format_datetime(i.at)}</pubDate>"
        f"<description>{escape(_teaser(i.story))}</description></item>"
        for i in items
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{escape(newsroom.name)}</title>'
        f"<link>{address}/{newsroom.key}/</link><description>{escape(newsroom.name)}</description>"
        f"<language>{newsroom.lang}</language>{entries}</channel></rss>"
    )


def _atom(newsroom: Newsroom, items: list[Published], address: str) -> str:
    entries = "".join(
        f"<entry><id>{address}{i.story.path}</id><title>{escape(i.story.title)}</title>"
        f'<link href="{address}{i.story.path}"/><updated>{i.at.isoformat()}</updated>'
        f"<published>{i.at.isoformat()}</published><summary>{escape(_teaser(i.story))}</summary></entry>"
        for i in items
    )
    newest = max((i.at for i in items), default=datetime(2026, 1, 1, tzinfo=UTC))
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{newsroom.lang}">'
        f"<id>{address}/{newsroom.key}/</id><title>{escape(newsroom.name)}</title>"
        f"<updated>{newest.isoformat()}</updated>{entries}</feed>"
    )


def _teaser(story: Story) -> str:
    return story.paragraphs[0][:160].rsplit(" ", 1)[0] + " …"


def _page(newsroom: Newsroom, item: Published) -> str:
    direction = "rtl" if newsroom.lang in _RTL else "ltr"
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in item.story.paragraphs)
    title = escape(item.story.title)
    return (
        f'<!DOCTYPE html><html lang="{newsroom.lang}" dir="{direction}"><head><meta charset="utf-8">'
        f"<title>{title} | {escape(newsroom.name)}</title>"
        f'<meta property="article:published_time" content="{item.at.isoformat()}"></head><body>'
        f'<nav><a href="/">{escape(newsroom.name)}</a> <a href="/{newsroom.key}/feed.xml">RSS</a></nav>'
        f"<main><article><h1>{title}</h1>{paragraphs}</article></main>"
        f"<footer>{escape(newsroom.name)}</footer></body></html>"
    )
