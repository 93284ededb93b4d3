"""The pages of the dashboard as its head lists them, and the keys that go to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the navigation."""

    path: str
    label: str
    key: str
    """After `g`, goes there."""


ITEMS = (
    Item("/alerts", "Alerts", "a"),
    Item("/stories", "Stories", "s"),
    Item("/feeds", "Feeds", "f"),
    Item("/rules", "Rules", "r"),
    Item("/playground", "Playground", "p"),
    Item("/search", "Search", "/"),
    Item("/silences", "Silences", "m"),
    Item("/ledger", "Ledger", "l"),
    Item("/system", "System", "y"),
)


def present(paths: Iterable[str]) -> tuple[Item, ...]:
    """Return the entries whose page is among `paths`."""
    known = frozenset(paths)
    return tuple(item for item in ITEMS if item.path in known)


def is_current(item: Item, here: str) -> bool:
    """Return whether `here` is the entry's page or one below it."""
    return here == item.path or here.startswith(item.path + "/")
