"""The pages of feeds: how each fares, its polls and entries; pausing, resuming, removing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.store import feed_views, feeds
from monitor.store.feed_views import Narrowed
from monitor.store.store import Connection
from monitor.web import feed_parts, filters
from monitor.web.desk import Desk, local_path
from monitor.web.faults import Conflicting, NotThere, Unusable
from monitor.web.forms import Form
from monitor.web.pages import feeds_add

ORIGINS = ("config", "added")
MOST_CURSOR = 200
GONE = "There is no such feed."
Change = Callable[[Connection, str, datetime], bool]
"""`feeds.pause` or `feeds.resume`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the page as its address writes them; empty: none."""

    state: str = ""
    text: str = ""
    origin: str = ""

    @property
    def any(self) -> bool:
        """Return whether the list is narrowed at all."""
        return bool(self.state or self.text or self.origin)

    def pairs(self) -> dict[str, str]:
        """Return them for links that keep them."""
        return {"state": self.state, "text": self.text, "origin": self.origin}


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of feeds."""
    pages = _Feeds(desk)
    return [
        Route("/feeds", pages.show, methods=["GET"]),
        *feeds_add.routes(desk),
        Route("/feeds/{id}", pages.one, methods=["GET"]),
        desk.post("/feeds/{id}/pause", pages.pause),
        desk.post("/feeds/{id}/resume", pages.resume),
        desk.post("/feeds/{id}/remove", pages.remove),
    ]


class _Feeds:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        asked = request.query_params
        given = Filters(**filters.given(asked, ("state", "text", "origin")))
        after = asked.get("after", "")[:MOST_CURSOR].replace("\0", "")
        fault, page = "", feed_views.FeedPage((), None)
        try:
            wanted = narrowed(given.state, given.text, given.origin)
            page = await self._desk.read(lambda c: feed_views.list_page(c, wanted, after))
        except Unusable as said:
            fault = said.message
        counts = await self._desk.read(feed_views.count)
        return self._desk.render(
            request,
            "feeds.html",
            status=422 if fault else 200,
            fault=fault,
            filters=given,
            after=after,
            page=page,
            rows=[feed_parts.shown(row, self._desk.now()) for row in page.rows],
            counts=counts,
        )

    async def one(self, request: Request) -> Response:
        number = self._desk.number(request)
        found = await self._desk.read(lambda c: feed_views.get(c, number))
        if found is None:
            raise NotThere(GONE)
        shown = feed_parts.shown(found.row, self._desk.now())
        return self._desk.render(
            request,
            "feed.html",
            feed=found.row.health.feed,
            shown=shown,
            detail=found,
            longest=found.lulls[0][1] if found.lulls else None,
            poll_chart=feed_parts.poll_chart(shown.days),
            entry_chart=feed_parts.entry_chart(shown.days),
            rows=[(feed_parts.day_name(day.day), day.polls, day.failed, day.new) for day in shown.days],
            polls=[(datetime.fromtimestamp(poll.at, UTC), poll) for poll in reversed(shown.polls)],
            outcomes=feed_parts.OUTCOMES,
            states=feed_parts.ENTRY_STATES,
        )

    async def pause(self, request: Request, form: Form) -> Response:
        return await self._change(request, form, feeds.pause, "is paused.")

    async def resume(self, request: Request, form: Form) -> Response:
        return await self._change(request, form, feeds.resume, "is polled from now on.")

    async def remove(self, request: Request, form: Form) -> Response:
        name = await remove_feed(self._desk, self._desk.number(request))
        return self._desk.redirect(request, "/feeds", f"{name} is no longer polled.")

    async def _change(self, request: Request, form: Form, change: Change, done: str) -> Response:
        number = self._desk.number(request)
        name = await change_feed(self._desk, number, change)
        where = local_path(form.get("next"), f"/feeds/{number}")
        return self._desk.redirect(request, where, f"{name} {done}")


async def change_feed(desk: Desk, number: int, change: Change) -> str:
    """Pause or resume a feed; return its name. Raises: NotThere; Conflicting where it was removed."""
    (slug, name, _), now = await _named(desk, number), desk.now()
    if not await desk.write(lambda c: change(c, slug, now)):
        raise Conflicting("This feed was removed, so there is nothing to change.")
    return name


async def remove_feed(desk: Desk, number: int) -> str:
    """Stop polling a feed that was added by hand; return its name. Raises: NotThere; Conflicting for another."""
    (slug, name, origin), now = await _named(desk, number), desk.now()
    if origin != "added":
        raise Conflicting("This feed stands in config.toml or a list of it. Remove it there.")
    await desk.write(lambda c: feed_views.retire(c, slug, now))
    return name


async def _named(desk: Desk, number: int) -> tuple[str, str, str]:
    found = await desk.read(lambda c: feed_views.name_of(c, number))
    if found is None:
        raise NotThere(GONE)
    return found


def narrowed(state: str, text: str, origin: str) -> Narrowed:
    """Return which feeds are listed. Raises: Unusable."""
    return Narrowed(
        filters.chosen(state, feed_views.LISTABLE, "state") or "",
        filters.typed(text) or "",
        filters.chosen(origin, ORIGINS, "origin") or "",
    )
