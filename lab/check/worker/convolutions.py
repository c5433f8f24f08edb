"""Networks with convolutions in training: how a batch lies in X, how kernels lie, what a constructor is given."""

import inspect
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, permutations, product
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .construct import Making
from .mapped_tensors import ArrangedTensor, Arrangement, MappedTensor, Pieces
from .matching import Slot
from .source import signature
from .world import World

Shape = tuple[int, ...]
Changes = Mapping[str, Any]  # of arguments
T = TypeVar("T")
IMAGES = ((3, 2, 0, 1), (0, 1, 2, 3), (3, 0, 1, 2), (2, 3, 0, 1))  # of our (k, k, c, f): theirs, the usual ones first
LETTERS = ((1, 0, 2), (0, 1, 2), (2, 1, 0), (2, 0, 1))  # of our (k, d, f)
SURE = 3.0  # the weight of a kernel: each of its axes is one number, and the inputs of a dense layer are a product
SECONDS = 5.0  # of processor time to find the arguments of a constructor


@dataclass(frozen=True)
class Lying:
    """How an example of shape `shape`, (h, w, c) or (length, letters), lies in X: its axes in the order `axes`, in one
    row if `flat`."""

    shape: Shape
    axes: tuple[int, ...]
    flat: bool = False

    def given(self, x: Any) -> Any:
        """A batch (n, d) as the code is given it, rows as examples."""
        x = x.reshape(len(x), *self.shape).transpose(0, *(1 + axis for axis in self.axes))
        return np.ascontiguousarray(x.reshape(len(x), -1) if self.flat else x)


def lyings(world: World, shape: Shape) -> list[Lying]:
    """How examples of a shape may lie, as they did in the world in which the code was checked; none if nothing fits."""
    axis, x = world.axis or 0, world.x
    if len(shape) == 3 and x.ndim == 4 and axis == 0:
        channels_first = x.shape[2] == x.shape[3] and x.shape[1] != x.shape[2]
        return [Lying(shape, (2, 0, 1) if channels_first else (0, 1, 2))]
    if len(shape) == 3 and x.ndim == 2:
        return [Lying(shape, axes, flat=True) for axes in ((2, 0, 1), (0, 1, 2), (2, 1, 0))]
    if len(shape) == 2 and x.ndim == 3 and axis == 0:
        return [Lying(shape, (0, 1))]
    if len(shape) == 2 and x.ndim == 2:
        return [Lying(shape, (0, 1), flat=True), Lying(shape, (1, 0), flat=True)]
    return []


def is_weight(shape: Shape) -> bool:
    """Has a tensor of this shape more than one axis?"""
    return sum(size > 1 for size in shape) > 1


@dataclass(frozen=True)
class Reading:
    """How the tensors lie: kernels with the axes of ours in the order `kernel`, perhaps flipped; what is flattened for
    the first dense layer with the axes of ours in the order `flattened`."""

    kernel: tuple[int, ...]
    flattened: tuple[int, ...] = ()
    flipped: bool = False

    def theirs(self, ours: Shape) -> Shape:
        """The shape of a kernel."""
        return tuple(ours[axis] for axis in self.kernel)


def readings(letters: bool) -> Iterator[Reading]:
    """All that there are, the usual ones first."""
    kernels = LETTERS if letters else IMAGES
    orders = [(0, 1), (1, 0)] if letters else [(2, 0, 1), *(p for p in permutations(range(3)) if p != (2, 0, 1))]
    for flipped, kernel, order in product((False,) if letters else (False, True), kernels, orders):
        yield Reading(kernel, order, flipped)


def misfit(have: Sequence[Shape], ours: Sequence[Shape]) -> float:
    """How far shapes are from those of our weights in the most fitting reading; 0 for the same, inf for others."""
    return min(_far(have, ours, reading) for reading in _of_kernels(ours))


def _of_kernels(ours: Sequence[Shape]) -> list[Reading]:
    return [Reading(kernel) for kernel in (LETTERS if len(ours[0]) == 3 else IMAGES)]


def by_axes(each: Iterable[T], axes: Callable[[T], int] = len) -> list[T]:  # type: ignore[assignment]
    """Kernels before matrices: a constructor may make them in any order."""
    return sorted(each, key=lambda one: axes(one) <= 2)


def fitted(making: Making, ours: Sequence[Shape], example: Shape, weights: Callable[[Any], list[Shape]]) -> Making:
    """The same with the arguments that come nearest to our weights. weights: from an object to the shapes of its
    weights."""
    kernels = [shape for shape in ours if len(shape) > 2]
    numbers = dict.fromkeys([*example, *chain.from_iterable(kernels), *(shape[-1] for shape in ours)])
    best, end = (math.inf, making.changes), time.process_time() + SECONDS
    for reading in _of_kernels(ours):
        found = _descent(making, partial(_off, making, weights, ours, reading), list(numbers), end)
        best = min(best, found, key=lambda each: each[0])
        if best[0] == 0:
            break
    return replace(making, changes=best[1])


def _off(
    making: Making, weights: Callable[[Any], list[Shape]], ours: Sequence[Shape], reading: Reading, changes: Changes
) -> float:
    """How far an object that is made with these arguments is from our weights."""
    try:
        return _far(weights(replace(making, changes=changes).new()), ours, reading)
    except Exception:
        return math.inf


def _descent(making: Making, off: Callable[[Changes], float], numbers: list[int], end: float) -> tuple[float, Changes]:
    """How far the nearest arguments are, and which they are: one after the other is tried with all numbers that it may
    be, as long as that helps and until `end`, a processor time."""
    best, changes, helped = off(making.changes), making.changes, True
    while helped and best > 0:
        helped = False
        for change in _changes(making, numbers):
            trial = change(changes)
            if best == 0 or time.process_time() > end or trial == changes:
                continue
            if (found := off(trial)) < best - 1e-9:
                best, changes, helped = found, trial, True
    return best, changes


def _far(have: Sequence[Shape], ours: Sequence[Shape], reading: Reading) -> float:
    """How far shapes are from those of our weights, read so; 0 for the same."""
    if len(have) != len(ours):
        return math.inf
    total = 0.0
    for own, shape in zip(have, ours, strict=True):
        wanted = [reading.theirs(shape)] if len(shape) > 2 else [shape, shape[::-1]]
        if len(own) != len(shape):
            return math.inf
        off = min(sum(abs(math.log(a / b)) for a, b in zip(own, want, strict=True)) for want in wanted)
        total += off if len(shape) == 2 else SURE * off
    return total


def _changes(making: Making, numbers: Sequence[int]) -> Iterator[Any]:
    """What another value of one argument, or of one number in it, makes of the arguments."""
    given = making.given()
    for p in signature(making.made):
        default = given.get(p.name, None if p.default is inspect.Parameter.empty else p.default)
        if type(default) is int:
            yield from (partial(_number, p.name, default, None, number) for number in numbers)
        elif isinstance(default, list | tuple) and all(type(part) is int for part in default):
            places = product(range(len(default)), numbers)
            yield from (partial(_number, p.name, default, place, number) for place, number in places)


def _number(name: str, default: Any, place: int | None, number: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    now = changes.get(name, default)
    if place is None:
        return {**changes, name: number}
    return {**changes, name: type(now)(number if i == place else part for i, part in enumerate(now))}


class Way(NamedTuple):
    """One way to read what a network is given and keeps. lying: None where an example is a row of X."""

    lying: Lying | None
    tensors: list[MappedTensor]


def ways(
    own: Mapping[tuple[str, int], Slot],
    world: World,
    example: Shape,
    at: Mapping[tuple[str, int], Pieces],
    shapes: Mapping[tuple[str, int], Shape],
) -> Iterator[Way]:
    """All ways that fit the shapes, the usual ones first. own, at, shapes: by letter and layer, the student's tensors,
    the mapped pieces, and our shapes."""
    seen = set[Any]()
    for lying, reading in product(lyings(world, example), readings(len(example) == 2)):
        found, previous = dict[tuple[str, int], Arrangement](), Shape()
        for place, ours in shapes.items():
            if (arrangement := _arrangement(own[place].shape, ours, reading, previous)) is None:
                break
            found[place] = arrangement
            previous = ours if len(ours) > 1 else previous
        key = (lying, *found.values())
        if len(found) == len(shapes) and key not in seen:
            seen.add(key)
            tensors = [ArrangedTensor(own[p], p[1], *at[p], False, arrangement) for p, arrangement in found.items()]
            yield Way(lying, list(tensors))


def _arrangement(theirs: Shape, ours: Shape, reading: Reading, previous: Shape) -> Arrangement | None:
    """Of one tensor. previous: the shape of our weights before it."""
    if len(ours) == 1:
        return Arrangement(ours, (0,)) if math.prod(theirs) == ours[0] else None
    if len(ours) > 2:
        axes = tuple(int(i) for i in np.argsort(reading.kernel))
        return Arrangement(theirs, axes, reading.flipped) if theirs == reading.theirs(ours) else None
    if theirs not in (ours, ours[::-1]):
        return None
    inputs = _flattened(ours[0], previous, reading.flattened)
    order = reading.flattened if len(inputs) > 1 else (0,)
    split, back = tuple(inputs[axis] for axis in order), tuple(int(i) for i in np.argsort(order))
    if theirs != ours:  # (outputs, inputs)
        return Arrangement((ours[1], *split), (*(1 + axis for axis in back), 0))
    return Arrangement((*split, ours[1]), (*back, len(split)))


def _flattened(inputs: int, previous: Shape, order: tuple[int, ...]) -> Shape:
    """The shape, as ours, of what is flattened for a dense layer: (h, w, c), (length, c), or (inputs,) behind another
    dense layer."""
    if len(previous) <= 2:
        return (inputs,)
    places = inputs // previous[-1]
    if len(order) == 2:
        return places, previous[-1]
    side = math.isqrt(places)
    return (side, side, previous[-1]) if side * side == places else (inputs,)
