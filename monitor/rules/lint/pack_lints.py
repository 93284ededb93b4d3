"""Lints of packs: names that nothing uses, languages without terms, owners, tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from monitor import errors, model
from monitor.rules import compile, evaluate, packs, terms, tree, trial
from monitor.rules.lint.world import (
    World,
    all_terms,
    count_terms,
    items_of,
    key_of,
    own_terms,
    queries_of,
    text_words,
)
from monitor.rules.packs import Item, Pack, Rule
from monitor.rules.view import View, script_of

LEAST_TESTS = 2
"""Of each kind, for a rule that is live."""

MOST_SHOWN = 5


# -- W602, W603: names and languages ---------------------------------------------------------------


def w602_unused(world: World) -> Iterator[errors.Fault]:
    """An entity or list that no pack uses. Silent while a pack is broken: it may be the one that does."""
    loaded = world.loaded
    if loaded.broken:
        return
    for vocabulary in loaded.unused:
        if "W602" not in vocabulary.lint_ok:
            message = f"no pack uses {vocabulary.kind} `{vocabulary.id}`"
            yield vocabulary.place.fault("W602", message, f"use `${vocabulary.id}` in a rule, or remove it")
    for pack in loaded.packs:
        reached = {term.ref for rule in pack.rules for term in all_terms(items_of(rule))}
        reached |= {w.term.ref for rule in pack.rules for expr in queries_of(rule) for w in text_words(expr)}
        reached |= {term.ref for v in pack.vocabularies.values() for term in all_terms(v.items)}
        for name in sorted(pack.local - reached):
            if "W602" not in pack.traits.lint_ok:
                place = pack.vocabularies[name].place
                yield place.fault("W602", f"no rule uses list `{name}`", f"use `${name}` in a rule, or remove it")


def w603_language_without_term(world: World) -> Iterator[errors.Fault]:
    """A language that a pack, or a rule with languages of its own, reads but holds no term for."""
    for pack in world.loaded.packs:
        if "W603" not in pack.traits.lint_ok:
            items = [i for v in pack.vocabularies.values() for i in v.items]
            items += [i for rule in pack.rules for i in _wanted(rule)]
            for lang in _without_term(pack.languages, items):
                message = f"the pack reads `{lang}` but has no term in it"
                yield pack.place.fault("W603", message, "add terms, or take the language out of `languages`")
    for pack, rule in world.rules_for("W603"):
        if rule.traits.languages != pack.languages:
            names = [term.ref for item in _wanted(rule) if (term := item.term).ref is not None]
            items = [*_wanted(rule), *(behind.item for name in names for behind in world.behind(pack, name))]
            for lang in _without_term(rule.traits.languages, items):
                message = f"rule `{rule.id}` reads `{lang}` but has no term in it"
                yield rule.place.fault("W603", message, "add terms, or take the language out of `languages`")


def w603_language_lost(world: World) -> Iterator[errors.Fault]:
    """A list or entity with terms in all languages that its pack reads but one: that one was probably lost."""
    told: set[tuple[str, str]] = set()
    for pack in world.loaded.packs:
        for name, vocabulary in pack.vocabularies.items():
            silenced = pack.traits.lint_ok if name in pack.local else vocabulary.lint_ok
            keys = {item.key for item in vocabulary.items}
            missing = sorted((pack.languages or frozenset()) - keys)
            held = (pack.languages or frozenset()) & keys
            if "W603" not in silenced and len(missing) == 1 and len(held) > 1 and (name, missing[0]) not in told:
                told.add((name, missing[0]))
                others = ", ".join(sorted(held))
                message = f"{vocabulary.kind} `{name}` has terms in {others} but none in `{missing[0]}`"
                yield vocabulary.place.fault("W603", message, f"add terms under `{missing[0]}:`")


def _wanted(rule: Rule) -> list[Item]:
    words = (packs.Item(word.term) for expr in queries_of(rule) for word in text_words(expr))
    return [*rule.all, *rule.any, *words]


def _without_term(languages: frozenset[str] | None, items: Sequence[Item]) -> list[str]:
    """Return the languages that no item stands under and that none without a language could be written in."""
    keys = {item.key for item in items}
    scripts = {_script(item.term) for item in items if item.key is None and item.term.parts}
    return [lang for lang in sorted((languages or frozenset()) - keys) if script_of(lang) not in scripts]


def _script(term: terms.Term) -> str:
    first = term.parts[0].folded[:1]
    if "א" <= first <= "ת":
        return "hebrew"
    if "\u0600" <= first <= "\u06ff":
        return "arabic"
    return "cyrillic" if "\u0400" <= first <= "\u04ff" else "latin"


# -- W701, W901, W902: owners and tests ------------------------------------------------------------


def w701_no_owner_or_route(world: World) -> Iterator[errors.Fault]:
    """A pack with live rules that name no owner or no channel."""
    for pack in world.loaded.packs:
        live = [rule for rule in world.rules_of(pack, "W701") if rule.traits.status == "live"]
        missing = [key for key in ("owner", "route") if any(not getattr(rule.traits, key) for rule in live)]
        if missing:
            message = f"pack `{pack.id}` is live without {' and '.join(missing)}"
            fix = "without `route` its alerts go to the default route; without `owner` nobody is told when it breaks"
            yield pack.place.fault("W701", message, fix)


def w901_too_few_tests(world: World) -> Iterator[errors.Fault]:
    """A live rule without two tests that it must pass and two that it must not."""
    for pack, rule in world.rules_for("W901"):
        if rule.traits.status != "live":
            continue
        about = [case.kind for case in pack.tests if case.rule in (None, rule.id)]
        good, bad = about.count("should_match"), about.count("should_not_match")
        if good < LEAST_TESTS or bad < LEAST_TESTS:
            message = f"rule `{rule.id}` has {good} `should_match` and {bad} `should_not_match`"
            yield rule.place.fault("W901", message, f"write at least {LEAST_TESTS} tests of each kind")


def w902_never_exercised(world: World) -> Iterator[errors.Fault]:
    """Terms and clauses of a pack that occur in none of its tests and in no article of the corpus; one line a pack."""
    if not world.corpus:
        return
    for pack in world.loaded.packs:
        if "W902" not in pack.traits.lint_ok:
            tests = [trial.article_of(case) for case in pack.tests]
            own = {key_of(term): term for term in own_terms(pack)}
            tested = count_terms(own, tests)
            idle = [term for key, term in own.items() if not (tested.get(key) or world.shares.get(key))]
            clauses = _clauses(pack)
            quiet = _never_true(clauses, (*tests, *world.corpus))
            if idle or quiet:
                yield _never_exercised(pack, (idle, len(own)), (quiet, len(clauses)), len(world.corpus))


def _never_exercised(
    pack: Pack, idle: tuple[list[terms.Term], int], quiet: tuple[list[str], int], articles: int
) -> errors.Fault:
    told = [f"{len(idle[0])} of {idle[1]} terms"] if idle[0] else []
    told += [f"{len(quiet[0])} of {quiet[1]} clauses"] if quiet[0] else []
    shown = [f"`{name}`" for name in (*(term.written for term in idle[0]), *quiet[0])][:MOST_SHOWN]
    message = (
        f"neither a test of the pack nor one of {articles} articles holds {' and '.join(told)}: {', '.join(shown)}"
    )
    return pack.place.fault("W902", message, "write a test with each, or remove it")


def _clauses(pack: Pack) -> dict[str, tree.Node]:
    """Return the clauses of the pack's scores as `rule/clause`."""
    scored = [rule for rule in compile.compile_rules([pack]).rules if isinstance(rule.node, tree.Scored)]
    return {f"{rule.id}/{c.id}": c.child for rule in scored for c in rule.node.clauses}  # type: ignore[union-attr]


def _never_true(clauses: dict[str, tree.Node], articles: Iterable[model.Article]) -> list[str]:
    left = dict(clauses)
    for article in articles:
        if not left:
            break
        view = View(article)
        left = {name: node for name, node in left.items() if not evaluate.holds(node, view)}
    return list(left)
