"""A function and its derivative as two functions: a loss, mse(y_true, y_pred) and mse_prime(y_true, y_pred), or an
activation, gelu(x) and gelu_prime(x)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .binding import Binder
from .code import Code
from .errors import CodeError, NothingToCheckError
from .families import roles_of
from .functions import Family, FunctionCode, agreement, is_by_the_scores, name_of, right_slopes
from .one_output import of_one_output
from .roles import Role, plain, role, slots_of
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


def activation_pairs(functions: Mapping[str, Function]) -> list[Pair]:
    """The functions of one array beside which stands one that is called its derivative."""
    alone = [name for name, f in functions.items() if len([p for p in signature(f) if p.default is p.empty]) == 1]
    bare = {plain(name): name for name in alone}
    found = ((bare.get(re.sub(SLOPE, "", plain(name))), name) for name in alone)
    return [Pair(base, base, name) for base, name in found if base is not None and base != name]


class ActivationCode(Code):
    """An activation of every element and its derivative, at x or at the activation of x, whichever it takes;
    J = sum(c * f(x)) with a random c."""

    form = "layer"

    def __init__(self, forward: Function, slope: Function, x: Any, at_output: bool = False) -> None:
        self._forward, self._slope, self._at_output = forward, slope, at_output
        self.calls = {f"{name_of(forward)}()": forward, f"{name_of(slope)}()": slope}
        self.params, self.examples = {"x": x}, len(x)
        self.out = self.output(self.params)
        if np.shape(self.out) != x.shape:
            raise CodeError(f"{name_of(forward)}() gives no number for every element")
        self.cotangent = np.random.default_rng(3).normal(size=x.shape)
        self.facts = {"kind": "activation", "slots": slots_of(self.params)}

    def output(self, params: Mapping[str, Any]) -> Any:
        """See Code."""
        return np.asarray(self._forward(params["x"].copy()))

    def cost(self, params: Mapping[str, Any]) -> Any:
        """See Code."""
        return np.sum(self.cotangent * self.output(params))

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """See Code."""
        x = self.output(params) if self._at_output else params["x"].copy()
        return {"x": self.cotangent * np.asarray(self._slope(x))}

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """See Code."""
        x = 2 * rng.normal(size=self.params["x"].shape)
        yield "at another point", ActivationCode(self._forward, self._slope, x, self._at_output)


def find_activation(namespace: Any, pair: Pair, n: int, rng: Any) -> ActivationCode:
    """The code of an activation and its derivative."""
    forward, slope = getattr(namespace, pair.forward), getattr(namespace, pair.backward)
    x = rng.normal(size=(n, 5))
    codes = [ActivationCode(forward, slope, x, at_output) for at_output in (False, True)]
    return max(codes, key=lambda code: len(right_slopes(code)))


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
    return of_one_output(code, rng)
