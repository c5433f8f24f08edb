"""The networks students build: a forward pass that keeps everything, and the steps of the right backward pass.

    s = h W + b,  z = (s - mean) / sqrt(var + eps),  u = gamma z + beta,  h' = activation(u);  J = loss(scores)

Backward, G is dJ by the last thing computed; each step turns it into dJ by the thing before, or into a gradient.
A mistake is another function instead of one of these steps.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.activations import RELU, Activation
from lab.check.mistakes.evidence import Layers
from lab.check.mistakes.losses import CROSS_ENTROPY, Loss


@dataclass(frozen=True)
class Norm:
    """How scores are normalised: the eps under the root, and n - ddof as the divisor of the variance."""

    eps: float
    ddof: int = 0
    plain: bool = False  # every hidden layer is normalised, without gamma and beta


@dataclass(frozen=True)
class LayerTrace:
    """What the forward pass computes in one layer; rows are examples."""

    index: int
    last: bool
    tensors: Mapping[str, Array]
    h: Array  # what goes into the layer
    s: Array  # h W + b
    centred: Array  # s - mean
    var: Array
    inverse: Array  # 1 / sqrt(var + eps)
    z: Array | None  # s normalised; None without batch normalisation
    u: Array  # what goes into the activation
    out: Array

    @property
    def normed(self) -> bool:
        """Does this layer have batch normalisation?"""
        return self.z is not None


def scores(h: Array, tensors: Mapping[str, Array]) -> Array:
    """s = h W + b."""
    s: Array = h @ tensors["W"] + tensors.get("b", 0.0)
    return s


@dataclass(frozen=True)
class ReferenceNetwork:
    """A kind of network: what its depth and widths are is told by the parameters."""

    activation: Activation = RELU
    norm: Norm | None = None
    loss: Loss = CROSS_ENTROPY

    def forward(self, x: Array, layers: Layers, first: Array | None = None) -> tuple[LayerTrace, ...]:
        """All that is computed on the way to the scores, which are the last trace's `out`.

        `first` is x W + b of the first layer, where it is known already: the same in all networks.
        """
        traces: list[LayerTrace] = []
        h, s = x, scores(x, layers[0]) if first is None else first
        for index in range(len(layers)):
            traces.append(self.layer(h, s, layers, index))
            h = traces[-1].out
            s = s if traces[-1].last else scores(h, layers[index + 1])
        return tuple(traces)

    def layer(self, h: Array, s: Array, layers: Layers, index: int) -> LayerTrace:
        """One layer of the forward pass, from its input and its scores on."""
        tensors, last = layers[index], index == len(layers) - 1
        u, z = s, None
        centred = s - s.mean(axis=0)
        norm = self.norm or Norm(0.0)
        var = (centred**2).sum(axis=0) / (len(s) - norm.ddof)
        inverse = 1 / np.sqrt(np.maximum(var + norm.eps, 1e-300))
        if self.norm and ("gamma" in tensors or "beta" in tensors or (norm.plain and not last)):
            z = centred * inverse
            u = tensors.get("gamma", 1.0) * z + tensors.get("beta", 0.0)
        return LayerTrace(
            index, last, tensors, h, s, centred, var, inverse, z, u, u if last else self.activation.value(u)
        )


@dataclass(frozen=True)
class Pass:
    """One forward pass with its labels: all that a step of the backward pass may look at."""

    network: ReferenceNetwork
    traces: tuple[LayerTrace, ...]
    y: Labels
    scale: float = 1.0  # J = scale * mean loss + penalty

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(self.y)


# The steps of the right backward pass: from G behind a step to G before it


def output(p: Pass) -> Array:
    """dJ by the scores, (n, K)."""
    return p.scale * p.network.loss.gradient(p.traces[-1].out, p.y)


def activation(G: Array, t: LayerTrace, p: Pass) -> Array:
    """dJ/du from dJ/dh'."""
    return G if t.last else G * p.network.activation.slope(t.u)


def normalisation(G: Array, t: LayerTrace, p: Pass) -> Array:
    """dJ/ds from dJ/du."""
    return normalisation_with(G, t, p)


def normalisation_with(
    G: Array,
    t: LayerTrace,
    p: Pass,
    *,
    gamma: Array | float | None = None,
    mean_path: float = 1.0,
    variance_path: Array | float = 1.0,
    centred: Array | None = None,
    inverse: Array | None = None,
    divisor: float | None = None,
) -> Array:
    """dJ/ds from dJ/du, with any part replaced: mean_path and variance_path multiply the terms through mean and
    variance, `divisor` is the n - ddof of the variance."""
    if t.z is None:
        return G
    norm = p.network.norm or Norm(0.0)
    gamma = t.tensors.get("gamma", 1.0) if gamma is None else gamma
    inverse = t.inverse if inverse is None else inverse
    z = (t.centred if centred is None else centred) * inverse
    g = G * gamma
    through_variance = z * (g * z).sum(axis=0) / (divisor or p.n - norm.ddof)
    back: Array = inverse * (g - mean_path * g.mean(axis=0) - variance_path * through_variance)
    return back


def through(G: Array, t: LayerTrace, p: Pass) -> Array:
    """dJ/dh from dJ/ds."""
    back: Array = G @ t.tensors["W"].T
    return back


# The gradients, from G where they are computed: dJ/ds for W and b, dJ/du for gamma and beta


def weights(G: Array, t: LayerTrace) -> Array:
    """dJ/dW."""
    out: Array = t.h.T @ G
    return out


def bias(G: Array, t: LayerTrace) -> Array:
    """dJ/db, or dJ/dbeta."""
    out: Array = G.sum(axis=0)
    return out


def scale(G: Array, t: LayerTrace) -> Array:
    """dJ/dgamma."""
    assert t.z is not None
    out: Array = (G * t.z).sum(axis=0)
    return out


GRADIENTS: dict[str, Callable[[Array, LayerTrace], Array]] = {"W": weights, "b": bias, "gamma": scale, "beta": bias}


def backward(p: Pass) -> Iterator[tuple[LayerTrace, Array, Array]]:
    """From the last layer to the first: its trace, dJ/du and dJ/ds."""
    G = output(p)
    for t in reversed(p.traces):
        at_u = activation(G, t, p)
        at_s = normalisation(at_u, t, p)
        yield t, at_u, at_s
        G = through(at_s, t, p)


def gradients(p: Pass) -> Layers:
    """The right gradients of scale * mean loss, without a penalty."""
    found = [
        {role: GRADIENTS[role](at_u if role in ("gamma", "beta") else at_s, t) for role in t.tensors}
        for t, at_u, at_s in backward(p)
    ]
    return tuple(reversed(found))


def sizes(p: Pass) -> list[float]:
    """For each layer the largest sum of |G| at the scores: how large the gradient of b is if nothing cancels. Before
    batch normalisation all of it does, and what is left is rounding."""
    return [float(np.abs(at_s).sum(axis=0).max()) for _, _, at_s in backward(p)][::-1]
