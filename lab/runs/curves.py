"""Curves of runs in the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from lab.drawing.figure import Curve, Figure
from lab.drawing.plots import Plots
from lab.expected.curves import Expected, expected_of
from lab.runs.store import SPLITS

if TYPE_CHECKING:
    from data.sources import Variant
    from presets.schema import Preset

USUAL = 4  # the style of the first of a preset's own curves, behind those of a run
LETTERS = ascii_uppercase + ascii_lowercase[:6]  # runs that can be compared, by the letters of their curves

Metrics = Sequence[Mapping[str, float]]  # rows of metrics.csv


def curves(metrics: Metrics, expected: Expected | None = None) -> Plots:
    """Loss and accuracy of a run against the update; behind them what is expected, if anything."""
    drawn = [_figure(m, {split: (metrics, f"{split}_{m}") for split in SPLITS}) for m in ("loss", "accuracy")]
    return Plots([replace(each, curves=(*each.curves, *usual(expected, each.title))) for each in drawn])


def behind(code: bool, preset: "Preset", variant: "Variant") -> Expected | None:
    """What stands behind the curves of a run: the preset's own, if a student's code is trained like it."""
    return expected_of(preset, variant) if code else None


def usual(expected: Expected | None, measure: str) -> tuple[Curve, ...]:
    """The mean over seeds of a preset's loss or accuracy in each part, with a standard deviation to each side."""
    drawn = []
    for k, split in enumerate(SPLITS if expected else ()):
        assert expected is not None
        mean, band = expected.curve(f"{split}_{measure}")
        drawn.append(Curve(tuple(mean), USUAL + k, f"{split} of {expected.preset}", band=tuple(band)))
    return tuple(drawn)


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
