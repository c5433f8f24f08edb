"""What `gradlab watch --json` prints."""

from math import isfinite
from typing import Literal, TypedDict

from lab.drawing.figure import Point
from lab.watch.columns import Measure, Split
from lab.watch.like import Like
from lab.watch.series import Drawn, Series
from lab.watch.sources import Source


class PointDocument(TypedDict):
    """A value and where it stands."""

    x: float
    value: float | None  # None: not finite


class SeriesDocument(TypedDict):
    """A column that is drawn."""

    column: str
    measure: Measure | None  # None of a column given with --column
    split: Split | None  # None where the name of the column does not say
    percent: bool  # accuracies are in percent in the file; here they are shares of one
    x: list[float]
    values: list[float | None]
    last: PointDocument | None
    best: PointDocument | None


class LikeDocument(TypedDict):
    """What the log is drawn against."""

    preset: str
    source: str  # in words: where the curves come from
    runs: list[str]  # paths of the saved runs behind the curves; [] if these came with Gradlab
    reported: dict[str, float]  # by split and measure, as in "test.accuracy"


class WatchDocument(TypedDict):
    """A log as it was read."""

    log: str  # its path
    kind: Literal["text", "events"] | None
    rows: int
    x: str  # the column that the curves stand over; "row" if there is none
    series: list[SeriesDocument]
    others: list[str]  # columns that are not drawn
    like: LikeDocument | None
    notes: list[str]


def notes(source: Source, drawn: Drawn) -> list[str]:
    """What is to be said of a log besides its values."""
    log = source.log
    said = [*log.notes]
    if log.skipped:
        rows = "1 line is no row" if log.skipped == 1 else f"{log.skipped:,} lines are no rows"
        said.append(f"{rows} of the table: skipped")
    for series in drawn.series:
        if series.lost is not None:
            said.append(f"{series.column} is not finite at {drawn.x.name} {series.lost:g}")
    if log.rows and not drawn.series:
        said.append("no column has a name that says loss, cost or accuracy")
    return said


def document(source: Source, drawn: Drawn, like: Like | None) -> WatchDocument:
    """All of it."""
    return {
        "log": source.name,
        "kind": source.kind,
        "rows": source.log.rows,
        "x": drawn.x.name,
        "series": [_described(series) for series in drawn.series],
        "others": list(drawn.others),
        "like": _source(like) if like else None,
        "notes": notes(source, drawn),
    }


def _described(series: Series) -> SeriesDocument:
    return {
        "column": series.column,
        "measure": series.measure,
        "split": series.split,
        "percent": series.percent,
        "x": series.at.tolist(),
        "values": [y if isfinite(y) else None for y in series.values.tolist()],
        "last": _point(series.last),
        "best": _point(series.best),
    }


def _point(point: Point | None) -> PointDocument | None:
    return point and {"x": point[0], "value": point[1] if isfinite(point[1]) else None}


def _source(like: Like) -> LikeDocument:
    return {
        "preset": like.preset.name,
        "source": like.source,
        "runs": [str(record.store.path) for record in like.runs],
        "reported": like.reported,
    }
