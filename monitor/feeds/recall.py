"""Which items of a body stand byte for byte as they stood at the last poll: they bring nothing, and need no parsing.

Most feeds that changed brought one item and list twenty-four that were there before. feedparser costs as much for each
of them as for the new one. So of every body a `Memory` is kept: for each item a hash of its bytes, its date, and hashes
of the keys by which it is known. At the next poll feedparser gets the document without the items that are remembered.

That gives what the whole document would give, as long as nothing but an item's own bytes decides what is read in it.
The memory holds a hash of all else that does (`context`), and nothing is remembered of documents in which one item can
influence another: those that are not well-formed, and those whose items say their language, which feedparser keeps for
the items after them. An item that shares a key with a remembered one has the document read as a whole.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor import model
from monitor.feeds import fields, identity, sniff

MAX_KEPT = 300
"""Items of a document of which a memory is kept; 24 bytes each."""
MAX_CHANGED = 15
"""Items beyond which the document is read as a whole: fewer than what may be a rebuilt feed (`novelty`)."""
WHOLE_EVERY = timedelta(days=1)
"""How often a body is read as a whole, however little of it changes."""

_VERSION = b"\x01"
"""Changed with whatever changes what is read in an item."""
_ROW = struct.Struct(">8sI12s")
_UNDATED, _EMPTY = 0, 0xFFFFFFFF
_ITEM_LANGUAGE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?language[\s>]", re.IGNORECASE)
_CHANNEL = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?channel(?:\s[^>]{0,2000})?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an item."""

    published: datetime | None
    empty: bool
    """It had neither title, text nor link, and was left out."""
    keys: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a body."""

    context: bytes
    items: dict[bytes, Known]


@dataclass(frozen=True, slots=True)
class Cut:
    """A document without the items that are remembered."""

    body: bytes
    changed: tuple[bytes, ...]
    """Hashes of the items that are left, in their order."""
    unchanged: tuple[Known, ...]
    hashes: tuple[bytes, ...]
    """Of all items, in their order."""


def unpack(packed: bytes | None) -> Memory | None:
    """Return a memory as `pack` wrote it; None for none, and for one of another version."""
    if not packed or packed[:1] != _VERSION or (len(packed) - 9) % _ROW.size:
        return None
    return Memory(packed[1:9], {name: _known(date, keys) for name, date, keys in _ROW.iter_unpack(packed[9:])})


def _known(date: int, keys: bytes) -> Known:
    published = datetime.fromtimestamp(date, UTC) if date not in (_UNDATED, _EMPTY) else None
    return Known(published, date == _EMPTY, frozenset(keys[n : n + 4] for n in (0, 4, 8)) - {b"\x00" * 4})


def pack(context: bytes, hashes: Iterable[bytes], known: Iterable[Known]) -> bytes:
    """Return a memory in the form that is stored: 9 bytes, and 24 for each item."""
    rows = []
    for name, item in zip(hashes, known, strict=True):
        date = _EMPTY if item.empty else _seconds(item.published)
        rows.append(_ROW.pack(name, date, b"".join(sorted(item.keys))[:12]))
    return b"".join((_VERSION, context, *rows))


def _seconds(published: datetime | None) -> int:
    return min(int(published.timestamp()), _EMPTY - 1) if published else _UNDATED


def remember(entry: model.Entry) -> Known:
    """Return what to remember of an item that was read as `entry`."""
    values = (value for _, value in identity.entry_keys(entry))
    keys = frozenset(hash_of(value.encode("utf-8", "replace"))[:4] for value in values)
    return Known(entry.published, fields.is_empty(entry), keys)


def context_of(cleared: sniff.Cleared, *parts: object) -> bytes:
    """Return a hash of what, besides its own bytes, decides what is read in an item.

    Args:
        parts: Address, charset, version, base address and language, as they were found.
    """
    head = cleared.body[: cleared.items[0][0]] if cleared.items else cleared.body
    root = head[: head.find(b">", head.find(b"<" + _first_name(head))) + 1] if head else b""
    channel = _CHANNEL.search(head)
    marks = (root, channel[0] if channel else b"", b"<language" in head, cleared.charset, *parts)
    return hash_of(repr(marks).encode("utf-8", "replace"))


def _first_name(head: bytes) -> bytes:
    found = sniff.ELEMENT.search(head)
    return found[1] if found else b""


def hash_of(data: bytes) -> bytes:
    """Return 8 bytes that stand for `data`."""
    return hashlib.blake2b(data, digest_size=8).digest()


def hashes_of(cleared: sniff.Cleared) -> tuple[bytes, ...]:
    """Return a hash of each item; none where items cannot be told apart or may influence one another."""
    if not 0 < len(cleared.items) <= MAX_KEPT:
        return ()
    if _ITEM_LANGUAGE.search(cleared.body, cleared.items[0][0]):
        return ()
    return tuple(hash_of(cleared.body[start:end]) for start, end in cleared.items)


def cut(cleared: sniff.Cleared, hashes: Sequence[bytes], memory: Memory) -> Cut | None:
    """Return the document without what is remembered; None where it is to be read as a whole."""
    left = [place for place, name in enumerate(hashes) if name not in memory.items]
    if len(left) > MAX_CHANGED or len(left) == len(hashes):
        return None
    kept: list[bytes] = []
    position = 0
    for place, (start, end) in enumerate(cleared.items):
        kept.append(cleared.body[position:start])
        if hashes[place] not in memory.items:
            kept.append(cleared.body[start:end])
        position = end
    kept.append(cleared.body[position:])
    unchanged = tuple(memory.items[name] for name in hashes if name in memory.items)
    return Cut(b"".join(kept), tuple(hashes[place] for place in left), unchanged, tuple(hashes))


def stands(cut_out: Cut, known: Sequence[Known]) -> bool:
    """Return whether the changed items, read as `known`, share no key with the others."""
    fresh = frozenset().union(*(item.keys for item in known))
    return fresh.isdisjoint(frozenset().union(*(item.keys for item in cut_out.unchanged)))


def usable(feed: model.Feed, now: datetime) -> bytes | None:
    """Return what may be recalled of a feed's last body; None where the next is to be read as a whole.

    That is once a day, so that the keys of what is listed stay fresh and the language of the whole is looked at, and
    always while the language is in question.
    """
    if not feed.baselined or feed.memory_at is None or "language" in feed.troubles:
        return None
    return feed.memory if timedelta() <= now - feed.memory_at < WHOLE_EVERY else None
