"""A figure as lines of cells."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from math import isfinite
from typing import NamedTuple

from rich.segment import Segment

from lab.drawing.axes import Axis, label, log_ticks, some_ticks, y_axis
from lab.drawing.canvas import BAND, BEHIND, CURVE, FRONT, MARK, Canvas, Ink, coloured
from lab.drawing.figure import Curve, Figure, Point, named, reach, short_names
from lab.drawing.look import WEIGHTS, Look, Weight

NAMES = 6  # the part of the columns that names at the ends of curves take at most
FRAME = {False: tuple("│┤─┬└"), True: tuple("|+-++")}  # by whether it is ASCII: side, tick, floor, tick, corner


class _Plot(NamedTuple):
    """A canvas with a figure's axes: the dots of x begin at column `left`, those of y end above the two last rows."""

    canvas: Canvas
    figure: Figure
    look: Look
    x: Axis
    y: Axis
    left: int

    def across(self, value: float) -> int:
        """The dot of an x on the canvas."""
        return self.left * self.canvas.wide + self.x.dot(value)

    def down(self, value: float) -> int:
        """The dot of a y on the canvas, from the top."""
        return self.y.dots - 1 - self.y.dot(value)

    def ink(self, layer: int, style: int | None = None) -> Ink:
        """What a layer, and on it a series, is drawn with."""
        if style is None:
            return Ink(layer, self.look.muted, {BEHIND: ".", BAND: ":", MARK: "-"}.get(layer, "|"))
        if layer == BAND:
            return Ink(layer, self.look.pale(style), ":")
        its = self.look.style(style)
        return Ink(layer, its.colour, its.weight.ascii)


def draw(figure: Figure, width: int, height: int, look: Look) -> list[list[Segment]]:
    """`height` lines of `width` cells. Where little fits, what is least needed is left out: names, ticks, axes."""
    return _plot(figure, width, height, look).canvas.lines()


def x_at(figure: Figure, width: int, height: int, look: Look, column: int) -> float | None:
    """The x of a column of cells of what draw() draws; None beside the plot."""
    plot = _axes(figure, width, height, look)
    dot = (column - plot.left) * plot.canvas.wide
    return plot.x.value(dot) if 0 <= dot < plot.x.dots else None


def _plot(figure: Figure, width: int, height: int, look: Look) -> _Plot:
    plot = _axes(figure, width, height, look)
    if figure.span or figure.curves:  # otherwise nobody knows yet what will be drawn
        _frame(plot)
    if _values(figure):
        _grid(plot)
        _band(plot)
        for reference in figure.references:
            _reference(plot, reference)
        _events(plot)
        for curve in figure.curves:
            _spread(plot, curve)
        for curve in figure.curves:
            _curve(plot, curve)
        _rings(plot)
        _cursor(plot)
        _names(plot)
    return plot


# The axes


def _axes(figure: Figure, width: int, height: int, look: Look) -> _Plot:
    canvas = Canvas(width, height, look.ascii)
    values = _values(figure) or [1.0 if figure.log else 0.0, 1.0]
    rows = max(height - 2, 1) if height >= 4 else height
    y = y_axis(values, rows * canvas.high, figure.log)
    left = max((len(label(tick, figure.percent)) for tick in _y_ticks(y, rows)), default=0) + 1
    right = _room_for_names(figure, width)
    if width - left - right < 4:
        left, right = 0, 0
    low, high = figure.span or reach(figure.curves)
    x = Axis(low, high if high > low else low + 1, max(width - left - right, 1) * canvas.wide)
    return _Plot(canvas, figure, look, x, y, left)


def _values(figure: Figure) -> list[float]:
    """Every y that is to have a place."""
    low, high = figure.span or (float("-inf"), float("inf"))
    ys = [y for curve in figure.curves for x, y in curve.points if low <= x <= high]
    if any(_drawable(y, figure) for y in ys):
        bands = [figure.band, *(curve.band for curve in figure.curves)]
        ys += [*figure.references, *(y for band in bands for x, *ends in band if low <= x <= high for y in ends)]
    return [y for y in ys if _drawable(y, figure)]


def _drawable(y: float, figure: Figure) -> bool:
    return isfinite(y) and (y > 0 or not figure.log)


def _y_ticks(y: Axis, rows: int) -> list[float]:
    most = max(2, rows // 4)
    return log_ticks(y.low, y.high, most + 2) if y.log else some_ticks(y.low, y.high, most)


def _x_ticks(x: Axis, wide: int, whole: bool) -> list[float]:
    ticks = some_ticks(x.low, x.high, max(2, x.dots // wide // 12))
    return sorted({float(round(tick)) for tick in ticks}) if whole else ticks


def _room_for_names(figure: Figure, width: int) -> int:
    """For all names in full, or for the first letters of all of them."""
    labels = [curve.label for curve in named(figure)]
    if not labels:
        return 0
    longest = max(map(len, labels))
    return 1 + (longest if longest <= width // NAMES else max(map(len, short_names(labels).values())))


def _frame(plot: _Plot) -> None:
    canvas, figure = plot.canvas, plot.figure
    side, tick_y, floor, tick_x, corner = FRAME[plot.look.ascii]
    muted, rows = coloured(plot.look.muted), plot.y.dots // canvas.high
    if plot.left:
        for row in range(rows):
            canvas.text(plot.left - 1, row, side, muted)
        ticks = _y_ticks(plot.y, rows) if _values(figure) else ()
        for row, tick in {plot.down(tick) // canvas.high: tick for tick in ticks}.items():  # one to a row
            text = label(tick, figure.percent)
            canvas.text(plot.left - 1 - len(text), row, text + tick_y, muted)
    if canvas.rows <= rows:
        return
    canvas.text(max(plot.left - 1, 0), rows, corner + floor * (plot.x.dots // canvas.wide), muted)
    for tick in _x_ticks(plot.x, canvas.wide, figure.whole):
        column, text = plot.across(tick) // canvas.wide, label(tick)
        at = min(max(column - len(text) // 2, 0), canvas.columns - len(text))
        if canvas.free(at, rows + 1, len(text)):
            canvas.text(column, rows, tick_x, muted)
            canvas.text(at, rows + 1, text, muted)
    at = canvas.columns - len(figure.x_title)
    if figure.x_title and canvas.free(at, rows + 1, len(figure.x_title)):
        canvas.text(at, rows + 1, figure.x_title, muted)


# What is drawn between them


def _grid(plot: _Plot) -> None:
    canvas = plot.canvas
    if plot.look.ascii:
        return  # a sign in every cell would hide more than it shows
    for tick in _y_ticks(plot.y, plot.y.dots // canvas.high):
        for k in range(0, plot.x.dots, canvas.wide):
            canvas.dot(plot.left * canvas.wide + k, plot.down(tick), plot.ink(BEHIND))


def _band(plot: _Plot) -> None:
    """From the least to the largest value of the stretch that ends at each x, in grey."""
    ink, start = plot.ink(BAND), plot.across(plot.x.low)
    lows: dict[int, int] = {}
    highs: dict[int, int] = {}
    for x, low, high in plot.figure.band:
        if not (_drawable(low, plot.figure) and _drawable(high, plot.figure) and x <= plot.x.high):
            continue
        end = plot.across(x)
        for dot in range(max(start, end - plot.x.dots), end + 1) if end >= start else ():
            highs[dot] = min(plot.down(high), highs.get(dot, plot.y.dots))
            lows[dot] = max(plot.down(low), lows.get(dot, 0))
        start = max(start, end + 1)
    for dot, top in highs.items():
        _chequered(plot, dot, top, lows[dot], ink)


def _spread(plot: _Plot, curve: Curve) -> None:
    """Between the least and the largest values of a curve's band, on straight lines from x to x."""
    ink = plot.ink(BAND, curve.style)
    seen = [
        (plot.across(x), plot.down(high), plot.down(low))
        for x, low, high in curve.band
        if plot.x.has(x) and _drawable(low, plot.figure) and _drawable(high, plot.figure)
    ]
    for (start, *ends), (end, *to) in pairwise(seen):
        for dot in range(start, end + 1):
            share = (dot - start) / max(end - start, 1)
            top, bottom = (round(a + share * (b - a)) for a, b in zip(ends, to, strict=True))
            _chequered(plot, dot, top, bottom, ink)


def _chequered(plot: _Plot, across: int, top: int, bottom: int, ink: Ink) -> None:
    for down in range(max(top, 0), min(bottom, plot.y.dots - 1) + 1):
        if (across + down) % 2 == 0 or plot.look.ascii:
            plot.canvas.dot(across, down, ink)


def _reference(plot: _Plot, value: float) -> None:
    if not plot.y.has(value):
        return
    ink, start = plot.ink(MARK), plot.left * plot.canvas.wide
    for k in range(plot.x.dots):
        if plot.look.ascii or k % 6 < 4:
            plot.canvas.dot(start + k, plot.down(value), ink)


def _events(plot: _Plot) -> None:
    canvas = plot.canvas
    for event in plot.figure.events:
        if not plot.x.has(event.x):
            continue
        across = plot.across(event.x)
        for down in range(0, plot.y.dots, 1 if plot.look.ascii else 2):
            canvas.dot(across, down, Ink(MARK, plot.look.muted, "|"))
        _event_text(plot, across // canvas.wide, event.text)


def _event_text(plot: _Plot, column: int, text: str) -> None:
    """At the right of its line, or at the left; on the first row where no other text is."""
    canvas, end = plot.canvas, plot.left + plot.x.dots // plot.canvas.wide
    for row in range(min(3, plot.y.dots // canvas.high)):
        for at in (column + 1, column - len(text)):
            if plot.left <= at and at + len(text) <= end and canvas.free(at, row, len(text)):
                canvas.text(at, row, text, coloured(plot.look.muted))
                return


def _curve(plot: _Plot, curve: Curve) -> None:
    ink, weight = plot.ink(CURVE, curve.style), plot.look.style(curve.style).weight
    if len(plot.figure.curves) == 1:
        weight = WEIGHTS[0]  # there is nothing to be told apart from
    pen = 1 if plot.look.ascii else weight.pen
    seen = [(x, y) for x, y in curve.points if plot.x.has(x) and plot.y.has(y)]
    if not curve.joined or len(seen) == 1:  # a line through one point would be a dot that nobody sees
        for x, y in seen:
            _mark(plot, plot.across(x), plot.down(y), ink, weight)
        return
    walked = 0
    for stretch in _stretches(plot, curve.points):
        for x, y in _walk(_thinned(stretch)):
            if plot.look.ascii or _on(weight, walked):
                for k in range(pen * pen):
                    plot.canvas.dot(x + k % pen, y - k // pen, ink)
            walked += 1


def _mark(plot: _Plot, x: int, y: int, ink: Ink, weight: Weight) -> None:
    """A point alone: a spot whose size tells series apart."""
    size = 1 if plot.look.ascii else 1 + weight.pen
    for k in range(size * size):
        if weight.off == 0 or k % 2 == 0:
            plot.canvas.dot(x + k % size, y + k // size, ink)


def _on(weight: Weight, walked: int) -> bool:
    return weight.off == 0 or walked % (weight.on + weight.off) < weight.on


def _stretches(plot: _Plot, points: Sequence[Point]) -> Iterator[list[tuple[int, int]]]:
    """The dots of the points, without those beyond the ends of x; a new stretch after what is not finite."""
    stretch: list[tuple[int, int]] = []
    for x, y in points:
        if not _drawable(y, plot.figure):
            if stretch:
                yield stretch
            stretch = []
        elif plot.x.has(x):
            stretch.append((plot.across(x), plot.down(y)))
    if stretch:
        yield stretch


def _thinned(dots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most four dots of those in one column: the first, the extremes, the last. No spike is lost."""
    kept: list[tuple[int, int]] = []
    for _, group in groupby(dots, key=lambda dot: dot[0]):
        column = list(group)
        if len(column) > 4:
            column = [column[0], min(column, key=lambda dot: dot[1]), max(column, key=lambda dot: dot[1]), column[-1]]
        kept += column
    return kept


def _walk(dots: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Every dot on the way through these."""
    yield dots[0]
    for (x, y), (to_x, to_y) in pairwise(dots):
        steps = max(abs(to_x - x), abs(to_y - y))
        for k in range(1, steps + 1):
            yield x + round(k * (to_x - x) / steps), y + round(k * (to_y - y) / steps)


def _rings(plot: _Plot) -> None:
    """Around each point that is marked out."""
    wide, high = plot.canvas.wide, plot.canvas.high
    style = coloured(plot.look.style(1).colour, bold=True)
    for x, y in plot.figure.rings:
        if plot.x.has(x) and plot.y.has(y):
            column, row = plot.across(x) // wide, plot.down(y) // high
            plot.canvas.text(column - 1, row, "(", style)
            plot.canvas.text(column + 1 + (wide > 1), row, ")", style)


def _cursor(plot: _Plot) -> None:
    if plot.figure.cursor is not None and plot.x.has(plot.figure.cursor):
        across = plot.across(plot.figure.cursor)
        for down in range(plot.y.dots):
            plot.canvas.dot(across, down, Ink(FRONT, None, "|"))


def _names(plot: _Plot) -> None:
    """At the right, beside the end of each curve; where ends meet, below one another."""
    canvas, column = plot.canvas, plot.left + plot.x.dots // plot.canvas.wide + 1
    room = canvas.columns - column
    if room < 1:
        return
    ends = []
    for curve in named(plot.figure):
        seen = [(x, y) for x, y in curve.points if plot.x.has(x) and plot.y.has(y)]
        if seen:
            ends.append((plot.down(seen[-1][1]) // canvas.high, curve))
    ends.sort(key=lambda end: end[0])
    rows = plot.y.dots // canvas.high
    short = short_names(curve.label for curve in named(plot.figure))
    free = 0
    for k, (row, curve) in enumerate(ends):
        row = max(free, min(row, rows - (len(ends) - k)))
        text = curve.label if len(curve.label) <= room else short[curve.label]
        canvas.text(column, row, text, coloured(plot.look.style(curve.style).colour))
        free = row + 1
