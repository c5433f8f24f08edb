"""From the columns of a log to curves: what is drawn over what."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from core.types import Array
from lab.drawing.figure import Point
from lab.watch.columns import Measure, Split, Steps, role, steps
from lab.watch.log import Log

ORDER: tuple[Steps, ...] = ("update", "step", "iteration", "epoch")  # what is preferred as x
COVERS = 0.9  # of the rows have an x, or another column is taken
REPEATS = 1 / 3  # of the points of a column have the x of the one before: it does not tell them apart
STRETCHES = 4000  # of a curve: several for each dot of a terminal
WHOLE = 1.5  # an accuracy above it is in percent


class X(NamedTuple):
    """What the curves stand over. kind: "row" if the log counts nothing itself; values: one for each row."""

    name: str
    kind: Steps | Literal["row"]
    values: Array


@dataclass(frozen=True, eq=False)
class Series:
    """A column that is drawn. measure: None for one that was asked for by its name; at, values: its points (n,),
    accuracies as shares of one; percent: does the file give them in percent?"""

    column: str
    measure: Measure | None
    split: Split | None
    at: Array
    values: Array
    percent: bool = False

    def __len__(self) -> int:
        """How many points there are."""
        return len(self.at)

    @property
    def label(self) -> str:
        """The split, or what the column is called."""
        return self.split or self.column

    @property
    def points(self) -> list[Point]:
        """All of them."""
        return list(zip(self.at.tolist(), self.values.tolist(), strict=True))

    @cached_property
    def outline(self) -> tuple[Point, ...]:
        """What is drawn: of very many points the least and the largest of each short stretch, and those that are not
        finite."""
        step = len(self) // STRETCHES
        if step < 4:
            return tuple(self.points)
        whole = self.values[: STRETCHES * step].reshape(STRETCHES, step)
        below, above = (np.where(np.isfinite(whole), whole, end) for end in (np.inf, -np.inf))
        first = step * np.arange(STRETCHES)
        ends = [first + below.argmin(axis=1), first + above.argmax(axis=1), np.arange(STRETCHES * step, len(self))]
        kept = np.unique(np.concatenate([*ends, [0, len(self) - 1], np.flatnonzero(~np.isfinite(self.values))]))
        return tuple(zip(self.at[kept].tolist(), self.values[kept].tolist(), strict=True))

    @property
    def last(self) -> Point | None:
        """The last point, finite or not."""
        return self._point(-1) if len(self) else None

    @property
    def best(self) -> Point | None:
        """The first of the best points; None of a column that has no better and worse."""
        finite = np.isfinite(self.values)
        if not finite.any() or self.measure is None:
            return None
        values = self.values if self.measure != "accuracy" else -self.values
        return self._point(int(np.where(finite, values, np.inf).argmin()))

    @property
    def lost(self) -> float | None:
        """Where the first value stands that is not finite."""
        off = np.flatnonzero(~np.isfinite(self.values))
        return float(self.at[off[0]]) if len(off) else None

    def _point(self, place: int) -> Point:
        return float(self.at[place]), float(self.values[place])


@dataclass(frozen=True)
class Drawn:
    """All that is drawn of a log. others: the columns that are not."""

    x: X
    series: tuple[Series, ...]
    others: tuple[str, ...]


def drawn(log: Log, wanted: Sequence[str] = ()) -> Drawn:
    """The losses and accuracies of a log, and the columns that are wanted by name."""
    chosen = _chosen(log)
    x = _x(log, [*chosen, *wanted])
    series = [_series(log, x, name, *chosen[name]) for name in chosen]
    series += [_series(log, x, name, None, None) for name in dict.fromkeys(wanted) if name in log.columns]
    others = [name for name in log.columns if not (name in chosen or name in wanted or steps(name))]
    return Drawn(x, tuple(series), tuple(others))


def _chosen(log: Log) -> dict[str, tuple[Measure, Split | None]]:
    """One column for each measure and split: that whose name says least besides. A loss without a split that stands
    beside a validation loss is that of the training, as Keras writes it."""
    roles = {name: found for name in log.columns if (found := role(name))}
    best: dict[tuple[Measure, Split | None], str] = {}
    for name in sorted(roles, key=lambda name: roles[name].unknown):  # keeps the order of equals
        best.setdefault((roles[name].measure, roles[name].split), name)
    for measure, split in [place for place in best if place[1] is None]:
        if any(other[0] == measure and other[1] for other in best) and (measure, "train") not in best:
            best[measure, "train"] = best.pop((measure, split))
    measures: list[Measure] = ["loss", "cost", "accuracy"]
    splits: list[Split | None] = [None, "train", "validation", "test"]
    places = sorted(best, key=lambda place: (measures.index(place[0]), splits.index(place[1])))
    return {best[place]: place for place in places}


def _x(log: Log, names: Sequence[str]) -> X:
    for kind in ORDER:
        for name in log.columns:
            if steps(name) == kind:
                values = _dense(log, name)
                if _tells_apart(log, name, values, names):
                    return X(name, kind, values)
    return X("row", "row", np.arange(1.0, log.rows + 1))


def _dense(log: Log, name: str) -> Array:
    """The value of a column in each row, nan where there is none."""
    dense = np.full(log.rows, np.nan)
    column = log.columns[name]
    dense[_numbers(column.rows)] = _numbers(column.values)
    return dense


def _numbers(values: "array[int] | array[float]") -> Array:
    """The same numbers, without a copy that stays: the column must be free to grow."""
    return np.array(values)


def _tells_apart(log: Log, name: str, x: Array, names: Sequence[str]) -> bool:
    """Can the columns be drawn over this one? It is there in nearly all rows, does not stand still, and does not begin
    again with each epoch."""
    if np.isfinite(x).sum() < COVERS * log.rows:
        return False
    for column in (log.columns[each] for each in names if each in log.columns):
        at = x[_numbers(column.rows)]
        if np.sum(at[1:] == at[:-1]) > REPEATS * len(at):
            return False
    epochs = next((_dense(log, each) for each in log.columns if steps(each) == "epoch" and each != name), None)
    return epochs is None or not np.any((x[1:] < x[:-1]) & (epochs[1:] > epochs[:-1]))


def _series(log: Log, x: X, name: str, measure: Measure | None, split: Split | None) -> Series:
    column = log.columns[name]
    at, values = _in_order(x.values[_numbers(column.rows)], _numbers(column.values))
    percent = measure == "accuracy" and bool(np.any(np.isfinite(values) & (values > WHOLE)))
    return Series(name, measure, split, at, values / 100 if percent else values, percent)


def _in_order(at: Array, values: Array) -> tuple[Array, Array]:
    """The points by x. Where x goes back, a run was resumed or begun again: what stood there before is dropped."""
    finite = np.isfinite(at)
    at, values = at[finite], values[finite]
    falls = np.where(at[1:] < at[:-1], at[1:], np.inf)  # where it goes back to
    kept = at < np.append(np.minimum.accumulate(falls[::-1])[::-1], np.inf)[: len(at)]
    return at[kept], values[kept]
