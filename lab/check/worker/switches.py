"""What a code has switched off, or on, by default: batch normalisation, dropout, an activation by its name."""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .roles import Role, plain, role
from .source import compared, role_in, signature
from .values import Function

MASK = r"((drop(out)?|keep)?masks?|(drop(out)?|keep|m)mat)\d*"  # of dropout, drawn outside of the functions
# In the name of a flag that changes the network
FLAG = r"norm|bn|drop|bias|skip|resid|center|affine|sigmoid|relu|tanh|leaky|improved"
DROPPED, KEPT = 0.4, 0.6
STRENGTH = r"^(c|l1|l2|tau|rho|mu)$|alpha|weight|reg|penalt|margin|smooth|lam|strength|temp"  # no count, if it is whole
OTHERWISE = (Role.ETA, Role.STEP, Role.KEEP, Role.DROP, Role.SEED, Role.ON, Role.OFF)  # is moved, or must not be


def is_norm(name: str) -> bool:
    """Does an argument of this name switch batch normalisation on?"""
    return role(name) is Role.ON and "b" in plain(name)


def drops(what: Role, value: Any) -> float | None:
    """A rate of dropout for an argument with this role that is off at this value; None if it is on, or no such
    argument."""
    off = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if what is Role.DROP and off and not value:
        return DROPPED
    if what is Role.DROP and off and value == 1:  # what is kept, in CS231n
        return KEPT
    if what is Role.KEEP and off and value in (None, 0, 1):
        return KEPT
    return None


def is_neutral(name: str, value: Any) -> bool:
    """Is a number 0 or 1, and may it be a strength or a factor?"""
    if isinstance(value, bool) or not isinstance(value, float | int) or value not in (0, 1):
        return False
    if isinstance(value, int) and not re.search(STRENGTH, plain(name)):
        return False
    return plain(name) == "alpha" or (role(name) not in OTHERWISE and plain(name) != "p")


def is_mask(name: str) -> bool:
    """Does an argument of this name hold what dropout keeps?"""
    return re.fullmatch(MASK, plain(name)) is not None


def switches(made: Function, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Other values for the arguments of a constructor that are left at their defaults, or would be: one at a time."""
    for p in signature(made):
        value = given.get(p.name, p.default)
        if isinstance(value, bool):
            if re.search(FLAG, plain(p.name)):
                yield {p.name: not value}
        elif p.default is p.empty:
            continue
        elif isinstance(value, type):
            yield from ({p.name: kind} for kind in _alike(value))
        elif (rate := drops(role_in(made, p.name), value)) is not None:
            yield {p.name: rate}
        elif value is None or isinstance(value, str):
            yield from ({p.name: word} for word in compared(made, p.name) if word != value)


def _alike(kind: type) -> list[type]:
    """The other classes of its module that have the same methods: QuadraticCost beside CrossEntropyCost. None of a type
    of numbers: float16 beside float32 says nothing of a gradient."""
    if issubclass(kind, np.generic):
        return []
    inside = vars(sys.modules[kind.__module__]) if kind.__module__ in sys.modules else {}
    kinds = [v for v in inside.values() if isinstance(v, type) and v.__module__ == kind.__module__]
    return [other for other in kinds if other is not kind and _methods(other) == _methods(kind) != set()]


def _methods(kind: type) -> set[str]:
    return {name for name, value in vars(kind).items() if callable(value) or isinstance(value, staticmethod)} - {
        "__init__"
    }


def said(changes: Mapping[str, Any]) -> str:
    """use_bn=True."""
    return ", ".join(f"{name}={getattr(value, '__name__', repr(value))}" for name, value in changes.items())
