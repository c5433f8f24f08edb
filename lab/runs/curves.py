"""Curves of runs in the terminal."""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase

from lab.drawing.figure import Curve, Figure
from lab.drawing.plots import Plots
from lab.runs.store import SPLITS

LETTERS = ascii_uppercase + ascii_lowercase[:6]  # runs that can be compared, by the letters of their curves

Metrics = Sequence[Mapping[str, float]]  # rows of metrics.csv


def curves(metrics: Metrics) -> Plots:
    """Loss and accuracy of a run against the update."""
    return Plots([_figure(m, {split: (metrics, f"{split}_{m}") for split in SPLITS}) for m in ("loss", "accuracy")])


def overlay(runs: Mapping[str, Metrics]) -> Plots:
    """Validation loss and accuracy of several runs, by their labels, against the update."""
    named = {f"{letter} {label}": rows for letter, (label, rows) in zip(LETTERS, runs.items(), strict=False)}
    figures = []
    for measure in ("loss", "accuracy"):
        columns = {name: (rows, f"validation_{measure}") for name, rows in named.items()}
        figures.append(_figure(f"validation {measure}", columns))
    return Plots(figures)


def _figure(title: str, columns: Mapping[str, tuple[Metrics, str]]) -> Figure:
    drawn = [
        Curve(tuple((row["update"], row[column]) for row in rows), k, label)
        for k, (label, (rows, column)) in enumerate(columns.items())
    ]
    return Figure(title, tuple(drawn), percent=title.endswith("accuracy"), x_title="update")
