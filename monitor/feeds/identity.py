"""Which entry is this? Any of guid, canonical URL and text names it, scoped to its feed.

None of the three can be trusted alone: guids change at each poll or stand on two articles, addresses carry sessions or
are one page for all, headlines come again every day. `sort_listing` decides about a whole body at once, for what a key
is worth shows in the company it comes in. `docs/decisions/0018-identity.md` has the cases and the figures.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from monitor import model, urls

GUID = "guid"
URL = "url"
PRINT = "print"
BRIEF = "brief"
"""Of a text too short to name an article: it only confirms what something else suggests."""

MIN_PRINT_CHARACTERS = 40
"""Shorter texts (`Live updates`, `Weather today`) come again for other articles: alone they identify nothing."""
AGAIN_AFTER = timedelta(hours=12)
"""A headline that comes again under another guid, address and date is another article from this distance on.

On rss-archive-2023 the daily columns (`What's News: World-Wide`) lie 14 hours or more apart and re-posts of one article
lie within 10 hours; `python -m tests.eval.identity` shows both.
"""
ALIKE = 0.5
"""Share of the words of the shorter headline that both have, from which one may be a revision of the other."""
NEARLY_EQUAL = 0.75
"""The same, where the guid that both have is a mere number or name that a feed may give again."""
REBUILT_TEXTS = 10
"""Known texts under unknown names in one body that make it a rebuilt feed, however many unknown ones stand there."""
SHARED_SAMPLE = 50
"""Entries under one key that are compared pair by pair; what more says is no different."""

_NAMES = (GUID, URL)
_TEXT = {PRINT: BRIEF, BRIEF: PRINT}
_WORDS = re.compile(r"\W+")
_TELLING_GUID = re.compile(r"://|\d{5}|^(?=.*\d)[\w.:-]{16,}$")
_PAGE_NUMBER = re.compile(r"\d{5,}(?!.*\d{5})")

Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Every key that an entry of the same feed has ever had, by kind, and the entry as it stands."""

    entry_id: int
    keys: Mapping[str, frozenset[str]]
    title: str = ""
    summary: str = ""
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class New:
    """No known entry is this one.

    `no_known_key`, `guid_reused` (same guid; other address and other text), `shared_key` (what it has in common with a
    known entry is common to several entries of this body) or `headline_again` (same text; everything else differs).
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """The entry stands as it stood: `same_text`, `same_address` or `listed_twice` (a later item for one entry).

    The caller adds keys that `entry_id` did not have yet.
    """

    entry_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Revised:
    """The entry's headline or summary changed: `text_changed`. The caller adds its new keys to `entry_id`."""

    entry_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """The body lists the new entry at `place` once more."""

    place: int
    reason: str = "listed_twice"


Decision = New | Known | Revised


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one listed entry, and the keys by which it will be known."""

    decision: Decision | Repeated
    keys: Keys
    named: bool
    """Whether the feed's own name for it (its guid, else its address) is known."""


def entry_keys(entry: model.Entry) -> Keys:
    """Return the keys of `entry` as (kind, value), in the order guid, url, then print or brief; at least one.

    `url` is canonical and missing where the link is a site's front page. `print` and `brief` are 32 hex digits of the
    text; `brief` where the text is too short to identify an article and another key exists.
    """
    folded = _folded(entry.title, entry.summary)
    url = _page_key(entry.url)
    telling = len(folded) >= MIN_PRINT_CHARACTERS or not (entry.guid or url)
    pairs = ((GUID, entry.guid), (URL, url), (PRINT if telling else BRIEF, _fingerprint(entry, folded)))
    return tuple((kind, value) for kind, value in pairs if value)


# -- a whole body --------------------------------------------------------------------------------


def sort_listing(listed: Sequence[model.Entry], keys: Sequence[Keys], known: Iterable[KnownKeys]) -> tuple[Placed, ...]:
    """Decide about every entry of one body, in its order.

    Args:
        keys: Of each entry, as `entry_keys` returns them.
        known: The entries of the feed that share a key with any of them.
    """
    index: dict[tuple[str, str], list[KnownKeys]] = defaultdict(list)
    for hit in known:
        _index(index, hit)
    shared = _shared_keys(listed, keys)
    keys = [_with_a_name(own, shared) for own in keys]
    named = [any(_holds(hit, own[:1]) for hit in index.get(own[0], ())) for own in keys]
    goes_on = not _is_rebuilt(keys, index)
    present = frozenset(
        hit.entry_id for own in keys for pair in own if pair[0] in _NAMES for hit in index.get(pair, ())
    )
    placed: list[Placed] = []
    revised: set[int] = set()
    for place, (entry, own) in enumerate(zip(listed, keys, strict=True)):
        hits = {hit.entry_id: hit for pair in own for hit in index.get(pair, ())}
        decision = decide_entry(entry, list(hits.values()), keys=own, shared=shared, goes_on=goes_on, present=present)
        found: Decision | Repeated = decision
        kept = tuple(pair for pair in own if pair not in shared)
        if isinstance(decision, New):
            _index(index, _as_known(-1 - place, entry, own))
        elif decision.entry_id < 0:
            found = Repeated(-1 - decision.entry_id)
        elif isinstance(decision, Revised) and decision.entry_id in revised:
            found = Known(decision.entry_id, "listed_twice")
        elif isinstance(decision, Revised):
            revised.add(decision.entry_id)
        placed.append(Placed(found, kept, named[place]))
    return tuple(placed)


def _index(index: dict[tuple[str, str], list[KnownKeys]], hit: KnownKeys) -> None:
    for kind, values in hit.keys.items():
        for value in values:
            index[kind, value].append(hit)
            if kind in _TEXT:  # what is a name of its own for one listing only confirms in another
                index[_TEXT[kind], value].append(hit)


def _as_known(number: int, entry: model.Entry, own: Keys) -> KnownKeys:
    return KnownKeys(
        number, {kind: frozenset((value,)) for kind, value in own}, entry.title, entry.summary, entry.published
    )


def _holds(hit: KnownKeys, keys: Keys) -> bool:
    return any(value in hit.keys.get(kind, ()) for kind, value in keys)


def _is_rebuilt(keys: Sequence[Keys], index: Mapping[tuple[str, str], list[KnownKeys]]) -> bool:
    """Return whether the feed gave all its items new names: none is known by guid or address, but their texts are.

    A feed whose items are all new since the last poll lists few known texts: the headlines that come again every day.
    """
    if any(pair in index for own in keys for pair in own if pair[0] in _NAMES):
        return False
    texts = sum(pair in index for own in keys for pair in own if pair[0] in _TEXT)
    return texts * 2 >= len(keys) or texts >= REBUILT_TEXTS


def _shared_keys(listed: Sequence[model.Entry], keys: Sequence[Keys]) -> frozenset[tuple[str, str]]:
    """Return the guids and addresses that different articles of this body have in common: they name none of them."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, own in enumerate(keys):
        for pair in own:
            if pair[0] in _NAMES:
                holders[pair].append(place)
    return frozenset(
        pair
        for pair, places in holders.items()
        if len(places) > 1
        and any(
            _differ(pair[0], (listed[a], keys[a]), (listed[b], keys[b]))
            for a, b in combinations(places[:SHARED_SAMPLE], 2)
        )
    )


def _differ(kind: str, one: tuple[model.Entry, Keys], other: tuple[model.Entry, Keys]) -> bool:
    """Return whether two entries of one body with the same guid (or the same address) are two articles."""
    keys, others = dict(one[1]), dict(other[1])
    if _text_key(keys) == _text_key(others):
        return False
    if kind == GUID:
        return not (URL in keys and keys[URL] == others.get(URL))
    if GUID in keys and keys[GUID] == others.get(GUID):
        return False
    # Parts of one page, as a live blog lists them, differ in what stands behind the `#`.
    return _part(one[0]) != _part(other[0]) or _likeness(one[0].title, other[0].title) < ALIKE


def _part(entry: model.Entry) -> str:
    return (entry.url or "").partition("#")[2]


def _with_a_name(own: Keys, shared: frozenset[tuple[str, str]]) -> Keys:
    """Return the keys of an entry; where all that could name it is shared, its text must, however short."""
    if any(pair[0] != BRIEF and pair not in shared for pair in own):
        return own
    return tuple((PRINT if kind == BRIEF else kind, value) for kind, value in own)


# -- one entry -----------------------------------------------------------------------------------


def decide_entry(
    entry: model.Entry,
    hits: Sequence[KnownKeys],
    *,
    keys: Keys | None = None,
    shared: frozenset[tuple[str, str]] = frozenset(),
    goes_on: bool = True,
    present: frozenset[int] = frozenset(),
) -> Decision:
    """Decide whether `entry` is one of `hits`, the known entries of its feed that share a key with it.

    Equal text is the same entry, whatever guid and address are now (guids that change at each poll, a feed rebuilt),
    unless it is a headline that comes again. An equal address with other text is a revision. An equal guid with another
    address and another text is a revision where the two are alike, else another article: feeds reuse guids, and an
    article taken for an old one would never alert.

    Args:
        shared: Keys that different articles of the body have in common.
        goes_on: Whether the feed was not rebuilt as a whole.
        present: Known entries that the body lists under their own guid or address.
    """
    own = dict(keys if keys is not None else entry_keys(entry))
    ranked = [decision for hit in hits if (decision := _compare(entry, own, hit, shared, goes_on, present))]
    if ranked:
        return min(ranked, key=lambda decision: isinstance(decision, Revised))
    return New(_why_new(own, hits, shared))


def _why_new(own: Mapping[str, str], hits: Sequence[KnownKeys], shared: frozenset[tuple[str, str]]) -> str:
    if any(_same_text(own, hit) for hit in hits):
        return "headline_again"
    common = [kind for kind in _NAMES if kind in own and any(own[kind] in hit.keys.get(kind, ()) for hit in hits)]
    if any((kind, own[kind]) in shared for kind in common):
        return "shared_key"
    return "guid_reused" if GUID in common else "no_known_key"


def _compare(
    entry: model.Entry,
    own: Mapping[str, str],
    hit: KnownKeys,
    shared: frozenset[tuple[str, str]],
    goes_on: bool,
    present: frozenset[int],
) -> Known | Revised | None:
    """Return what `hit` is to an entry with the keys `own`; None if it is another article."""
    same = {kind: own[kind] in hit.keys.get(kind, ()) for kind in _NAMES if kind in own}
    trusted = {kind for kind, equal in same.items() if equal and (kind, own[kind]) not in shared}
    beside = hit.entry_id < 0 or hit.entry_id in present  # what one body lists side by side it tells apart
    goes_on = goes_on or hit.entry_id < 0
    if _same_text(own, hit) or (same.get(GUID) and _same_words(entry, hit)):
        if trusted or same.get(GUID) or not (goes_on and _comes_again(entry, own, hit)):
            return Known(hit.entry_id, "same_text")
        return None
    if _same_brief(own, hit) and not beside and (not goes_on or _same_date(entry, hit)):
        return Known(hit.entry_id, "same_text")
    if URL in trusted or (GUID in trusted and not _addresses_differ(own, hit)):
        return _changed(entry, own, hit)
    if GUID in trusted and _is_revision(entry, own, hit):
        return Revised(hit.entry_id, "text_changed")
    return None


def _changed(entry: model.Entry, own: Mapping[str, str], hit: KnownKeys) -> Known | Revised:
    if _same_brief(own, hit) or _same_words(entry, hit):
        return Known(hit.entry_id, "same_text")
    comparable = _text_key(own) is not None and bool(hit.keys.get(PRINT) or hit.keys.get(BRIEF) or hit.title)
    return Revised(hit.entry_id, "text_changed") if comparable else Known(hit.entry_id, "same_address")


def _same_text(own: Mapping[str, str], hit: KnownKeys) -> bool:
    return _text_key(own) in hit.keys.get(PRINT, ())


def _same_brief(own: Mapping[str, str], hit: KnownKeys) -> bool:
    return BRIEF in own and own[BRIEF] in hit.keys.get(BRIEF, ())


def _same_words(entry: model.Entry, hit: KnownKeys) -> bool:
    folded = _folded(entry.title, entry.summary)
    return bool(folded) and folded == _folded(hit.title, hit.summary)


def _same_date(entry: model.Entry, hit: KnownKeys) -> bool:
    return entry.published is not None and entry.published == hit.published


def _comes_again(entry: model.Entry, own: Mapping[str, str], hit: KnownKeys) -> bool:
    """Return whether this is the next one of a daily headline: other address (or guid), and long after."""
    if entry.published is None or hit.published is None:
        return False
    elsewhere = _addresses_differ(own, hit) or (URL not in own and GUID in own and bool(hit.keys.get(GUID)))
    return elsewhere and abs(entry.published - hit.published) >= AGAIN_AFTER


def _is_revision(entry: model.Entry, own: Mapping[str, str], hit: KnownKeys) -> bool:
    """Return whether an entry with a known guid, another address and another text is the same article, rewritten.

    Its page has the same number, or its headline is alike; nearly equal, where the guid is one that may come again.
    """
    numbers = {found[0] for url in hit.keys.get(URL, ()) if (found := _PAGE_NUMBER.search(url))}
    here = _PAGE_NUMBER.search(own.get(URL, ""))
    if here and here[0] in numbers:
        return True
    least = ALIKE if _TELLING_GUID.search(own[GUID]) else NEARLY_EQUAL
    return _likeness(entry.title, hit.title) >= least


def _likeness(one: str, other: str) -> float:
    """Return which share of the shorter headline's words the other has too; 0 below two words."""
    words, others = set(_folded(one, "").split()), set(_folded(other, "").split())
    fewer = min(len(words), len(others))
    return len(words & others) / fewer if fewer > 1 else float(words == others and bool(words))


def _addresses_differ(own: Mapping[str, str], hit: KnownKeys) -> bool:
    known = hit.keys.get(URL)
    return URL in own and bool(known) and own[URL] not in (known or ())


def _page_key(url: str | None) -> str | None:
    """Return the canonical URL, unless it is a front page: feeds without article links point all items there."""
    canonical = urls.canonical_url(url) if url else None
    if not canonical:
        return None
    parts = urls.parse_url(canonical)
    return canonical if parts.path.strip("/") or parts.query else None


def _text_key(own: Mapping[str, str]) -> str | None:
    return own.get(PRINT) or own.get(BRIEF)


def _fingerprint(entry: model.Entry, folded: str) -> str:
    text = folded or f"{entry.title} {entry.summary}"  # nothing but signs
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _folded(title: str, summary: str) -> str:
    """Return title and summary without case, punctuation and spacing, which publishers retouch."""
    text = unicodedata.normalize("NFKC", f"{title} {summary}").casefold()
    return _WORDS.sub(" ", text).strip()
