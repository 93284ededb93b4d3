"""Lints of single terms: broad, ambiguous, hidden in another word, found already by a neighbour."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from monitor import errors
from monitor.rules import common_words, syntax, terms
from monitor.rules.lint.world import Group, RuleOf, World, flat, in_text, key_of, queries_of, sufficient
from monitor.rules.packs import Item, Vocabulary

LARGEST_SHARE = 0.02
"""Of a corpus; a term that stands in more of it is broad."""

LEAST_ARTICLES = 3
"""That a term must stand in before its share says anything."""

MOST_SHOWN = 5

_OPERATOR = re.compile(r"(?:^|\s)((?:AND|OR|NOT|NEAR|THEN|NOTNEAR|SENT|PARA|NOTSENT|ATLEAST|TIMES)(?:/\d+)?)(?=\s|$)")
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ACRONYM = re.compile(r"[A-Z]{2,4}|(?:[A-Z]\.){2,4}")
_NARROW = "add a second condition: `all:`, NEAR or SENT"


# -- W501: broad -----------------------------------------------------------------------------------


def w501_broad_term(world: World) -> Iterator[errors.Fault]:
    """A word of nearly all news that alone makes a rule true."""
    seen = set()
    for one in world.rules_for("W501"):
        for term in _alone(world, one):
            if _is_broad(term) and term.place not in seen:
                seen.add(term.place)
                message = f"`{term.written}` is in much of all news, and alone makes rule `{one.rule.id}` true"
                yield term.place.fault("W501", message, _NARROW)


def w501_broad_alternative(world: World) -> Iterator[errors.Fault]:
    """A word of nearly all news as one side of an OR that no distance holds: the other sides hardly matter then."""
    for one in world.rules_for("W501"):
        alone = {id(term) for term, _ in _first_terms(one)}
        for expr in queries_of(one.rule):
            for term in _article_level_alternatives(expr):
                if term.parts and id(term) not in alone and _is_broad(term):
                    message = f"`{term.written}` is in much of all news, and makes the OR around it true nearly always"
                    yield term.place.fault(
                        "W501", message, "remove it, or ask for it close to another word: NEAR, SENT"
                    )


def _article_level_alternatives(expr: syntax.Expr) -> Iterator[terms.Term]:
    """Yield the terms that stand directly in an OR, but for those inside an operator of distance or behind NOT."""
    match expr:
        case syntax.Or():
            yield from (operand.term for operand in flat(expr) if isinstance(operand, syntax.Word))
            for operand in flat(expr):
                yield from _article_level_alternatives(operand)
        case syntax.And() | syntax.AtLeast():
            for operand in expr.operands:
                yield from _article_level_alternatives(operand)
        case syntax.Field(name=name) if name in syntax.TEXT_FIELDS:
            yield from _article_level_alternatives(expr.operand)
        case _:
            return


def w501_broad_by_share(world: World) -> Iterator[errors.Fault]:
    """Terms that alone make a rule true and stand in a large part of the corpus; one line a pack."""
    if not world.corpus:
        return
    least = max(LEAST_ARTICLES - 1, LARGEST_SHARE * len(world.corpus))
    for pack in world.loaded.packs:
        rules = world.rules_of(pack, "W501")
        found = {key_of(term): term for rule in rules for term in _alone(world, RuleOf(pack, rule))}
        counts = {key: world.shares.get(key, 0) for key in found}
        broad = sorted((key for key in found if counts[key] > least), key=lambda key: (-counts[key], found[key].place))
        if broad:
            share = [f"`{found[k].written}` {counts[k] / len(world.corpus):.0%}" for k in broad[:MOST_SHOWN]]
            many = f"{len(broad)} terms alone make a rule true and stand"
            one = "1 term alone makes a rule true and stands"
            part = f"{LARGEST_SHARE:.0%} of {len(world.corpus)} articles"
            message = f"{many if len(broad) > 1 else one} in more than {part}"
            yield pack.place.fault("W501", f"{message}: {', '.join(share)}", _NARROW)


def _alone(world: World, one: RuleOf) -> Iterator[terms.Term]:
    """Yield the terms of which one mention makes the rule true, those behind $names included."""
    for term, silenced in _first_terms(one):
        if term.ref is None:
            yield from () if "W501" in silenced else (term,)
        elif "W501" not in silenced:
            found = world.behind(one.pack, term.ref)
            yield from (b.item.term for b in found if b.free and "W501" not in b.silenced)


def _first_terms(one: RuleOf) -> Iterator[tuple[terms.Term, frozenset[str]]]:
    rule, nothing = one.rule, frozenset[str]()
    if rule.query is not None:
        yield from ((term, nothing) for term in sufficient(rule.query))
    elif rule.score is not None:
        for clause in rule.score.clauses:
            if clause.weight >= rule.score.threshold and rule.score.require in ((), (clause.id,)):
                yield from ((term, nothing) for term in sufficient(clause.query))
    elif not rule.all or (len(rule.all) == 1 and not rule.any):
        for item in rule.any or rule.all:
            if not (item.require or item.forbid):
                yield item.term, item.lint_ok


def _is_broad(term: terms.Term) -> bool:
    if len(term.parts) != 1:
        return False
    word = term.parts[0]
    return common_words.is_broad(word.folded, word.exact, word.prefix)


# -- W502 to W505, W509: ambiguous -----------------------------------------------------------------


def w502_common_name(world: World) -> Iterator[errors.Fault]:
    """A single common name as the alias of a person, without anything that it requires."""
    for entity in world.loaded.vocabularies:
        for item in entity.items if entity.type == "person" and "W502" not in entity.lint_ok else ():
            parts = item.term.parts
            alone = len(parts) == 1 and not item.require and "W502" not in item.lint_ok
            if alone and parts[0].folded in common_words.NAMES:
                message = f"many people are called `{item.term.written}`"
                fix = f"{{name: {item.term.written}, require: [...]}} with words that go with this one"
                yield item.term.place.fault("W502", message, fix)


def w503_hidden_in_a_word(world: World) -> Iterator[errors.Fault]:
    """A short Arabic or Hebrew term that is left of a common word when its first letters are taken for clitics."""
    for use in world.uses_for("W503"):
        term, item = use.term, use.item
        judged = item is not None and (item.require or item.forbid)
        if len(term.parts) != 1 or not term.clitics or term.exact or judged:
            continue
        word = term.parts[0]
        common = (
            common_words.hides(word.folded, word.prefix) if len(word.folded) <= common_words.LONGEST_ALIAS else None
        )
        if common is not None:
            message = f"`{term.written}` is also found in the common word `{common}`, less its first letters"
            fix = f"{{name: {term.written}, clitics: false}}, or `require:` words that go with it"
            if item is None:
                fix = f"write `={term.written}`, which takes no letters off"
            yield term.place.fault("W503", message, fix)


def w504_acronym(world: World) -> Iterator[errors.Fault]:
    """An acronym that would also match the lower-case word."""
    for use in world.uses_for("W504"):
        bare = use.term.written.strip('"')
        if _ACRONYM.fullmatch(bare) and not use.term.exact and not _OPERATOR.fullmatch(bare):
            fix = f"write `={bare}` (finds {bare}, not {bare.lower()})"
            yield use.term.place.fault("W504", f"`{bare}` also finds the lower-case word", fix)


def w505_two_entities(world: World) -> Iterator[errors.Fault]:
    """An alias of two entities of one type."""
    seen: dict[tuple[str | None, tuple[terms.Part, ...]], Vocabulary] = {}
    for entity in world.loaded.vocabularies:
        for item in entity.items if entity.kind == "entity" else ():
            first = seen.setdefault((entity.type, item.term.parts), entity)
            silenced = "W505" in entity.lint_ok | first.lint_ok | item.lint_ok
            if item.term.parts and first is not entity and not silenced:
                message = f"`{item.term.written}` is also an alias of `{first.id}` ({first.place})"
                yield item.term.place.fault("W505", message, "remove one, or tell them apart with `require:`")


def w509_operator_word(world: World) -> Iterator[errors.Fault]:
    """AND, OR, NEAR/5 inside an item or a quoted phrase, where they are plain words."""
    for use in world.uses_for("W509"):
        written = use.term.written
        quoted = written.lstrip("=").startswith('"')
        found = _OPERATOR.search(written.lstrip("=").strip('"')) if not quoted or len(use.term.parts) > 1 else None
        if found:
            fix = "close the quotes before it" if quoted else "write two items, or a `query:`"
            message = f"`{found.group(1)}` is a plain word here"
            yield use.term.place.fault("W509", message, f"{fix}; lower-case letters if the word is meant")


_COMMA = re.compile(r"(?<!\d)[,;،؛]|[,;،؛](?!\d)")


def w514_comma(world: World) -> Iterator[errors.Fault]:
    """A comma inside an item, of which matching knows nothing: two items have become one phrase."""
    for use in world.uses_for("W514"):
        bare = use.term.written.removeprefix("=")
        found = _COMMA.search(bare) if not bare.startswith('"') else None
        if found is not None:
            message = f"`{terms.shown(use.term.written)}` is one phrase: `{found.group()}` separates nothing here"
            yield use.term.place.fault("W514", message, "write two items, or leave the sign out")


def w515_name_without_sign(world: World) -> Iterator[errors.Fault]:
    """A word of a query that is also the name of a list or entity which the pack uses: its `$` was forgotten."""
    for one in world.rules_for("W515"):
        for word in (part for expr in queries_of(one.rule) for part in in_text(expr) if isinstance(part, syntax.Word)):
            name = word.term.written
            if word.term.ref is None and name in one.pack.vocabularies:
                message = f"`{name}` is a plain word here, and also the name of {_kind_of(one, name)}"
                yield word.term.place.fault("W515", message, f'write `${name}`, or `"{name}"` for the word')


def w517_name_alone(world: World) -> Iterator[errors.Fault]:
    """Braces around a name and nothing else: what stood beside it was probably lost."""
    rows: dict[str, list[str]] = {}
    for pack in world.loaded.packs:
        for file, written in pack.files.items():
            rows.setdefault(file, _LINE_END.split(written))
    for use in world.uses_for("W517"):
        place = use.term.place
        if use.item is not None and place.file in rows:
            line = rows[place.file][place.line - 1]
            before, behind = line[: place.column - 1], line[place.column - 1 + len(use.term.written) :]
            if _NAME_OPENS.search(before) and behind.lstrip().startswith("}"):
                message = f"`{use.term.written}` stands alone in its braces"
                yield place.fault("W517", message, f"write `{use.term.written}`, or what it requires or forbids")


_NAME_OPENS = re.compile(r"\{ *name: *$")


def _kind_of(one: RuleOf, name: str) -> str:
    kind = one.pack.vocabularies[name].kind
    return f"{'an' if kind == 'entity' else 'a'} {kind}"


# -- W510: subsumed --------------------------------------------------------------------------------


def w510_subsumed(world: World) -> Iterator[errors.Fault]:
    """A term that another one of the same list, OR or AND makes needless."""
    for group in world.groups:
        for item, other in _needless(group):
            if "W510" not in group.silenced | item.lint_ok:
                message = f"`{item.term.written}` adds nothing to `{other.term.written}` (line {other.term.place.line})"
                yield item.term.place.fault("W510", message, "remove it")


def _needless(group: Group) -> Iterator[tuple[Item, Item]]:
    """Yield (item, why it is needless). Where every item must be found, it is the wider one that adds nothing."""
    plain = [i for i in group.items if i.term.parts and not (i.require or i.forbid or i.langs)]
    heads: dict[str, list[Item]] = {}
    for item in plain:
        word = item.term.parts[0]
        if len(item.term.parts) == 1 and word.prefix and "?" not in word.folded:
            heads.setdefault(word.folded, []).append(item)
    seen: dict[tuple[str | None, _Spelling], Item] = {}
    folded = {(item.key, _spelling(item.term, False)): item for item in reversed(plain) if not item.term.exact}
    for item in plain:
        key = item.key, _spelling(item.term, True)
        wider = seen.get(key) or _wider(item, heads)
        if wider is None and item.term.exact:
            wider = folded.get((item.key, _spelling(item.term, False)))
        seen.setdefault(key, item)
        if wider is not None and group.every and key != (wider.key, _spelling(wider.term, True)):
            yield wider, item
        elif wider is not None:
            yield item, wider


_Spelling = tuple[bool, tuple[str, ...]]


def _spelling(term: terms.Term, exactly: bool) -> _Spelling:
    """Return how the words must stand; `exactly`: with case and accents where the term asks for them."""
    exact = exactly and term.exact
    words = tuple("-" * p.glued + ((exact and p.exact) or p.folded) + "*" * p.prefix for p in term.parts)
    return term.clitics or not exactly, (*words, "=" * exact)


def _wider(item: Item, heads: dict[str, list[Item]]) -> Item | None:
    """Return the prefix among `heads` that finds every mention of `item`."""
    if not heads or len(item.term.parts) != 1:
        return None
    word = item.term.parts[0].folded.partition("?")[0]
    found: Iterable[Item] = itertools.chain.from_iterable(heads.get(word[:n], ()) for n in range(3, len(word) + 1))
    return next((head for head in found if _covers(head, item)), None)


def _covers(wide: Item, narrow: Item) -> bool:
    """Return whether the prefix `wide`, with which `narrow` begins, finds every mention of `narrow`."""
    if wide is narrow or wide.key not in (None, narrow.key):
        return False
    return narrow.term.parts[0] != wide.term.parts[0] and (wide.term.clitics or not narrow.term.clitics)
