"""Which mistake in an operation of a class of values, as micrograd has it, gives its gradient?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.evidence import Cause, listed

RTOL = 1e-6


@dataclass(frozen=True)
class OperationSlope:
    """The gradient of a value in an expression: the student's, and the true one. others: what stands beside it."""

    name: str
    says: str  # the expression: "a * b"
    value: Array
    others: tuple[Array, ...]
    theirs: Array
    true: Array


FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "square": (np.square, lambda x: 2 * x),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
}


def causes_of(wrong: Mapping[str, OperationSlope], right: set[str]) -> tuple[Cause, ...]:
    """The mistakes that give these gradients. right: expressions whose gradients are right."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, slope in wrong.items():
        key, words = _cause(slope, right)
        found.setdefault((key, words), []).append(name)
    return tuple(Cause(key, tuple(names), f"{listed(names)}: {words}") for (key, words), names in found.items())


def _cause(slope: OperationSlope, right: set[str]) -> tuple[str, str]:
    return next(
        _causes(slope, right), ("operation", f"the gradient that {slope.says} adds is wrong: look at it alone.")
    )


def _causes(s: OperationSlope, right: set[str]) -> Iterator[tuple[str, str]]:
    if (simple := _simple(s.says)) and simple <= right:
        yield "overwritten", "a value that is used twice gets the gradient of one use only: add with +=, not with =."
    if not np.any(s.theirs):
        yield "gradient-missing", f"{s.says} adds nothing to it."
    if "*" in s.says and s.others and _same(s.theirs, s.value) and s.theirs.shape == s.others[0].shape:
        yield "product-own-value", "the gradient is its own value: that of a product is the value of the other factor."
    for name, (f, slope_of) in FUNCTIONS.items():
        if f".{name}()" in s.says:
            yield from _of_function(s, f, slope_of)
    if "**" in s.says:
        yield from _of_power(s, float(s.says.rpartition("**")[2]))
    if _same(s.theirs, -s.true):
        yield "sign", "the sign is wrong."
    if _same(s.theirs, np.sign(s.true)) or _same(s.theirs, np.ones_like(s.true)):
        yield "activation-slope-missing", f"the derivative of {s.says} is missing: multiply out.grad by it."
    ratio = s.theirs.flat[0] / s.true.flat[0] if np.all(s.true) else 0.0
    if ratio and _same(s.theirs, ratio * s.true):
        yield "factor", f"it is {ratio:.4g} times what it should be."


def _simple(says: str) -> set[str]:
    """The operations of an expression that uses a value twice; nothing of another."""
    found = {"a + a": {"a + b"}, "a * a": {"a * b"}, "a * b + a": {"a + b", "a * b"}}
    found["a @ b + a @ b"] = {"a @ b", "a + b"}
    return {says.removeprefix("a + "), "a + b"} if says.startswith("a + a.") else found.get(says, set())


def _of_function(
    s: OperationSlope, f: Callable[[Array], Array], slope_of: Callable[[Array], Array]
) -> Iterator[tuple[str, str]]:
    x, sign = (-s.value, -1.0) if s.says.startswith("(-") else (s.value, 1.0)
    with np.errstate(all="ignore"):
        if _same(s.theirs, sign * slope_of(f(x))):
            yield "activation-slope-place", "the derivative is taken at the output, not at the input."
        if _same(s.theirs, sign * f(x)):
            yield "activation-slope", "the gradient is the value of the function, not its derivative."
        if _same(s.theirs, sign * (1 - f(x))) or _same(s.theirs, sign * (1 - x**2)):
            yield "activation-slope", "the derivative lacks a square of the output, or a factor."


def _of_power(s: OperationSlope, n: float) -> Iterator[tuple[str, str]]:
    with np.errstate(all="ignore"):
        if _same(s.theirs, n * s.value**n):
            yield "power", f"the exponent stays {n:g}: that of the derivative is {n - 1:g}."
        if _same(s.theirs, s.value ** (n - 1)):
            yield "power", f"the factor {n:g} is missing."


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=RTOL, atol=1e-9))
