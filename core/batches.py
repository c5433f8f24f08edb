"""Batches: a sampler draws the order of the examples, and their rows are gathered."""

from collections.abc import Iterator, Sequence

import numpy as np

from core.sampling import Sampler, plain
from core.streams import generator_state, restore_generator
from core.types import Array, Labels


class Batches:
    """Endless shuffled batches of a split x (n, ...), y (n,).

    The sampler draws the order of each epoch, by default a permutation. The order is cut into batches; a rest that
    fills no batch is left out of this epoch. Only indices are shuffled. Rows are gathered into two buffers in turn, so
    a batch is valid until the next call of next().
    Raises ValueError if a batch is larger than an epoch.
    """

    def __init__(
        self, x: Array, y: Labels, size: int, rng: np.random.Generator, sampler: Sampler | None = None
    ) -> None:
        self._x, self._y, self.size, self._rng = x, y, size, rng
        self._sampler = sampler or plain(y)
        self._draw()
        if not 1 <= size <= len(self._order):
            raise ValueError(f"a batch of {size} examples cannot be drawn from {len(self._order):,}")
        self.per_epoch = len(self._order) // size
        self.buffers = [np.empty((size, *x.shape[1:]), x.dtype) for _ in range(2)]
        self._position, self._prepared = 0, False

    def gather_into(self, buffers: Sequence[Array]) -> None:
        """Use these two arrays of the shape of a batch for the rows, from the next batch on."""
        self.buffers, self._prepared = list(buffers), False

    def prepare(self) -> None:
        """Gather the rows of the next batch of this epoch, if they are not there: call it where there is time."""
        if not self._prepared and self._position < self.per_epoch:
            # mode="clip": with other modes NumPy makes a copy, in case an index is out of range
            np.take(self._x, self._next_index(), axis=0, out=self.buffers[self._position % 2], mode="clip")
            self._prepared = True

    def _draw(self) -> None:
        self._before = generator_state(self._rng)
        self._order = self._sampler(self._rng)

    def _next_index(self) -> Labels:
        return self._order[self._position * self.size : (self._position + 1) * self.size]

    def __iter__(self) -> Iterator[tuple[Array, Labels]]:
        return self

    def __next__(self) -> tuple[Array, Labels]:
        if self._position == self.per_epoch:
            self._draw()
            self._position = 0
        self.prepare()
        rows, labels = self.buffers[self._position % 2], self._y[self._next_index()]
        self._position, self._prepared = self._position + 1, False
        return rows, labels

    def state(self) -> dict[str, Array]:
        """The state of the generator before it drew this epoch, and the number of batches used since."""
        return {"before": self._before, "position": np.array(self._position)}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue exactly where state() was taken."""
        restore_generator(self._rng, state["before"])
        self._draw()
        self._position, self._prepared = int(state["position"]), False
