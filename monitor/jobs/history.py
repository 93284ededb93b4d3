"""What the deciding step knows of a story when it decides for a pack: who carries it, what was told, what is held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from monitor.alerts import decide, facts, terms
from monitor.jobs import voices
from monitor.jobs.desk import Desk
from monitor.model import Reason
from monitor.rules.compile import RuleSet
from monitor.store import decisions, held, stories
from monitor.store.store import Connection
from monitor.stories import assign, features


class History:
    """One story, as it stands in the database; each thing is asked for once, when it is needed."""

    def __init__(self, connection: Connection, desk: Desk, story_id: int, begins: bool = False) -> None:
        """`begins`: with the article that is decided about, so that nothing can be held in it."""
        self.story_id = story_id
        self._connection = connection
        self._desk = desk
        self._names: list[str] | None = None
        self._wanted: set[int] = set()
        """Articles with which others are likely to be compared."""
        self._kept: dict[int, list[assign.Candidate]] = {}
        self._nearness: dict[tuple[int, int], float] = {}
        self.holds = [] if begins else held.of_story(connection, story_id)

    def look_again(self) -> None:
        """Read anew what is held."""
        self.holds = held.of_story(self._connection, self.story_id)

    @property
    def names(self) -> list[str]:
        """Return the independent newsrooms that carry the story."""
        if self._names is None:
            self._names = list(voices.voices_of(self._connection, self.story_id))
        return self._names

    def of_pack(self, pack: str) -> decide.Story:
        """Return what a pack's decision goes by."""
        told = [
            decide.Told(
                row.alert_id,
                row.article_id,
                row.severity,
                row.trusted,
                row.created_at,
                row.newsrooms,
                facts.from_json(row.facts),
            )
            for row in decisions.list_told(self._connection, pack, self.story_id)
        ]
        waiting = [self._waiting(hold) for hold in self.holds if hold.pack == pack]
        self._wanted |= {alert.article_id for alert in told} | {hold.article_id for hold in waiting}
        return decide.Story(told, waiting, len(self.names), self.names, self.nearness)

    def nearness(self, one: int, other: int) -> float:
        """Return by how much two articles of the story are more alike than is needed; below 0: two events."""
        pair = (min(one, other), max(one, other))
        if pair not in self._nearness:
            self._nearness[pair] = math.inf if one == other else self._compare(*pair)
        return self._nearness[pair]

    def _compare(self, one: int, other: int) -> float:
        unread = ({one, other} | self._wanted) - self._kept.keys()
        if unread:
            rows = stories.kept_of(self._connection, unread)
            self._kept |= {article_id: _with_original(rows, article_id) for article_id in unread}
        return assign.nearness(self._kept[one], self._kept[other])

    def folded(self, pack: str, told: Sequence[decide.Told]) -> int:
        """Return how many reports of the story were not told to a pack since the last that was."""
        last = max(alert.article_id for alert in told)
        return decisions.count_folded(self._connection, pack, self.story_id, last)

    def _waiting(self, hold: held.Hold) -> decide.Waiting:
        return decide.Waiting(
            revision_id=hold.revision_id,
            article_id=hold.article_id,
            severity=hold.severity,
            reason=Reason(hold.reason),
            until=hold.until,
            trusted=hold.trusted,
            needed=hold.alert.get("needed", 0),
            otherwise=hold.alert.get("otherwise", "unconfirmed"),
            facts=facts.from_json(hold.facts.get("told")),
            news=facts.from_json(hold.facts.get("news")),
            lifted=hold.reason == Reason.AWAITING_CORROBORATION and is_lifted(self._desk, hold),
        )


def _with_original(rows: Mapping[int, stories.Kept], article_id: int) -> list[assign.Candidate]:
    """Return an article, and the one that it copies, as they are compared."""
    own = rows.get(article_id)
    original = rows.get(own.original) if own is not None and own.original is not None else None
    found = []
    for row in filter(None, (own, original)):
        kept = features.unpack(row.features)
        if kept is not None:
            at = features.when(row.published, row.first_seen)
            found.append(assign.Candidate(row.article_id, row.story_id, at, kept))
    return found


def is_lifted(desk: Desk, hold: held.Hold) -> bool:
    """Return whether a rule that matched is live and, as it is now, would have its story told at once.

    What was held under one rule set stays held under the next while that asks for it still, or has the rule no more.
    """
    if hold.alert["ruleset_id"] == desk.ruleset_id:
        return False
    pack = desk.rules.packs.get(hold.pack)
    rules = [] if pack is None else [rule for rule in pack.rules if rule.id in hold.alert["rules"]]
    return any(rule.traits.status == "live" and rule.traits.corroboration is None for rule in rules)


def terms_of(rules: RuleSet, pack: str, rule: str) -> terms.Terms:
    """Return when a rule wants its story told."""
    traits = rules.rule(pack, rule).traits
    wanted = traits.corroboration
    return terms.Terms(
        max_age=traits.max_age,
        steps=None if traits.steps is None else traits.steps.newsrooms,
        corroboration=None if wanted is None else terms.Corroboration(wanted.newsrooms, wanted.hold, wanted.otherwise),
        same_story=None if traits.throttle is None else traits.throttle.same_story,
    )
