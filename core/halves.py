"""A wide first dense layer in two halves of its inputs: nearly all the work of a dense network is there.

So two processes can compute them at the same time (core/helper). Where the inputs are cut depends on shapes alone, and
the first product is always added first: one process or two, the bits are the same.
"""

import copy
from collections.abc import Mapping

import numpy as np

from core.blas import column_sums
from core.divided import DividedObjective, Layout, Second
from core.layers import Dense, Flatten
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.types import Array, Labels

LARGE = 2_000_000  # multiplications: a product with fewer is not worth a cut
GATHERING = 16  # the rows of a batch are gathered in the time in which they are multiplied with this number of units
ROUND = 64  # a cut is at a multiple of it
FORWARD, BACKWARD = range(2)


def wide_layer(network: Network) -> Dense | None:
    """The dense layer that the inputs meet first, flattened or not; None if they meet something else."""
    first = next((layer for layer in network.layers if not isinstance(layer, Flatten)), None)
    return first if isinstance(first, Dense) else None


class HalvedObjective(DividedObjective):
    """An objective that computes the products with the rows of a batch, x W and dW = x^T dy, in two halves each.

    While a helper computes the second half of x W, the next rows are gathered, too: so the first half is smaller.
    """

    rounding = 5

    def __init__(self, network: Network, lambda_: float = 0.0, loss: SoftmaxCrossEntropy | None = None) -> None:
        super().__init__(network, lambda_, loss)
        wide = wide_layer(network)
        assert wide is not None, "the network has no dense layer at its beginning"
        self._wide = wide
        self._above = network.layers[network.layers.index(wide) + 1 :]

    @staticmethod
    def pays(network: Network, batch: int) -> bool:
        """Is the first layer of this network so wide that batches of this size are worth a cut?"""
        wide = wide_layer(network)
        return wide is not None and batch * wide.params["W"].size >= LARGE

    def forward(self, x: Array, y: Labels) -> complex:
        """See Objective."""
        self._x, h = x, self._product(x)
        for layer in self._above:
            h = layer.forward(h, train=True)
        losses = self.loss.forward(h, y)
        mean: complex = np.add.reduce(losses) / len(losses)
        return mean

    def backward(self) -> None:
        """See Objective."""
        dy: Array | None = self.loss.backward()
        for layer in reversed(self._above):
            assert dy is not None, "only the first layer with parameters may leave out dX"
            dy = layer.backward(dy)
        assert dy is not None
        self._weight_gradient(self._x, dy)

    def _product(self, x: Array) -> Array:
        """x W + b."""
        W, rows, work = self._wide.params["W"], x.reshape(len(x), -1), self._wide.work
        k = forward_cut(W)
        asked = self.ask(FORWARD, x)
        y = np.matmul(rows[:, :k], W[:k], out=work("y", (len(x), W.shape[1]), W.dtype))
        answer = self.answer(asked)
        y += answer["y"] if answer else np.matmul(rows[:, k:], W[k:], out=work("second", y.shape, y.dtype))
        if self._wide.bias:
            y += self._wide.params["b"]
        return y

    def _weight_gradient(self, x: Array, dy: Array) -> None:
        """dW = x^T dy, db = 1^T dy."""
        dW, rows = self._wide.grads["W"], x.reshape(len(x), -1)
        k = backward_cut(dW)
        asked = self.ask(BACKWARD, x, dy=dy)
        np.matmul(rows[:, :k].T, dy, out=dW[:k])
        if self._wide.bias:
            column_sums(dy, out=self._wide.grads["b"])
        if answer := self.answer(asked):
            dW[k:] = answer["dW"]
        else:
            np.matmul(rows[:, k:].T, dy, out=dW[k:])

    def second(self) -> Second:
        """See DividedObjective."""
        return SecondHalf(copy.deepcopy(self.network))

    def exchanged(self, x: Array) -> Layout:
        """See DividedObjective."""
        W = self._wide.params["W"]
        d, units = W.shape
        kind = W.dtype.str
        return {
            "y": ((len(x), units), kind),
            "dy": ((len(x), units), kind),
            "dW": ((d - backward_cut(W), units), kind),
        }


class SecondHalf(Second):
    """The products of the second half of the inputs."""

    def work(self, task: int, x: Array, arrays: Mapping[str, Array]) -> None:
        """See Second."""
        wide = wide_layer(self.network)
        assert wide is not None
        W, rows = wide.params["W"], x.reshape(len(x), -1)
        if task == FORWARD:
            k = forward_cut(W)
            np.matmul(rows[:, k:], W[k:], out=arrays["y"])
        else:
            k = backward_cut(W)
            np.matmul(rows[:, k:].T, arrays["dy"], out=arrays["dW"])


def forward_cut(W: Array) -> int:
    """The number of inputs in the first half of x W, for W (d, units): with the gathering, as much work as the rest."""
    d, units = W.shape
    blocks: int = round(d * (1 - GATHERING / units) / 2 / ROUND)
    return ROUND * max(0, blocks)


def backward_cut(W: Array) -> int:
    """The number of inputs in the first half of dW (d, units)."""
    return ROUND * round(len(W) / 2 / ROUND)
