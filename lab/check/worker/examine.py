"""What can be wrong before any derivative, and the facts a check needs."""

import warnings
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from .code import Code
from .effort import spent
from .errors import CodeError
from .explain import line_of, place, random_line
from .live import ReadOnly

STEP, STEPS = 1e-4, 4  # of an element, and of how many of them


def examine(code: Code) -> dict[str, Any]:
    """The facts the check needs, after the code has shown that it behaves."""
    strict = {"invalid": "raise", "divide": "raise", "over": "raise"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = code.cost(code.params)
        if not np.isfinite(first):
            blame = line_of(lambda: code.cost(code.params), np.errstate(**strict))  # type: ignore[arg-type]
            raise CodeError(f"{_first_call(code)} gives {first}{blame}")
        unchanged(code, lambda: code.cost(code.params), _first_call(code))
        begun = spent()
        second = code.cost(code.params)
        seconds = spent() - begun
        if first != second:
            raise CodeError(
                f"{_first_call(code)} gives another value every time: {first} and {second}{random_line(code)}"
            )
        gradients = code.gradients(code.params)
        unchanged(code, lambda: code.gradients(code.params), list(code.calls)[1])
        endless = {name: "" for name, gradient in gradients.items() if not _is_finite(gradient)}
        if endless:
            blame = line_of(lambda: code.gradients(code.params), np.errstate(**strict))  # type: ignore[arg-type]
            endless = dict.fromkeys(endless, blame)
            if not _costs_are_finite(code, gradients):
                raise CodeError(f"the gradient of {next(iter(endless))} is not finite, nor is J near there{blame}")
        if code.live is not None and code.live.replace:
            code.live.replace = sees_replaced(code)
        promoted = code.cost({k: v.astype(np.float64) for k, v in code.params.items()}) if can_replace(code) else first
        single = not can_replace(code) and any(v.dtype == np.float32 for v in code.params.values())
    return {
        "form": code.form,
        "examples": code.examples,
        "cost_dtype": "<f4" if single else np.asarray(promoted).dtype.str,
        "scale": float(np.sum(np.abs(code.cotangent * code.out))) if code.cotangent is not None else float(abs(first)),
        "replace": can_replace(code),
        "notes": list(code.notes),
        "conditions": list(code.conditions),
        "faults": list(code.faults),
        "places": {call: place(function) for call, function in code.calls.items()},
        "seconds": seconds,
        "facts": {**code.facts, "not_finite": endless},
    }


def _is_finite(gradient: Any) -> bool:
    return gradient.dtype.kind != "f" or bool(np.all(np.isfinite(gradient)))


def _costs_are_finite(code: Code, gradients: Mapping[str, Any]) -> bool:
    """Is J finite a step from here where its gradient is not, and at parameters half as large, too, so that it is no
    matter of numbers that are too large?"""
    if any(gradient.dtype != np.float64 for gradient in gradients.values()):  # it may be too large for its digits
        return False
    smaller = {k: (v * 0.5).astype(v.dtype) for k, v in code.params.items()}
    if not np.isfinite(code.cost(smaller)) or all(map(_is_finite, code.gradients(smaller).values())):
        return False
    for name in (name for name, gradient in gradients.items() if not _is_finite(gradient)):
        value = code.params[name]
        if gradients[name].shape != value.shape:
            return False
        bad = np.argwhere(~np.isfinite(gradients[name]))[:STEPS]
        for index, step in product(map(tuple, bad), (STEP, -STEP)):
            moved = value.copy()
            moved[index] += step
            if not np.isfinite(code.cost({**code.params, name: moved})):
                return False
    return True


def can_replace(code: Code) -> bool:
    """Can other arrays be given to the code, complex ones for instance?"""
    return code.live is None or bool(code.live.replace)


def sees_replaced(code: Code) -> bool:
    """Does the cost react to other arrays in the dict, at least once where it reacts to the same change in place?"""

    def reactions() -> list[bool]:
        start = code.cost(code.params)
        return [
            bool(code.cost({**code.params, k: (v * 1.01 + 0.01).astype(v.dtype)}) != start)
            for k, v in code.live.start.items()
        ]

    replaced = reactions()
    code.live.replace = False
    in_place = reactions()
    return all(a or not b for a, b in zip(replaced, in_place, strict=True))


def _first_call(code: Code) -> str:
    return next(iter(code.calls))


def unchanged(code: Code, again: Callable[[], object], call: str) -> None:
    """A CodeError that names the line, if the code has just changed its own parameters."""
    if code.live is not None and code.live.changed:
        name = code.live.changed[0]
        raise CodeError(f"{call} changes params[{name!r}]{line_of(again, ReadOnly(code.live))}")
