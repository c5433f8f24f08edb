"""Functions that are given everything: compute_gradients(X, Y, P, W, b, lam) and the forward and cost of its file."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import reference
from .binding import Binder, Outputs, Recipe
from .code import Code
from .errors import CodeError
from .matching import Leaf, Match, gradients, leaves, match
from .source import returned
from .values import Function, number
from .world import World


@dataclass(frozen=True)
class Family:
    """Functions of a file that belong together."""

    gradient: Function
    forward: Function | None = None
    cost: Function | None = None


class FunctionCode(Code):
    """A family in one world; the parameters are given with every call."""

    form = "functions"

    def __init__(self, family: Family, world: World, binder: Binder, fill: Mapping[str, Recipe]) -> None:
        self.family, self.world, self._binder, self._fill = family, world, binder, fill
        self.params = dict(world.values)
        self.examples = len(world.x)
        self.penalty: float | None = None  # of the reference's cost, where the file has none
        self._cost_place = self._own_place = 0
        self.matched = Match({}, {})
        self._complete()

    def _complete(self) -> None:
        """Match the gradients; raises whatever the functions raise, CodeError if nothing fits."""
        found = self._leaves(self.world.values)
        self.matched = match(self.world.slots, found)
        if not self.matched.places:
            raise CodeError(f"{self._name(self.family.gradient)}() returns no gradient of a parameter")
        self.notes += self.matched.notes
        self._settle_cost(found)
        self.calls, self.facts = self._calls(), self._facts()

    @staticmethod
    def _name(function: Function | None) -> str:
        return getattr(function, "__name__", "it")

    def _calls(self) -> Mapping[str, Function | None]:
        """The cost first, then the gradients."""
        gradient = {f"{self._name(self.family.gradient)}()": self.family.gradient}
        if self.family.cost is not None:
            return {f"{self._name(self.family.cost)}()": self.family.cost, **gradient}
        if self.penalty is None:
            return {f"the cost of {self._name(self.family.gradient)}()": self.family.gradient, **gradient}
        return {"the course's cost": None, **gradient}

    # Calls

    def outputs(self, values: Mapping[str, Any]) -> Outputs | None:
        """What forward makes of these parameters; None if there is no forward."""
        if self.family.forward is None:
            return None
        return Outputs(self._binder.call(self.family.forward, self.world, values), self.family.forward)

    def _leaves(self, values: Mapping[str, Any]) -> list[Leaf]:
        made = self._binder.call(self.family.gradient, self.world, values, self.outputs(values), self._fill)
        names = returned(self.family.gradient)
        return leaves(made, names)

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        return gradients(self.world.slots, self._leaves(params), self.matched.places)

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J."""
        if self.family.cost is not None:
            made = self._binder.call(self.family.cost, self.world, params, self.outputs(params), self._fill)
            parts = leaves(made)
            return number(parts[self._cost_place].value if parts else made, f"{self._name(self.family.cost)}()")
        if self.penalty is None:
            return number(self._leaves(params)[self._own_place].value, f"{self._name(self.family.gradient)}()")
        return reference.cost(self.world, self.probabilities(params), params, self.penalty)

    def probabilities(self, params: Mapping[str, Any]) -> Any:
        """P of the student's forward, or of the course's network where there is none."""
        outputs = self.outputs(params)
        found = outputs.probabilities(self.world) if outputs is not None else None
        return reference.probabilities(self.world, params) if found is None else found

    # Which number is J?

    def _settle_cost(self, found: list[Leaf]) -> None:
        if self.family.cost is not None:
            self._cost_place = self._depending(self._cost_numbers)
            return
        used = self.matched.places.values()
        numbers = [i for i, leaf in enumerate(found) if i not in used and np.size(leaf.value) == 1 and leaf.value]
        if numbers:
            self._own_place = numbers[self._depending(lambda w: [self._at(w)[i].value for i in numbers])]
        else:
            self.penalty = self._penalty_of_gradients() * self.world.lambda_

    def _at(self, world: World) -> list[Leaf]:
        own, self.world = self.world, world
        try:
            return self._leaves(world.values)
        finally:
            self.world = own

    def _cost_numbers(self, world: World) -> list[Any]:
        own, self.world = self.world, world
        try:
            outputs = self.outputs(world.values)
            assert self.family.cost is not None
            made = self._binder.call(self.family.cost, world, world.values, outputs, self._fill)
            return [leaf.value for leaf in leaves(made)] or [made]
        finally:
            self.world = own

    def _depending(self, numbers: Any) -> int:
        """Of several numbers that are returned: the place of the one that lambda changes; J holds the penalty."""
        once = numbers(self.world)
        if len(once) == 1:
            number(once[0], f"{self._name(self.family.cost or self.family.gradient)}()")
            return 0
        more = numbers(replace(self.world, lambda_=3 * self.world.lambda_))
        changed = [i for i, (a, b) in enumerate(zip(once, more, strict=True)) if np.size(a) == 1 and not np.all(a == b)]
        single = [i for i, a in enumerate(once) if np.size(a) == 1]
        if not single:
            raise CodeError(f"{self._name(self.family.cost or self.family.gradient)}() returns no number")
        return (changed or single)[0]

    def _penalty_of_gradients(self) -> float:
        """The c of c lambda sum W^2: 1/2 if the gradients hold lambda W, as CS231n has it, otherwise 1."""
        more = replace(self.world, lambda_=3 * self.world.lambda_)
        once, again = (gradients(w.slots, self._at(w), self.matched.places) for w in (self.world, more))
        for slot in self.world.slots:
            if slot.letter == "W" and slot.name in once and once[slot.name].shape == slot.shape:
                W = self.world.values[slot.name]
                c = float(np.sum((again[slot.name] - once[slot.name]) * W) / (2 * self.world.lambda_ * np.sum(W * W)))
                if abs(c - 1) < 1e-6:
                    return 0.5
                if c == 0 and not np.any(again[slot.name] - once[slot.name]) and not self._takes_lambda():
                    return 0.0
        return 1.0

    def _takes_lambda(self) -> bool:
        from .roles import Role, role
        from .source import signature

        return any(role(p.name) is Role.LAMBDA for p in signature(self.family.gradient))

    # Facts and other places

    def _facts(self) -> dict[str, Any]:
        """For a diagnosis: how to turn the student's tensors into the course's."""
        return {
            "x": self.world.x.tolist(),
            "y": self.world.y.tolist(),
            "lambda": self.world.lambda_,
            "penalty": self.penalty,
            "slots": [
                {"name": s.name, "letter": s.letter, "layer": s.layer, "turned": self.world.layout.outputs_first}
                for s in self.world.slots
            ],
        }

    def elsewhere(self, rng: Any, n: int) -> "FunctionCode":
        """With another batch and other parameters."""
        return FunctionCode(self.family, self.world.elsewhere(rng, n), self._binder, self._fill)

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """A second batch of another size, at other parameters."""
        yield "at another point, with another batch", self.elsewhere(rng, len(self.world.x) + 4)


def agreement(code: FunctionCode) -> int:
    """In how many tensors is the gradient the slope of the cost along a random direction?"""
    rng, right = np.random.default_rng(5), 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = code.gradients(code.params)
        for name, gradient in found.items():
            value = code.params[name]
            if gradient.shape != value.shape:
                continue
            v = rng.normal(size=value.shape)
            up, down = (float(np.real(code.cost({**code.params, name: value + s * 1e-5 * v}))) for s in (1, -1))
            slope, expected = (up - down) / 2e-5, float(np.sum(gradient * v))
            right += abs(slope - expected) <= 1e-4 * (abs(slope) + abs(expected)) + 1e-8
    return right
