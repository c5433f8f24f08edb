"""Layers of images: convolution and max-pooling of (n, h, w, channels), as in FMAN45 and CS231n.

The batch is worked through in chunks of images which threads share. What a chunk is follows from shapes alone, and
sums over chunks are taken in their order, so no bit of a result depends on the number of threads.
"""

import threading
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided

from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.threads import share
from core.types import Array, Shape, buffer

CHUNK = 4  # images in one thread's share
Padding = Literal["same", "valid"]


class Conv2D(Layer):
    """y[i, j] = b + sum over the window at (stride i, stride j) of x W: x (n, h, w, c), W (size, size, c, filters).

    As everywhere in deep learning this is a correlation: the kernel is not flipped. "valid" padding keeps the windows
    inside the image; "same" puts zeros around it so that y has ceil(h / stride) rows, ceil(w / stride) columns (where
    the zeros are odd in number, the bottom and the right get one more).

    Every window becomes a row of a matrix, "im2col", and the sum a matrix product (Chellapilla et al. 2006; CS231n).
    The bias is the weight of one more input that is always 1.
    """

    def __init__(
        self,
        filters: int,
        size: int,
        padding: Padding = "same",
        stride: int = 1,
        initialiser: Initialiser | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if min(filters, size, stride) < 1:
            raise ValueError(f"filters, size and stride are at least 1, not {filters}, {size} and {stride}")
        if padding not in ("same", "valid"):
            raise ValueError(f'padding is "same" or "valid", not {padding!r}')
        self.filters = filters
        self.size = size
        self.padding = padding
        self.stride = stride
        self.initialiser = initialiser or He()
        self.bias = bias
        self._padded: Array | None = None
        self._y: Array | None = None
        self._partial: Array | None = None
        self._spread: Array | None = None
        self._dx: Array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 3:
            raise ValueError(f"a convolution takes images of shape (h, w, channels), not examples of shape {shape}")
        *image, c = shape
        if self.padding == "valid" and self.size > min(image):
            raise ValueError(f'a "valid" convolution of size {self.size} does not fit into an image of shape {shape}')
        self._border = [self._zeros(length) for length in image]
        rows, columns = (
            (length + sum(zeros) - self.size) // self.stride + 1
            for length, zeros in zip(image, self._border, strict=True)
        )
        kernel = Parameter(
            (self.size, self.size, c, self.filters), self.initialiser, fan_in=self.size**2 * c, decay=True
        )
        bias = {"b": Parameter((self.filters,), Constant(0.0))} if self.bias else {}
        return (rows, columns, self.filters), {"W": kernel, **bias}

    def _zeros(self, length: int) -> tuple[int, int]:
        """How many zeros stand before and after a line of an image."""
        if self.padding == "valid":
            return 0, 0
        windows = -(-length // self.stride)
        zeros = max(0, (windows - 1) * self.stride + self.size - length)
        return zeros // 2, zeros - zeros // 2

    def forward(self, x: Array, train: bool) -> Array:
        n, h, w, c = x.shape
        (top, bottom), (left, right) = self._border
        W = self.params["W"]
        kernel = W.reshape(-1, self.filters)
        if self.bias:
            kernel = np.vstack([kernel, self.params["b"]])
        self._padded = padded = _zeroed(self._padded, (n, top + h + bottom, left + w + right, c), W.dtype)
        self._windows = windows = _windows(padded, self.size, self.stride)
        self._y = y = buffer(self._y, (*windows.shape[:3], self.filters), W.dtype)
        chunks = _chunks(n)

        def convolve(k: int) -> None:
            images = chunks[k]
            padded[images, top : top + h, left : left + w] = x[images]
            _correlate(windows[images], kernel, out=y[images])

        share(len(chunks), convolve)
        return y

    def backward(self, dy: Array) -> Array | None:
        """dW is the correlation of x with dy; dx that of dy with the kernel turned by half a circle."""
        assert self._padded is not None, "backward follows a forward"
        W, windows, chunks = self.params["W"], self._windows, _chunks(len(dy))
        inputs = W.size // self.filters
        self._partial = partial = buffer(self._partial, (len(chunks), inputs + self.bias, self.filters), dy.dtype)
        (top, bottom), (left, right) = self._border
        size, stride = self.size, self.stride
        n, rows, columns, _ = dy.shape
        h, w = self._padded.shape[1] - top - bottom, self._padded.shape[2] - left - right
        if self.needs_input_gradient:
            turned = W[::-1, ::-1].swapaxes(2, 3).reshape(-1, W.shape[2])
            self._dx = dx = buffer(self._dx, (n, h, w, W.shape[2]), dy.dtype)
            self._spread = spread = _zeroed(self._spread, (n, h + size - 1, w + size - 1, self.filters), dy.dtype)
            inner = spread[:, size - 1 - top :: stride, size - 1 - left :: stride][:, :rows, :columns]
            dwindows = _windows(spread, size, 1)

        def differentiate(k: int) -> None:
            images = chunks[k]
            matrix = _matrix(windows[images], ones=self.bias)
            np.matmul(matrix.T, dy[images].reshape(-1, self.filters), out=partial[k])
            if self.needs_input_gradient:
                inner[images] = dy[images]
                _correlate(dwindows[images], turned, out=dx[images])

        share(len(chunks), differentiate)
        np.add.reduce(partial[:, :inputs], axis=0, out=self.grads["W"].reshape(inputs, -1))
        if self.bias:
            np.add.reduce(partial[:, inputs], axis=0, out=self.grads["b"])
        return self._dx if self.needs_input_gradient else None


class MaxPool(Layer):
    """The largest of every window of size x size, stride apart; x (n, h, w, c), y (n, h', w', c).

    Rows and columns at the end that do not fill a window are left out. Of equals the first in row-major order wins
    and takes the whole gradient; of complex numbers the real parts decide.
    """

    def __init__(self, size: int = 2, stride: int | None = None) -> None:
        super().__init__()
        self.size = size
        self.stride = size if stride is None else stride
        if min(self.size, self.stride) < 1:
            raise ValueError(f"size and stride are at least 1, not {self.size} and {self.stride}")
        self._y: Array | None = None
        self._winner: Array | None = None
        self._dx: Array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 3:
            raise ValueError(f"pooling takes images of shape (h, w, channels), not examples of shape {shape}")
        h, w, c = shape
        if self.size > min(h, w):
            raise ValueError(f"a pooling window of size {self.size} does not fit into an image of shape {shape}")
        return ((h - self.size) // self.stride + 1, (w - self.size) // self.stride + 1, c), {}

    def forward(self, x: Array, train: bool) -> Array:
        n, h, w, c = x.shape
        self._shape = x.shape
        out, _ = self.build((h, w, c))
        self._y = y = buffer(self._y, (n, *out), x.dtype)
        self._winner = winner = buffer(self._winner, y.shape, np.min_scalar_type(self.size**2))
        chunks = _chunks(n)

        def pool(k: int) -> None:
            images = chunks[k]
            best, number = y[images], winner[images]
            first, *others = self._cells(x[images])
            best[...] = first
            number.fill(0)
            for i, cell in enumerate(others, start=1):
                larger = cell.real > best.real
                np.maximum(number, larger * number.dtype.type(i), out=number)
                _maximum(best, cell, larger)

        share(len(chunks), pool)
        return y

    def backward(self, dy: Array) -> Array:
        winner = self._winner
        assert winner is not None, "backward follows a forward"
        self._dx = dx = buffer(self._dx, self._shape, dy.dtype)
        chunks = _chunks(len(dy))

        def hand_back(k: int) -> None:
            images = chunks[k]
            dx[images] = 0
            for i, cell in enumerate(self._cells(dx[images])):
                cell += dy[images] * (winner[images] == i)

        share(len(chunks), hand_back)
        return dx

    def _cells(self, x: Array) -> list[Array]:
        """For every place in a window, in row-major order, what stands there in all windows: views."""
        assert self._y is not None
        size, stride = self.size, self.stride
        _, rows, columns, _ = self._y.shape
        return [x[:, i::stride, j::stride][:, :rows, :columns] for i in range(size) for j in range(size)]

    def kinks(self) -> Array | None:
        return None if self._winner is None else self._winner.copy()


def _maximum(best: Array, other: Array, larger: Array) -> None:
    """best = other where that is larger, in place; a nan on either side stays."""
    if np.iscomplexobj(best):  # np.maximum would let imaginary parts decide between equal real ones
        np.copyto(best, other, where=larger)
    else:
        np.maximum(best, other, out=best)


def _chunks(n: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def _zeroed(old: Array | None, shape: Shape, dtype: Any) -> Array:
    """As buffer(), but new arrays are zero: of an array with a border only the inside is ever written."""
    new = buffer(old, shape, dtype)
    if new is not old:
        new.fill(0)
    return new


def _windows(x: Array, size: int, stride: int) -> Array:
    """All windows of images x (n, h, w, c), without a copy: (n, rows, columns, size, size, c)."""
    n, h, w, c = x.shape
    shape = (n, (h - size) // stride + 1, (w - size) // stride + 1, size, size, c)
    image, row, column, channel = x.strides
    return as_strided(x, shape, (image, row * stride, column * stride, row, column, channel), writeable=False)


def _correlate(windows: Array, kernel: Array, out: Array) -> None:
    """out (n, rows, columns, m) = windows (n, rows, columns, size, size, c) times kernel (inputs, m).

    If the kernel has one input more than a window, that is the bias.
    """
    inputs, m = kernel.shape
    matrix = _matrix(windows, ones=inputs > np.prod(windows.shape[3:]))
    np.matmul(matrix, kernel, out=out.reshape(-1, m))


_thread = threading.local()


def _scratch(shape: Shape, dtype: Any) -> Array:
    """A work array of the calling thread, which stays in its cache; valid until the thread's next call."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if getattr(_thread, "room", _none).size < size:
        _thread.room = np.empty(size, np.uint8)
    scratch: Array = _thread.room[:size].view(dtype).reshape(shape)
    return scratch


_none = np.empty(0, np.uint8)


def _matrix(windows: Array, ones: bool) -> Array:
    """One row for every window: its numbers, and a one after them if asked for.

    What is copied in one go is a window's row, or the same place in all windows of an image's row; the matrix is laid
    out so that it is the longer of the two.
    """
    n, rows, columns, size, _, c = windows.shape
    count, inputs = n * rows * columns, size * size * c
    if size * c >= columns:
        matrix = _scratch((count, inputs + ones), windows.dtype)
        target = matrix[:, :inputs].reshape(n, rows, columns, size, size * c)
        target[...] = windows.reshape(target.shape)
    else:
        matrix = _scratch((inputs + ones, count), windows.dtype).T
        target = matrix.T[:inputs].reshape(size, size, c, n, rows, columns)
        target[...] = windows.transpose(3, 4, 5, 0, 1, 2)
    if ones:
        matrix[:, inputs] = 1
    return matrix
