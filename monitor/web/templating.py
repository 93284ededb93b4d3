"""The one door to Jinja2: everything from outside is escaped, and a name that is not there is a fault.

Templates get functions rather than filters for what has a meaning of ours: `when(t)`, `ago(t)`, `data(text)`,
`external(url)`. What is marked as markup is built here and in `charts.py` from escaped pieces only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape

from monitor.delivery import wording
from monitor.web import navigation

FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def environment(desk: Any) -> jinja2.Environment:
    """Return the environment of the dashboard's templates."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        asset=asset,
        when=lambda time: when(time, desk.zone),
        ago=lambda time: ago(time, desk.now(), desk.zone),
        lasting=lasting,
        data=data,
        ticks=ticks,
        marked=marked,
        spans=spans,
        external=external,
        query=query,
        count=count,
        size=size,
        is_current=navigation.is_current,
    )
    return made


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a static file, with a mark of its content: it may be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def when(time: datetime | None, zone: str) -> Markup:
    """Return a time in the desk's zone, the exact one in UTC on hover; a dash for none."""
    if time is None:
        return Markup('<span class="none">–</span>')
    local = time.astimezone(ZoneInfo(zone))
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        exact, time.strftime("%Y-%m-%d %H:%M:%S"), local.strftime("%-d %b %Y, %H:%M")
    )


def ago(time: datetime | None, now: datetime, zone: str) -> Markup:
    """Return how long ago, or in how long, a time is; the time itself on hover."""
    if time is None:
        return Markup('<span class="none">–</span>')
    seconds = (now - time).total_seconds()
    words = f"{lasting(seconds)} ago" if seconds >= 0 else f"in {lasting(-seconds)}"
    local = time.astimezone(ZoneInfo(zone)).strftime("%-d %b %Y, %H:%M:%S %Z")
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{} ({})">{}</time>').format(exact, local, exact, words)


def lasting(seconds: float | None) -> str:
    """Return a span of time in its largest sensible unit: `40 s`, `12 min`, `3 h`, `5 days`."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def data(text: object) -> Markup:
    """Return text from outside in its own direction, without control characters."""
    return Markup('<bdi dir="auto">{}</bdi>').format(wording.clean(str(text)) if text is not None else "")


def ticks(text: str) -> Markup:
    """Return a sentence of ours with what stands in backticks as code."""
    pieces = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if i % 2 else escape(piece) for i, piece in enumerate(pieces)
    )


def marked(text: str, spans: list[tuple[int, int, str]]) -> Markup:
    """Return text with its spans marked, each named on hover.

    Args:
        spans: Begin, end (code points of `text`) and name; what overlaps one before it is left out.
    """
    pieces: list[Markup] = []
    place = 0
    for begin, end, name in sorted(spans):
        if begin < place or end > len(text) or begin >= end:
            continue
        pieces.append(escape(_plain(text[place:begin])))
        named = Markup(' title="{}"').format(_plain(name)) if name else ""
        pieces.append(Markup("<mark{}>{}</mark>").format(named, _plain(text[begin:end])))
        place = end
    pieces.append(escape(_plain(text[place:])))
    return Markup("").join(pieces)


def spans(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Return marks without names, for `marked`."""
    return [(begin, end, "") for begin, end in marks]


_JOINERS = "\u200c\u200d"
"""Persian and several Indian scripts are misspelt without them."""


def _plain(text: str) -> str:
    """Return text without what moves or hides other text."""
    return "".join(c for c in text if c in "\n\t" or c in _JOINERS or c.isprintable() or c.isspace())


def external(url: object) -> str:
    """Return a web address that may be linked to, else an empty text: `javascript:` and `data:` never are."""
    text = str(url or "").strip()
    is_web = text.lower().startswith(("http://", "https://"))
    return text if is_web and text.isprintable() and " " not in text else ""


def query(**values: object) -> str:
    """Return `?a=b&c=d` of what is set, for links that keep the filters; an empty text for none."""
    pairs = [
        (key, item)
        for key, value in values.items()
        for item in (value if isinstance(value, list | tuple) else [value])
        if item not in (None, "", False)
    ]
    return "?" + urlencode(pairs) if pairs else ""


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 alert`, `1,204 alerts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: float | None) -> str:
    """Return bytes in a unit that a person reads."""
    if number is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("unreachable")
