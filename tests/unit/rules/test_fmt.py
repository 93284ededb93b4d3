"""The canonical form of a rule file: another layout, never another meaning."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rules import fmt, fmt_words, pack_file, vocabulary, yaml_nodes
from monitor.rules.fmt_layout import SHAPES

SHIPPED = sorted((Path(__file__).parents[3] / "rules").glob("*/*.yaml"))
UNTIDY = """\
# Packs for the desk.

# What the pack is about.
pack: p
title: "A: b"
format:   1
rules:
# the first one
-   status: test   # for a week
    # why it is high
    severity: high
    id:   core
    any: [no,on , 010,
      12:30]   # odd words
    # at the end of the rule


- query: |   # a block
      "Gaza Strip"
        AND aid   -- on purpose

  id: second
- {any: [1.50, 'x y'], id: third}   # in braces
tests:
  should_not_match: [{text: b, title: 2025-03-10}]
  should_match:
  - title: A title
      of two lines
    lang: en
# the end
"""
TIDY = """\
# Packs for the desk.

format: 1
# What the pack is about.
pack: p
title: "A: b"
rules:
  # the first one
  - id: core
    # why it is high
    severity: high
    status: test   # for a week
    any: [no, on, 010, 12:30]   # odd words
    # at the end of the rule

  - id: second
    query: |   # a block
      "Gaza Strip"
        AND aid   -- on purpose
  - {id: third, any: [1.50, 'x y']}   # in braces
tests:
  should_match:
    - lang: en
      title: A title
        of two lines
  should_not_match: [{title: 2025-03-10, text: b}]
# the end
"""


def form(text: str) -> str:
    """Return the canonical form of a file that has one."""
    done = fmt.format_file("f.yaml", text.encode())
    assert done.faults == ()
    assert done.text is not None
    return done.text


def test_canonical_form() -> None:
    """Order, indentation and spacing are put right; comments stand where they belong."""
    assert form(UNTIDY) == TIDY


def test_canonical_form_stays() -> None:
    """Formatting twice is formatting once, and says that nothing changed."""
    done = fmt.format_file("f.yaml", TIDY.encode())

    assert (done.text, done.changed) == (TIDY, False)


@pytest.mark.parametrize(
    "written",
    [
        "no", "on", "1.50", "010", "12:30", "2025-03-10", "~", "null", "true", "1e3", "0x1F", "=US", "group:x", "C#",
        "a?b", "it's", "x&y", '"\\u200f"', "'a ''b'''", '"a\\tb"', "ארה״ב", "غَزّة", '"*"', "'@x'", "$gaza",
    ],
)  # fmt: skip
def test_texts_come_out_as_written(written: str) -> None:
    """No text is read as a number, date or truth value, requoted or unescaped, in a block or in braces."""
    text = f"format: 1\ntitle: {written}\nrules:\n  - any:\n      - {written}\n  - {{any: [{written}, {written}]}}\n"

    assert form(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("any: [a, # first\n      b]\n", "any: [a, # first\n      b]\n"),
        ("rules:\n- any: [a,\n    # own line\n    b ]\n", "rules:\n  - any: [a,\n      # own line\n      b ]\n"),
        ("a:\n  b: 1\n  # of b\n# of c\nc: 2\n", "a:\n  b: 1\n  # of b\n# of c\nc: 2\n"),
        ("a: # here\n  b\n", "# here\na: b\n"),
        ("rules:\n- # here\n  id: b\n", "rules:\n  # here\n  - id: b\n"),
        ("rules:\n- any: x\n  # of id\n  id: b\n", "rules:\n  # of id\n  - id: b\n    any: x\n"),
        ("a: |\n  # text\n   more\n # comment\n", "a: |\n  # text\n   more\n# comment\n"),
    ],
)
def test_comments_keep_their_place(before: str, after: str) -> None:
    """A comment moves with the key it stands before; a list in brackets that holds one stays as it is written."""
    assert form(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: |2\n    x\n   y\nb:\n- |1\n  x\n", "a: |2\n    x\n   y\nb:\n  - |1\n    x\n"),
        ("a: |+\n  x\n\nb: y\n", "a: |+\n  x\n\nb: y\n"),
        ("a: >-\n      x\n      y\n\n      z  \n", "a: >-\n  x\n  y\n\n  z  \n"),
        ('a: "x\\\n     y"\n', 'a: "x\\\n  y"\n'),
        ("x-free: {b: 1, a: 2}\nlists: {z: [a], b: [c]}\n", "x-free: {b: 1, a: 2}\nlists: {z: [a], b: [c]}\n"),
        ("---\na: b\n...\n", "a: b\n"),
        ("\ufeffpack: p\r\nformat: 1\r\n", "format: 1\npack: p\n"),
        ("a: b\n\n\n\n\nc:   d", "a: b\n\nc: d\n"),
        ('{"pack": "p", "format": 1}', '{"format": 1, "pack": "p"}\n'),
        ("c: {x: , y: 1}\nd:\ne: []\n", "c: {x, y: 1}\nd:\ne: []\n"),
    ],
)
def test_odd_ways_to_write(before: str, after: str) -> None:
    """Blocks keep their text, free maps their order; marks, blank lines and line ends are put right."""
    assert form(before) == after


@pytest.mark.parametrize(
    ("data", "place", "code"),
    [
        (b"", "f.yaml:1:1", "E106"),
        (b"# nothing\n", "f.yaml:1:1", "E106"),
        (b"- a\n", "f.yaml:1:1", "E105"),
        (b"a: 1\nb: \xff\n", "f.yaml:2:4", "E108"),
        (b"\x00\x01\x02", "f.yaml:1:1", "E101"),
        (b"a: 1\na: 2\n", "f.yaml:2:1", "E102"),
        (b"a: [b\n", "f.yaml:2:1", "E101"),
        (b"a: &x 1\n", "f.yaml:1:4", "E107"),
        (b"a: Trump #2\n", "f.yaml:1:4", "E101"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1", "E109"),
        (b"%YAML 1.1\n---\na: b\n", "f.yaml:3:1", "not_formatted"),
        ("a: 1\n\u2028 *x".encode(), "f.yaml:1:4", "not_formatted"),
    ],
)
def test_faulty_files_are_refused_with_their_place(data: bytes, place: str, code: str) -> None:
    """What cannot be read, or not be said in the same words, has no canonical form."""
    done = fmt.format_file("f.yaml", data)

    assert done.text is None
    assert (done.faults[0].place, done.faults[0].code) == (place, code)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_keep_their_meaning(path: Path) -> None:
    """Every shipped file can be formatted, and formatted again without a change."""
    once = form(path.read_text("utf-8"))

    assert form(once) == once
    assert [line for line in once.splitlines() if line != line.rstrip()] == []


KEYS = {
    "pack": pack_file.PACK_KEYS,
    "traits": pack_file.TRAIT_KEYS,
    "rule": pack_file.RULE_KEYS,
    "score": pack_file.SCORE_KEYS,
    "clause": pack_file.CLAUSE_KEYS,
    "case": pack_file.TEST_KEYS,
    "entity": vocabulary.ENTITY_KEYS,
    "holder": vocabulary.HOLDER_KEYS,
    "item": vocabulary.ITEM_KEYS,
}


@pytest.mark.parametrize("kind", list(KEYS))
def test_every_known_key_has_its_place(kind: str) -> None:
    """The canonical order knows the keys that the loader knows, and no other."""
    shape = SHAPES[kind]

    assert set(shape.head) | set(shape.tail) == set(KEYS[kind])


# -- whatever people write -------------------------------------------------------------------------

comments = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9), st.sampled_from(["# one", "#two  ", "", "  "])))


@settings(max_examples=150, deadline=None)
@given(comments, st.booleans())
def test_comments_anywhere_are_kept(inserted: list[tuple[int, int, str]], tidy: bool) -> None:
    """Comment lines and blank lines at any place and depth: all comments are there, nothing else changes."""
    lines = (TIDY if tidy else UNTIDY).splitlines()
    for at, depth, words in inserted:
        lines.insert(at, " " * depth + words)
    text = "\n".join(lines) + "\n"
    done = fmt.format_file("f.yaml", text.encode())

    if done.text is None:  # a line that broke a bracket or a block
        assert yaml_nodes.parse("f.yaml", text.encode())[1]
        return
    assert fmt_words.comments_of(done.text) == fmt_words.comments_of(text)
    assert fmt.format_file("f.yaml", done.text.encode()).text == done.text


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text("ab:-#'\"|>[]{},?&*! \n\t\u2028\x85", max_size=60).map(str.encode)))
def test_nothing_raises(data: bytes) -> None:
    """Any bytes are either formatted or refused."""
    done = fmt.format_file("f.yaml", data)

    assert (done.text is None) == bool(done.faults)


def test_long_lists_stay_on_one_line() -> None:
    """A list of a thousand terms is one line, as people search and compare it."""
    text = dedent(f"""\
        format: 1
        lists:
          words: [{", ".join(f"word {n}" for n in range(1000))}]
        """)

    assert form(text) == text
