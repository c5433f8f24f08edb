"""Networks for images: the shapes of X that may fit their parameters."""

import ast
import math
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any

import numpy as np

from .roles import Role, role
from .source import signature, text, tree
from .values import Function
from .world import LAMBDA, LAYOUTS, Store, World, draw_labels

THREE_AXES = r"\w+, *\w+, *\w+ *= *(X|x|inputs?)\.shape|\b(X|x|inputs?)\[:, *[^\],]+, *:\]"
SIDE = 8  # of an image, if no number of the constructor is its side
LARGEST, USUAL = 64, (28, 32)  # such a side


def picture_worlds(
    arrays: Sequence[Any], numbers: Sequence[Any], functions: Sequence[Function], n: int, rng: Any
) -> Iterator[World]:
    """Worlds for a network that takes images: with filters (outputs, channels, k, k) or (k, k, channels, outputs); with
    patches as DD2424 has them, X (patches, numbers in a patch, n), of filters with two axes or four; or with filters
    (d, k, outputs) over the letters of names, each a column (d length,) of X. None if it takes none.

    arrays: its parameters; numbers: what it was made with, among them the side of an image, perhaps.
    """
    filters = [a.shape for a in arrays if a.ndim == 4]
    letters = [a.shape for a in arrays if a.ndim == 3]
    matrices = [a.shape for a in arrays if a.ndim == 2 and min(a.shape) > 1]
    if filters and matrices and any(axes(f) == 3 for f in functions):
        patch, count = math.prod(filters[0][:3]), filters[0][3]
        if matrices[0][1] % count == 0:
            yield _world((matrices[0][1] // count, patch, n), 2, matrices[-1][0], rng)
    elif filters and matrices:
        flattened = _flattened(filters, matrices[0])
        for side in dict.fromkeys([*flattened, *_sides(numbers, min(filters[0]))]):
            yield _world((n, filters[0][1], side, side), 0, matrices[-1][1], rng)
            yield _world((n, side, side, filters[0][2]), 0, matrices[-1][1], rng)
    elif letters and matrices:
        for side in _sides(numbers, letters[0][1]):
            yield _columns(letters[0][0] * side, matrices[-1][0], n, rng)
    elif len(matrices) > 1 and any(axes(f) == 3 for f in functions):
        (d, count), (_, flat) = matrices[:2]
        if flat % count == 0:
            yield _world((flat // count, d, n), 2, matrices[-1][0], rng)


def row_worlds(
    arrays: Sequence[Any], numbers: Sequence[Any], functions: Sequence[Function], n: int, rng: Any
) -> Iterator[World]:
    """Worlds in which every example of X is a row of letters, each a one-hot row, (n, letters, d), where the file reads
    three axes of X and the network was told both numbers."""
    matrices = [a.shape for a in arrays if a.ndim == 2 and min(a.shape) > 1]
    modules = {sys.modules.get(getattr(f, "__module__", "")) for f in functions}
    if not matrices or any(a.ndim > 2 for a in arrays) or not any(re.search(THREE_AXES, text(m)) for m in modules):
        return
    whole = [size for size in dict.fromkeys(s for s in numbers if type(s) is int) if 1 < size <= 32]
    for length, d in permutations(whole[:4], 2):
        yield _world((n, length, d), 0, matrices[-1][1], rng)


def _flattened(filters: Sequence[Any], matrix: Any) -> list[int]:
    """The sides of images of which a dense layer sees all maps, if some of the convolutions, padded, are pooled: its
    number of inputs may be written into the code. The usual sides first."""
    found = list[int]()
    for maps, inputs in product((filters[-1][0], filters[-1][-1]), matrix):
        side = math.isqrt(inputs // maps)
        if side > 1 and side * side * maps == inputs:
            found += [side << pools for pools in range(len(filters) + 1) if side << pools <= LARGEST]
    return sorted(found, key=lambda side: side not in USUAL)


def _sides(numbers: Sequence[Any], k: int) -> list[int]:
    flat = [part for number in numbers for part in (number if isinstance(number, list | tuple) else [number])]
    sides = [side for side in flat if type(side) is int and k <= side <= 32]
    return list(dict.fromkeys([*sides, SIDE]))


def _columns(d: int, classes: int, n: int, rng: Any) -> World:
    return World(
        LAYOUTS[0], Store(0), (d, classes), rng.normal(size=(n, d)), draw_labels(rng, n, classes), LAMBDA, (), {}
    )


def _world(shape: tuple[int, ...], axis: int, classes: int, rng: Any) -> World:
    n = shape[axis]
    layout = LAYOUTS[0] if axis == len(shape) - 1 else LAYOUTS[1]
    sizes = (int(np.prod(shape)) // n, classes)
    return World(layout, Store(0), sizes, rng.normal(size=shape), draw_labels(rng, n, classes), LAMBDA, (), {}, axis)


def axes(function: Function) -> int:
    """How many axes a function unpacks of its inputs: 3 for n_p, _, n = MX.shape; 0 if it does not."""
    inputs = {f"{p.name}.shape" for p in signature(function) if role(p.name) is Role.X}
    for node in ast.walk(tree(function) or ast.Module([], [])):
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in inputs:
            return len(getattr(node.targets[0], "elts", ()))
    return 0
