"""A student's layer beside Gradlab's own, on the same inputs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict

import numpy as np

from core.convolution import Conv2D, MaxPool
from core.layers import BatchNorm, Dense, Layer, ReLU
from core.losses import softmax
from core.types import Array, Shape
from lab.errors import LabError


@dataclass(frozen=True)
class Comparison:
    """One array of the student's beside ours."""

    name: str
    passed: bool
    absolute: float  # the largest difference
    place: tuple[int, ...]  # where, in the student's array
    theirs: float  # there
    ours: float  # there

    def as_dict(self) -> "ComparisonDocument":
        """Plain values for a JSON document."""
        return {
            "name": self.name,
            "passed": self.passed,
            "absolute": self.absolute,
            "place": list(self.place),
            "theirs": self.theirs,
            "ours": self.ours,
        }


class ComparisonDocument(TypedDict):
    """A comparison in JSON; numbers that are not finite are null there."""

    name: str
    passed: bool
    absolute: float | None
    place: list[int]
    theirs: float | None
    ours: float | None


class ComparableLayer(Protocol):
    """What is needed of the student's code: a layer or a pair of functions, run once."""

    params: Mapping[str, Array]
    cotangent: Array | None
    out: Array | None

    def gradients(self, params: Mapping[str, Array]) -> Mapping[str, Array]:
        """Its gradients."""


class Softmax(Layer):
    """p = softmax(x), for a comparison: in Gradlab it is part of the loss."""

    def forward(self, x: Array, train: bool) -> Array:
        self._p = softmax(x)
        return self._p

    def backward(self, dy: Array) -> Array:
        p = self._p
        dx: Array = p * (dy - (dy * p).sum(axis=1, keepdims=True))
        return dx


Letters = dict[str, str]  # our letter for each parameter of a layer -> the student's name for it


def _nothing(others: Mapping[str, Array]) -> Letters | None:
    """No parameters at all."""
    return None if others else {}


def _kernel_and_bias(others: Mapping[str, Array]) -> Letters | None:
    """W and b."""
    if len(others) != 2:
        return None
    # a bias may have two axes, as (4, 1), and a kernel axes of length 1
    b, W = sorted(others, key=lambda n: (others[n].ndim, others[n].size, not n.lower().startswith("b")))
    return {"W": W, "b": b} if others[W].ndim >= 2 else None


def _scale_and_shift(others: Mapping[str, Array]) -> Letters | None:
    """gamma and beta."""
    gammas = [n for n in others if n.lower().startswith(("g", "s"))]
    rest = [n for n in others if n not in gammas]
    return {"gamma": gammas[0], "beta": rest[0]} if len(gammas) == len(rest) == 1 else None


@dataclass(frozen=True)
class LayerOfOurs:
    """A layer of ours that a student's can be compared with.

    layers: which of ours it may be, from the student's x, W (None without one) and output, in our layout: x rows or
    (n, h, w, c). letters: which parameter is which, from the student's without x; None if they do not fit.
    """

    layers: Callable[[Array, Array | None, Array], list[Layer]]
    letters: Callable[[Mapping[str, Array]], Letters | None] = _nothing


def _convolutions(x: Array, W: Array | None, out: Array) -> list[Layer]:
    return [] if W is None else [Conv2D(W.shape[-1], len(W), padding) for padding in ("same", "valid")]


def _pools(x: Array, W: Array | None, out: Array) -> list[Layer]:
    return [MaxPool(x.shape[1] // out.shape[1])] if x.ndim == 4 else []


KINDS = {  # by the names in targets.AGAINST
    "dense": LayerOfOurs(lambda x, W, out: [Dense(out.shape[-1])], _kernel_and_bias),
    "relu": LayerOfOurs(lambda x, W, out: [ReLU()]),
    "batchnorm": LayerOfOurs(lambda x, W, out: [BatchNorm()], _scale_and_shift),
    "softmax": LayerOfOurs(lambda x, W, out: [Softmax()]),
    "conv2d": LayerOfOurs(_convolutions, _kernel_and_bias),
    "maxpool": LayerOfOurs(_pools),
}
# The orders of axes that turn the student's x and W into ours, by the dimensions of x: rows or columns as examples,
# W on either side of x; images with the channels last, or first as in CS231n and PyTorch
LAYOUTS: dict[int, list[tuple[Shape, Shape]]] = {
    2: [((0, 1), (0, 1)), ((0, 1), (1, 0)), ((1, 0), (1, 0)), ((1, 0), (0, 1))],
    4: [((0, 1, 2, 3), (0, 1, 2, 3)), ((0, 2, 3, 1), (2, 3, 1, 0))],
}


def compare(kind: str, code: ComparableLayer) -> tuple[Comparison, ...]:
    """Outputs and gradients of the student's layer and of Gradlab's. Raises LabError if they cannot be compared."""
    if kind not in KINDS:
        raise LabError(f"there is no layer {kind} to compare with: there are {', '.join(KINDS)}")
    if code.cotangent is None or code.out is None:
        raise LabError("only a layer or a pair of functions can be compared with a layer")
    theirs = {"output": code.out, **code.gradients(code.params)}
    found = [ours for layout in LAYOUTS.get(code.params["x"].ndim, []) for ours in _ours(kind, code, *layout)]
    if not found:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in code.params.items())
        raise LabError(f"a layer of kind {kind} does not fit {shapes} and outputs {code.out.shape}")
    scale = float(np.abs(code.cotangent).max())
    results = [
        tuple(_compared(name, theirs[name], ours[name], scale) for name in theirs if name in ours) for ours in found
    ]
    return min(results, key=lambda rows: (rows[0].absolute, sum(not row.passed for row in rows)))  # the nearest


def _ours(kind: str, code: ComparableLayer, rows: Shape, kernel: Shape) -> Iterator[dict[str, Array]]:
    """Our outputs and gradients in the student's shapes, for every layer of the kind that fits in this layout."""
    assert code.cotangent is not None
    assert code.out is not None
    x, c, out = (
        np.ascontiguousarray(a.transpose(rows), np.float64) for a in (code.params["x"], code.cotangent, code.out)
    )
    names = KINDS[kind].letters({name: value for name, value in code.params.items() if name != "x"})
    if names is None:
        return
    params = {
        letter: np.ascontiguousarray(
            code.params[name].transpose(kernel) if letter == "W" else code.params[name].ravel(), np.float64
        )
        for letter, name in names.items()
    }
    for layer in KINDS[kind].layers(x, params.get("W"), out):
        try:
            _, wanted = layer.build(x.shape[1:])
            if {k: p.shape for k, p in wanted.items()} != {k: v.shape for k, v in params.items()}:
                continue
            layer.params, layer.grads = params, {k: np.zeros_like(v) for k, v in params.items()}
            y = layer.forward(x, True).copy()
        except ValueError:  # images where rows are wanted, or a window larger than the image
            continue
        dx = layer.backward(c) if y.shape == out.shape else None
        if dx is not None:
            back, shapes = np.argsort(rows), code.params
            grads = {
                name: layer.grads[k].transpose(np.argsort(kernel))
                if k == "W"
                else layer.grads[k].reshape(shapes[name].shape)
                for k, name in names.items()
            }
            yield {"output": y.transpose(back), "x": dx.transpose(back), **grads}


def _compared(name: str, theirs: Array, ours: Array, scale: float) -> Comparison:
    if theirs.shape != ours.shape:
        return Comparison(name, False, float("inf"), (), float("nan"), float("nan"))
    off = np.abs(theirs - ours)
    place = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
    rtol = 1e-3 if theirs.dtype == np.float32 else 1e-6
    passed = bool(off.max() <= rtol * max(float(np.abs(ours).max()), 1e-3 * scale))
    return Comparison(name, passed, float(off.max()), place, float(theirs[place]), float(ours[place]))
