"""Pack files: from the nodes of a file to `Pack`, names not yet resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from monitor import hours, model
from monitor.rules import packs, query, syntax, terms, vocabulary
from monitor.rules.reader import Reader, each, fix_for
from monitor.rules.yaml_nodes import Map, Node, Place, Seq, Text

FORMAT = "1"
STATUSES = ("draft", "test", "live", "retired")
TRAIT_KEYS = (
    "title", "description", "severity", "status", "owner", "tags", "languages", "sources", "max_age", "route",
    "active", "references", "throttle", "digest", "corroboration", "steps", "lint_ok",
)  # fmt: skip
PACK_KEYS = ("format", "pack", *TRAIT_KEYS, "defaults", "lists", "rules", "tests")
RULE_KEYS = ("id", *TRAIT_KEYS, "any", "all", "none", "query", "score")
SCORE_KEYS = ("threshold", "clauses", "require")
CLAUSE_KEYS = ("weight", "title_bonus", "query")
THROTTLE_KEYS = ("same_story", "max")
DIGEST_KEYS = ("at",)
CORROBORATION_KEYS = ("newsrooms", "hold", "else")
SOURCES_KEYS = ("allow", "deny")
ACTIVE_KEYS = ("from", "to")
TEST_KINDS = ("should_match", "should_not_match", "todo_match", "todo_not_match")
POSITIVE_KINDS = ("should_match", "todo_match")
TEST_KEYS = (
    "rule", "title", "text", "lang", "source", "tags", "date", "published", "because", "not_because",
    "expect_score",
)  # fmt: skip
MOST_POINTS = 100_000
MOST_NEWSROOMS = 1000
MOST_STEPS = 20


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
    top.check_keys(PACK_KEYS)
    uses: list[Use] = []
    name = top.id("pack", terms.LOOSE_ID)
    traits = packs.Traits()
    defaults = top.map("defaults")
    if defaults is not None:
        inner = Reader(defaults, top.faults)
        inner.check_keys(TRAIT_KEYS)
        traits = _traits(inner, traits, uses)
    traits = _traits(top, traits, uses)
    lists = vocabulary.read_lists(top.map("lists"), top.faults)
    rules = _rules(top, traits, uses)
    tests = _tests(top, _Names(frozenset(rule.id for rule in rules), _with_score(top)))
    if name is None:
        return None, lists, tuple(uses)
    return packs.Pack(name.value, name.place, traits, rules, tests), lists, tuple(uses)


def _traits(reader: Reader, base: packs.Traits, uses: list[Use]) -> packs.Traits:
    """Return `base` with what this map says about itself."""
    says = {key.value for key, _ in reader.node.entries}
    if says.isdisjoint(TRAIT_KEYS):
        return base
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
        throttle=_throttle(reader) if "throttle" in says else base.throttle,
        digest=_digest(reader) if "digest" in says else base.digest,
        corroboration=_corroboration(reader) if "corroboration" in says else base.corroboration,
        steps=_steps(reader) if "steps" in says else base.steps,
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


def _throttle(reader: Reader) -> packs.Throttle | None:
    node = reader.map("throttle")
    if node is None:
        return None
    inner = Reader(node, reader.faults)
    inner.check_keys(THROTTLE_KEYS)
    same_story = inner.duration("same_story")
    written = inner.scalar("max")
    if written is None:
        return packs.Throttle(node.place, same_story)
    found = _LIMIT.fullmatch(written.value)
    if found is None:
        inner.fault(written, "E105", "`max` must be a number of alerts and a duration", "max: 12 per 1h")
        return None
    per = inner.as_duration(written, found[2])
    return packs.Throttle(node.place, same_story, int(found[1]), per) if per is not None else None


_LIMIT = re.compile(r"([1-9][0-9]{0,5}) +per +(\S+)")


def _digest(reader: Reader) -> packs.Digest | None:
    node = reader.map("digest")
    if node is None:
        return None
    inner = Reader(node, reader.faults)
    inner.check_keys(DIGEST_KEYS)
    at = _required(inner, "at")
    if at is None:
        return None
    try:
        return packs.Digest(node.place, hours.parse_timetable(at.value))
    except ValueError:
        inner.fault(at, "E206", f"`{at.value}` is no time for a digest", "07:00, mon-fri 07:00 or hourly")
        return None


def _corroboration(reader: Reader) -> packs.Corroboration | None:
    node = reader.map("corroboration")
    if node is None:
        return None
    inner = Reader(node, reader.faults)
    inner.check_keys(CORROBORATION_KEYS)
    otherwise = inner.choice("else", ("unconfirmed", "suppress"), "unconfirmed")
    needed = _required(inner, "newsrooms")
    newsrooms = inner.as_number(needed, "`newsrooms`", MOST_NEWSROOMS, 2) if needed is not None else None
    written = _required(inner, "hold")
    hold = inner.as_duration(written, written.value) if written is not None else None
    if newsrooms is None or hold is None:
        return None
    return packs.Corroboration(node.place, newsrooms, hold, otherwise)


def _steps(reader: Reader) -> packs.Steps | None:
    value = reader.get("steps")
    if value is None:
        return None
    texts = reader.texts("steps")
    found = [reader.as_number(text, "a step", MOST_NEWSROOMS, 2) for text in texts]
    numbers = tuple(number for number in found if number is not None)
    if len(numbers) < len(found):
        return None
    for text, before, number in zip(texts[1:], numbers, numbers[1:], strict=False):
        if number <= before:
            reader.fault(text, "E105", f"steps must rise: {number} stands behind {before}", "steps: [3, 10]")
            return None
    if len(numbers) > MOST_STEPS:
        reader.fault(texts[MOST_STEPS], "E105", f"more than {MOST_STEPS} steps")
    return packs.Steps(value.place, numbers)


def _required(reader: Reader, key: str) -> Text | None:
    """Return the text under `key`; a missing one is reported."""
    found = reader.scalar(key)
    if found is None and reader.node.get(key) is None:
        reader.fault(reader.node, "E105", f"`{key}` is missing")
    return found


def _rules(top: Reader, traits: packs.Traits, uses: list[Use]) -> tuple[packs.Rule, ...]:
    found: dict[str, packs.Rule] = {}
    # Title and description belong to what they stand on: a rule does not inherit its pack's.
    inherited = replace(traits, title="", description="")

    def read(reader: Reader) -> None:
        rule = _rule(reader, inherited, uses)
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
    reader.check_keys(RULE_KEYS)
    name = reader.id("id", terms.LOOSE_ID)
    own = _traits(reader, traits, uses)
    parts = {key: _items(reader, key) for key in ("all", "any", "none")}
    expr, score = _query(reader), _score(reader)
    has = {key for key in ("all", "any", "query", "score") if reader.node.get(key) is not None}
    if not has:
        lonely = reader.node.get("none") is not None
        message = "the rule has only `none`" if lonely else "the rule has no `any`, `all`, `query` or `score`"
        fix = "`none` alone would match nearly every article" if lonely else "any: [a term, another]"
        reader.fault(reader.node, "E205", message, fix)
    elif ("query" in has or "score" in has) and (len(has) > 1 or reader.node.get("none") is not None):
        reader.fault(reader.node, "E205", "a rule has either lists (any, all, none) or a query or a score")
    if name is None:
        return None
    return packs.Rule(name.value, name.place, own, parts["all"], parts["any"], parts["none"], expr, score)


def _query(reader: Reader) -> syntax.Expr | None:
    found = reader.scalar("query")
    if found is None or "query" in reader.cut:
        return None
    return query.parse_query(found, reader.faults)


def _score(reader: Reader) -> packs.Score | None:
    node = reader.map("score")
    if node is None:
        return None
    inner, before = Reader(node, reader.faults), len(reader.faults)
    inner.check_keys(SCORE_KEYS)
    written = _required(inner, "threshold")
    threshold = _points(inner, written, "threshold") if written is not None else None
    if written is not None and threshold is not None and threshold < 1:
        inner.fault(written, "E402", f"a threshold of {threshold} is always reached", "write 1 or more")
    clauses, weighed = _clauses(inner)
    require = inner.texts("require")
    names = {name.value for name, _ in _entries(inner, "clauses")}
    for name in require:
        if name.value not in names:
            inner.fault(name, "E201", f"`require` names an unknown clause `{name.value}`", fix_for(name.value, names))
    if written is not None and threshold is not None and weighed is not None and weighed < threshold:
        message = f"the threshold is {threshold}, but all clauses together reach only {weighed}"
        inner.fault(written, "E401", message, f"threshold: {weighed}" if weighed > 0 else "raise a weight")
    if threshold is None or len(reader.faults) > before:
        return None
    return packs.Score(node.place, threshold, clauses, tuple(name.value for name in require))


def _entries(reader: Reader, key: str) -> tuple[tuple[Text, Node], ...]:
    node = reader.node.get(key)
    return node.entries if isinstance(node, Map) else ()


def _clauses(score: Reader) -> tuple[tuple[packs.Clause, ...], int | None]:
    """Return the clauses and the most points that they can sum up to, None if one of their numbers is at fault."""
    node = score.get("clauses")
    if node is None or not isinstance(node, Map) or not node.entries:
        at = score.node if node is None else node
        if node is not None or score.node.get("clauses") is None:
            fix = "clauses: {host: {weight: 20, query: '...'}}"
            score.fault(at, "E105", "`clauses` must be a map from ids to clauses", fix)
        return (), None
    clauses, most, sound = [], 0, True
    for name, value in node.entries:
        if not terms.LOOSE_ID.fullmatch(name.value):
            score.fault(name, "E105", f"`{name.value}` is no id", "begin with a letter and use only a-z, 0-9, - and _")
        if not isinstance(value, Map):
            score.fault(value, "E105", f"clause `{name.value}` must be a map", "{weight: 20, query: '...'}")
            sound = False
            continue
        clause, points = _clause(Reader(value, score.faults), name)
        clauses += [clause] if clause is not None else []
        sound = sound and points is not None
        most += points or 0
    return tuple(clauses), most if sound else None


def _clause(reader: Reader, name: Text) -> tuple[packs.Clause | None, int | None]:
    """Return the clause and the most points that it can give."""
    reader.check_keys(CLAUSE_KEYS)
    written = _required(reader, "weight")
    weight = _points(reader, written, "weight") if written is not None else None
    extra = reader.scalar("title_bonus")
    bonus = _points(reader, extra, "title_bonus") if extra is not None else 0
    if extra is not None and weight and bonus and (weight > 0) != (bonus > 0):
        message = f"a title_bonus of {bonus} works against the weight of {weight}"
        reader.fault(extra, "E403", message, f"title_bonus: {-bonus}")
    if reader.node.get("query") is None:
        reader.fault(reader.node, "E105", "`query` is missing")
    expr = _query(reader)
    points = None if weight is None or bonus is None else max(0, weight + max(0, bonus))
    if expr is None or weight is None or bonus is None:
        return None, points
    return packs.Clause(name.value, name.place, weight, expr, bonus), points


def _points(reader: Reader, written: Text, key: str) -> int | None:
    return reader.as_number(written, f"`{key}`", MOST_POINTS, -MOST_POINTS)


def _items(reader: Reader, key: str) -> tuple[packs.Item, ...]:
    value = reader.get(key)
    if value is None:
        return ()
    nodes = reader.list_items(value, key)
    if not nodes and not isinstance(value, Map):
        reader.fault(value, "E105", f"`{key}` is an empty list", "add a term or remove the key")
    return tuple(item for node in nodes for item in vocabulary.read_item(reader, node, None))


@dataclass(frozen=True, slots=True)
class _Names:
    """Ids of a pack's rules, and of those that have a score."""

    rules: frozenset[str]
    scores: frozenset[str]


def _with_score(top: Reader) -> frozenset[str]:
    value = top.node.get("rules")
    nodes = value.items if isinstance(value, Seq) else ()
    ids = [node.get("id") for node in nodes if isinstance(node, Map) and node.get("score") is not None]
    return frozenset(name.value for name in ids if isinstance(name, Text))


def _tests(top: Reader, names: _Names) -> tuple[packs.Case, ...]:
    node = top.map("tests")
    if node is None:
        return ()
    reader = Reader(node, top.faults)
    reader.check_keys(TEST_KINDS)
    return tuple(case for kind in TEST_KINDS for case in _cases(reader, kind, names))


def _cases(reader: Reader, kind: str, names: _Names) -> list[packs.Case]:
    found: list[packs.Case] = []

    def read(case: Reader) -> None:
        found.append(_case(case, kind, names))

    each(reader.nodes(kind), reader.faults, "a test", read)
    return found


def _case(reader: Reader, kind: str, names: _Names) -> packs.Case:
    reader.check_keys(TEST_KEYS)
    rule = reader.scalar("rule")
    if rule is not None and rule.value not in names.rules:
        fix = fix_for(rule.value, names.rules)
        reader.fault(rule, "E201", f"the test names an unknown rule `{rule.value}`", fix)
    elif reader.node.get("expect_score") is not None:
        _check_scored(reader, rule, names.scores)
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
        expect_score=reader.number("expect_score", MOST_POINTS, -MOST_POINTS),
    )


def _check_scored(reader: Reader, rule: Text | None, scores: frozenset[str]) -> None:
    """Report an expected score where no rule, or more than one, could have it."""
    if rule is not None and rule.value not in scores:
        reader.fault(rule, "E105", f"`expect_score` needs a rule with a score; `{rule.value}` has none")
    elif rule is None and len(scores) != 1:
        fix = f"add `rule: {min(scores)}`" if scores else "remove it"
        reader.fault(reader.node, "E105", "`expect_score` does not say of which rule", fix)
