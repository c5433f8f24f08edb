"""Layers of images: convolution and max-pooling of (n, h, w, channels), as in FMAN45 and CS231n.

The batch is processed in chunks of images that fit in the cache. A convolution shares its chunks among threads. The
chunks depend only on the shapes, and sums over chunks are taken in a fixed order, so the number of threads does not
change a single bit of the result.
"""

import threading
from collections.abc import Mapping
from math import gcd, prod
from typing import Any, Literal

import numpy as np

from core.blas import column_sums
from core.initialisers import Constant, He, Initialiser
from core.layers import Layer, Parameter
from core.threads import share
from core.types import Array, Shape, buffer, zeroed

CHUNK = 8  # images: enough work for one call, small enough for the cache
NARROW = 24  # inputs in a row of a kernel: below this, products row by row are too small to be fast
Padding = Literal["same", "valid"]


class Conv2D(Layer):
    """y[i, j] = b + sum over the window at (stride i, stride j) of x W: x (n, h, w, c), W (size, size, c, filters).

    As everywhere in deep learning this is a correlation: the kernel is not flipped. "valid" padding keeps the windows
    inside the image. "same" pads the image with zeros so that y has ceil(h / stride) rows and ceil(w / stride) columns.
    If the number of zeros is odd, the bottom and the right get one more.

    Windows are copied into a matrix, so that the sums become matrix products ("im2col": Chellapilla et al. 2006;
    CS231n).
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
        self._x: Array | None = None
        self._y: Array | None = None
        self._partial: Array | None = None
        self._dy: Array | None = None
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
        self._x = padded = zeroed(self._x, (n, top + h + bottom, left + w + right, c), W.dtype)
        inside = padded[:, top : top + h, left : left + w]
        self._y = y = buffer(self._y, (n, *self._out), W.dtype)
        line = None if b is None else np.tile(b, y.shape[2])  # faster to add to whole lines
        chunks = _chunks(n)

        def convolve(k: int) -> None:
            images = chunks[k]
            inside[images] = x[images]
            _correlate(padded[images], W, self.stride, out=y[images])
            if line is not None:
                lines = y[images].reshape(-1, len(line))
                lines += line

        share(len(chunks), convolve)
        return y

    def backward(self, dy: Array) -> Array | None:
        x = self._x
        assert x is not None, "call forward before backward"
        chunks = _chunks(len(dy))
        self._partial = partial = buffer(self._partial, (len(chunks), *self.params["W"].shape), dy.dtype)

        def differentiate(k: int) -> None:
            images = chunks[k]
            _kernel_gradient(x[images], dy[images], self.stride, out=partial[k])
            if dx is not None:
                inside[images] = dy[images]
                _correlate(spread[images], turned, 1, out=dx[images])

        dx = None
        if self.needs_input_gradient:
            spread, inside = self._spread_out(dy)
            turned = np.ascontiguousarray(self.params["W"][::-1, ::-1].swapaxes(2, 3))
            self._dx = dx = buffer(self._dx, (len(dy), *self._in), dy.dtype)
        share(len(chunks), differentiate)
        np.add.reduce(partial, axis=0, out=self.grads["W"])
        if self.bias:
            column_sums(dy.reshape(-1, self.filters), out=self.grads["b"])
        return dx

    def _spread_out(self, dy: Array) -> tuple[Array, Array]:
        """A buffer for dy with zeros around it and, for strides above 1, between; and the view of it that holds dy.

        dx is the correlation of this buffer with the kernel rotated by 180 degrees. x[i] meets W[p] in the window that
        starts at i - p, so dx[i] is the sum of dy[i - p] W[p] over p.
        """
        h, w, _ = self._in
        rows, columns, _ = self._out
        (top, _), (left, _) = self._border
        last = self.size - 1
        self._dy = spread = zeroed(self._dy, (len(dy), h + last, w + last, self.filters), dy.dtype)
        inside = spread[:, last - top :: self.stride, last - left :: self.stride]
        return spread, inside[:, :rows, :columns]


class MaxPool(Layer):
    """The maximum of every size x size window, `stride` apart; x (n, h, w, c), y (n, h', w', c).

    Rows and columns at the end that do not fill a window are ignored. On ties the first value in row-major order wins
    and gets the whole gradient. Complex numbers are compared by their real parts.

    One thread does all the work: the passes are so short that a second thread would cost more time than it saves.
    """

    def __init__(self, size: int = 2, stride: int | None = None) -> None:
        super().__init__()
        self.size = size
        self.stride = size if stride is None else stride
        if min(self.size, self.stride) < 1:
            raise ValueError(f"size and stride must be at least 1, not {self.size} and {self.stride}")
        self._y: Array | None = None
        self._winner: Array | None = None
        self._dx: Array | None = None

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
        self._y = y = buffer(self._y, (len(x), *self._out), x.dtype)
        self._winner = winner = buffer(self._winner, y.shape, np.min_scalar_type(self.size**2))
        for images in _chunks(len(x)):
            cells = _copy(self._cells(np.ascontiguousarray(x[images])))
            largest(cells.reshape(-1, *y[images].shape), y[images], winner[images])
        return y

    def backward(self, dy: Array) -> Array:
        winner = self._winner
        assert winner is not None, "call forward before backward"
        self._dx = dx = zeroed(self._dx, (len(dy), *self._in), dy.dtype)
        overlapping = self.stride < self.size
        if overlapping:
            dx.fill(0)
        for images in _chunks(len(dy)):
            cells = self._cells(dx[images])
            parts = _scratch("windows", cells.shape, dy.dtype)
            for k, (i, j) in enumerate(np.ndindex(self.size, self.size)):
                np.multiply(dy[images], winner[images] == k, out=parts[i, j])
                if overlapping:  # a pixel is in several windows
                    cells[i, j] += parts[i, j]
            if not overlapping:
                np.copyto(cells, parts)
        return dx

    def _cells(self, x: Array) -> Array:
        """A view of x (n, h, w, c), contiguous, by position in the window: (size, size, n, h', w', c)."""
        (rows, columns, c), (image, line, pixel, number) = self._out, x.strides
        shape = (self.size, self.size, len(x), rows, columns, c)
        return _view(x, shape, (line, pixel, image, self.stride * line, self.stride * pixel, number))

    def kinks(self) -> Array | None:
        return None if self._winner is None else self._winner.copy()


def largest(cells: Array, best: Array, place: Array) -> None:
    """best = the elementwise maximum of the cells (k, ...), place = its index. On ties the first index wins."""
    best[...], place[...] = cells[0], 0
    for number, cell in enumerate(cells[1:], 1):
        larger = cell.real > best.real
        np.maximum(place, larger * place.dtype.type(number), out=place)  # a choice without a branch
        if np.iscomplexobj(best):  # np.maximum would let the imaginary parts decide between equal real ones
            best[...] = np.where(larger, cell, best)
        else:
            np.maximum(best, cell, out=best)  # lets a nan through


def _chunks(n: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def _correlate(x: Array, W: Array, stride: int, out: Array) -> None:
    """out (n, rows, columns, m) = the sums over all windows of x (n, h, w, c) times W (size, size, c, m)."""
    n, m, size = len(out), W.shape[3], len(W)
    if size * W.shape[2] < NARROW:
        together = _together(out)
        V = np.zeros(_wide_shape(W, together, stride), W.dtype)
        for j in range(together):
            V[:, j * stride : j * stride + size, :, j] = W
        windows = _windows(x, V, stride, out)
        np.matmul(windows, V.reshape(windows.shape[1], -1), out=out.reshape(len(windows), -1))
        return
    # One kernel row at a time: y[i] = the sum over p of (the windows of line stride i + p) W[p]
    rows = _rows(x, size, stride, out)
    y = out.reshape(n, -1, m)
    product = _scratch("product", y.shape, y.dtype)
    for p in range(size):
        np.matmul(rows[p], W[p].reshape(-1, m), out=product if p else y)
        if p:
            y += product


def _kernel_gradient(x: Array, dy: Array, stride: int, out: Array) -> None:
    """out (size, size, c, m) = the sum over all windows of x (n, h, w, c) of window times dy (n, rows, columns, m)."""
    size, _, c, m = out.shape
    if size * c < NARROW:
        together = _together(dy)
        V = np.empty(_wide_shape(out, together, stride), out.dtype)
        windows = _windows(x, V, stride, dy)
        np.matmul(windows.T, dy.reshape(len(windows), -1), out=V.reshape(windows.shape[1], -1))
        np.copyto(out, V[:, :size, :, 0])
        for j in range(1, together):
            out += V[:, j * stride : j * stride + size, :, j]
        return
    rows = _rows(x, size, stride, dy)
    product = _scratch("product", (len(x), size * c, m), dy.dtype)
    for p in range(size):
        np.matmul(rows[p].transpose(0, 2, 1), dy.reshape(len(x), -1, m), out=product)
        np.add.reduce(product, axis=0, out=out[p].reshape(-1, m))


# A kernel with few inputs makes narrow products. So neighbouring windows of a line form one wide window, with a wide
# kernel V (size, width, c, together, m). V[..., j, :] holds W shifted right by j windows, and zeros elsewhere.


def _together(y: Array) -> int:
    return gcd(y.shape[2], 4)


def _wide_shape(W: Array, together: int, stride: int) -> Shape:
    size, _, c, m = W.shape
    return size, size + (together - 1) * stride, c, together, m


def _windows(x: Array, V: Array, stride: int, y: Array) -> Array:
    """All wide windows of x (n, h, w, c) as rows: (n * rows * columns / together, inputs), a work array."""
    size, width, c, together, _ = V.shape
    n, rows, columns, _ = y.shape
    image, line, pixel, number = x.strides
    shape = (n, rows, columns // together, size, width * c)
    view = _view(x, shape, (image, stride * line, together * stride * pixel, line, number))
    return _copy(view).reshape(-1, size * width * c)


def _rows(x: Array, size: int, stride: int, y: Array) -> list[Array]:
    """For every row of the kernel, the inputs it is multiplied with: (n, rows * columns, size * c), views of a work
    array.

    Within a line of x (n, h, w, c), the pieces of `size` pixels overlap. Each piece is copied at once.
    """
    n, rows, columns, _ = y.shape
    h, c = x.shape[1], x.shape[3]
    image, line, pixel, number = x.strides
    lines = _copy(_view(x, (n, h, columns, size * c), (image, line, stride * pixel, number)))
    return [lines[:, p::stride][:, :rows].reshape(n, rows * columns, size * c) for p in range(size)]


def _view(x: Array, shape: Shape, strides: tuple[int, ...]) -> Array:
    """as_strided for a contiguous x, in a tenth of the time."""
    return np.ndarray(shape, x.dtype, x, 0, strides)


def _copy(view: Array) -> Array:
    copy = _scratch("windows", view.shape, view.dtype)
    np.copyto(copy, view)
    return copy


_thread = threading.local()


def _scratch(purpose: str, shape: Shape, dtype: Any) -> Array:
    """A work array of the calling thread that stays in its cache; valid until the thread asks for the next one."""
    size = prod(shape) * np.dtype(dtype).itemsize
    room: Array | None = getattr(_thread, purpose, None)
    if room is None or room.size < size:
        room = np.empty(size, np.uint8)
        setattr(_thread, purpose, room)
    scratch: Array = room[:size].view(dtype).reshape(shape)
    return scratch
