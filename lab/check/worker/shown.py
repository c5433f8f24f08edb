"""How the file itself makes an object: net = Network(), net.add(Dense(4, 3)), anywhere in it, and only that."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .roles import Role, role
from .source import text
from .values import Function

ADDS = r"add\w*|append\w*|push\w*|insert|extend|stack|build\w*|compile|connect\w*|register\w*|set_\w+|use\w*|init\w*"
EXAMPLES = {Role.X: np.ones((6, 6)), Role.LABELS: np.arange(6) % 3}  # X.shape, y.max(): whichever way X lies


def shown(namespace: Any, kind: type) -> Iterator[tuple[bool, Function]]:
    """Functions that make an object of a class as the file does, each with: is it made of other objects of the file?"""
    try:
        tree = ast.parse(text(namespace))
    except SyntaxError:
        return
    kinds = {k for k, v in vars(namespace).items() if isinstance(v, type) and v is not kind}
    for body in _bodies(tree):
        for i, statement in enumerate(body):
            name = _made(statement, kind.__name__)
            if name:
                slice_ = _slice(body, i, name, set(vars(namespace)))
                yield bool(_called(slice_) & kinds), _maker(namespace, kind, name, slice_)


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """The statements of the module, of its functions and of what is nested in them: each block with all before it."""

    def inside(before: list[ast.stmt], body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
        yield [*before, *body]
        for i, statement in enumerate(body):
            for part in ("body", "orelse"):
                block = getattr(statement, part, None)
                if isinstance(block, list) and not isinstance(statement, ast.ClassDef):
                    own = _defaults(statement) if isinstance(statement, ast.FunctionDef) else [*before, *body[:i]]
                    yield from inside(own, block)

    yield from inside([], tree.body)


def _defaults(function: ast.FunctionDef) -> list[ast.stmt]:
    """hidden=50 of its arguments as statements."""
    arguments = function.args.args
    pairs = zip(arguments[len(arguments) - len(function.args.defaults) :], function.args.defaults, strict=True)
    return [ast.Assign([ast.Name(a.arg, ast.Store())], value, lineno=1) for a, value in pairs]


def _made(statement: ast.stmt, kind: str) -> str:
    """The variable that holds a new object of the class after a statement."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and len(statement.targets) == 1:
        target, made = statement.targets[0], statement.value.func
        if isinstance(target, ast.Name) and isinstance(made, ast.Name) and made.id == kind:
            return target.id
    return ""


def _slice(body: Sequence[ast.stmt], at: int, name: str, known: set[str]) -> list[ast.stmt]:
    """The statements that make and fill the object, and those whose variables they read."""
    kept = [body[at], *(s for s in body[at + 1 :] if _fills(s, {name}))]
    wanted = set().union(*map(_read, kept)) - {name} - known
    for statement in reversed(body[:at]):
        makes = _written(statement) & wanted
        if (makes and not all(role(k) in EXAMPLES for k in makes)) or _fills(statement, wanted):
            kept.insert(0, statement)
            wanted |= _read(statement) - known
    return kept


def _fills(statement: ast.stmt, names: set[str]) -> bool:
    """net.add(Dense(3, 4)), or a loop around it."""
    if isinstance(statement, ast.For):
        return any(_fills(inner, names) for inner in statement.body)
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    if not isinstance(called, ast.Attribute) or not re.fullmatch(ADDS, called.attr):
        return False
    return bool({n.id for n in ast.walk(called.value) if isinstance(n, ast.Name)} & names)


def _read(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _written(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.If | ast.With | ast.Try):
        return set()
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _called(statements: Sequence[ast.stmt]) -> set[str]:
    return {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name)}


def _maker(namespace: Any, kind: type, name: str, statements: list[ast.stmt]) -> Function:
    code = compile(ast.fix_missing_locations(ast.Module(statements, [])), f"<{kind.__name__}>", "exec")
    lacking = set().union(*map(_read, statements)) - vars(namespace).keys()

    def made() -> Any:
        variables = {**vars(namespace), **{k: EXAMPLES[role(k)] for k in lacking if role(k) in EXAMPLES}}
        exec(code, variables)
        return variables[name]

    made.__name__ = kind.__name__
    return made
