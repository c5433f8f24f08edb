"""What a diagnosis is made from, and what it says.

Rows are examples here, whatever the student's layout is: W is (inputs, outputs), b, gamma and beta are (outputs,).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.types import Array, Labels

Layers = tuple[dict[str, Array], ...]  # per layer "W", "b", "gamma", "beta": only those the student has


@dataclass(frozen=True)
class NetworkEvidence:
    """A student's network: the batch, the parameters the check stands at, and its cost and gradients anywhere else."""

    x: Array  # (n, d) float64
    y: Labels  # (n,)
    lambda_: float
    layers: Layers
    names: tuple[dict[str, str], ...]  # per layer: "W" -> the student's name of it
    cost: Callable[[Layers], float] | None  # None: the file has no cost
    gradients: Callable[[Layers], Layers]
    eps: tuple[float, ...] = ()  # small numbers in the file: one may be that of batch normalisation
    own_cost: bool = True  # is it the file's cost, and not one that stands in for it?


@dataclass(frozen=True)
class LayerEvidence:
    """A student's layer or loss function, run once, and to be run at other inputs.

    `inputs` holds the student's arrays in the student's layout under the names x, W, b, gamma, beta, y, and settings
    such as stride and pad where they are known. `gradients` gives dx under "x", dW under "W" and so on, of
    J = sum(cotangent * forward), or of the loss itself where `cotangent` is None.
    """

    kind: str  # a hint from its name: "dense", "relu", ..., "unknown"
    name: str
    inputs: Mapping[str, Any]
    cotangent: Array | None
    out: Array  # what forward gives for `inputs`; of a loss, the loss
    forward: Callable[[Mapping[str, Any]], Array]
    gradients: Callable[[Mapping[str, Any]], Mapping[str, Array]]
    names: Mapping[str, str] = field(default_factory=dict)  # "W" -> the student's name, where it is another


@dataclass(frozen=True)
class Cause:
    """One mistake whose gradient is the student's."""

    key: str  # short and stable: "relu-mask-missing"
    tensors: tuple[str, ...]  # the student's names of the tensors it makes wrong
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """What the code computes, and why its gradients are wrong."""

    reference: str  # "2 layers, ReLU, softmax cross entropy, 0.1 * sum W^2"; "" if the cost is none that is known
    causes: tuple[Cause, ...]  # none: the gradients are right, or nothing can be said


def is_single(arrays: Iterable[Array]) -> bool:
    """Were these numbers computed in float32, whatever they are kept in?"""
    flat = [np.asarray(a).reshape(-1) for a in arrays]
    kept = all(np.array_equal(a.astype(np.float32), a, equal_nan=True) for a in flat)
    return kept and any(np.any(a != np.round(a * 1024) / 1024) for a in flat)  # 0, 1 and 0.5 say nothing


def listed(words: tuple[str, ...] | list[str]) -> str:
    """'W1', 'W1 and b1', 'W1, b1 and W2'."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1] if words else ""]))
