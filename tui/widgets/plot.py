"""A plot: series against an axis, drawn by plotext, and redrawn only when its content changes."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, floor, log10
from typing import TYPE_CHECKING, cast

from rich.ansi import AnsiDecoder
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual_plotext import PlotextPlot

from tui.series import Point
from tui.theme import muted, rgb

if TYPE_CHECKING:
    from tui.app import GradlabApp

MUTED = -1  # the style of what stands behind
RUN = re.compile(r"((?:\x1b\[[\d;]*m)*)([^\x1b]*)")  # codes of a style, and what is written in it


@dataclass(frozen=True)
class Curve:
    """A series. style: its place in theme.series_styles, or MUTED. line: joined points, or marks alone."""

    points: tuple[Point, ...]
    style: int
    line: bool = True


@dataclass(frozen=True)
class Figure:
    """All that a plot shows. span: ends of the x axis, None for what the series need; references: horizontal lines;
    percent: how y is labelled."""

    title: str = ""
    curves: tuple[Curve, ...] = ()
    span: tuple[float, float] | None = None
    references: tuple[float, ...] = field(default=())
    log: bool = False
    percent: bool = False


class SeriesPlot(PlotextPlot):
    """Draws a Figure."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.figure = Figure()
        self._drawn: object = None
        self._strips: list[Strip] = []

    def show(self, figure: Figure) -> None:
        """Show this figure from now on."""
        if figure != self.figure:
            self.figure = figure
            self.redraw()

    def redraw(self) -> None:
        """Draw again, in the colours as they are."""
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the plot, which is drawn when anything that it shows is another."""
        lab = cast("GradlabApp", self.app)
        shown = (self.figure, self.size, lab.theme, lab.settings.markers, lab.settings.colours)
        if shown != self._drawn:
            self._drawn, self._strips = shown, self._draw_strips()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def _draw_strips(self) -> list[Strip]:
        """What PlotextPlot.render does, without the two detours by which its text becomes lines of cells."""
        self._draw()
        self.plt.plotsize(self.size.width, self.size.height)
        self.plt._set_size(self.size.width, self.size.height)
        self.plt.theme(self._get_plotext_theme_name(self.app.theme))
        return [strip(line) for line in str(self.plt.build()).splitlines()]

    def _draw(self) -> None:
        lab, figure, plot = cast("GradlabApp", self.app), self.figure, self.plt
        styles, behind = lab.series_styles, muted(lab.current_theme)
        ascii_only = lab.settings.markers == "ascii"
        plot.clear_figure()
        plot.title(figure.title)
        plot.frame(True)
        shown = [(curve, _drawable(curve, figure)) for curve in figure.curves]
        ys = [y for _, points in shown for _, y in points]
        if not ys:
            self._no_data(figure)
            return
        self._axes(figure, ys)
        for value in figure.references:
            if not figure.log or value > 0:
                plot.plot(
                    list(figure.span or _ends(shown)), [value, value], marker="-" if ascii_only else "┄", color=behind
                )
        for curve, points in shown:
            if points:
                colour = behind if curve.style == MUTED else styles[curve.style].colour
                marker = ("." if ascii_only else "·") if curve.style == MUTED else styles[curve.style].marker
                draw = plot.plot if curve.line else plot.scatter
                draw([x for x, _ in points], [y for _, y in points], marker=marker, color=colour)

    def _axes(self, figure: Figure, ys: list[float]) -> None:
        plot, values = self.plt, [*ys, *(r for r in figure.references if r > 0 or not figure.log)]
        low, high = min(values), max(values)
        most = max(2, self.size.height // 4)
        if figure.log:
            plot.yscale("log")
            margin = log10(high / low) * 0.04 or 0.1
            plot.ylim(log10(low) - margin, log10(high) + margin)  # plotext wants the logarithms here, not of the ticks
            ticks = log_ticks(low, high, most + 2)
        else:
            margin = (high - low) * 0.04 or abs(high) * 0.1 or 0.1
            low, high = low - margin if low < 0 else max(low - margin, 0.0), high + margin
            plot.ylim(low, high)
            ticks = nice_ticks(low, high, most)
        plot.yticks(ticks, [label(tick, figure.percent) for tick in ticks])
        if figure.span:
            plot.xlim(*figure.span)
            ticks = nice_ticks(*figure.span, max(2, self.size.width // 14))
            plot.xticks(ticks, [label(tick) for tick in ticks])

    def _no_data(self, figure: Figure) -> None:
        self.plt.xlim(*(figure.span or (0, 1)))
        self.plt.ylim(0, 1)
        self.plt.xticks([])
        self.plt.yticks([])


def strip(line: str) -> Strip:
    """A line of plotext's as cells: it resets the style before it sets another."""
    return Strip([Segment(text, _style(codes)) for codes, text in RUN.findall(line) if text])


@lru_cache(maxsize=256)
def _style(codes: str) -> Style:
    decoder = AnsiDecoder()
    decoder.decode_line(codes)
    return decoder.style


def _drawable(curve: Curve, figure: Figure) -> list[Point]:
    """The points that have a place on the axes."""
    low, high = figure.span or (float("-inf"), float("inf"))
    return [(x, y) for x, y in curve.points if low <= x <= high and abs(y) < float("inf") and (y > 0 or not figure.log)]


def _ends(shown: list[tuple[Curve, list[Point]]]) -> tuple[float, float]:
    xs = [x for _, points in shown for x, _ in points]
    return min(xs), max(xs)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most n round numbers between low and high, in steps of 1, 2 or 5 times a power of ten."""
    if not high - low > 1e-12 * max(abs(low), abs(high)):  # nothing between them, but for rounding
        return [low]
    least = (high - low) / most
    power = 10.0 ** floor(log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    return [k * step for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """At most n powers of ten between low and high (both positive), or round numbers within a single decade."""
    decades = log10(high / low)
    if decades < 1:
        return nice_ticks(low, high, most)
    return [10.0 ** round(power) for power in nice_ticks(log10(low), log10(high), min(most, ceil(decades)))]


def label(value: float, percent: bool = False) -> str:
    """A tick's text: three digits, thousands separated; or a percentage."""
    if percent:
        return f"{100 * value:.3g}%"
    if 1000 <= abs(value) < 1e6 and value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


__all__ = ["MUTED", "Curve", "Figure", "SeriesPlot", "label", "nice_ticks", "rgb"]
