"""A loss and its derivative as two functions: mse(y_true, y_pred) and mse_prime(y_true, y_pred)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .binding import Binder
from .errors import NothingToCheckError
from .families import roles_of
from .functions import Family, FunctionCode, agreement, is_by_the_scores
from .roles import Role, plain, role
from .search import Try, search, with_probabilities
from .source import signature
from .steps import Pair
from .values import Function
from .world import LAYOUTS, plain_world

WORD = r"d|der(iv|ivative)?|grad(ient)?|prime|backward|back|bwd|delta|slope"
SAID = r"loss|cost|fn|func(tion)?"  # says no more of a name
SLOPE = rf"^({WORD})(of)?(?=.)|({WORD}|derivate|dx)$"


def loss_pairs(functions: Mapping[str, Function]) -> list[Pair]:
    """The losses of labels and outputs beside which a function of the same two stands that is called its derivative."""
    taking = [name for name, f in functions.items() if _is_loss(f)]
    slopes = {name: without for name in taking if (without := re.sub(SLOPE, "", plain(name))) != plain(name)}
    losses = {re.sub(SAID, "", plain(name)): name for name in taking if name not in slopes}
    pairs = ((losses.get(re.sub(SAID, "", without)), name) for name, without in slopes.items())
    return [Pair(loss, loss, name) for loss, name in pairs if loss is not None]


def _is_loss(function: Function) -> bool:
    """Is it given labels and one thing more?"""
    wanted = [p for p in signature(function) if p.default is p.empty]
    roles = [role(p.name) for p in wanted]
    return len(roles) == 2 and roles.count(Role.LABELS) == 1 and bool({*roles} & {Role.P, Role.OTHER, Role.X})


def find_loss_pair(namespace: Any, pair: Pair, n: int, rng: Any) -> FunctionCode:
    """The code of a loss and its derivative. Raises the error that came furthest."""
    loss, slope = getattr(namespace, pair.forward), getattr(namespace, pair.backward)
    seed = int(rng.integers(1 << 31))
    assert Role.LABELS in roles_of(loss)

    def tries(size: int, group: Any) -> Iterator[Try]:
        for layout in (LAYOUTS[1], LAYOUTS[0]) if size == 0 else ():  # (n,) beside (n, K) does not run, unlike (K, n)
            world = plain_world(layout, (4, 4), n, np.random.default_rng(seed), moves_x=True)
            family = Family(slope, None, loss)
            yield Try(family, with_probabilities(world, family), Binder({"Y": "one-hot", "y": "ints"}))

    code = search(lambda: [None], tries)
    if not agreement(code) and is_by_the_scores(code):
        raise NothingToCheckError("it is the derivative by the scores before the softmax or sigmoid, not by its output")
    return code
