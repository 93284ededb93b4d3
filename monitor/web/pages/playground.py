"""The playground: a rule or a pack is typed, and the page says what is wrong with it and what it would have sent.

One address takes all of it: `do` says what is asked of the text. A browser without scripts gets the whole page back.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.rules import shelf
from monitor.web.desk import Desk, is_htmx
from monitor.web.faults import Busy, Conflicting, Refused, Unusable, WebFault, sentence
from monitor.web.forms import Form
from monitor.web.search_parts import LONGEST_QUERY
from monitor.web.trials import Text

MOST = 4_000_000
"""Bytes of the form: a pack of 1 MB, percent-encoded."""
DAYS = (1, 7, 30, 90, 180)
_HINT = "# One rule, or a whole pack. Names such as $israel lead to the entities of the rule folder.\n"
STARTER = f"{_HINT}any: [ceasefire, hostage deal]\n"
SHOWN_CHANGES = 100
MOST_DIFFERENCES = 400


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page holds beside the text."""

    text: str
    file: str
    mark: str
    """Of what stood in the file when it was opened; empty: no file."""
    article: str = ""
    days: int = 30


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the playground."""

    async def show(request: Request) -> Response:
        desk.trials.open_day()
        return page(desk, request, await asyncio.to_thread(_opened, desk, request))

    async def ask(request: Request, form: Form) -> Response:
        shown = _of_form(form)
        does = _ASKED.get(form.get("do", "lint"), _lint)
        try:
            return await does(desk, request, shown, form)
        except (Unusable, Busy, Conflicting) as fault:
            return _answer(desk, request, shown, "fault", status=fault.status, fault=fault.message)

    async def show_run(request: Request) -> Response:
        run = desk.trials.get(str(request.path_params["run"]))
        if is_htmx(request):
            return desk.render(request, "_trial_backtest.html", run=run, limit=SHOWN_CHANGES)
        return desk.render(request, "backtest.html", run=run, limit=SHOWN_CHANGES)

    async def cancel(request: Request, form: Form) -> Response:
        run = await desk.trials.cancel(str(request.path_params["run"]))
        if is_htmx(request):
            return desk.render(request, "_trial_backtest.html", run=run, limit=SHOWN_CHANGES)
        return desk.redirect(request, f"/playground/backtests/{run.id}", "Cancelled.")

    return [
        Route("/playground", show, methods=["GET"]),
        desk.post("/playground", ask, MOST),
        Route("/playground/backtests/{run}", show_run, methods=["GET"]),
        desk.post("/playground/backtests/{run}/cancel", cancel),
    ]


def page(desk: Desk, request: Request, shown: Shown, status: int = 200, **values: Any) -> Response:
    """Return the whole page."""
    setup = desk.context.setup
    may_save = setup.config.web.edit_rules and desk.visitor(request).may_write
    files = sorted(pack.place.file.rpartition("/")[2] for pack in setup.live.ruleset.packs.values())
    more: dict[str, Any] = {"checked": None, "report": None, "judged": None, "run": None, "fault": "", "theirs": None}
    more |= {"what": "", "limit": SHOWN_CHANGES, "differences": (), "runs": desk.trials.list_runs()[:5], **values}
    kept: dict[str, Any] = {
        "shown": shown,
        "may_save": may_save,
        "edit_rules": setup.config.web.edit_rules,
        "files": files,
        "days": DAYS,
    }
    return desk.render(request, "playground.html", status=status, **kept, **more)


def _answer(desk: Desk, request: Request, shown: Shown, what: str, status: int = 200, **values: Any) -> Response:
    """Return a part of the page to htmx, and the whole page with that part in it to a plain browser."""
    if is_htmx(request):
        status = 200 if what == "fault" else status
        return desk.render(request, f"_trial_{what}.html", status=status, shown=shown, limit=SHOWN_CHANGES, **values)
    return page(desk, request, shown, status, what=what, **values)


def _opened(desk: Desk, request: Request) -> Shown:
    """Return the file that the address names, the pack that it names, a rule of the query that it holds, or a first."""
    live, folder = desk.context.setup.live, desk.context.setup.config.rules
    name, pack = request.query_params.get("file", ""), request.query_params.get("pack", "")
    if not name and pack in live.ruleset.packs:
        name = live.ruleset.packs[pack].place.file.rpartition("/")[2]
    article = request.query_params.get("article", "")[:2000]
    if not name:
        return Shown(_rule_of(request.query_params.get("query", "")[:LONGEST_QUERY]) or STARTER, "", "", article)
    try:
        found = shelf.read(folder, name)
    except shelf.NotSaved as fault:
        raise WebFault(sentence(str(fault))) from None
    if found is not None:
        return Shown(found.text, name, found.mark, article)
    running = next((one for one in live.ruleset.packs.values() if one.place.file == f"packs/{name}"), None)
    text = running.files[running.place.file] if running is not None else STARTER
    return Shown(text, name, "", article)


def _rule_of(query: str) -> str:
    """Return a rule that finds what a search found; empty for no query."""
    words = " ".join(query.split()).replace("'", "''")
    return f"{_HINT}query: '{words}'\n" if words else ""


def _of_form(form: Form) -> Shown:
    days = form.get("days", "30")
    number = int(days) if days.isascii() and days.isdecimal() and len(days) < 4 else 30
    return Shown(
        form.text("text"),
        form.get("file")[:100],
        form.get("mark")[:64],
        form.get("article")[:2000],
        min(max(number, 1), 400),
    )


# -- what may be asked of a text -------------------------------------------------------------------


async def _lint(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    checked = await desk.trials.check(Text(shown.text, shown.file))
    return _answer(desk, request, shown, "lint", checked=checked)


async def _preview(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    async with desk.heavy():
        checked, report = await desk.trials.preview(Text(shown.text, shown.file))
    beside = is_htmx(request)  # then the findings stand beside it already
    return _answer(desk, request, shown, "preview", checked=checked, report=report, beside=beside)


async def _explain(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    if not shown.article:
        raise Unusable("Name an article of the archive: its number (art-123) or its address.", "article")
    checked, judged = await desk.trials.judge(Text(shown.text, shown.file), shown.article)
    if judged is None and checked.files:
        raise Unusable("The archive has no such article; the search page shows its numbers.", "article")
    spans = judged.spans if judged is not None else ()
    marks: dict[str, Any] = {
        f"{field}_marks": [(one.start, one.end, one.term) for one in spans if one.field == field]
        for field in ("title", "text")
    }
    return _answer(desk, request, shown, "explain", checked=checked, judged=judged, **marks)


async def _backtest(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    checked, run = await desk.trials.begin(Text(shown.text, shown.file), shown.days)
    if run is None:
        return _answer(desk, request, shown, "lint", checked=checked)
    if is_htmx(request):
        return desk.render(request, "_trial_backtest.html", run=run, limit=SHOWN_CHANGES)
    return desk.redirect(request, f"/playground/backtests/{run.id}")


async def _save(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    return await _saved(desk, request, shown, shown.mark)


async def _save_over(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    """Save in the place of what somebody else saved meanwhile, and nothing newer than that."""
    return await _saved(desk, request, shown, form.get("their_mark")[:64])


async def _saved(desk: Desk, request: Request, shown: Shown, seen: str) -> Response:
    if not desk.visitor(request).may_write:
        raise Refused("You may look here, but not change anything.")
    try:
        saved = await save(desk, shown.text, shown.file, seen or None)
    except shelf.Changed as fault:
        return _changed(desk, request, shown, fault)
    kept = f" What stood there is kept as {saved.backup}." if saved.backup else ""
    name = saved.file.rpartition("/")[2]
    return desk.redirect(request, f"/playground?file={name}", f"Saved {saved.file}.{kept}")


def _changed(desk: Desk, request: Request, shown: Shown, fault: shelf.Changed) -> Response:
    """Show both texts: what was typed here, and what somebody saved meanwhile."""
    theirs = fault.present or ""
    lines = difflib.unified_diff(
        theirs.splitlines(), shown.text.splitlines(), "saved meanwhile", "yours", lineterm="", n=2
    )
    said = "The file changed since it was opened here. Nothing was saved."
    values: dict[str, Any] = {"theirs": theirs, "their_mark": shelf.mark_of(theirs.encode()) if fault.present else ""}
    values |= {"differences": list(lines)[:MOST_DIFFERENCES], "fault": said}
    return page(desk, request, shown, 409, what="changed", **values)


async def save(desk: Desk, text: str, file: str, seen: str | None) -> shelf.Saved:
    """Write a pack file where `[web] edit_rules` allows it. Raises: Refused, Unusable, shelf.Changed."""
    config = desk.context.setup.config
    if not config.web.edit_rules:
        raise Refused("Rule files are not written from here: `[web] edit_rules` is false. Copy the text instead.")
    checked = await desk.trials.check(Text(text, file))
    if checked.alone:
        raise Unusable("A rule alone has no file: write `format: 1`, `pack:` and `rules:` around it.", "text")
    if checked.errors:
        raise Unusable(f"The text has errors, and would not run: {checked.findings[0].message}.", "text")
    try:
        return await asyncio.to_thread(shelf.save, config.rules, file, text, seen, desk.now())
    except shelf.Changed:
        raise
    except shelf.NotSaved as fault:
        raise Unusable(sentence(str(fault)), "file") from None


async def _download(desk: Desk, request: Request, shown: Shown, form: Form) -> Response:
    name = shown.file if shelf.NAME.fullmatch(shown.file) else "draft.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(shown.text, media_type="application/yaml", headers=headers)


Asked = Callable[[Desk, Request, Shown, Form], Awaitable[Response]]
_ASKED: dict[str, Asked] = {
    "lint": _lint,
    "preview": _preview,
    "explain": _explain,
    "backtest": _backtest,
    "save": _save,
    "over": _save_over,
    "download": _download,
}
