"""The pages of rules: all packs with how they stand, and one pack with its source, findings, tests and terms."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor import errors
from monitor.backtest.drafts import Checked, Finding
from monitor.rules import shelf
from monitor.web import rule_parts
from monitor.web.desk import Desk
from monitor.web.faults import Busy, NotThere, Unusable
from monitor.web.forms import Form
from monitor.web.trials import Text

SHOWN_TERMS = 25
SHADOW_DAYS = 7
"""Of which is shown what rules on trial would have sent."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file with what lint says of it."""

    text: str
    findings: tuple[Finding, ...] = ()

    @property
    def kind(self) -> str:
        """Return `bad` for a line with an error, `odd` for one with a warning."""
        if any(one.is_error for one in self.findings):
            return "bad"
        return "odd" if self.findings else ""


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of rules."""

    async def show_all(request: Request) -> Response:
        live, now = desk.context.setup.live, desk.now()
        packs = await desk.read(lambda c: rule_parts.list_packs(c, live, now))
        others = [fault for fault in live.faults if fault.is_error and not fault.file.startswith("packs/")]
        return desk.render(request, "rules.html", packs=packs, ruleset=live.id, others=others)

    async def show(request: Request) -> Response:
        live, now, name = desk.context.setup.live, desk.now(), str(request.path_params["pack"])
        found = await desk.read(lambda c: rule_parts.get_pack(c, live, name, now))
        if found is None:
            raise NotThere(f"There is no pack {name[:60]!r}.")
        pack, terms = found
        text, _ = await asyncio.to_thread(source_of, desk, pack)
        running = live.ruleset.packs[name].files.get(pack.file) if name in live.ruleset.packs else None
        values: dict[str, Any] = {"pack": pack, "terms": terms[:SHOWN_TERMS]}
        values |= {"more_terms": max(0, len(terms) - SHOWN_TERMS)}
        values |= {"lines": lines_of(text, None, pack.faults), "differs": running is not None and text != running}
        return desk.render(request, "pack.html", **values)

    async def show_source(request: Request) -> Response:
        name = str(request.path_params["pack"])
        pack = rule_parts.find_pack(desk.context.setup.live, name)
        if pack is None:
            raise NotThere(f"There is no pack {name[:60]!r}.")
        text, _ = await asyncio.to_thread(source_of, desk, pack)
        checked, fault = None, ""
        try:
            checked = await desk.trials.check(Text(text, pack.name))
        except (Unusable, Busy) as said:
            fault = said.message
        lines = lines_of(text, checked, pack.faults)
        return desk.render(request, "_pack_source.html", lines=lines, checked=checked, fault=fault, looking=False)

    async def shadow(request: Request, form: Form) -> Response:
        name = str(request.path_params["pack"])
        if name not in desk.context.setup.live.ruleset.packs:
            raise NotThere(f"There is no pack {name[:60]!r}.")
        run = await desk.trials.begin_shadow(name, SHADOW_DAYS)
        return desk.redirect(request, f"/playground/backtests/{run.id}")

    return [
        Route("/rules", show_all, methods=["GET"]),
        desk.post("/rules/{pack}/shadow", shadow),
        Route("/rules/{pack}", show, methods=["GET"]),
        Route("/rules/{pack}/source", show_source, methods=["GET"]),
    ]


def source_of(desk: Desk, pack: rule_parts.PackRow) -> tuple[str, str | None]:
    """Return the file of a pack as it stands on disk with its mark, else as it runs, without one."""
    try:
        found = shelf.read(desk.context.setup.config.rules, pack.name)
    except shelf.NotSaved:
        found = None
    if found is not None:
        return found.text, found.mark
    running = desk.context.setup.live.ruleset.packs.get(pack.id)
    return (running.files.get(pack.file, "") if running is not None else ""), None


def lines_of(text: str, checked: Checked | None, faults: tuple[errors.Fault, ...]) -> list[Line]:
    """Return the lines of a file, each with its findings: those of lint, else the faults of the last load."""
    found: dict[int, list[Finding]] = {}
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if checked is not None:
        given = list(checked.findings)
    else:
        given = [Finding(f.line or 1, f.column or 1, f.code, f.message, f.fix, f.is_error) for f in faults if f.line]
    for one in given:
        found.setdefault(min(max(1, one.line), max(1, len(lines))), []).append(one)
    return [Line(said, tuple(found.get(number, ()))) for number, said in enumerate(lines, 1)]
