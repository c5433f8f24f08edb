"""Curves of saved runs: of one run, both parts of the data; of several, one part of each, over one another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lab.drawing.figure import Curve, Event, Figure, Point
from lab.drawing.look import Look
from lab.runs.compare import compare
from lab.runs.compare_view import table
from lab.runs.interventions import short
from lab.runs.saved import SavedRun, labels
from lab.runs.store import SPLITS
from presets.load import changed
from tui.widgets.plot import SeriesPlot
from tui.widgets.reading import UNREAD, Reading

if TYPE_CHECKING:
    from tui.app import GradlabApp

MEASURES = ("loss", "cost", "accuracy", "eta")
LETTERS = ascii_uppercase  # runs are called so in the table and at the ends of their curves


@dataclass(frozen=True)
class OverlayView:
    """What the user has switched on."""

    measure: str = "loss"
    split: str = "validation"  # of several runs
    log: bool = False  # the other way round where a run has diverged
    reading: Reading = UNREAD


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
        if [r.store.path for r in records] != [r.store.path for r in self._records]:
            self.view = replace(self.view, reading=UNREAD)
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

    @property
    def _whole(self) -> tuple[float, float]:
        """The ends of the x axis."""
        return 0, max([1, *(record.metrics[-1]["update"] for record in self._records)])

    @on(SeriesPlot.Pointed)
    def _pointed(self, event: SeriesPlot.Pointed) -> None:
        self.switch(reading=self.view.reading.at(event.x))

    @on(SeriesPlot.Zoomed)
    def _zoomed(self, event: SeriesPlot.Zoomed) -> None:
        self.switch(reading=self.view.reading.zoomed(self._whole, event.factor, event.x))

    def _figure(self, measure: str) -> Figure:
        curves = tuple(Curve(tuple(points), k, name) for k, (name, points) in enumerate(self._series(measure).items()))
        several = len(self._records) > 1 and measure != "eta"
        diverged = any(record.state == "diverged" for record in self._records)  # to be seen on a logarithmic axis only
        log = measure != "accuracy" and self.view.log != (diverged and measure != "eta")
        return Figure(
            f"{self.view.split} {measure}" if several else measure,
            curves,
            self.view.reading.window or self._whole,
            self._references() if measure == "accuracy" else (),
            log,
            percent=measure == "accuracy",
            x_title="update",
            cursor=self.view.reading.cursor,
            events=self._events,
        )

    def _series(self, measure: str) -> dict[str, list[Point]]:
        """Points by the names of their curves: of one run its parts, of several its letters."""
        if len(self._records) == 1 and measure != "eta":
            return {split: _column(self._records[0], f"{split}_{measure}") for split in SPLITS}
        column = "eta" if measure == "eta" else f"{self.view.split}_{measure}"
        return {name: _column(record, column) for name, record in zip(self._names, self._records, strict=True)}

    @property
    def _names(self) -> list[str]:
        return [
            f"{letter} {name}" for letter, name in zip(LETTERS, labels([r.store for r in self._records]), strict=False)
        ]

    @property
    def _events(self) -> tuple[Event, ...]:
        """What was changed while a run went on; of several runs nobody could tell whose it is."""
        if len(self._records) != 1:
            return ()
        return tuple(Event(each["update"], short(each)) for each in self._records[0].interventions)

    def _references(self) -> tuple[float, ...]:
        """The accuracies the reports give for these runs."""
        return tuple(dict.fromkeys(v for r in self._records for k, v in r.reported.items() if k.endswith("accuracy")))

    def _legend(self) -> Content:
        look = cast("GradlabApp", self.app).look
        notes = [*filter(None, map(_not_finite, self._records)), *self._complaints]
        parts: list[tuple[str, str]] = [(f"{note}   ", "$text-warning") for note in notes]
        names = self._names if len(self._records) > 1 else []  # the parts of one run stand in the titles
        for k, name in enumerate(names):
            parts += [(look.sign(k), look.style(k).rich), (f" {name}   ", "")]
        if self._references():
            reported = ", ".join(f"{v:.2%}" for v in self._references())
            beside = " (full data)" if any(record.variant == "mini" for record in self._records) else ""
            parts.append((f"{'-' if look.ascii else '╌'} reported {reported}{beside}", "$foreground-muted"))
        return Content.assemble(*parts)


def _column(record: SavedRun, column: str) -> list[Point]:
    return [(row["update"], row[column]) for row in record.metrics]


def _not_finite(record: SavedRun) -> str:
    """What is said of a gap in the curves."""
    gaps = [row["update"] for row in record.metrics if not abs(row["train_loss"]) < float("inf")]
    return f"not finite from update {gaps[0]:,.0f}" if gaps else ""


def side_by_side(records: Sequence[SavedRun], look: Look) -> Table:
    """A column for each run: data, state, settings that differ, results beside the reported ones. Of one run, the
    settings that differ from its preset's."""
    compared = compare(records)
    if len(records) == 1:
        compared["settings"] = {key: [value] for key, value in changed(records[0].preset).items()}
        return table(compared, records, [Text()])
    return table(compared, records, [Text(letter, look.style(k).rich) for k, letter in enumerate(LETTERS)])
