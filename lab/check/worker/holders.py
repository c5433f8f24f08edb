"""Which arguments of a function hold the tensors of a letter: W1 and W2, or a list Ws."""

import re
from collections.abc import Sequence
from functools import cache

from .roles import Role
from .source import role_in, signature, text
from .values import Function

LETTERS = {Role.W: "W", Role.B: "b", Role.GAMMA: "gamma", Role.BETA: "beta"}


def holders(functions: Sequence[Function]) -> dict[str, list[str]]:
    """letter -> the arguments that hold its tensors, from the first function that has most of them. A dict that is
    called weights holds those of all letters."""
    found: dict[str, list[str]] = {}
    dicts = {name for function in functions for name in keyed(function)}
    for function in functions:
        for letter, names in own_holders(function).items():
            if not dicts.intersection(names) and len(names) > len(found.get(letter, ())):
                found[letter] = names
    return found


@cache
def keyed(function: Function) -> list[str]:
    """The arguments it reads by the name of a key: weights of weights['w1']."""
    return [p.name for p in signature(function) if re.search(rf"(?<![.\w]){p.name}\[f?['\"]", text(function))]


@cache
def own_holders(function: Function) -> dict[str, list[str]]:
    """letter -> arguments of this function, in the order of their numbers."""
    found: dict[str, list[str]] = {}
    for p in signature(function):
        if (letter := LETTERS.get(role_in(function, p.name))) is not None:
            found.setdefault(letter, []).append(p.name)
    return {letter: sorted(names, key=_number) for letter, names in found.items()}


def _number(name: str) -> int:
    digits = "".join(c for c in name if c.isdigit())
    return int(digits) if digits else 0
