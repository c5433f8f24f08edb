"""Networks whose way back is handed the derivative by the outputs: forward(model, x), backward(model, error, kept). The
loss is not theirs: J is the sum of the outputs times random numbers, which backward is handed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np

from .binding import Binder
from .effort import Budget
from .families import FORWARD, functions_of, roles_of
from .functions import Family, FunctionCode, agreement
from .roles import Role, plain
from .search import Try, search, worlds
from .source import returned, text
from .values import Function

ENCODINGS = {"Y": "one-hot", "y": "ints"}


def forwards_of(namespace: Any, gradient: Function) -> list[Function]:
    """The forwards of a network's way back; none if it is no such: it takes all parameters and what comes from above,
    and no labels."""
    roles = roles_of(gradient)
    if not {Role.NETWORK, Role.GIVEN} <= roles or Role.LABELS in roles:
        return []
    found = [(name, f) for name, f in functions_of(namespace).items() if re.search(FORWARD, plain(name))]
    fitting = [(name, f) for name, f in found if {Role.X, Role.NETWORK} <= roles_of(f) and f is not gradient]
    stem = re.sub(r"back\w*|bprop|bwd", "", plain(gradient.__name__))
    told = [(name, f) for name, f in fitting if Role.LABELS not in roles_of(f)]
    return [f for _, f in sorted(told, key=lambda each: re.sub(FORWARD, "", plain(each[0])) != stem)]


def find_through(namespace: Any, gradient: Function, n: int, rng: Any) -> FunctionCode:
    """The code of such a network. Raises the error that came furthest."""
    seed, back = int(rng.integers(1 << 31)), with_what_it_leaves(gradient)
    code = _found(back, forwards_of(namespace, gradient), n, seed)
    if n == 1 or agreement(code):
        return code
    whole = _found(_times(n, back), forwards_of(namespace, gradient), n, seed)
    if agreement(whole) < len(whole.slots):
        return code
    whole.world = replace(whole.world, fixed=True)  # another batch would be divided by another number
    whole.conditions += (f"the way back divides by the batch ({n}) itself: right if it is handed a sum's derivative",)
    return whole


def _found(back: Function, forwards: list[Function], n: int, seed: int) -> FunctionCode:
    group = [Family(back, forward) for forward in forwards]

    def tries(size: int, group: list[Family]) -> Iterator[Try]:
        for family, world in worlds(group, n, size, seed):
            yield Try(family, world, Binder(ENCODINGS, layer=True), layer=True)

    return search(lambda: [group], tries, Budget())


def _times(n: int, back: Function) -> Function:
    """The same with all gradients in a dict or a tuple times n."""

    @wraps(back)
    def gradient(*given: Any, **named: Any) -> Any:
        found = back(*given, **named)
        if isinstance(found, dict):
            return {k: n * np.asarray(v) for k, v in found.items()}
        return tuple(n * np.asarray(v) for v in found) if isinstance(found, tuple) else n * np.asarray(found)

    return gradient


def with_what_it_leaves(function: Function) -> Function:
    """A function that also returns what it leaves in the dicts that it is given, if it returns nothing."""
    if returned(function) or not re.search(r"\w\[[^\]\n]*\] *=[^=]", text(function)):
        return function

    @wraps(function)
    def gradient(*given: Any, **named: Any) -> Any:
        dicts = [value for value in (*given, *named.values()) if isinstance(value, dict)]
        before = [dict(each) for each in dicts]
        function(*given, **named)
        pairs = zip(dicts, before, strict=True)
        return {k: v for each, old in pairs for k, v in each.items() if v is not old.get(k) and np.ndim(v) > 0}

    return gradient
