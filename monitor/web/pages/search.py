"""The page of search: the archive in the language of rules."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.jobs import archive
from monitor.web import filters, search_parts
from monitor.web.desk import MOST_ID, Desk
from monitor.web.faults import Unusable
from monitor.web.search_parts import Question, WrongQuery

_NAMES = ("since", "until", "lang", "newsroom", "pack")


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of search."""

    async def show(request: Request) -> Response:
        given = filters.given(request.query_params, _NAMES)
        written = request.query_params.get("q", "").strip()
        before = request.query_params.get("before", "")
        wrong: WrongQuery | None = None
        fault, found = "", None
        try:
            if written:
                question = _question(desk, written, given, before)
                async with desk.heavy():
                    found = await search_parts.search(desk, question)
        except WrongQuery as said:
            wrong = said
        except Unusable as said:
            fault = said.message
        return desk.render(
            request,
            "search.html",
            status=422 if fault or wrong else 200,
            q=written,
            filters=given,
            before=before,
            found=found,
            hits=[search_parts.shown(hit) for hit in found.hits] if found else [],
            notes=archive.notes_of(found, desk.zone) if found else [],
            fault=fault,
            wrong=pointed(written, wrong) if wrong else [],
            packs=desk.packs,
        )

    return [Route("/search", show, methods=["GET"])]


def _question(desk: Desk, written: str, given: dict[str, str], before: str) -> Question:
    """Return what is asked. Raises: Unusable."""
    below = filters.number(before)
    if before and (below is None or below > MOST_ID):
        raise Unusable(f"`{before[:40]}` is no place in the archive to go on from.", "before")
    now = desk.now()
    return Question(
        written,
        since=filters.moment(given["since"], desk.zone, now, "since"),
        until=filters.moment(given["until"], desk.zone, now, "until", ends=True),
        newsroom=filters.typed(given["newsroom"]),
        lang=filters.typed(given["lang"].lower()),
        pack=filters.typed(given["pack"]),
        below=below,
    )


def pointed(written: str, wrong: WrongQuery) -> list[tuple[str, str, str]]:
    """Return of each fault (sentence, line of the query up to the place, from the place on)."""
    lines = written.splitlines() or [""]
    told = []
    for one in wrong.faults:
        line = lines[min(one.line or 1, len(lines)) - 1]
        at = max(0, (one.column or 1) - 1)
        fix = f" ({one.fix})" if one.fix else ""
        told.append((f"{one.line}:{one.column} {one.code} {one.message}{fix}", line[:at], line[at:]))
    return told
