"""Which entry is this? Any of guid, canonical URL and content fingerprint, scoped to its feed."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor import model, urls

GUID = "guid"
URL = "url"
PRINT = "print"

MIN_PRINT_CHARACTERS = 40
"""Shorter texts (`Live updates`, `Weather today`) come again for other articles: alone they identify nothing."""

_WORDS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Every key that an entry of the same feed has ever had, by kind."""

    entry_id: int
    keys: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class New:
    """No known entry is this one: `no_known_key`, or `guid_reused` (same guid; other address and other text)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """The entry stands as it stood: `same_text`, or `same_address` where there is no text to compare.

    The caller adds keys that `entry_id` did not have yet.
    """

    entry_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Revised:
    """The entry's headline or summary changed: `text_changed`. The caller adds its new keys to `entry_id`."""

    entry_id: int
    reason: str


Decision = New | Known | Revised


def entry_keys(entry: model.Entry) -> tuple[tuple[str, str], ...]:
    """Return the keys of `entry` as (kind, value), in the order guid, url, print; at least one.

    `url` is canonical and missing where the link is a site's front page. `print` is 32 hex digits; it is missing
    where the text is too short to identify an article and another key exists.
    """
    url = _page_key(entry.url)
    fingerprint = _fingerprint(entry) if _is_telling(entry) or not (entry.guid or url) else None
    pairs = ((GUID, entry.guid), (URL, url), (PRINT, fingerprint))
    return tuple((kind, value) for kind, value in pairs if value)


def decide_entry(entry: model.Entry, hits: Sequence[KnownKeys]) -> Decision:
    """Decide whether `entry` is one of `hits`, the known entries of its feed that share a key with it.

    Equal text is the same entry, whatever guid and address are now (guids that change at each poll, a feed rebuilt).
    An equal address with other text is a revision. An equal guid with another address AND another text is another
    article: feeds reuse guids, and an article taken for an old one would never alert.
    """
    keys = dict(entry_keys(entry))
    ranked = [decision for hit in hits if (decision := _compare(keys, hit))]
    if not ranked:
        return New("guid_reused" if any(keys.get(GUID) in hit.keys.get(GUID, ()) for hit in hits) else "no_known_key")
    return min(ranked, key=lambda decision: isinstance(decision, Revised))


def _compare(keys: Mapping[str, str], hit: KnownKeys) -> Known | Revised | None:
    """Return what `hit` is to an entry with `keys`; None if it is another article."""
    same = {kind: value in hit.keys.get(kind, ()) for kind, value in keys.items()}
    if same.get(PRINT):
        return Known(hit.entry_id, "same_text")
    comparable = PRINT in keys and bool(hit.keys.get(PRINT))
    if same.get(URL) or (same.get(GUID) and not _addresses_differ(keys, hit)):
        return Revised(hit.entry_id, "text_changed") if comparable else Known(hit.entry_id, "same_address")
    if same.get(GUID) and not comparable:
        return Known(hit.entry_id, "same_address")
    return None


def _addresses_differ(keys: Mapping[str, str], hit: KnownKeys) -> bool:
    known = hit.keys.get(URL)
    return URL in keys and bool(known) and keys[URL] not in (known or ())


def _page_key(url: str | None) -> str | None:
    """Return the canonical URL, unless it is a front page: feeds without article links point all items there."""
    canonical = urls.canonical_url(url) if url else None
    if not canonical:
        return None
    parts = urls.parse_url(canonical)
    return canonical if parts.path.strip("/") or parts.query else None


def _is_telling(entry: model.Entry) -> bool:
    return len(_folded(entry)) >= MIN_PRINT_CHARACTERS


def _fingerprint(entry: model.Entry) -> str:
    return hashlib.sha256(_folded(entry).encode("utf-8", "replace")).hexdigest()[:32]


def _folded(entry: model.Entry) -> str:
    """Return title and summary without case, punctuation and spacing, which publishers retouch."""
    text = unicodedata.normalize("NFKC", f"{entry.title} {entry.summary}").casefold()
    return _WORDS.sub(" ", text).strip()
