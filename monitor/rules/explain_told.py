"""What an explanation says, as frozen values; `explain` makes them, `explain_text` writes them down."""

from __future__ import annotations

from dataclasses import dataclass

NOT_FOUND = "not found"

NAMES = ("term", "regex", "mention", "holder", "name", "any", "field")
DISTANCE = ("near", "then", "sentence", "paragraph")
"""Kinds of clauses: words and names, and operators that want several of them near one another."""


@dataclass(frozen=True, slots=True)
class Found:
    """An occurrence: where it stands in the original, by which alias, and which clitics were peeled off."""

    field: str
    start: int
    end: int
    text: str
    term: str
    place: str
    entity: str | None = None
    clitics: tuple[str, ...] = ()
    """As in "بالتهجير = ب+ال+تهجير"."""


@dataclass(frozen=True, slots=True)
class Where:
    """A stretch of the original: words `first` to `last` of a field, counted from 0, characters `start` to `end`."""

    field: str
    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A mention that did not count. `gap`: words between it and the word that decided; `allowed`: most or least."""

    found: Found
    why: str
    gap: int | None = None
    allowed: int | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A node of a rule and what the article holds of it.

    `role`: how it stands in what is above it: `rule`, `all`, `any`, `none` (must be false), `operand`, `clause`.
    `why`: the reason when it is false. `nearness`: from 0, nothing of it is there, to 1, true.
    """

    role: str
    kind: str
    label: str
    """As the rule file writes it, long lists shortened."""
    true: bool
    nearness: float
    why: str = ""
    where: Where | None = None
    gap: int | None = None
    """Words between the operands where they came nearest; for SENT and PARA that are false, units between."""
    allowed: int | None = None
    got: int | None = None
    """What ATLEAST and TIMES counted; the points of a score."""
    needed: int | None = None
    id: str | None = None
    """Of a clause of a score, as are `weight` and `points`."""
    weight: int | None = None
    points: int | None = None
    mentions: int = 0
    """Different places, of which `found` holds the first of each term."""
    found: tuple[Found, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    children: tuple[Clause, ...] = ()

    @property
    def good(self) -> bool:
        """Return whether the clause is as the one above it wants it."""
        unwanted = self.role == "none" or (self.weight or 0) < 0
        return self.true != unwanted

    @property
    def plain(self) -> bool:
        """Return whether this is a name, a term, or a choice of such: a line tells it all."""
        return self.kind in NAMES or (self.kind == "or" and all(child.kind in NAMES for child in self.children))

    @property
    def innermost(self) -> Clause:
        """Return, of a false clause, the one below that it failed for and that came nearest."""
        if self.true or self.plain or not (self.kind in ("apart", "or") or self.kind in DISTANCE):
            return self
        wrong = [child for child in self.children if not child.good]
        best = max(wrong, key=lambda child: child.nearness, default=None)
        return self if best is None or best.true or best.plain or best.nearness == 0 else best.innermost

    @property
    def pull(self) -> tuple[float, int]:
        """Return what sorts the most telling clause last: near, and heavy in a score."""
        return self.nearness * abs(self.weight or 1), abs(self.weight or 0)

    @property
    def decisive(self) -> Clause | None:
        """Return the alternative below whose words are shown as this clause's own."""
        there = (child for child in self.children if child.true and child.where == self.where)
        return next(there, None) if self.where is not None else None


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """A rule of the pack. `skipped`: why it does not look at the article at all; `tree`: its outermost node."""

    rule: str
    severity: str
    status: str
    true: bool
    skipped: str
    tree: Clause

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Return what the author sees as its clauses: those of all, any and none, of AND, or of a score."""
        return self.tree.children if self.tree.kind in ("all", "score") else (self.tree,)

    @property
    def recorded(self) -> bool:
        """Return whether a match counts outside of tests."""
        return self.status in ("live", "test")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A pack's whole judgement of an article. `matched`: a live or test rule is true."""

    pack: str
    ruleset: str
    title: str
    lang: str | None
    matched: bool
    rules: tuple[RuleExplanation, ...]
    dropped: tuple[Dropped, ...] = ()
