"""The functions of a student's file that its gradients run, as trees that can be changed and run."""

import ast
import copy
import gc
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .changes import Edit, Place
from .code import Code
from .edits import edits, pool
from .explain import Home
from .families import SLOPE
from .roles import plain
from .source import signature, tree
from .territory import own


class Running:
    """A function of the file that the gradients run: its objects, its tree, the names in it, and the functions of the
    file that may be derivatives."""

    def __init__(
        self, code: types.CodeType, functions: list[Any], values: Mapping[str, Any], tree: ast.AST, of_cost: bool
    ) -> None:
        """values: the function's variables; of_cost: does J run it, too?"""
        file = functions[0].__globals__
        self.code, self.functions, self.tree, self.names = code, functions, tree, pool(tree, values, file)
        own = [k for k, f in file.items() if isinstance(f, types.FunctionType) and re.search(SLOPE, plain(k))]
        self.derivatives = [k for k in own if len(signature(file[k])) == 1]
        self.of_cost = of_cost
        self._kept, self._module = code, _module(tree, code)

    def run(self) -> None:
        """Let the function be what its tree says. Raises SyntaxError or ValueError if that cannot be."""
        self._be(_compiled(self._module, self.code))

    def keep(self) -> None:
        """From now on undo() leaves it as its tree says."""
        self._kept = _compiled(self._module, self.code)
        self.undo()

    def undo(self) -> None:
        """Let the function be what was kept."""
        self._be(self._kept)

    def restore(self) -> None:
        """Let the function be what it was in the file."""
        self._be(self.code)

    def _be(self, code: types.CodeType) -> None:
        for function in self.functions:
            function.__code__ = code

    def changes(self, places: Sequence[Place]) -> Iterator[Iterator[Edit]]:
        """The changes of these statements of it, in groups, the likely ones first."""
        return edits(places, self.names, self.derivatives)

    def place(self, statement: ast.stmt) -> str:
        """'line 12' of the file, or with the name of another one."""
        line, loaded = statement.lineno + self.code.co_firstlineno - 1, Home.loaded
        if loaded is None or self.code.co_filename == str(loaded.path):
            return loaded.place(line) if loaded is not None else f"line {line}"
        return f"{Path(self.code.co_filename).name}, line {line}"


def running(code: Code) -> Iterator[Running]:
    """The file's functions that the gradients run: first those that J does not, and what is called last first."""
    frames = _frames(lambda: code.gradients(code.params))
    of_cost = _frames(lambda: code.cost(code.params))
    alive = [f for f in gc.get_objects() if isinstance(f, types.FunctionType) and f.__code__ in frames]
    last_first = list(frames)[::-1]
    for found in sorted(last_first, key=lambda code: code in of_cost):
        functions = [f for f in alive if f.__code__ == found]
        text = tree(functions[0]) if functions else None
        node = text.body[0] if isinstance(text, ast.Module) and text.body else None
        if isinstance(node, ast.FunctionDef) and node.name == found.co_name:
            yield Running(found, functions, frames[found], copy.deepcopy(node), found in of_cost)


def _frames(action: Callable[[], object]) -> dict[types.CodeType, dict[str, Any]]:
    """The functions of the file that an action runs, as they return, with their variables."""
    frames: dict[types.CodeType, dict[str, Any]] = {}

    def seen(frame: types.FrameType, event: str, _: Any) -> None:
        if event == "return" and own(frame.f_code.co_filename):
            known = frames.setdefault(frame.f_code, {})
            if len(frame.f_locals) > len(known):  # of several calls the one that came furthest
                known.update(frame.f_locals)

    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(None)
    return frames


def _module(function: ast.AST, code: types.CodeType) -> ast.Module:
    """A module with a function's tree in it, in a class and with the free variables that it had."""
    assert isinstance(function, ast.FunctionDef)
    keep = ast.parse(f"if 0: ({', '.join(code.co_freevars)},)").body if code.co_freevars else []
    function.body[:0] = keep
    function.decorator_list, function.returns = [], None
    owner = code.co_qualname.split(".")[:-1]
    wrapped: list[ast.stmt] = [function]
    if owner and owner[-1] != "<locals>":
        wrapped = [ast.ClassDef(owner[-1], [], [], [function], [])]
    free = [name for name in code.co_freevars if name != "__class__"]
    outer = ast.parse(f"def _around():\n    {' = '.join([*free, 'None']) if free else 'pass'}").body[0]
    assert isinstance(outer, ast.FunctionDef)
    outer.body += wrapped
    return ast.fix_missing_locations(ast.Module([outer], []))


def _compiled(module: ast.Module, code: types.CodeType) -> types.CodeType:
    """The code of the function in a module. Raises ValueError if it has other free variables."""
    found = _inside(compile(module, code.co_filename, "exec"), code.co_name)
    if found.co_freevars != code.co_freevars:
        raise ValueError("other free variables")
    return found


def _inside(code: types.CodeType, name: str) -> types.CodeType:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return next((c for c in inner if c.co_name == name), None) or _inside(inner[0], name)
