"""A training loop that stands at the top level of a file, or in a cell of a notebook: as a function of the data, the
parameters and the settings that it reads. What else it reads comes with it, from the lines before."""

import ast
import builtins
import re
import textwrap
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .course import NAMES, part_of
from .roles import Role, plain, role
from .text import remember
from .values import Function

NAME = "loop"  # what it is called
COUNTS = r"\w*(epoch|iter|step|batch|update|cycle|pass)\w*"
GIVEN = (Role.X, Role.LABELS, Role.W, Role.B, Role.GAMMA, Role.BETA, Role.NETWORK)
Statement = ast.For | ast.While


def bare_loop(namespace: Any, text: str) -> Function | None:
    """The loop of a file with this text, as a function that returns the lists it fills; None if it has none."""
    try:
        body = _flat(ast.parse(text))
    except SyntaxError:
        return None
    found = [s for s in body if isinstance(s, Statement) and _trains(s)]
    if not found:
        return None
    loop = max(found, key=lambda s: len(list(ast.walk(s))))
    before = [s for s in body if s.lineno < loop.lineno]
    arguments, setup = _read(loop, before, vars(namespace))
    lists = [name for s in setup for name in _stored(s) if _is_empty(s)]
    returned = ", ".join(f"{name!r}: {name}" for name in lists)
    lines = "\n".join(textwrap.dedent(ast.get_source_segment(text, s, padded=True) or "") for s in (*setup, loop))
    inside = textwrap.indent(lines, "    ")
    source = f"def {NAME}({', '.join(arguments)}):\n{inside}\n    return {{{returned}}}\n"
    filename = f"<the loop of {getattr(namespace, '__file__', '')}>"
    remember(filename, source)
    made: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), vars(namespace), made)
    function: Function = made[NAME]
    return function


def _flat(tree: ast.Module) -> list[ast.stmt]:
    """The statements of the top level, with those of the main block."""
    found: list[ast.stmt] = []
    for statement in tree.body:
        main = isinstance(statement, ast.If) and "__main__" in ast.dump(statement.test)
        found += statement.body if main and isinstance(statement, ast.If) else [statement]
    return found


def _trains(loop: Statement) -> bool:
    """Does it count epochs, batches or updates, and change something as it goes?"""
    names = {node.id for node in ast.walk(loop) if isinstance(node, ast.Name)}
    changes = any(isinstance(node, ast.AugAssign | ast.Assign) for node in ast.walk(loop))
    return changes and any(re.fullmatch(COUNTS, plain(name)) for name in names)


def _read(loop: ast.stmt, before: Sequence[ast.stmt], known: Mapping[str, Any]) -> tuple[list[str], list[ast.stmt]]:
    """The arguments of the loop, and the statements before it that make what else it reads."""
    arguments, setup = list[str](), list[ast.stmt]()
    wanted, seen = list(_free(loop)), set[str]()
    while wanted:
        name = wanted.pop(0)
        if name in seen or hasattr(builtins, name) or _is_definition(known.get(name)):
            continue
        seen.add(name)
        made = next((s for s in reversed(before) if name in _stored(s)), None)
        if made is None or (_is_given(name) and not _counts_from_nothing(made)):
            arguments.append(name)
        elif made not in setup:
            setup.append(made)
            wanted += _free(made)
    return arguments, sorted(setup, key=lambda s: s.lineno)


def _is_definition(value: Any) -> bool:
    """Is it a function, a class or a module?"""
    return isinstance(value, types.FunctionType | types.BuiltinFunctionType | type | types.ModuleType)


def _is_given(name: str) -> bool:
    """Is it called what a training is given: data, parameters, a setting?"""
    rest = part_of(name)[1]
    setting = any(re.fullmatch(pattern, plain(name)) for _, pattern in NAMES)
    return setting or role(name) in GIVEN or role(rest) in (Role.X, Role.LABELS) or _holds_settings(name)


def _holds_settings(name: str) -> bool:
    return (
        re.fullmatch(r"(gd|hyper|train|opt)?(params?|parameters?|config|cfg|args|settings|hps?)", plain(name))
        is not None
    )


def _counts_from_nothing(statement: ast.stmt) -> bool:
    """Is it t = 0, or losses = []?"""
    value = getattr(statement, "value", None)
    zero = isinstance(value, ast.Constant) and value.value in (0, None, False)
    return zero or _is_empty(statement)


def _is_empty(statement: ast.stmt) -> bool:
    """Does it make empty lists or dicts, and nothing else?"""
    value = getattr(statement, "value", None)
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return isinstance(statement, ast.Assign) and all(
        (isinstance(p, ast.List) and not p.elts) or (isinstance(p, ast.Dict) and not p.keys) for p in parts
    )


def _stored(statement: ast.stmt) -> list[str]:
    """The names that an assignment of the top level makes."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name) and _is_store(node)]


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _free(statement: ast.stmt) -> Iterator[str]:
    """The names that it reads before it makes them, in their order."""
    stored, read = set[str](), dict[str, None]()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            return
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            stored.update(n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name))
        for child in _in_order(node):
            visit(child)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in stored:
            read.setdefault(node.target.id)
        elif isinstance(node, ast.Name) and _is_store(node):
            stored.add(node.id)
        elif isinstance(node, ast.Name) and node.id not in stored:
            read.setdefault(node.id)

    visit(statement)
    return iter(read)


def _in_order(node: ast.AST) -> list[ast.AST]:
    """The parts of a node as they are computed: values before targets."""
    if isinstance(node, ast.Assign):
        return [node.value, *node.targets]
    if isinstance(node, ast.AugAssign):
        inside = [] if isinstance(node.target, ast.Name) else [node.target]
        return [node.value, *inside]
    if isinstance(node, ast.For):
        return [node.iter, node.target, *node.body, *node.orelse]
    return list(ast.iter_child_nodes(node))
