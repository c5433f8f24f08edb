"""Several small networks side by side in one: each learns by itself, and together they give the mean of their logits.

Networks that begin with other weights make other mistakes, and these cancel in part (Hansen and Salamon 1990).
"""

from collections.abc import Mapping

import numpy as np

from core.blas import row_sums
from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.losses import SoftmaxCrossEntropy
from core.types import Array, Labels, Shape


class Ensemble(Layer):
    """The last layers of M members, z[m] = x[:, m::M] W[m] + b[m]: every M-th input belongs to the same member.

    x is (n, d), where M divides d; W (M, d / M, classes), b (M, classes). In training the output is the logits of every
    member, (n, M, classes), so that each has a loss of its own; otherwise it is their mean, (n, classes).
    If the layers before it mix no inputs of different members, the members are networks of their own.
    """

    def __init__(self, members: int, classes: int, initialiser: Initialiser | None = None, bias: bool = True) -> None:
        super().__init__()
        if min(members, classes) < 1:
            raise ValueError(f"members and classes must be at least 1, not {members} and {classes}")
        self.members = members
        self.classes = classes
        self.initialiser = initialiser or He()
        self.bias = bias

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 1 or shape[0] % self.members:
            raise ValueError(f"{self.members} members cannot share inputs of shape {shape} equally")
        d = shape[0] // self.members
        weights = Parameter((self.members, d, self.classes), self.initialiser, fan_in=d, decay=True)
        bias = {"b": Parameter((self.members, self.classes), Constant(0.0))} if self.bias else {}
        return (self.classes,), {"W": weights, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        n, d = x.shape
        self._x = self.work("x", (self.members, n, d // self.members), x.dtype)
        self._x[...] = x.reshape(n, -1, self.members).transpose(2, 0, 1)
        z = np.matmul(self._x, self.params["W"])
        if self.bias:
            z += self.params["b"][:, None]
        return z.transpose(1, 0, 2) if train else np.asarray(z.mean(axis=0))

    def backward(self, dy: Array) -> Array:
        n = len(dy)
        dz = np.ascontiguousarray(dy.transpose(1, 0, 2))
        np.matmul(self._x.transpose(0, 2, 1), dz, out=self.grads["W"])
        if self.bias:
            np.sum(dz, axis=1, out=self.grads["b"])
        dx = np.matmul(dz, self.params["W"].transpose(0, 2, 1))
        return np.asarray(dx.transpose(1, 2, 0).reshape(n, -1))


class EnsembleLoss(SoftmaxCrossEntropy):
    """The mean of the losses of the members, for their logits (n, members, classes) in training."""

    def forward(self, logits: Array, y: Labels) -> Array:
        """See SoftmaxCrossEntropy."""
        n, members, classes = self._shape = logits.shape
        losses = super().forward(logits.reshape(-1, classes), np.repeat(y, members))
        return np.asarray(row_sums(losses.reshape(n, members)) / members)

    def backward(self, n: int | None = None) -> Array:
        """See SoftmaxCrossEntropy."""
        dlogits = super().backward(n or self._shape[0])
        dlogits /= self._shape[1]
        return dlogits.reshape(self._shape)
