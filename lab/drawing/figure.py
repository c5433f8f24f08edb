"""What is drawn: curves over an x axis, and what stands behind and between them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite

Point = tuple[float, float]
Range = tuple[float, float, float]  # x, least y, largest y
SHORT = 3  # characters of a word that always has room
WORD = re.compile(r"(?<!\w)[+-]?\d[\w.+-]*|[^\s/,-]+")  # of a label: a number, or what stands between spaces and signs


@dataclass(frozen=True)
class Curve:
    """A series of points. Where y is not finite, there is a gap.

    style: its place among the styles of a Look; label: its name, of which the first letter stands at its end where
    there is no room for all; joined: a line through the points, or a mark at each of them; band: the least and the
    largest y at some x, drawn behind in a paler colour.
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
    the largest y up to each x; references: horizontal lines; rings: points that are marked out; percent: are the
    values shares of one? x_title: what x is; whole: is x a whole number? band_name, reference_name: what stands of
    them below the plot; cursor: an x whose values are read, None for the last ones.
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
    whole: bool = False


def short_names(labels: Iterable[str]) -> dict[str, str]:
    """What stands for labels that have no room: the first letter of each. Where labels begin alike, the first letters
    of the words in which they differ: t and f for "batch_norm true" and "batch_norm false". No two are called the same;
    a number, or few characters, are never cut."""
    full = list(dict.fromkeys(labels))
    columns = list(zip_longest(*map(WORD.findall, full), fillvalue=""))
    names = [""] * len(full)
    for column in [words for words in columns if len({*words}) > 1] or columns[:1]:
        names = [name + _cut(word, column) for name, word in zip(names, column, strict=True)]
        if all(names) and len({*names}) == len(full):
            return dict(zip(full, names, strict=True))
    return {each: each for each in full}


def _cut(word: str, others: Iterable[str]) -> str:
    """The fewest letters with which a word begins, and no other."""
    ends = range(1, len(word)) if len(word) > SHORT else ()
    heads = (word[:end] for end in ends if word[:end].isalpha())
    return next((head for head in heads if not any(o.startswith(head) for o in others if o != word)), word)


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
