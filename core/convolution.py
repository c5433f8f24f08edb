"""Layers of images: convolution and max-pooling of (n, h, w, channels), as in FMAN45 and CS231n.

The batch is processed in chunks of images that fit in the cache.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from core.blas import column_sums
from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.types import Array, Shape
from core.windows import add, copied, correlate, kernel_gradient, put, scratch

CHUNK = 8  # images: enough work for one call, small enough for the cache
Padding = Literal["same", "valid"]


class Conv2D(Layer):
    """y[i, j] = b + sum over the window at (stride i, stride j) of x W: x (n, h, w, c), W (size, size, c, filters).

    As everywhere in deep learning this is a correlation: the kernel is not flipped. "valid" padding keeps the windows
    inside the image. "same" pads the image with zeros so that y has ceil(h / stride) rows and ceil(w / stride) columns.
    If the number of zeros is odd, the bottom and the right get one more.

    Windows are copied into a matrix, so that the sums become matrix products ("im2col": Chellapilla et al. 2006;
    CS231n): see core/windows.py.
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
            raise ValueError(f"filters, size and stride must be at least 1, not {filters}, {size} and {stride}")
        if padding not in ("same", "valid"):
            raise ValueError(f'padding must be "same" or "valid", not {padding!r}')
        self.filters = filters
        self.size = size
        self.padding = padding
        self.stride = stride
        self.initialiser = initialiser or He()
        self.bias = bias

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
        self._in, self._out = shape, (rows, columns, self.filters)
        return self._out, {"W": kernel, **bias}

    def _zeros(self, length: int) -> tuple[int, int]:
        """The number of zeros before and after a line of an image."""
        if self.padding == "valid":
            return 0, 0
        windows = -(-length // self.stride)
        zeros = max(0, (windows - 1) * self.stride + self.size - length)
        return zeros // 2, zeros - zeros // 2

    def forward(self, x: Array, train: bool) -> Array:
        W, b = self.params["W"], self.params.get("b")
        (top, bottom), (left, right) = self._border
        n, h, w, c = x.shape
        self._x = padded = self.work("x", (n, top + h + bottom, left + w + right, c), W.dtype)  # the border is zeros
        inside = padded[:, top : top + h, left : left + w]
        y = self.work("y", (n, *self._out), W.dtype)
        line = None if b is None else np.tile(b, y.shape[2])  # faster to add to whole lines
        for images in _chunks(n):
            inside[images] = x[images]
            correlate(padded[images], W, self.stride, out=y[images])
            if line is not None:
                lines = y[images].reshape(-1, len(line))
                lines += line
        return y

    def backward(self, dy: Array) -> Array | None:
        chunks = _chunks(len(dy))
        partial = self.work("partial", (len(chunks), *self.params["W"].shape), dy.dtype)
        for images, dW in zip(chunks, partial, strict=True):
            kernel_gradient(self._x[images], dy[images], self.stride, out=dW)
        np.add.reduce(partial, axis=0, out=self.grads["W"])
        if self.bias:
            column_sums(dy.reshape(-1, self.filters), out=self.grads["b"])
        return self._input_gradient(dy) if self.needs_input_gradient else None

    def _input_gradient(self, dy: Array) -> Array:
        spread, inside = self._spread_out(dy)
        turned = np.ascontiguousarray(self.params["W"][::-1, ::-1].swapaxes(2, 3))
        dx = self.work("dx", (len(dy), *self._in), dy.dtype)
        for images in _chunks(len(dy)):
            inside[images] = dy[images]
            correlate(spread[images], turned, 1, out=dx[images])
        return dx

    def _spread_out(self, dy: Array) -> tuple[Array, Array]:
        """A work array for dy with zeros around it and, for strides above 1, between; and the view of it that holds dy.

        dx is the correlation of this array with the kernel rotated by 180 degrees. x[i] meets W[p] in the window that
        starts at i - p, so dx[i] is the sum of dy[i - p] W[p] over p.
        """
        h, w, _ = self._in
        rows, columns, _ = self._out
        (top, _), (left, _) = self._border
        last = self.size - 1
        spread = self.work("dy", (len(dy), h + last, w + last, self.filters), dy.dtype)
        inside = spread[:, last - top :: self.stride, last - left :: self.stride]
        return spread, inside[:, :rows, :columns]


class MaxPool(Layer):
    """The maximum of every size x size window, `stride` apart; x (n, h, w, c), y (n, h', w', c).

    Rows and columns at the end that do not fill a window are ignored. On ties the first value in row-major order wins
    and gets the whole gradient. Complex numbers are compared by their real parts.
    """

    def __init__(self, size: int = 2, stride: int | None = None) -> None:
        super().__init__()
        self.size = size
        self.stride = size if stride is None else stride
        if min(self.size, self.stride) < 1:
            raise ValueError(f"size and stride must be at least 1, not {self.size} and {self.stride}")
        self._winner: Array | None = None

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 3:
            raise ValueError(f"pooling takes images of shape (h, w, channels), not examples of shape {shape}")
        h, w, c = shape
        if self.size > min(h, w):
            raise ValueError(f"a pooling window of size {self.size} does not fit into an image of shape {shape}")
        self._in = shape
        self._out = ((h - self.size) // self.stride + 1, (w - self.size) // self.stride + 1, c)
        return self._out, {}

    def forward(self, x: Array, train: bool) -> Array:
        y = self.work("y", (len(x), *self._out), x.dtype)
        self._winner = winner = self.work("winner", y.shape, np.min_scalar_type(self.size**2))
        for images in _chunks(len(x)):
            some = np.ascontiguousarray(x[images])
            largest(copied(some, *self._cells(some)), y[images], winner[images])
        return y

    def backward(self, dy: Array) -> Array:
        winner = self._winner
        assert winner is not None, "call forward before backward"
        dx = self.work("dx", (len(dy), *self._in), dy.dtype)
        overlapping = self.stride < self.size
        if overlapping:
            dx.fill(0)
        for images in _chunks(len(dy)):
            shape, strides = self._cells(dx[images])
            parts = scratch("windows", shape, dy.dtype)
            for k, (i, j) in enumerate(np.ndindex(self.size, self.size)):
                np.multiply(dy[images], winner[images] == k, out=parts[i, j])
            if overlapping:  # a pixel is in several windows
                add(parts, dx[images], strides)
            else:
                put(parts, dx[images], strides)
        return dx

    def _cells(self, x: Array) -> tuple[Shape, Shape]:
        """Shape and strides of the view of x (n, h, w, c), contiguous, by position in the window: (size, size, n, h',
        w', c)."""
        (rows, columns, c), (image, line, pixel, number) = self._out, x.strides
        shape = (self.size, self.size, len(x), rows, columns, c)
        return shape, (line, pixel, image, self.stride * line, self.stride * pixel, number)

    def kinks(self) -> Array | None:
        return None if self._winner is None else self._winner.copy()


def largest(cells: Array, best: Array, place: Array) -> None:
    """best = the elementwise maximum of the cells (rows, columns, ...), place = its number, row by row; the first of
    equals wins. The cells are overwritten."""
    rows, columns = cells.shape[:2]
    places = np.zeros((rows, *place.shape), place.dtype)
    for column in range(1, columns):  # within each row, then between the best of the rows
        _duel(cells[:, 0], places, cells[:, column], place.dtype.type(column))
    for row in range(1, rows):
        _duel(cells[0, 0], places[0], cells[row, 0], places[row] + place.dtype.type(row * columns))
    best[...], place[...] = cells[0, 0], places[0]


def _duel(best: Array, place: Array, cell: Array, number: Array) -> None:
    """best, place = cell, number where the cell is larger. Numbers are larger than the places before them."""
    larger = cell.real > best.real
    np.maximum(place, larger * number, out=place)  # a choice without a branch
    if np.iscomplexobj(best):  # np.maximum would let the imaginary parts decide between equal real ones
        np.copyto(best, cell, where=larger)
    else:
        np.maximum(best, cell, out=best)  # lets a nan through


def _chunks(n: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
