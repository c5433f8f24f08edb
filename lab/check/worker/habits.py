"""Habits of a file that make a right gradient look wrong: a small number in a logarithm, a division by the batch."""

import ast
import re
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from .families import functions_of, is_gradient_name, roles_of
from .roles import Role
from .source import text
from .territory import own
from .values import Function

SMALL = 1e-4  # the largest number that stands in a logarithm only to keep it from 0
MOST_EPS = 1e-2  # of batch normalisation
DIVISION = r"/\s*(float\()?(len\(|[nNmM]\b|\w+\.shape|batch|self\.(n|m|batch)\w*\b|num_\w+)"


def habits(namespace: Any) -> dict[str, Any]:
    """All of them, by name."""
    return {
        "log_eps": log_eps(namespace),
        "loss_divides": loss_divides(namespace),
        "layers_divide": layers_divide(namespace),
        "eps": small_numbers(namespace),
    }


def log_eps(namespace: Any) -> float:
    """The largest small number the file adds in a logarithm, or clips at before one; 0 if there is none."""
    return max(_log_eps(source) for source in sources(namespace))


def sources(namespace: Any) -> Iterator[str]:
    """The text of the file, and of the student's other modules: those it imports, and those from which it has a class
    or a function."""
    found = [namespace]
    for module in found:
        yield text(module)
        for value in list(vars(module).values()):
            other = _module_of(value)
            if other is not None and other not in found and own(str(getattr(other, "__file__", None) or "<frozen")):
                found.append(other)


def _module_of(value: Any) -> ModuleType | None:
    """The module it is, or in which a class or a function is written."""
    if isinstance(value, ModuleType):
        return value
    return sys.modules.get(value.__module__) if isinstance(value, type | FunctionType) else None


def needs_padding(namespace: Any) -> bool:
    """Does the file cut off edges with [pad:-pad], which leaves nothing where pad is 0, and never write a pad of 0?"""
    source = text(namespace)
    cuts = re.search(r"\[.*?(\w*p\w*) *: *- *\1\b", source)
    return bool(cuts) and not re.search(r"\b(p|pad|padding)\w*['\"]?\]? *[=:] *0\b(?!\.)", source)


def _log_eps(source: str) -> float:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return 0.0
    named = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = [0.0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in ("log", "log2", "clip", "maximum", "fmax"):
            inside = [n for n in ast.walk(node) if isinstance(n, ast.Constant | ast.Name)]
            values = [n.value if isinstance(n, ast.Constant) else named.get(n.id) for n in inside]
            found += [float(v) for v in values if isinstance(v, float) and 0 < v <= SMALL]
            if any(isinstance(n, ast.Attribute) and n.attr == "finfo" for n in ast.walk(node)):
                found.append(2.3e-16)
    return max(found) if "log" in source else 0.0


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def small_numbers(namespace: Any) -> list[float]:
    """The small numbers in the file, as eps of batch normalisation: 1e-9."""
    found: dict[float, None] = {}
    for source in sources(namespace):
        for written in re.findall(r"\b\d(?:\.\d+)?e-\d+|\b0\.0+\d+\b", source):
            found[float(written)] = None
    return [number for number in found if number <= MOST_EPS]


def loss_divides(namespace: Any) -> bool:
    """Does a gradient of a loss in this file divide by the number of examples?"""
    return any(Role.LABELS in roles_of(f) and _divides(f) for f in _gradients(namespace))


def layers_divide(namespace: Any) -> bool:
    """Does a layer in this file divide its gradients by the number of examples? A normalisation divides to take a mean,
    which says nothing."""
    layers = (f for f in _gradients(namespace) if Role.LABELS not in roles_of(f) and not _normalises(f))
    return any(map(_divides, layers))


def _normalises(function: Function) -> bool:
    return bool(re.search(r"norm|gamma|\bd?(var|std|sigma)\d*\b", text(function).lower()))


def _divides(function: Function) -> bool:
    return bool(re.search(DIVISION, text(function)))


def _gradients(namespace: Any) -> Iterator[Function]:
    """The functions and methods of the file that give gradients."""
    every = list(functions_of(namespace).items())
    for kind in vars(namespace).values():
        if isinstance(kind, type):
            every += [(name, f) for name, f in vars(kind).items() if callable(f)]
    return (f for name, f in every if is_gradient_name(name))
