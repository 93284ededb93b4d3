"""Queries: what is read, and what is refused with file, line, column and what to write instead."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import errors
from monitor.rules import load, query, regexes, syntax, yaml_nodes

FIRST_LINE = 6
"""Of the query, in the file of `load_query`; it is indented by six spaces."""


def load_query(text: str) -> tuple[syntax.Expr | None, list[errors.Fault]]:
    """Return what a `|` block with `text` says, and its faults with lines and columns of `text`."""
    lines = "".join(f"      {line}\n" for line in text.split("\n"))
    file = f"format: 1\npack: p\nrules:\n  - id: a\n    query: |\n{lines}".encode()
    found: list[errors.Fault] = []
    root, first = yaml_nodes.parse("packs/p.yaml", file)
    assert isinstance(root, yaml_nodes.Map)
    assert first == ()
    rules = root.get("rules")
    assert isinstance(rules, yaml_nodes.Seq)
    rule = rules.items[0]
    assert isinstance(rule, yaml_nodes.Map)
    node = rule.get("query")
    assert isinstance(node, yaml_nodes.Text)
    expr = query.parse_query(node, found)
    placed = [
        errors.Fault(f.file, (f.line or 0) - FIRST_LINE + 1, (f.column or 0) - 6, f.code, f.message, f.fix)
        for f in found
    ]
    return expr, placed


def places(text: str) -> list[str]:
    """Return `line:column code` of every fault of a query."""
    return [f"{fault.line}:{fault.column} {fault.code}" for fault in load_query(text)[1]]


def fixes(text: str) -> str:
    """Return the fixes of a query, each in a line."""
    return "\n".join(fault.fix or "" for fault in load_query(text)[1])


def told(expr: syntax.Expr | None) -> str:
    """Return an expression as a LISP would write it."""
    match expr:
        case None:
            return "nothing"
        case syntax.Word(term):
            return f"${term.ref}" if term.ref else "+".join(_part(part) for part in term.parts)
        case syntax.Regex(pattern):
            return f"/{pattern}/"
    inner = " ".join(told(part) for part in syntax.operands_of(expr))
    match expr:
        case syntax.And(operands, without):
            kept = [*(told(part) for part in operands), *(f"-{told(part)}" for part in without)]
            return f"(and {' '.join(kept)})"
        case syntax.Or():
            return f"(or {inner})"
        case syntax.Near(distance=distance, ordered=ordered):
            return f"({'then' if ordered else 'near'}{distance} {inner})"
        case syntax.Together(unit=unit):
            return f"({unit} {inner})"
        case syntax.Apart(distance=distance):
            return f"(apart{'' if distance is None else distance} {inner})"
        case syntax.AtLeast(count=count) | syntax.Times(count=count):
            return f"({type(expr).__name__.lower()}{count} {inner})"
        case syntax.Field(name=name):
            return f"({name}: {inner})"
    raise AssertionError(expr)


def _part(part: object) -> str:
    exact, folded = getattr(part, "exact", None), getattr(part, "folded", "")
    return f"{'-' * getattr(part, 'glued', False)}{f'={exact}' if exact else folded}{'*' * getattr(part, 'prefix', 0)}"


# -- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gaza", "gaza"),
        ('"Gaza Strip"', "gaza+strip"),
        ('"Gaza, (Strip) – AND: [x]"', "gaza+strip+and+x"),
        ('"resettl* plan"', "resettl*+plan"),
        ("resettl*", "resettl*"),
        ("organi?ation", "organi?ation"),
        ("=US", "=US"),
        ("=U.S.", "=US"),
        ('="White House"', "=White+=House"),
        ("$gaza", "$gaza"),
        ("$taking-in", "$taking-in"),
        ("U.S.", "us"),
        ("Sa'ar OR Sa’ar OR smotricz'", "(or saar saar smotricz)"),
        ("re-settle", "re+-settle"),
        ("AT&T", "at+t"),
        ("ב־קהיר", "ב+-קהיר"),
        ('ארה"ב', "ארהב"),
        ("ארה״ב", "ארהב"),
        ('"ארה"ב בעזה"', "ארהב+בעזה"),
        ("عزة*", "عزه*"),
        ("12.5 OR 9th", "(or 12.5 9+th)"),
        (r"re:/a\/b+\d/", r"/a/b+\d/"),
        ("a AND b AND NOT c AND d", "(and a b d -c)"),
        ("a AND NOT (b OR c)", "(and a -(or b c))"),
        ("(a OR b) AND (c OR d)", "(and (or a b) (or c d))"),
        ("a NEAR/0 b", "(near0 a b)"),
        ("a THEN/50 b", "(then50 a b)"),
        ("NEAR/5(a, b, c OR d)", "(near5 a b (or c d))"),
        ("THEN/5(a, b)", "(then5 a b)"),
        ("a SENT b", "(sentence a b)"),
        ("PARA(a, (b), $c)", "(paragraph a b $c)"),
        ("a NOTNEAR/3 b", "(apart3 a b)"),
        ("a NOTSENT b", "(apart a b)"),
        ("ATLEAST/2(a, b, c)", "(atleast2 a b c)"),
        ("TIMES/2(Mawasi)", "(times2 mawasi)"),
        ("TIMES/2(a OR b) OR ATLEAST/2(TIMES/3(a), b)", "(or (times2 (or a b)) (atleast2 (times3 a) b))"),
        ("title:a NEAR/5 b", "(near5 (title: a) b)"),
        ("title:(a NEAR/5 b)", "(title: (near5 a b))"),
        ("top: a", "(top: a)"),
        ("NEAR/5(title:a, (b NOTSENT c) SENT d)", "(near5 (title: a) (sentence (apart b c) d))"),
        ("a NEAR/5 (b THEN/2 c) AND d SENT e", "(and (near5 a (then2 b c)) (sentence d e))"),
        ("lang:ar AND source:haaretz AND url:re:/gaza/", "(and (lang: ar) (source: haaretz) (url: /gaza/))"),
        ('author:"Ann Example"', "(author: ann+example)"),
        ("ANDROID OR AND-gate OR NOTNEAR-x", "(or android and+-gate notnear+-x)"),
        ('"AND" OR and', "(or and and)"),
        ("a\nAND\n\n  b", "(and a b)"),
        ('a -- AND b ( " unclosed', "a"),
        ("-- first\na AND (-- then\nb)-- last", "(and a b)"),
        ("gaza\u200f AND \u200fegypt", "(and gaza egypt)"),
    ],
)
def test_queries_are_read(text: str, expected: str) -> None:
    """Each construct of the grammar becomes its value."""
    expr, faults = load_query(text)

    assert [str(fault) for fault in faults] == []
    assert told(expr) == expected


def test_infix_is_remembered() -> None:
    """`a NEAR/5 b` and `NEAR/5(a, b)` mean the same and are told apart."""
    infix, function = load_query("a NEAR/5 b")[0], load_query("NEAR/5(a, b)")[0]

    assert isinstance(infix, syntax.Near)
    assert isinstance(function, syntax.Near)
    assert (infix.infix, function.infix) == (True, False)


def test_everything_knows_its_place() -> None:
    """A node stands where its operator stands, a leaf where it begins; lines of a block are lines of the file."""
    expr = load_query("$gaza AND\n  (NEAR/5(a, re:/b/) OR title:c)")[0]

    assert expr is not None
    assert [(type(part).__name__, part.place.line - 5, part.place.column - 6) for part in syntax.walk(expr)] == [
        ("And", 1, 7),
        ("Word", 1, 1),
        ("Or", 2, 22),
        ("Near", 2, 4),
        ("Word", 2, 11),
        ("Regex", 2, 14),
        ("Field", 2, 25),
        ("Word", 2, 31),
    ]


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # brackets, operators and operands
        ("(a OR b", ["1:1 E310"]),
        ("a AND\n((b OR c)", ["2:1 E310"]),
        ("a OR b)", ["1:7 E310"]),
        ("a AND b) OR (c", ["1:8 E310", "1:13 E310"]),
        ("()", ["1:1 E310"]),
        ("a AND", ["1:3 E310"]),
        ("AND a", ["1:1 E310"]),
        ("a AND OR b", ["1:7 E310"]),
        ("a NEAR/5", ["1:3 E310"]),
        ("NEAR/5 a", ["1:1 E310"]),
        ("NEAR/5()", ["1:7 E310"]),
        ("NEAR/5(a,, b)", ["1:10 E310"]),
        ("NEAR/5(a, b,)", ["1:12 E310"]),
        ("a, b", ["1:2 E310"]),
        ("a NEAR/5 (b, c)", ["1:12 E310"]),
        ("NOTNEAR/5(a, b)", ["1:1 E310"]),
        ("TIMES/2(a, b)", ["1:10 E310"]),
        ("a ATLEAST/2 b", ["1:3 E310"]),
        ("title:", ["1:1 E310"]),
        ("title: AND a", ["1:1 E310"]),
        ("titel:a", ["1:1 E310"]),
        ("Title:a", ["1:1 E310"]),
        ("title : a", ["1:7 E310"]),
        ("a NEAR b", ["1:3 E310"]),
        ("a NEAR 5 b", ["1:3 E310"]),
        ("a NEAR/ 5 b", ["1:3 E310"]),
        ("a NEAR/5x b", ["1:3 E310"]),
        ("TIMES OR a", ["1:1 E310"]),
        ('a AND "open', ["1:7 E310"]),
        ("a AND re:/open", ["1:7 E310"]),
        ("re:gaza", ["1:1 E310"]),
        ("re:/a/i", ["1:7 E310"]),
        ("'a b'", ["1:1 E310"]),
        ("9/11", ["1:2 E310"]),
        ("50% AND #tag", ["1:3 E310", "1:9 E310"]),
        ("1,300 AND x", ["1:2 E310"]),
        ("https://example.org/a?b=c AND x", ["1:1 E310"]),
        ("$Gaza OR $gaza_strip", ["1:1 E310", "1:10 E310"]),
        ('"the $gaza"', ["1:1 E310"]),
        ("lang:(ar OR he)", ["1:1 E310"]),
        ("source:$papers", ["1:1 E310"]),
        ("lang:=ar", ["1:1 E310"]),
        ("lang:hebrew OR lang:zh-CN", ["1:6 E206", "1:21 E206"]),
        ("\n", ["0:6 E310"]),
        ("-- only this", ["0:6 E310"]),
        # no operator
        ("Gaza Strip", ["1:6 E311"]),
        ("a AND\nGaza Strip aid", ["2:6 E311"]),
        ('$a "b c"', ["1:4 E311"]),
        ("(a) (b)", ["1:5 E311"]),
        ("a title:b", ["1:3 E311"]),
        ("(a b) AND (c d)", ["1:4 E311", "1:14 E311"]),
        # mixtures
        ("a AND b OR c", ["1:9 E312"]),
        ("a OR b AND NOT c", ["1:8 E312"]),
        ("(a AND b OR c) AND (d OR e AND f)", ["1:10 E312", "1:28 E312"]),
        ("NOT a", ["1:1 E313"]),
        ("NOT a AND b", ["1:1 E313"]),
        ("a AND (NOT b)", ["1:8 E313"]),
        ("a NOT b", ["1:3 E313"]),
        ("ATLEAST/2(a, NOT b)", ["1:14 E313"]),
        ("a OR NOT b", ["1:6 E314"]),
        ("a NEAR/5 b NEAR/5 c", ["1:12 E315"]),
        ("a SENT b NEAR/2 c", ["1:10 E315"]),
        ("x AND a NOTSENT b NOTSENT c", ["1:19 E315"]),
        ("gaza and egypt", ["1:6 E317"]),
        ("gaza Or egypt", ["1:6 E317"]),
        ("a AND not b", ["1:7 E317"]),
        ("gaza or (a AND b)", ["1:6 E317"]),
        ("a near/5 b", ["1:3 E317"]),
        # leaves
        ("*foo", ["1:1 E320"]),
        ("fo*o", ["1:1 E320"]),
        ("* AND a", ["1:1 E320"]),
        ("=foo*", ["1:1 E320"]),
        ("$gaza*", ["1:6 E320"]),
        ('"who wins?"', ["1:1 E320"]),
        ("foo* OR غز* OR f?oo", ["1:1 E321", "1:9 E321", "1:16 E321"]),
        ("a OR re:/x*/", ["1:6 E322"]),
        ("re:/(?<=a)b/", ["1:1 E322"]),
        (r"re:/(a)\1/", ["1:1 E322"]),
        ("re:/" + "a" * 501 + "/", ["1:1 E322"]),
        ("a NEAR/51 b", ["1:3 E323"]),
        ("NEAR/99999999999999999999(a, b)", ["1:1 E323"]),
        ('""', ["1:1 E324"]),
        ('a OR "..."', ["1:6 E324"]),
        ('=""', ["1:1 E324"]),
        ("“Gaza Strip”", ["1:1 E328"]),
        ("a AND „Gaza Strip“", ["1:7 E328"]),
        ("«Gaza Strip»", ["1:1 E328"]),
        ("״עזה סיטי״", ["1:1 E328"]),
        ("‘Gaza’", ["1:1 E328"]),
        # operands
        ("NEAR/5(a)", ["1:1 E325"]),
        ("SENT(a, b, c, d, e, f, g)", ["1:1 E325"]),
        ("ATLEAST/1(a)", ["1:1 E325"]),
        ("ATLEAST/3(a, b)", ["1:1 E326"]),
        ("ATLEAST/0(a, b)", ["1:1 E326"]),
        ("TIMES/51(a)", ["1:1 E326"]),
        ("ATLEAST/2(a, b, A)", ["1:17 E329"]),
        ("ATLEAST/2(a NEAR/5 b, c, NEAR/5(a, b))", ["1:26 E329"]),
        ("ATLEAST/2(a NEAR/5 b, NEAR/6(a, b), a THEN/5 b)", []),
    ],
)
def test_slips_have_a_place(text: str, expected: list[str]) -> None:
    """Each slip is refused at its own line and column."""
    assert places(text) == expected
    assert all(len(str(fault)) < 500 and "\n" not in str(fault) for fault in load_query(text)[1])


@pytest.mark.parametrize(
    ("text", "place", "ours"),
    [
        ("a W/5 b", 3, "NEAR/5"),
        ("a w/5 b", 3, "NEAR/5"),
        ("a W/n b", 3, "NEAR/5"),
        ("a /5 b", 3, "NEAR/5"),
        ("a N/5 b", 3, "NEAR/5"),
        ("a W/100 b", 3, "NEAR/50"),
        ("a PRE/5 b", 3, "THEN/5"),
        ("a ONEAR/5 b", 3, "THEN/5"),
        ("a NEAR5 b", 3, "NEAR/5"),
        ("a NEAR:5 b", 3, "NEAR/5"),
        ("a NEAR(5) b", 3, "NEAR/5"),
        ("a AROUND(5) b", 3, "NEAR/5"),
        ("a ADJ b", 3, "THEN/0"),
        ("a ADJ5 b", 3, "THEN/5"),
        ("a ADJn b", 3, "THEN/5"),
        ("near(a, b c, 5)", 1, "NEAR/5(a, b c)"),
        ("NEAR(a, b, 7)", 1, "NEAR/7(a, b)"),
        ('"a b"~5', 6, "NEAR/5(a, b)"),
        ("gaza~2", 5, "*"),
        ("gaza^4", 5, "score:"),
        ("a SAME b", 3, "PARA"),
        ("a w/s b", 3, "SENT"),
        ("a w/p b", 3, "PARA"),
        ("a /p b", 3, "PARA"),
        ("a NOT W/5 b", 3, "NOTNEAR/5"),
        ("a NOT NEAR/5 b", 3, "NOTNEAR/5"),
        ("a NOT SENT b", 3, "NOTSENT"),
        ("a && b", 3, "AND"),
        ("a & b", 3, "AND"),
        ("a || b", 3, "OR"),
        ("a | b", 3, "OR"),
        ("a ANDNOT b", 3, "AND NOT"),
        ("gaza -strip", 6, "AND NOT strip"),
        ('-"a b"', 1, 'AND NOT "a b"'),
        ("gaza +strip", 6, "AND strip"),
        ("gaza !strip", 6, "AND NOT strip"),
        ("resettl! AND gaza", 8, "resettl*"),
        ("intitle:gaza", 1, "title:"),
        ("inurl:gaza", 1, "url:"),
        ("site:example.org", 1, "source:"),
        ("headline(gaza OR egypt)", 1, "title:(gaza OR egypt)"),
        ("hlead(gaza)", 1, "top:(gaza)"),
        ("hd=gaza", 1, "title:gaza"),
        ("atleast5(gaza)", 1, "TIMES/5(gaza)"),
        ("any(a, b)", 1, "(a OR b)"),
        ("a AND [b]", 7, "("),
    ],
)
def test_foreign_operators_are_translated(text: str, place: int, ours: str) -> None:
    """What other systems write is refused at its own place, with what it is called here."""
    first = load_query(text)[1][0]

    assert (first.code, first.line, first.column) == ("E316", 1, place)
    assert ours in (first.fix or "")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("Gaza Strip aid", 'write `"Gaza Strip aid"` or `Gaza AND Strip AND aid`'),
        ("title:Gaza Strip", 'write `title:"Gaza Strip"` or `title:Gaza AND Strip`'),
        ("resettl* Gaza", "write `resettl* AND Gaza` or `resettl* OR Gaza`"),
        ("a AND b OR c", "write `(a AND b) OR c` or `a AND (b OR c)`"),
        ("a OR b AND NOT c", "write `a OR (b AND NOT c)` or `(a OR b) AND NOT c`"),
        ("NOT a AND b", "write `b AND NOT a`"),
        ("a NOT b", "write `AND NOT b`"),
        ("a NEAR/5 b NEAR/5 (c OR d)", "write `NEAR/5(a, b, (c OR d))`"),
        ("a THEN/5 b NEAR/3 c", "write `(a THEN/5 b) NEAR/3 c`, or other brackets"),
        ("gaza and not egypt", "gaza AND NOT egypt"),
        ("gaza or egypt", 'write `gaza OR egypt`, or quote the words: `"gaza or egypt"`'),
        ("“Gaza Strip”", 'write `"Gaza Strip"`'),
        ("=“White House”", 'write `="White House"`'),
        ("$Gaza_Strip", "write `$gaza-strip`"),
        ("titel:a", "did you mean `title`?"),
        ("a NEAR/60 b", "write `NEAR/50`, or PARA for one paragraph"),
        ("ATLEAST/3(a, b)", "write `ATLEAST/2`, or AND for all of them"),
        ("TIMES/2(a, b)", "write `TIMES/2(a OR b)`"),
        ("NOTNEAR/5(a, b)", "write `a NOTNEAR/5 b`"),
        ("lang:(ar OR he)", "write `(lang:ar OR lang:he)`"),
        ("9/11 AND a", 'write `"9/11"`'),
        ("a NEAR/5 (b AND c)", "write `(a NEAR/5 b) AND (a NEAR/5 c)`"),
        ("SENT(a, b AND NOT c)", "write `SENT(a, b) AND NOT c`"),
        ("SENT(a, TIMES/2(b OR c))", "write `TIMES/2(b OR c) AND SENT(a, (b OR c))`"),
        ("SENT(lang:ar, a, b)", "write `lang:ar AND SENT(a, b)`"),
    ],
)
def test_fixes_can_be_pasted(text: str, fix: str) -> None:
    """The remedy of a common slip is a query, or a part of one."""
    assert fix in fixes(text)


@pytest.mark.parametrize(
    "around",
    [
        "NEAR/5({}, x)",
        "x THEN/5 {}",
        "SENT(x, {})",
        "x PARA {}",
        "x NOTNEAR/5 {}",
        "{} NOTSENT x",
        "SENT(x, (y OR {}))",
    ],
)
@pytest.mark.parametrize(
    ("inner", "offset"),
    [("(a AND b)", 3), ("(a AND NOT b)", 3), ("ATLEAST/2(a, b)", 0), ("TIMES/2(a)", 0), ("lang:ar", 0),
     ("title:(a AND b)", 9)],
)  # fmt: skip
def test_article_level_cannot_stand_inside_proximity(around: str, inner: str, offset: int) -> None:
    """AND, NOT, ATLEAST, TIMES and metadata look at the article, so that no distance can hold for them."""
    text = around.format(inner)

    assert places(text) == [f"1:{around.index('{') + 1 + offset} E330"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TIMES/2(lang:ar)", ["1:9 E330"]),
        ("title:source:x", ["1:7 E330"]),
        ("title:(a OR lang:ar)", ["1:13 E330"]),
        ("SENT(a, NOT b)", ["1:9 E330"]),
        ("a NEAR/5 NOT b", ["1:10 E330"]),
        ("TIMES/2(a AND b)", []),
        ("title:(a AND NOT b)", []),
        ("ATLEAST/2(lang:ar, a)", []),
        ("title:TIMES/2(a)", []),
        ("ATLEAST/2(a NEAR/5 b, TIMES/2(c))", []),
        ("NEAR/5(title:a, b)", []),
    ],
)
def test_what_may_stand_inside_what(text: str, expected: list[str]) -> None:
    """Metadata stands neither in TIMES nor in a field; the rest of the article level does."""
    assert places(text) == expected


def test_every_leaf_is_told_beside_the_first_slip_of_syntax() -> None:
    """One reading tells what is wrong with every word, even where the whole cannot be read."""
    text = "lang:xx AND fo* AND NEAR/60(a, b)\nAND *x AND re:/(/ AND (c d"

    assert places(text) == ["1:13 E321", "1:21 E323", "2:5 E320", "2:12 E322", "2:23 E310"]


# -- places ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("query: Gaza Strip", ["5:17 E311"]),
        ("query: 'Gaza Strip'", ["5:18 E311"]),
        ("query: 'it''s OR a''b x'", ["5:27 E311"]),
        ('query: "Gaza Strip"', ["5:18 E311"]),
        (r'query: "\"a b\" \u05d0 c"', ["5:21 E311"]),
        (r'query: "a\tAND\x20b c"', ["5:25 E311"]),
        ("query: |\n      a AND\n        b c", ["7:11 E311"]),
        ("query: |-\n      a AND\n\n      b c", ["8:9 E311"]),
        ("query: |+\n\n      b c\n\n", ["7:9 E311"]),
        ("query: |2 # why\n       b c\n      d", ["6:10 E311"]),
        ("query: |1-\n      a AND\n     b c", ["7:8 E311"]),
        ("query: >\n      b c", ["6:9 E311"]),
        ("query: >\n      a AND\n      b", ["5:12 E310"]),
        ("query: a AND\n      b", ["5:12 E310"]),
        ("query: a AND\n      b c", ["5:12 E310", "6:9 E311"]),
        ("query: 'a AND\n\n      b c'", ["5:12 E310", "7:9 E311"]),
        ('query: "a AND\\\n      \\ b c"', ["5:12 E310", "6:11 E311"]),
        ("query: a -- b", ["5:14 E110"]),
        ("query: 'a AND (--b)'", ["5:20 E110"]),
        ("query: '\"a -- b\" OR re:/ --/ OR a--b'", ["5:38 E310"]),
        ("query: a AND\n      b -- c", ["5:12 E310", "6:9 E110"]),
        ("query: ''", ["5:12 E310"]),
        ("query:", ["5:11 E105"]),
        ("query: [a, b]", ["5:12 E105"]),
    ],
)
def test_places_in_every_kind_of_scalar(scalar: str, expected: list[str]) -> None:
    """A fault stands where people see it, however the text is quoted, folded or indented."""
    file = f"format: 1\npack: p\nrules:\n  - id: a\n    {scalar}\n".encode()

    faults = load.load_packs({"packs/p.yaml": file}).faults

    assert [f"{fault.line}:{fault.column} {fault.code}" for fault in faults] == expected


def _written(value: str, style: str) -> str:
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style == '"':
        return '"' + "".join(f"\\u{ord(c):04x}" if c in 'xé"\\' else c for c in value) + '"'
    lines = "".join(f"     {line}\n" for line in value.split("\n"))
    return f"|-\n{lines}"


@settings(max_examples=200, deadline=None)
@given(st.text("ab xé'\"\\אغ-:,", min_size=1, max_size=30), st.sampled_from("'\"|"))
def test_every_character_has_its_place(value: str, style: str) -> None:
    """An offset leads to the line and column of that very character."""
    value = value.strip() or "a"
    source = f"k: {_written(value, style)}"

    root, faults = yaml_nodes.parse("f", source.encode())

    assert faults == ()
    assert isinstance(root, yaml_nodes.Map)
    text = root.get("k")
    assert isinstance(text, yaml_nodes.Text)
    assert text.value == value
    place, lines = text.places(), source.split("\n")
    for offset, char in enumerate(value):
        found = place(offset)
        seen = lines[found.line - 1][found.column - 1 :]
        assert seen.startswith(char) or seen.startswith(f"\\u{ord(char):04x}")


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 50 + "a" + ")" * 50, None),
        ("(" * 51 + "a" + ")" * 51, "E310"),
        ("(" * 5000 + "a" + ")" * 5000, "E310"),
        ("(" * 19_000, "E310"),
        (")" * 19_000, "E310"),
        ("title:" * 3000 + "a", "E310"),
        ("NEAR/5(" * 2500, "E310"),
        ("a" * 20_001, "E310"),
        (" OR ".join(["ab"] * 3300), None),
        ("ab " * 6000, "E311"),
        ("*" * 19_000, "E320"),
        ("'a " * 6000, "E310"),
        ("„" * 19_000, "E328"),
        ("a_" * 9000, "E310"),
        ('א"' * 9000, "E310"),
        ("a" + " NEAR/5 a" * 2000, "E315"),
        ("re:/" + "\\" * 19_000, "E310"),
    ],
)
def test_hostile_queries_are_refused_quickly(text: str, code: str | None) -> None:
    """No query takes long or ends in a traceback, and what it is told stays short."""
    began = time.process_time()

    expr, faults = load_query(text)

    assert [fault.code for fault in faults[:1]] == ([code] if code else [])
    assert (expr is None) == bool(faults)
    assert len(faults) <= query.MOST_FAULTS
    assert all(len(str(fault)) < 1200 for fault in faults)
    assert time.process_time() - began < 2


_SOUP = (
    "a", "gaza", "resettl*", "fo*", "*x", '"a', 'b"', '""', "=US", '="W', 'H"', "$gaza", "$G", "re:/x/", "re:/y*/",
    "re:/q", "AND", "OR", "NOT", "NEAR/5", "THEN/3", "NOTNEAR/2", "NEAR/99", "SENT", "PARA", "NOTSENT", "ATLEAST/2",
    "TIMES/2", "ATLEAST/0", "(", ")", "(", ")", "(", ")", ",", "title:", "lang:", "foo:", "NEAR:", "5", "W/5", "/5",
    "w/s", "&&", "|", "~5", "~", "^2", "[", "]", "{", "}", "-", "+", "!", "“x”", "„", "״", "’", "'", '"open', "#",
    "@", "NEAR", "TIMES", "ADJ", "near(", "headline(", "AROUND(5)", "and", "or", "not", ":", "--", 'ארה"ב', "غزة*",
    "1,3",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_SOUP), st.sampled_from(["", " ", " ", "\n"])), min_size=1, max_size=12))
def test_any_soup_of_tokens_is_read_or_refused(tokens: list[tuple[str, str]]) -> None:
    """Whatever is written, it becomes an expression or at least one fault inside the query."""
    text = "".join(word + space for word, space in tokens).strip() or "a"

    expr, faults = load_query(text)

    lines = text.split("\n")
    assert (expr is None) == bool(faults)
    for fault in faults:
        assert fault.line is not None
        assert fault.column is not None
        inside = 1 <= fault.line <= len(lines) and 1 <= fault.column <= len(lines[fault.line - 1]) + 1
        assert inside or "empty" in fault.message


# -- regexes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        ("a" * 501, "501 characters"),
        ("(?:a{1000}){1000}", "too large"),
        (r"(?:\pL{500}\pN){200}", "too large"),
        ("x*", "empty string"),
        (r"\b", "empty string"),
        (r"a|\B", "empty string"),
        ("(?m)$|a", "empty string"),
        ("(a", "missing )"),
        (r"\C", "letter in two"),
        ("a++", "possessive"),
    ],
)
def test_regexes_are_refused_in_plain_words(pattern: str, words: str) -> None:
    """A regex that RE2 cannot run, or that finds nothing in particular, says so."""
    with pytest.raises(ValueError, match=words.replace(")", "\\)")):
        regexes.compile_pattern(pattern)


def test_regexes_ignore_case_in_every_script() -> None:
    """Patterns work on characters, whatever their case."""
    compiled = regexes.compile_pattern(r"мо\p{L}ква|É+t")

    found = [match.span() for match in compiled.finditer("В МОСКВА éÉT")]

    assert found == [(2, 8), (9, 12)]
