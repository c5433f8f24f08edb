"""Parameters of all layers in one vector, as in the exercises of a well-known course: which element is which weight?

Each way to lay them out is tried; the cost tells the right one, as it tells which network it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.diagnose import diagnose_network
from lab.check.mistakes.evidence import Cause, Diagnosis, Layers, NetworkEvidence

SAME = 1e-10  # of J: so close are two of its values that are one
Places = tuple[dict[str, Array], ...]  # per layer: "W" -> the indices of its elements, (inputs, outputs); "b"


@dataclass(frozen=True)
class Unrolled:
    """A network with its parameters in a vector. x: (n, d); cost and gradient: of the vector; sizes: d, ..., K."""

    name: str
    theta: Array
    x: Array
    y: Labels
    lambda_: float
    sizes: Sequence[int]
    cost: Callable[[Array], float]
    gradient: Callable[[Array], Array]


def diagnose_unrolled(code: Unrolled) -> Diagnosis:
    """Which network it is, and the mistakes that give its gradients. Raises whatever the code raises."""
    for places in layouts(code.sizes, code.theta.size):
        if not _fits(code, places):
            continue
        known = (diagnose_network(_evidence(replace(code, y=y), places)) for y in (code.y, code.y - 1))
        found = next((one for one in known if one.reference), Diagnosis("", ()))  # labels from 0, or from 1
        if found.reference and not any(cause.key == "cost-unknown" for cause in found.causes):
            return replace(found, causes=tuple(_of_vector(cause, code, places) for cause in found.causes))
    return Diagnosis("", ())


def _fits(code: Unrolled, places: Places) -> bool:
    """Does J stay what it is if two units of every hidden layer change places?"""
    theta = code.theta.copy().reshape(-1)
    J = code.cost(theta.reshape(code.theta.shape).copy())
    for layer, behind in pairwise(places):
        W, b, V = layer["W"], layer["b"], behind["W"]
        theta[W[:, :2]], theta[b[:2]], theta[V[:2]] = theta[W[:, 1::-1]], theta[b[1::-1]], theta[V[1::-1]]
    return abs(code.cost(theta.reshape(code.theta.shape)) - J) <= SAME * abs(J)


def layouts(sizes: Sequence[int], length: int) -> Iterator[Places]:
    """The ways in which weights and biases may lie in a vector: a matrix a layer with the bias first or last in each
    row, or all weights and biases by themselves; rows or columns first."""
    pairs = list(pairwise(sizes))
    if sum((d + 1) * m for d, m in pairs) != length:
        return
    for order in ("C", "F"):
        for bias in (0, -1):
            found, start = [], 0
            for d, m in pairs:
                whole = np.arange(start, start + (d + 1) * m).reshape(m, d + 1, order=order)
                found.append({"W": np.delete(whole, bias, axis=1).T, "b": whole[:, bias]})
                start += (d + 1) * m
            yield tuple(found)
        for turned in (True, False):
            yield _apart(pairs, order, turned)


def _apart(pairs: list[tuple[int, int]], order: str, turned: bool) -> Places:
    """W1, b1, W2, b2 ... one behind the other. turned: are W (outputs, inputs)?"""
    found, start = [], 0
    for d, m in pairs:
        W = np.arange(start, start + d * m)
        shaped = W.reshape(m, d, order=order).T if turned else W.reshape(d, m, order=order)  # type: ignore[call-overload]
        start += d * m
        found.append({"W": shaped, "b": np.arange(start, start + m)})
        start += m
    return tuple(found)


def _evidence(code: Unrolled, places: Places) -> NetworkEvidence:
    def to_layers(vector: Array) -> Layers:
        flat = np.asarray(vector, float).reshape(-1)
        return tuple({role: flat[indices] for role, indices in layer.items()} for layer in places)

    def to_vector(layers: Layers) -> Array:
        flat = np.zeros(code.theta.size)
        for layer, values in zip(places, layers, strict=True):
            for role, indices in layer.items():
                flat[indices] = values[role]
        return flat.reshape(code.theta.shape)

    return NetworkEvidence(
        code.x,
        code.y,
        code.lambda_,
        to_layers(code.theta),
        tuple({role: f"{role}{k + 1}" for role in layer} for k, layer in enumerate(places)),
        lambda layers: code.cost(to_vector(layers)),
        lambda layers: to_layers(code.gradient(to_vector(layers))),
    )


def _of_vector(cause: Cause, code: Unrolled, places: Places) -> Cause:
    """The cause, with the elements of the vector that are meant by W1, b1 and so on."""
    meant = [
        f"{role}{k + 1} is in elements {indices.min()} to {indices.max()}"
        for k, layer in enumerate(places)
        for role, indices in layer.items()
        if f"{role}{k + 1}" in cause.tensors and role == "W"
    ]
    where = f" ({', '.join(meant)})" * bool(meant)
    return Cause(cause.key, (code.name,), f"In {code.name}{where}: {cause.sentence}")
