"""Adding feeds: an address looked at first, a list imported, the list of all exported."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.feeds import opml
from monitor.jobs import feed_add, feed_look
from monitor.jobs.feed_look import Seen
from monitor.web import feed_intake
from monitor.web.desk import Desk
from monitor.web.faults import TooLarge, Unusable
from monitor.web.forms import Form
from monitor.web.templating import count

MOST_UPLOAD = opml.MAX_BYTES + 64 * 1024
SHOWN = 10
"""Entries of a preview."""


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of adding."""
    pages = _Adding(desk)
    return [
        Route("/feeds/new", pages.ask, methods=["GET"]),
        desk.post("/feeds/check", pages.check),
        desk.post("/feeds/add", pages.add),
        desk.post("/feeds/import", pages.import_list, most=MOST_UPLOAD),
        Route("/feeds/export", pages.export, methods=["GET"]),
    ]


class _Adding:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request) -> Response:
        return self._page(request)

    async def check(self, request: Request, form: Form) -> Response:
        """Show what stands at an address; nothing is added."""
        url = form.get("url")
        try:
            address = feed_intake.checked_url(url)
            async with self._desk.heavy():
                seen = await feed_intake.look(self._desk, address)
        except Unusable as fault:
            return self._page(request, 422, url=url, fault=fault.message, field=fault.field)
        return self._page(request, **_preview(seen, address))

    async def add(self, request: Request, form: Form) -> Response:
        url = form.get("url")
        try:
            wanted = feed_intake.wanted(
                url,
                name=form.get("name"),
                newsroom=form.get("newsroom"),
                lang=form.get("lang"),
                country=form.get("country"),
                side=form.get("side"),
                tags=tuple(form.get("tags").replace(",", " ").split()),
                every=form.get("every"),
                candidate=bool(form.get("candidate")),
                trusted=bool(form.get("trusted")),
            )
        except Unusable as fault:
            typed = {name: form.get(name) for name in _FIELDS}
            return self._page(request, 422, url=url, typed=typed, fault=fault.message, field=fault.field)
        added, _ = await feed_intake.add(self._desk, (wanted,))
        name = wanted.name or wanted.url
        said = f"{name} is polled from now on." if added else f"{name} is polled already."
        return self._desk.redirect(request, "/feeds", said)

    async def import_list(self, request: Request, form: Form) -> Response:
        file = form.files.get("file")
        data = await file.read() if file is not None else b""
        try:
            if not data:
                raise Unusable("Choose a file first.", "file")
            async with self._desk.heavy():
                done = await feed_intake.import_list(self._desk, data)
        except (Unusable, TooLarge) as fault:
            return self._page(request, fault.status, list_fault=fault.message)
        if done.problems:
            return self._page(request, imported=done)
        said = f"{count(done.added, 'feed')} added, {done.known:,} known already."
        return self._desk.redirect(request, "/feeds", said)

    async def export(self, request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="wirewatch-feeds.opml"'}
        async with self._desk.heavy():
            data = await feed_intake.export_list(self._desk)
        return Response(data, headers=headers, media_type=feed_intake.OPML_TYPE)

    def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        known: dict[str, Any] = {"url": "", "typed": {}, "fault": "", "field": "", "list_fault": "", "imported": None}
        known |= {"feed": None, "other": None, "listed": 0, "entries_shown": SHOWN}
        return self._desk.render(request, "feed_new.html", status=status, **known | values)


_FIELDS = ("name", "newsroom", "lang", "country", "side", "tags", "every", "candidate", "trusted")


def _preview(seen: Seen, address: str) -> dict[str, Any]:
    """Return what the page shows of an address: the feed there or the only one behind it, else all that was found."""
    choice = feed_add.choose(seen, opml.OpmlFeed(address, ""))
    found: dict[str, Any] = {"url": address, "other": None if seen.look.parsed else feed_look.other_shown(seen)}
    found["listed"] = len(seen.look.listed)
    if choice.feed is None:
        return found
    parsed = seen.look.parsed or next(tried.parsed for tried in seen.tried if tried.parsed is not None)
    found["feed"] = feed_look.feed_shown(parsed, choice.feed.url)
    found["url"] = choice.feed.url
    found["typed"] = {
        "name": choice.feed.name,
        "newsroom": "",
        "lang": (choice.feed.lang or "")[:2].lower(),
        "country": "",
        "side": "",
        "tags": "",
        "every": "",
        "candidate": "",
        "trusted": "on",
    }
    return found
