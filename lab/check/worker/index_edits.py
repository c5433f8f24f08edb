"""Changes of an index: another row or step; a slice without one of its bounds, or one that begins elsewhere."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from .changes import Edit, expression, expressions

Names = Mapping[str, tuple[Any, ...]]  # variables, attributes and elements, and what they are; see edits.pool()


def indices(statement: ast.stmt, names: Names) -> Iterator[Edit]:
    """The changes of the indices in a statement, of what it is given as well as of what it reads."""
    for node, holder, field, _ in expressions(statement):
        if not isinstance(holder, ast.Subscript) or field != "slice":
            continue
        if not isinstance(node, ast.Tuple):
            yield from (Edit(statement, holder, field, None, new) for new in _otherwise(node, [], names))
            continue
        for k, part in enumerate(node.elts):
            others = [other for j, other in enumerate(node.elts) if j != k]
            yield from (Edit(statement, node, "elts", k, new) for new in _otherwise(part, others, names))


def _otherwise(part: ast.expr, others: list[ast.expr], names: Names) -> Iterator[ast.expr]:
    """What may be meant by one part of an index. others: its other parts."""
    if isinstance(part, ast.Slice):
        yield from _slices(part, names)
        if part.lower is part.upper is part.step is None:  # P[:, y] is whole columns
            for other in others:
                text = ast.unparse(other)
                if names.get(text, ("",))[0] == "array" and len(names[text]) == 2:
                    yield expression(f"range(len({text}))")
    elif names.get(ast.unparse(part)) == ("whole",):
        yield from (ast.BinOp(part, op(), ast.Constant(1)) for op in (ast.Sub, ast.Add))


def _slices(part: ast.Slice, names: Names) -> Iterator[ast.expr]:
    """Without a step or a bound; as long, but beginning elsewhere."""
    bounds = part.lower, part.upper, part.step
    for k, bound in enumerate(bounds):
        if bound is not None:
            yield ast.Slice(*(None if i == k else other for i, other in enumerate(bounds)))
    if part.upper is None or part.step is not None:
        return
    for name in (name for name, what in names.items() if what == ("whole",)):
        p = expression(name)
        if part.lower is None:
            yield ast.Slice(p, ast.BinOp(part.upper, ast.Add(), p))
        elif isinstance(part.upper, ast.BinOp) and ast.dump(part.upper.left) == ast.dump(part.lower):  # i : i + k
            begin = ast.BinOp(part.lower, ast.Mult(), p)
            yield ast.Slice(begin, ast.BinOp(begin, part.upper.op, part.upper.right))
