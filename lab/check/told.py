"""Causes that a check sees itself, without a reference: a gradient that is right but for a factor, one that is never
reset, one that is wrong only with dropout."""

import re
from collections.abc import Iterable, Iterator

import numpy as np

from core.gradcheck.check import NEVER_RESET, GradientReport, TensorReport
from core.types import Array
from lab.check.code_target import StudentTarget
from lab.check.mended import is_told
from lab.check.mistakes.evidence import Cause, listed
from lab.check.process import StudentProblemError

LONG = 200  # elements of a tensor whose slopes are asked for one by one


def causes_told(report: GradientReport, code: StudentTarget, causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """The causes a diagnosis named and those that are seen without one."""
    off = [t for t in report.tensors if not t.passed]
    summed = tuple(t.name for t in off if t.diagnosis == NEVER_RESET)
    if summed:
        text = f"{listed(summed)}: {NEVER_RESET}. Set it to 0 first, or assign it (=, not +=)."
        return (Cause("gradients-not-reset", summed, text),)
    if is_told(causes):
        return causes
    return _factors(off, code) or _rearranged(off, code) or causes


def with_dropout(words: str, wrong: Iterable[str]) -> tuple[Cause, ...]:
    """What is right without dropout and wrong with it has its mistake there. words: what was switched on."""
    names = tuple(wrong)
    if not re.search("drop|keep", words):
        return ()
    text = (
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} right without dropout and wrong with it: on the way "
        "back multiply G by the mask of forward, its scale included."
    )
    return (Cause("dropout-mask", names, text),)


def _factors(off: list[TensorReport], code: StudentTarget) -> tuple[Cause, ...]:
    """Gradients that are a number times the right ones."""
    n = code.batch
    try:
        gradients = code.gradients(code.params)
        found = {t.name: _factor(code, t.name, gradients[t.name]) for t in off if t.checked and t.name in gradients}
    except StudentProblemError:
        return ()
    every = (
        ("sign", -1.0, "has the wrong sign"),
        ("not-divided-by-n", float(n), f"is {n} times too large: divide by the number of examples, n = {n}"),
        ("divided-twice", 1.0 / n, f"is {n} times too small: divide by n = {n} only once"),
        ("factor-two", 2.0, "is twice what it should be: a factor 2"),
        ("factor-two", 0.5, "is half of what it should be: a factor 2"),
    )
    return tuple(
        Cause(key, names, f"The gradient of {listed(names)} {words}.")
        for key, factor, words in (*every, *_of_axes(off, n))
        if factor != 1
        and (names := tuple(k for k, f in found.items() if f is not None and np.isclose(f, factor, 1e-4)))
    )


def _rearranged(off: list[TensorReport], code: StudentTarget) -> tuple[Cause, ...]:
    """Gradients whose numbers are right and stand in other places."""
    try:
        gradients = code.gradients(code.params)
        names = tuple(t.name for t in off if t.checked and _same_numbers(code, t.name, gradients[t.name]))
    except (StudentProblemError, KeyError):
        return ()
    if not names:
        return ()
    numbers = f"The gradient of {listed(names)} holds the right numbers in other places"
    text = f"{numbers}: look for a transpose, a reshape or an index."
    return (Cause("rearranged", names, text),)


def _same_numbers(code: StudentTarget, name: str, gradient: Array) -> bool:
    value = code.params[name]
    if not 4 <= value.size <= LONG or gradient.shape != value.shape:
        return False
    true = np.sort([code.slope(name, unit) for unit in np.eye(value.size)])
    size = float(np.abs(true).max())
    several = bool(np.count_nonzero(np.diff(true) > 1e-3 * size) > value.size // 4)  # and not mostly zeros
    return several and bool(np.abs(np.sort(gradient.reshape(-1)) - true).max() <= 1e-5 * size)


def _of_axes(off: list[TensorReport], n: int) -> Iterator[tuple[str, float, str]]:
    """Factors that are the length of an axis of a single tensor, of the scores as a loss is given them."""
    for length in {axis for t in off for axis in t.shape if len(off) == 1} - {1, 2, n}:
        words = f"is {length} times too {{}}: {length} is the length of an axis and not the number of examples"
        yield "divided-by-other-number", float(length), words.format("large")
        yield "divided-by-other-number", 1.0 / length, words.format("small")


def _factor(code: StudentTarget, name: str, gradient: Array) -> float | None:
    """f, if the gradient is f times the right one, seen along a few directions."""
    value, rng = code.params[name], np.random.default_rng(4)
    if gradient.shape != value.shape:
        return None
    slopes, given = [], []
    for _ in range(4):
        v = rng.normal(size=value.size)
        slopes.append(code.slope(name, v))
        given.append(float(gradient.reshape(-1) @ v))
    a, g = np.array(slopes), np.array(given)
    f = float(a @ g) / max(float(a @ a), 1e-300)
    return f if np.abs(g - f * a).max() <= 1e-5 * np.abs(g).max() else None
