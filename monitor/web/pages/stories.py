"""The pages of stories: which articles tell of one event, who carried it when, and what was told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.delivery import wording
from monitor.store.story_pages import Narrowed, Place, StoryPage
from monitor.web import charts, filters, reasons, story_parts
from monitor.web.charts import Dot
from monitor.web.desk import Desk
from monitor.web.faults import NotThere, Unusable
from monitor.web.story_parts import FullStory, ListedStory, Told

PAGE = 30
SHOWN = ("told", "several", "all")
ROWS = 14
"""Newsrooms that the timeline has a row for; the others share one."""
TICKS = 6
_NAMES = ("show", "pack", "lang", "newsroom", "since")


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of stories."""

    async def list_all(request: Request) -> Response:
        given = filters.given(request.query_params, _NAMES)
        before = request.query_params.get("before", "")
        fault, page = "", StoryPage((), None)
        found: tuple[ListedStory, ...] = ()
        try:
            wanted = narrowed(given, desk.zone, desk.now())
            place = Place.from_text(before)
            page, found = await desk.read(lambda c: story_parts.list_page(c, wanted, PAGE, place))
        except Unusable as said:
            fault = said.message
        return desk.render(
            request,
            "stories.html",
            status=422 if fault else 200,
            filters=given,
            page=page,
            found=found,
            fault=fault,
            before=before,
            packs=desk.packs,
        )

    async def show(request: Request) -> Response:
        number = desk.number(request)
        async with desk.heavy():
            full = await desk.read(lambda c: story_parts.load(c, number))
        if full is None:
            raise NotThere("There is no such story in the archive.")
        return desk.render(
            request,
            "story.html",
            full=full,
            row=full.row,
            timeline=timeline(full, desk.zone),
            placed=story_parts.placed,
            reasons_of=story_parts.reasons_of,
            why=story_parts.WHY,
            sentence=reasons.sentence,
            outcomes=reasons.OUTCOMES,
            kinds=reasons.KINDS,
        )

    return [
        Route("/stories", list_all, methods=["GET"]),
        Route("/stories/{id:int}", show, methods=["GET"]),
    ]


def narrowed(given: dict[str, str], zone: str, now: datetime) -> Narrowed:
    """Return what the list is narrowed to: without a word, to stories that somebody was told. Raises: Unusable."""
    show = filters.chosen(given["show"], SHOWN, "show") or "told"
    return Narrowed(
        pack=filters.typed(given["pack"]),
        told=True if show == "told" else None,
        articles=2 if show == "several" else 1,
        lang=filters.typed(given["lang"].lower()),
        newsroom=filters.typed(given["newsroom"]),
        since=filters.moment(given["since"], zone, now, "since"),
    )


# -- the timeline ------------------------------------------------------------------------------------


def timeline(full: FullStory, zone: str) -> Markup:
    """Return the articles of a story over time, a row for each newsroom, in the order in which they came."""
    names = list(dict.fromkeys(wording.clean(told.report.newsroom) for told in full.reports))
    rows = names if len(names) <= ROWS else [*names[: ROWS - 1], f"{len(names) - ROWS + 1} others"]
    place = {name: min(at, len(rows) - 1) for at, name in enumerate(names)}
    dots = [_dot(told, place[wording.clean(told.report.newsroom)], zone) for told in full.reports]
    return charts.timeline(f"Articles of s{full.row.id} over time", rows, dots, _ticks(dots, zone))


def _dot(told: Told, row: int, zone: str) -> Dot:
    report = told.report
    at = report.at.astimezone(ZoneInfo(zone)).strftime("%-d %b, %H:%M")
    what = "told" if told.is_told else "repeats another" if report.duplicate_of else "its own words"
    kind = "bad" if told.is_told else "c" if report.duplicate_of else "a"
    words = f"{at}, {wording.clean(report.newsroom)}: {wording.clean(report.title)} ({what})"
    return Dot(report.at.timestamp(), row, words, kind, f"/stories/{report.story_id}#art-{report.id}")


def _ticks(dots: list[Dot], zone: str) -> list[tuple[float, str]]:
    """Return a few round times between the first and the last."""
    begin, end = min(dot.at for dot in dots), max(dot.at for dot in dots)
    steps = (600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400)
    step = next((step for step in steps if (end - begin) / step <= TICKS), 30 * 86400)
    first = datetime.fromtimestamp(begin, ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    found, at = [], first
    while at.timestamp() <= end:
        if at.timestamp() >= begin:
            found.append((at.timestamp(), at.strftime("%-d %b" if step >= 86400 else "%H:%M")))
        at += timedelta(seconds=step)
    return found
