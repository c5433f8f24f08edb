"""Layer classes: forward(x) and backward(dy), parameters and gradients in dicts or attributes."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .code import Code
from .inputs import fitting, layer_inputs
from .live import Held, Live, Nothing
from .objects import moved
from .roles import slots_of
from .values import Function, array, copied, tensors


class LayerCode(Code):
    """A layer with forward(x), backward(dy), params and grads (or W and dW as attributes);
    J = sum(cotangent * forward(x))."""

    form = "layer"

    def __init__(self, name: str, thing: Any, example: Function | None, n: int, rng: Any) -> None:
        self.name, self.thing, self.examples = name, thing, n
        self.calls = {"forward()": thing.forward, "backward()": thing.backward}
        if own := {} if hasattr(thing, "params") else attributes(thing):
            self.notes = found_beside(thing, own, self._input(own, example, n, rng))
        self.live = Live(thing) if hasattr(thing, "params") else None
        weights = self.live.start if self.live else {}
        x = self._input(weights or own, example, n, rng)
        if weights and all(value.dtype == np.float32 for value in weights.values()):
            x = x.astype(np.float32)
        self.params = {"x": x, **weights}
        self.out = self._forward(self.params)
        self.cotangent = rng.normal(size=self.out.shape)
        self.facts = {"kind": "layer", "slots": slots_of(self.params)}
        self.gradients(self.params)  # a network of another form may have such methods, too

    def _input(self, weights: Mapping[str, Any], example: Function | None, n: int, rng: Any) -> Any:
        return fitting(self.thing.forward, example, [(s,) for s in layer_inputs(weights, n)], rng)[0]

    def _forward(self, params: Mapping[str, Any]) -> Any:
        return array(self.thing.forward(params["x"].copy()), "what forward() returns")

    def _holding(self, params: Mapping[str, Any]) -> Held | Nothing:
        weights = {k: v for k, v in params.items() if k != "x"}
        return self.live.holding(weights) if self.live else Nothing()

    def output(self, params: Mapping[str, Any]) -> Any:
        """What the layer gives with these values."""
        with self._holding(params):
            return self._forward(params)

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J."""
        with self._holding(params):
            out = self._forward(params)
            return np.sum(self.cotangent * out).astype(out.dtype)  # J is no more precise than the output

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        with self._holding(params):
            out = self._forward(params)
            dx = self.thing.backward(self.cotangent.astype(out.dtype))
            found = {"x": array(dx, "what backward() returns")}
            return copied(found | tensors(getattr(self.thing, "grads", {}), "grads"))

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """Other inputs and parameters."""
        other = copy.copy(self)
        other.params = moved(self.params, rng)
        yield "with other numbers", other


class Attributes(dict[str, Any]):
    """Some attributes of a student's layer as a dict of arrays, as params and grads are: name -> attribute."""

    def __init__(self, thing: Any, names: Mapping[str, str]) -> None:
        super().__init__(names)
        self.thing = thing

    def __getitem__(self, name: str) -> Any:
        return getattr(self.thing, super().__getitem__(name))

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self.thing, super().__getitem__(name), value)

    def items(self) -> Any:
        """Names and the arrays, not the names of the attributes."""
        return {name: self[name] for name in self}.items()


def attributes(thing: Any) -> dict[str, Any]:
    """The arrays of real numbers that a layer without params has as attributes."""
    return {
        k: v for k, v in getattr(thing, "__dict__", {}).items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"
    }


def found_beside(thing: Any, own: Mapping[str, Any], x: Any) -> tuple[str, ...]:
    """Give a layer params and grads if it has, after a backward, dW beside W; what else is to be said of it."""
    thing.backward(np.ones_like(array(thing.forward(x.copy()), "what forward() returns")))
    twins = {}
    for name, value in own.items():
        for twin in (f"d{name}", f"d_{name}", f"{name}_grad", f"grad_{name}"):
            if np.shape(getattr(thing, twin, ())) == value.shape:
                twins[name] = twin
    if not twins:
        return (f"only dx is checked: there are no params and grads, and no d{min(own, key=len)} either",)
    thing.params, thing.grads = Attributes(thing, {name: name for name in twins}), Attributes(thing, twins)
    return (f"no params and grads: {', '.join(f'{name} beside {twin}' for name, twin in twins.items())}",)
