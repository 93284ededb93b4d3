"""What a message says of a story: what it updates, why now, what is new, who carries it, what matched, what was folded.

Each is a line of pieces, so that every sender can mark what is data and link what is an article. The data is cleaned
and clamped here, and escaped by the sender.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor import model
from monitor.delivery import wording

HEADLINE_LENGTH = 200
NAME_LENGTH = 60
"""Characters of a newsroom, a number with its noun, or the name of a person or place."""
NAMES_LISTED = 8
TERMS_LISTED = 4
REPORTS_LISTED = 5


class Piece(NamedTuple):
    """A part of a line; data (in any script) is set apart from our own words, and may lead somewhere."""

    text: str
    is_data: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`label: pieces`; the label is ours."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """How many reports were folded since the story was last told, and some of them."""

    sentence: str
    reports: tuple[model.Report, ...]
    """Cleaned; `url` is empty where readers are not sent there."""


def lines(item: model.NoticeItem, timezone: str) -> tuple[Line, ...]:
    """Return what stands between an article's origin and its packs; nothing for the first report of a story."""
    found = parts(item, timezone)
    why = () if _is_first(item) else found["why"]
    return (*found["updates"], *why, *found["new"], *found["newsrooms"])


def fine_print(notice: model.Notice, item: model.NoticeItem) -> tuple[Line, ...]:
    """Return what stands below the sentences: why it is told where nothing above says so, what matched, its page.

    Nothing in a list, which is read for its titles.
    """
    if wording.is_list(notice):
        return ()
    found = parts(item, notice.timezone)
    return (*(found["why"] if _is_first(item) else ()), *found["matched"], *_page(item))


def _page(item: model.NoticeItem) -> tuple[Line, ...]:
    """Return the page of the first of the alerts, which leads to the others; nothing where no address is known."""
    url = next((wording.web_url(told.page_url) for told in item.tellings if told.page_url), None)
    return (Line("Details", (Piece(url, True, url),)),) if url else ()


def _is_first(item: model.NoticeItem) -> bool:
    return all(told.reason == _FIRST for told in item.tellings)


def parts(item: model.NoticeItem, timezone: str) -> dict[str, tuple[Line, ...]]:
    """Return all of these lines by what they tell: `updates`, `why`, `new`, `newsrooms`, `matched`."""
    found: dict[str, Sequence[Line | None]] = {
        "updates": [_updated(item, timezone)],
        "why": _reasons(item),
        "new": [_new(item)],
        "newsrooms": [_newsrooms(item)],
        "matched": [_matched(item)],
    }
    return {name: tuple(line for line in told if line is not None) for name, told in found.items()}


def plain(line: Line) -> str:
    """Return a line as text."""
    return f"{line.label}: {words(line)}"


def words(line: Line) -> str:
    """Return a line as text, without its label."""
    return "".join(map(isolated, line.pieces))


def isolated(piece: Piece) -> str:
    """Return the text of a piece; data that is written from right to left is set apart by the signs made for it.

    Without them a number would leave its noun for the next name of a line. Source: Unicode Bidirectional Algorithm, FSI
    and PDI.
    """
    is_rtl = piece.is_data and any(unicodedata.bidirectional(c) in ("R", "AL") for c in piece.text)
    return f"\u2068{piece.text}\u2069" if is_rtl else piece.text


# -- what it updates -----------------------------------------------------------------------------


def first_told(item: model.NoticeItem) -> model.FirstTold | None:
    """Return the alert that an update carries on; where packs were told at different times, the earliest."""
    if not wording.is_update(item):
        return None
    known = [told.development.first for told in item.tellings if told.development.first is not None]
    return min(known, key=lambda first: (not first.here, first.alert_id), default=None)


def _updated(item: model.NoticeItem, timezone: str) -> Line | None:
    first = first_told(item)
    if first is None:
        return None
    headline = wording.clamp(wording.clean(first.report.title), HEADLINE_LENGTH) or "(no title)"
    told = _told(first, timezone)
    return Line(
        "Updates",
        (
            Piece("“"),
            Piece(headline, True, wording.web_url(first.report.url)),
            Piece("” ("),
            Piece(_name(first.report.newsroom) or "unknown newsroom", True),
            Piece(f"), {told} · al-{first.alert_id}"),
        ),
    )


def _told(first: model.FirstTold, timezone: str) -> str:
    at = wording.moment(first.report.at, timezone) if first.report.at else "earlier"
    return f"told {at}" if first.here else f"of {at}, not sent here so far"


# -- why now -------------------------------------------------------------------------------------


def _reasons(item: model.NoticeItem) -> list[Line]:
    """Return why it is told now, in one line a label; which pack, only where they differ."""
    packs: dict[tuple[str, str], list[str]] = {}
    for told in item.tellings:
        if reason := _reason(told):
            packs.setdefault(reason, []).append(_name(told.pack_title) or _name(told.pack))
    agree = [len(names) for names in packs.values()] == [len(item.tellings)]
    said: dict[str, list[str]] = {}
    for (label, words), names in packs.items():
        said.setdefault(label, []).append(words if agree else f"{words} ({', '.join(names)})")
    return [Line(label, (Piece("; ".join(sentences)),)) for label, sentences in said.items()]


def _reason(told: model.Telling) -> tuple[str, str] | None:
    """Return label and sentence; None for a reason of a later version."""
    now = told.development
    if now.unconfirmed:
        return "Unconfirmed", "too few independent newsrooms carried it while the rule waited"
    words = _WORDS.get(told.reason)
    if words is None:
        return None
    carried = f"{now.newsrooms} independent newsrooms" if now.newsrooms > 1 else "another newsroom"
    before = f" from {now.severity_before}" if now.severity_before else ""
    story = "what was unconfirmed" if now.first is not None and now.first.unconfirmed else "the story"
    return "Why now", words.format(carried=carried, before=before, severity=told.severity, story=story)


_FIRST = "first_report"
_WORDS = {
    _FIRST: "first report of the story",
    "newsrooms": "{story} is now carried by {carried}",
    "corroborated": "it was held until more than one newsroom had it, and is now carried by {carried}",
    "higher_severity": "its severity rose{before} to {severity}",
    "new_facts": "there are details that were not told before",
    "trusted_report": "only feeds that are not trusted had told it so far",
    "other_event": "it is unlike what was told of its story so far, and may be another event",
}


# -- what is new, and who carries it ---------------------------------------------------------------


def _new(item: model.NoticeItem) -> Line | None:
    facts = _distinct(fact for told in item.tellings for fact in told.development.new)
    return Line("New", _enumerated(facts, " · ", len(facts))) if facts else None


def _newsrooms(item: model.NoticeItem) -> Line | None:
    """Name who carries the story; a single newsroom only where more than one was waited for."""
    now = max((told.development for told in item.tellings), key=lambda now: now.newsrooms, default=model.Development())
    if now.newsrooms < (1 if now.unconfirmed else 2):
        return None
    names = _distinct(now.names)[: now.newsrooms]
    if not names:
        return Line("Newsrooms", (Piece(str(now.newsrooms)),))
    label = f"{now.newsrooms} newsroom{'s' if now.newsrooms > 1 else ''}"
    return Line(label, _enumerated(names, ", ", now.newsrooms))


def _matched(item: model.NoticeItem) -> Line | None:
    """Name what was found of a rule of each pack, as the rule file writes it; of which, where there are several."""
    pieces: list[Piece] = []
    for told in item.tellings:
        terms = _distinct(told.clause.terms) if told.clause else []
        if told.clause and terms:
            pack = _name(told.pack_title) or _name(told.pack) if len(item.tellings) > 1 else ""
            rule = _name(told.clause.rule) if len(told.rules) > 1 else ""
            whose = ": ".join(filter(None, (pack, rule)))
            listed = _enumerated(terms[:TERMS_LISTED], ", ", len(terms))
            pieces += [*([Piece("; ")] if pieces else []), *listed, *([Piece(f" ({whose})")] if whose else [])]
    return Line("Matched", tuple(pieces)) if pieces else None


def _enumerated(names: Sequence[str], between: str, count: int) -> tuple[Piece, ...]:
    """Return the first names, and how many of `count` are not among them."""
    shown = names[:NAMES_LISTED]
    pieces = [piece for name in shown for piece in (Piece(between), Piece(name, True))][1:]
    rest = count - len(shown)
    return (*pieces, Piece(f" and {rest} more")) if rest > 0 else tuple(pieces)


# -- what was folded -----------------------------------------------------------------------------


def folded(item: model.NoticeItem, timezone: str) -> Folded | None:
    """Return what came of the story since it was last told and was not told one by one; None if nothing did."""
    if not wording.is_update(item):
        return None
    most = max((told.development for told in item.tellings), key=lambda now: now.folded)
    if most.folded < 1:
        return None
    since = f" since {wording.moment(most.folded_since, timezone)}" if most.folded_since else ""
    reports = tuple(_cleaned(report) for report in most.folded_reports[:REPORTS_LISTED])
    return Folded(f"{most.folded} more report{'s' if most.folded > 1 else ''} folded{since}", reports)


def reported(report: model.Report) -> str:
    """Return newsroom and title of a folded report as text."""
    return f"{isolated(Piece(report.newsroom, True))}: {isolated(Piece(report.title, True))}"


def read_more(item: model.NoticeItem, timezone: str) -> list[str]:
    """Return where to read what was told first and what was folded; addresses stand alone, so that they are links."""
    lines = []
    first = first_told(item)
    if first is not None and (url := wording.web_url(first.report.url)):
        lines += ["First report:", url]
    told = folded(item, timezone)
    if told is not None:
        lines.append(told.sentence + (":" if told.reports else ""))
        for report in told.reports:
            lines += filter(None, [f"- {reported(report)}", report.url])
    return lines


def _cleaned(report: model.Report) -> model.Report:
    title = wording.clamp(wording.clean(report.title), HEADLINE_LENGTH) or "(no title)"
    return model.Report(
        title, _name(report.newsroom) or "unknown newsroom", wording.web_url(report.url) or "", report.at
    )


# -- pieces --------------------------------------------------------------------------------------


def _name(text: str) -> str:
    # Cut before it is cleaned: who sends names of a thousand letters shall not have each of them looked at.
    return wording.clamp(wording.clean(text[: 4 * NAME_LENGTH]), NAME_LENGTH)


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_name, names))))
