"""Names of Python 2 and NumPy 1 that a student's file may still use."""

import ast
import builtins
import functools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from .imports import unbound
from .territory import own
from .text import Place

HELPERS = ("past", "future", "six")  # packages that give these names to code for Python 2 and 3
PYTHON: dict[str, Any] = {
    **{"xrange": range, "unicode": str, "basestring": str, "long": int, "unichr": chr, "reduce": functools.reduce},
    **{"iteritems": dict.items, "itervalues": dict.values, "iterkeys": dict.keys},
}
NUMPY: dict[str, Any] = {
    **{"float": float, "int": int, "bool": bool, "object": object, "str": str, "complex": complex, "long": int},
    **{"float_": np.float64, "complex_": np.complex128, "unicode_": np.str_, "string_": np.bytes_},
    **{"Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf, "NINF": -np.inf},
    **{"NaN": np.nan, "NAN": np.nan, "PZERO": 0.0, "NZERO": -0.0},
    **{"product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "round_": np.round},
    **{"row_stack": np.vstack, "in1d": np.isin, "asfarray": lambda a: np.asarray(a, float)},
    **{"asscalar": lambda a: np.asarray(a).item(), "mat": np.asmatrix, "trapz": getattr(np, "trapezoid", None)},
}
GONE = {name for name in NUMPY if name not in vars(np)}


def offer_numpy_names() -> None:
    """Give the student's code, and nothing else, the names that NumPy no longer has."""
    before = np.__getattr__  # the module's own, of names that it does not have

    def find(name: str) -> Any:
        if name in GONE and own(sys._getframe(1).f_code.co_filename):
            return NUMPY[name]
        return before(name)

    np.__dict__["__getattr__"] = find


def offer_python_names(tree: ast.Module, place: Place) -> Iterator[str]:
    """Give the file the names of Python 2 that it uses; sentences that say so, and of NumPy's as well."""
    missing = unbound(tree)
    for name in sorted(missing & PYTHON.keys()):
        setattr(builtins, name, PYTHON[name])
        line = next(node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
        yield f"Python 2: {name}, {place(line)}, is read as {PYTHON[name].__name__}"
    gone = dict[str, int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in GONE and ast.unparse(node.value) in ("np", "numpy"):
            gone.setdefault(node.attr, node.lineno)
    if gone:
        told = ", ".join(f"np.{name} ({place(line)})" for name, line in gone.items())
        yield f"this NumPy has no longer what the file uses and a check still gives it: {told}"
