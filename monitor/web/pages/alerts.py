"""The page of all alerts: what came, newest first, with its evidence; new ones come in by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.model import SEVERITIES
from monitor.store.alert_views import RATED, AlertPage, Narrowed
from monitor.web import alert_parts, filters
from monitor.web.desk import MOST_ID, Desk, is_htmx
from monitor.web.faults import Unusable
from monitor.web.pages.alert import own_rating

PAGE = 30
OUTCOMES = ("alert", "update")
NOTHING = AlertPage((), None)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the page as its address writes them; empty: none."""

    pack: str = ""
    severity: str = ""
    decision: str = ""
    rated: str = ""
    lang: str = ""
    newsroom: str = ""
    since: str = ""
    until: str = ""
    text: str = ""

    @property
    def any(self) -> bool:
        """Return whether the list is narrowed at all."""
        return any(getattr(self, one.name) for one in fields(self))

    def pairs(self) -> dict[str, str]:
        """Return them for links that keep them."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def read_filters(values: Mapping[str, str]) -> Filters:
    """Return the filters of an address."""
    return Filters(**filters.given(values, (one.name for one in fields(Filters))))


def narrowed(given: Filters, zone: str, now: datetime) -> Narrowed:
    """Return what the list is narrowed to. Raises: Unusable."""
    return Narrowed(
        pack=filters.typed(given.pack),
        severity=filters.chosen(given.severity, SEVERITIES, "severity"),
        lang=filters.typed(given.lang.lower()),
        newsroom=filters.typed(given.newsroom),
        outcome=filters.chosen(given.decision, OUTCOMES, "decision"),
        rated=filters.chosen(given.rated, RATED, "rated"),
        since=filters.moment(given.since, zone, now, "since"),
        until=filters.moment(given.until, zone, now, "until", ends=True),
        words=filters.words(given.text, "text"),
    )


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the route of the list."""

    async def show(request: Request) -> Response:
        given = read_filters(request.query_params)
        before = cursor(request, "before")
        after = cursor(request, "after") or 0
        fault, page = "", NOTHING
        found: tuple[alert_parts.Listed, ...] = ()
        try:
            wanted = narrowed(given, desk.zone, desk.now())
            page, found = await desk.read(lambda c: alert_parts.list_page(c, wanted, PAGE, before, after))
        except Unusable as said:
            fault = said.message
        visitor = desk.visitor(request)
        values: dict[str, Any] = {
            "filters": given,
            "page": page,
            "found": found,
            "newest": _newest(found, after),
            "own_rating": lambda ratings: own_rating(ratings, visitor),
        }
        if after and is_htmx(request):
            if not found:
                return Response(status_code=204)
            return desk.render(request, "_alerts_new.html", **values)
        more: dict[str, Any] = {"packs": desk.packs, "severities": SEVERITIES, "before": before, "fault": fault}
        return desk.render(request, "alerts.html", status=422 if fault else 200, **values, **more)

    return [Route("/alerts", show, methods=["GET"])]


def cursor(request: Request, name: str) -> int | None:
    """Return a number of the address; None for what is none."""
    found = filters.number(request.query_params.get(name, ""))
    return None if found is None else min(found, MOST_ID)


def _newest(found: tuple[alert_parts.Listed, ...], after: int) -> int:
    return max((one.row.id for one in found), default=after)
