"""Names of clauses: queries written back as their authors wrote them, long lists shortened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.rules import syntax, tree
from monitor.rules.tree import Node

MOST_NAMED = 3
"""Alternatives that are written out where there are more than one further."""

LONGEST = 90
"""Characters of a label."""


def label(node: Node, expr: syntax.Expr | None) -> str:
    """Return a short name of `node`: as `expr` writes it where it stands in a query, else as its item does."""
    found = _of_node(node) if expr is None else _bare(expr)
    if expr is not None and isinstance(node, tree.Within) and not isinstance(expr, syntax.Field):
        found = f"{':'.join(sorted(node.fields))}:{found}"
    return found if len(found) <= LONGEST else found[: LONGEST - 1] + "…"


def names(nodes: Iterable[Node]) -> str:
    """Return the names of alternatives."""
    return _or([_of_node(node) for node in nodes])


def _of_node(node: Node) -> str:
    match node:
        case tree.Leaf() | tree.Pattern():
            return node.term
        case tree.Named():
            return f"${node.id}"
        case tree.Mention() | tree.Held() | tree.Within():
            return _of_node(node.child)
        case tree.AnyOf():
            return f"({names(node.children)})" if len(node.children) > 1 else names(node.children)
        case tree.AllOf():
            wanted = [_of_node(child) for child in node.children]
            return " AND ".join([*wanted, *(f"NOT {_of_node(child)}" for child in node.without)])
        case _:
            return type(node).__name__


def _or(written: Sequence[str]) -> str:
    many = len(written) > MOST_NAMED + 1
    return " OR ".join([*written[:MOST_NAMED], "..."] if many else written)


def _bare(expr: syntax.Expr) -> str:
    """Return the text of `expr` with brackets only where it needs them standing alone."""
    written = _written(expr)
    return written[1:-1] if isinstance(expr, syntax.And) else written


def _written(expr: syntax.Expr) -> str:
    """Return the text of `expr` as an operand of another one."""
    match expr:
        case syntax.Word():
            return expr.term.written
        case syntax.Regex():
            return "re:/" + expr.pattern.replace("/", r"\/") + "/"
        case syntax.And():
            without = (f"NOT {_primary(operand)}" for operand in expr.without)
            return f"({' AND '.join([*map(_written, expr.operands), *without])})"
        case syntax.Or():
            return f"({_or(list(map(_written, expr.operands)))})"
        case syntax.Near():
            return _call(f"{'THEN' if expr.ordered else 'NEAR'}/{expr.distance}", expr)
        case syntax.Together():
            return _call("SENT" if expr.unit == "sentence" else "PARA", expr)
        case syntax.Apart():
            sign = "NOTSENT" if expr.distance is None else f"NOTNEAR/{expr.distance}"
            return f"{_primary(expr.operand)} {sign} {_primary(expr.other)}"
        case syntax.AtLeast():
            return f"ATLEAST/{expr.count}({', '.join(map(_bare, expr.operands))})"
        case syntax.Times():
            return f"TIMES/{expr.count}({_inside(expr.operand)})"
        case syntax.Field():
            return f"{expr.name}:{_primary(expr.operand)}"


def _call(name: str, expr: syntax.Near | syntax.Together) -> str:
    if expr.infix:
        return f" {name} ".join(map(_primary, expr.operands))
    return f"{name}({', '.join(map(_written, expr.operands))})"


def _inside(expr: syntax.Expr) -> str:
    written = _written(expr)
    return written[1:-1] if isinstance(expr, syntax.And | syntax.Or) else written


def _primary(expr: syntax.Expr) -> str:
    infix = isinstance(expr, syntax.Apart) or (isinstance(expr, syntax.Near | syntax.Together) and expr.infix)
    return f"({_written(expr)})" if infix else _written(expr)
