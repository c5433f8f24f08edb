"""What training minimises: the mean loss of a batch and an L2 penalty."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from core.blas import add_scaled
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.types import Array, Labels

# Evaluation takes this many bytes of rows at a time, so that what one layer writes is in the cache when the next reads
# it.
EVALUATION_BYTES = 2 << 20


class Evaluation(NamedTuple):
    """The result on a split: mean loss, cost (loss plus penalty) and the share of correct guesses."""

    loss: float
    cost: float
    accuracy: float


class Objective:
    """J(theta) = mean loss + lambda * sum of squared weights, as DD2424 defines its cost.

    The penalty covers weights only. Its gradient is 2 lambda W. Label smoothing and shares of classes (see core.losses)
    belong to the loss that training minimises, by default neither; an evaluation always gives the mean of -log p_y.
    """

    rounding = 3  # the version of the order in which a gradient is summed up: with another, other bits follow

    def __init__(self, network: Network, lambda_: float = 0.0, loss: SoftmaxCrossEntropy | None = None) -> None:
        self.network = network
        self.lambda_ = lambda_
        self.loss = loss or SoftmaxCrossEntropy()
        self._judging = SoftmaxCrossEntropy()

    def forward(self, x: Array, y: Labels) -> complex:
        """The mean loss of a batch, without the penalty, as a NumPy scalar of the network's dtype."""
        losses = self.loss.forward(self.network.forward(x, train=True), y)
        mean: complex = np.add.reduce(losses) / len(losses)
        return mean

    def backward(self) -> None:
        """Leave the gradient of the last forward() in network.grad, without the penalty's."""
        self.network.backward(self.loss.backward())

    def gradient(self, x: Array, y: Labels) -> complex:
        """Leave dJ/dtheta for a batch in network.grad; return its mean loss, without the penalty.

        If the loss is not finite, there is no gradient, and nothing changes.
        """
        loss = self.forward(x, y)
        if np.isfinite(loss):
            self.backward()
            self.add_penalty_gradient()
        return loss

    def penalty(self) -> complex:
        """lambda * sum W^2 over the weights (analytic: no absolute values)."""
        if not self.lambda_:
            return 0.0
        flat = (t.value.reshape(-1) for t in self.network.decayed())
        squares: complex = sum((w @ w).item() for w in flat)
        return self.lambda_ * squares

    def add_penalty_gradient(self) -> None:
        """grad += 2 lambda W, for the weights."""
        if self.lambda_:
            for tensor in self.network.decayed():
                add_scaled(tensor.grad, 2 * self.lambda_, tensor.value)

    def cost(self, x: Array, y: Labels) -> complex:
        """J of a batch as training sees it: what a gradient check differentiates."""
        return self.forward(x, y) + self.penalty()

    def evaluate(self, x: Array, y: Labels) -> Evaluation:
        """Loss, cost and accuracy of a whole split x (n, ...), y (n,)."""
        return self.judge(self.logits(x), y)

    def logits(self, x: Array) -> Array:
        """The logits (n, classes) of a whole split x (n, ...), computed in batches that fit the cache."""
        return np.concatenate([self.network.forward(x[rows]).copy() for rows in self._chunks(x)])

    def judge(self, logits: Array, y: Labels) -> Evaluation:
        """Loss, cost and accuracy of a split, from its logits (n, classes) and labels (n,)."""
        loss = float(self._judging.forward(logits, y).sum(dtype=np.float64)) / len(y)
        right = int(np.count_nonzero(logits.argmax(axis=1) == y))
        return Evaluation(loss, loss + float(self.penalty().real), right / len(y))

    def _chunks(self, x: Array) -> Iterator[slice]:
        """Slices of x that are evaluated at a time."""
        size = self.rows_at_once(x)
        return (slice(start, start + size) for start in range(0, len(x), size))

    def rows_at_once(self, x: Array) -> int:
        """The number of rows of x for which no layer reads or writes more than EVALUATION_BYTES."""
        return max(1, EVALUATION_BYTES // (self.network.widest * x.itemsize))
