"""Signs of why a network does not learn: the size of gradients and updates, and dead units."""

from dataclasses import dataclass

import numpy as np

from core.layers import ReLU
from core.network import Network
from core.types import Array, Shape


@dataclass(frozen=True)
class LayerHealth:
    """One layer of a network while it trains.

    Norms are root mean squares over the layer's parameters; None if it has none. `update_ratio` is the size of the last
    update relative to the parameters: near 1e-3 the layer learns well, near 1e-6 hardly at all. `dead` is the share of
    a ReLU's units (filters, after a convolution) that are active for none of the given examples; None for other layers.
    """

    layer: str
    output: Shape
    parameters: int
    weight: float | None
    gradient: float | None
    update_ratio: float | None
    dead: float | None


def layer_health(network: Network, x: Array, before: Array | None = None) -> list[LayerHealth]:
    """The health of every layer, in order.

    The gradient is that of the last backward(). x: examples (n, ...) for finding dead units; they go forward as in
    evaluation. before: theta before the last update; without it, update_ratio is None.
    """
    network.forward(x)
    rows = []
    end = 0
    for layer, summary in zip(network.layers, network.summary(), strict=True):
        start, end = end, end + summary.parameters
        theta, grad = network.theta[start:end], network.grad[start:end]
        weight = _rms(theta) if summary.parameters else None
        step = _rms(theta - before[start:end]) if before is not None and summary.parameters else None
        rows.append(
            LayerHealth(
                summary.layer,
                summary.output,
                summary.parameters,
                weight,
                _rms(grad) if summary.parameters else None,
                step / weight if weight and step is not None else None,
                _dead(layer) if isinstance(layer, ReLU) else None,
            )
        )
    return rows


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _dead(layer: ReLU) -> float:
    active = layer.kinks()
    return float(np.mean(~active.any(axis=tuple(range(active.ndim - 1)))))
