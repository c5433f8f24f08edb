"""Figures of a report, as PNG for reading and SVG and PDF for typesetting. The only module that loads matplotlib."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lab.runs.saved import SavedRun
from lab.runs.view import figure as figure_text

FORMATS = ("png", "svg", "pdf")
DPI = 150
WIDTH, HEIGHT = 6.0, 4.0  # inches
MARKED = 12  # markers along a line, about
CURVES = ("loss", "cost", "accuracy")
GREY = "#555555"

# Okabe and Ito's colours (2008) that show on white; line style and marker tell curves apart without them.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = ("o", "x", "^", "D", "+", "s", "v")
LINES = {"train": "--", "validation": "-"}


def of_run(record: SavedRun) -> dict[str, Callable[[], Figure]]:
    """How to draw each figure of a run, by file name: loss, cost, accuracy, eta, and the confusion matrix if known."""
    figures: dict[str, Callable[[], Figure]] = {
        measure: lambda measure=measure: curve(record, measure)  # type: ignore[misc]
        for measure in CURVES
    }
    figures["eta"] = lambda: eta(record)
    if record.result is not None and record.state != "diverged":
        confusion, classes = np.array(record.result["confusion"]), record.result["classes"]
        figures["confusion"] = lambda: confusion_figure(confusion, classes)
    return figures


def of_runs(records: Mapping[str, SavedRun]) -> dict[str, Callable[[], Figure]]:
    """How to draw the curves of several runs, by their labels, over one another."""
    return {measure: lambda measure=measure: overlay(records, measure) for measure in CURVES}  # type: ignore[misc]


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write <name>.png, .svg and .pdf. A letter that the font lacks is drawn as a box, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        for suffix in FORMATS:
            figure.savefig(folder / f"{name}.{suffix}", dpi=DPI)


def curve(record: SavedRun, measure: str) -> Figure:
    """Loss, cost or accuracy on the training and validation sets against the update step, with the reported value."""
    figure, axes = _axes(measure)
    for i, split in enumerate(LINES):
        _line(axes, record, f"{split}_{measure}", split, LINES[split], i)
    for key, value in record.reported.items():
        split, _, reported = key.partition(".")
        if reported == measure:
            on = ", full data" if record.variant == "mini" else ""
            label = f"reported, {split}{on}: {figure_text(measure, value)}"
            axes.axhline(value, color=GREY, linestyle=":", label=label)
    _mark_the_end(axes, record, measure)
    _legend(axes, axes)
    return figure


def overlay(records: Mapping[str, SavedRun], measure: str) -> Figure:
    """One measure of several runs: solid lines with markers for validation, dashed lines for training."""
    figure, axes = _axes(measure)
    figure.set_size_inches(WIDTH, HEIGHT + 0.3 * len(records))
    for i, (label, record) in enumerate(records.items()):
        for split, style in LINES.items():
            _line(axes, record, f"{split}_{measure}", f"{label}, {split}", style, i)
    if any(record.state == "diverged" for record in records.values()) and measure != "accuracy":
        axes.set_yscale("log")
    _legend(figure, axes, loc="outside lower center", ncols=2, fontsize="small")
    return figure


def eta(record: SavedRun) -> Figure:
    """The learning rate at the recorded updates."""
    figure, axes = _axes("eta (learning rate)")
    _line(axes, record, "eta", "eta", "-", 0)
    axes.set_ylim(bottom=0)
    return figure


def confusion_figure(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Counts by true (row) and guessed (column) class; the shade is the share of the row."""
    n = len(classes)
    side = 2.5 + 0.42 * n
    figure = Figure(figsize=(side, side - 0.5), layout="constrained")
    axes = figure.subplots()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(n), classes, rotation=90)
    axes.set_yticks(range(n), classes)
    axes.set_xlabel("guessed")
    axes.set_ylabel("true")
    for (row, column), count in np.ndenumerate(confusion):
        ink = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=7)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    return figure


def _axes(what: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel("update step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(what)
    axes.grid(alpha=0.3)
    return figure, axes


def _legend(place: Axes | Figure, axes: Axes, **how: Any) -> None:
    """A legend of every line, whatever its label: matplotlib leaves out those that begin with _, and takes what is
    between two $ for a formula."""
    labels = [str(line.get_label()) for line in axes.lines]
    legend = place.legend(axes.lines, [f"line {i}" for i in range(len(labels))], **how)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_parse_math(False)
        text.set_text(label)


def _line(axes: Axes, record: SavedRun, column: str, label: str, style: str, i: int) -> None:
    axes.plot(
        [row["update"] for row in record.metrics],
        [row[column] for row in record.metrics],
        linestyle=style,
        color=COLOURS[i % len(COLOURS)],
        marker=MARKERS[i % len(MARKERS)],
        markevery=max(1, len(record.metrics) // MARKED),
        markersize=4,
        linewidth=1.3,
        label=label,
    )


def _mark_the_end(axes: Axes, record: SavedRun, measure: str) -> None:
    if record.result is not None and (update := record.result["diverged_at"]) is not None:
        axes.axvline(update, color=GREY, linestyle="-.", label="diverged")
        if measure != "accuracy":
            axes.set_yscale("log")
