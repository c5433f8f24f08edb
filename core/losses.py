"""The loss of a batch of logits, and its gradient."""

import numpy as np

from core.blas import row_sums
from core.types import Array, Labels, WorkArrays


class SoftmaxCrossEntropy:
    """loss = mean over the batch of -sum over k of t_k log p_k, with p = softmax(logits) and targets t.

    Without label smoothing t is one-hot, and the loss of an example is -log p_y. With it t = (1 - s) onehot(y) + s / K:
    each of the K classes gets a share s / K, so that no logit has to grow without end (Szegedy et al. 2015,
    arXiv:1512.00567).

    With shares q of the classes among the examples, the softmax is that of logits + log q: the logits themselves answer
    as if all classes were equally common (logit adjustment, Menon et al. 2021, arXiv:2007.07314).

    label_smoothing: s, from 0 to below 1. Raises ValueError for another. shares: q (classes,), all above 0, or None.

    Stable: the largest real part of each row is subtracted first, so large logits neither overflow nor become log 0.
    Complex logits work too (for the complex-step check).
    """

    def __init__(self, label_smoothing: float = 0.0, shares: Array | None = None) -> None:
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label smoothing must be at least 0 and below 1, not {label_smoothing}")
        self.label_smoothing = label_smoothing
        self.shares = shares
        self.work = WorkArrays()

    def forward(self, logits: Array, y: Labels) -> Array:
        """The loss of each example, (n,), for logits (n, classes) and labels y (n,)."""
        self._p = p = self.work("p", logits.shape, logits.dtype)
        if self.shares is not None:
            logits = logits + np.log(self.shares).astype(logits.dtype)
        np.subtract(logits, np.maximum.reduce(logits.real, axis=1, keepdims=True), out=p)
        n, classes = p.shape
        self._picked = np.arange(0, n * classes, classes) + y  # the positions in p.ravel() of the labels' probabilities
        shifted = p.ravel()[self._picked]
        if s := self.label_smoothing:
            shifted = (1 - s) * shifted + s * row_sums(p) / classes
        np.exp(p, out=p)
        total = row_sums(p)
        p /= total[:, None]
        return np.asarray(np.log(total) - shifted)

    def backward(self, n: int | None = None) -> Array:
        """dloss/dlogits = (p - t) / n of the last forward. Call it once per forward.

        n: the size of the batch, if these were only some of its rows.
        """
        p = self._p
        p.ravel()[self._picked] -= 1 - self.label_smoothing
        if self.label_smoothing:
            p -= self.label_smoothing / p.shape[1]
        p /= n or len(p)
        return p


def softmax(logits: Array) -> Array:
    """Probabilities (n, classes) of logits (n, classes)."""
    p: Array = np.exp(logits - logits.real.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p
