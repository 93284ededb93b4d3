"""What rule files, routes of config.toml and silences may name, and what the latter name that is not there. Pure.

A route with a typing error sends nothing to the pager, and a silence with one mutes nothing: neither shows by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor import config_values, errors, text
from monitor.config_settings import Config, FeedSettings, effective_channels
from monitor.rules import load
from monitor.rules.packs import Pack

_WITHOUT = {
    True: "this route adds its channels to no alert",
    False: "unless a feed brings it all the same, this route adds its channels to no alert",
}
LISTED = 8
"""Names that a remedy lists where none is near to what was written."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names there are."""

    packs: Mapping[str, Mapping[str, frozenset[str]]]
    """Pack -> rule -> tags of the rule and of its pack."""
    newsrooms: frozenset[str]
    langs: frozenset[str] | None
    """Languages of the feeds; None where one of them does not say its own."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that leads nowhere. `sure` is False where feeds or articles may still bring it."""

    key: str
    message: str
    fix: str
    sure: bool = True


def known_to_rules(config: Config) -> load.Known:
    """Return the channels, sources and groups that rule files may name."""
    return load.Known(
        channels=frozenset(effective_channels(config)),
        sources=frozenset(name for feed in config.feeds for name in (feed.id, feed.newsroom)),
        groups=frozenset(tag for feed in config.feeds for tag in feed.tags),
    )


def known_to(packs: Iterable[Pack], feeds: Sequence[FeedSettings]) -> Known:
    """Return what may be named under these packs and feeds."""
    langs = {feed.lang for feed in feeds}
    return Known(
        packs={pack.id: {rule.id: frozenset((*pack.tags, *rule.traits.tags)) for rule in pack.rules} for pack in packs},
        newsrooms=frozenset(feed.newsroom for feed in feeds),
        langs=None if None in langs or not langs else frozenset(lang for lang in langs if lang),
    )


def unknown_in(
    known: Known,
    *,
    pack: str | None = None,
    rule: str | None = None,
    tag: str | None = None,
    lang: str | None = None,
    newsroom: str | None = None,
) -> Iterator[Unknown]:
    """Yield what is named and is not there; a rule or tag is looked for in the pack, if one is named."""
    if pack is not None and pack not in known.packs:
        yield Unknown("pack", f"there is no pack `{pack}`", _remedy(pack, known.packs))
        return
    among = [known.packs[pack]] if pack is not None else list(known.packs.values())
    where = f"in pack `{pack}`" if pack is not None else "in any pack"
    rules = {name for one in among for name in one}
    if rule is not None and rule not in rules:
        yield Unknown("rule", f"there is no rule `{rule}` {where}", _remedy(rule, rules))
    tags = {name for one in among for own in one.values() for name in own}
    if tag is not None and tag not in tags:
        yield Unknown("tag", f"no rule {where} has the tag `{tag}`", _remedy(tag, tags))
    if lang is not None and known.langs is not None and lang not in known.langs:
        yield Unknown("lang", f"no feed is in `{lang}`", _remedy(lang, known.langs), sure=False)
    folded = {name.casefold() for name in known.newsrooms}
    if newsroom is not None and folded and newsroom.casefold() not in folded:
        yield Unknown("newsroom", f"no feed is of `{newsroom}`", _remedy(newsroom, known.newsrooms), sure=False)


def route_faults(config: Config, packs: Iterable[Pack]) -> list[errors.Fault]:
    """Return what the routes name that is not there, each with its place in config.toml."""
    known = known_to(packs, config.feeds)
    found = []
    for route in config.routes:
        named = {key: getattr(route, key) for key in ("pack", "rule", "tag", "lang", "newsroom")}
        for unknown in unknown_in(known, **named):
            line, column = route.places.get(unknown.key, (None, None))
            code = f"unknown_{unknown.key}" if unknown.sure else f"W_unknown_{unknown.key}"
            message = f"{unknown.message}: {_WITHOUT[unknown.sure]}"
            found.append(errors.Fault(str(config.path), line, column, code, message, unknown.fix))
    return found


def silence_faults(
    known: Known, pack: str | None, rule: str | None, newsroom: str | None, words: str | None
) -> list[Unknown]:
    """Return what a silence names that is not there; a phrase without a word mutes nothing either."""
    found = list(unknown_in(known, pack=pack, rule=rule, newsroom=newsroom))
    if words is not None and not list(text.folded_words(words)):
        found.append(Unknown("text", f"`{words}` holds no word", "write the words as the articles have them"))
    return found


def _remedy(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = config_values.nearest(name, names)
    if near:
        return f"did you mean `{near}`?"
    if not names:
        return "there is none at all"
    return f"known: {', '.join(names[:LISTED])}" + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
