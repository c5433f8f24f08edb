"""An object with params, loss() and grads(): the form the template shows."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .code import Code
from .errors import CodeError
from .live import Live
from .values import copied, number, tensors


class ObjectCode(Code):
    """An object with params, loss() and grads()."""

    form = "object"

    def __init__(self, name: str, thing: Any) -> None:
        self.name, self.thing = name, thing
        self.calls = {"loss()": thing.loss, "grads()": thing.grads}
        self.live = Live(thing)
        self.params = self.live.start
        if not self.params:
            raise CodeError("params is empty: there is nothing to check")

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J."""
        with self.live.holding(params):
            return number(self.thing.loss(), "loss()")

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        with self.live.holding(params):
            self.thing.loss()
            return copied(tensors(self.thing.grads(), "grads()"))

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """The same object with every parameter moved."""
        other = copy.copy(self)
        other.params = moved(self.params, rng)
        yield "with every parameter moved", other


def moved(params: Mapping[str, Any], rng: Any) -> dict[str, Any]:
    """Other values of every parameter, of a size that fits it; what is 0 or 1 everywhere is no longer."""
    result = {}
    for name, value in params.items():
        size = float(np.std(value)) or 0.2
        result[name] = np.asarray(value + 0.5 * size * rng.normal(size=value.shape), value.dtype)
    return result
