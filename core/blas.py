"""Sums and in-place arithmetic through BLAS, where it is several times as fast as NumPy's own loops."""

from functools import lru_cache
from typing import Any

import numpy as np

from core.types import Array

_axpy: dict[Any, Any] = {}


def add_scaled(y: Array, a: float, x: Array) -> None:
    """y += a x in one pass, in place.

    Both are contiguous and of one dtype (float32, float64, complex64 or complex128); any shape. NumPy alone
    would write a x to memory and read it back, which costs three times as much on the large vectors here.
    Raises ValueError if y is not contiguous: a copy would be changed, and lost.
    """
    if not y.flags.c_contiguous:
        raise ValueError("only a contiguous array can be added to in place")
    if y.dtype not in _axpy:
        from scipy.linalg.blas import get_blas_funcs  # here, as it takes a fifth of a second to load

        _axpy[y.dtype] = get_blas_funcs("axpy", dtype=y.dtype)
    _axpy[y.dtype](x.reshape(-1), y.reshape(-1), a=a)


def column_sums(x: Array, out: Array | None = None) -> Array:
    """1^T x, the sum over examples: (m,) for x (n, m)."""
    sums: Array = np.matmul(_ones(len(x), x.dtype), x, out=out)
    return sums


def row_sums(x: Array) -> Array:
    """x 1, the sum of every row: (n,) for x (n, m)."""
    sums: Array = np.matmul(x, _ones(x.shape[1], x.dtype))
    return sums


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Array:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones
