"""Which channels an alert goes to. Pure.

A pack's own `route` (or the default route, where it names none) always stands; every `[[routes]]` that fits adds its
channels to it. A route fits where all that it names fits; `severity` names the least one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor import model


@dataclass(frozen=True, slots=True)
class Route:
    """One `[[routes]]` of config.toml: None stands for any."""

    channels: tuple[str, ...]
    pack: str | None = None
    rule: str | None = None
    severity: str | None = None
    """The least severity that goes this way."""
    tag: str | None = None
    """Of the pack or of a rule that matched."""
    lang: str | None = None
    newsroom: str | None = None
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False)
    """Line and column of what it names, by key."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What routes look at in an alert."""

    pack: str
    severity: str
    rules: Sequence[str]
    tags: frozenset[str] = frozenset()
    lang: str | None = None
    newsroom: str = ""


def channels_for(subject: Subject, own: Sequence[str], routes: Iterable[Route]) -> tuple[str, ...]:
    """Return the channels of an alert, each once: those of `own`, then those that routes add."""
    added = [name for route in routes if _fits(route, subject) for name in route.channels]
    return tuple(dict.fromkeys([*own, *added]))


def _fits(route: Route, subject: Subject) -> bool:
    if route.severity is not None and model.severity_rank(subject.severity) < model.severity_rank(route.severity):
        return False
    return (
        route.pack in (None, subject.pack)
        and (route.rule is None or route.rule in subject.rules)
        and (route.tag is None or route.tag in subject.tags)
        and (route.lang is None or route.lang == (subject.lang or "").partition("-")[0])
        and (route.newsroom is None or route.newsroom.casefold() == subject.newsroom.casefold())
    )
