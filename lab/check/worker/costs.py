"""Which number of a file's is J, and what J is where the file has no cost or one without a penalty."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import reference
from .errors import CodeError
from .matching import Leaf, Slot, leaves
from .roles import Role, role
from .source import signature
from .values import Function

if TYPE_CHECKING:
    from .functions import FunctionCode


TAKEN: Mapping[str, Callable[[Any, int], Any]] = {  # J, of a cost with a number for every example or element
    "sum": lambda values, n: np.sum(values),
    "mean over examples": lambda values, n: np.sum(values) / n,
    "mean": lambda values, n: np.mean(values),
}


def settle_cost(code: "FunctionCode", found: list[Leaf], values: Mapping[str, Any]) -> None:
    """Say which number is J. found: what the gradient function gave."""
    if code.layer:
        return
    if code.family.cost is not None:
        made = [leaf.value for leaf in leaves(held_cost(code, values))]
        if not any(np.size(value) == 1 for value in made if value is not None) and _is_of_examples(code, made):
            code.cost_place, code.taken = 0, code.taken or "sum"
            return
        code.cost_place = _depending(code, lambda: [leaf.value for leaf in leaves(held_cost(code, values))], values)
        if code.found.fits and _takes_lambda(code.family.gradient) and not _takes_lambda(code.family.cost):
            code.added = 0.0 if _knows_lambda(code) else _penalty_of_gradients(code) * code.world.lambda_
        return
    given = [leaf for leaf in found if not leaf.held]
    used = code.found.returned.places.values()
    numbers = [i for i, f in enumerate(given) if i not in used and np.size(f.value) == 1 and f.value is not None]
    if numbers and _reacts(code, numbers, values):
        at = _depending(code, lambda: [code.leaves(values)[i].value for i in numbers], values)
        code.own_place = numbers[at]
        return
    code.penalty = _penalty_of_gradients(code) * code.world.lambda_ if values or code.state is None else 0.0
    code.loss = _reference_loss(code, values)


def _reacts(code: "FunctionCode", numbers: Sequence[int], values: Mapping[str, Any]) -> bool:
    """Does one of these numbers change with the parameters? What stands in a history from an earlier call does not."""
    moved = {name: 0.9 * np.asarray(value) + 0.05 for name, value in values.items()}
    before, after = ([code.leaves(given)[i].value for i in numbers] for given in (values, moved))
    return not values or any(np.any(a != b) for a, b in zip(before, after, strict=True))


def _is_of_examples(code: "FunctionCode", made: Sequence[Any]) -> bool:
    """Is what a cost gives an array, with a number for every element or example?"""
    n = len(code.world.y)
    return bool(made) and isinstance(made[0], np.ndarray) and made[0].dtype.kind in "fc" and n in made[0].shape


def _reference_loss(code: "FunctionCode", values: Mapping[str, Any]) -> reference.Loss:
    """The loss that stands in for the one the file lacks: of those that the outputs allow the one whose slopes most of
    the gradients are."""
    P = code.probabilities(values)
    allowed = [loss for loss in reference.LOSSES if np.isfinite(reference.data_loss(loss, code.world, P))]
    if not reference.sums_to_one(code.world, P):
        allowed = [loss for loss in allowed if loss not in (reference.CROSS_ENTROPY, reference.SUMMED)]
    elif 0 not in code.found.fits.values():  # a sum over examples stands only in code that takes them one by one
        allowed.remove(reference.SUMMED)
    if not allowed:
        raise CodeError("forward gives no probabilities, and there is no cost")
    if not code.found.fits:
        return allowed[0]
    slopes = list(_slopes(code, allowed, values))
    right = [sum(abs(s[i] - g) <= 1e-4 * (abs(s[i]) + abs(g)) + 1e-8 for s, g in slopes) for i in range(len(allowed))]
    return allowed[right.index(max(right))]


def _slopes(
    code: "FunctionCode", losses: Sequence[reference.Loss], values: Mapping[str, Any]
) -> Iterator[tuple[list[float], float]]:
    """For every gradient: the slopes of the losses along a random direction, and what the gradient says of it."""
    rng, h = np.random.default_rng(5), 1e-5
    for name, gradient in code.gradients(values).items():
        value = values[name]
        if gradient.shape != value.shape:
            continue
        v = rng.normal(size=value.shape)
        ends = [{**values, name: value + step * v} for step in (h, -h)]
        outputs = [code.probabilities(end) for end in ends]
        penalty = code.penalty * (squares(code.slots, ends[0]) - squares(code.slots, ends[1])) / (2 * h)
        found = []
        for loss in losses:
            up, down = (float(np.real(reference.data_loss(loss, code.world, P))) for P in outputs)
            found.append((up - down) / (2 * h) + penalty)
        yield found, float(np.sum(gradient * v))


def held_cost(code: "FunctionCode", values: Mapping[str, Any]) -> Any:
    """What the cost returns with these values: a tuple, list, dict or object, or a list of the one number."""
    with code.holding(values):
        made = code.call_cost(values)
    return made if leaves(made) else [made]


def squares(slots: Sequence[Slot], values: Mapping[str, Any]) -> Any:
    """The sum of the squares of all weights."""
    return sum((values[slot.name] ** 2).sum() for slot in slots if slot.letter == "W")


def _takes_lambda(function: Function) -> bool:
    return any(role(p.name) is Role.LAMBDA for p in signature(function))


def _depending(code: "FunctionCode", numbers: Callable[[], list[Any]], values: Mapping[str, Any]) -> int:
    """Of several numbers that are returned: the place of J, the one that lambda changes, or else the largest."""
    once = numbers()
    single = [i for i, a in enumerate(once) if np.size(a) == 1 and a is not None]
    if not single:
        name = getattr(code.family.cost or code.family.gradient, "__name__", "it")
        raise CodeError(f"{name}() returns no number")
    if len(single) == 1:
        return single[0]
    with other_lambda(code):
        more = numbers()
    changed = [i for i in single if not np.all(once[i] == more[i])]
    return changed[0] if changed else max(single, key=lambda i: float(np.real(np.ravel(once[i])[0])))


@contextmanager
def other_lambda(code: "FunctionCode") -> Iterator[None]:
    """A with-block in which a code stands in a world with another lambda."""
    own = code.world
    code.world = replace(own, lambda_=3 * own.lambda_)
    try:
        yield
    finally:
        code.world = own


def _knows_lambda(code: "FunctionCode") -> bool:
    """Does the cost change with lambda, although it does not take it?"""
    before = code.cost(code.params)
    with other_lambda(code):
        return bool(code.cost(code.params) != before)


def _penalty_of_gradients(code: "FunctionCode") -> float:
    """The c of c lambda sum W^2: 1/2 if the gradients hold lambda W, as CS231n has it, otherwise 1."""
    once = code.gradients(code.params)
    with other_lambda(code):
        again = code.gradients(code.params)
    for slot in code.slots:
        if slot.letter == "W" and slot.name in once and once[slot.name].shape == slot.shape:
            W, more = code.params[slot.name], again[slot.name] - once[slot.name]
            c = float(np.sum(more * W) / (2 * code.world.lambda_ * np.sum(W * W)))
            if abs(c - 1) < 1e-6:
                return 0.5
            if not np.any(more) and not _takes_lambda(code.family.gradient):
                return 0.0
    return 1.0
