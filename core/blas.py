"""In-place vector arithmetic on flat arrays, through BLAS where it saves a pass over memory."""

from typing import Any

from scipy.linalg.blas import get_blas_funcs

from core.types import Array

_axpy: dict[Any, Any] = {}


def add_scaled(y: Array, a: float, x: Array) -> None:
    """y += a x in one pass, in place.

    Both are contiguous and of one dtype (float32, float64, complex64 or complex128); any shape. NumPy alone
    would write a x to memory and read it back, which costs three times as much on the large vectors here.
    """
    if y.dtype not in _axpy:
        _axpy[y.dtype] = get_blas_funcs("axpy", dtype=y.dtype)
    _axpy[y.dtype](x.reshape(-1), y.reshape(-1), a=a)
