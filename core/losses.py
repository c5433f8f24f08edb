"""The loss of a batch of logits, and its gradient."""

import numpy as np

from core.blas import row_sums
from core.types import Array, Labels, WorkArrays


class SoftmaxCrossEntropy:
    """loss = mean over the batch of -log p_y, with p = softmax(logits).

    Stable: the largest real part of each row is subtracted first, so large logits neither overflow nor become log 0.
    Complex logits work too (for the complex-step check).
    """

    def __init__(self) -> None:
        self.work = WorkArrays()

    def forward(self, logits: Array, y: Labels) -> Array:
        """The loss of each example, (n,), for logits (n, classes) and labels y (n,)."""
        self._p = p = self.work("p", logits.shape, logits.dtype)
        np.subtract(logits, np.maximum.reduce(logits.real, axis=1, keepdims=True), out=p)
        n, classes = p.shape
        self._picked = np.arange(0, n * classes, classes) + y  # the positions in p.ravel() of the labels' probabilities
        shifted = p.ravel()[self._picked]
        np.exp(p, out=p)
        total = row_sums(p)
        p /= total[:, None]
        losses: Array = np.log(total) - shifted
        return losses

    def backward(self, n: int | None = None) -> Array:
        """dloss/dlogits = (p - onehot(y)) / n of the last forward. Call it once per forward.

        n: the size of the batch, if these were only some of its rows.
        """
        p = self._p
        p.ravel()[self._picked] -= 1
        p /= n or len(p)
        return p


def softmax(logits: Array) -> Array:
    """Probabilities (n, classes) of logits (n, classes)."""
    p: Array = np.exp(logits - logits.real.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


def probabilities(logits: Array) -> Array:
    """softmax in float64, (n, classes). In float32, probabilities close to 1 would all be equal."""
    return softmax(logits.astype(np.float64))
