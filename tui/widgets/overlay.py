"""Curves of saved runs: of one run, both parts of the data; of several, one part of each, over one another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lab.runs.compare import compare
from lab.runs.compare_view import table
from lab.runs.saved import SavedRun, changed, labels
from lab.runs.store import SPLITS
from tui.series import Point, decimate
from tui.theme import SeriesStyle
from tui.widgets.plot import Curve, Figure, SeriesPlot

if TYPE_CHECKING:
    from tui.app import GradlabApp

MEASURES = ("loss", "cost", "accuracy", "eta")


@dataclass(frozen=True)
class OverlayView:
    """What the user has switched on."""

    measure: str = "loss"
    split: str = "validation"  # of several runs
    log: bool = False  # the other way round where a run has diverged


class Overlay(Vertical):
    """A plot of the measure, and beside it, where there is room, of the accuracy."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = OverlayView()
        self._records: list[SavedRun] = []
        self._complaints: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("", id="overlay-legend")
        with Horizontal():
            yield SeriesPlot(id="overlay-measure")
            yield SeriesPlot(id="overlay-accuracy")

    def show(self, records: Sequence[SavedRun], complaints: Sequence[str] = ()) -> None:
        """Draw these runs; `complaints`: why others cannot be drawn."""
        self._records, self._complaints = list(records), list(complaints)
        self._draw()

    def switch(self, **changes: object) -> None:
        """Change the view."""
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self._draw()

    def recolour(self) -> None:
        """The colours or markers are other ones."""
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self._draw()

    def _draw(self) -> None:
        self.query_one("#overlay-legend", Static).update(self._legend())
        for measure, id in ((self.view.measure, "overlay-measure"), ("accuracy", "overlay-accuracy")):
            self.query_one(f"#{id}", SeriesPlot).show(self._figure(measure))

    def _figure(self, measure: str) -> Figure:
        records = self._records
        last = max((record.metrics[-1]["update"] for record in records), default=1)
        curves = tuple(Curve(tuple(decimate(points)), i) for i, points in enumerate(self._series(measure)))
        several = len(records) > 1 and measure != "eta"
        title = f"{self.view.split} {measure} / update" if several else f"{measure} / update"
        diverged = any(record.state == "diverged" for record in records)  # to be seen on a logarithmic axis only
        log = measure != "accuracy" and self.view.log != (diverged and measure != "eta")
        references = self._references() if measure == "accuracy" else ()
        return Figure(title, curves, (0, max(last, 1)), references, log, percent=measure == "accuracy")

    def _series(self, measure: str) -> list[list[Point]]:
        if measure == "eta":
            return [_column(record, "eta") for record in self._records]
        if len(self._records) == 1:
            return [_column(self._records[0], f"{split}_{measure}") for split in SPLITS]
        return [_column(record, f"{self.view.split}_{measure}") for record in self._records]

    def _references(self) -> tuple[float, ...]:
        """The accuracies the reports give for these runs."""
        return tuple(dict.fromkeys(v for r in self._records for k, v in r.reported.items() if k.endswith("accuracy")))

    def _legend(self) -> Content:
        lab = cast("GradlabApp", self.app)
        notes = [*filter(None, map(_not_finite, self._records)), *self._complaints]
        parts: list[tuple[str, str]] = [(f"{note}   ", "$text-warning") for note in notes]
        single = len(self._records) == 1
        names = list(SPLITS) if single else labels([record.store for record in self._records])
        for name, style in zip(names, lab.series_styles, strict=False):
            parts += [(style.marker, style.rich), (f" {name}   ", "")]
        if self._references():
            sign = "-" if lab.settings.markers == "ascii" else "┄"
            reported = ", ".join(f"{v:.2%}" for v in self._references())
            beside = " (full data)" if any(record.variant == "mini" for record in self._records) else ""
            parts.append((f"{sign} reported {reported}{beside}", "$foreground-muted"))
        return Content.assemble(*parts)


def _column(record: SavedRun, column: str) -> list[Point]:
    return [(row["update"], row[column]) for row in record.metrics]


def _not_finite(record: SavedRun) -> str:
    """What is said of a gap in the curves."""
    gaps = [row["update"] for row in record.metrics if not abs(row["train_loss"]) < float("inf")]
    return f"not finite from update {gaps[0]:,.0f}" if gaps else ""


def side_by_side(records: Sequence[SavedRun], styles: Sequence[SeriesStyle]) -> Table:
    """A column for each run: data, state, settings that differ, results beside the reported ones. Of one run, the
    settings that differ from its preset's."""
    compared = compare(records)
    if len(records) == 1:
        compared["settings"] = {key: [value] for key, value in changed(records[0].preset).items()}
        return table(compared, records, [Text()])
    return table(compared, records, [Text(style.marker, style.rich) for style in styles])
