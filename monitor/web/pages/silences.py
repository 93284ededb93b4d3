"""The page of silences: what is muted until when and by whom, one more with a preview, the end of one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.jobs import hush
from monitor.store import silences
from monitor.store.silences import StoredSilence
from monitor.store.store import Connection
from monitor.web import silence_parts
from monitor.web.desk import MOST_ID, Desk
from monitor.web.faults import Conflicting, Unusable
from monitor.web.forms import Form
from monitor.web.pages.alerts import cursor
from monitor.web.silence_parts import LONGEST

PAGE = 50
NAMES = ("pack", "rule", "story", "newsroom", "text")
_FIELDS = (*NAMES, "for", "until", "comment")
LASTS = (("1h", "an hour"), ("4h", "4 hours"), ("12h", "12 hours"), ("1d", "a day"), ("3d", "3 days"), ("7d", "a week"))


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of silences."""
    pages = _Silences(desk)
    return [
        Route("/silences", pages.show, methods=["GET"]),
        desk.post("/silences", pages.add),
        desk.post("/silences/preview", pages.preview),
        desk.post("/silences/{id}/end", pages.end),
    ]


class _Silences:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """Show the list; what the address names is filled in already."""
        typed = {name: request.query_params.get(name, "")[:LONGEST] for name in NAMES}
        return await self._page(request, typed=typed)

    async def preview(self, request: Request, form: Form) -> Response:
        typed = {name: form.get(name) for name in _FIELDS}
        try:
            draft = silence_parts.draft_of(*(form.get(name) for name in NAMES))
            seen = await silence_parts.preview(self._desk, draft)
        except Unusable as fault:
            return await self._page(request, 422, typed=typed, fault=fault.message)
        return await self._page(request, typed=typed, preview=seen)

    async def add(self, request: Request, form: Form) -> Response:
        typed = {name: form.get(name) for name in _FIELDS}
        try:
            draft = silence_parts.draft_of(*(form.get(name) for name in NAMES))
            lasts = form.get("for") if not form.get("until") else ""
            made = silence_parts.check(self._desk, draft, lasts, form.get("until"), form.get("comment"))
        except Unusable as fault:
            return await self._page(request, 422, typed=typed, fault=fault.message)
        number = await silence_parts.add(self._desk, made)
        return self._desk.redirect(request, "/silences", " ".join((f"si-{number} mutes from now on.", *made.notes)))

    async def end(self, request: Request, form: Form) -> Response:
        number, now = self._desk.number(request), self._desk.now()
        if not await self._desk.write(lambda c: silences.end(c, number, now)):
            raise Conflicting(f"No silence si-{number} holds any more.")
        return self._desk.redirect(request, "/silences", f"si-{number} is over.")

    async def _page(
        self, request: Request, status: int = 200, *, typed: dict[str, str], fault: str = "", preview: Any = None
    ) -> Response:
        before = request.query_params.get("before", "")
        place = cursor(request, "before")
        last = MOST_ID if place is None else place
        now, packs = self._desk.now(), self._desk.context.setup.live.ruleset.packs.values()

        def read(c: Connection) -> tuple[list[StoredSilence], list[StoredSilence]]:
            return silences.list_active(c), silences.list_ended(c, last, PAGE + 1)

        active, ended = await self._desk.read(read)
        return self._desk.render(
            request,
            "silences.html",
            status=status,
            active=[one for one in reversed(active) if one.until > now],
            ended=ended[:PAGE],
            next=ended[PAGE - 1].id if len(ended) > PAGE else None,
            before=before,
            describe=hush.describe,
            typed=dict.fromkeys(_FIELDS, "") | {"for": "4h"} | typed,
            opens=bool(fault or preview or any(typed.values())),
            fault=fault,
            preview=preview,
            packs=sorted(pack.id for pack in packs),
            rules=sorted({rule.id for pack in packs for rule in pack.rules}),
            lasts=LASTS,
        )
