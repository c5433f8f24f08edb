"""Which examples make the next batch: shuffled indices, gathered rows."""

from collections.abc import Iterator

import numpy as np

from core.streams import generator_state, restore_generator
from core.threads import Job, in_background
from core.types import Array, Labels


class Batches:
    """Endless shuffled batches of a split x (n, ...), y (n,).

    Each epoch is a new permutation, cut into n // size batches; what is left over takes part in other epochs.
    Indices are shuffled and rows gathered, the next ones while these are used, into two buffers in turn: what next()
    returns is valid until the next call.
    Raises ValueError if a batch is larger than the split.
    """

    def __init__(self, x: Array, y: Labels, size: int, rng: np.random.Generator) -> None:
        if not 1 <= size <= len(y):
            raise ValueError(f"a batch of {size} examples cannot be drawn from {len(y)}")
        self._x, self._y, self.size, self._rng = x, y, size, rng
        self.per_epoch = len(y) // size
        self._buffers = [np.empty((size, *x.shape[1:]), x.dtype) for _ in range(2)]
        self._begin_epoch()

    def _begin_epoch(self, position: int = 0) -> None:
        self._before = generator_state(self._rng)
        self._order = self._rng.permutation(len(self._y))
        self._position = position
        self._wait_for_rows = self._gather()

    def _next_index(self) -> Labels:
        return self._order[self._position * self.size : (self._position + 1) * self.size]

    def _gather(self) -> Job:
        """Begin to gather the next rows beside other work; the function returned waits for them."""
        index, rows = self._next_index(), self._buffers[self._position % 2]
        # mode="clip" spares NumPy a copy it makes when an index might be out of range
        return in_background(lambda: np.take(self._x, index, axis=0, out=rows, mode="clip"))

    def __iter__(self) -> Iterator[tuple[Array, Labels]]:
        return self

    def __next__(self) -> tuple[Array, Labels]:
        if self._position == self.per_epoch:
            self._begin_epoch()
        self._wait_for_rows()
        rows, labels = self._buffers[self._position % 2], self._y[self._next_index()]
        self._position += 1
        if self._position < self.per_epoch:
            self._wait_for_rows = self._gather()
        return rows, labels

    def state(self) -> dict[str, Array]:
        """The generator as it was before this epoch's permutation, and how many batches of it are gone."""
        return {"before": self._before, "position": np.array(self._position)}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue exactly where state() was taken."""
        restore_generator(self._rng, state["before"])
        self._begin_epoch(int(state["position"]))
