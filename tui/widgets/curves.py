"""The curves of one run: loss (or cost, or eta) and accuracy, and below, where there is room, eta."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lab.runs.store import SPLITS
from presets.schema import TriangularSchedule
from tui.series import Point, decimate, smooth
from tui.widgets.plot import MUTED, Curve, Figure, SeriesPlot
from tui.widgets.text import Text

if TYPE_CHECKING:
    from tui.app import GradlabApp
    from tui.training import ShownRun

REST_SECONDS = 0.45  # between two drawings of a run that goes on: each takes its time from the training
MEASURES = ("loss", "cost", "eta")
SWITCHES = {  # what of a View changes which plot
    "measure": ("measure", "log", "smooth", "zoom", "epochs"),
    "accuracy": ("smooth", "zoom", "epochs"),
    "eta": ("log", "zoom", "epochs"),
}


@dataclass(frozen=True)
class CurvesView:
    """What the user has switched on."""

    measure: str = "loss"
    log: bool = False
    smooth: bool = False
    zoom: bool = False
    epochs: bool = False


class Curves(Vertical):
    """Draws a run as its CurvesView says."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = CurvesView()
        self._record: ShownRun | None = None
        self._ways: dict[str, object] = {}  # in which each plot that is to be seen shows a run
        self._progress: dict[str, object] = {}  # of the run, as far as eyes can tell, when each plot was drawn
        self._turns = list(SWITCHES)  # the plot that was drawn longest ago comes first
        self._drawn_at = 0.0

    def compose(self) -> ComposeResult:
        yield Text(id="legend")
        with Horizontal(id="plots"):
            yield SeriesPlot(id="plot-measure")
            yield SeriesPlot(id="plot-accuracy")
        yield SeriesPlot(id="plot-eta")
        yield Static("No run yet: r starts one, f shows the settings.", id="no-run")

    def switch(self, **changes: object) -> None:
        """Change the view."""
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self.show(self._record)

    def recolour(self) -> None:
        """The colours or markers are other ones."""
        self._ways = {}
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self.show(self._record)

    def show(self, record: "ShownRun | None") -> None:
        """Draw what has changed: of a run that goes on one plot at a time, now and then."""
        self._record = record
        self.set_class(record is None, "-no-run")
        if record is None:
            return
        span = self._span(record)
        plots = {name: self.query_one(f"#plot-{name}", SeriesPlot) for name in SWITCHES}
        ways: dict[str, object] = {
            name: (record, record.phase, self.size, [getattr(self.view, switch) for switch in SWITCHES[name]])
            for name, plot in plots.items()
            if plot.region  # what is not to be seen is not drawn
        }
        column = max(1, int((span[1] - span[0]) / max(1, self.size.width)))  # updates in less than a cell's width
        progress = (len(record.points), record.update // column)
        changed = [name for name, way in ways.items() if way != self._ways.get(name)]
        behind = [name for name in self._turns if name in ways and progress != self._progress.get(name)]
        if not changed and (not behind or time.monotonic() - self._drawn_at < REST_SECONDS):
            return
        self._ways, self._drawn_at = ways, time.monotonic()
        figures = {"measure": self._measure, "accuracy": self._accuracy, "eta": self._eta}
        if changed:
            self.query_one("#legend", Text).show(self._legend(record))
        for name in changed or behind[:1]:
            self._progress[name] = progress
            self._turns.append(self._turns.pop(self._turns.index(name)))
            plots[name].show(figures[name](record, span))

    def _span(self, record: "ShownRun") -> tuple[float, float]:
        """The ends of the x axis, in updates: the whole run, or its last cycle (without cycles, its last quarter)."""
        if not self.view.zoom:
            return 0, max(record.updates, 1)
        schedule = record.preset.schedule
        length = 2 * schedule.n_s if isinstance(schedule, TriangularSchedule) else max(record.updates // 4, 1)
        start = max(record.update - 1, 0) // length * length
        return start, start + length

    def _measure(self, record: "ShownRun", span: tuple[float, float]) -> Figure:
        if self.view.measure == "eta":
            return self._eta(record, span)
        curves = []
        if self.view.measure == "loss":
            batches = smooth(record.losses.means()) if self.view.smooth else record.losses.extremes()
            curves.append(self._curve(record, batches, MUTED, line=self.view.smooth))
        curves += self._splits(record, self.view.measure)
        return self._figure(record, span, self.view.measure, curves, log=self.view.log)

    def _accuracy(self, record: "ShownRun", span: tuple[float, float]) -> Figure:
        reported = self._reported(record)
        references = () if reported is None else (reported[1],)
        curves = self._splits(record, "accuracy")
        return self._figure(record, span, "accuracy", curves, references=references, percent=True)

    def _eta(self, record: "ShownRun", span: tuple[float, float]) -> Figure:
        curve = self._curve(record, record.etas.means(), 2)
        return self._figure(record, span, "eta", [curve], log=self.view.log)

    def _splits(self, record: "ShownRun", measure: str) -> list[Curve]:
        series = [[(row["update"], row[f"{split}_{measure}"]) for row in record.points] for split in SPLITS]
        if self.view.smooth:
            series = [smooth([p for p in points if abs(p[1]) < float("inf")], keep=0.6) for points in series]
        return [self._curve(record, points, style) for style, points in enumerate(series)]

    def _curve(self, record: "ShownRun", points: list[Point], style: int, line: bool = True) -> Curve:
        scale = record.per_epoch if self.view.epochs else 1
        return Curve(tuple((x / scale, y) for x, y in decimate(points)), style, line)

    def _figure(
        self, record: "ShownRun", span: tuple[float, float], title: str, curves: list[Curve], **options: object
    ) -> Figure:
        scale = record.per_epoch if self.view.epochs else 1
        axis = "epoch" if self.view.epochs else "update"
        ends = (span[0] / scale, span[1] / scale)
        return Figure(f"{title} / {axis}", tuple(curves), ends, **options)  # type: ignore[arg-type]

    def _reported(self, record: "ShownRun") -> tuple[str, float] | None:
        """The accuracy the report gives, and of which part: of the one that judges, or, without that, of validation."""
        given = record.preset.reference.reported if record.preset.reference else {}
        for part in (record.preset.data.judge, "validation"):
            if f"{part}.accuracy" in given:
                return part, given[f"{part}.accuracy"]
        return None

    def _legend(self, record: "ShownRun") -> Content:
        lab = cast("GradlabApp", self.app)
        ascii_only = lab.settings.markers == "ascii"
        parts = []
        for split, style in zip(SPLITS, lab.series_styles, strict=False):
            red, green, blue = style.colour
            parts += [(style.marker, f"rgb({red},{green},{blue})"), (f" {split}   ", "")]
        if self.view.measure == "loss":
            parts.append((f"{'.' if ascii_only else '·'} batches   ", "$foreground-muted"))
        if reported := self._reported(record):
            parts.append(
                (
                    f"{'-' if ascii_only else '┄'} reported {reported[1]:.2%} ({_part(record, reported[0])})   ",
                    "$foreground-muted",
                )
            )
        switched = [name for name in ("log", "smooth", "zoom") if getattr(self.view, name)]
        parts.append((" ".join(switched), "$accent"))
        return Content.assemble(*parts)


def _part(record: "ShownRun", part: str) -> str:
    """Of what a reported number is; a run on embedded data does not compare itself with one on all."""
    return f"{part}, full data" if record.variant == "mini" else part
