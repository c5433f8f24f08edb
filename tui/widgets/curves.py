"""The curves of one run: loss (or cost, or eta) and accuracy, and below, where there is room, eta."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.run_figures import CurvesView, accuracy_figure, eta_figure, measure_figure, whole_span
from tui.widgets.empty import ACCURACY, ETA, LEARNING, Empty
from tui.widgets.plot import SeriesPlot
from tui.widgets.reading import UNREAD

if TYPE_CHECKING:
    from tui.training import ShownRun

REST_SECONDS = 0.45  # between two drawings of a run that goes on: each takes its time from the training
FIGURES = {"measure": measure_figure, "accuracy": accuracy_figure, "eta": eta_figure}
SWITCHES = {  # what of a view changes which plot
    "measure": ("measure", "log", "smooth", "zoom", "epochs", "reading"),
    "accuracy": ("smooth", "zoom", "epochs", "reading"),
    "eta": ("log", "zoom", "epochs", "reading"),
}


class Curves(Vertical):
    """Draws a run as its CurvesView says. Its plots share one x axis, and the x whose values are read."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = CurvesView()
        self._record: ShownRun | None = None
        self._ways: dict[str, object] = {}  # in which each plot that is to be seen shows a run
        self._progress: dict[str, object] = {}  # of the run, as far as eyes can tell, when each plot was drawn
        self._turns = list(SWITCHES)  # the plot that was drawn longest ago comes first
        self._drawn_at = 0.0

    def compose(self) -> ComposeResult:
        with Horizontal(id="plots"):
            yield SeriesPlot(id="plot-measure")
            yield SeriesPlot(id="plot-accuracy")
        with Horizontal(id="below"):
            yield SeriesPlot(id="plot-eta")
        what = "Here a run is drawn while it trains: loss, accuracy and eta. Arrows read values, + and - zoom."
        keys = [("r", "starts a run"), ("f", "edits the settings"), ("1", "shows the presets")]
        yield Empty(what, keys, [LEARNING, ACCURACY], [ETA], id="no-run")

    def switch(self, **changes: object) -> None:
        """Change the view."""
        if changes.keys() & {"zoom", "epochs"}:
            changes["reading"] = UNREAD  # of another axis
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self.show(self._record)

    def recolour(self) -> None:
        """The colours or markers are other ones."""
        self._ways = {}
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self.show(self._record)

    @on(SeriesPlot.Pointed)
    def _pointed(self, event: SeriesPlot.Pointed) -> None:
        self.switch(reading=self.view.reading.at(event.x))

    @on(SeriesPlot.Zoomed)
    def _zoomed(self, event: SeriesPlot.Zoomed) -> None:
        if self._record:
            whole = whole_span(self._record, self.view)
            self.switch(reading=self.view.reading.zoomed(whole, event.factor, event.x))

    def show(self, record: "ShownRun | None") -> None:
        """Draw what has changed: of a run that goes on one plot at a time, now and then."""
        self._record = record
        self.set_class(record is None, "-no-run")
        if record is None:
            return
        plots = {name: self.query_one(f"#plot-{name}", SeriesPlot) for name in SWITCHES}
        ways: dict[str, object] = {
            name: (
                record, record.phase, len(record.events), self.size,
                [getattr(self.view, switch) for switch in SWITCHES[name]],
            )
            for name, plot in plots.items()
            if plot.region  # what is not to be seen is not drawn
        }  # fmt: skip
        column = max(1, record.updates // (4 * max(1, self.size.width)))  # updates in less than a dot's width
        progress = (len(record.points), record.update // column)
        changed = [name for name, way in ways.items() if way != self._ways.get(name)]
        behind = [name for name in self._turns if name in ways and progress != self._progress.get(name)]
        if not changed and (not behind or time.monotonic() - self._drawn_at < REST_SECONDS):
            return
        self._ways, self._drawn_at = ways, time.monotonic()
        for name in changed or behind[:1]:
            self._progress[name] = progress
            self._turns.append(self._turns.pop(self._turns.index(name)))
            plots[name].show(FIGURES[name](record, self.view))
