"""A query asked of the archive: the language of rules, read, compiled and judged for itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor import errors, model
from monitor.rules import collector, compile, evaluate, load, lookup, match, query
from monitor.rules.packs import Pack, Rule, Traits, Vocabulary
from monitor.rules.presence import Presence
from monitor.rules.tree import Node
from monitor.rules.view import View
from monitor.rules.yaml_nodes import Place, Text
from monitor.store import wanted

FILE = "query"
"""What faults name in place of a file."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that can be judged. `wanted`: what the index is asked for; None: it cannot tell."""

    written: str
    node: Node
    wanted: wanted.Wanted | None


def parse(written: str, shared: Mapping[str, Vocabulary], local: Mapping[str, Vocabulary] | None = None) -> Query:
    """Return the query that `written` spells, as it would be read below `query: |`.

    Args:
        shared: Entities and lists of every pack, by name. `local`: lists of one pack.
    Raises: RuleError with every fault, each at its line and column in `written`.
    """
    faults: list[errors.Fault] = []
    at = Place(FILE, 1, 1)
    expr = query.parse_query(Text(Place(FILE, 0, 1), written, "|", f"|\n{written}"), faults)
    names = load.names_behind(expr, local or {}, shared, faults) if expr is not None else {}
    if expr is None or faults:
        raise errors.RuleError(faults)
    rule = Rule("query", at, Traits(), query=expr)
    pack = Pack("query", at, Traits(), (rule,), (), names, frozenset(local or {}) & frozenset(names))
    with collector.paused():
        node = compile.compile_rules([pack]).rules[0].node
        return Query(written, node, wanted.shallow(lookup.wanted_of(node)))


def judge(asked: Query, article: model.Article) -> tuple[model.Evidence, ...] | None:
    """Return the places that make a query true of an article, None where it is false. Metadata alone shows nothing."""
    with collector.paused():
        if not Presence(match.haystack_of(article)).allows(asked.node):
            return None
        view = View(article)
        if not evaluate.holds(asked.node, view):
            return None
        return match.evidence_of(evaluate.evidence(asked.node, view), view)
