"""Training loops that stand in the text of a file: at its top level, or in a function that is given nothing."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .source import text

Loop = ast.For | ast.While


@dataclass(frozen=True)
class WrittenLoop:
    """One of them. setup: statements of the function it is in that come before it; body: what one update runs; moved:
    the names that it gives new values made of their old ones; line: where the loop begins."""

    name: str
    setup: tuple[ast.stmt, ...]
    body: tuple[ast.stmt, ...]
    moved: tuple[str, ...]
    line: int


def written_loops(namespace: Any) -> dict[str, WrittenLoop]:
    """Name -> loop, of those in the file that move arrays."""
    try:
        tree = ast.parse(text(namespace))
    except SyntaxError:
        return {}
    found = [
        *_loops_in("training_loop", tree.body, ()),
        *(loop for block in tree.body if isinstance(block, ast.If) for loop in _loops_in("training_loop", block.body)),
        *(loop for f in tree.body if _is_closed(f) for loop in _loops_in(f.name, f.body)),  # type: ignore[attr-defined]
    ]
    return {loop.name: loop for loop in reversed(found)}


def _is_closed(node: ast.stmt) -> bool:
    """Is it a function that needs no argument?"""
    return isinstance(node, ast.FunctionDef) and len(node.args.args) == len(node.args.defaults)


def _loops_in(name: str, block: Sequence[ast.stmt], setup: Sequence[ast.stmt] | None = None) -> Iterator[WrittenLoop]:
    """The loops among these statements. setup: what is to be run before, None for all that comes before."""
    for i, node in enumerate(block):
        if isinstance(node, Loop):
            body = tuple(_first_round(node))
            moved = tuple(dict.fromkeys(_moved(body)))
            if moved and not any(isinstance(n, ast.Return | ast.Yield) for part in body for n in ast.walk(part)):
                before = tuple(block[:i]) if setup is None else tuple(setup)
                yield WrittenLoop(name, before, body, moved, node.lineno)


def _first_round(loop: Loop) -> Iterator[ast.stmt]:
    """What a loop runs first, with the first round of a loop in it that moves something in its place."""
    if isinstance(loop, ast.For):
        first = ast.Call(ast.Name("next", ast.Load()), [ast.Call(ast.Name("iter", ast.Load()), [loop.iter], [])], [])
        assign = ast.Assign([loop.target], first)
        yield ast.fix_missing_locations(ast.copy_location(assign, loop))
    for node in loop.body:
        if isinstance(node, Loop) and any(_moved(node.body)):
            yield from _first_round(node)
        else:
            yield node


def _moved(block: Sequence[ast.stmt]) -> Iterator[str]:
    """Names that are given new values made of their old ones: W of W -= eta * dW, params of params["W"] -= ..."""
    for node in (n for part in block for n in ast.walk(part)):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
            yield from _owner(node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            said = {ast.unparse(n) for n in ast.walk(node.value) if isinstance(n, ast.expr)}
            yield from (name for t in node.targets if ast.unparse(t) in said for name in _owner(t))


def stored(block: Sequence[ast.stmt]) -> Iterator[str]:
    """Names that statements give values, or in which they put some."""
    for node in (n for part in block for n in ast.walk(part)):
        if isinstance(node, ast.Name | ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from _owner(node)


def _owner(target: ast.expr) -> Iterator[str]:
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    if isinstance(target, ast.Name):
        yield target.id
