"""What rule files say, as frozen values: packs, rules, tests, entities, lists. No YAML and no matching in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor import hours
from monitor.rules import syntax, terms
from monitor.rules.yaml_nodes import Place


@dataclass(frozen=True, slots=True)
class Item:
    """An alias of an entity, an item of a list, or a plain term of a rule.

    `key`: the language it stands under, None for `any` and for plain terms. `lang`: the same where it limits the
    articles it counts in (lists, not entities). `langs`: the only languages of articles it counts in, None for all.
    `within`, `forbid_within`: most words between, None for the whole article.
    """

    term: terms.Term
    lang: str | None = None
    langs: frozenset[str] | None = None
    require: tuple[terms.Term, ...] = ()
    within: int | None = 25
    forbid: tuple[terms.Term, ...] = ()
    forbid_within: int | None = 3
    lint_ok: frozenset[str] = frozenset()
    key: str | None = None

    @property
    def plain(self) -> bool:
        """Return whether every mention counts in every article."""
        return not (self.require or self.forbid or self.langs or self.lang)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an office on article dates from `start` until before `end`."""

    entity: str
    start: datetime | None
    end: datetime | None
    place: Place


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """An entity or a list: a named set of items. `kind` is `entity` or `list`; `type` only for entities."""

    id: str
    kind: str
    place: Place
    items: tuple[Item, ...]
    type: str | None = None
    holders: tuple[Holder, ...] = ()
    wikidata: str | None = None
    lint_ok: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose articles count. Names are feed ids or newsrooms; groups are tags of feeds (written `group:TAG`)."""

    allow: frozenset[str] = frozenset()
    allow_groups: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    deny_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Throttle:
    """Limits on alerts, None where there is none: seconds between alerts of a story; `most` alerts in `per` seconds."""

    place: Place
    same_story: float | None = None
    most: int | None = None
    per: float | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """When alerts are collected into one message."""

    place: Place
    table: hours.Timetable


@dataclass(frozen=True, slots=True)
class Corroboration:
    """Alerts wait up to `hold` seconds for `newsrooms` independent ones, then go out marked, or not at all.

    `otherwise`: `unconfirmed` or `suppress`.
    """

    place: Place
    newsrooms: int
    hold: float
    otherwise: str = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbers of newsrooms, rising, at which a story is told of again."""

    place: Place
    newsrooms: tuple[int, ...]


EVERY_SOURCE = Sources()


@dataclass(frozen=True, slots=True)
class Traits:
    """What a pack's `defaults`, a pack and a rule may all say; a rule's word overrides its pack's."""

    title: str = ""
    description: str = ""
    severity: str = "normal"
    status: str = "live"
    owner: str = ""
    tags: tuple[str, ...] = ()
    languages: frozenset[str] | None = None
    sources: Sources = EVERY_SOURCE
    max_age: float | None = None
    """Seconds."""
    route: tuple[str, ...] = ()
    active_from: datetime | None = None
    active_to: datetime | None = None
    references: tuple[str, ...] = ()
    throttle: Throttle | None = None
    digest: Digest | None = None
    corroboration: Corroboration | None = None
    steps: Steps | None = None
    lint_ok: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a score rule: `weight` points once, and `title_bonus` more if its words stand in the title."""

    id: str
    place: Place
    weight: int
    query: syntax.Expr
    title_bonus: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Points: true when the true clauses sum up to `threshold` and, if `require` names some, one of those is."""

    place: Place
    threshold: int
    clauses: tuple[Clause, ...]
    require: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition, of exactly one kind: lists (all of `all`, one of `any`, none of `none`), a query, or a score."""

    id: str
    place: Place
    traits: Traits
    all: tuple[Item, ...] = ()
    any: tuple[Item, ...] = ()
    none: tuple[Item, ...] = ()
    query: syntax.Expr | None = None
    score: Score | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A test of a pack. `kind` is the key it stands under."""

    kind: str
    place: Place
    title: str
    text: str
    rule: str | None = None
    lang: str | None = None
    source: str = ""
    tags: tuple[str, ...] = ()
    date: datetime | None = None
    because: tuple[str, ...] = ()
    not_because: tuple[str, ...] = ()
    expect_score: int | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule file with the vocabularies it uses, so that it can be compiled by itself."""

    id: str
    place: Place
    traits: Traits
    rules: tuple[Rule, ...]
    tests: tuple[Case, ...]
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)
    """By name, its own lists first; everything that its rules lead to."""
    local: frozenset[str] = frozenset()
    """Names of its own lists."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of exactly the files it is made of."""

    @property
    def title(self) -> str:
        """Return the title, or the id where none is written."""
        return self.traits.title or self.id

    @property
    def severity(self) -> str:
        """Return the severity of rules that say nothing else."""
        return self.traits.severity

    @property
    def status(self) -> str:
        """Return the status of rules that say nothing else."""
        return self.traits.status

    @property
    def languages(self) -> frozenset[str] | None:
        """Return the languages of articles that count; None for all."""
        return self.traits.languages

    @property
    def route(self) -> tuple[str, ...]:
        """Return the channels that the pack names; empty for the default route."""
        return self.traits.route

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the pack's tags."""
        return self.traits.tags

    @property
    def owner(self) -> str:
        """Return who answers for the pack."""
        return self.traits.owner
