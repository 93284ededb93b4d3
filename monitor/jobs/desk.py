"""Whose rules decide, and where alerts go: what the deciding step takes from the set-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor import model
from monitor.alerts import route
from monitor.jobs.context import Setup
from monitor.rules.compile import RuleSet


@dataclass(frozen=True, slots=True)
class Desk:
    """The live rules with their id, where a pack without a route goes, and the routes of config.toml."""

    rules: RuleSet
    ruleset_id: str
    default_route: tuple[str, ...] = ()
    routes: tuple[route.Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """What stands on an alert."""

    pack_title: str
    rules: tuple[str, ...]
    route: tuple[str, ...]
    """Every channel that it goes to."""


def desk_of(setup: Setup) -> Desk:
    """Return the desk of a set-up."""
    return Desk(setup.live.ruleset, setup.live.id, setup.config.default_route, setup.config.routes)


def address(desk: Desk, name: str, severity: str, matches: Sequence[model.Match], article: model.Article) -> Address:
    """Return title, rules and channels of an alert of pack `name`."""
    pack = desk.rules.packs[name]
    rules = tuple(match.rule for match in matches if match.status == "live")
    own = tuple(pack.route) or desk.default_route
    if not desk.routes:
        return Address(pack.title, rules, own)
    tags = {tag for rule in pack.rules if rule.id in rules for tag in rule.traits.tags}
    subject = route.Subject(name, severity, rules, frozenset(tags | set(pack.tags)), article.lang, article.newsroom)
    return Address(pack.title, rules, route.channels_for(subject, own, desk.routes))
