"""Typed reading of one map: each reader returns a value or reports a fault and returns its default."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from monitor import errors
from monitor.rules import terms
from monitor.rules.yaml_nodes import Map, Node, Seq, Text, quoted

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,6})([smhdw])")
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?)?)?)?")

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo"
    " es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka"
    " kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng"
    " nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su"
    " sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
ISO_639_1 = frozenset(_ISO_639_1.split())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return what `word` was probably meant to be."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def fix_for(word: str, known: Iterable[str], sign: str = "") -> str | None:
    """Return a fix that names the nearest known word."""
    close = nearest(word, known)
    return f"did you mean `{sign}{close}`?" if close else None


class Reader:
    """Reads one map and collects faults in a list shared by the whole file."""

    def __init__(self, node: Map, faults: list[errors.Fault]) -> None:
        self.node = node
        self.faults = faults
        self.cut: set[str] = set()
        """Keys whose values end at a comma inside braces."""

    def fault(self, node: Node, code: str, message: str, fix: str | None = None) -> None:
        """Report a fault at `node`."""
        self.faults.append(node.place.fault(code, message, fix))

    def check_keys(self, known: Iterable[str]) -> None:
        """Report unknown keys."""
        known = tuple(known)
        last: Text | None = None
        for key, value in self.node.entries:
            if key.value in known or key.value.startswith("x-"):
                last = key
            elif self.node.flow and isinstance(value, Text) and value.empty:
                self._report_cut(last, key)
            else:
                self.fault(key, "E103", f"unknown key `{key.value}`", fix_for(key.value, known))
                last = None

    def _report_cut(self, name: Text | None, rest: Text) -> None:
        """Report once that the value of `name` ends at a comma inside braces, and what it was probably meant to be."""
        value = self.node.get(name.value) if name is not None else None
        if name is None or not isinstance(value, Text) or value.style:
            self.fault(rest, "E104", f"`{rest.value}` looks cut off at a comma inside braces", "quote the value")
        elif name.value not in self.cut:
            self.cut.add(name.value)
            names = [key for key, _ in self.node.entries]
            behind = self.node.entries[names.index(name) + 1 :]
            rests = itertools.takewhile(lambda entry: isinstance(entry[1], Text) and entry[1].empty, behind)
            whole = ", ".join([value.value, *(key.value for key, _ in rests)])
            message = f"`{name.value}` is cut to `{value.value}` at the comma before `{rest.value}`"
            self.fault(rest, "E104", message, f"write {name.value}: {quoted(whole)}")

    def get(self, key: str) -> Node | None:
        """Return the value under `key`; an empty one is a fault and counts as absent."""
        value = self.node.get(key)
        if isinstance(value, Text) and value.empty:
            self.fault(value, "E105", f"`{key}` is empty", "write a value or remove the key; ` #` starts a comment")
            return None
        return value

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        found = self.scalar(key)
        return default if found is None else found.value

    def scalar(self, key: str) -> Text | None:
        """Return a text with its place."""
        value = self.get(key)
        if value is None or isinstance(value, Text):
            return value
        self.fault(value, "E105", f"`{key}` must be text", _map_fix(value))
        return None

    def choice(self, key: str, options: tuple[str, ...], default: str) -> str:
        """Return one of `options`."""
        found = self.scalar(key)
        if found is None or found.value in options:
            return found.value if found else default
        listed = ", ".join(options)
        self.fault(found, "E105", f"`{key}` must be one of {listed}", fix_for(found.value, options))
        return default

    def nodes(self, key: str) -> tuple[Node, ...]:
        """Return the items of a list; one text counts as a list of one."""
        value = self.get(key)
        return () if value is None else self.list_items(value, key)

    def list_items(self, value: Node, key: str) -> tuple[Node, ...]:
        """Return the items of `value`, which stands under `key`."""
        if isinstance(value, Map):
            self.fault(value, "E105", f"`{key}` must be a list")
            return ()
        items = value.items if isinstance(value, Seq) else (value,)
        for item in items:
            if isinstance(item, Text) and item.empty:
                self.fault(item, "E105", "an empty item", "`#` starts a comment; quote it if it is meant")
        return tuple(i for i in items if not (isinstance(i, Text) and i.empty))

    def texts(self, key: str) -> tuple[Text, ...]:
        """Return the texts of a list."""
        return tuple(text for node in self.nodes(key) if (text := self.as_text(node)) is not None)

    def words(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list without their places."""
        return tuple(text.value for text in self.texts(key))

    def as_text(self, node: Node) -> Text | None:
        """Return `node` if it is a text, else report it."""
        if isinstance(node, Text):
            return node
        self.fault(node, "E105", "expected text", _map_fix(node))
        return None

    def map(self, key: str) -> Map | None:
        """Return a map."""
        value = self.get(key)
        if value is None or isinstance(value, Map):
            return value
        self.fault(value, "E105", f"`{key}` must be a map", "write `key: value` under it")
        return None

    def id(self, key: str, pattern: re.Pattern[str]) -> Text | None:
        """Return an id; a missing one is reported."""
        found = self.scalar(key)
        if found is None:
            if self.node.get(key) is None:
                self.fault(self.node, "E105", f"`{key}` is missing")
            return None
        if pattern.fullmatch(found.value):
            return found
        hint = "a-z, 0-9 and -" if pattern is terms.ID else "a-z, 0-9, - and _"
        self.fault(found, "E105", f"`{found.value}` is no id", f"begin with a letter and use only {hint}")
        return None

    def languages(self, key: str) -> frozenset[str] | None:
        """Return language codes, or None where the key is absent."""
        if self.node.get(key) is None:
            return None
        codes = [text.value for text in self.texts(key) if self.language(text)]
        return frozenset(codes)

    def language(self, text: Text) -> bool:
        """Return whether `text` is a language code; report it if not."""
        if text.value in ISO_639_1:
            return True
        self.fault(text, "E206", f"`{text.value}` is no language code", "two small letters: en, ar, he, fr")
        return False

    def duration(self, key: str) -> float | None:
        """Return seconds."""
        found = self.scalar(key)
        return None if found is None else self.as_duration(found, found.value)

    def as_duration(self, found: Text, written: str) -> float | None:
        """Return the seconds that `written`, a part of `found`, stands for; else report it."""
        match = _DURATION.fullmatch(written)
        if match is None:
            self.fault(found, "E206", f"`{written}` is no duration", "a number and s, m, h, d or w: 36h")
            return None
        return float(int(match[1]) * _UNITS[match[2]])

    def number(self, key: str, most: int, least: int = 0) -> int | None:
        """Return a whole number from `least` to `most`."""
        found = self.scalar(key)
        return None if found is None else self.as_number(found, f"`{key}`", most, least)

    def as_number(self, found: Text, what: str, most: int, least: int = 0) -> int | None:
        """Return the whole number from `least` to `most` that `found` writes; else report it."""
        number = int(found.value) if _WHOLE.fullmatch(found.value) else None
        if number is not None and least <= number <= most:
            return number
        self.fault(found, "E105", f"{what} must be a whole number from {least} to {most}")
        return None

    def yes_or_no(self, key: str, default: bool) -> bool:
        """Return a truth value, written `true` or `false`."""
        return self.choice(key, ("true", "false"), str(default).lower()) == "true"

    def start_of(self, key: str) -> datetime | None:
        """Return the first moment of a year, month, day or time."""
        span = self._date(key)
        return span[0] if span else None

    def end_of(self, key: str) -> datetime | None:
        """Return the first moment after a year, month, day or minute."""
        span = self._date(key)
        return span[1] if span else None

    def moment(self, key: str) -> datetime | None:
        """Return a point in time; a day stands for its beginning, UTC."""
        return self.start_of(key)

    def _date(self, key: str) -> tuple[datetime, datetime] | None:
        found = self.scalar(key)
        if found is None:
            return None
        try:
            return parse_span(found.value)
        except ValueError:
            fix = "2025, 2025-03, 2025-03-10 or 2025-03-10T08:00Z"
            self.fault(found, "E206", f"`{found.value}` is no date", fix)
            return None


def _map_fix(node: Node) -> str | None:
    if isinstance(node, Map) and node.entries:
        key, value = node.entries[0]
        if len(node.entries) == 1 and isinstance(value, Text) and not node.flow:
            return f"`{key.value}: ` makes it a map; write {quoted(f'{key.value}: {value.value}')}"
        return f"`{key.value}: ` makes it a map; quote the text"
    return None


def parse_span(written: str) -> tuple[datetime, datetime]:
    """Return the beginning and the end (exclusive) of a year, month, day or minute, UTC unless an offset is given.

    Raises: ValueError.
    """
    found = _DATE.fullmatch(written)
    if found is None:
        raise ValueError(written)
    year, month, day, hour, minute, second, zone = found.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    start = start.replace(tzinfo=UTC) if zone in (None, "Z") else datetime.fromisoformat(f"{start.isoformat()}{zone}")
    if hour:
        return start.astimezone(UTC), start.astimezone(UTC) + timedelta(minutes=1)
    if day:
        return start, start + timedelta(days=1)
    if month:
        return start, (start + timedelta(days=31)).replace(day=1)
    return start, start.replace(year=int(year) + 1)


def each(nodes: Iterable[Node], faults: list[errors.Fault], what: str, read: Callable[[Reader], object]) -> None:
    """Call `read` on every map of `nodes`; report what is none."""
    for node in nodes:
        if isinstance(node, Map):
            read(Reader(node, faults))
        else:
            faults.append(node.place.fault("E105", f"{what} must be a map", "write `- id: ...` with its keys"))
