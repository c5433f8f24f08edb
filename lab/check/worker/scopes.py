"""Parameters that are variables: globals of a file, or what the functions that a function returns share."""

import ast
import inspect
from collections.abc import Mapping
from types import CellType
from typing import Any

import numpy as np

from .source import tree
from .values import Function


class Scope:
    """Variables as attributes of an object, and the functions that read them as its methods. `names`: the variables
    that count."""

    names: frozenset[str] = frozenset()


def globals_of(namespace: Any, names: frozenset[str]) -> Scope:
    """Some globals of a file: what is set in the object is set in the file."""
    scope = Scope()
    scope.__dict__ = vars(namespace)
    scope.__class__ = type("Globals", (Scope,), {"names": names})
    return scope


def arrays_read(namespace: Any, function: Function) -> frozenset[str]:
    """The globals with arrays that a function, or one of the file's that it calls, reads."""
    seen: set[str] = set()
    found: set[str] = set()

    def read(reader: Any) -> None:
        for name in getattr(getattr(reader, "__code__", None), "co_names", ()):
            value = vars(namespace).get(name)
            if name not in seen:
                seen.add(name)
                if inspect.isfunction(value):
                    read(value)
                elif _holds_arrays(value):
                    found.add(name)

    read(function)
    return frozenset(found)


def _holds_arrays(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_holds_arrays, value))
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


class Cells(dict[str, Any]):
    """What functions share, by name: what is set here is set for them."""

    def __init__(self, cells: Mapping[str, CellType]) -> None:
        super().__init__({name: cell.cell_contents for name, cell in cells.items()})
        self.cells = cells

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if name in self.cells:
            self.cells[name].cell_contents = value

    def update(self, values: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Set all of these."""
        for name, value in values.items():
            self[name] = value


def closure(made: Any) -> Any:
    """What functions that a function returned share, as an object; anything else as it is."""
    parts = made.values() if isinstance(made, dict) else made if isinstance(made, list | tuple) else [made]
    functions = [part for part in parts if inspect.isfunction(part) and "<locals>" in part.__qualname__]
    if not functions:
        return made
    cells: dict[str, CellType] = {}
    reached = list(functions)
    for function in reached:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            cells.setdefault(name, cell)
            if inspect.isfunction(cell.cell_contents) and cell.cell_contents not in reached:
                reached.append(cell.cell_contents)
    scope = Scope()
    scope.__dict__ = Cells(cells)
    scope.__dict__.update({function.__name__: function for function in functions})
    scope.__class__ = type("Closure", (Scope,), {"names": frozenset(cells)})
    return scope


def inner_functions(function: Function) -> list[str]:
    """The names of the functions that a function defines within itself."""
    found = [node.name for node in ast.walk(tree(function) or ast.Module([], [])) if isinstance(node, ast.FunctionDef)]
    return found[1:]
