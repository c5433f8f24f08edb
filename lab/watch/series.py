"""From the columns of a log to curves: what is drawn over what."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, nan
from typing import Literal, NamedTuple

from lab.drawing.figure import Point
from lab.watch.columns import Measure, Split, Steps, role, steps
from lab.watch.log import Log

ORDER: tuple[Steps, ...] = ("update", "step", "iteration", "epoch")  # what is preferred as x
COVERS = 0.9  # of the rows have an x, or another column is taken
REPEATS = 1 / 3  # of the points of a column have the x of the one before: it does not tell them apart
WHOLE = 1.5  # an accuracy above it is in percent


class X(NamedTuple):
    """What the curves stand over. kind: "row" if the log counts nothing itself; values: one for each row."""

    name: str
    kind: Steps | Literal["row"]
    values: Sequence[float]


@dataclass(frozen=True)
class Series:
    """A column that is drawn. measure: None for one that was asked for by its name; points: accuracies as shares of
    one; percent: does the file give them in percent?"""

    column: str
    measure: Measure | None
    split: Split | None
    points: tuple[Point, ...]
    percent: bool = False

    @property
    def label(self) -> str:
        """The split, or what the column is called."""
        return self.split or self.column

    @property
    def last(self) -> Point | None:
        """The last point, finite or not."""
        return self.points[-1] if self.points else None

    @property
    def best(self) -> Point | None:
        """The first of the best points; None of a column that has no better and worse."""
        finite = [point for point in self.points if isfinite(point[1])]
        if not finite or self.measure is None:
            return None
        choose = max if self.measure == "accuracy" else min
        return choose(finite, key=lambda point: point[1])


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
    return X("row", "row", range(1, log.rows + 1))


def _dense(log: Log, name: str) -> "array[float]":
    """The value of a column in each row, nan where there is none."""
    dense = array("d", [nan]) * log.rows
    column = log.columns[name]
    for row, value in zip(column.rows, column.values, strict=True):
        dense[row] = value
    return dense


def _tells_apart(log: Log, name: str, x: "array[float]", names: Sequence[str]) -> bool:
    """Can the columns be drawn over this one? It is there in nearly all rows, does not stand still, and does not begin
    again with each epoch."""
    if sum(map(isfinite, x)) < COVERS * log.rows:
        return False
    for column in (log.columns[each] for each in names if each in log.columns):
        same = sum(x[before] == x[after] for before, after in pairwise(column.rows))
        if same > REPEATS * len(column.rows):
            return False
    epochs = next((_dense(log, each) for each in log.columns if steps(each) == "epoch" and each != name), None)
    return epochs is None or not any(
        x[row] < x[row - 1] and epochs[row] > epochs[row - 1] for row in range(1, log.rows)
    )


def _series(log: Log, x: X, name: str, measure: Measure | None, split: Split | None) -> Series:
    column = log.columns[name]
    points = _in_order([(x.values[row], value) for row, value in zip(column.rows, column.values, strict=True)])
    percent = measure == "accuracy" and any(isfinite(y) and y > WHOLE for _, y in points)
    if percent:
        points = [(at, y / 100) for at, y in points]
    return Series(name, measure, split, tuple(points), percent)


def _in_order(points: Sequence[Point]) -> list[Point]:
    """The points by x. Where x goes back, a run was resumed or begun again: what stood there before is dropped."""
    kept: list[Point] = []
    for point in points:
        if not isfinite(point[0]):
            continue
        if kept and point[0] < kept[-1][0]:
            while kept and kept[-1][0] >= point[0]:
                kept.pop()
        kept.append(point)
    return kept
