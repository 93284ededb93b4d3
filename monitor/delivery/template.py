"""A text of the user's own with fields such as `{title}` -> headline and body of a message about articles.

A template is no program: a field is a name from a closed list, without attributes, indexes, formats or conversions.
What fills it is put in once and never read as a template; how long a message can grow is bounded by the fields.

    subject: [{severity}] {standing}{title} ({newsroom})

    {standing}{title}
    {newsroom}, {published}
    New: {new}
    {evidence}
    {url}

A line whose fields are all empty is left out. Either part may be missing: what it would say is then said as usual.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from monitor import errors, model
from monitor.delivery import developing, wording

MAX_BYTES = 8192
MOST_FIELDS = 64
"""In one template: a title may have 500 characters and the sentences of ten packs 4,000, so a message stays small."""

_SUBJECT = re.compile(r"subject:[ \t]*", re.IGNORECASE)
_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


class Part(NamedTuple):
    """A piece of a line: text of the template's own, or the name of a field."""

    text: str
    is_field: bool


Line = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """What `parse` made of a file; an empty part leaves the usual words."""

    subject: Line = ()
    body: tuple[Line, ...] = ()


# -- fields --------------------------------------------------------------------------------------

_Field = Callable[[model.Notice, model.NoticeItem], str]


def _severity(notice: model.Notice, item: model.NoticeItem) -> str:
    return max((told.severity for told in item.tellings), key=model.severity_rank, default=notice.severity)


def _story(name: str) -> _Field:
    def values(notice: model.Notice, item: model.NoticeItem) -> str:
        return "; ".join(map(developing.words, developing.parts(item, notice.timezone)[name]))

    return values


def _titles(_notice: model.Notice, item: model.NoticeItem) -> str:
    return ", ".join(wording.clean(told.pack_title) or wording.clean(told.pack) for told in item.tellings)


def _rules(_notice: model.Notice, item: model.NoticeItem) -> str:
    return ", ".join(dict.fromkeys(wording.clean(rule) for told in item.tellings for rule in told.rules))


INLINE: Mapping[str, _Field] = {
    "title": lambda _notice, item: wording.title(item),
    "newsroom": lambda _notice, item: wording.newsroom(item),
    "published": lambda notice, item: wording.when(item.published, notice.timezone),
    "severity": _severity,
    "standing": lambda _notice, item: wording.standing(item),
    "lang": lambda _notice, item: wording.clean(item.lang or ""),
    "packs": _titles,
    "rules": _rules,
    "ids": lambda _notice, item: ", ".join(map(wording.alert_id, item.tellings)),
    "updates": _story("updates"),
    "why": _story("why"),
    "new": _story("new"),
    "newsrooms": _story("newsrooms"),
    "matched": _story("matched"),
}
"""Fields that stand on one line with others. A test compares them with docs/channels.md."""

BLOCKS: Mapping[str, _Field] = {
    "url": lambda _notice, item: wording.web_url(item.url) or "",
    "tellings": lambda _notice, item: "\n".join(map(wording.telling, item.tellings)),
    "evidence": lambda _notice, item: "\n".join(wording.quotes(item)),
    "story": lambda notice, item: "\n".join(map(developing.plain, developing.lines(item, notice.timezone))),
    "fine_print": lambda notice, item: "\n".join(map(developing.plain, developing.fine_print(notice, item))),
    "remarks": lambda notice, item: "\n".join(wording.remarks(notice, item)),
    "more": lambda notice, item: (
        "" if wording.is_list(notice) else "\n".join(developing.read_more(item, notice.timezone))
    ),
}
"""Fields that may fill several lines, or must be a line of their own to be a link; they stand alone on their line."""


# -- reading -------------------------------------------------------------------------------------


def parse(data: bytes, file: str) -> Template:
    """Return the template that `data` holds.

    Raises: ConfigError with every fault at once, each with its line and column in `file`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message, fix = "the file is not UTF-8 from here on", "save it as UTF-8"
        raise errors.ConfigError([errors.Fault(file, line, column, "encoding", message, fix)]) from None
    if len(data) > MAX_BYTES:
        message = f"the template is larger than {MAX_BYTES} bytes"
        raise errors.ConfigError([errors.Fault(file, None, None, "template_size", message, "write a shorter one")])
    return _Reading(file).read(text)


class _Reading:
    """One pass over one template; collects faults."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._faults: list[errors.Fault] = []
        self._fields = 0

    def read(self, text: str) -> Template:
        lines = text.replace("\r\n", "\n").rstrip("\n ").split("\n")
        head = _SUBJECT.match(lines[0])
        subject = self._line(lines[0], 1, head.end(), in_subject=True) if head else ()
        first = 1 if head else 0
        body = [self._line(line, number, 0) for number, line in enumerate(lines[first:], first + 1)]
        while body and not body[0]:
            body.pop(0)
        if not subject and not body:
            self._add(1, 0, "template_empty", "the template says nothing", "write {title}, or remove the file")
        elif not self._fields and not self._faults:
            self._add(1, 0, "template_fields", "every message would be the same: there is no field", "write {title}")
        if self._faults:
            raise errors.ConfigError(self._faults)
        return Template(subject, tuple(body))

    def _add(self, line: int, at: int, code: str, message: str, fix: str) -> None:
        self._faults.append(errors.Fault(self._file, line, at + 1, code, message, fix))

    def _line(self, line: str, number: int, at: int, *, in_subject: bool = False) -> Line:
        parts = []
        alone = line[at:].strip()
        for found in _PIECE.finditer(line, at):
            piece = found[0]
            if piece in ("{{", "}}"):
                parts.append(Part(piece[0], False))
            elif piece in ("{", "}"):
                fix = f"write {2 * piece} for a plain {piece}"
                self._add(number, found.start(), "template_brace", f"a `{piece}` without its partner", fix)
            elif piece.startswith("{"):
                parts.append(self._field(piece[1:-1], number, found.start(), in_subject, alone))
            else:
                self._check_text(piece, number, found.start())
                parts.append(Part(piece, False))
        return tuple(parts)

    def _field(self, name: str, number: int, at: int, in_subject: bool, alone: str) -> Part:
        self._fields += 1
        known = [*INLINE, *([] if in_subject else BLOCKS)]
        if name in BLOCKS and in_subject:
            fix = f"known in a subject: {', '.join(known)}"
            self._add(number, at, "template_field", f"{{{name}}} cannot stand in a subject", fix)
        elif name in BLOCKS and alone != f"{{{name}}}":
            fix = "a link would be broken, or lines torn apart, by other words beside it"
            self._add(number, at, "template_field", f"{{{name}}} needs a line of its own", fix)
        elif name not in known:
            self._add(number, at, *_unknown(name, known))
        elif self._fields == MOST_FIELDS + 1:
            self._add(number, at, "template_size", f"more than {MOST_FIELDS} fields", "write fewer")
        return Part(name, True)

    def _check_text(self, text: str, number: int, at: int) -> None:
        for place, c in enumerate(text, at):
            if unicodedata.category(c) in ("Cc", "Zl", "Zp") and c != "\t":
                fix = "remove it; a new line is a new line of the file"
                self._add(number, place, "template_character", f"the control character U+{ord(c):04X}", fix)
                return


def _unknown(name: str, known: list[str]) -> tuple[str, str, str]:
    bare = re.match(r"\s*(\w*)", name)
    meant = bare[1] if bare else ""
    shown = "".join(c if c.isprintable() else "?" for c in wording.clamp(name, 60))
    if meant in known:
        message = f"`{{{shown}}}` is more than a name: fields have no attributes, indexes, formats or spaces"
        return "template_field", message, f"write {{{meant}}}"
    near = difflib.get_close_matches(meant, known, n=1, cutoff=0.6)
    fix = (f"did you mean {{{near[0]}}}? " if near else "") + f"known here: {', '.join(known)}"
    return "unknown_field", f"there is no field `{{{shown}}}`", fix


# -- filling -------------------------------------------------------------------------------------


def subject(notice: model.Notice, template: Template | None) -> str:
    """Return the message's headline on one line, in the template's words where it is about one article.

    What it must not leave out is said before them: that a message may be a repeat, and that a report is unconfirmed.
    """
    usual = wording.subject(notice)
    if template is None or not template.subject or not notice.items or wording.is_list(notice):
        return usual
    item = notice.items[0]
    repeat = "Possible repeat: " if notice.possible_repeat else ""
    says_standing = Part("standing", True) in template.subject
    unconfirmed = "Unconfirmed: " if wording.is_unconfirmed(item) and not says_standing else ""
    filled = wording.clean(_filled(template.subject, notice, item) or "")
    return wording.clamp(repeat + unconfirmed + filled, wording.SUBJECT_LENGTH) if filled else usual


def body(notice: model.Notice, item: model.NoticeItem, template: Template | None) -> str | None:
    """Return what the template says of an article; None where that is nothing, or is left to the usual words."""
    if template is None or not template.body:
        return None
    lines = "\n".join(_lines(template.body, notice, item))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") or None


def _lines(lines: tuple[Line, ...], notice: model.Notice, item: model.NoticeItem) -> Iterator[str]:
    for line in lines:
        filled = _filled(line, notice, item)
        if filled is not None:
            yield filled.rstrip()


def _filled(line: Line, notice: model.Notice, item: model.NoticeItem) -> str | None:
    """Return a line with its fields filled; None if it has fields and all of them are empty."""
    values = [_FIELDS[part.text](notice, item) if part.is_field else part.text for part in line]
    filled = [value for part, value in zip(line, values, strict=True) if part.is_field]
    return None if filled and not any(filled) else "".join(values)


_FIELDS: Mapping[str, _Field] = {**INLINE, **BLOCKS}
