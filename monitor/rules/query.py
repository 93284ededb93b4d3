"""Queries: from the text under `query:` to `syntax.Expr`, every fault at its own line and column.

The grammar is section 5 of the rule format, read by Lark (LALR). `_Builder` makes its trees into frozen values and
refuses what no grammar can; where the grammar refuses, `query_faults` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from monitor import errors
from monitor.rules import query_faults, query_foreign, regexes, syntax, terms
from monitor.rules.query_faults import Sign
from monitor.rules.reader import ISO_639_1
from monitor.rules.yaml_nodes import Place, Text

LONGEST = 20_000
"""Characters of one query."""

DEEPEST = 50
"""Brackets and fields inside one another."""

FARTHEST = 50
"""Words of a distance; also the greatest count of ATLEAST and TIMES."""

MOST_OPERANDS = 6
MOST_FAULTS = 20
"""Of one query: what follows is seldom news."""

LONGEST_WORDS = 500
"""Characters of a message or a fix."""

GRAMMAR = r"""
start: _expr | alien
_expr: _operand | conj | disj
conj: _operand (AND _item)+
disj: _operand (OR _operand)+
_item: _operand | negated
negated: NOT _operand
_operand: _primary | infix
infix: _primary (NEAR | NOTNEAR | SENT | PARA | NOTSENT) _primary
_primary: group | field | func | leaf
group: LPAR _expr RPAR
field: FIELD _primary
func: (NEAR | SENT | PARA | ATLEAST | TIMES) LPAR _expr (COMMA _expr)* RPAR
leaf: REF | PHRASE | EXACT | WORD | REGEX
alien: COMMENT | FOREIGN | TYPOGRAPHIC | SINGLE | UNCLOSED | UNCLOSED_REGEX | JUNK

AND: "AND"
OR: "OR"
NOT: "NOT"
SENT: "SENT"
PARA: "PARA"
NOTSENT: "NOTSENT"
LPAR: "("
RPAR: ")"
COMMA: ","

COMMENT.9: /(?<![^\s(),])--[^\n]*/
REGEX.8: /re:\/(?:[^\\\/\n]|\\[^\n])+\//
UNCLOSED_REGEX.7: /re:\/[^\n]*/
NEAR.7: /(?:NEAR|THEN)\/\d+(?![\p{L}\p{M}\p{N}])/
NOTNEAR.7: /NOTNEAR\/\d+(?![\p{L}\p{M}\p{N}])/
ATLEAST.7: /ATLEAST\/\d+(?![\p{L}\p{M}\p{N}])/
TIMES.7: /TIMES\/\d+(?![\p{L}\p{M}\p{N}])/
FOREIGN.6: DISTANCE | ADDRESS | /&&?|\|\|?|~\d*|\^[\d.]*|[\[\]{}]/ | PREFIX | /(?<=[\p{L}\p{N}])!/
FIELD.5: /\p{L}[\p{L}\p{N}_-]{0,40}:/
REF.4: /\$[\p{L}\p{M}\p{N}_-]+/
EXACT.4: "=" (QUOTED | LOOSE)
PHRASE.4: QUOTED
TYPOGRAPHIC.3: /(?<![\p{L}\p{M}\p{N}])/ (GERSHAYIM | CURLY)
SINGLE.3: /(?<![\p{L}\p{M}\p{N}])'[^'\n]+'(?![\p{L}\p{M}\p{N}])/
WORD: LOOSE
UNCLOSED.-1: /"[^\n]*/
JUNK.-2: /[^\s\p{Cf}]/

QUOTED: /"(?:[^"\n]|(?<=[א-ת\u0591-\u05c7])"(?=[א-ת\u0591-\u05c7]))*+"/
LOOSE: WILD RUN ((JOINT | /[*?]/ WILD) RUN)* /[.'’׳]/? WILD
RUN: /[\p{L}\p{N}](?:\p{Cf}*[\p{L}\p{M}\p{N}])*/
JOINT: /['’׳.\-‐‑־&]|(?<=[א-ת\u0591-\u05c7])["״”](?=[א-ת\u0591-\u05c7])/
WILD: /[*?]{0,8}/
DISTANCE: /(?<![\p{L}\p{M}\p{N}])/ HEAD /\/(?:\d+|(?i:s|p|n|sent|para|seg))(?![\p{L}\p{M}\p{N}])/
HEAD: /(?i:w|within|n|pre|o?near|nearf|adj|around|then|notnear|notw|atleast|times|)/
ADDRESS: /https?:\/\/[^\s()]+/
PREFIX: /(?<![^\s(,])[-+!](?=[\p{L}\p{N}"($=])/
GERSHAYIM: /״[^״\n]*(?:(?<=[א-ת])״(?=[א-ת])[^״\n]*)*״/
CURLY: /=?[“”„‟«»‹›‘’][^“”‟«»‹›’"\n]{0,200}[“”‟«»‹›’"]/

%ignore /[\s\p{Cf}]+/
"""

Places = Callable[[int], Place]


@cache
def _lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", regex=True)


def parse_query(text: Text, faults: list[errors.Fault]) -> syntax.Expr | None:
    """Return what `text` asks for, or None; what is wrong with it is added to `faults`, at its own line and column."""
    found: list[errors.Fault] = []
    expr = _parse(text, found) if _readable(text, found) else None
    found = sorted(dict.fromkeys(found), key=lambda fault: (fault.line or 0, fault.column or 0))[:MOST_FAULTS]
    faults += map(_brief, found)
    return None if found else expr


def _brief(fault: errors.Fault) -> errors.Fault:
    """Return `fault` without a fix that nobody would paste: a token may be as long as the query."""
    fix = fault.fix if fault.fix is not None and len(fault.fix) <= LONGEST_WORDS else None
    message = fault.message if len(fault.message) <= LONGEST_WORDS else f"{fault.message[:LONGEST_WORDS]}..."
    return replace(fault, message=message, fix=fix)


def _readable(text: Text, faults: list[errors.Fault]) -> bool:
    if len(text.value) > LONGEST:
        fix = "split it into several rules, or move words into a list"
        message = f"a query of {len(text.value)} characters; at most {LONGEST} are read"
        faults.append(text.place.fault("E310", message, fix))
        return False
    if text.style != "|" and text.spans_lines:
        fix = "write `query: |` and the query in the lines below, indented"
        faults.append(text.place.fault("E310", "a query of several lines must be a `|` block", fix))
        return text.style != ">"  # of a folded block it is not known where its characters stand
    return True


def _parse(text: Text, faults: list[errors.Fault]) -> syntax.Expr | None:
    parser = _lark().parse_interactive(text.value)
    found: list[Token] = list(parser.lexer_thread.lex(parser.parser_state))  # type: ignore[no-untyped-call]
    tokens = [token for token in found if token.type != "COMMENT"]
    builder = _Builder(text.value, text.places(), faults)
    if len(tokens) < len(found) and text.style != "|":
        builder.refuse_comments(found)
        return None
    if not tokens:
        faults.append(text.place.fault("E310", "the query is empty", "write a word, a phrase or a $name"))
        return None
    too_deep = _too_deep(tokens) if text.value.count("(") + text.value.count(":") > DEEPEST else None
    if too_deep is not None:
        message = f"brackets stand more than {DEEPEST} deep inside one another"
        builder.report(too_deep, "E310", message, "split the query, or move words into a list")
        return None
    try:
        for token in tokens:
            parser.feed_token(token)
        tree: Tree[Token] = parser.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedToken as error:
        _explain(tokens, error, builder)
        return None
    top = tree.children[0]
    if isinstance(top, Tree) and top.data == "alien":
        _explain(tokens, None, builder)
        return None
    return builder.expr(tree, _NOWHERE)


def _start(token: Token) -> int:
    return token.start_pos or 0


def _too_deep(tokens: list[Token]) -> Token | None:
    """Return the first token that stands deeper than DEEPEST brackets and fields."""
    depth, fields, opened = 0, 0, []
    for token in tokens:
        if token.type == "FIELD":
            fields += 1
        elif token.type == "LPAR":
            opened.append(fields + 1)
            depth, fields = depth + fields + 1, 0
        else:
            fields = 0
            depth -= opened.pop() if token.type == "RPAR" and opened else 0
        if depth + fields > DEEPEST:
            return token
    return None


def _explain(tokens: list[Token], error: UnexpectedToken | None, builder: _Builder) -> None:
    """Report why the grammar refuses `tokens`, and what is wrong with single ones of them."""
    for token in tokens:
        builder.check(token)
    before = len(builder.faults)
    signs = [Sign(token.type, str(token), _start(token)) for token in tokens]
    query_faults.find_faults(builder.text, signs, builder.report_at)
    if len(builder.faults) == before:
        at = error.token if error is not None and error.token.type != "$END" else tokens[-1]
        builder.report(at, "E310", f"`{at}` stands where nothing like it is expected")


@dataclass(frozen=True, slots=True)
class _Inside:
    """What stands around an expression: the nearest proximity operator, TIMES, and field."""

    near: Tree[Token] | None = None
    times: Tree[Token] | None = None
    field: Tree[Token] | None = None


_NOWHERE = _Inside()
_LANGUAGES = [[code] for code in sorted(ISO_639_1)]
_METADATA = frozenset(f"{name}:" for name in syntax.METADATA_FIELDS)


class _Builder:
    """Makes a tree into frozen values, and reports what the grammar lets pass."""

    def __init__(self, text: str, places: Places, faults: list[errors.Fault]) -> None:
        self.text = text
        self.places = places
        self.faults = faults

    def report(self, token: Token, code: str, message: str, fix: str | None = None) -> None:
        self.report_at(_start(token), code, message, fix)

    def report_at(self, start: int, code: str, message: str, fix: str | None) -> None:
        self.faults.append(self.places(start).fault(code, message, fix))

    def refuse_comments(self, tokens: list[Token]) -> None:
        """Report comments outside of a block: each swallows the rest, so that only single tokens can be judged."""
        for token in tokens:
            self.check(token)
            if token.type == "COMMENT":
                fix = "write the query in a `|` block, or the comment behind ` #`"
                self.report(token, "E110", "a `--` comment outside of a `|` block", fix)

    # -- leaves ------------------------------------------------------------------------------------

    def check(self, token: Token) -> None:
        """Report what is wrong with one token, whatever stands around it."""
        if token.type in ("REF", "PHRASE", "EXACT", "WORD", "REGEX"):
            self.leaf(token)
        elif token.type in ("NEAR", "NOTNEAR", "ATLEAST", "TIMES"):
            self.number(token)

    def leaf(self, token: Token) -> syntax.Expr | None:
        if token.type == "REGEX":
            return self.regex(token)
        term = terms.parse_leaf(str(token), self.places(_start(token)))
        if isinstance(term, errors.Fault):
            self.faults.append(term)
            return None
        return syntax.Word(term)

    def regex(self, token: Token) -> syntax.Regex | None:
        pattern = token[4:-1].replace(r"\/", "/")
        try:
            regexes.compile_pattern(pattern)
        except ValueError as error:
            self.report(token, "E322", str(error), "write words, `*` and OR instead, or a simpler regex")
            return None
        return syntax.Regex(pattern, self.places(_start(token)))

    def number(self, token: Token) -> int | None:
        """Return the number of `NEAR/n` or `TIMES/k`, or report that it is out of range."""
        name, _, digits = token.partition("/")
        number = int(digits[:6])
        if name in ("ATLEAST", "TIMES"):
            if 1 <= number <= FARTHEST:
                return number
            self.report(token, "E326", f"`{token}`: the number must be 1 to {FARTHEST}", f"write `{name}/2`")
        elif number <= FARTHEST:
            return number
        else:
            fix = f"write `{name}/{FARTHEST}`, or PARA for one paragraph"
            self.report(token, "E323", f"`{token}`: a distance is at most {FARTHEST} words", fix)
        return None

    # -- nodes -------------------------------------------------------------------------------------

    def expr(self, tree: Tree[Token], inside: _Inside) -> syntax.Expr | None:
        signs = [part for part in tree.children if isinstance(part, Token)]
        trees = [part for part in tree.children if isinstance(part, Tree)]
        if tree.data == "leaf":
            if signs[0] in query_foreign.BARE:
                fix = f'write `{signs[0]}/5`, or `"{signs[0]}"` for the word'
                self.report(signs[0], "E310", f"`{signs[0]}` is an operator and needs a number", fix)
            return self.leaf(signs[0])
        if tree.data in ("start", "group", "negated"):
            return self.expr(trees[0], inside)
        sign = signs[0]
        self.refuse_article_level(tree, sign, inside)
        if tree.data == "field":
            inside = _Inside(inside.near, inside.times, tree)
        elif sign.type == "TIMES":
            inside = _Inside(inside.near, tree, inside.field)
        elif tree.data == "infix" or sign.type in ("NEAR", "SENT", "PARA"):
            inside = _Inside(tree, inside.times, inside.field)
        operands = [self.expr(part, inside) for part in trees if part.data != "negated"]
        without = [self.expr(part, inside) for part in trees if part.data == "negated"]
        number = self.number(sign) if sign.type in ("NEAR", "NOTNEAR", "ATLEAST", "TIMES") else None
        if tree.data == "func":
            self.check_operands(sign, signs, trees)
        good = tuple(expr for expr in operands if expr is not None)
        out = tuple(expr for expr in without if expr is not None)
        if len(good) != len(operands) or len(out) != len(without):
            return None
        return self.node(tree, sign, number, good, out)

    def node(
        self,
        tree: Tree[Token],
        sign: Token,
        number: int | None,
        operands: tuple[syntax.Expr, ...],
        without: tuple[syntax.Expr, ...],
    ) -> syntax.Expr | None:
        place, kind, infix = self.places(_start(sign)), sign.type, tree.data == "infix"
        if kind == "AND":
            return syntax.And(operands, without, place)
        if kind == "OR":
            return syntax.Or(operands, place)
        if kind == "FIELD":
            return self.field(sign, operands[0], place)
        if kind in ("SENT", "PARA"):
            return syntax.Together(operands, "sentence" if kind == "SENT" else "paragraph", place, infix)
        if kind == "NOTSENT":
            return syntax.Apart(operands[0], operands[1], None, place)
        if number is None:
            return None
        if kind == "NEAR":
            return syntax.Near(operands, number, sign.startswith("THEN"), place, infix)
        if kind == "NOTNEAR":
            return syntax.Apart(operands[0], operands[1], number, place)
        if kind == "ATLEAST":
            self.check_count(sign, number, operands)
            return syntax.AtLeast(number, operands, place)
        return syntax.Times(number, operands[0], place)

    # -- what the grammar lets pass ------------------------------------------------------------------

    def refuse_article_level(self, tree: Tree[Token], sign: Token, inside: _Inside) -> None:
        """Report AND, ATLEAST, TIMES and metadata where only mentions count."""
        metadata = sign.type == "FIELD" and sign in _METADATA
        if not metadata and sign.type not in ("AND", "ATLEAST", "TIMES"):
            return
        around = inside.near or ((inside.times or inside.field) if metadata else None)
        if around is None:
            return
        name = f"`{sign}`" if sign.type != "AND" else "AND"
        message = f"{name} is article-level and cannot stand inside `{_sign(around)}`"
        self.report(sign, "E330", message, self.moved(tree, around))

    def moved(self, tree: Tree[Token], around: Tree[Token]) -> str:
        """Return a fix that takes `tree` out of `around`."""
        generic = f"move it out of `{_sign(around)}`, with AND"
        operands = [part for part in around.children if isinstance(part, Tree)]
        direct = next((number for number, part in enumerate(operands) if _bare(part) is tree), None)
        written = [self.slice(part) for part in operands]
        if direct is None or not all(written):
            return generic
        if tree.data == "conj":
            return self.divided(tree, around, written, direct) or generic
        inner = [self.primary(part) for part in tree.children if isinstance(part, Tree)]
        rest = [*written[:direct], *(inner if _sign(tree).type == "TIMES" else ()), *written[direct + 1 :]]
        return f"write `{self.slice(tree)} AND {_written(around, rest)}`" if rest else generic

    def divided(self, conj: Tree[Token], around: Tree[Token], written: list[str], at: int) -> str:
        """Return a fix for `x NEAR/5 (a AND b)`: `(x NEAR/5 a) AND (x NEAR/5 b)`."""
        parts = [part for part in conj.children if isinstance(part, Tree)]
        wanted = [self.primary(part) for part in parts if part.data != "negated"]
        without = [self.slice(part) for part in parts if part.data == "negated"]
        if not all((*wanted, *without)):
            return ""
        divided = [_written(around, [*written[:at], part, *written[at + 1 :]]) for part in wanted]
        fix = f"write `{' AND '.join([*divided, *without])}`"
        return fix if len(fix) < 2 * query_faults.LONGEST_FIX else ""

    def primary(self, tree: Tree[Token]) -> str:
        """Return what `tree` was read from, in brackets where it is more than one term."""
        found = self.slice(tree)
        return f"({found})" if found and tree.data in ("conj", "disj", "infix") else found

    def slice(self, tree: Tree[Token]) -> str:
        """Return what `tree` was read from, for a fix; nothing if that is too long for one."""
        tokens = list(tree.scan_values(lambda part: isinstance(part, Token)))
        found = " ".join(self.text[_start(tokens[0]) : tokens[-1].end_pos].split())
        return found if len(found) <= query_faults.LONGEST_FIX and "--" not in found else ""

    def check_operands(self, sign: Token, signs: list[Token], trees: list[Tree[Token]]) -> None:
        """Report a wrong number of operands."""
        count = len(trees)
        if sign.type == "TIMES":
            if count > 1:
                inner = " OR ".join(map(self.slice, trees))
                comma = signs[2]
                self.report(comma, "E310", f"`{sign}` takes one operand", f"write `{sign}({inner})`")
        elif count < 2:
            fix = f"write `{self.slice(trees[0]) or 'the operand'}` alone, or add another operand"
            self.report(sign, "E325", f"`{sign}` has one operand; it takes 2 to {MOST_OPERANDS}", fix)
        elif count > MOST_OPERANDS:
            fix = "join some of them with OR, or move them into a list"
            self.report(sign, "E325", f"`{sign}` has {count} operands; it takes 2 to {MOST_OPERANDS}", fix)

    def check_count(self, sign: Token, number: int, operands: tuple[syntax.Expr, ...]) -> None:
        """Report ATLEAST/k with too few operands, or with one of them twice."""
        if number > len(operands) > 1:
            fix = f"write `ATLEAST/{len(operands)}`, or AND for all of them"
            self.report(sign, "E326", f"`{sign}` has only {len(operands)} operands", fix)
        seen: set[Hashable] = set()
        for operand in operands:
            key = _key(operand)
            if key in seen:
                message = "the same operand stands twice in ATLEAST, and would count twice"
                self.faults.append(operand.place.fault("E329", message, "remove one, or use TIMES/k for mentions"))
            seen.add(key)

    def field(self, sign: Token, operand: syntax.Expr, place: Place) -> syntax.Expr | None:
        name = sign[:-1]
        if name in syntax.TEXT_FIELDS:
            return syntax.Field(name, operand, place)
        if name not in syntax.METADATA_FIELDS:
            code, message, fix = query_foreign.field_words(name)
            self.report(sign, code, message, fix)
            return None
        if isinstance(operand, syntax.Word) and operand.term.parts and not operand.term.exact:
            if name == "lang" and [part.folded for part in operand.term.parts] not in _LANGUAGES:
                message = f"`{operand.term.written}` is no language code"
                self.faults.append(operand.place.fault("E206", message, "two small letters: en, ar, he, fr"))
        elif not isinstance(operand, syntax.Regex):
            listed = isinstance(operand, syntax.Or) and all(isinstance(o, syntax.Word) for o in operand.operands)
            choice = " OR ".join(f"{sign}{word.term.written}" for word in syntax.words(operand)) if listed else ""
            told = f"write `({choice})`" if choice else None
            self.report(sign, "E310", f"`{sign}` takes one word, phrase or regex", told)
        return syntax.Field(name, operand, place)


def _sign(tree: Tree[Token]) -> Token:
    """Return the operator of a tree."""
    return next(part for part in tree.children if isinstance(part, Token))


def _bare(tree: Tree[Token]) -> Tree[Token]:
    """Return what stands in the brackets."""
    while tree.data == "group":
        tree = next(part for part in tree.children if isinstance(part, Tree))
    return tree


def _written(around: Tree[Token], operands: list[str]) -> str:
    """Return `around` with other operands."""
    if len(operands) == 1:
        return operands[0]
    if around.data == "infix":
        return f"({operands[0]} {_sign(around)} {operands[1]})"
    return f"{_sign(around)}({', '.join(operands)})"


def _key(expr: syntax.Expr) -> Hashable:
    """Return what is equal for operands that find the same."""
    if isinstance(expr, syntax.Word):
        return expr.term.ref, expr.term.parts
    plain = syntax.strip_places(expr)
    if isinstance(expr, syntax.Regex):
        return plain
    return type(expr), *(_key(part) for part in syntax.operands_of(expr)), _own(plain)


def _own(expr: syntax.Expr) -> Hashable:
    """Return what a node says beside its operands."""
    names = ("distance", "ordered", "unit", "count", "name")
    return tuple(getattr(expr, name, None) for name in names)
