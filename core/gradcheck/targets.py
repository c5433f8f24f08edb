"""What a gradient check works on: a cost over named tensors, and gradients to be judged.

The check sees only a `Target`. Our own objective, one of our layers alone, and a student's code
(lab/check/student.py) answer the same questions.
"""

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self, cast

import numpy as np

from core.layers import Dropout, Layer
from core.objective import Objective
from core.types import Array, Labels


class Answer(NamedTuple):
    """A cost at moved parameters. crossed: did the move cross a kink? None: the target cannot tell."""

    cost: complex
    crossed: bool | None


class Target(Protocol):
    """A real cost J over named tensors, and gradients of it to be judged."""

    @property
    def name(self) -> str:
        """What is checked, for the report."""

    @property
    def params(self) -> Mapping[str, Array]:
        """The tensors that J depends on, unmoved; real."""

    @property
    def examples(self) -> int | None:
        """The number of examples in J; None if unknown."""

    @property
    def lambda_(self) -> float | None:
        """The factor of the penalty lambda * sum W^2 in J; None if unknown."""

    @property
    def cotangent(self) -> Array | None:
        """If J = sum(cotangent * output): that cotangent, which backward was given."""

    @property
    def scale(self) -> float:
        """The size of the terms that J is the sum of: J carries rounding errors of their size, not of its own."""

    @property
    def precision(self) -> float:
        """The machine epsilon J is computed with."""

    @property
    def takes_complex(self) -> bool:
        """May parameters be moved along the imaginary axis?"""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the reader of the report on how this was computed."""

    def gradients(self, params: Mapping[str, Array]) -> Mapping[str, Array]:
        """The gradients to be judged, at these values of all tensors, as new arrays."""

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        """J after params[name].ravel()[index] += step, which is a number or a vector, real or imaginary."""

    def at(self, params: Mapping[str, Array]) -> "Target":
        """The same with other values for some of the tensors."""


class SameDraws:
    """Replaces the generator of a dropout layer: every forward gets the draws of the first."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._drawn: dict[Any, Array] = {}

    def random(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """The same numbers, whenever asked for an array of this shape and dtype."""
        if (shape, dtype) not in self._drawn:
            self._drawn[shape, dtype] = self._rng.random(shape, dtype)
        return self._drawn[shape, dtype]


def _freeze_dropout(layer: Layer) -> None:
    if isinstance(layer, Dropout):
        layer.rng = cast(np.random.Generator, SameDraws(copy.deepcopy(layer.rng)))


DROPOUT_NOTE = "the dropout mask is drawn once and kept"


class ObjectiveTarget:
    """An objective on a batch x (n, ...), y (n,): its cost as training sees it, its backward pass.

    Works on copies in float64 and complex128, so the network, its running statistics and its streams stay as they are.
    """

    cotangent = None
    takes_complex = True
    precision = float(np.finfo(np.float64).eps)

    def __init__(self, objective: Objective, x: Array, y: Labels) -> None:
        self.name = "network"
        self.objective = copy.deepcopy(objective)
        for layer in self.objective.network.layers:
            _freeze_dropout(layer)
        self.x, self.y = x, y
        self.examples: int | None = len(y)
        self.lambda_: float | None = objective.lambda_
        self._real = _Run(self.objective, x, y, np.float64)
        self.params = {name: t.value.copy() for name, t in self._real.network.tensors.items()}
        self.scale = abs(self._real.start)
        dropout = any(isinstance(layer, Dropout) for layer in objective.network.layers)
        self.notes = (DROPOUT_NOTE,) if dropout else ()

    @cached_property
    def _complex(self) -> "_Run":
        return _Run(self.objective, self.x, self.y, np.complex128)

    def gradients(self, params: Mapping[str, Array]) -> dict[str, Array]:
        run = self._real
        run.put(params)
        run.objective.gradient(run.x, run.y)
        run.put(self.params)
        return {name: t.grad.copy() for name, t in run.network.tensors.items()}

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        return (self._complex if np.iscomplexobj(step) else self._real).cost(name, index, step)

    def at(self, params: Mapping[str, Array]) -> Self:
        other = copy.copy(self)
        other.objective = copy.deepcopy(self.objective)
        for name, value in params.items():
            other.objective.network.tensors[name].value[...] = value
        other.__dict__.pop("_complex", None)
        other._real = _Run(other.objective, self.x, self.y, np.float64)
        other.params = {**self.params, **params}
        return other

    def inputs(self) -> list[Array]:
        """What every layer is given, with nothing moved."""
        return [x.real for x in self._real.inputs]


class _Run:
    """The network in one dtype. After a move in one tensor only its layer and the later ones are computed again."""

    def __init__(self, objective: Objective, x: Array, y: Labels, dtype: Any) -> None:
        self.objective = copy.deepcopy(objective)
        self.objective.network = self.network = self.objective.network.astype(dtype)
        self.x, self.y = _cast(x, dtype), y
        self.inputs: list[Array] = []
        out = self.x
        for layer in self.network.layers:
            self.inputs.append(out.copy())  # a layer may use its buffer again
            out = layer.forward(out, True)
        losses = self.objective.loss.forward(out, y)
        self._penalty = self.objective.penalty()
        self.start = complex(losses.sum() / len(losses) + self._penalty)
        self._kinks = [_pattern(layer) for layer in self.network.layers]
        self._place = {name: self.network.layers.index(t.layer) for name, t in self.network.tensors.items()}

    def put(self, params: Mapping[str, Array]) -> None:
        for name, value in params.items():
            self.network.tensors[name].value[...] = value

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        tensor, first = self.network.tensors[name], self._place[name]
        flat = tensor.value.reshape(-1)
        before = np.array(flat[index])
        flat[index] += step
        layers, out = self.network.layers[first:], self.inputs[first]
        for layer in layers:
            out = layer.forward(out, True)
        losses = self.objective.loss.forward(out, self.y)
        penalty = self.objective.penalty() if tensor.parameter.decay else self._penalty
        flat[index] = before
        crossed = any(_flipped(layer, old) for layer, old in zip(layers, self._kinks[first:], strict=True))
        return Answer(losses.sum() / len(losses) + penalty, crossed)


def _cast(x: Array, dtype: Any) -> Array:
    """x in another dtype; indices into an alphabet stay what they are."""
    return x if np.issubdtype(x.dtype, np.integer) else x.astype(dtype)


class LayerTarget:
    """One layer alone: J = sum(c * layer(x)) with a random cotangent c, and x a tensor like its parameters.

    `layer` may stand in a network (its parameters are used as they are) or be new (they are drawn, with something
    added so that none is at a special value). Works on a copy. x is (n, ...); of indices there is no derivative.
    """

    lambda_: float | None = 0.0
    takes_complex = True
    precision = float(np.finfo(np.float64).eps)

    def __init__(self, layer: Layer, x: Array, rng: np.random.Generator) -> None:
        self.name = type(layer).__name__
        layer = copy.deepcopy(layer)
        layer.needs_input_gradient = True
        _freeze_dropout(layer)
        if not layer.params:
            _, wanted = layer.build(x.shape[1:])
            for letter, p in wanted.items():
                layer.params[letter] = p.initialiser(rng, p.shape, p.fan_in) + 0.1 * rng.normal(size=p.shape)
        self.params = {k: v.astype(np.float64) for k, v in layer.params.items()}
        self._indices = x if np.issubdtype(x.dtype, np.integer) else None
        if self._indices is None:
            self.params = {"x": x.astype(np.float64), **self.params}
        self._layer = layer
        self._cast(np.float64)
        out = self._forward()
        self._kinks = _pattern(layer)
        self.cotangent: Array = rng.normal(size=out.shape)
        self.scale = float(np.sum(np.abs(self.cotangent * out)))
        self.examples: int | None = len(x)
        self.notes = (DROPOUT_NOTE,) if isinstance(layer, Dropout) else ()

    def _cast(self, dtype: Any) -> None:
        if getattr(self, "_dtype", None) != dtype:
            self._dtype = dtype
            self._values = {name: value.astype(dtype) for name, value in self.params.items()}
            self._layer.params = {k: v for k, v in self._values.items() if k != "x"}
            self._layer.grads = {k: np.zeros_like(v) for k, v in self._layer.params.items()}

    def gradients(self, params: Mapping[str, Array]) -> dict[str, Array]:
        self._cast(np.float64)
        self._put(params)
        self._forward()
        dx = self._layer.backward(self.cotangent.copy())
        grads = {"x": dx, **self._layer.grads}
        self._put(self.params)
        return {name: np.array(grad) for name, grad in grads.items() if grad is not None}

    def _forward(self) -> Array:
        return self._layer.forward(self._values["x"] if self._indices is None else self._indices, True)

    def _put(self, params: Mapping[str, Array]) -> None:
        for name, value in params.items():
            self._values[name][...] = value

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        self._cast(np.complex128 if np.iscomplexobj(step) else np.float64)
        flat = self._values[name].reshape(-1)
        before = np.array(flat[index])
        flat[index] += step
        out = self._forward()
        answer = Answer(np.sum(self.cotangent * out), _flipped(self._layer, self._kinks))
        flat[index] = before  # only now: what forward returned may be a view of x
        return answer

    def at(self, params: Mapping[str, Array]) -> Self:
        other = copy.copy(self)
        other._layer = copy.deepcopy(self._layer)
        other.params = {**self.params, **params}
        other._dtype = None
        return other


def _pattern(layer: Layer) -> Array | None:
    kinks = layer.kinks()
    return None if kinks is None else kinks.copy()


def _flipped(layer: Layer, before: Array | None) -> bool:
    now = layer.kinks()
    return before is not None and now is not None and not np.array_equal(now, before)
