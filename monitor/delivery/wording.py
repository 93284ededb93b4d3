"""What a message says, in words that every sender shares; titles and texts are data and never become markup.

Line breaks, control characters, bidirectional overrides and invisible characters of the data are removed here, so that
no sender needs to think of them again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import model
from monitor import text as texts

DETAIL_LENGTH = 500
TITLE_LENGTH = 500
SUBJECT_LENGTH = 180
ITEMS_LISTED = 100
"""A message with more articles names the first ones and counts the rest."""
ALERTS_LISTED = 50
"""What `wirewatch alerts list` shows when nothing else is asked for."""

_VISIBLE_FORMAT_CHARACTERS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u08e2")
"""Arabic signs of category Cf that are seen when read (year, footnote, end of verse)."""

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that nobody sees: the joiner, the Hangul and Khmer fillers."""

_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)|(?<=_)_")
_MENTION = re.compile(r"(?<!\w)@(?=[\w&!])|@(?=(?:everyone|here)\b)", re.IGNORECASE)
_MASKED_LINK = re.compile(r"\](?=\()")

Run = tuple[str, bool]
"""A piece of text and whether it is marked."""


# -- cleaning ------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Return `text` on one line, without invisible, control or lone surrogate characters; runs of spaces become one."""
    return " ".join("".join(_clean_character(c) for c in text).split())


def clean_lines(text: str) -> str:
    """Return `text` cleaned line by line, keeping `\\n` alone as line break; at most one blank line in a row."""
    lines = "\n".join(clean(line) for line in re.split(r"\r\n|\r|\n", text))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def _clean_character(c: str) -> str:
    category = unicodedata.category(c)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    if category == "Cs" or c in _BLANK_LETTERS or (category == "Cf" and c not in _VISIBLE_FORMAT_CHARACTERS):
        return ""
    return c


def clamp(text: str, limit: int) -> str:
    """Return `text`, cut before `limit` characters and ended by an ellipsis if it is longer."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def runs(text: str, marks: Sequence[tuple[int, int]]) -> tuple[Run, ...]:
    """Cut `text` at its marks and clean every piece; `marks` that overlap or lie outside are cut to fit."""
    pieces: list[Run] = []
    at = 0
    for mark in sorted(marks):
        start, end = max(mark[0], at), min(mark[1], len(text))
        if start >= end:
            continue
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    pieces.append((text[at:], False))
    return tuple(_clean_runs(pieces))


def whole_words(text: str, marks: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Widen `marks` to whole words and join those that meet: markup that needs word boundaries can then show them."""
    widened: list[tuple[int, int]] = []
    for mark in sorted(marks):
        start, end = max(mark[0], 0), min(mark[1], len(text))
        while 0 < start < end and _in_word(text[start - 1]):
            start -= 1
        while start < end < len(text) and _in_word(text[end]):
            end += 1
        if widened and start <= widened[-1][1]:
            widened[-1] = (widened[-1][0], max(end, widened[-1][1]))
        elif start < end:
            widened.append((start, end))
    return tuple(widened)


def _in_word(c: str) -> bool:
    return unicodedata.category(c)[0] in "LMN"


def _clean_runs(pieces: Iterable[Run]) -> Iterator[Run]:
    spaced = True
    for text, marked in pieces:
        cleaned = _clean_piece(text)
        if spaced:
            cleaned = cleaned.lstrip()
        if cleaned:
            spaced = cleaned.endswith(" ")
            yield cleaned, marked


def _clean_piece(text: str) -> str:
    return re.sub(" +", " ", "".join(_clean_character(c) for c in text))


def inert(text: str) -> str:
    """Return `text` with the signs that chat services act on (`*_~``, mentions, masked links) replaced by look-alikes.

    Their markups have no escape of their own, or one each; a look-alike reads the same and means nothing everywhere.
    """
    quiet = _EDGE_UNDERSCORE.sub("ˍ", text.translate(_LOOKALIKES))
    return _MASKED_LINK.sub("] ", _MENTION.sub("＠", quiet))


def service_words(text: str, secrets: Iterable[str]) -> str:
    """Return a service's answer for a log or a page: clean, without `secrets`, at most DETAIL_LENGTH characters."""
    cleaned = clean(text)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        cleaned = cleaned.replace(secret, "***")
    return clamp(cleaned, DETAIL_LENGTH)


def web_url(url: str) -> str | None:
    """Return `url` if a reader may be sent there: http(s), a host, no user part, no blank or control character."""
    if not url or any(c.isspace() or unicodedata.category(c)[0] in "CZ" for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    usable = parts.scheme.lower() in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if usable else None


def direction(text: str) -> str:
    """Return `rtl` or `ltr` by the first strong letter of `text` (Unicode Bidirectional Algorithm, rules P2 and P3)."""
    return "rtl" if texts.is_rtl(text) else "ltr"


# -- wording -------------------------------------------------------------------------------------


def when(published: datetime | None, timezone: str) -> str:
    """Return a time as the desk reads it, with its offset: `Sun 22 Nov 2026, 19:40 (UTC+02:00)`."""
    if published is None:
        return "time not given"
    local = published.astimezone(zone_of(timezone))
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{local:%a %d %b %Y, %H:%M} (UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})"


def moment(at: datetime, timezone: str) -> str:
    """Return a time beside one that `when` wrote out: `22 Nov, 14:05`."""
    local = at.astimezone(zone_of(timezone))
    return f"{local.day} {local:%b, %H:%M}"


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # The configuration refuses unknown zones; an old row must still be sent.
        return ZoneInfo("UTC")


def title(item: model.NoticeItem) -> str:
    """Return the article's title, never empty."""
    return clamp(clean(item.title), TITLE_LENGTH) or "(no title)"


def newsroom(item: model.NoticeItem) -> str:
    """Return who published the article, never empty."""
    return clamp(clean(item.newsroom), 120) or "unknown newsroom"


def telling(told: model.Telling) -> str:
    """Return one pack's line: `Resettlement: core, plans (high) · al-12`; an update says so."""
    rules = ", ".join(clean(rule) for rule in told.rules)
    update = " · update" if told.outcome == "update" else ""
    return f"{clean(told.pack_title) or clean(told.pack)}: {rules} ({told.severity}){update} · {alert_id(told)}"


def alert_id(told: model.Telling) -> str:
    """Return the alert's id as commands take it: `al-12`."""
    return f"al-{told.alert_id}"


def is_update(item: model.NoticeItem) -> bool:
    """Return whether everything told about this article is an update of a story told before."""
    return bool(item.tellings) and all(told.outcome == "update" for told in item.tellings)


def is_unconfirmed(item: model.NoticeItem) -> bool:
    """Return whether a pack that asks for several newsrooms is told this without them."""
    return any(told.development.unconfirmed for told in item.tellings)


def standing(item: model.NoticeItem) -> str:
    """Return what must be known before the title is read: `Unconfirmed: `, `Corroborated: `, `Update: ` or nothing."""
    if is_unconfirmed(item):
        return "Unconfirmed: "
    return f"{kind(item).capitalize()}: " if is_update(item) else ""


def kind(item: model.NoticeItem) -> str:
    """Return what kind of update it is: one that takes the doubt from what was told as unconfirmed, or another."""
    return "corroborated" if all(map(_is_corroborated, item.tellings)) else "update"


def _is_corroborated(told: model.Telling) -> bool:
    first = told.development.first
    return told.reason == "newsrooms" and first is not None and first.unconfirmed


def remarks(notice: model.Notice, item: model.NoticeItem) -> tuple[str, ...]:
    """Return what a reader must know about this item; that a message of many is a repeat is said once, not here."""
    partial = ("Full text unavailable: matched on the feed's text",) if item.partial else ()
    return partial + (() if is_list(notice) else repeat_remark(notice))


def repeat_remark(notice: model.Notice) -> tuple[str, ...]:
    """Return the label of a message that may have arrived before."""
    return ("Possible repeat: an earlier attempt got no answer",) if notice.possible_repeat else ()


def left_out(notice: model.Notice, listed: int) -> str:
    """Return the sentence that counts the articles which did not fit; empty if all did."""
    rest = len(notice.items) - listed
    if rest <= 0:
        return ""
    alerts = sum(len(item.tellings) for item in notice.items)
    limit = f" --limit {alerts}" if alerts > ALERTS_LISTED else ""
    return f"and {rest} more article{'s' if rest > 1 else ''}: see `wirewatch alerts list{limit}`"


def introduction(notice: model.Notice) -> str:
    """Return why a message of many is one, and how many of what severity it holds; empty for others."""
    told = [max((t.severity for t in item.tellings), key=model.severity_rank, default="") for item in notice.items]
    counts = {severity: told.count(severity) for severity in reversed(model.SEVERITIES)}
    by_severity = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    parts = (by_severity if is_list(notice) and len(set(told)) > 1 else "", clean_lines(notice.body))
    return "\n".join(filter(None, parts)) if notice.items else ""


def is_list(notice: model.Notice) -> bool:
    """Return whether a message lists articles, be it one, rather than being about one."""
    return len(notice.items) > 1 or notice.kind == "digest"


def subject(notice: model.Notice) -> str:
    """Return the message's headline on one line, at most SUBJECT_LENGTH characters: a mail's subject, a push text."""
    repeat = "Possible repeat: " if notice.possible_repeat else ""
    return clamp(repeat + _subject(notice), SUBJECT_LENGTH)


def _subject(notice: model.Notice) -> str:
    if not notice.items:
        return clean(notice.headline) or "Notice"
    if notice.headline:
        return f"[{notice.severity}] {clean(notice.headline)}"
    first = notice.items[0]
    if len(notice.items) > 1:
        return f"[{notice.severity}] {len(notice.items)} alerts: {title(first)}"
    room = newsroom(first)
    return f"[{notice.severity}] {standing(first)}{clamp(title(first), 120)} ({clamp(room, 40)})"


def quotes(item: model.NoticeItem) -> list[str]:
    """Return the sentences of an article that made rules true, each in quotation marks."""
    return [f"“{marked_text(snippet)}”" for snippet in item.snippets if snippet.text.strip()]


def marked_text(snippet: model.Snippet) -> str:
    """Return a snippet as plain text, its matched words between »guillemets«."""
    return "".join(f"»{text}«" if marked else text for text, marked in runs(snippet.text, snippet.marks)).strip()
