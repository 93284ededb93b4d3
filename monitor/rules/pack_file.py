"""Pack files: from the nodes of a file to `Pack`, names not yet resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor import model
from monitor.rules import packs, terms, vocabulary
from monitor.rules.reader import Reader, each, fix_for
from monitor.rules.yaml_nodes import Map, Place, Text

FORMAT = "1"
STATUSES = ("draft", "test", "live", "retired")
TRAIT_KEYS = (
    "title", "description", "severity", "status", "owner", "tags", "languages", "sources", "max_age", "route",
    "active", "references", "lint_ok",
)  # fmt: skip
PACK_KEYS = ("format", "pack", *TRAIT_KEYS, "defaults", "lists", "rules", "tests")
RULE_KEYS = ("id", *TRAIT_KEYS, "any", "all", "none")
SOURCES_KEYS = ("allow", "deny")
ACTIVE_KEYS = ("from", "to")
TEST_KINDS = ("should_match", "should_not_match", "todo_match", "todo_not_match")
POSITIVE_KINDS = ("should_match", "todo_match")
TEST_KEYS = (
    "rule", "title", "text", "lang", "source", "tags", "date", "published", "because", "not_because",
)  # fmt: skip
LATER_TRAITS = {
    "throttle": "limits on alerts",
    "digest": "digests",
    "corroboration": "corroboration steps",
    "steps": "newsroom steps",
}
LATER_RULE = {**LATER_TRAITS, "query": "query rules", "score": "score rules"}
LATER_TEST = {"expect_score": "score rules"}


@dataclass(frozen=True, slots=True)
class Use:
    """A name that configuration must know; `kind` is `channels`, `sources` or `groups`."""

    kind: str
    name: str
    place: Place


def check_format(top: Reader) -> None:
    """Report a missing or unsupported `format`."""
    found = top.scalar("format")
    if found is None:
        if top.node.get("format") is None:
            top.fault(top.node, "E106", "`format` is missing", "begin the file with `format: 1`")
    elif found.value != FORMAT:
        top.fault(found, "E106", f"format {found.value} is not known to this version", "write `format: 1`")


def read_pack(top: Reader) -> tuple[packs.Pack | None, tuple[packs.Vocabulary, ...], tuple[Use, ...]]:
    """Return the pack of a file, its own lists, and the names it uses from the configuration."""
    top.check_keys(PACK_KEYS, LATER_TRAITS)
    uses: list[Use] = []
    name = top.id("pack", terms.LOOSE_ID)
    traits = packs.Traits()
    defaults = top.map("defaults")
    if defaults is not None:
        inner = Reader(defaults, top.faults)
        inner.check_keys(TRAIT_KEYS, LATER_TRAITS)
        traits = _traits(inner, traits, uses)
    traits = _traits(top, traits, uses)
    lists = vocabulary.read_lists(top.map("lists"), top.faults)
    rules = _rules(top, traits, uses)
    tests = _tests(top, {rule.id for rule in rules})
    if name is None:
        return None, lists, tuple(uses)
    return packs.Pack(name.value, name.place, traits, rules, tests), lists, tuple(uses)


def _traits(reader: Reader, base: packs.Traits, uses: list[Use]) -> packs.Traits:
    """Return `base` with what this map says about itself."""
    says = {key.value for key, _ in reader.node.entries}
    active = reader.map("active")
    span = Reader(active, reader.faults) if active is not None else None
    if span is not None:
        span.check_keys(ACTIVE_KEYS)
    start = span.start_of("from") if span else base.active_from
    end = span.end_of("to") if span else base.active_to
    if span is not None and start and end and start >= end:
        span.fault(span.node, "E206", "`from` is after `to`")
    return replace(
        base,
        title=reader.text("title", base.title),
        description=reader.text("description", base.description),
        severity=reader.choice("severity", model.SEVERITIES, base.severity),
        status=reader.choice("status", STATUSES, base.status),
        owner=reader.text("owner", base.owner),
        tags=reader.words("tags") if "tags" in says else base.tags,
        languages=reader.languages("languages") if "languages" in says else base.languages,
        sources=_sources(reader, uses) if "sources" in says else base.sources,
        max_age=reader.duration("max_age") if "max_age" in says else base.max_age,
        route=_route(reader, uses) if "route" in says else base.route,
        active_from=start,
        active_to=end,
        references=reader.words("references") if "references" in says else base.references,
        lint_ok=base.lint_ok | frozenset(reader.words("lint_ok")),
    )


def _route(reader: Reader, uses: list[Use]) -> tuple[str, ...]:
    found = reader.texts("route")
    uses += [Use("channels", text.value, text.place) for text in found]
    return tuple(text.value for text in found)


def _sources(reader: Reader, uses: list[Use]) -> packs.Sources:
    node = reader.map("sources")
    if node is None:
        return packs.Sources()
    inner = Reader(node, reader.faults)
    inner.check_keys(SOURCES_KEYS)
    allow, allow_groups = _split_groups(inner.texts("allow"), uses)
    deny, deny_groups = _split_groups(inner.texts("deny"), uses)
    return packs.Sources(allow, allow_groups, deny, deny_groups)


def _split_groups(found: tuple[Text, ...], uses: list[Use]) -> tuple[frozenset[str], frozenset[str]]:
    names: set[str] = set()
    groups: set[str] = set()
    for text in found:
        is_group = text.value.startswith("group:")
        name = text.value.removeprefix("group:")
        uses.append(Use("groups" if is_group else "sources", name, text.place))
        (groups if is_group else names).add(name)
    return frozenset(names), frozenset(groups)


def _rules(top: Reader, traits: packs.Traits, uses: list[Use]) -> tuple[packs.Rule, ...]:
    found: dict[str, packs.Rule] = {}

    def read(reader: Reader) -> None:
        rule = _rule(reader, traits, uses)
        if rule is not None and rule.id in found:
            message = f"rule `{rule.id}` is already in line {found[rule.id].place.line}"
            reader.faults.append(rule.place.fault("E202", message, "rename one"))
        elif rule is not None:
            found[rule.id] = rule

    nodes = top.nodes("rules")
    if not nodes and "rules" not in {key.value for key, _ in top.node.entries}:
        top.fault(top.node, "E105", "`rules` is missing", "write `rules:` with at least one rule")
    each(nodes, top.faults, "a rule", read)
    return tuple(found.values())


def _rule(reader: Reader, traits: packs.Traits, uses: list[Use]) -> packs.Rule | None:
    reader.check_keys(RULE_KEYS, LATER_RULE)
    name = reader.id("id", terms.LOOSE_ID)
    # Title and description belong to what they stand on: a rule does not inherit its pack's.
    own = _traits(reader, replace(traits, title="", description=""), uses)
    parts = {key: _items(reader, key) for key in ("all", "any", "none")}
    has = {key for key in ("all", "any", "query", "score") if reader.node.get(key) is not None}
    if not has:
        message = "the rule has no `any` and no `all`"
        reader.fault(reader.node, "E205", message, "`none` alone would match nearly every article")
    elif ("query" in has or "score" in has) and (len(has) > 1 or reader.node.get("none") is not None):
        reader.fault(reader.node, "E205", "a rule has either lists (any, all, none) or a query or a score")
    if name is None:
        return None
    return packs.Rule(name.value, name.place, own, parts["all"], parts["any"], parts["none"])


def _items(reader: Reader, key: str) -> tuple[packs.Item, ...]:
    value = reader.get(key)
    if value is None:
        return ()
    nodes = reader.list_items(value, key)
    if not nodes and not isinstance(value, Map):
        reader.fault(value, "E105", f"`{key}` is an empty list", "add a term or remove the key")
    return tuple(item for node in nodes for item in vocabulary.read_item(reader, node, None))


def _tests(top: Reader, rules: set[str]) -> tuple[packs.Case, ...]:
    node = top.map("tests")
    if node is None:
        return ()
    reader = Reader(node, top.faults)
    reader.check_keys(TEST_KINDS)
    return tuple(case for kind in TEST_KINDS for case in _cases(reader, kind, rules))


def _cases(reader: Reader, kind: str, rules: set[str]) -> list[packs.Case]:
    found: list[packs.Case] = []

    def read(case: Reader) -> None:
        found.append(_case(case, kind, rules))

    each(reader.nodes(kind), reader.faults, "a test", read)
    return found


def _case(reader: Reader, kind: str, rules: set[str]) -> packs.Case:
    reader.check_keys(TEST_KEYS, LATER_TEST)
    rule = reader.scalar("rule")
    if rule is not None and rule.value not in rules:
        reader.fault(rule, "E201", f"the test names an unknown rule `{rule.value}`", fix_for(rule.value, rules))
    if reader.node.get("title") is None and reader.node.get("text") is None:
        reader.fault(reader.node, "E105", "a test needs `title` or `text`")
    if reader.node.get("date") is not None and reader.node.get("published") is not None:
        reader.fault(reader.node, "E105", "`date` and `published` mean the same", "keep one")
    for key in ("because", "not_because"):
        if reader.node.get(key) is not None and kind not in POSITIVE_KINDS:
            reader.fault(reader.node, "E105", f"`{key}` belongs to a test that must match")
    lang = reader.scalar("lang")
    return packs.Case(
        kind=kind,
        place=reader.node.place,
        title=reader.text("title"),
        text=reader.text("text"),
        rule=rule.value if rule is not None else None,
        lang=lang.value if lang is not None and reader.language(lang) else None,
        source=reader.text("source"),
        tags=reader.words("tags"),
        date=reader.moment("date") or reader.moment("published"),
        because=reader.words("because"),
        not_because=reader.words("not_because"),
    )
