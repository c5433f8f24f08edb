"""Which examples make the next batch: shuffled indices, gathered rows."""

from collections.abc import Iterator

import numpy as np

from core.streams import generator_state, restore_generator
from core.types import Array, Labels, buffer


class Batches:
    """Endless shuffled batches of a split x (n, ...), y (n,).

    Each epoch is a new permutation, cut into n // size batches; what is left over takes part in other epochs.
    Indices are shuffled and rows gathered into one buffer, so what next() returns is valid until the next call.
    Raises ValueError if a batch is larger than the split.
    """

    def __init__(self, x: Array, y: Labels, size: int, rng: np.random.Generator) -> None:
        if not 1 <= size <= len(y):
            raise ValueError(f"a batch of {size} examples cannot be drawn from {len(y)}")
        self._x, self._y, self.size, self._rng = x, y, size, rng
        self.per_epoch = len(y) // size
        self._rows: Array | None = None
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._before = generator_state(self._rng)
        self._order = self._rng.permutation(len(self._y))
        self._position = 0

    def __iter__(self) -> Iterator[tuple[Array, Labels]]:
        return self

    def __next__(self) -> tuple[Array, Labels]:
        if self._position == self.per_epoch:
            self._begin_epoch()
        start = self._position * self.size
        index = self._order[start : start + self.size]
        self._position += 1
        self._rows = rows = buffer(self._rows, (self.size, *self._x.shape[1:]), self._x.dtype)
        # mode="clip" spares NumPy a copy it makes when an index might be out of range
        np.take(self._x, index, axis=0, out=rows, mode="clip")
        return rows, self._y[index]

    def state(self) -> dict[str, Array]:
        """The generator as it was before this epoch's permutation, and how many batches of it are gone."""
        return {"before": self._before, "position": np.array(self._position)}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue exactly where state() was taken."""
        restore_generator(self._rng, state["before"])
        self._begin_epoch()
        self._position = int(state["position"])
