"""A batch cut in two: each part has a copy of the network, and the two gradients are added.

So two processes can compute them at the same time (core/helper). The cut depends on shapes alone and the order of the
sum is fixed: one process or two, the bits are the same.
"""

import copy
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from core.layers import Dropout
from core.network import Network
from core.objective import Objective
from core.streams import reseed
from core.types import Array, Labels

if TYPE_CHECKING:
    from core.helper.process import Helper

ROWS = 8  # a cut is at a multiple of it: products of other sizes are slower
LARGE = 5_000_000  # multiplications: with fewer, one process alone pays too much for calling everything twice
REUSED = 4  # multiplications per weight and example: so often weights are used in a network that is worth a cut


def objective_of(network: Network, lambda_: float, batch: int, label_smoothing: float = 0.0) -> Objective:
    """The objective for batches of this size: in shards where that pays.

    Every shard reads all weights and writes all of a gradient, so it pays where an example uses a weight many times, as
    in convolutions. Batch normalisation needs all rows of a batch.
    """
    work = multiplications(network)
    pays = work >= REUSED * network.theta.size and batch * work >= LARGE and batch >= 2 * ROWS
    if pays and not any(layer.state for layer in network.layers):
        return ShardedObjective(network, lambda_, label_smoothing)
    return Objective(network, lambda_, label_smoothing)


def multiplications(network: Network) -> int:
    """How many the forward pass of one example needs: each weight is used once at every position of the output."""
    outputs = {id(layer): row.output for layer, row in zip(network.layers, network.summary(), strict=True)}
    return sum(prod(outputs[id(t.layer)]) * t.value.size // t.value.shape[-1] for t in network.decayed())


def cut(n: int) -> int:
    """The row at which a batch of n is cut: the multiple of ROWS nearest to the middle."""
    return ROWS * max(1, round(n / (2 * ROWS)))


class ShardedObjective(Objective):
    """An objective whose gradient is the sum of those of two shards of the batch.

    `network` computes the first shard, a copy of it on the same theta the second; or a helper does, meanwhile. Dropout
    draws the masks of the first shard from its stream, and before them the keys of the streams of the second.
    """

    rounding = 2
    helper: "Helper | None" = None

    def __init__(self, network: Network, lambda_: float = 0.0, label_smoothing: float = 0.0) -> None:
        super().__init__(network, lambda_, label_smoothing)
        self._second: SecondShard | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> Objective:
        """The plain objective: its gradient is the same but for rounding."""
        return Objective(copy.deepcopy(self.network, memo), self.lambda_, self.loss.label_smoothing)

    def gradient(self, x: Array, y: Labels) -> complex:
        """See Objective. If the loss is not finite, there is no gradient."""
        n, k = len(x), cut(len(x))
        if not k < n:
            return super().gradient(x, y)
        keys = draw_keys(self.network)
        asked = self.helper is not None and self.helper.ask(x, y, keys)
        loss = self.part(x[:k], y[:k], n)
        answer = self.helper.answer() if self.helper is not None and asked else None
        if answer is None:
            second = self._on_same_theta()
            answer = second.gradient(x[k:], y[k:], n, keys), second.network.grad
        self.network.grad += answer[1]
        self.add_penalty_gradient()
        return loss + answer[0]

    def logits(self, x: Array) -> Array:
        """See Objective. A helper computes every second chunk of the rows."""
        chunks, parts = list(self._chunks(x)), []
        while chunks:
            own = chunks.pop(0)
            asked = self.helper is not None and bool(chunks) and self.helper.ask_logits(x[chunks[0]])
            parts.append(self.network.forward(x[own]).copy())
            answer = self.helper.logits() if self.helper is not None and asked else None
            if answer is not None:
                parts.append(answer.copy())
                chunks.pop(0)
        return np.concatenate(parts)

    def _on_same_theta(self) -> "SecondShard":
        if self._second is None or self._second.network.theta is not self.network.theta:
            self._second = SecondShard(
                copy.deepcopy(self.network),
                self.network.theta,
                np.zeros_like(self.network.theta),
                self.loss.label_smoothing,
            )
        return self._second


class SecondShard:
    """A network of its own for the second shard: on this theta, with this gradient."""

    def __init__(self, network: Network, theta: Array, grad: Array, label_smoothing: float) -> None:
        network.bind(theta, grad)
        self.network, self._objective = network, Objective(network, label_smoothing=label_smoothing)
        for layer in dropouts(network):
            layer.rng = np.random.Generator(np.random.PCG64(0))

    def gradient(self, x: Array, y: Labels, n: int, keys: Array) -> complex:
        """Leave what these rows of a batch of n add to the gradient; return what they add to the mean loss."""
        for layer, key in zip(dropouts(self.network), keys, strict=True):
            reseed(layer.rng, key)
        return self._objective.part(x, y, n)


def draw_keys(network: Network) -> Array:
    """A key for each dropout layer of the second shard, from the layer's own stream: (layers, 2), int64."""
    keys = [layer.rng.integers(0, 1 << 62, 2) for layer in dropouts(network)]
    return np.array(keys, np.int64).reshape(-1, 2)


def dropouts(network: Network) -> list[Dropout]:
    """The layers that draw."""
    return [layer for layer in network.layers if isinstance(layer, Dropout)]
