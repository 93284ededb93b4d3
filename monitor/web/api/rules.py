"""The operations of the API on rules: packs as they stand, and texts that are tried before they are saved."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from monitor import errors
from monitor.backtest.drafts import Checked, Finding, Judged
from monitor.backtest.values import Report
from monitor.rules import feedback, shelf
from monitor.web import rule_parts
from monitor.web.api.operation import Answer, Call, Model, Operation
from monitor.web.desk import Desk
from monitor.web.faults import Conflicting, NotThere
from monitor.web.pages import playground
from monitor.web.pages.rules import source_of
from monitor.web.rule_parts import PackRow
from monitor.web.trials import LONGEST_TEXT, Text

Words = Annotated[str, Field(max_length=LONGEST_TEXT)]
FileName = Annotated[str, Field(max_length=100, description="Name of a pack file, `my_pack.yaml`; empty for none yet.")]


class PackPath(Model):
    """A pack by its id."""

    pack: Annotated[str, Field(min_length=1, max_length=100)]


class FaultOut(Model):
    """Something wrong or doubtful in a file."""

    line: int | None
    column: int | None
    code: str
    message: str
    fix: str | None
    error: bool

    @classmethod
    def of(cls, one: errors.Fault | Finding) -> FaultOut:
        """Return what a load, or lint, said."""
        return cls(
            line=one.line, column=one.column, code=one.code, message=one.message, fix=one.fix, error=one.is_error
        )


class RuleOut(Model):
    """A rule; `alerts`, `useful` and `noise` of the last 30 days."""

    id: str
    title: str
    kind: str
    severity: str
    status: str
    languages: list[str]
    terms: int
    line: int
    alerts: int
    useful: int
    noise: int


class PackOut(Model):
    """A pack; `state` is `good`, `stale` (an older version runs, `why` says why) or `off`."""

    id: str
    title: str
    description: str
    file: str
    state: str
    why: str | None
    status: str
    severity: str
    owner: str
    route: list[str]
    terms: int
    tests: int
    alerts: int
    rated: int
    share_useful: float | None
    rules: list[RuleOut]
    faults: list[FaultOut]


class Packs(Model):
    """All packs, and the id of the rule set that judges."""

    ruleset: str
    packs: list[PackOut]


class TermOut(Model):
    """A term of a rule that was evidence of alerts."""

    rule: str
    term: str
    entity: str | None
    alerts: int
    useful: int
    noise: int


class PackFull(Model):
    """A pack with its file as it stands; `mark` is what saving must be told to replace it, null for no file."""

    pack: PackOut
    terms: list[TermOut]
    source: str
    mark: str | None


class TextIn(Model):
    """A rule or a whole pack as somebody types it."""

    text: Words
    file: FileName = ""


class CheckedOut(Model):
    """What is wrong with a text; `pack` is empty where it has none that could be tried."""

    pack: str
    alone: bool
    tests_passed: int
    tests_failed: int
    findings: list[FaultOut]
    left_out: int


class ExplainIn(TextIn):
    """A text, and the article of the archive that it is asked about: its number or its address."""

    article: Annotated[str, Field(min_length=1, max_length=2000)]


class ExplainOut(Model):
    """Why a text's pack matches an article or does not; `explanation` as `wirewatch explain --json` has it."""

    checked: CheckedOut
    article: int | None
    title: str | None
    matched: bool | None
    said: str | None
    explanation: dict[str, Any] | None


class SaveIn(TextIn):
    """A pack to save. `mark`: of what stood there when it was read; null for a new file."""

    mark: Annotated[str, Field(max_length=64)] | None = None


class SavedOut(Model):
    """A file that was written; `backup` is the copy of what stood there, below the rule folder."""

    file: str
    mark: str
    backup: str | None


class SidesOut(Model):
    """A count for each side."""

    live: int
    edited: int


class DayOut(Model):
    """The alerts of a day in the desk's zone."""

    day: date
    live: int
    edited: int
    gained: int
    lost: int
    moved: int


class TermChangeOut(Model):
    """How many alerts a term gained and lost."""

    pack: str
    term: str
    entity: str | None
    gained: int
    lost: int


class TermName(Model):
    """A term, and the entity whose alias it is."""

    term: str
    entity: str | None


class TriedOut(Model):
    """An alert as one side has it."""

    article: str
    story: str
    at: datetime
    decision: str
    reason: str
    severity: str
    rules: list[str]


class ChangeOut(Model):
    """An alert that differs; `before` under the live rules, `after` under the edited ones."""

    kind: str
    pack: str
    title: str
    newsroom: str
    url: str | None
    lang: str | None
    why: str
    terms: list[TermName]
    before: TriedOut | None
    after: TriedOut | None


class ReportOut(Model):
    """What an edit would have changed, as `wirewatch backtest --json` has it."""

    packs: list[str]
    since: datetime
    until: datetime
    articles: int
    matched: SidesOut
    alerts: SidesOut
    recorded: int
    kept: int
    gained: int
    lost: int
    moved: int
    days: list[DayOut]
    terms: list[TermChangeOut]
    changes: list[ChangeOut]
    changes_left_out: int
    stopped: str | None
    notes: list[str]


class PreviewOut(Model):
    """The last day under a text; no report where the text has errors, or the day no article."""

    checked: CheckedOut
    report: ReportOut | None


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on rules."""
    return [
        Operation("GET", "/rules", "All packs, how they stand, and what their alerts were worth", list_packs, Packs),
        Operation(
            "POST", "/rules/lint", "What is wrong with a text", lint, CheckedOut, body_model=TextIn, scope="read"
        ),
        Operation(
            "POST", "/rules/preview", "What a text would have sent on the last day", preview, PreviewOut,
            body_model=TextIn, scope="read", heavy=True,
        ),
        Operation(
            "POST", "/rules/explain", "Why a text matches an article, or does not", explain, ExplainOut,
            body_model=ExplainIn, scope="read",
        ),
        Operation(
            "POST", "/rules/save", "Write a pack file, where `[web] edit_rules` allows it", save, SavedOut,
            body_model=SaveIn, description="409 where the file is not what `mark` names.",
        ),
        Operation("GET", "/rules/{pack}", "One pack with its file and its terms", show, PackFull, path_model=PackPath),
    ]  # fmt: skip


async def list_packs(call: Call) -> Answer:
    """Answer with all packs."""
    live, now = call.desk.context.setup.live, call.desk.now()
    found = await call.desk.read(lambda c: rule_parts.list_packs(c, live, now))
    return Answer(Packs(ruleset=live.id, packs=[pack_out(pack) for pack in found]))


async def show(call: Call) -> Answer:
    """Answer with one pack."""
    live, now, name = call.desk.context.setup.live, call.desk.now(), call.path(PackPath).pack
    found = await call.desk.read(lambda c: rule_parts.get_pack(c, live, name, now))
    if found is None:
        raise NotThere("There is no such pack.")
    pack, terms = found
    text, mark = await asyncio.to_thread(source_of, call.desk, pack)
    return Answer(PackFull(pack=pack_out(pack), terms=[_term(row) for row in terms], source=text, mark=mark))


async def lint(call: Call) -> Answer:
    """Answer with what is wrong with a text."""
    given = call.body(TextIn)
    return Answer(checked_out(await call.desk.trials.check(Text(given.text, given.file))))


async def preview(call: Call) -> Answer:
    """Answer with the last day under a text."""
    given = call.body(TextIn)
    checked, report = await call.desk.trials.preview(Text(given.text, given.file))
    return Answer(PreviewOut(checked=checked_out(checked), report=report_out(report) if report else None))


async def explain(call: Call) -> Answer:
    """Answer with a text's judgement of an article."""
    given = call.body(ExplainIn)
    checked, judged = await call.desk.trials.judge(Text(given.text, given.file), given.article)
    if judged is None and checked.files:
        raise NotThere("The archive has no such article.")
    return Answer(_explained(checked, judged))


def _explained(checked: Checked, judged: Judged | None) -> ExplainOut:
    if judged is None:
        return ExplainOut(
            checked=checked_out(checked), article=None, title=None, matched=None, said=None, explanation=None
        )
    told = dict(judged.told)
    return ExplainOut(
        checked=checked_out(checked),
        article=judged.article_id,
        title=judged.title,
        matched=bool(told["matched"]),
        said=judged.said,
        explanation=told,
    )


async def save(call: Call) -> Answer:
    """Write a pack file."""
    given = call.body(SaveIn)
    try:
        saved = await playground.save(call.desk, given.text, given.file, given.mark)
    except shelf.Changed:
        raise Conflicting("The file is not what `mark` names: read it again.") from None
    return Answer(SavedOut(file=saved.file, mark=saved.mark, backup=saved.backup))


# -- shapes ----------------------------------------------------------------------------------------


def pack_out(pack: PackRow) -> PackOut:
    """Return a pack as the API has it."""
    return PackOut(
        id=pack.id,
        title=pack.title,
        description=pack.description,
        file=pack.file,
        state=pack.state,
        why=pack.why or None,
        status=pack.status,
        severity=pack.severity,
        owner=pack.owner,
        route=list(pack.route),
        terms=pack.terms,
        tests=pack.tests,
        alerts=pack.alerts,
        rated=pack.rated,
        share_useful=pack.share_useful,
        rules=[_rule(rule) for rule in pack.rules],
        faults=[FaultOut.of(fault) for fault in pack.faults],
    )


def _rule(rule: rule_parts.RuleRow) -> RuleOut:
    return RuleOut(
        id=rule.id,
        title=rule.title,
        kind=rule.kind,
        severity=rule.severity,
        status=rule.status,
        languages=list(rule.languages),
        terms=rule.terms,
        line=rule.line,
        alerts=rule.alerts,
        useful=rule.useful,
        noise=rule.noise,
    )


def _term(row: feedback.Row) -> TermOut:
    assert row.word is not None, "a row of a term"
    counts = {"alerts": row.alerts, "useful": row.useful, "noise": row.noise}
    return TermOut(rule=row.rule, term=row.word.term, entity=row.word.entity, **counts)


def checked_out(checked: Checked) -> CheckedOut:
    """Return what is wrong with a text as the API has it."""
    return CheckedOut(
        pack=checked.pack,
        alone=checked.alone,
        tests_passed=checked.passed,
        tests_failed=checked.failed,
        findings=[FaultOut.of(finding) for finding in checked.findings],
        left_out=checked.left_out,
    )


def report_out(report: Report) -> ReportOut:
    """Return a report as the API has it."""
    return ReportOut.model_validate(report.to_json())
