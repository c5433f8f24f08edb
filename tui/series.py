"""Series of numbers that grow in bounded memory, and their smoothing."""

from collections.abc import Sequence
from math import isfinite

from lab.drawing.figure import Point, Range

STRETCHES = 200  # of a series in a plot


class Trace:
    """A value at every update, stored as the extremes and the mean of at most n stretches of updates.

    When there are too many stretches, neighbours are joined: memory stays as it is however long a run is, and a spike
    is never lost. One thread adds, another may read.
    """

    def __init__(self, stretches: int = STRETCHES) -> None:
        self._most = 2 * (stretches // 2)
        self._width = 1  # updates to a stretch
        self._filled = 0  # updates in the last one
        self._rows: list[tuple[int, float, float, float]] = []  # last update, low, high, sum

    def add(self, update: int, value: float) -> None:
        """The value of the next update; what is not finite counts, but is left out."""
        if not isfinite(value):
            return
        if self._filled == self._width or not self._rows:
            if len(self._rows) == self._most:
                self._rows = [_joined(*pair) for pair in zip(self._rows[::2], self._rows[1::2], strict=True)]
                self._width *= 2
            self._rows.append((update, value, value, value))
            self._filled = 1
        else:
            self._rows[-1] = _joined(self._rows[-1], (update, value, value, value))
            self._filled += 1

    def means(self) -> list[Point]:
        """The mean of every stretch, at its last update."""
        rows = self._rows[:]
        counts = [self._width] * (len(rows) - 1) + [self._filled]
        return [(row[0], row[3] / max(count, 1)) for row, count in zip(rows, counts, strict=False)]

    def ranges(self) -> list[Range]:
        """The least and the largest value of every stretch, at its last update."""
        return [(update, low, high) for update, low, high, _ in self._rows[:]]


def _joined(a: tuple[int, float, float, float], b: tuple[int, float, float, float]) -> tuple[int, float, float, float]:
    return b[0], min(a[1], b[1]), max(a[2], b[2]), a[3] + b[3]


def smooth(points: Sequence[Point], keep: float = 0.8) -> list[Point]:
    """An exponential moving average over the points, corrected for its start; `keep`: how much of the past counts."""
    average, weight = 0.0, 0.0
    result = []
    for x, y in points:
        average, weight = keep * average + (1 - keep) * y, keep * weight + (1 - keep)
        result.append((x, average / weight))
    return result
