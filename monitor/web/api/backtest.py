"""The operations of the API on backtests: begun, looked at, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from monitor.web.api.operation import Answer, Call, Invalid, Model, Operation
from monitor.web.api.rules import ReportOut, TextIn, report_out
from monitor.web.desk import Desk
from monitor.web.trials import Run, Text


class BacktestIn(TextIn):
    """A text, and over how many days it is tried."""

    days: Annotated[int, Field(ge=1, le=400)] = 30


class BacktestPath(Model):
    """A backtest by its id."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class BacktestOut(Model):
    """A backtest; `state` is `running`, `done`, `failed` (`fault` says why) or `cancelled`; `share` is 0 to 1."""

    id: str
    pack: str
    days: int
    begun_at: datetime
    state: str
    stage: str
    share: float
    articles: int
    fault: str | None
    report: ReportOut | None


class Backtests(Model):
    """The last backtests since the monitor started, without their reports."""

    backtests: list[BacktestOut]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on backtests."""
    return [
        Operation("GET", "/backtest", "The last backtests, without their reports", list_all, Backtests),
        Operation(
            "POST", "/backtest", "Try a text beside the live rules over the archive", begin, BacktestOut,
            body_model=BacktestIn, scope="read", status=202, description="422 where the text has errors.",
        ),
        Operation("GET", "/backtest/{id}", "One backtest with its report", show, BacktestOut, path_model=BacktestPath),
        Operation(
            "DELETE", "/backtest/{id}", "Cancel a backtest", cancel, BacktestOut, path_model=BacktestPath, scope="read"
        ),
    ]  # fmt: skip


async def list_all(call: Call) -> Answer:
    """Answer with the last backtests."""
    return Answer(Backtests(backtests=[_out(one, whole=False) for one in call.desk.trials.list_runs()]))


async def begin(call: Call) -> Answer:
    """Begin a backtest."""
    given = call.body(BacktestIn)
    checked, found = await call.desk.trials.begin(Text(given.text, given.file), given.days)
    if found is None:
        raise Invalid(
            [{"in": "body", "field": f"text:{f.line}:{f.column}", "message": f.message} for f in checked.findings[:20]]
        )
    return Answer(_out(found))


async def show(call: Call) -> Answer:
    """Answer with one backtest."""
    return Answer(_out(call.desk.trials.get(call.path(BacktestPath).id)))


async def cancel(call: Call) -> Answer:
    """Cancel one."""
    return Answer(_out(await call.desk.trials.cancel(call.path(BacktestPath).id)))


def _out(one: Run, whole: bool = True) -> BacktestOut:
    return BacktestOut(
        id=one.id,
        pack=one.pack,
        days=one.days,
        begun_at=one.begun_at,
        state=one.state,
        stage=one.progress.stage,
        share=round(one.progress.share, 4),
        articles=one.progress.counted.read,
        fault=one.fault or None,
        report=report_out(one.report) if whole and one.report is not None else None,
    )
