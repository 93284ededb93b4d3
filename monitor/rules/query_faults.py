"""Why a query cannot be read: from its tokens to faults that say what to write instead.

Used only where the grammar has refused a query, so it may take its time. It walks the tokens once, bracket by bracket,
and looks at each bracket's row of operands and operators; what other systems write is translated on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.rules import query_foreign, syntax

LONGEST_FIX = 160
"""Characters of a query that are repeated in a fix; a longer one is described."""

_JOINS = ("AND", "OR")
_INFIX = ("NEAR", "NOTNEAR", "SENT", "PARA", "NOTSENT")
_FUNCTIONS = ("NEAR", "SENT", "PARA", "ATLEAST", "TIMES")
_LEAVES = ("REF", "PHRASE", "EXACT", "WORD", "REGEX")
_TERM = "a word, a phrase, a $name or a bracket"

Report = Callable[[int, str, str, str | None], None]
"""Takes offset, code, message and fix."""


class Sign(NamedTuple):
    """A token of a query: the name of its terminal, its text, and where it begins."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Return the offset behind it."""
        return self.start + len(self.text)


class _Part(NamedTuple):
    """An operand, an operator or a field name in a row. `leaf`: the one token of an operand, None for a longer one."""

    kind: str
    start: int
    end: int
    sign: Sign
    leaf: Sign | None = None

    @property
    def operand(self) -> bool:
        return self.kind == "operand"


@dataclass(slots=True)
class _Level:
    """What an open bracket holds. `head`: the function before it; `infix`: the operator before it.

    `soft`: something in the row was reported already, so that its order says little.
    """

    bracket: Sign | None
    head: Sign | None = None
    infix: Sign | None = None
    parts: list[_Part] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)
    soft: bool = False


def find_faults(text: str, signs: list[Sign], report: Report) -> None:
    """Report why `signs`, the tokens of `text` without comments, are no query."""
    finder = _Finder(text, signs, report)
    finder.walk()


class _Finder:
    def __init__(self, text: str, signs: list[Sign], report: Report) -> None:
        self.text = text
        self.signs = signs
        self.report = report
        self.levels = [_Level(None)]
        self.skip = 0
        self.last: Sign | None = None
        self.quoted_to = 0
        """Up to here a run of characters was reported as a whole."""

    @property
    def level(self) -> _Level:
        return self.levels[-1]

    def walk(self) -> None:
        for number, sign in enumerate(self.signs):
            if self.skip:
                self.skip -= 1
                continue
            self.take(sign, number)
            self.last = sign
        for level in self.levels[1:]:
            assert level.bracket is not None
            message = f"the `{level.bracket.text}` that opens here is not closed"
            self.report(level.bracket.start, "E310", message, "add `)` where it should end")
        if len(self.levels) == 1:
            self.close_row(len(self.text))

    def take(self, sign: Sign, number: int) -> None:
        kind = sign.kind
        if kind in _LEAVES and not (kind == "WORD" and sign.text in query_foreign.BARE and not self.calls(number)):
            self.level.parts.append(_Part("operand", sign.start, sign.end, sign, sign))
        elif kind == "LPAR":
            self.open(sign)
        elif kind == "RPAR":
            self.close(sign)
        elif kind == "COMMA":
            self.comma(sign)
        elif kind == "FIELD":
            self.field(sign, number)
        elif kind in ("AND", "OR", "NOT", "ATLEAST", "TIMES", *_INFIX):
            self.level.parts.append(_Part(kind, sign.start, sign.end, sign))
        else:
            self.alien(sign, number)

    def calls(self, number: int) -> bool:
        """Return whether the operator without a number is written as a function: NEAR(a, b, 5) or NEAR(5)."""
        behind = self.signs[number + 1 : number + 4]
        if not behind or behind[0].kind != "LPAR":
            return False
        parts = self.level.parts
        return not (parts and parts[-1].operand) or (len(behind) == 3 and behind[1].text.isdigit())

    # -- brackets ----------------------------------------------------------------------------------

    def open(self, sign: Sign) -> None:
        parts = self.level.parts
        last = parts[-1] if parts else None
        free = len(parts) < 2 or not parts[-2].operand
        called = _called(last.leaf, free, sign) if last is not None else None
        if called is not None:
            parts.pop()
            self.levels.append(_Level(sign, head=called, soft=True))
        elif last is not None and (last.kind in ("ATLEAST", "TIMES") or (free and last.kind in _INFIX)):
            parts.pop()
            self.levels.append(_Level(sign, head=last.sign))
        else:
            infix = last.sign if last is not None and last.kind in _INFIX else None
            self.levels.append(_Level(sign, infix=infix))

    def close(self, sign: Sign) -> None:
        level = self.level
        if level.bracket is None:
            self.report(sign.start, "E310", f"this `{sign.text}` closes nothing", "remove it, or open a bracket before")
            level.soft = True
            return
        if not level.parts and not level.rows and not level.soft:
            self.report(level.bracket.start, "E310", f"nothing stands between the brackets; {_TERM} is expected", None)
        else:
            self.close_row(sign.start)
        self.levels.pop()
        head = level.head
        if head is not None and head.kind == "WORD" and self.call(head, level):
            self.level.parts.append(_Part("NEAR", head.start, sign.end, head))
            return
        if head is not None and head.kind in ("NOTNEAR", "NOTSENT"):
            both = self.slices(level.rows)
            fix = f"write `{both[0]} {head.text} {both[1]}`" if len(both) == 2 and all(both) else f"a {head.text} b"
            self.report(head.start, "E310", f"`{head.text}` stands between its two sides, not before a bracket", fix)
        start = head.start if head is not None else level.bracket.start
        self.level.parts.append(_Part("operand", start, sign.end, sign))

    def comma(self, sign: Sign) -> None:
        level = self.level
        if not level.parts:
            self.report(sign.start, "E310", f"nothing stands before the comma; {_TERM} is expected", "remove it")
            level.soft = True
        elif level.head is None:
            self.report(sign.start, "E310", *self.comma_words(sign))
            level.soft = True
        elif level.head.kind == "TIMES":
            self.report(sign.start, "E310", f"`{level.head.text}` takes one operand", "write OR instead of the comma")
            level.soft = True
        self.close_row(sign.start)

    def comma_words(self, sign: Sign) -> tuple[str, str]:
        infix = self.level.infix
        if infix is not None and infix.kind in ("NEAR", "SENT", "PARA"):
            return f"`{infix.text}` stands between two operands here", f"write `{infix.text}(a, b, c)` for a list"
        before, behind = self.text[: sign.start][-1:], self.text[sign.end :][:1]
        if before.isdigit() and behind.isdigit():
            number = query_foreign.run_around(self.text, sign.start, sign.end, r"[\w.,]")
            return "a comma separates operands, so that a number needs quotes", f'write `"{number}"`'
        return "a comma stands only inside NEAR/n(...), THEN/n(...), SENT(...) and the like", "write OR or AND"

    def close_row(self, end: int) -> None:
        """Look at what stands before a comma, a closing bracket or the end, and begin anew."""
        level = self.level
        if level.parts:
            level.rows.append((level.parts[0].start, level.parts[-1].end))
        elif level.rows and not level.soft:
            at = self.last.start if self.last is not None else end
            self.report(at, "E310", f"nothing stands behind the comma; {_TERM} is expected", "remove it")
        if not level.soft and level.parts:
            _Row(self, level.parts, level.head).check()
        level.parts = []

    def slices(self, rows: list[tuple[int, int]]) -> list[str]:
        return [self.paste(start, end) for start, end in rows]

    def paste(self, start: int, end: int) -> str:
        """Return a part of the query for a fix, or nothing if it is too long for one."""
        found = " ".join(self.text[start:end].split())
        return found if len(found) <= LONGEST_FIX and "--" not in found else ""

    # -- what other systems write ------------------------------------------------------------------

    def call(self, head: Sign, level: _Level) -> bool:
        """Report `near(a, b, 5)`, `headline(...)` or `AROUND(5)`; return whether it is an operator like the last."""
        ours, infix = query_foreign.translate_call(head.text, [part for part in self.slices(level.rows) if part])
        message = f"`{head.text}(...)` is a function of other systems"
        self.report(head.start, "E316", message, f"write `{ours}`")
        return infix

    def field(self, sign: Sign, number: int) -> None:
        name = sign.text[:-1]
        behind = self.signs[number + 1] if number + 1 < len(self.signs) else None
        if name in syntax.FIELDS:
            self.level.parts.append(_Part("prefix", sign.start, sign.end, sign))
        elif name.upper() in query_foreign.DISTANCES and behind is not None and behind.text.isdigit():
            operator = query_foreign.DISTANCES[name.upper()]
            self.operator(sign, f"{sign.text}{behind.text}", f"{operator}/{query_foreign.capped(behind.text)}", "E316")
            self.skip = 1
        else:
            self.report(sign.start, *query_foreign.field_words(name))
            self.level.parts.append(_Part("prefix", sign.start, sign.end, sign))

    def operator(self, sign: Sign, written: str, ours: str, code: str) -> None:
        """Report an operator of another system and go on with ours."""
        parts, start = self.level.parts, sign.start
        denied = len(parts) > 1 and parts[-1].kind == "NOT" and parts[-2].operand
        if denied:
            start = parts.pop().start
            written, ours = f"NOT {written}", query_foreign.denied(ours)
        message = f"`{written}` is written `{ours}` here"
        if code == "E317":
            message = f"operators are written in capitals: `{written}`"
        self.report(start, code, message, f"write `{ours}`")
        kind = "NOTNEAR" if denied or ours.startswith("NOTN") else ours.partition("/")[0].replace("THEN", "NEAR")
        parts.append(_Part(kind, start, sign.end, Sign(kind, ours, start)))

    def alien(self, sign: Sign, number: int) -> None:
        """Report a token that is none of ours."""
        before = self.signs[number - 1] if number else None
        behind = self.signs[number + 1] if number + 1 < len(self.signs) else None
        if sign.kind == "FOREIGN":
            self.foreign(sign, before, behind)
        elif sign.kind == "WORD":
            self.bare(sign, number)
        elif sign.kind in ("TYPOGRAPHIC", "SINGLE"):
            self.wrong_quotes(sign)
        elif sign.kind == "UNCLOSED":
            self.report(sign.start, "E310", "the quote that opens here is not closed in its line", 'close it with `"`')
            self.levels = [_Level(None, soft=True)]
        elif sign.kind == "UNCLOSED_REGEX":
            self.report(sign.start, "E310", "the regex that opens here is not closed", "close it with `/`")
            self.levels = [_Level(None, soft=True)]
        else:
            self.junk(sign)

    def foreign(self, sign: Sign, before: Sign | None, behind: Sign | None) -> None:
        text = sign.text
        found = query_foreign.DISTANCE.fullmatch(text)
        if found is not None:
            ours, code = query_foreign.translate_distance(found[1], found[2])
            self.operator(sign, text, ours, code)
        elif text[0] in "&|":
            self.operator(sign, text, "AND" if text[0] == "&" else "OR", "E316")
        elif text in "[]{}":
            self.report(sign.start, "E316", f"`{text}` means nothing here", "write `(` and `)`")
            self.open(sign) if text in "[{" else self.close(sign)
        elif text[0] in "~^":
            self.behind_term(sign, before)
        elif text[:4] == "http":
            fix = (
                f'write `"{text}"`, or `url:` and a word of it' if '"' not in text else "write `url:` and a word of it"
            )
            self.report(sign.start, "E310", "an address is not a word", fix)
            self.level.parts.append(_Part("operand", sign.start, sign.end, sign))
        elif text == "!" and before is not None and before.end == sign.start:
            self.report(sign.start, "E316", "`!` does not cut a word here", f"write `{before.text}*`")
        else:
            self.before_term(sign, behind)

    def behind_term(self, sign: Sign, before: Sign | None) -> None:
        """Report `~5` and `^2` behind a term, or `~` before one."""
        if sign.text[0] == "^":
            self.report(
                sign.start, "E316", "terms have no weight in a query", "leave it out; points belong to `score:`"
            )
        elif before is not None and before.kind == "PHRASE" and sign.text[1:]:
            words = before.text[1:-1].split()
            fix = f"write `NEAR/{query_foreign.capped(sign.text[1:])}({', '.join(words)})`"
            self.report(sign.start, "E316", f"`{sign.text}` behind a phrase is written with NEAR here", fix)
        else:
            fix = "list the spellings with OR, or write the beginning and `*`"
            self.report(sign.start, "E316", "there is no fuzzy search here", fix)

    def before_term(self, sign: Sign, behind: Sign | None) -> None:
        """Report `-word`, `+word` and `!word`."""
        word = behind.text if behind is not None and behind.kind in _LEAVES else "..."
        if sign.text == "+":
            self.report(sign.start, "E316", "`+` does not make a word necessary here", f"write `AND {word}`")
        else:
            fix = f"write `AND NOT {word}`"
            self.report(sign.start, "E316", f"`{sign.text}` does not exclude a word here", fix)
        self.level.soft = True

    def bare(self, sign: Sign, number: int) -> None:
        """Report NEAR, THEN and the like without a number right behind a slash."""
        found = re.match(r"(\s*)/(\s*)(\d+)|\s*(\d+)", self.text[sign.end :])
        ours = f"{sign.text}/{query_foreign.capped(found[3] or found[4]) if found else 5}"
        if found is None:
            fix = f'write `{ours}`, or `"{sign.text}"` for the word'
            self.report(sign.start, "E310", f"`{sign.text}` is an operator and needs a number", fix)
        elif found[3] and not found[1] and not found[2]:
            self.report(sign.start, "E310", f"a space is missing behind `{ours}`", f"write `{ours} `")
        else:
            self.report(sign.start, "E310", f"a slash and no space stand inside `{ours}`", f"write `{ours}`")
        end = sign.end + (found.end() if found else 0)
        self.skip = sum(1 for behind in self.signs[number + 1 : number + 4] if behind.start < end)
        self.level.soft = True
        kind = "NEAR" if sign.text == "THEN" else sign.text
        self.level.parts.append(_Part(kind, sign.start, sign.end, Sign(kind, sign.text, sign.start)))

    def wrong_quotes(self, sign: Sign) -> None:
        inner = sign.text.lstrip("=").strip(f"{query_foreign.TYPOGRAPHIC}' ")
        exact = "=" if sign.text.startswith("=") else ""
        single = sign.kind == "SINGLE"
        message = "a phrase stands in double quotes" if single else "typographic quotes do not make a phrase"
        self.report(sign.start, "E310" if single else "E328", message, f'write `{exact}"{inner}"`')
        self.level.parts.append(_Part("operand", sign.start, sign.end, sign))

    def junk(self, sign: Sign) -> None:
        """Report a character that means nothing, once for the run of characters that it stands in."""
        self.level.soft = True
        if sign.start < self.quoted_to:
            return
        run = query_foreign.run_around(self.text, sign.start, sign.end, r"[^\s(),\"]")
        self.quoted_to = sign.start + len(run)
        self.report(
            sign.start, *query_foreign.junk_words(sign.text, run, self.last.text if self.last is not None else None)
        )


def _plain(part: _Part) -> bool:
    """Return whether `part` is a word without a wildcard, a field before it or not."""
    return part.leaf is not None and part.leaf.kind == "WORD" and "*" not in part.leaf.text


def _called(word: Sign | None, free: bool, bracket: Sign) -> Sign | None:
    """Return `word` if it is a function of another system; `free`: no operand stands before it."""
    if word is None or word.kind != "WORD" or not query_foreign.is_call(word.text):
        return None
    glued = word.end == bracket.start or word.text in query_foreign.BARE
    return word if glued and (free or word.text.lower() not in ("and", "or", "any", "all")) else None


class _Row:
    """What stands between two commas or brackets: operands and operators in turn, if all is well."""

    def __init__(self, finder: _Finder, parts: list[_Part], head: Sign | None) -> None:
        self.head = head
        self.report = finder.report
        self.paste = finder.paste
        self.parts: list[_Part] = []
        self.broken = False
        self.join_fields(parts)

    def join_fields(self, parts: list[_Part]) -> None:
        """Make a field and its operand one part."""
        fields: list[_Part] = []
        for part in parts:
            if part.kind == "prefix":
                fields.append(part)
                continue
            if fields and not part.operand:
                self.lonely_field(fields[-1])
            elif fields:
                whole = part.leaf if len(fields) == 1 else None
                self.parts.append(part._replace(start=fields[0].start, sign=fields[0].sign, leaf=whole))
            if not fields or not part.operand:
                self.parts.append(part)
            fields = []
        if fields:
            self.lonely_field(fields[-1])

    def lonely_field(self, part: _Part) -> None:
        self.report(part.start, "E310", f"`{part.sign.text}` has nothing behind it; {_TERM} is expected", None)
        self.broken = True

    def check(self) -> None:
        if self.broken or self.order():
            return
        if not self.mixed():
            self.chained()

    # -- order -------------------------------------------------------------------------------------

    def order(self) -> bool:
        """Report the first operator or operand that stands at the wrong place; return whether there is one."""
        before: _Part | None = None
        for number, part in enumerate(self.parts):
            if part.operand:
                if before is not None and before.operand:
                    self.side_by_side(number)
                    return True
            elif part.kind == "NOT":
                if before is None or before.kind != "AND":
                    self.wrong_not(before, number)
                    return True
            elif part.kind in ("ATLEAST", "TIMES"):
                fix = f"write `{part.sign.text}({'a, b' if part.kind == 'ATLEAST' else 'a'})`"
                self.report(part.start, "E310", f"`{part.sign.text}` needs a bracket behind it", fix)
                return True
            elif before is None or not before.operand:
                self.nothing_before(before, part)
                return True
            before = part
        if before is not None and not before.operand:
            message = f"`{before.sign.text}` has nothing behind it; {_TERM} is expected"
            self.report(before.start, "E310", message, "add it, or remove the operator")
            return True
        return False

    def nothing_before(self, before: _Part | None, part: _Part) -> None:
        if before is None:
            message = f"`{part.sign.text}` has nothing before it; {_TERM} is expected"
        else:
            message = f"`{part.sign.text}` stands right behind `{before.sign.text}`; {_TERM} is expected"
        self.report(part.start, "E310", message, "add it, or remove the operator")

    def wrong_not(self, before: _Part | None, number: int) -> None:
        part = self.parts[number]
        behind = self.parts[number + 1] if number + 1 < len(self.parts) else None
        word = (self.paste(behind.start, behind.end) if behind is not None and behind.operand else "") or "..."
        if before is None and self.head is not None and self.head.kind in _INFIX:
            message = f"NOT is article-level and cannot stand inside `{self.head.text}`"
            self.report(part.start, "E330", message, f"move it out: `{self.head.text}(...) AND NOT {word}`")
        elif before is None:
            rest = self.positive(number)
            fix = f"write `{rest or '...'} AND NOT {word}`"
            self.report(part.start, "E313", "NOT only takes away; something to find must stand before it", fix)
        elif before.kind == "OR":
            fix = f"write `AND NOT {word}`, or leave it out"
            self.report(part.start, "E314", "`OR NOT` would match nearly every article", fix)
        elif before.operand and behind is not None and behind.kind in ("NEAR", "SENT"):
            ours = query_foreign.denied(behind.sign.text)
            self.report(part.start, "E316", f"`NOT {behind.sign.text}` is written `{ours}` here", f"write `{ours}`")
        elif before.operand:
            self.report(part.start, "E313", "NOT stands only behind AND", f"write `AND NOT {word}`")
        elif before.kind in _INFIX:
            ours = "NOTSENT" if before.kind in ("SENT", "PARA") else f"NOTNEAR/{before.sign.text.partition('/')[2]}"
            fix = f"write `{ours}` for mentions without it, or move it out: `... AND NOT {word}`"
            self.report(part.start, "E330", f"NOT is article-level and cannot stand inside `{before.sign.text}`", fix)
        else:
            self.report(part.start, "E310", "NOT stands twice", "remove one")

    def positive(self, number: int) -> str:
        """Return what stands behind a leading `NOT x AND`, for a fix."""
        rest = self.parts[number + 2 :]
        plain = len(rest) > 1 and rest[0].kind == "AND" and all(p.kind in ("AND", "operand") for p in rest)
        return self.paste(rest[1].start, rest[-1].end) if plain and rest[-1].operand else ""

    def side_by_side(self, number: int) -> None:
        """Report operands without an operator between them."""
        first = last = number - 1
        while last + 1 < len(self.parts) and self.parts[last + 1].operand:
            last += 1
        run = self.parts[first : last + 1]
        for place, part in enumerate(run):
            inner = 0 < place < len(run) - 1
            word = part.leaf.text if part.leaf is not None and part.leaf.kind == "WORD" else ""
            if part.start != (part.leaf.start if part.leaf is not None else -1):
                continue  # a field stands before it
            if (inner and word.lower() in ("and", "or")) or (word.lower() == "not" and place < len(run) - 1):
                self.lower_case(run, first)
                return
            ours = query_foreign.translate_word(word) if inner else None
            if ours is not None:
                self.report(part.start, "E316", f"`{word}` is written `{ours}` here", f"write `{ours}`")
                return
        name = query_foreign.FIELD_NAMES.get(run[0].leaf.text.lower()) if run[0].leaf is not None else None
        if name is not None and run[0].end == run[1].start and run[1].sign.kind == "EXACT":
            message = f"`{run[0].sign.text}=` is written `{name}:` here"
            self.report(run[0].start, "E316", message, f"write `{name}:{run[1].sign.text[1:]}`")
            return
        if run[0].sign.kind == "REGEX" and run[0].end == run[1].start:
            fix = f"write `{self.paste(run[0].start, run[0].end)}`: case never counts"
            self.report(run[1].start, "E310", "a regex takes no flags", fix)
            return
        self.report(run[1].start, "E311", *self.unjoined(run))

    def unjoined(self, run: list[_Part]) -> tuple[str, str]:
        words = [self.paste(part.start, part.end) for part in run]
        joined = " AND ".join(words)
        message = f"no operator stands between `{words[0] or '...'}` and `{words[1] or '...'}`"
        if not all(words) or len(joined) > LONGEST_FIX:
            return message, "quote a phrase, or write AND or OR between"
        if all(_plain(part) for part in run) and all(part.sign.kind == "WORD" for part in run[1:]):
            field = words[0][: run[0].leaf.start - run[0].start] if run[0].leaf is not None else ""
            words[0] = words[0][len(field) :]
            return message, f'write `{field}"{" ".join(words)}"` or `{joined}`'
        return message, f"write `{joined}` or `{' OR '.join(words)}`"

    def lower_case(self, run: list[_Part], first: int) -> None:
        """Report and, or, not between terms."""
        written: list[str] = []
        at = None
        for place, part in enumerate(run):
            word = self.paste(part.start, part.end)
            lowered = word.lower()
            inner = 0 < place < len(run) - 1
            is_sign = (inner and lowered in ("and", "or")) or (lowered == "not" and place < len(run) - 1)
            if not is_sign:
                written.append(word)
                continue
            at = at or part
            after_and = written[-1:] == ["AND"] or (not written and first > 0 and self.parts[first - 1].kind == "AND")
            written.append("AND NOT" if lowered == "not" and not after_and and (written or first) else word.upper())
        assert at is not None
        whole = " ".join(written)
        if whole.startswith("NOT ") and first == 0:
            whole = f"... AND {whole}"
        text = self.paste(run[0].start, run[-1].end)
        fix = f"write `{whole}`" if re.search(r"[\"()]", text) else f'write `{whole}`, or quote the words: `"{text}"`'
        if len(whole) > LONGEST_FIX or not all(written):
            fix = "write it in capitals, or quote the words"
        self.report(at.start, "E317", "operators are written in capitals: AND, OR, NOT", fix)

    # -- more than one operator ----------------------------------------------------------------------

    def mixed(self) -> bool:
        joins = [part for part in self.parts if part.kind in _JOINS]
        other = next((part for part in joins if part.kind != joins[0].kind), None)
        if other is None:
            return False
        readings = [self.grouped(kind) for kind in ("OR", "AND")]
        fix = f"write `{readings[0]}` or `{readings[1]}`" if all(readings) else "put one of the two in brackets"
        self.report(other.start, "E312", "AND and OR stand side by side; brackets must say which comes first", fix)
        return True

    def grouped(self, outer: str) -> str:
        """Return the row with brackets around what stands between two of `outer`."""
        inner = "AND" if outer == "OR" else "OR"
        groups: list[list[_Part]] = [[]]
        for part in self.parts:
            if part.kind == outer:
                groups.append([])
            else:
                groups[-1].append(part)
        texts = []
        for group in groups:
            start = 1 if group[0].kind == "NOT" and inner == "OR" else 0
            text = self.paste(group[start].start, group[-1].end)
            if any(part.kind == inner for part in group):
                text = f"({text})"
            texts.append(f"NOT {text}" if start else text)
        found = f" {outer} ".join(texts)
        return found if len(found) <= LONGEST_FIX and all(texts) else ""

    def chained(self) -> None:
        run: list[_Part] = []
        for part in [*self.parts, None]:
            if part is not None and part.kind not in (*_JOINS, "NOT"):
                run.append(part)
                continue
            signs = [p for p in run if not p.operand]
            if len(signs) > 1:
                self.report(signs[1].start, "E315", *self.unchained(run, signs))
            run = []

    def unchained(self, run: list[_Part], signs: list[_Part]) -> tuple[str, str]:
        message = f"`{signs[0].sign.text}` and `{signs[1].sign.text}` stand in a chain"
        operands = [self.paste(part.start, part.end) for part in run if part.operand]
        same = len({part.sign.text for part in signs}) == 1
        if not all(operands) or len(" ".join(operands)) > LONGEST_FIX:
            return message, "write NEAR/n(a, b, c), or brackets"
        if same and signs[0].kind in ("NEAR", "SENT", "PARA") and len(operands) <= 6:
            return message, f"write `{signs[0].sign.text}({', '.join(operands)})`"
        text = operands[0]
        for number, (sign, operand) in enumerate(zip(signs, operands[1:], strict=True)):
            text = (
                f"({text} {sign.sign.text} {operand})"
                if number < len(signs) - 1
                else f"{text} {sign.sign.text} {operand}"
            )
        return message, f"write `{text}`, or other brackets"
