"""Sums and in-place arithmetic with BLAS, where it is several times faster than NumPy's own loops."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from core.types import Array

_axpy: dict[Any, Any] = {}


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the with-block, BLAS uses one thread: more divide a product by their number, which changes the last bits
    of the sums."""
    import scipy.linalg.blas  # noqa: F401 - SciPy brings a BLAS of its own: loaded later, it would escape the limit
    from threadpoolctl import threadpool_limits  # here, as `gradlab names` does without it

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def add_scaled(y: Array, a: float, x: Array) -> None:
    """y += a x in one pass, in place.

    Both are contiguous, of any shape and of the same dtype (float32, float64, complex64 or complex128). NumPy alone
    would write a x to memory and read it back, which takes three times as long on the large vectors here.
    Raises ValueError if y is not contiguous, because BLAS would change a copy of it.
    """
    if not y.flags.c_contiguous:
        raise ValueError("only a contiguous array can be added to in place")
    if y.dtype not in _axpy:
        from scipy.linalg.blas import get_blas_funcs  # imported here because it takes 0.2 s to load

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
