"""Pixels to network inputs: out = (x - shift) / scale, with shift and scale fitted on the training part."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from data.errors import DataError

Rows = Callable[[slice], np.ndarray]  # computes the given rows of an array, float32, C-contiguous
Keep = Callable[[tuple[int, ...], Rows], np.ndarray]  # makes the array of that shape, in memory or in a file

WAYS = ("zscore", "mean-pixel", "unit", "none")

_ROWS = 256  # 256 * 255^2 < 2^24: float32 adds up to this many squared pixels without rounding


def check(how: str) -> None:
    """Raises DataError if `how` is not a known normalisation."""
    if how not in WAYS:
        raise DataError(f"normalise = {how!r} is not known; allowed: {', '.join(WAYS)}")


def fit(x: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Shift and scale, float32, that broadcast over images x of shape (n, h, w, c), uint8.

    "zscore": mean and standard deviation of every feature; the deviation of a constant feature counts as 1.
    "mean-pixel": the mean of every channel; values keep their scale of 0 to 255.
    "unit": 0 and 255. "none": 0 and 1.
    """
    check(how)
    shift, scale = np.zeros(1), np.ones(1)
    if how == "zscore":
        total, squares = _sums(x)
        shift = total / len(x)
        scale = np.sqrt(len(x) * squares - total**2) / len(x)
        scale[scale == 0] = 1
    elif how == "mean-pixel":
        total, _ = _sums(x)
        shift = total.sum(axis=(0, 1)) / (x.size // x.shape[3])
    elif how == "unit":
        scale = np.full(1, 255)
    return shift.astype(np.float32), scale.astype(np.float32)


def in_memory(shape: tuple[int, ...], rows: Rows) -> np.ndarray:
    """The array in ordinary memory."""
    out = np.empty(shape, np.float32)

    def fill(some: slice) -> None:
        out[some] = rows(some)

    for_all_rows(len(out), fill)
    return out


def for_all_rows(n: int, work: Callable[[slice], None]) -> None:
    """Call work(rows) for pieces of n rows, on all cores."""
    pieces = [slice(start, min(start + _ROWS, n)) for start in range(0, n, _ROWS)]
    with ThreadPoolExecutor() as pool:  # most of the time is spent on the first access to memory
        list(pool.map(work, pieces))


def apply(x: np.ndarray, shift: np.ndarray, scale: np.ndarray, keep: Keep = in_memory) -> np.ndarray:
    """(x - shift) / scale as a float32 array of x's shape, C-contiguous, made by `keep`."""

    def rows(some: slice) -> np.ndarray:
        out: np.ndarray = np.subtract(x[some], shift)
        out /= scale
        return out

    return keep(x.shape, rows)


def undo(x: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The pixels, uint8, that apply() turned into x. Exact, because the rounding is far below half a grey level."""
    pixels: np.ndarray = np.rint(x * scale + shift)
    return pixels.astype(np.uint8)


def _sums(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and sum of squares of every feature over the rows, int64, exact."""
    total = np.zeros(x.shape[1:], np.int64)
    squares = np.zeros(x.shape[1:], np.int64)
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS].astype(np.float32)
        total += rows.sum(axis=0).astype(np.int64)
        squares += np.square(rows, out=rows).sum(axis=0).astype(np.int64)
    return total, squares
