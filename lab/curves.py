"""Curves of a run in the terminal."""

from collections.abc import Sequence
from typing import Any

import plotext

MARKERS = {"train": "•", "validation": "×"}  # told apart without colour
COLOURS = {"train": "blue", "validation": "orange"}
HEIGHT = 14
SIDE_BY_SIDE = 100


def curves(metrics: Sequence[dict[str, float]], width: int, colour: bool) -> str:
    """Loss and accuracy against the update step, from the rows of metrics.csv; side by side where there is room."""
    wide = width >= SIDE_BY_SIDE
    plots = [_plot(metrics, measure, width // 2 - 1 if wide else width, colour) for measure in ("loss", "accuracy")]
    if not wide:
        return "\n".join(plots)
    left, right = (plot.split("\n") for plot in plots)
    return "\n".join(f"{a}  {b}" for a, b in zip(left, right, strict=True))


def _plot(metrics: Sequence[dict[str, float]], measure: str, width: int, colour: bool) -> str:
    figure: Any = plotext
    figure.clear_figure()
    figure.theme("clear")
    figure.plot_size(width, HEIGHT)
    figure.title(measure)
    figure.xlabel("update")
    for split, marker in MARKERS.items():
        points = [(row["update"], row[f"{split}_{measure}"]) for row in metrics]
        finite = [(x, y) for x, y in points if abs(y) < float("inf")]
        if finite:
            xs, ys = zip(*finite, strict=True)
            figure.plot(xs, ys, marker=marker, color=COLOURS[split], label=split)
    text = str(figure.build()).rstrip("\n")
    return text if colour else str(figure.uncolorize(text))
