"""The catalogue of slips that people make in rule files: what each does, and how often it is tried."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator

from monitor.rules.yaml_nodes import Seq, Text
from tests.eval.mutations import LANGUAGES, Edit, Entry, Mistake, Sheet

RARELY, NOW_AND_THEN, OFTEN = 1, 2, 4
"""How often a slip is tried: as often as people make it beside the others, which was judged and not counted."""

Edits = Callable[[Sheet], Iterable[Edit]]

MISTAKES: list[Mistake] = []


def mistake(name: str, count: int, files: str = "packs", encoding: str = "utf-8") -> Callable[[Edits], Edits]:
    """Put the edits of a function into the catalogue."""

    def add(edits: Edits) -> Edits:
        MISTAKES.append(Mistake(name, count, files, edits, encoding))
        return edits

    return add


# -- the signs of a query --------------------------------------------------------------------------


def over(sheet: Sheet, pattern: str, new: str | Callable[[re.Match[str]], str]) -> Iterator[Edit]:
    """Yield an edit for each match of a pattern in a query."""
    for start, found in sheet.in_queries(pattern):
        yield sheet.replaced(start, found.expand(new) if isinstance(new, str) else new(found), len(found.group()))


@mistake("bracket of a query lost", OFTEN)
def _bracket_lost(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"[()]", "")


@mistake("bracket of a query doubled", NOW_AND_THEN)
def _bracket_doubled(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"[()]", r"\g<0>\g<0>")


@mistake("operator twice", OFTEN)
def _operator_twice(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\b(?:AND|OR)\b(?! NOT)", r"\g<0> \g<0>")


@mistake("operator left over", NOW_AND_THEN)
def _operator_left(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"(?<= OR )\$[a-z-]+(?=\))", "")


@mistake("operator lost", NOW_AND_THEN)
def _operator_lost(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"(?<=[a-z]) (?:OR|AND|SENT|PARA) (?=[$t])", " ")


@mistake("operator in lower case", OFTEN)
def _lower(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\b(?:AND|OR|NOT|SENT|NOTSENT|PARA)\b", lambda found: found.group().lower())


@mistake("AND for OR", NOW_AND_THEN)
def _and_for_or(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\bOR\b", "AND")


@mistake("OR for AND", NOW_AND_THEN)
def _or_for_and(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\bAND\b(?! NOT)", "OR")


@mistake("sides of THEN swapped", NOW_AND_THEN)
def _then_swapped(sheet: Sheet) -> Iterator[Edit]:
    yield from over(sheet, r"(\$[a-z-]+) (THEN/\d+) (\$[a-z-]+)", r"\3 \2 \1")
    yield from over(sheet, r"(THEN/\d+)\((\$[a-z-]+), (\$[a-z-]+)\)", r"\1(\3, \2)")


@mistake("distance over 50", NOW_AND_THEN)
def _too_far(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"(?<=NEAR/)(?:[6-9]|\d\d)", r"\g<0>0")


@mistake("distance 0", RARELY)
def _too_near(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\b(NEAR/)(?:[6-9]|\d\d)", r"\g<1>0")


@mistake("distance lost", NOW_AND_THEN)
def _no_distance(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\b(NEAR|NOTNEAR|THEN)/\d+", r"\1")


@mistake("NOT dropped", NOW_AND_THEN)
def _not_dropped(sheet: Sheet) -> Iterator[Edit]:
    yield from over(sheet, r"\bAND NOT\b", "AND")
    yield from over(sheet, r"\bNOT(?=NEAR|SENT)", "")


@mistake("NOT on what is wanted", NOW_AND_THEN)
def _not_added(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\bAND (?=[(]|top:|SENT|PARA|NEAR)", "AND NOT ")


@mistake("$name misspelt", OFTEN)
def _ref_misspelt(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\$[a-z-]{4,}", lambda found: swapped(found.group()))


@mistake("another $name", NOW_AND_THEN)
def _other_ref(sheet: Sheet) -> Iterator[Edit]:
    twins = {"egypt": "israel", "israel": "egypt", "egyptians": "israelis", "israelis": "egyptians"}
    twins |= {"taking-in": "far-hosts", "gaza-folk": "folk", "gaza-here": "far-hosts", "recipient": "us"}
    twins |= {"us": "recipient", "driving-out": "elsewhere", "lever": "stop", "for-egypt": "for-israel"}
    twins |= {"for-israel": "for-egypt", "egypt-word": "for-israel"}
    return over(sheet, rf"\$({'|'.join(twins)})(?![a-z-])", lambda found: f"${twins[found[1]]}")


@mistake("$ forgotten", NOW_AND_THEN)
def _no_dollar(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\$(?=[a-z]+\b)", "")


@mistake("operator of another system", NOW_AND_THEN)
def _foreign(sheet: Sheet) -> Iterator[Edit]:
    yield from over(sheet, r"(?<= )(?:SENT|PARA)(?= )", "/s")
    yield from over(sheet, r"(?<= )THEN/(\d+)(?= )", r"PRE/\1")
    yield from over(sheet, r"(\$[a-z-]+) (?:SENT|PARA|THEN/\d+) (\$[a-z-]+)", r"\1 W/5 \2")
    yield from over(sheet, r"AND NOT ", "-")
    yield from over(sheet, r"\bAND\b", "&&")
    yield from over(sheet, r"\bNEAR/(\d+)\((\$[a-z-]+), (\$[a-z-]+)\)", r'"\2 \3"~\1')


@mistake("field misspelt", OFTEN)
def _field_misspelt(sheet: Sheet) -> Iterator[Edit]:
    yield from over(sheet, r"\b(?:title|top|lang):", lambda found: f"{swapped(found.group()[:-1])}:")


@mistake("chain of distances", RARELY)
def _chain(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"NEAR/(\d+)\((\$[a-z-]+), (\$[a-z-]+), ", r"(\2 NEAR/\1 \3 NEAR/\1 ")


@mistake("operand lost", NOW_AND_THEN)
def _operand_lost(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"((?:NEAR/\d+|SENT|PARA)\()\$[a-z-]+(?=, [^,]+\))", r"\1")


@mistake("query without its quotes", OFTEN)
def _comma_in_braces(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "'" and "," in query.value:
            start = sheet.at(query.place)
            yield Edit(start, sheet.end_of(query), query.value)


@mistake("quote of a query lost", OFTEN)
def _quote_lost(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "'":
            start, end = sheet.at(query.place), sheet.end_of(query)
            yield from (Edit(start, start + 1, ""), Edit(end - 1, end, ""))


@mistake("| of a block lost", NOW_AND_THEN)
def _no_block_sign(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "|":
            start = sheet.at(query.place)
            yield Edit(start, start + 1, ">" if "--" in query.value else "")


@mistake("typographic quotes", NOW_AND_THEN)
def _typographic(sheet: Sheet) -> Iterator[Edit]:
    for text in sheet.items_in(*LANGUAGES):
        if " " in text.value:
            yield Edit(sheet.at(text.place), sheet.end_of(text), f"“{text.value}”")


# -- terms -----------------------------------------------------------------------------------------


def swapped(word: str) -> str:
    """Return a word with two letters in its middle exchanged, or one lost where they are the same."""
    at = max(1, len(word) // 2 - 1)
    if word[at] == word[at + 1] or not word[at : at + 2].isalpha():
        return word[:at] + word[at + 1 :] if word[at].isalpha() else word[: at + 1] + word[at + 2 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def rewritten(sheet: Sheet, texts: Iterable[Text], new: Callable[[str], str]) -> Iterator[Edit]:
    """Yield an edit for each of these terms."""
    for text in texts:
        yield Edit(sheet.at(text.place), sheet.end_of(text), new(text.value))


def prefixes(sheet: Sheet) -> Iterator[Text]:
    """Yield the terms that end in a star."""
    return (text for text in sheet.items_in(*LANGUAGES) if text.value.endswith("*") and " " not in text.value)


@mistake("star at the start", NOW_AND_THEN, "any")
def _star_first(sheet: Sheet) -> Iterator[Edit]:
    return rewritten(sheet, sheet.items_in(*LANGUAGES), lambda value: f"*{value.rstrip('*')}")


@mistake("too little before the star", NOW_AND_THEN, "any")
def _short_prefix(sheet: Sheet) -> Iterator[Edit]:
    return rewritten(sheet, prefixes(sheet), lambda value: f"{value[:2]}*")


@mistake("star in the middle", NOW_AND_THEN, "any")
def _star_inside(sheet: Sheet) -> Iterator[Edit]:
    return rewritten(sheet, (t for t in prefixes(sheet) if len(t.value) > 5), lambda v: f"{v[:3]}*{v[3:-1]}")


@mistake("star lost", RARELY, "any")
def _star_lost(sheet: Sheet) -> Iterator[Edit]:
    return rewritten(sheet, prefixes(sheet), lambda value: value[:-1])


@mistake("broad word alone", NOW_AND_THEN)
def _broad(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("query"):
        if len(entry.path) == 3 and isinstance(entry.value, Text) and entry.value.style == "|":
            depth = entry.key.place.column - 1
            start, _ = sheet.line_at(sheet.at(entry.key.place))
            block = sheet.indented(start)
            for word in ("plan", "said", "US", "خطة", "תוכנית"):
                yield Edit(start, block.end, f"{' ' * depth}any: [{word}]\n")
    for entry in sheet.entries_at("rules"):
        for word in ("the", "plan", "talks", "aid", "حرب"):
            yield sheet.replaced(sheet.at(entry.value.place), f"id: extra\n    any: [{word}]\n  - ")


@mistake("broad word in an OR", NOW_AND_THEN)
def _broad_or(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "'" and " AND " not in query.value and " OR " not in query.value:
            end = sheet.end_of(query) - 1
            yield from (sheet.replaced(end, f" OR {word}") for word in ("said", "plan"))


@mistake("Arabic comma", NOW_AND_THEN, "any")
def _arabic_comma(sheet: Sheet) -> Iterator[Edit]:
    return commas(sheet, "ar", "،")


@mistake("comma in a block list", NOW_AND_THEN, "any")
def _block_comma(sheet: Sheet) -> Iterator[Edit]:
    for text in sheet.items_in(*LANGUAGES):
        start, end = sheet.line_at(sheet.at(text.place))
        below = sheet.text[end : sheet.line_at(end)[1]]
        if re.fullmatch(r" *- [^{\[#:$]+\n", sheet.text[start:end]) and re.fullmatch(r" *- [^{\[#:$]+\n", below):
            yield Edit(end - 1, end + below.index("-") + 1, ",")


def commas(sheet: Sheet, language: str, new: str) -> Iterator[Edit]:
    """Yield an edit for each comma between two items in one line."""
    for text in sheet.items_in(language):
        end = sheet.end_of(text)
        if sheet.text[end : end + 2] == ", " and sheet.text[end + 2] not in "{$":
            yield Edit(end, end + 1, new)


@mistake("columns swapped by a paste", RARELY, "any")
def _swapped_columns(sheet: Sheet) -> Iterator[Edit]:
    for start, line in sheet.lines():
        found = re.fullmatch(r"( +)(ar|he): (\[.*\])", line)
        if found:
            yield Edit(start, start + len(line), f"{found[1]}{found[3]} :{found[2]}")


@mistake("list item like a test", NOW_AND_THEN, "any")
def _wrong_item(sheet: Sheet) -> Iterator[Edit]:
    for text in sheet.items_in(*LANGUAGES):
        yield Edit(sheet.at(text.place), sheet.end_of(text), f"{{term: {text.value}}}")


@mistake("list inside a list", NOW_AND_THEN, "any")
def _nested_list(sheet: Sheet) -> Iterator[Edit]:
    return rewritten(sheet, sheet.items_in(*LANGUAGES), lambda value: f"[{value}]")


@mistake("query in a list", OFTEN, "any")
def _query_in_list(sheet: Sheet) -> Iterator[Edit]:
    for text in sheet.items_in("en", "fr"):
        new = (f"({text.value})", f"{text.value} OR $gaza", f"{text.value} AND border")
        yield from (Edit(sheet.at(text.place), sheet.end_of(text), value) for value in new)


# -- items with a context --------------------------------------------------------------------------


def contexts(sheet: Sheet) -> Iterator[Entry]:
    """Yield the keys beside a `name`."""
    return (entry for entry in sheet.entries if entry.parent.get("name") is not None)


@mistake("key of an item misspelt", NOW_AND_THEN, "any")
def _item_key(sheet: Sheet) -> Iterator[Edit]:
    for entry in contexts(sheet):
        yield Edit(sheet.at(entry.key.place), sheet.end_of(entry.key), swapped(entry.key.value))


@mistake("`within` misspelt", NOW_AND_THEN, "any")
def _within(sheet: Sheet) -> Iterator[Edit]:
    for entry in contexts(sheet):
        if entry.key.value in ("within", "forbid_within") and isinstance(entry.value, Text):
            yield Edit(sheet.at(entry.value.place), sheet.end_of(entry.value), "artikle")


@mistake("`case` misspelt", RARELY, "any")
def _case(sheet: Sheet) -> Iterator[Edit]:
    texts = (t for t in sheet.items_in("en", "fr") if t.value.isalpha())
    return rewritten(sheet, texts, lambda value: f"{{name: {value}, case: exakt}}")


@mistake("clitics off", RARELY, "any")
def _clitics(sheet: Sheet) -> Iterator[Edit]:
    texts = (t for t in sheet.items_in("ar", "he") if " " not in t.value and "*" not in t.value and len(t.value) > 3)
    common = (
        t for t in texts if t.value in ("غزة", "عזה", "مصر", "القاهرة", "إسرائيل", "מצרים", "קהיר", "ישראל", "עזה")
    )
    return rewritten(sheet, common, lambda value: f"{{name: {value}, clitics: false}}")


@mistake("`forbid` lost", NOW_AND_THEN, "any")
def _forbid_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in contexts(sheet):
        if entry.key.value == "forbid" and entry.parent.get("forbid_within") is None:
            edit = sheet.block_of(entry) if not entry.parent.flow else flow_tail(sheet, entry)
            if edit is not None:
                yield edit


def flow_tail(sheet: Sheet, entry: Entry) -> Edit | None:
    """Return the edit that removes the last key of a map in braces, with the comma before it."""
    start = sheet.at(entry.key.place)
    found = re.compile(r"forbid: \[[^\]]*\](?=\})").match(sheet.text, start)
    return Edit(start - 2, found.end(), "") if found and sheet.text[start - 2 : start] == ", " else None


@mistake("alias list emptied", NOW_AND_THEN, "any")
def _emptied(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at(*LANGUAGES):
        start = sheet.at(entry.value.place)
        found = re.compile(r"\[[^\[\]{}]*\]").match(sheet.text, start)
        if found:
            yield from (Edit(start, found.end(), ""), Edit(start, found.end(), "[]"))


@mistake("language lost", NOW_AND_THEN, "any")
def _language_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at(*LANGUAGES):
        edit = sheet.block_of(entry)
        if edit is not None:
            yield edit


@mistake("language misspelt", NOW_AND_THEN, "any")
def _language_misspelt(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("he"):
        yield Edit(sheet.at(entry.key.place), sheet.end_of(entry.key), "hb")


@mistake("`languages` narrowed", NOW_AND_THEN)
def _narrowed(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("languages"):
        for item in entry.value.items if isinstance(entry.value, Seq) else ():
            start, end = sheet.at(item.place), sheet.end_of(item)  # type: ignore[arg-type]
            last = sheet.text[end : end + 2] != ", "
            yield Edit(start - 2, end, "") if last else Edit(start, end + 2, "")


# -- keys and values -------------------------------------------------------------------------------


def values(sheet: Sheet, *keys: str) -> Iterator[tuple[Entry, Text]]:
    """Yield plain values of these keys."""
    return ((e, e.value) for e in sheet.entries_at(*keys) if isinstance(e.value, Text) and not e.value.style)


KEYS = (
    *("title", "description", "owner", "defaults", "severity", "languages", "lists", "rules", "entities", "names"),
    *("type", "holders", "query", "score", "threshold", "require", "weight", "clauses", "pack", "format", "tags"),
    *("title_bonus", "active", "from", "lint_ok"),
)


@mistake("key misspelt", OFTEN, "any")
def _key_misspelt(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at(*KEYS):
        yield Edit(sheet.at(entry.key.place), sheet.end_of(entry.key), swapped(entry.key.value))


@mistake("key twice", NOW_AND_THEN, "any")
def _key_twice(sheet: Sheet) -> Iterator[Edit]:
    for start, line in sheet.lines():
        if re.fullmatch(r" *[a-z_]+: [^\[{|>].*", line):
            yield sheet.replaced(start, f"{line}\n")


@mistake("value misspelt", NOW_AND_THEN)
def _value_misspelt(sheet: Sheet) -> Iterator[Edit]:
    for entry, text in values(sheet, "severity"):
        yield Edit(sheet.at(text.place), sheet.end_of(text), swapped(text.value))
        yield sheet.replaced(sheet.line_at(sheet.at(entry.key.place))[0], "  status: tset\n")
        yield sheet.replaced(sheet.line_at(sheet.at(entry.key.place))[0], "  max_age: 36 hours\n")


@mistake("retired or draft by mistake", NOW_AND_THEN)
def _retired(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("description"):
        if len(entry.path) == 3:
            start = sheet.at(entry.key.place)
            yield sheet.replaced(start, f"status: retired\n{' ' * (entry.key.place.column - 1)}")
    for entry, _ in values(sheet, "severity"):
        yield sheet.replaced(sheet.at(entry.key.place), "status: retired\n  ")


@mistake("`format` lost or wrong", NOW_AND_THEN, "any")
def _format(sheet: Sheet) -> Iterator[Edit]:
    for entry, text in values(sheet, "format"):
        start, end = sheet.line_at(sheet.at(entry.key.place))
        yield from (Edit(start, end, ""), Edit(sheet.at(text.place), sheet.end_of(text), "3"))


@mistake("list written as text", RARELY)
def _list_as_text(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("languages"):
        _, end = sheet.line_at(sheet.at(entry.value.place))
        yield Edit(sheet.at(entry.value.place), end - 1, "en ar he fr")


@mistake("colon lost", OFTEN, "any")
def _colon_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("title", "owner", "type", "severity", "threshold", "pack"):
        end = sheet.end_of(entry.key)
        yield from (Edit(end, end + 1, ""), Edit(end + 1, end + 2, ""))


@mistake("colon or sign in a text", NOW_AND_THEN)
def _plain_traps(sheet: Sheet) -> Iterator[Edit]:
    for _, text in values(sheet, "title", "description"):
        start = sheet.at(text.place)
        if not text.spans_lines:
            at = sheet.text.find(" ", start)
            yield from (sheet.replaced(at, ":"), sheet.replaced(start, "@"), sheet.replaced(at + 1, "#"))


@mistake("threshold too high", NOW_AND_THEN)
def _threshold_high(sheet: Sheet) -> Iterator[Edit]:
    for _, text in values(sheet, "threshold"):
        yield from (Edit(sheet.at(text.place), sheet.end_of(text), text.value + "0"),)
        yield from (Edit(sheet.at(text.place), sheet.end_of(text), str(int(text.value) * 2)),)


@mistake("threshold too low", NOW_AND_THEN)
def _threshold_low(sheet: Sheet) -> Iterator[Edit]:
    for _, text in values(sheet, "threshold"):
        yield from (Edit(sheet.at(text.place), sheet.end_of(text), low) for low in ("1", text.value[:-1], "0"))


@mistake("sign of a weight flipped", RARELY)
def _sign(sheet: Sheet) -> Iterator[Edit]:
    for _, text in values(sheet, "weight"):
        if abs(int(text.value)) >= 10:
            new = text.value[1:] if text.value.startswith("-") else f"-{text.value}"
            yield Edit(sheet.at(text.place), sheet.end_of(text), new)


@mistake("`require` of a score wrong", NOW_AND_THEN)
def _require(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("require"):
        if entry.path[-2:-1] == ("score",) and isinstance(entry.value, Seq):
            first = entry.value.items[0]
            assert isinstance(first, Text)
            yield Edit(sheet.at(first.place), sheet.end_of(first), swapped(first.value))


@mistake("rule lost", NOW_AND_THEN)
def _rule_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("id"):
        if entry.path[:1] == ("rules",) and len(entry.path) == 3:
            yield sheet.indented(sheet.at(entry.key.place))


@mistake("entity lost", NOW_AND_THEN, "entities")
def _entity_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("id"):
        if entry.path[:1] == ("entities",) and len(entry.path) == 3:
            yield sheet.indented(sheet.at(entry.key.place))


@mistake("list lost", NOW_AND_THEN)
def _list_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries:
        if entry.path[:1] == ("lists",) and len(entry.path) == 2:
            yield sheet.indented(sheet.at(entry.key.place))


@mistake("holder wrong", NOW_AND_THEN, "entities")
def _holder(sheet: Sheet) -> Iterator[Edit]:
    for entry, text in values(sheet, "id", "from"):
        if "holders" in entry.path:
            start, end = sheet.at(text.place), sheet.end_of(text)
            new = (swapped(text.value),) if entry.key.value == "id" else ("2099-01-01", "20.1.2025", "2024-13-01")
            yield from (Edit(start, end, value) for value in new)


# -- lines -----------------------------------------------------------------------------------------


@mistake("tab", OFTEN, "any")
def _tab(sheet: Sheet) -> Iterator[Edit]:
    return (Edit(at, at + 2, "\t") for at, line in sheet.lines() if line.startswith("  "))


@mistake("indented too deep", OFTEN, "any")
def _deep(sheet: Sheet) -> Iterator[Edit]:
    return (sheet.replaced(at, "  ") for at, line in sheet.lines() if re.match(r" +[a-z_-]+:", line))


@mistake("indented too little", OFTEN, "any")
def _shallow(sheet: Sheet) -> Iterator[Edit]:
    return (Edit(at, at + 2, "") for at, line in sheet.lines() if re.match(r"  +(?:- )?[a-z_-]+:", line))


@mistake("bracket of a list lost", OFTEN, "any")
def _list_bracket(sheet: Sheet) -> Iterator[Edit]:
    for at, line in sheet.lines():
        yield from (Edit(at + n, at + n + 1, "") for n, sign in enumerate(line) if sign in "[]{}" and "'" not in line)


@mistake("quote begun", OFTEN, "any")
def _quote_begun(sheet: Sheet) -> Iterator[Edit]:
    for text in sheet.items_in(*LANGUAGES):
        yield from (sheet.replaced(sheet.at(text.place), sign) for sign in "\"'")


@mistake("quote inside a test's text", NOW_AND_THEN)
def _test_quote(sheet: Sheet) -> Iterator[Edit]:
    for found in re.finditer(r'^ +title: "\S+( )[^"\n]*"$', sheet.text, re.MULTILINE):
        yield sheet.replaced(found.start(1), '"')


@mistake("second document", NOW_AND_THEN, "any")
def _second_document(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("lists", "rules", "tests", "entities"):
        if len(entry.path) == 1:
            yield sheet.replaced(sheet.at(entry.key.place), "---\n")


@mistake("merge conflict", NOW_AND_THEN, "any")
def _conflict(sheet: Sheet) -> Iterator[Edit]:
    for at, line in sheet.lines():
        both = f"<<<<<<< HEAD\n{line}\n=======\n{line}\n>>>>>>> desk\n"
        yield Edit(at, at + len(line) + 1, both)


@mistake("half-saved", 10, "any")
def _half_saved(sheet: Sheet) -> Iterator[Edit]:
    draw = random.Random(sheet.file)
    for _ in range(40):
        yield Edit(int(len(sheet.text) * draw.uniform(0.02, 0.98)), len(sheet.text), "")


@mistake("saved as Latin-1", NOW_AND_THEN, "any", "latin-1")
def _latin(sheet: Sheet) -> Iterator[Edit]:
    yield Edit(0, 0, "# é\n")


@mistake("saved as UTF-16", RARELY, "any", "utf-16")
def _utf16(sheet: Sheet) -> Iterator[Edit]:
    yield Edit(0, 0, "")


@mistake("search and replace", NOW_AND_THEN, "any")
def _search_and_replace(sheet: Sheet) -> Iterator[Edit]:
    slips = (("Gaza", "Gazza"), ("Egypt", "Egpyt"), ("Israel", "Isreal"), ("$gaza", "gaza"), ("OR ", "or "))
    for old, new in (*slips, ("within", "inside"), ("name:", "alias:"), ("إسرائيل", "إسرائل"), ("עזה", "הרצועה")):
        if sheet.text.count(old) > 3:
            start = sheet.text.index(old)
            yield Edit(start, len(sheet.text), sheet.text[start:].replace(old, new))


# -- copies and renames ----------------------------------------------------------------------------


@mistake("rule copied with its id", NOW_AND_THEN)
def _rule_copied(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("id"):
        if entry.path[:1] == ("rules",) and len(entry.path) == 3:
            rule = sheet.indented(sheet.at(entry.key.place))
            yield sheet.replaced(rule.start, sheet.text[rule.start : rule.end])


@mistake("clause copied with its id", NOW_AND_THEN)
def _clause_copied(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries_at("weight"):
        start, end = sheet.line_at(sheet.at(entry.key.place))
        yield sheet.replaced(start, sheet.text[start:end])


@mistake("rule renamed, its tests not", NOW_AND_THEN)
def _rule_renamed(sheet: Sheet) -> Iterator[Edit]:
    for entry, text in values(sheet, "id"):
        if entry.path[:1] == ("rules",) and len(entry.path) == 3:
            yield sheet.replaced(sheet.end_of(text), "-2")


@mistake("list or entity renamed, its uses not", NOW_AND_THEN, "any")
def _list_renamed(sheet: Sheet) -> Iterator[Edit]:
    for entry in sheet.entries:
        if entry.path[:1] == ("lists",) and len(entry.path) == 2:
            yield sheet.replaced(sheet.end_of(entry.key), "-2")
    for entry, text in values(sheet, "id"):
        if entry.path[:1] == ("entities",) and len(entry.path) == 3:
            yield sheet.replaced(sheet.end_of(text), "-2")


@mistake("dash without its space", NOW_AND_THEN, "any")
def _dash(sheet: Sheet) -> Iterator[Edit]:
    return (
        Edit(at, at + len(line), line.replace("- ", "-", 1)) for at, line in sheet.lines() if re.match(r" +- ", line)
    )


@mistake("single quotes for a phrase", NOW_AND_THEN)
def _single_quotes(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "|":
            places = query.places()
            for found in re.finditer(r"\$[a-z-]+", query.value):
                yield sheet.replaced(sheet.at(places(found.start())), "'peace plan'", len(found.group()))


@mistake("AND inside a distance", NOW_AND_THEN)
def _and_inside(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"(NEAR/\d+\()(\$[a-z-]+), ", r"\1(\2 AND border), ")


@mistake("count over its operands", RARELY)
def _count(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"NEAR/\d+\((\$[a-z-]+), (\$[a-z-]+)\)", r"ATLEAST/3(\1, \2)")


@mistake("regex that RE2 refuses", RARELY)
def _regex(sheet: Sheet) -> Iterator[Edit]:
    return over(sheet, r"\$[a-z-]+(?= OR)", r"re:/(?=peace)plan/")


@mistake("acronym without its =", NOW_AND_THEN, "any")
def _acronym(sheet: Sheet) -> Iterator[Edit]:
    exact = (t for t in sheet.items_in(*LANGUAGES) if re.fullmatch("=[A-Z]{2,4}", t.value))
    return rewritten(sheet, exact, lambda value: value[1:])


@mistake("`require` lost", NOW_AND_THEN, "entities")
def _require_lost(sheet: Sheet) -> Iterator[Edit]:
    for entry in contexts(sheet):
        found = re.compile(r"require: \[[^\]]*\](, within: \w+)?\}").match(sheet.text, sheet.at(entry.key.place))
        if found:
            yield Edit(found.start() - 2, found.end() - 1, "")


@mistake("note in a query", NOW_AND_THEN)
def _note(sheet: Sheet) -> Iterator[Edit]:
    for query in sheet.queries:
        if query.style == "'":
            yield sheet.replaced(sheet.end_of(query) - 1, " -- ask the desk")


# -- no mistakes -----------------------------------------------------------------------------------


def harmless(sheet: Sheet) -> dict[str, bytes]:
    """Return edits that change nothing, each under its name."""
    data = sheet.text.encode()
    return {
        "CRLF": data.replace(b"\n", b"\r\n"),
        "byte order mark": b"\xef\xbb\xbf" + data,
        "comment": data + b"\n# the end\n",
        "blank lines": data.replace(b"\nrules:", b"\n\n\nrules:"),
    }
