"""The windows of texts as a sparse matrix of ones, the MX matrices of DD2424's assignment on names.

For the speed of core.sequences; a first reading may skip it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.types import Array

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array


class OneHotWindows:
    """M and its transpose for batches of texts.

    M has a row per text, window and size, and a column per position of each size and symbol. Every row of a window of
    `size` characters holds `size` ones. The two matrices stay the same objects while the number of texts stays: both
    use one array of columns, which every batch overwrites.
    """

    def __init__(self, sizes: Sequence[int], windows: int, symbols: int) -> None:
        """sizes of the windows, which start at the same `windows` positions of a text; symbols: with padding."""
        self._sizes, self._windows, self._symbols = sizes, windows, symbols
        self._of: tuple[int, Any] | None = None

    def __reduce__(self) -> tuple[type["OneHotWindows"], tuple[Sequence[int], int, int]]:
        """A copy has no matrices: copies of them would not share their columns."""
        return OneHotWindows, (self._sizes, self._windows, self._symbols)

    def matrices(self, x: Array, dtype: Any) -> "tuple[csr_array, csc_array]":
        """M and M^T of texts x (n, length), int; valid until the next call."""
        if self._of != (len(x), dtype):
            self._make(len(x), dtype)
            self._of = len(x), dtype
        np.add(x[:, self._take], self._shift, out=self._columns)
        return self._M, self._MT

    def _make(self, n: int, dtype: Any) -> None:
        from scipy.sparse import csc_array, csr_array

        places = np.concatenate([np.arange(size) for size in self._sizes])
        self._take = np.add.outer(np.arange(self._windows), places).reshape(-1)
        self._shift = np.tile(np.arange(len(places), dtype=np.int32) * self._symbols, self._windows)
        self._columns = columns = np.zeros((n, len(self._take)), np.int32)
        starts = np.zeros(n * self._windows * len(self._sizes) + 1, np.int32)
        np.cumsum(np.tile(self._sizes, n * self._windows), out=starts[1:])
        parts = (np.ones(columns.size, dtype), columns.reshape(-1), starts)
        shape = len(starts) - 1, len(places) * self._symbols
        self._M, self._MT = csr_array(parts, shape, copy=False), csc_array(parts, shape[::-1], copy=False)
