"""Queries: from the text under `query:` to `syntax.Expr`, every fault at its own line and column.

The grammar is section 5 of the rule format, read by Lark (LALR); `build` makes its trees into frozen values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from monitor import errors
from monitor.rules import regexes, syntax, terms
from monitor.rules.yaml_nodes import Place, Text

LONGEST = 20_000
"""Characters of one query."""

DEEPEST = 50
"""Brackets and fields inside one another."""

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
alien: COMMENT | UNCLOSED | JUNK

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
NEAR.7: /(?:NEAR|THEN)\/\d+(?![\p{L}\p{M}\p{N}])/
NOTNEAR.7: /NOTNEAR\/\d+(?![\p{L}\p{M}\p{N}])/
ATLEAST.7: /ATLEAST\/\d+(?![\p{L}\p{M}\p{N}])/
TIMES.7: /TIMES\/\d+(?![\p{L}\p{M}\p{N}])/
FIELD.6: /[\p{L}][\p{L}\p{N}_-]*:/
REF.5: /\$[\p{L}\p{M}\p{N}_-]*/
EXACT.5: "=" (QUOTED | LOOSE)
PHRASE.5: QUOTED
WORD: LOOSE
UNCLOSED.-1: /"[^\n]*/
JUNK.-2: /[^\s\p{Cf}]/

QUOTED: /"(?:[^"\n]|(?<=[א-ת\u0591-\u05c7])"(?=[א-ת\u0591-\u05c7]))*+"/
LOOSE: WILD* RUN ((JOINT | WILD+) RUN)* /[.'׳]/? WILD*
RUN: /[\p{L}\p{N}](?:\p{Cf}*[\p{L}\p{M}\p{N}])*/
JOINT: /['’׳.\-‐‑־&]|(?<=[א-ת\u0591-\u05c7])["״”](?=[א-ת\u0591-\u05c7])/
WILD: /[*?]/

%ignore /[\s\p{Cf}]+/
"""

Places = Callable[[int], Place]


@cache
def _lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", regex=True)


def parse_query(text: Text, faults: list[errors.Fault]) -> syntax.Expr | None:
    """Return what `text` asks for, or None; what is wrong with it is added to `faults`."""
    places, before = text.places(), len(faults)
    tree = _tree(text, places, faults)
    if tree is None:
        return None
    expr = _Builder(places, faults).expr(tree)
    return expr if len(faults) == before else None


def _tree(text: Text, places: Places, faults: list[errors.Fault]) -> Tree[Token] | None:
    parser = _lark().parse_interactive(text.value)
    tokens = list(parser.lexer_thread.lex(parser.parser_state))  # type: ignore[no-untyped-call]
    try:
        for token in tokens:
            if token.type != "COMMENT":
                parser.feed_token(token)
        found: Tree[Token] = parser.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedToken as error:
        faults.append(places(error.token.start_pos or 0).fault("E310", "the query cannot be read from here"))
        return None
    return found


class _Builder:
    """Makes a tree into frozen values."""

    def __init__(self, places: Places, faults: list[errors.Fault]) -> None:
        self.places = places
        self.faults = faults

    def expr(self, tree: Tree[Token]) -> syntax.Expr | None:
        signs = [part for part in tree.children if isinstance(part, Token)]
        trees = [part for part in tree.children if isinstance(part, Tree)]
        if tree.data == "leaf":
            return self.leaf(signs[0])
        if tree.data in ("start", "group"):
            return self.expr(trees[0])
        operands = [self.expr(part) for part in trees if part.data != "negated"]
        without = [self.expr(part) for part in trees if part.data == "negated"]
        if tree.data == "negated":
            return operands[0]
        good = tuple(expr for expr in operands if expr is not None)
        out = tuple(expr for expr in without if expr is not None)
        if len(good) != len(operands) or len(out) != len(without):
            return None
        return self.node(tree.data, signs[0], good, out)

    def node(
        self, kind: str, sign: Token, operands: tuple[syntax.Expr, ...], without: tuple[syntax.Expr, ...]
    ) -> syntax.Expr | None:
        place = self.places(sign.start_pos or 0)
        name, _, number = sign.partition("/")
        infix = kind == "infix"
        if kind == "conj":
            return syntax.And(operands, without, place)
        if kind == "disj":
            return syntax.Or(operands, place)
        if kind == "field":
            return syntax.Field(sign[:-1], operands[0], place)
        if name in ("NEAR", "THEN"):
            return syntax.Near(operands, int(number), name == "THEN", place, infix)
        if name in ("SENT", "PARA"):
            return syntax.Together(operands, "sentence" if name == "SENT" else "paragraph", place, infix)
        if name == "ATLEAST":
            return syntax.AtLeast(int(number), operands, place)
        if name == "TIMES":
            return syntax.Times(int(number), operands[0], place)
        return syntax.Apart(operands[0], operands[1], int(number) if number else None, place)

    def leaf(self, token: Token) -> syntax.Expr | None:
        place = self.places(token.start_pos or 0)
        if token.type == "REGEX":
            pattern = token[4:-1].replace(r"\/", "/")
            try:
                regexes.compile_pattern(pattern)
            except ValueError as error:
                self.faults.append(place.fault("E322", str(error)))
                return None
            return syntax.Regex(pattern, place)
        term = terms.parse_leaf(str(token), place)
        if isinstance(term, errors.Fault):
            self.faults.append(term)
            return None
        return syntax.Word(term)
