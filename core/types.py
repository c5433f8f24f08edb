"""Names for the kinds of array the core passes around."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 to train, float64 and complex128 to check
Labels = NDArray[np.intp]  # class indices, (n,)
Shape = tuple[int, ...]  # of one example: the number of examples is not part of it


class WorkArrays:
    """Arrays that are used again, by name: nothing is allocated unless a shape changes. A copy begins without any."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def __call__(self, name: str, shape: Shape, dtype: Any) -> Array:
        """The array of this name: the one of the last call, as it was left, if it has this shape and dtype; otherwise a
        new one of zeros."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = np.zeros(shape, dtype)
        return array

    def __reduce__(self) -> tuple[type["WorkArrays"], tuple[()]]:
        return WorkArrays, ()
