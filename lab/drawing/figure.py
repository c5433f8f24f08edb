"""What is drawn: curves over an x axis, and what stands behind and between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

Point = tuple[float, float]
Range = tuple[float, float, float]  # x, least y, largest y
SHORT = 3  # characters of a label that always has room


@dataclass(frozen=True)
class Curve:
    """A series of points. Where y is not finite, there is a gap.

    style: its place among the styles of a Look; label: its name, of which the first letter stands at its end where
    there is no room for all; joined: a line through the points, or a mark at each of them; band: the least and the
    largest y at some x, drawn behind in its colour.
    """

    points: tuple[Point, ...]
    style: int = 0
    label: str = ""
    joined: bool = True
    band: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Event:
    """Something that happened at x: a vertical line with a few words."""

    x: float
    text: str


@dataclass(frozen=True)
class Figure:
    """All that a plot shows.

    span: the ends of the x axis, None for what the curves need; band: what stands behind the curves, from the least to
    the largest y up to each x; references: horizontal lines; rings: points that are marked out; percent: are the values
    shares of one? x_title: what x is; band_name, reference_name: what stands of them below the plot; cursor: an x whose
    values are read, None for the last ones.
    """

    title: str = ""
    curves: tuple[Curve, ...] = ()
    span: tuple[float, float] | None = None
    references: tuple[float, ...] = ()
    log: bool = False
    percent: bool = False
    band: tuple[Range, ...] = ()
    events: tuple[Event, ...] = ()
    rings: tuple[Point, ...] = ()
    x_title: str = ""
    cursor: float | None = None
    band_name: str = ""
    reference_name: str = ""


def initial(label: str) -> str:
    """What stands for a label that has no room: its first letter. A number, or few characters, are never cut."""
    return label[0] if len(label) > SHORT and label[0].isalpha() else label


def named(figure: Figure) -> list[Curve]:
    """The curves that are told apart by name: not one that is called as the figure is."""
    return [curve for curve in figure.curves if curve.label not in ("", figure.title)]


def value(curve: Curve, x: float | None) -> Point | None:
    """The point of a curve nearest to x, or its last one; None if no point is finite."""
    points = [point for point in curve.points if isfinite(point[1])]
    if not points:
        return None
    return points[-1] if x is None else min(points, key=lambda point: abs(point[0] - x))


def reach(curves: Sequence[Curve]) -> tuple[float, float]:
    """From the least to the largest x of the curves."""
    xs = [x for curve in curves for x, _ in curve.points]
    return (min(xs), max(xs)) if xs else (0.0, 1.0)
