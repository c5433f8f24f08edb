"""Names for the kinds of array the core passes around."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 to train, float64 and complex128 to check
Labels = NDArray[np.intp]  # class indices, (n,)
Shape = tuple[int, ...]  # of one example: the number of examples is not part of it


def buffer(old: Array | None, shape: Shape, dtype: Any) -> Array:
    """`old` if it has this shape and dtype, otherwise a new uninitialised array. So layers allocate only when the
    shape of the batch changes."""
    if old is not None and old.shape == shape and old.dtype == dtype:
        return old
    return np.empty(shape, dtype)


def zeroed(old: Array | None, shape: Shape, dtype: Any) -> Array:
    """As buffer(), but new arrays are zero. For arrays with a border of zeros, of which only the inside is written."""
    new = buffer(old, shape, dtype)
    if new is not old:
        new.fill(0)
    return new
