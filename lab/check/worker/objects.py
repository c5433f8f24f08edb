"""An object with params, loss() and grads(): the form the template shows. grads() may also give what a function of the
student's returns, in whatever form: the gradients in it are told by name, shape and order."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from .code import Code
from .errors import CodeError
from .live import Live
from .matching import ALIKE, Leaf, alike, by_likeness, leaves
from .state import places
from .values import copied, number, tensors

FIRST = "[0][0]"  # the path to the first of several things that grads() returns


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
        self._before = {id(v): v.copy() for p in places(thing) if isinstance(v := p.get(), np.ndarray)}
        self._before |= {id(v): v.copy() for v in self.live.own.values()}
        self.places: dict[str, int] | None = None  # of gradients in what grads() returns; None: they have keys
        with suppress(Exception):  # it comes up again where it is told
            self._settle()

    def _settle(self) -> None:
        """Where the gradients are in what grads() returns, if it is no dict with the names of parameters."""
        made = self._made(self.params)
        if isinstance(made, dict) and made.keys() & self.params.keys():
            return
        found = self._leaves(made)
        places = by_likeness(self.params, found)
        called = {k for k, i in places.items() if alike(k, found[i].path) > ALIKE}
        if called:  # of what is left in an object, names count; what comes first is what a function returned
            places = {k: i for k, i in places.items() if k in called or found[i].path.startswith(FIRST)}
        if places:
            self.places = places
            if left := [name for name in self.params if name not in places]:
                self.notes = (f"no gradient is given of {', '.join(left)}: not checked",)
            self.params = {name: self.params[name] for name in self.params if name in places}

    def _made(self, params: Mapping[str, Any]) -> Any:
        """What grads() returns."""
        with self.live.holding(params):
            self.thing.loss()
            return self.thing.grads()

    def _leaves(self, made: Any) -> list[Leaf]:
        """The arrays in it, None in the place of those that were there before: parameters and data."""
        found = [Leaf(place.path, place.get()) for place in places([made])]
        return [leaf if self._is_new(leaf.value) else replace(leaf, value=None) for leaf in found]

    def _is_new(self, value: Any) -> bool:
        """Was it made, or written to, since the object is there?"""
        before = self._before.get(id(value))
        return isinstance(value, np.ndarray) and (before is None or not np.array_equal(before, value))

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J: of several things that are returned the first number."""
        with self.live.holding(params):
            made = self.thing.loss()
        numbers = [leaf.value for leaf in leaves(made) if np.size(leaf.value) == 1 and leaf.value is not None]
        return number(numbers[0] if numbers and isinstance(made, tuple | list | dict) else made, "loss()")

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        made = self._made(params)
        if self.places is None:
            return copied(tensors(made, "grads()"))
        found = list(places([made]))
        return {k: np.array(found[i].get()).reshape(self.params[k].shape) for k, i in self.places.items()}

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
