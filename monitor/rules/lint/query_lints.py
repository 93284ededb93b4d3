"""Lints of what operators make of terms: NOT and `none:`, distance, fields, regexes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor import errors
from monitor.rules import syntax, terms
from monitor.rules.lint.world import Finder, RuleOf, TermKey, World, key_of, queries_of, sufficient, wanted_words
from monitor.rules.packs import Item, Pack, Vocabulary
from monitor.rules.yaml_nodes import Place

_Terms = dict[tuple[TermKey, str | None], terms.Term]
"""Terms by what makes them the same, and the language that they stand under."""


class _Exclusion(NamedTuple):
    """What a rule, an AND or a NOTNEAR wants and what it excludes. `whole`: of the article, not of a mention."""

    wanted: tuple[terms.Term, ...]
    excluded: tuple[terms.Term, ...]
    whole: bool


def _exclusions(one: RuleOf, code: str) -> Iterator[_Exclusion]:
    """Yield what stands against what, down to terms of which one mention excludes."""
    rule = one.rule
    excluded = tuple(item.term for item in rule.none if _free(item) and code not in item.lint_ok)
    if excluded:
        yield _Exclusion(tuple(item.term for item in (*rule.all, *rule.any) if _free(item)), excluded, True)
    for part in (part for expr in queries_of(rule) for part in syntax.walk(expr)):
        if isinstance(part, syntax.And) and part.without:
            wanted = tuple(word.term for operand in part.operands for word in wanted_words(operand))
            yield _Exclusion(wanted, tuple(t for w in part.without for t in sufficient(w)), True)
        elif isinstance(part, syntax.Apart):
            wanted = tuple(word.term for word in wanted_words(part.operand))
            yield _Exclusion(wanted, tuple(sufficient(part.other)), False)


def _free(item: Item) -> bool:
    return not (item.require or item.forbid)


# -- W506, W507: NOT -------------------------------------------------------------------------------


def w506_both_sides(world: World) -> Iterator[errors.Fault]:
    """A term that a rule wants and excludes at the same time, itself or behind a $name."""
    for one in world.rules_for("W506"):
        for found in _exclusions(one, "W506"):
            wanted = _found_by(world, one.pack, found.wanted)
            for term in found.excluded:
                shared = _shared(world, one.pack, term, wanted)
                if shared is not None:
                    where = f" (behind `{term.written}`)" if term.ref and shared.ref is None else ""
                    message = f"`{shared.written}`{where} is both wanted and excluded"
                    yield term.place.fault("W506", message, "take it out of one side; NOT and `none:` win")


def _shared(world: World, pack: Pack, term: terms.Term, wanted: _Terms) -> terms.Term | None:
    """Return the first term that `term` finds and that is wanted."""
    if term.ref is None:
        finder = Finder.of([term])
        return next((other for other in wanted.values() if other.parts and finder.finds(other)), None)
    found = _found_by(world, pack, (term,))
    return next((other for key, other in found.items() if key in wanted), None)


def _found_by(world: World, pack: Pack, asked: Iterable[terms.Term]) -> _Terms:
    """Return the terms themselves and those behind their $names, by what makes them the same in the same language."""
    found: _Terms = {}
    for term in asked:
        found[key_of(term), None] = term
        if term.ref is not None:
            for behind in world.behind(pack, term.ref):
                if behind.free:
                    found[key_of(behind.item.term), behind.item.lang] = behind.item.term
    return found


def w507_ambiguous_not(world: World) -> Iterator[errors.Fault]:
    """A word that an entity counts only in some surroundings, under `none:` or NOT: it throws whole articles away."""
    ambiguous = _ambiguous(world)
    for one in world.rules_for("W507"):
        for found in _exclusions(one, "W507"):
            for term in found.excluded if found.whole else ():
                entity = ambiguous.get(term.parts) if term.parts else None
                if entity is not None:
                    message = f"`{term.written}` is ambiguous (see {entity.place}) and drops the whole article"
                    fix = "`forbid:` on the alias, or NOTNEAR, drops the mention only"
                    yield term.place.fault("W507", message, fix)


def _ambiguous(world: World) -> dict[tuple[terms.Part, ...], Vocabulary]:
    entities = (v for v in world.loaded.vocabularies if v.kind == "entity")
    return {item.term.parts: v for v in entities for item in v.items if item.require or item.forbid}


# -- W508: distance --------------------------------------------------------------------------------


def w508_one_mention(world: World) -> Iterator[errors.Fault]:
    """An operator of distance of which two operands find the same mention."""
    for one in world.rules_for("W508"):
        for part in (part for expr in queries_of(one.rule) for part in syntax.walk(expr)):
            if isinstance(part, (syntax.Near, syntax.Together)):
                sides = [tuple(word.term for word in wanted_words(operand)) for operand in part.operands]
                for number, right in enumerate(sides):
                    left = tuple(term for side in sides[:number] for term in side)
                    yield from _one_mention(world, one.pack, left, right)


def _one_mention(
    world: World, pack: Pack, left: tuple[terms.Term, ...], right: tuple[terms.Term, ...]
) -> Iterator[errors.Fault]:
    fix = "ask for two different things, or for TIMES/2 of one"
    same = {key_of(term) for term in left}
    for term in right:
        if key_of(term) in same:
            message = f"`{term.written}` stands in two operands, so that any two mentions of it will do"
            yield term.place.fault("W508", message, fix)
    for names, others in ((left, right), (right, left)):
        for name in (term for term in names if term.ref is not None):
            for term in others:
                if term.parts and world.finder(pack, name.ref or "").finds(term):
                    message = f"`{term.written}` is also found by `{name.written}` in another operand"
                    yield term.place.fault("W508", message, fix)
    for words, phrases in ((left, right), (right, left)):
        single = {term.parts[0].folded: term for term in words if len(term.parts) == 1 and not term.parts[0].prefix}
        for phrase in (term for term in phrases if len(term.parts) > 1):
            inside = next((single[part.folded] for part in phrase.parts if part.folded in single), None)
            if inside is not None:
                message = f"one mention of `{phrase.written}` satisfies `{inside.written}` in another operand as well"
                yield phrase.place.fault("W508", message, fix)


def w516_no_room(world: World) -> Iterator[errors.Fault]:
    """NEAR/0, which lets no word stand between."""
    for one in world.rules_for("W516"):
        for part in (part for expr in queries_of(one.rule) for part in syntax.walk(expr)):
            if isinstance(part, syntax.Near) and part.distance == 0 and not part.ordered:
                message = "NEAR/0 wants its operands side by side, in whatever order"
                yield part.place.fault("W516", message, "write a phrase or THEN/0, or a greater distance")


# -- W511: fields ----------------------------------------------------------------------------------


def w511_field_of_one_operand(world: World) -> Iterator[errors.Fault]:
    """`title:a NEAR/5 b`, where the field holds for `a` alone."""
    for one in world.rules_for("W511"):
        for part in (part for expr in queries_of(one.rule) for part in syntax.walk(expr)):
            sides = _infix_sides(part)
            if sides is None or not isinstance(sides[0], syntax.Field) or isinstance(sides[1], syntax.Field):
                continue
            field = sides[0]
            if not _in_brackets(one.pack, field.place, part.place):
                sign = _written(one.pack, part.place, None).split(maxsplit=1)[0]
                message = f"`{field.name}:` holds for the left side of {sign} alone"
                fix = f"{field.name}:(a {sign} b) for both sides, ({field.name}:a) {sign} b if one is meant"
                yield field.place.fault("W511", message, fix)


def _infix_sides(expr: syntax.Expr) -> tuple[syntax.Expr, syntax.Expr] | None:
    match expr:
        case syntax.Near(infix=True) | syntax.Together(infix=True):
            return expr.operands[0], expr.operands[1]
        case syntax.Apart():
            return expr.operand, expr.other
        case _:
            return None


_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NO_BRACKETS = re.compile(r'"[^"\n]*"|re:/(?:[^\\/\n]|\\[^\n])+/')


def _written(pack: Pack, start: Place, end: Place | None) -> str:
    """Return what the file holds from `start` to before `end`, or to the end of the line."""
    rows = _LINE_END.split(pack.files[start.file])[start.line - 1 : end.line if end is not None else start.line]
    if end is not None:
        rows[-1] = rows[-1][: end.column - 1]
    return "\n".join([rows[0][start.column - 1 :], *rows[1:]])


def _in_brackets(pack: Pack, start: Place, end: Place) -> bool:
    """Return whether a bracket closes between two places that was open before the first."""
    depth = 0
    for char in _NO_BRACKETS.sub("", _written(pack, start, end)):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return True
    return False


# -- W512, W513: regexes ---------------------------------------------------------------------------

_CLASSES = {
    "b": r"(?:^|[^\p{L}])",
    "B": r"[\p{L}]",
    "w": r"[\p{L}\p{N}]",
    "W": r"[^\p{L}\p{N}]",
    "d": r"[\p{Nd}]",
    "D": r"[^\p{Nd}]",
}
_ESCAPE = re.compile(r"\\(.)")
_OPEN_START = re.compile(r"\^?\.\*\??")
_OPEN_END = re.compile(r"(?<!\\)(?:\\\\)*\.\*\??\$?$")
_ASCII_FIELDS = ("url", "lang")


def w512_ascii_class(world: World) -> Iterator[errors.Fault]:
    r"""`\b`, `\w` or `\d` in a regex: they know ASCII alone, so that an Arabic letter is no letter."""
    for field, regex in _regexes(world, "W512"):
        found = next((sign for sign in _ESCAPE.findall(regex.pattern) if sign in _CLASSES), None)
        if found is not None and field not in _ASCII_FIELDS:
            yield regex.place.fault("W512", rf"`\{found}` in a regex knows ASCII alone", f"write `{_CLASSES[found]}`")


def w513_open_regex(world: World) -> Iterator[errors.Fault]:
    """A regex that begins or ends with `.*`."""
    for _, regex in _regexes(world, "W513"):
        for pattern, where in ((_OPEN_START, "start"), (_OPEN_END, "end")):
            found = pattern.match(regex.pattern) if where == "start" else pattern.search(regex.pattern)
            if found is not None:
                message = f"`.*` at the {where} of a regex adds nothing but a longer match"
                yield regex.place.fault("W513", message, "remove it: a regex may match anywhere in a paragraph")


def _regexes(world: World, code: str) -> Iterator[tuple[str, syntax.Regex]]:
    """Yield (metadata field or nothing, regex)."""
    for one in world.rules_for(code):
        for expr in queries_of(one.rule):
            fields = {id(p.operand): p.name for p in syntax.walk(expr) if isinstance(p, syntax.Field)}
            for part in syntax.walk(expr):
                if isinstance(part, syntax.Regex):
                    yield fields.get(id(part), ""), part
