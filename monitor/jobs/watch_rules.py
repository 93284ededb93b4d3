"""The watch over rules: which have stopped firing, with what nearly made them fire, and which flood."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import model
from monitor.alerts import watch_rules as judge
from monitor.alerts.watch import AT_ONCE, Finding
from monitor.jobs.context import Context
from monitor.rules import explain
from monitor.rules.compile import CompiledRule
from monitor.rules.view import View
from monitor.store import watch_rules as stored
from monitor.store.store import Connection
from monitor.store.watch_rules import Fired, RuleName

EVERY = 600.0
"""Seconds between two looks."""
HOUR = timedelta(hours=1)
LOOKED_AT = 200
"""Articles among which the nearest misses of a rule are looked for, the newest."""
MISSES, TERMS = 3, 3
"""Nearest misses and most frequent words that are told."""
AT_A_TIME = 5
"""Rules whose misses are looked for in one look; of others only that they stopped is told."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database says of the live rules."""

    fired: dict[RuleName, Fired]
    read_since: dict[RuleName, int]
    """Articles judged since each rule that may have stopped matched last."""
    read: int
    """In the last hour."""
    began: datetime | None


def names(context: Context) -> dict[RuleName, CompiledRule]:
    """Return the rules that may alert now; those whose time is over are none of them."""
    now = context.clock.now()
    return {
        (one.pack, one.id): one
        for one in context.setup.live.ruleset.rules
        if one.rule.traits.status == "live" and (one.rule.traits.active_to is None or one.rule.traits.active_to > now)
    }


async def look(context: Context, told: Collection[str]) -> None:
    """Judge the rules anew if it is time; `told`: keys of the notices that stand open."""
    at, pulse = context.clock.monotonic(), context.pulse
    if pulse.of_rules is not None and at < pulse.rules_due:
        return
    pulse.rules_due = at + EVERY
    now, rules = context.clock.now(), names(context)
    seen = await context.store.read(lambda connection: _look(connection, rules, now))
    found: list[Finding] = []
    for name in rules:
        key = f"rule_stopped:{name[0]}/{name[1]}"
        fired = seen.fired.get(name)
        silent = fired is None or judge.has_stopped(fired, seen.read_since.get(name, 0), now)
        if silent and (fired is not None or key in told):
            news = key not in told and len(found) < AT_A_TIME
            misses = await _misses(context, rules[name], fired.last) if news and fired else ()
            found.append(_stopped(key, name, fired, seen, misses))
        elif fired is not None and judge.floods(fired, seen.read, seen.began, now):
            found.append(await _flooding(context, name, fired, seen, now))
    pulse.of_rules = tuple(found)


def _look(connection: Connection, rules: Collection[RuleName], now: datetime) -> _Seen:
    fired = stored.fired(connection, now - judge.WINDOW, now - HOUR)
    silent = {name: one.last for name, one in fired.items() if name in rules and now - one.last > HOUR * 24}
    since = {last: stored.count_read(connection, last) for last in set(silent.values())}
    read = {name: since[last] for name, last in silent.items()}
    return _Seen(fired, read, stored.count_read(connection, now - HOUR), stored.began(connection))


def _stopped(key: str, name: RuleName, fired: Fired | None, seen: _Seen, misses: Sequence[str]) -> Finding:
    headline = f"Rule {name[1]} of pack {name[0]} no longer fires"
    if fired is None:
        return Finding(key, headline, "", patience=AT_ONCE)
    lines = [
        f"It matched {judge.in_words(fired.days)}, and nothing since {fired.last:%Y-%m-%d %H:%M} UTC, though "
        f"{seen.read_since.get(name, 0)} articles were read.",
        *(["What came nearest:", *misses] if misses else []),
        "A changed rule, a site that has changed, or a story that is over: `wirewatch explain PACK ID` says more.",
    ]
    return Finding(key, headline, "\n".join(lines), patience=AT_ONCE)


async def _misses(context: Context, rule: CompiledRule, since: datetime) -> tuple[str, ...]:
    """Return the articles since then that came nearest to making a rule true, and what was missing."""
    found = await context.store.read(lambda connection: stored.latest_articles(connection, since, LOOKED_AT))
    return await asyncio.to_thread(nearest, rule, found)


def nearest(rule: CompiledRule, found: Sequence[model.Article]) -> tuple[str, ...]:
    """Return a line for each article that came near, the nearest first: its title, newsroom, and what was missing."""
    told = [(explain.explain_rule(rule, View(article)), article) for article in found]
    near = [(one, article) for one, article in told if not one.true and one.tree.nearness > 0]
    near.sort(key=lambda pair: -pair[0].tree.nearness)
    lines = dict.fromkeys(
        f"“{article.title}” ({article.newsroom}): {explain.why_not_rule(one)}" for one, article in near
    )
    return tuple(lines)[:MISSES]


async def _flooding(context: Context, name: RuleName, fired: Fired, seen: _Seen, now: datetime) -> Finding:
    terms = await context.store.read(lambda connection: stored.frequent_terms(connection, name, now - HOUR, TERMS))
    words = ", ".join(f"{term} ({count})" for term, count in terms)
    usual = f"; it usually matches {judge.usual(fired, seen.began, now):.0f} a day" if seen.began else ""
    body = (
        f"It matched {fired.lately} of {seen.read} articles in the last hour{usual}. The words that did it: {words}. "
        f"`wirewatch silence add --pack {name[0]} --rule {name[1]} --for 2h` gives time to mend it."
    )
    key = f"rule_floods:{name[0]}/{name[1]}"
    return Finding(key, f"Rule {name[1]} of pack {name[0]} floods", body, patience=AT_ONCE)
