"""Convolution and max-pooling as slow as the definition, for the gradient check to be tried on."""

import numpy as np

from core.initialisers import Constant, He
from core.layers import Layer, Parameter


class SlowConv(Layer):
    """3x3 "same" convolution of images (n, h, w, c); W is (3, 3, c, filters)."""

    def __init__(self, filters):
        super().__init__()
        self.filters = filters

    def build(self, shape):
        h, w, c = shape
        kernel = Parameter((3, 3, c, self.filters), He(), fan_in=9 * c, decay=True)
        return (h, w, self.filters), {"W": kernel, "b": Parameter((self.filters,), Constant(0.0))}

    def _windows(self, x):
        n, h, w, c = x.shape
        padded = np.zeros((n, h + 2, w + 2, c), x.dtype)
        padded[:, 1:-1, 1:-1] = x
        return padded, [(i, j, padded[:, i : i + h, j : j + w]) for i in range(3) for j in range(3)]

    def forward(self, x, train):
        self.x = x
        y = self.params["b"] + np.zeros((*x.shape[:3], self.filters), x.dtype)
        for i, j, window in self._windows(x)[1]:
            y = y + window @ self.params["W"][i, j]
        return y

    def backward(self, dy):
        _, windows = self._windows(self.x)
        padded, targets = self._windows(np.zeros_like(self.x))
        for (i, j, window), (_, _, target) in zip(windows, targets, strict=True):
            self.grads["W"][i, j] = np.einsum("nhwc,nhwf->cf", window, dy)
            target += dy @ self.params["W"][i, j].T
        self.grads["b"][...] = dy.sum((0, 1, 2))
        return padded[:, 1:-1, 1:-1]


class SlowMaxPool(Layer):
    """2x2 max-pooling of images (n, h, w, c) with even h and w."""

    def build(self, shape):
        h, w, c = shape
        return (h // 2, w // 2, c), {}

    def _cells(self, x):
        n, h, w, c = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)

    def forward(self, x, train):
        self.x = x
        cells = self._cells(x)
        self.largest = cells.real.argmax(-1)
        self.y = np.take_along_axis(cells, self.largest[..., None], -1)[..., 0]
        return self.y

    def kinks(self):
        return self.largest

    def hand_out(self, dcells):
        """The inverse of _cells."""
        n, h, w, c = self.x.shape
        return dcells.reshape(n, h // 2, w // 2, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, h, w, c)

    def backward(self, dy):
        return self.hand_out((np.arange(4) == self.largest[..., None]) * dy[..., None])
