"""The ledger: every article, every decision about it, and why; each row opens what the rules say."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.model import Outcome, Reason
from monitor.store import decisions, ledger
from monitor.store.ledger import LedgerPage, Narrowed
from monitor.web import article_parts, filters, reasons
from monitor.web.desk import Desk, is_htmx
from monitor.web.faults import NotThere, Unusable
from monitor.web.judging import Judging
from monitor.web.pages.alerts import cursor

PAGE = 50
_NAMES = ("pack", "decision", "reason", "feed", "since", "until")
LONGEST_TEXT = 100_000
NEVER_RECORDED = (Reason.BASELINE, Reason.FEED_QUOTA)
"""Reasons of entries that never became an article: their feed's page lists them."""


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the ledger and of its articles."""
    judging = Judging(desk)

    async def list_all(request: Request) -> Response:
        given = filters.given(request.query_params, _NAMES)
        before = cursor(request, "before")
        fault, page = "", LedgerPage((), None)
        try:
            wanted = narrowed(given, desk.zone, desk.now())
            page = await desk.read(lambda c: ledger.list_page(c, wanted, PAGE, before))
        except Unusable as said:
            fault = said.message
        return desk.render(
            request,
            "ledger.html",
            status=422 if fault else 200,
            filters=given,
            page=page,
            fault=fault,
            before=before,
            packs=desk.packs,
            outcomes=reasons.OUTCOMES,
            kinds=reasons.KINDS,
            reasons=[
                (reason.value, reason.value.replace("_", " ")) for reason in Reason if reason not in NEVER_RECORDED
            ],
            sentence=reasons.sentence,
            pack_named=reasons.pack_named,
            every=decisions.EVERY_PACK,
        )

    async def show(request: Request) -> Response:
        number = desk.number(request)
        full = await desk.read(lambda c: article_parts.load(c, number))
        if full is None:
            raise NotThere("There is no such article in the archive.")
        return desk.render(
            request,
            "article.html",
            full=full,
            stored=full.stored,
            outcomes=reasons.OUTCOMES,
            kinds=reasons.KINDS,
            sentence=reasons.sentence,
            facts=reasons.facts,
            pack_named=reasons.pack_named,
            longest=LONGEST_TEXT,
        )

    async def why(request: Request) -> Response:
        number, pack = desk.number(request), request.query_params.get("pack", "")[: filters.LONGEST]
        told = await judging.of(number, "" if pack == decisions.EVERY_PACK else pack)
        template = "_why.html" if is_htmx(request) else "article_why.html"
        return desk.render(request, template, told=told, number=number, single=len(told.packs) == 1)

    return [
        Route("/ledger", list_all, methods=["GET"]),
        Route("/ledger/{id:int}", show, methods=["GET"]),
        Route("/ledger/{id:int}/why", why, methods=["GET"]),
    ]


def narrowed(given: dict[str, str], zone: str, now: datetime) -> Narrowed:
    """Return what the ledger is narrowed to. Raises: Unusable."""
    return Narrowed(
        pack=filters.typed(given["pack"]),
        outcome=filters.chosen(given["decision"], tuple(Outcome), "decision"),
        reason=filters.chosen(given["reason"], tuple(Reason), "reason"),
        feed=filters.typed(given["feed"]),
        since=filters.moment(given["since"], zone, now, "since"),
        until=filters.moment(given["until"], zone, now, "until", ends=True),
    )
