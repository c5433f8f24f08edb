"""Changes of whole lines: left out, assigned or added up, in another block, further down, or one that is missing."""

import ast
import copy
from collections.abc import Iterator, Mapping
from typing import Any

from .changes import Edit, Place, shown, target_of

MOST = 3  # lines that go into another block together


def lines(place: Place) -> Iterator[Edit]:
    """Added up and not assigned, or the other way round; left out; added where a row comes twice."""
    statement, holder, field, index = place.statement, place.holder, place.field, place.index
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield Edit(statement, holder, field, index, ast.Pass())
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
            yield Edit(statement, holder, field, index, ast.AugAssign(target, ast.Add(), statement.value))
        yield Edit(statement, holder, field, index, ast.Pass())
    if isinstance(statement, ast.AugAssign):
        yield Edit(statement, holder, field, index, ast.Assign([statement.target], statement.value, lineno=1))
        other = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(statement.op))
        if other:
            yield Edit(statement, statement, "op", None, other())
        yield Edit(statement, holder, field, index, ast.Pass())
    target = target_of(statement)
    if isinstance(statement, ast.Assign | ast.AugAssign) and isinstance(target, ast.Subscript) and not _slices(target):
        parts = map(ast.unparse, (target.value, target.slice, statement.value))
        added = ast.parse("np.add.at({}, {}, {})".format(*parts)).body[0]
        yield Edit(statement, holder, field, index, added)


def _slices(target: ast.Subscript) -> bool:
    """Is it W[:, 1:], in which no row comes twice?"""
    return any(isinstance(part, ast.Slice) for part in ast.walk(target.slice))


def blocks(place: Place) -> Iterator[Edit]:
    """The statement, and those behind it, in the block before it; the statement behind the block it stands in."""
    before = place.block[place.index - 1] if place.index else None
    for block in _inner(before):
        for end in range(place.index + 1, min(place.index + MOST, len(place.block)) + 1):
            moved = place.block[place.index : end]
            if isinstance(moved[-1], ast.Return | ast.FunctionDef):
                break
            rest = [*place.block[: place.index - 1], _longer(before, block, moved), *place.block[end:]]
            yield Edit(place.statement, place.holder, place.field, None, rest, _indented(moved, block))
    around = place.around
    if around is not None and isinstance(around.statement, ast.For | ast.If | ast.While) and len(place.block) > 1:
        shorter = copy.copy(around.statement)
        setattr(shorter, place.field, [s for s in place.block if s is not place.statement])
        rest = [*around.block[: around.index], shorter, place.statement, *around.block[around.index + 1 :]]
        words = f"move `{shown(place.statement)}` out of the block of `{shown(around.statement)}`"
        yield Edit(place.statement, around.holder, around.field, None, rest, words)


def _inner(statement: ast.stmt | None) -> Iterator[ast.For | ast.If | ast.While]:
    """A statement that holds a block, and those at the end of its block that do."""
    while isinstance(statement, ast.For | ast.If | ast.While):
        yield statement
        statement = statement.body[-1]


def _longer(outer: Any, block: ast.For | ast.If | ast.While, moved: list[ast.stmt]) -> Any:
    """A statement with more at the end of a block in it."""
    longer = copy.copy(outer)
    inner = outer is not block
    longer.body = [*outer.body[:-1], _longer(outer.body[-1], block, moved)] if inner else [*outer.body, *moved]
    return longer


def _indented(moved: list[ast.stmt], block: ast.stmt) -> str:
    what = f"`{shown(moved[0])}`" + f" and what follows, to `{shown(moved[-1])}`," * (len(moved) > 1)
    return f"move {what} into the block of `{shown(block)}`"


def exchanged(place: Place) -> Iterator[Edit]:
    """What two statements one behind the other give: the values change places."""
    behind = place.block[place.index + 1] if place.index + 1 < len(place.block) else None
    first = place.statement
    if not isinstance(first, ast.Assign) or not isinstance(behind, ast.Assign):
        return
    pair = [ast.Assign(first.targets, behind.value), ast.Assign(behind.targets, first.value)]
    rest = [*place.block[: place.index], *pair, *place.block[place.index + 2 :]]
    words = f"exchange the values of `{shown(first)}` and `{shown(behind)}`"
    yield Edit(first, place.holder, place.field, None, rest, words)


def mirrored(place: Place, names: Mapping[str, tuple[Any, ...]]) -> Iterator[Edit]:
    """dW[:, y] -= x, which is missing, beside dW[:, j] += x."""
    statement = place.statement
    if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Subscript):
        return
    op = {ast.Add: ast.Sub, ast.Sub: ast.Add}.get(type(statement.op))
    if op is None:
        return
    for name, what in names.items():
        for target in _at_other(statement.target, name) if what == ("whole",) else ():
            new = ast.AugAssign(target, op(), statement.value)
            rest = [*place.block[: place.index + 1], new, *place.block[place.index + 1 :]]
            words = f"add `{shown(new)}` behind `{shown(statement)}`"
            yield Edit(statement, place.holder, place.field, None, rest, words)


def _at_other(target: ast.Subscript, name: str) -> Iterator[ast.Subscript]:
    """The same array at another number in the place of one of its indices."""
    index = target.slice
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for k, part in enumerate(parts):
        if isinstance(part, ast.Slice) or ast.unparse(part) == name:
            continue
        others = [*parts[:k], ast.parse(name, mode="eval").body, *parts[k + 1 :]]
        new = ast.Tuple(others, ast.Load()) if isinstance(index, ast.Tuple) else others[0]
        yield ast.Subscript(target.value, new, target.ctx)


def moves(place: Place) -> Iterator[Edit]:
    """The statement further down in its block: an update that comes too early."""
    statement, block, index = place.statement, place.block, place.index
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr):
        return
    for end in range(index + 1, len(block)):
        if isinstance(block[end], ast.Return):
            return
        others = [*block[:index], *block[index + 1 : end + 1], statement, *block[end + 1 :]]
        words = f"move `{shown(statement)}` behind `{shown(block[end])}`"
        yield Edit(statement, place.holder, place.field, None, others, words)
