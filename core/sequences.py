"""Layers of sequences: convolutions over the characters of a name, and over what such a convolution gives.

A text is a row of indices into an alphabet, never a one-hot matrix: the product of a one-hot vector and a kernel is a
row of the kernel. Convolutions are "valid": they keep the windows inside the sequence.
"""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csc_array, csr_array

from core.blas import column_sums
from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.types import Array, Shape, buffer


class CharacterConv(Layer):
    """y[t] = b + sum over p of W[p, x[t + p]]: a convolution over one-hot characters, without the zeros.

    x (n, length) holds integers: 0 .. symbols - 1 stand for characters, and `symbols` pads short texts: it
    adds nothing, as a column of zeros would. W is (size, symbols, filters), b (filters,) and y
    (n, length - size + 1, filters).

    The windows make a sparse matrix of ones, M, a row for each and in it `size` columns (the MX matrices of DD2424's
    assignment on names): y = M W, dW = M^T dy. There is no dX: indices have no neighbours.
    """

    def __init__(
        self, filters: int, size: int, symbols: int, initialiser: Initialiser | None = None, bias: bool = True
    ) -> None:
        super().__init__()
        if min(filters, size, symbols) < 1:
            raise ValueError(f"filters, size and symbols are at least 1, not {filters}, {size} and {symbols}")
        self.filters = filters
        self.size = size
        self.symbols = symbols
        self.initialiser = initialiser or He()
        self.bias = bias
        self._W: Array | None = None
        self._columns: Array | None = None
        self._M: csr_array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 1:
            raise ValueError(f"a character convolution takes rows of indices, not examples of shape {shape}")
        self._windows = _windows(*shape, self.size)
        # Of a window's size * symbols inputs just `size` are ones: a unit sums that many weights.
        kernel = Parameter((self.size, self.symbols, self.filters), self.initialiser, fan_in=self.size, decay=True)
        bias = {"b": Parameter((self.filters,), Constant(0.0))} if self.bias else {}
        return (self._windows, self.filters), {"W": kernel, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        W = self.params["W"]
        self._W = padded = buffer(self._W, (self.size, self.symbols + 1, self.filters), W.dtype)
        padded[:, :-1], padded[:, -1] = W, 0
        y: Array = self._matrix(x, W.dtype) @ padded.reshape(-1, self.filters)
        if self.bias:
            y += self.params["b"]
        return y.reshape(len(x), self._windows, self.filters)

    def _matrix(self, x: Array, dtype: np.dtype) -> csr_array:
        """M (windows of all texts, size * (symbols + 1)); the last symbol of each place is the padding."""
        rows = len(x) * self._windows
        if self._columns is None or self._M is None or self._M.shape[0] != rows or self._M.dtype != dtype:
            place = np.arange(self.size)
            self._take = (np.arange(self._windows)[:, None] + place).reshape(-1)
            self._shift = np.tile(place * (self.symbols + 1), self._windows).astype(np.int32)
            self._columns = columns = np.zeros((len(x), len(self._take)), np.int32)
            ones, starts = np.ones(columns.size, dtype), np.arange(0, columns.size + 1, self.size, dtype=np.int32)
            parts, shape = (ones, columns.reshape(-1), starts), (rows, self.size * (self.symbols + 1))
            self._M = csr_array(parts, shape, copy=False)
            self._MT = csc_array(parts, shape[::-1], copy=False)
        np.add(x[:, self._take], self._shift, out=self._columns)
        return self._M

    def backward(self, dy: Array) -> None:
        dy = dy.reshape(-1, self.filters)
        dW: Array = self._MT @ dy
        self.grads["W"][...] = dW.reshape(self.size, self.symbols + 1, self.filters)[:, :-1]
        if self.bias:
            column_sums(dy, out=self.grads["b"])


class Conv1D(Layer):
    """y[t] = b + sum over p of x[t + p] W[p].

    x is (n, length, c), W (size, c, filters), y (n, length - size + 1, filters).
    """

    def __init__(self, filters: int, size: int, initialiser: Initialiser | None = None, bias: bool = True) -> None:
        super().__init__()
        if min(filters, size) < 1:
            raise ValueError(f"filters and size are at least 1, not {filters} and {size}")
        self.filters = filters
        self.size = size
        self.initialiser = initialiser or He()
        self.bias = bias
        self._x: Array | None = None
        self._y: Array | None = None
        self._dy: Array | None = None
        self._spread: Array | None = None
        self._dx: Array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 2:
            raise ValueError(f"a 1-D convolution takes sequences of shape (length, c), not examples of shape {shape}")
        length, c = shape
        self._windows = _windows(length, self.size)
        kernel = Parameter((self.size, c, self.filters), self.initialiser, fan_in=self.size * c, decay=True)
        bias = {"b": Parameter((self.filters,), Constant(0.0))} if self.bias else {}
        return (self._windows, self.filters), {"W": kernel, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        W = self.params["W"]
        self._x = windows = _unfold(x, self.size, self._x)
        self._y = y = buffer(self._y, (len(windows), self.filters), W.dtype)
        np.matmul(windows, W.reshape(-1, self.filters), out=y)
        if self.bias:
            y += self.params["b"]
        return y.reshape(len(x), self._windows, self.filters)

    def backward(self, dy: Array) -> Array | None:
        x, W, last = self._x, self.params["W"], self.size - 1
        assert x is not None, "backward follows a forward"
        rows = dy.reshape(-1, self.filters)
        np.matmul(x.T, rows, out=self.grads["W"].reshape(-1, self.filters))
        if self.bias:
            column_sums(rows, out=self.grads["b"])
        if not self.needs_input_gradient:
            return None
        # x[i] met W[p] in window i - p, so dx[i] sums dy[i - p] W[p]^T: a convolution with p running backwards.
        n, c = len(dy), W.shape[1]
        self._dy = padded = buffer(self._dy, (n, self._windows + 2 * last, self.filters), dy.dtype)
        padded[:, :last], padded[:, last : last + self._windows], padded[:, last + self._windows :] = 0, dy, 0
        self._spread = windows = _unfold(padded, self.size, self._spread)
        self._dx = dx = buffer(self._dx, (len(windows), c), dy.dtype)
        np.matmul(windows, W[::-1].swapaxes(1, 2).reshape(-1, c), out=dx)
        return dx.reshape(n, -1, c)


class MaxOverTime(Layer):
    """The largest of every filter over the sequence: (n, length, c) -> (n, c). Of equals the first wins and takes the
    whole gradient; of complex numbers the real parts decide (Collobert et al. 2011, arXiv:1103.0398)."""

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 2:
            raise ValueError(f"pooling over time takes sequences of shape (length, c), not examples of shape {shape}")
        return shape[1:], {}

    def forward(self, x: Array, train: bool) -> Array:
        self._shape = x.shape
        self._winner: Array = x.real.argmax(axis=1)
        y: Array = np.take_along_axis(x, self._winner[:, None], axis=1)[:, 0]
        return y

    def backward(self, dy: Array) -> Array:
        dx = np.zeros(self._shape, dy.dtype)
        np.put_along_axis(dx, self._winner[:, None], dy[:, None], axis=1)
        return dx

    def kinks(self) -> Array:
        return self._winner


def _windows(length: int, size: int) -> int:
    if size > length:
        raise ValueError(f"a window of {size} does not fit into a sequence of {length}")
    return length - size + 1


def _unfold(x: Array, size: int, old: Array | None) -> Array:
    """All windows of x (n, length, c) as rows, (n * windows, size * c), in the buffer `old` if it fits."""
    n, length, c = x.shape
    windows = length - size + 1
    rows = buffer(old, (n * windows, size * c), x.dtype)
    # The vectors of a window lie one behind the other: windows are overlapping pieces of the sequence.
    whole = np.ascontiguousarray(x)
    np.copyto(rows.reshape(n, windows, -1), np.ndarray((n, windows, size * c), x.dtype, whole, 0, whole.strides))
    return rows
