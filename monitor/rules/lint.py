"""What is allowed but probably not meant. Each lint is a generator over what loaded, its code in its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from monitor import errors, text
from monitor.rules import load, packs, terms, trial
from monitor.rules.load import Known, Loaded
from monitor.rules.packs import Item, Pack, Vocabulary
from monitor.rules.view import script_of
from monitor.rules.yaml_nodes import Place

Lint = Callable[[Loaded, datetime], Iterator[errors.Fault]]

LEAST_TESTS = 2
"""Of each kind, for a rule that is live."""

COMMON_NAMES = frozenset(
    text.folded_words(
        "Abbas Abdullah Abraham Adam Ahmad Ahmed Ali Bar Ben Benjamin Brown Cohen Daniel David Davis Hassan Hussein"
        " Ibrahim Israel Jack James John Johnson Jones Joseph Kamal Katz Khalil Khan Levi Levy Mahmoud Mark Martin"
        " Michael Miller Mohamed Mohammad Mohammed Moses Mustafa Omar Paul Peter Rashad Robert Salah Saleh Sam Sarah"
        " Smith Taylor Thomas William Williams Wilson Yosef Yusuf أحمد حسن حسين خالد علي عمر كامل محمد محمود مصطفى"
        " אברהם בר בן דוד יוסף כהן כץ לוי משה שרה"
    )
)
"""Names that many people bear."""

_OPERATOR = re.compile(r"(?:^|\s)((?:AND|OR|NOT|NEAR|THEN|NOTNEAR|SENT|PARA|NOTSENT|ATLEAST|TIMES)(?:/\d+)?)(?=\s|$)")
_ACRONYM = re.compile(r"[A-Z]{2,4}|(?:[A-Z]\.){2,4}")


def lint(
    files: Mapping[str, bytes], known: Known, strict: bool = False, today: datetime | None = None
) -> tuple[errors.Fault, ...]:
    """Return every fault of the files: errors, failing tests and warnings, sorted by place.

    Args:
        strict: Too few tests (W901) are an error then, E901.
        today: For offices and `active` that ended; now if None.
    """
    loaded = load.load_packs(files, known)
    found = list(loaded.faults)
    for pack in loaded.packs:
        found += [failure.fault for failure in trial.run_tests(pack).wrong]
    for check in LINTS:
        found += check(loaded, today or datetime.now(UTC))
    if strict:
        found = [_strict(fault) for fault in found]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (f.file, f.line or 0, f.column or 0, f.code)))


def _strict(fault: errors.Fault) -> errors.Fault:
    if fault.code != "W901":
        return fault
    return errors.Fault(fault.file, fault.line, fault.column, "E901", fault.message, fault.fix)


# -- walking ---------------------------------------------------------------------------------------


def _vocabularies(loaded: Loaded) -> Iterator[Vocabulary]:
    yield from loaded.vocabularies
    for pack in loaded.packs:
        yield from (v for name, v in pack.vocabularies.items() if name in pack.local)


def _groups(loaded: Loaded) -> Iterator[tuple[tuple[Item, ...], frozenset[str]]]:
    """Yield (items that stand together, codes that `lint_ok` silences there)."""
    for vocabulary in _vocabularies(loaded):
        yield vocabulary.items, vocabulary.lint_ok
    for pack in loaded.packs:
        for rule in pack.rules:
            for items in (rule.any, rule.all, rule.none):
                yield items, rule.traits.lint_ok


def _items(loaded: Loaded, code: str) -> Iterator[Item]:
    """Yield every item where `code` is not silenced."""
    for items, silenced in _groups(loaded):
        yield from (item for item in items if code not in silenced | item.lint_ok)


def _rules(loaded: Loaded, code: str) -> Iterator[tuple[Pack, packs.Rule]]:
    for pack in loaded.packs:
        for rule in pack.rules:
            if code not in rule.traits.lint_ok and rule.traits.status != "retired":
                yield pack, rule


def _warn(found: Place, code: str, message: str, fix: str) -> errors.Fault:
    return found.fault(code, message, fix)


# -- terms -----------------------------------------------------------------------------------------


def w502_common_name(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A single common name as the alias of a person, without anything that it requires."""
    for entity in loaded.vocabularies:
        for item in entity.items if entity.type == "person" and "W502" not in entity.lint_ok else ():
            parts = item.term.parts
            alone = len(parts) == 1 and not item.require and "W502" not in item.lint_ok
            if alone and parts[0].folded in COMMON_NAMES:
                message = f"many people are called `{item.term.written}`"
                yield _warn(item.term.place, "W502", message, "add `require:` with words that go with this one")


def w504_acronym(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """An acronym that would also match the lower-case word."""
    for item in _items(loaded, "W504"):
        if _ACRONYM.fullmatch(item.term.written) and not item.term.exact:
            fix = f"write `={item.term.written}` (finds {item.term.written}, not {item.term.written.lower()})"
            yield _warn(item.term.place, "W504", f"`{item.term.written}` also finds the lower-case word", fix)


def w505_two_entities(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """An alias of two entities of one type."""
    seen: dict[tuple[str | None, tuple[terms.Part, ...]], Vocabulary] = {}
    for entity in loaded.vocabularies:
        for item in entity.items if entity.kind == "entity" else ():
            first = seen.setdefault((entity.type, item.term.parts), entity)
            silenced = "W505" in entity.lint_ok | first.lint_ok | item.lint_ok
            if item.term.parts and first is not entity and not silenced:
                message = f"`{item.term.written}` is also an alias of `{first.id}` ({first.place})"
                yield _warn(item.term.place, "W505", message, "remove one, or tell them apart with `require:`")


def w506_both_sides(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A term that a rule wants and excludes at the same time."""
    for _, rule in _rules(loaded, "W506"):
        wanted = {_key(item.term) for item in (*rule.all, *rule.any)}
        for item in rule.none:
            if _key(item.term) in wanted:
                message = f"`{item.term.written}` stands on both sides of the rule"
                yield _warn(item.term.place, "W506", message, "remove it from `none:` or from the other side")


def _key(term: terms.Term) -> tuple[str | None, tuple[terms.Part, ...]]:
    return term.ref, term.parts


def w507_ambiguous_none(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """`none:` on a word that an entity only counts in some surroundings: it throws whole articles away."""
    ambiguous = {i.term.parts: v for v in loaded.vocabularies for i in v.items if i.require or i.forbid}
    for _, rule in _rules(loaded, "W507"):
        for item in rule.none:
            entity = ambiguous.get(item.term.parts) if item.term.parts else None
            if entity is not None:
                message = f"`{item.term.written}` is ambiguous (see {entity.place}) and drops the whole article"
                yield _warn(item.term.place, "W507", message, "`forbid:` on the alias drops the mention only")


def w509_operator_word(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """AND, OR, NEAR/5 inside an item, where they are plain words."""
    for item in _items(loaded, "W509"):
        found = _OPERATOR.search(item.term.written)
        if found:
            message = f"`{found.group(1)}` is a plain word here"
            yield _warn(item.term.place, "W509", message, "write two items, or lower-case letters if it is meant")


def w510_subsumed(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A term that another one of the same list already finds."""
    for items, silenced in _groups(loaded):
        plain = [i for i in items if i.term.parts and not (i.require or i.forbid or i.langs)]
        heads = [i for i in plain if len(i.term.parts) == 1 and i.term.parts[0].prefix and "?" not in i.term.written]
        seen: dict[tuple[str | None, bool, tuple[str, ...]], Item] = {}
        for item in plain:
            if "W510" in silenced | item.lint_ok:
                continue
            wider = seen.get(_spelling(item)) or next((h for h in heads if _covers(h, item)), None)
            seen.setdefault(_spelling(item), item)
            if wider is not None:
                message = f"`{item.term.written}` adds nothing to `{wider.term.written}` (line {wider.term.place.line})"
                yield _warn(item.term.place, "W510", message, "remove it")


def _spelling(item: Item) -> tuple[str | None, bool, tuple[str, ...]]:
    return (
        item.key,
        item.term.clitics,
        tuple("-" * p.glued + (p.exact or p.folded) + "*" * p.prefix for p in item.term.parts),
    )


def _covers(wide: Item, narrow: Item) -> bool:
    """Return whether the prefix `wide` finds every mention of `narrow`."""
    if wide is narrow or len(narrow.term.parts) != 1 or wide.key not in (None, narrow.key):
        return False
    if narrow.term.clitics and not wide.term.clitics:
        return False
    head, word = wide.term.parts[0], narrow.term.parts[0]
    return word != head and word.folded.startswith(head.folded)


# -- packs -----------------------------------------------------------------------------------------


def w602_unused(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """An entity or list that no pack uses. Silent while a pack is broken: it may be the one that does."""
    if loaded.broken:
        return
    for vocabulary in loaded.unused:
        if "W602" not in vocabulary.lint_ok:
            message = f"no pack uses {vocabulary.kind} `{vocabulary.id}`"
            yield _warn(vocabulary.place, "W602", message, f"use `${vocabulary.id}` in a rule, or remove it")
    for pack in loaded.packs:
        reached = {t.ref for r in pack.rules for i in (*r.all, *r.any, *r.none) for t in _terms(i)}
        reached |= {t.ref for v in pack.vocabularies.values() for i in v.items for t in _terms(i)}
        for name in sorted(pack.local - reached):
            if "W602" not in pack.traits.lint_ok:
                place = pack.vocabularies[name].place
                yield _warn(place, "W602", f"no rule uses list `{name}`", f"use `${name}` in a rule, or remove it")


def _terms(item: Item) -> tuple[terms.Term, ...]:
    return (item.term, *item.require, *item.forbid)


def w603_language_without_term(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A language that a pack reads but holds no term for."""
    for pack in loaded.packs:
        if "W603" in pack.traits.lint_ok or not pack.languages:
            continue
        items = [i for v in pack.vocabularies.values() for i in v.items]
        items += [i for r in pack.rules for i in (*r.all, *r.any)]
        langs = {item.key for item in items}
        scripts = {_script(item.term) for item in items if item.key is None and item.term.parts}
        for lang in sorted(pack.languages - langs):
            if script_of(lang) not in scripts:
                message = f"the pack reads `{lang}` but has no term in it"
                yield _warn(pack.place, "W603", message, "add terms, or take the language out of `languages`")


def _script(term: terms.Term) -> str:
    first = term.parts[0].folded[:1]
    if "א" <= first <= "ת":
        return "hebrew"
    if "\u0600" <= first <= "\u06ff":
        return "arabic"
    return "cyrillic" if "\u0400" <= first <= "\u04ff" else "latin"


def w701_no_owner_or_route(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A pack with live rules that names no owner or no channel."""
    for pack in loaded.packs:
        live = any(rule.traits.status == "live" for rule in pack.rules)
        missing = [key for key in ("owner", "route") if not getattr(pack, key)]
        if live and missing and "W701" not in pack.traits.lint_ok:
            message = f"pack `{pack.id}` is live without {' and '.join(missing)}"
            fix = "without `route` its alerts go to the default route; without `owner` nobody is told when it breaks"
            yield _warn(pack.place, "W701", message, fix)


def w703_expired(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A rule whose `active` has ended, or an office that nobody holds any more."""
    for pack, rule in _rules(loaded, "W703"):
        end = rule.traits.active_to
        if end is not None and end <= today:
            message = f"rule `{rule.id}` of `{pack.id}` ended on {end:%Y-%m-%d}"
            yield _warn(rule.place, "W703", message, "set `status: retired`, or move `active.to`")
    for office in loaded.vocabularies:
        ends = [holder.end for holder in office.holders]
        if ends and all(end is not None and end <= today for end in ends) and "W703" not in office.lint_ok:
            yield _warn(office.holders[-1].place, "W703", f"nobody holds `{office.id}` any more", "add the new holder")


def w901_too_few_tests(loaded: Loaded, today: datetime) -> Iterator[errors.Fault]:
    """A live rule without two tests that it must pass and two that it must not."""
    for pack, rule in _rules(loaded, "W901"):
        if rule.traits.status != "live":
            continue
        about = [case.kind for case in pack.tests if case.rule in (None, rule.id)]
        good, bad = about.count("should_match"), about.count("should_not_match")
        if good < LEAST_TESTS or bad < LEAST_TESTS:
            message = f"rule `{rule.id}` has {good} tests that must match and {bad} that must not"
            yield _warn(rule.place, "W901", message, f"write at least {LEAST_TESTS} of each")


LINTS: tuple[Lint, ...] = (
    w502_common_name,
    w504_acronym,
    w505_two_entities,
    w506_both_sides,
    w507_ambiguous_none,
    w509_operator_word,
    w510_subsumed,
    w602_unused,
    w603_language_without_term,
    w701_no_owner_or_route,
    w703_expired,
    w901_too_few_tests,
)
