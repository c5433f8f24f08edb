"""A network: layers in a row over one flat parameter vector."""

import copy
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from core.layers import Layer, Parameter
from core.types import Array, Shape


@dataclass(frozen=True)
class Tensor:
    """A named piece of the flat vector (W1, b1, gamma1, ...): views of its values and its gradient."""

    name: str
    layer: Layer
    parameter: Parameter
    value: Array
    grad: Array


@dataclass(frozen=True)
class LayerSummary:
    """One row of the summary of a network."""

    layer: str
    output: Shape
    parameters: int


class Network:
    """Layers applied in order, their parameters in one contiguous vector.

    `theta` and `grad` are 1-D arrays of the same dtype. `tensors` maps names to views of both, numbered in the order of
    the layers. So an optimiser is a few vector operations, and a checkpoint is one array.
    Raises ValueError if a layer cannot take the output of the layer before it.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape, dtype: Any = np.float32) -> None:
        self.layers = list(layers)
        self.input_shape = input_shape
        self._built = []
        shape = input_shape
        for layer in self.layers:
            shape, parameters = layer.build(shape)
            self._built.append((shape, parameters))
        # Nothing before the first parameters needs a gradient: backward stops there and never computes dX.
        learning = [i for i, (_, parameters) in enumerate(self._built) if parameters]
        self._first = learning[0] if learning else len(self.layers)
        for i, layer in enumerate(self.layers):
            layer.needs_input_gradient = i != self._first
        size = sum(int(np.prod(p.shape)) for _, parameters in self._built for p in parameters.values())
        self.bind(np.zeros(size, dtype), np.zeros(size, dtype))

    def bind(self, theta: Array, grad: Array, turned: Container[str] = ()) -> None:
        """Let the parameters and their gradient live in these vectors, and give every layer its views of them.

        turned: names of the tensors that lie transposed there, because others want them so.
        """
        self.theta, self.grad = theta, grad
        self.tensors: dict[str, Tensor] = {}
        start = 0
        for layer, (_, parameters) in zip(self.layers, self._built, strict=True):
            for letter, parameter in parameters.items():
                end = start + int(np.prod(parameter.shape))
                name = f"{letter}{1 + sum(t.name.rstrip('0123456789') == letter for t in self.tensors.values())}"
                flat = (v[start:end] for v in (self.theta, self.grad))
                value, grad = (_shaped(v, parameter.shape, name in turned) for v in flat)
                layer.params[letter], layer.grads[letter] = value, grad
                self.tensors[name] = Tensor(name, layer, parameter, value, grad)
                start = end

    @property
    def widest(self) -> int:
        """The largest number of input or output values of any layer, per example."""
        return max(int(np.prod(shape)) for shape in [self.input_shape, *(shape for shape, _ in self._built)])

    @property
    def dtype(self) -> Any:
        """The dtype of theta: float32 to train, float64 or complex128 to check."""
        return self.theta.dtype

    def initialise(self, rng: np.random.Generator) -> None:
        """Draw new values for all parameters, one tensor after the other."""
        for tensor in self.tensors.values():
            p = tensor.parameter
            tensor.value[...] = p.initialiser(rng, p.shape, p.fan_in)

    def forward(self, x: Array, train: bool = False) -> Array:
        """Logits (n, classes) of a batch x (n, *input_shape). With train=True as in a training step: with batch
        statistics and dropout, and keeping what backward needs."""
        for layer in self.layers:
            x = layer.forward(x, train)
        return x

    def backward(self, dlogits: Array) -> None:
        """Compute `grad` from dJ/dlogits (n, classes) of the last forward. Overwrites the old gradient."""
        dy: Array | None = dlogits
        for layer in reversed(self.layers[self._first :]):
            assert dy is not None, "only the first layer with parameters may leave out dX"
            dy = layer.backward(dy)

    def astype(self, dtype: Any) -> Self:
        """A copy of the whole network, state included, computing in another dtype."""
        twin = copy.deepcopy(self)
        twin.bind(self.theta.astype(dtype), np.zeros(self.theta.size, dtype))
        return twin

    def decayed(self) -> Iterator[Tensor]:
        """The tensors the L2 penalty counts: weights, not biases, gamma or beta."""
        return (tensor for tensor in self.tensors.values() if tensor.parameter.decay)

    def state(self) -> dict[str, Array]:
        """All that training changes: theta, and what layers learn without a gradient (running statistics)."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def restore(self, state: dict[str, Array]) -> None:
        """Take back a state() of a network built alike. Raises ValueError if the shapes differ."""
        arrays = self._arrays()
        for name, array in arrays.items():
            if state[name].shape != array.shape:
                raise ValueError(f"{name} has shape {state[name].shape}, the network needs {array.shape}")
        for name, array in arrays.items():
            array[...] = state[name]

    def bind_state(self, arrays: Mapping[str, Array]) -> None:
        """Let what layers learn without a gradient live in these arrays, named as in state()."""
        for i, layer in enumerate(self.layers):
            layer.state = {name: arrays[f"layer{i}.{name}"] for name in layer.state}

    def _arrays(self) -> dict[str, Array]:
        layers = enumerate(self.layers)
        return {"theta": self.theta} | {f"layer{i}.{name}": a for i, layer in layers for name, a in layer.state.items()}

    def summary(self) -> list[LayerSummary]:
        """Layer by layer: its kind, the shape of its output for one example, its number of parameters."""
        return [
            LayerSummary(type(layer).__name__, shape, sum(int(np.prod(p.shape)) for p in parameters.values()))
            for layer, (shape, parameters) in zip(self.layers, self._built, strict=True)
        ]


def _shaped(flat: Array, shape: Shape, turned: bool) -> Array:
    """A view of a piece of a flat vector, which holds a tensor of this shape or its transpose."""
    return flat.reshape(shape[::-1]).T if turned else flat.reshape(shape)
