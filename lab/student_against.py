"""A student's layer beside Gradlab's own, on the same inputs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from core.layers import BatchNorm, Dense, Layer, ReLU
from core.losses import softmax
from core.types import Array
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

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return asdict(self) | {"place": list(self.place)}


class LayerCode(Protocol):
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


KINDS: dict[str, Callable[[], Layer]] = {
    "dense": lambda: Dense(1),
    "relu": ReLU,
    "batchnorm": BatchNorm,
    "softmax": Softmax,
}


def compare(kind: str, code: LayerCode) -> tuple[Comparison, ...]:
    """Outputs and gradients of the student's layer and of Gradlab's. Raises LabError if they cannot be compared."""
    if kind not in KINDS:
        raise LabError(f"there is no layer {kind} to compare with: there are {', '.join(KINDS)}")
    if code.cotangent is None or code.out is None:
        raise LabError("only a layer or a pair of functions can be compared with a layer")
    x, c = code.params["x"], code.cotangent
    theirs = {"output": code.out, **code.gradients(code.params)}
    layouts = (
        [(_same, _same), (_same, _turned), (_turned, _turned), (_turned, _same)] if x.ndim == 2 else [(_same, _same)]
    )
    found = [f for rows, kernel in layouts if (f := _ours(kind, code, rows, kernel)) is not None]
    if not found:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in code.params.items())
        raise LabError(f"a layer of kind {kind} does not fit {shapes} and outputs {code.out.shape}")
    # of the layouts that fit (rows or columns as examples), the one that comes nearest
    scale = float(np.abs(c).max())
    results = [
        tuple(_compared(name, theirs[name], ours[name], scale) for name in theirs if name in ours) for ours in found
    ]
    return min(results, key=lambda rows: (rows[0].absolute, sum(not row.passed for row in rows)))


def _same(a: Array) -> Array:
    return a


def _turned(a: Array) -> Array:
    return a.T


def _ours(
    kind: str, code: LayerCode, rows: Callable[[Array], Array], kernel: Callable[[Array], Array]
) -> dict[str, Array] | None:
    """Our output and gradients in the student's shapes; None if this layout does not fit."""
    assert code.cotangent is not None
    assert code.out is not None
    x, c = (rows(a).astype(np.float64) for a in (code.params["x"], code.cotangent))
    layer, names = KINDS[kind](), _letters(kind, code.params)
    if names is None:
        return None
    for letter, name in names.items():
        value = code.params[name].astype(np.float64)
        layer.params[letter] = np.ascontiguousarray(kernel(value) if letter == "W" else value.ravel())
        layer.grads[letter] = np.zeros_like(layer.params[letter])
    try:
        if isinstance(layer, Dense):
            layer.units = layer.params["W"].shape[1]
        if isinstance(layer, BatchNorm):
            layer.build(x.shape[1:])
        out = layer.forward(np.ascontiguousarray(x), True).copy()
        dx = layer.backward(np.ascontiguousarray(c))
    except ValueError:
        return None
    if out.shape != rows(code.out).shape or dx is None:
        return None
    grads = {
        name: kernel(layer.grads[k]) if k == "W" else layer.grads[k].reshape(code.params[name].shape)
        for k, name in names.items()
    }
    return {"output": rows(out), "x": rows(dx), **grads}


def _letters(kind: str, params: Mapping[str, Array]) -> dict[str, str] | None:
    """Our letter -> the student's name, for every parameter of the layer; None if they do not fit."""
    others = [name for name in params if name != "x" and name != next(iter(params))]
    if kind == "dense":
        matrices = [n for n in others if params[n].ndim == 2 and 1 not in params[n].shape]
        vectors = [n for n in others if n not in matrices]
        return {"W": matrices[0], "b": vectors[0]} if len(matrices) == len(vectors) == 1 else None
    if kind == "batchnorm":
        gammas = [n for n in others if n.lower().startswith(("g", "s"))]
        rest = [n for n in others if n not in gammas]
        return {"gamma": gammas[0], "beta": rest[0]} if len(gammas) == len(rest) == 1 else None
    return {} if not others else None


def _compared(name: str, theirs: Array, ours: Array, scale: float) -> Comparison:
    if theirs.shape != ours.shape:
        return Comparison(name, False, float("inf"), (), float("nan"), float("nan"))
    off = np.abs(theirs - ours)
    place = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
    rtol = 1e-3 if theirs.dtype == np.float32 else 1e-6
    passed = bool(off.max() <= rtol * max(float(np.abs(ours).max()), 1e-3 * scale))
    return Comparison(name, passed, float(off.max()), place, float(theirs[place]), float(ours[place]))
