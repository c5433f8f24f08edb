"""The course's own network, for files that lack a part of it: k layers, ReLU, batch normalisation, softmax."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .world import World


def probabilities(world: World, values: Mapping[str, Any]) -> Any:
    """P (n, K) with rows as examples. Takes complex parameters."""
    return _layers(world, values)[-1]


def outputs(world: World, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a forward would give, as X lies: P; H, H1, X1 ... of the hidden layers."""
    *hidden, P = (h.T if world.layout.columns else h for h in _layers(world, values))
    found = {"P": np.ascontiguousarray(P)}
    if len(hidden) == 1:
        found["H"] = hidden[0]
    return found | {f"{letter}{i}": h for i, h in enumerate(hidden, 1) for letter in "HXA"}


def _layers(world: World, values: Mapping[str, Any]) -> list[Any]:
    at = {(slot.letter, slot.layer): values[slot.name] for slot in world.slots}
    return layers(world.x, at, world.layout.outputs_first)


def layers(x: Any, at: Mapping[tuple[str, int], Any], outputs_first: bool) -> list[Any]:
    """The hidden layers and P, each (n, units), for x (n, d). at: (letter, layer) -> tensor."""
    h = s = x
    found = []
    for layer in range(sum(letter == "W" for letter, _ in at)):
        W = at["W", layer]
        s = h @ (W.T if outputs_first else W)
        if ("b", layer) in at:
            s = s + at["b", layer].ravel()
        if ("gamma", layer) in at:
            c = s - s.mean(0)
            s = c / np.sqrt((c * c).mean(0)) * at["gamma", layer].ravel() + at["beta", layer].ravel()
        h = s * (s.real > 0)
        found.append(h)
    return [*found[:-1], softmax(s)]


def softmax(S: Any, classes: int = 1) -> Any:
    """exp(S) / sum exp(S) along the axis of the classes. Takes complex scores."""
    e = np.exp(S - S.real.max(axis=classes, keepdims=True))
    return e / e.sum(axis=classes, keepdims=True)


@dataclass(frozen=True)
class Loss:
    """A loss that may stand in for the one a file lacks. value: of outputs and targets, (n, K) both; written: the same
    as the adapter has it, of P and Y with their examples along either axis."""

    says: str
    value: Callable[[Any, Any], Any]
    written: str


def _logsumexp(S: Any) -> Any:
    m = S.real.max(axis=1, keepdims=True)
    return np.log(np.exp(S - m).sum(axis=1, keepdims=True)) + m


def _hinge(S: Any, T: Any) -> Any:
    margins = (S - (S * T).sum(axis=1, keepdims=True) + 1) * (1 - T)
    return (margins * (margins.real > 0)).sum() / len(S)


def _binary(P: Any, T: Any) -> Any:
    return -(T * np.log(P) + (1 - T) * np.log(1 - P))


CROSS_ENTROPY = Loss(
    "softmax cross entropy", lambda P, T: -np.log((P * T).sum(axis=1)).mean(), "-np.sum(Y * np.log(P)) / n"
)
SUMMED = Loss(
    "softmax cross entropy, summed over examples",
    lambda P, T: -np.log((P * T).sum(axis=1)).sum(),
    "-np.sum(Y * np.log(P))",
)
LOSSES = (
    CROSS_ENTROPY,
    SUMMED,
    Loss(
        "0.5 ||P - Y||^2, its mean over examples",
        lambda P, T: ((P - T) ** 2).sum() / (2 * len(P)),
        "np.sum((P - Y) ** 2) / (2 * n)",
    ),
    Loss("0.5 ||P - Y||^2, summed over examples", lambda P, T: ((P - T) ** 2).sum() / 2, "np.sum((P - Y) ** 2) / 2"),
    Loss("||P - Y||^2, its mean over examples", lambda P, T: ((P - T) ** 2).sum() / len(P), "np.sum((P - Y) ** 2) / n"),
    Loss("||P - Y||^2, summed over examples", lambda P, T: ((P - T) ** 2).sum(), "np.sum((P - Y) ** 2)"),
    Loss("the mean of (P - Y)^2", lambda P, T: ((P - T) ** 2).mean(), "np.mean((P - Y) ** 2)"),
    Loss("half the mean of (P - Y)^2", lambda P, T: ((P - T) ** 2).mean() / 2, "np.mean((P - Y) ** 2) / 2"),
    Loss(
        "the cross entropy of each output, its mean over examples",
        lambda P, T: _binary(P, T).sum() / len(P),
        "-np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / n",
    ),
    Loss(
        "the cross entropy of each output, summed over examples",
        lambda P, T: _binary(P, T).sum(),
        "-np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P))",
    ),
    Loss(
        "the mean cross entropy of each output",
        lambda P, T: _binary(P, T).mean(),
        "-np.mean(Y * np.log(P) + (1 - Y) * np.log(1 - P))",
    ),
    Loss(
        "softmax cross entropy of the scores",
        lambda S, T: (_logsumexp(S) - (S * T).sum(axis=1, keepdims=True)).mean(),
        "(np.sum(np.log(np.sum(np.exp(P), axis=axis))) - np.sum(Y * P)) / n",
    ),
    Loss(
        "the hinge loss of the scores",
        _hinge,
        "(np.sum(np.maximum(0, P - np.sum(P * Y, axis=axis, keepdims=True) + 1)) - n) / n",
    ),
)


def targets(world: World) -> Any:
    """Y (n, K), one-hot; of a single output 1 for the first class."""
    return (np.arange(world.sizes[-1]) == world.y[:, None]).astype(float)


def data_loss(loss: Loss, world: World, P: Any) -> Any:
    """A loss of outputs with one row or column an example."""
    return loss.value(_rows(world, P), targets(world))


def sums_to_one(world: World, P: Any) -> bool:
    """Do outputs sum to 1 over the classes?"""
    return bool(np.allclose(_rows(world, P).sum(axis=1), 1))


def _rows(world: World, P: Any) -> Any:
    n, k = len(world.y), world.sizes[-1]
    P = np.asarray(P)
    return P if P.shape == (n, k) else P.T if P.shape == (k, n) else P.reshape(n, k)
