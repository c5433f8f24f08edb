"""Curves of runs in the terminal."""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Any, NamedTuple

import plotext

# Okabe and Ito's colours (2008, "Color Universal Design"); the markers tell series apart without them.
COLOURS = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (213, 94, 0))
MARKERS = "•×▲◆+○" + ascii_lowercase
MARKS = tuple((marker, COLOURS[i % len(COLOURS)]) for i, marker in enumerate(MARKERS))
HEIGHT = 14
SIDE_BY_SIDE = 100

Metrics = Sequence[Mapping[str, float]]  # rows of metrics.csv


class Series(NamedTuple):
    """One curve: its name in the legend, the rows, and the column that is drawn."""

    label: str
    metrics: Metrics
    column: str


def curves(metrics: Metrics, width: int, colour: bool) -> str:
    """Loss and accuracy of a run against the update step; side by side where there is room."""
    plots = {
        measure: [Series(split, metrics, f"{split}_{measure}") for split in ("train", "validation")]
        for measure in ("loss", "accuracy")
    }
    return _beside(plots, width, colour)


def overlay(runs: Mapping[str, Metrics], width: int, colour: bool) -> str:
    """Validation loss and accuracy of several runs, by their labels, against the update step."""
    plots = {
        f"validation {measure}": [Series(label, rows, f"validation_{measure}") for label, rows in runs.items()]
        for measure in ("loss", "accuracy")
    }
    return _beside(plots, width, colour)


def _beside(plots: Mapping[str, Sequence[Series]], width: int, colour: bool) -> str:
    wide = width >= SIDE_BY_SIDE
    drawn = [_plot(title, series, width // 2 - 1 if wide else width, colour) for title, series in plots.items()]
    if not wide:
        return "\n".join(drawn)
    left, right = (plot.split("\n") for plot in drawn)
    return "\n".join(f"{a}  {b}" for a, b in zip(left, right, strict=True))


def _plot(title: str, series: Sequence[Series], width: int, colour: bool) -> str:
    figure: Any = plotext
    figure.clear_figure()
    figure.theme("clear")
    figure.plot_size(width, HEIGHT)
    figure.title(title)
    figure.xlabel("update")
    for (label, metrics, column), (marker, paint) in zip(series, MARKS, strict=False):
        points = [(row["update"], row[column]) for row in metrics]
        finite = [(x, y) for x, y in points if abs(y) < float("inf")]
        if finite:
            xs, ys = zip(*finite, strict=True)
            figure.plot(xs, ys, marker=marker, color=paint, label=label)
    text = str(figure.build()).rstrip("\n")
    return text if colour else str(figure.uncolorize(text))
