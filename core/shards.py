"""A batch cut in two: each part has a copy of the network, and the two gradients are added.

So two processes can compute them at the same time (core/helper). The cut depends on shapes alone and the order of the
sum is fixed: one process or two, the bits are the same.
"""

import copy
from collections.abc import Mapping
from math import prod

import numpy as np

from core.divided import DividedObjective, Layout, Second
from core.layers import Dropout
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.streams import reseed
from core.types import Array, Labels

ROWS = 8  # a cut is at a multiple of it: products of other sizes are slower
LARGE = 5_000_000  # multiplications: with fewer, one process alone pays too much for calling everything twice
REUSED = 4  # multiplications per weight and example: so often weights are used in a network that is worth a cut


def multiplications(network: Network) -> int:
    """How many the forward pass of one example needs: each weight is used once at every position of the output."""
    outputs = {id(layer): row.output for layer, row in zip(network.layers, network.summary(), strict=True)}
    return sum(prod(outputs[id(t.layer)]) * t.value.size // t.value.shape[-1] for t in network.decayed())


def cut(n: int) -> int:
    """The row at which a batch of n is cut: the multiple of ROWS nearest to the middle."""
    return ROWS * max(1, round(n / (2 * ROWS)))


class ShardedObjective(DividedObjective):
    """An objective whose gradient is the sum of those of two shards of the batch.

    `network` computes the first shard, a copy of it on the same theta the second; or a helper does, meanwhile. Dropout
    draws the masks of the first shard from its stream, and before them the keys of the streams of the second.
    """

    rounding = 4

    def __init__(self, network: Network, lambda_: float = 0.0, loss: SoftmaxCrossEntropy | None = None) -> None:
        super().__init__(network, lambda_, loss)
        self._second: SecondShard | None = None

    @staticmethod
    def pays(network: Network, batch: int) -> bool:
        """Are batches of this size worth a cut?

        Every shard reads all weights and writes all of a gradient, so it pays where an example uses a weight many
        times, as in convolutions. Batch normalisation needs all rows of a batch.
        """
        work = multiplications(network)
        pays = work >= REUSED * network.theta.size and batch * work >= LARGE and batch >= 2 * ROWS
        return pays and not any(layer.state for layer in network.layers)

    def divided_gradient(self, x: Array, y: Labels) -> complex:
        """See DividedObjective."""
        n, k = len(x), cut(len(x))
        if not k < n:
            return super().divided_gradient(x, y)
        keys = draw_keys(self.network)
        asked = self.ask(0, x, y=y, keys=keys)
        loss = part(self, x[:k], y[:k], n)
        if answer := self.answer(asked):
            loss, grad = loss + answer["loss"][0], answer["grad"]
        else:
            second = self._on_same_theta()
            loss, grad = loss + second.gradient(x[k:], y[k:], n, keys), second.network.grad
        self.network.grad += grad
        self.add_penalty_gradient()
        return loss

    def second(self) -> "SecondShard":
        """See DividedObjective."""
        return SecondShard(copy.deepcopy(self.network), copy.deepcopy(self.loss))

    def exchanged(self, x: Array) -> Layout:
        """See DividedObjective."""
        kind = self.network.theta.dtype.str
        return {
            "grad": (self.network.theta.shape, kind),
            "y": ((len(x),), np.dtype(np.intp).str),
            "keys": ((len(dropouts(self.network)), 2), np.dtype(np.int64).str),
            "loss": ((1,), kind),
        }

    def _on_same_theta(self) -> "SecondShard":
        theta = self.network.theta
        if self._second is None or self._second.network.theta is not theta:
            self._second = self.second()
            self._second.bind({"theta": theta, "grad": np.zeros_like(theta)})
        return self._second


class SecondShard(Second):
    """The gradient of the second shard, by a network of its own."""

    def __init__(self, network: Network, loss: SoftmaxCrossEntropy) -> None:
        super().__init__(network)
        self._objective = Objective(network, loss=loss)
        for layer in dropouts(network):
            layer.rng = np.random.Generator(np.random.PCG64(0))

    def work(self, task: int, x: Array, arrays: Mapping[str, Array]) -> None:
        """See Second. There is one task."""
        n, k = len(x), cut(len(x))
        arrays["loss"][...] = self.gradient(x[k:], arrays["y"][k:], n, arrays["keys"])

    def gradient(self, x: Array, y: Labels, n: int, keys: Array) -> complex:
        """Leave what these rows of a batch of n add to the gradient; return what they add to the mean loss."""
        for layer, key in zip(dropouts(self.network), keys, strict=True):
            reseed(layer.rng, key)
        return part(self._objective, x, y, n)


def part(objective: Objective, x: Array, y: Labels, n: int) -> complex:
    """Leave in the network's grad what some rows of a batch of n add to the gradient; return what they add to its mean
    loss. Both without the penalty."""
    network = objective.network
    losses = objective.loss.forward(network.forward(x, train=True), y)
    network.backward(objective.loss.backward(n))
    share: complex = np.add.reduce(losses) / n
    return share


def draw_keys(network: Network) -> Array:
    """A key for each dropout layer of the second shard, from the layer's own stream: (layers, 2), int64."""
    keys = [layer.rng.integers(0, 1 << 62, 2) for layer in dropouts(network)]
    return np.array(keys, np.int64).reshape(-1, 2)


def dropouts(network: Network) -> list[Dropout]:
    """The layers that draw."""
    return [layer for layer in network.layers if isinstance(layer, Dropout)]
