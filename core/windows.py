"""Windows of images as rows of matrices, so that a convolution becomes products that are fast.

For the speed of core.convolution; a first reading may skip it.
"""

import threading
from math import gcd, prod
from typing import Any

import numpy as np

from core.types import Array, Shape

NARROW = 24  # inputs in a row of a kernel: below this, products row by row are too small to be fast
FEW = 32  # inputs in a kernel: below this, even products with whole windows are
SMALL = 1_000_000  # multiplications: up to this, OpenBLAS with AVX-512 multiplies without copying the factors before


def correlate(x: Array, W: Array, stride: int, out: Array) -> None:
    """out (n, rows, columns, m) = the sums over all windows of x (n, h, w, c) times W (size, size, c, m)."""
    n, m, size = len(out), W.shape[3], len(W)
    if size * W.shape[2] < NARROW:
        together = _together(W, out)
        V = np.zeros(_wide_shape(W, together, stride), W.dtype)
        for j in range(together):
            V[:, j * stride : j * stride + size, :, j] = W
        windows = _windows(x, V, stride, out)
        np.matmul(windows, V.reshape(windows.shape[2], -1), out=out.reshape(*windows.shape[:2], -1))
        return
    # One kernel row at a time: y[i] = the sum over p of (the windows of line stride i + p) W[p]
    rows = _rows(x, size, stride, out)
    y = out.reshape(n, -1, m)
    product = scratch("product", y.shape, y.dtype)
    for p in range(size):
        np.matmul(rows[p], W[p].reshape(-1, m), out=product if p else y)
        if p:
            y += product


def kernel_gradient(x: Array, dy: Array, stride: int, out: Array) -> None:
    """out (size, size, c, m) = the sum over all windows of x (n, h, w, c) of window times dy (n, rows, columns, m)."""
    size, _, c, m = out.shape
    if size * c < NARROW:
        together = _together(out, dy)
        V = np.empty(_wide_shape(out, together, stride), out.dtype)
        windows = _windows(x, V, stride, dy)
        parts = np.matmul(windows.transpose(0, 2, 1), dy.reshape(*windows.shape[:2], -1))
        np.add.reduce(parts, axis=0, out=V.reshape(parts.shape[1:]))
        np.copyto(out, V[:, :size, :, 0])
        for j in range(1, together):
            out += V[:, j * stride : j * stride + size, :, j]
        return
    rows = _rows(x, size, stride, dy)
    product = scratch("product", (len(x), size * c, m), dy.dtype)
    for p in range(size):
        np.matmul(rows[p].transpose(0, 2, 1), dy.reshape(len(x), -1, m), out=product)
        np.add.reduce(product, axis=0, out=out[p].reshape(-1, m))


# A kernel with very few inputs makes narrow products. So neighbouring windows of a line form one wide window, with a
# wide kernel V (size, width, c, together, m). V[..., j, :] holds W shifted right by j windows, and zeros elsewhere.
# With a few more inputs, windows stay alone (together = 1), and products are so small that BLAS need not copy.


def _together(W: Array, y: Array) -> int:
    return gcd(y.shape[2], 4) if prod(W.shape[:3]) < FEW else 1


def _wide_shape(W: Array, together: int, stride: int) -> Shape:
    size, _, c, m = W.shape
    return size, size + (together - 1) * stride, c, together, m


def _windows(x: Array, V: Array, stride: int, y: Array) -> Array:
    """All wide windows of x (n, h, w, c) as rows, in pieces: (pieces, windows of a piece, inputs), a work array."""
    size, width, c, together, _ = V.shape
    n, rows, columns, _ = y.shape
    image, line, pixel, number = x.strides
    shape = (n, rows, columns // together, size, width * c)
    strides = (image, stride * line, together * stride * pixel, line, number)
    windows = copied(x, shape, strides)
    if together > 1:
        return windows.reshape(1, -1, size * width * c)
    lines = max(k for k in range(1, rows + 1) if rows % k == 0 and (k == 1 or k * columns * V.size < SMALL))
    return windows.reshape(-1, lines * columns, size * width * c)


def _rows(x: Array, size: int, stride: int, y: Array) -> list[Array]:
    """For every row of the kernel, the inputs it is multiplied with: (n, rows * columns, size * c), views of a work
    array.

    Within a line of x (n, h, w, c), the pieces of `size` pixels overlap. Each piece is copied at once.
    """
    n, rows, columns, _ = y.shape
    h, c = x.shape[1], x.shape[3]
    image, line, pixel, number = x.strides
    lines = copied(x, (n, h, columns, size * c), (image, line, stride * pixel, number))
    return [lines[:, p::stride][:, :rows].reshape(n, rows * columns, size * c) for p in range(size)]


# Copies between windows and images. The last axis of a view is contiguous, and is copied like one number of that size
# ("void"): NumPy takes half as long as number by number. np.ndarray() makes a view in a tenth of as_strided's time.


def copied(x: Array, shape: Shape, strides: Shape) -> Array:
    """A work array with the values of the view of a contiguous x that has this shape and these strides."""
    copy = scratch("windows", shape, x.dtype)
    np.copyto(_runs(copy, shape, copy.strides), _runs(x, shape, strides))
    return copy


def put(values: Array, x: Array, strides: Shape) -> None:
    """Copy values, contiguous, into the view of a contiguous x that has their shape and these strides."""
    np.copyto(_runs(x, values.shape, strides), _runs(values, values.shape, values.strides))


def add(values: Array, x: Array, strides: Shape) -> None:
    """Add values to the view of x that has their shape and these strides, one window after the other: windows may
    overlap along the first two axes."""
    view = np.ndarray(values.shape, x.dtype, x, 0, strides)
    for i, j in np.ndindex(values.shape[:2]):
        view[i, j] += values[i, j]


def _runs(x: Array, shape: Shape, strides: Shape) -> Array:
    return np.ndarray(shape[:-1], np.dtype((np.void, shape[-1] * x.itemsize)), x, 0, strides[:-1])


_thread = threading.local()


def scratch(purpose: str, shape: Shape, dtype: Any) -> Array:
    """A work array of the calling thread that stays in its cache; valid until the thread asks for the next one."""
    size = prod(shape) * np.dtype(dtype).itemsize
    room: Array | None = getattr(_thread, purpose, None)
    if room is None or room.size < size:
        room = np.empty(size, np.uint8)
        setattr(_thread, purpose, room)
    scratch: Array = room[:size].view(dtype).reshape(shape)
    return scratch
