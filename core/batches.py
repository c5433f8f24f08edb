"""The next batch: indices in the order a sampler drew them, gathered rows."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from core.sampling import Sampler, plain
from core.streams import generator_state, restore_generator
from core.threads import Job, in_background
from core.types import Array, Labels

# Fewer bytes than this are gathered before another thread has woken up.
SHARED_BYTES = 100_000


class Batches:
    """Endless shuffled batches of a split x (n, ...), y (n,).

    Each epoch is a new draw of the sampler, by default a permutation; it is cut into batches, and what is left over
    takes part in other epochs. Indices are shuffled and rows gathered, the next ones while these are used, into two
    buffers in turn: what next() returns is valid until the next call.
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
        self._buffers = [np.empty((size, *x.shape[1:]), x.dtype) for _ in range(2)]
        self._go_to(0)

    def _draw(self) -> None:
        self._before = generator_state(self._rng)
        self._order = self._sampler(self._rng)

    def _go_to(self, position: int) -> None:
        """The next batch is this one of the epoch, whose rows are gathered from now on, or none."""
        self._position = position
        if position < self.per_epoch:
            self._wait_for_rows = self._gather()

    def _next_index(self) -> Labels:
        return self._order[self._position * self.size : (self._position + 1) * self.size]

    def _gather(self) -> Job:
        """Begin to gather the next rows beside other work; the function returned waits for them."""
        index, rows = self._next_index(), self._buffers[self._position % 2]
        # mode="clip" spares NumPy a copy it makes when an index might be out of range
        gather = partial(np.take, self._x, index, axis=0, out=rows, mode="clip")
        return in_background(gather) if rows.nbytes > SHARED_BYTES else gather

    def __iter__(self) -> Iterator[tuple[Array, Labels]]:
        return self

    def __next__(self) -> tuple[Array, Labels]:
        if self._position == self.per_epoch:
            self._draw()
            self._go_to(0)
        self._wait_for_rows()
        rows, labels = self._buffers[self._position % 2], self._y[self._next_index()]
        self._go_to(self._position + 1)
        return rows, labels

    def state(self) -> dict[str, Array]:
        """The generator as it was before this epoch was drawn, and how many batches of it are gone."""
        return {"before": self._before, "position": np.array(self._position)}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue exactly where state() was taken."""
        restore_generator(self._rng, state["before"])
        self._draw()
        self._go_to(int(state["position"]))
