"""Layers of sequences: convolutions over the characters of a name, and over the output of such a convolution.

A text is a row of indices into an alphabet, never a one-hot matrix, because the product of a one-hot vector and a
kernel is a row of the kernel. Convolutions are "valid": their windows stay inside the sequence.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from core.blas import column_sums
from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.one_hot import OneHotWindows
from core.types import Array, Shape

FEW = 64  # texts: up to this number, a forward without a backward builds no matrix


class Marks(Layer):
    """Writes a symbol before the first character of each text and another after the last: ^name$.

    So a filter can tell the beginning and the end of a name from its middle. x (n, length) holds integers: 0 ..
    symbols - 1 are characters, and `symbols` is padding, as in CharacterConv. y (n, length + 2) has two more symbols:
    `symbols` begins a text, symbols + 1 ends it, and symbols + 2 is padding. Padding between characters stays where it
    is. There is no dX, because indices have no derivative.
    """

    MORE = 2  # symbols in y than in x

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.symbols = symbols

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 1:
            raise ValueError(f"marks go around rows of indices, not around examples of shape {shape}")
        return (shape[0] + 2,), {}

    def forward(self, x: Array, train: bool) -> Array:
        n, length = x.shape
        begin, end, padding = self.symbols, self.symbols + 1, self.symbols + 2
        character = x != self.symbols
        y = self.work("y", (n, length + 2), x.dtype)
        y[:, 0], y[:, -1] = begin, padding
        y[:, 1:-1] = np.where(character, x, padding)
        last = np.max(character * np.arange(1, length + 1), axis=1)  # the place in y of the last character
        y[np.arange(n), last + 1] = end
        return y

    def backward(self, dy: Array) -> None:
        return None


class CharacterConv(Layer):
    """y[t] = b + sum over p of W[p, x[t + p]]: a convolution over one-hot characters, without the zeros.

    x (n, length) holds integers. 0 .. symbols - 1 are characters, and `symbols` pads short texts and adds nothing, like
    a column of zeros. "valid" padding keeps the windows inside the text; "full" also takes the windows that overlap its
    start or end by at least one character.

    With several sizes, each size has `filters` filters. W is (sum of sizes, symbols, filters), one size after the
    other; b is (number of sizes * filters,), and y (n, windows, number of sizes * filters). Windows of all sizes start
    at the same positions.

    The windows form a sparse matrix of ones, M, with one row per window and one 1 per position in it (see
    core/one_hot.py): y = M W, dW = M^T dy. There is no dX, because indices have no derivative. A forward of a few texts
    without a backward sums the formula directly, without M. That is as fast, and a name that somebody types does not
    have to wait until SciPy is loaded.
    """

    def __init__(
        self,
        filters: int,
        sizes: int | Sequence[int],
        symbols: int,
        padding: Literal["valid", "full"] = "valid",
        initialiser: Initialiser | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.filters = filters
        self.sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
        self.symbols = symbols
        self.padding = padding
        self.initialiser = initialiser or He()
        self.bias = bias
        if min(filters, symbols, *self.sizes) < 1:
            raise ValueError(
                f"filters, sizes and symbols must be at least 1, not {filters}, {self.sizes} and {symbols}"
            )

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 1:
            raise ValueError(f"a character convolution takes rows of indices, not examples of shape {shape}")
        widest = max(self.sizes)
        self._margin = widest - 1 if self.padding == "full" else 0
        self._windows = _windows(shape[0] + 2 * self._margin, widest)
        self._one_hot = OneHotWindows(self.sizes, self._windows, self.symbols + 1)
        # Only `size` of a window's size * symbols inputs are ones, so a unit sums `size` weights.
        kernel = Parameter((sum(self.sizes), self.symbols, self.filters), self.initialiser, fan_in=widest, decay=True)
        units = len(self.sizes) * self.filters
        bias = {"b": Parameter((units,), Constant(0.0))} if self.bias else {}
        return (self._windows, units), {"W": kernel, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        W, x = self.params["W"], self._padded(x)
        padded = self.work("W", (len(W), self.symbols + 1, self.filters), W.dtype)  # with zeros for the padding
        padded[:, :-1] = W
        if train or len(x) > FEW:
            self._M, self._MT = self._one_hot.matrices(x, W.dtype)
            products: Array = self._M @ padded.reshape(-1, self.filters)
        else:
            products = self._sums(x, padded)
        y = products.reshape(len(x), self._windows, -1)
        if self.bias:
            y += self.params["b"]
        return y

    def backward(self, dy: Array) -> None:
        dW: Array = self._MT @ dy.reshape(-1, self.filters)
        self.grads["W"][...] = dW.reshape(-1, self.symbols + 1, self.filters)[:, :-1]
        if self.bias:
            column_sums(dy.reshape(-1, dy.shape[-1]), out=self.grads["b"])

    def _sums(self, x: Array, W: Array) -> Array:
        """y without b, (n, windows, number of sizes, filters), by the formula; W has a row of zeros for the padding."""
        start = 0
        y = np.zeros((len(x), self._windows, len(self.sizes), self.filters), W.dtype)
        for k, size in enumerate(self.sizes):
            for p in range(size):
                y[:, :, k] += W[start + p, x[:, p : p + self._windows]]
            start += size
        return y

    def _padded(self, x: Array) -> Array:
        """The texts with padding on both sides for windows that overlap their ends."""
        n, length = x.shape
        inside = slice(self._margin, self._margin + length)
        padded = self.work("x", (n, length + 2 * self._margin), np.dtype(np.int32))
        padded[:, : self._margin] = padded[:, inside.stop :] = self.symbols
        padded[:, inside] = x
        return padded


class Conv1D(Layer):
    """y[t] = b + sum over p of x[t + p] W[p].

    x is (n, length, c), W (size, c, filters), y (n, length - size + 1, filters).
    """

    def __init__(self, filters: int, size: int, initialiser: Initialiser | None = None, bias: bool = True) -> None:
        super().__init__()
        if min(filters, size) < 1:
            raise ValueError(f"filters and size must be at least 1, not {filters} and {size}")
        self.filters = filters
        self.size = size
        self.initialiser = initialiser or He()
        self.bias = bias

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 2:
            raise ValueError(f"a 1-D convolution takes sequences of shape (length, c), not examples of shape {shape}")
        length, c = self._in = shape
        self._out = (_windows(length, self.size), self.filters)
        kernel = Parameter((self.size, c, self.filters), self.initialiser, fan_in=self.size * c, decay=True)
        bias = {"b": Parameter((self.filters,), Constant(0.0))} if self.bias else {}
        return self._out, {"W": kernel, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        W, n = self.params["W"], len(x)
        self._rows = rows = self.work("rows", (n, self._out[0], self.size * self._in[1]), W.dtype)
        y = self.work("y", (n, *self._out), W.dtype)
        _correlate(x, W, rows, out=y)
        if self.bias:
            y += self.params["b"]
        return y

    def backward(self, dy: Array) -> Array | None:
        np.matmul(_flat(self._rows).T, _flat(dy), out=self.grads["W"].reshape(-1, self.filters))
        if self.bias:
            column_sums(_flat(dy), out=self.grads["b"])
        return self._input_gradient(dy) if self.needs_input_gradient else None

    def _input_gradient(self, dy: Array) -> Array:
        # x[i] meets W[p] in window i - p, so dx[i] sums dy[i - p] W[p]^T: a convolution with the kernel reversed.
        n, (length, c), (windows, _), last = len(dy), self._in, self._out, self.size - 1
        padded = self.work("padded", (n, length + last, self.filters), dy.dtype)  # zeros around what is written
        padded[:, last : last + windows] = dy
        rows = self.work("rows of dy", (n, length, self.size * self.filters), dy.dtype)
        dx = self.work("dx", (n, length, c), dy.dtype)
        _correlate(padded, self.params["W"][::-1].swapaxes(1, 2), rows, out=dx)
        return dx


class MaxOverTime(Layer):
    """The maximum of every filter over the sequence: (n, length, c) -> (n, c). On ties the first value wins and gets
    the whole gradient. Complex numbers are compared by their real parts (Collobert et al. 2011, arXiv:1103.0398)."""

    def __init__(self) -> None:
        super().__init__()
        self._winner: Array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 2:
            raise ValueError(f"pooling over time takes sequences of shape (length, c), not examples of shape {shape}")
        return shape[1:], {}

    def forward(self, x: Array, train: bool) -> Array:
        self._shape = _, length, _ = x.shape
        last = length - 1
        highest: Array = np.maximum.reduce(x.real, axis=1)
        reached = x.real == highest[:, None]
        # Each position scores its distance from the end, so the first position that has the maximum scores most.
        countdown = np.arange(last, -1, -1, dtype=np.min_scalar_type(last))[:, None]
        self._winner = winner = (last - np.maximum.reduce(reached * countdown, axis=1)).astype(np.intp)
        return np.take_along_axis(x, winner[:, None], axis=1)[:, 0] if np.iscomplexobj(x) else highest

    def backward(self, dy: Array) -> Array:
        assert self._winner is not None, "call forward before backward"
        _, length, c = self._shape
        dx = self.work("dx", self._shape, dy.dtype)
        dx.fill(0)
        first = np.add.outer(np.arange(0, dx.size, length * c), np.arange(c))  # position 0 in the flat dx
        dx.reshape(-1)[first + c * self._winner] = dy  # one flat index: three would take twice as long
        return dx

    def kinks(self) -> Array | None:
        return None if self._winner is None else self._winner.copy()


def _windows(length: int, size: int) -> int:
    if size > length:
        raise ValueError(f"a window of {size} does not fit into a sequence of {length}")
    return length - size + 1


def _correlate(x: Array, W: Array, rows: Array, out: Array) -> None:
    """out (n, windows, m) = the windows of x (n, length, c) times W (size, c, m).

    `rows` (n, windows, size * c) is a work array for the windows.
    """
    # The vectors of a window are contiguous, so windows are overlapping slices of the sequence.
    whole = np.ascontiguousarray(x)
    np.copyto(rows, np.ndarray(rows.shape, x.dtype, whole, 0, whole.strides))
    np.matmul(_flat(rows), W.reshape(rows.shape[2], -1), out=_flat(out))


def _flat(x: Array) -> Array:
    """(n, windows, m) as (n * windows, m)."""
    return x.reshape(-1, x.shape[2])
