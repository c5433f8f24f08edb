"""Curves of saved runs: of one setting, both parts of the data; of several, one part of each, over one another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from lab.drawing.figure import Curve, Event, Figure, Point
from lab.drawing.look import Look
from lab.runs.compare import compare
from lab.runs.compare_view import table
from lab.runs.curves import behind, usual
from lab.runs.interventions import short
from lab.runs.saved import SavedRun, labels
from lab.runs.seeds import Setting, mean_and_band, reached
from lab.runs.store import SPLITS
from lab.runs.view import figure
from presets.load import changed
from tui.widgets.findings import FindingsPanel
from tui.widgets.plot import SeriesPlot
from tui.widgets.reading import UNREAD, Reading
from tui.widgets.text import FittedText, first_that_fits

if TYPE_CHECKING:
    from tui.app import GradlabApp

MEASURES = ("loss", "cost", "accuracy", "eta")
SIGN, GAP = 4, 3  # columns of an entry of the legend: before its name, and after it
LETTERS = ascii_uppercase  # settings are called so in the table and at the ends of their curves


@dataclass(frozen=True)
class OverlayView:
    """What the user has switched on."""

    measure: str = "loss"
    split: str = "validation"  # of several settings
    log: bool = False  # the other way round where a run has diverged
    reading: Reading = UNREAD


class Overlay(Vertical):
    """A plot of the measure, and where there is room, of the accuracy and of eta, with what is read from the curves.
    Runs of one setting are drawn as their mean and a band from the least to the largest."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = OverlayView()
        self._settings: list[Setting] = []
        self._complaints: list[str] = []

    def compose(self) -> ComposeResult:
        yield FittedText(id="overlay-legend")
        with Horizontal():
            yield SeriesPlot(id="overlay-measure")
            yield SeriesPlot(id="overlay-accuracy")
        with Horizontal(id="overlay-below"):
            yield FindingsPanel(id="findings")
            yield SeriesPlot(id="overlay-eta")

    def show(self, settings: Sequence[Setting], complaints: Sequence[str] = ()) -> None:
        """Draw these settings; `complaints`: why others cannot be drawn."""
        before = [record.store.path for record in self._records]
        self._settings, self._complaints = list(settings), list(complaints)
        if before != [record.store.path for record in self._records]:
            self.view = replace(self.view, reading=UNREAD)
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
        self.set_class(not self._legend(self.size.width), "-no-legend")
        for legend in self.query(FittedText):
            legend.fit(self._legend)
        for plot in self.query(SeriesPlot):
            what = str(plot.id).removeprefix("overlay-")
            plot.show(self._figure(self.view.measure if what == "measure" else what))

    @property
    def _records(self) -> list[SavedRun]:
        return [record for setting in self._settings for record in setting.records]

    @property
    def _whole(self) -> tuple[float, float]:
        """The ends of the x axis."""
        ends = [record.metrics[-1]["update"] for record in self._records]
        return 0, max([1, *ends, *filter(None, map(_diverged_at, self._records))])

    @on(SeriesPlot.Pointed)
    def _pointed(self, event: SeriesPlot.Pointed) -> None:
        self.switch(reading=self.view.reading.at(event.x))

    @on(SeriesPlot.Zoomed)
    def _zoomed(self, event: SeriesPlot.Zoomed) -> None:
        self.switch(reading=self.view.reading.zoomed(self._whole, event.factor, event.x))

    # The plots

    def _figure(self, measure: str) -> Figure:
        several = len(self._settings) > 1 and measure != "eta"
        diverged = any(record.state == "diverged" for record in self._records)  # to be seen on a logarithmic axis only
        log = measure != "accuracy" and self.view.log != (diverged and measure != "eta")
        references = self._references() if measure == "accuracy" else {}
        return Figure(
            f"{self.view.split} {measure}" if several else measure,
            self._curves(measure),
            self.view.reading.window or self._whole,
            tuple(references.values()),
            log,
            percent=measure == "accuracy",
            x_title="update",
            cursor=self.view.reading.cursor,
            events=self._events,
            reference_name=self._reported(references),
        )

    def _curves(self, measure: str) -> tuple[Curve, ...]:
        """Of one setting its parts; of several their letters, together where they lie on one another."""
        if len(self._settings) == 1 and measure != "eta":
            own = [self._curve(self._settings[0], f"{split}_{measure}", k, split) for k, split in enumerate(SPLITS)]
            first = self._settings[0].records[0]
            expected = behind(first.store.trains_code, first.preset, first.variant)
            return (*own, *usual(expected if measure != "cost" else None, measure))
        column = "eta" if measure == "eta" else f"{self.view.split}_{measure}"
        drawn: dict[tuple[Point, ...], Curve] = {}
        for place, setting in enumerate(self._settings):
            label = LETTERS[place] if len(self._settings) > 1 else measure
            curve = self._curve(setting, column, place, label)
            same = drawn.get(curve.points)
            drawn[curve.points] = replace(same, label=f"{same.label}={label}") if same else curve
        return tuple(drawn.values())

    def _curve(self, setting: Setting, column: str, style: int, label: str) -> Curve:
        mean, band = mean_and_band(setting, column)
        return Curve(tuple(mean), style, label, band=tuple(band))

    @property
    def _events(self) -> tuple[Event, ...]:
        """What was changed while a run went on, and where it diverged. Of several runs nobody could tell whose."""
        if len(self._records) != 1:
            return ()
        (record,) = self._records
        events = [Event(each["update"], short(each)) for each in record.interventions]
        at = _diverged_at(record)
        return (*events, *([] if at is None else [Event(at, "not finite")]))

    # The legend

    def _references(self) -> dict[str, float]:
        """The accuracies the reports give, by the letters of the settings they are of."""
        given: dict[float, str] = {}
        for letter, setting in zip(LETTERS, self._settings, strict=False):
            for key, value in setting.records[0].reported.items():
                if key.endswith("accuracy") and letter not in given.get(value, ""):
                    given[value] = given.get(value, "") + letter
        return {f"{value}{letters}": value for value, letters in given.items()}

    def _reported(self, references: dict[str, float]) -> str:
        """What the horizontal lines are, and whose."""
        if not references:
            return ""
        several = len(self._settings) > 1
        each = [
            f"{value:.2%}" + (f" ({key.removeprefix(str(value))})" if several else "")
            for key, value in references.items()
        ]
        beside = ", full data" if any(record.variant == "mini" for record in self._records) else ""
        return f"reported {', '.join(each)}{beside}"

    def _legend(self, width: int) -> Content:
        look = cast("GradlabApp", self.app).look
        several = len(self._settings) > 1  # the parts of one setting stand in the titles
        notes = [*([] if several else filter(None, map(_divergence, self._records))), *self._complaints]
        lines = [Content.styled("   ".join(notes), "$text-warning")] if notes else []
        if several or any(len(setting.records) > 1 for setting in self._settings):
            signs = [f"{look.sign(k)} {LETTERS[k]} " if several else "" for k in range(len(self._settings))]
            entries = [self._entry(setting) for setting in self._settings]
            if self.screen.has_class("-short"):  # one line
                named = [[name(setting) for setting in self._settings] for name in (_name, _end)]
                lines.append(first_that_fits((self._line(signs, each) for each in (entries, *named)), width))
            else:
                cell = max(map(len, entries))
                columns = max(1, (width + GAP) // (cell + GAP + SIGN * several))
                padded = [entry.ljust(cell) for entry in entries]
                lines += [
                    self._line(signs[k : k + columns], padded[k : k + columns], k)
                    for k in range(0, len(padded), columns)
                ]
        return Content("\n").join(lines)

    def _line(self, signs: Sequence[str], entries: Sequence[str], first: int = 0) -> Content:
        """Entries of the legend beside one another, from that one on."""
        look = cast("GradlabApp", self.app).look
        pieces = [
            Content.assemble((sign, look.style(first + k).rich), entry)
            for k, (sign, entry) in enumerate(zip(signs, entries, strict=True))
        ]
        return Content(" " * GAP).join(pieces)

    def _entry(self, setting: Setting) -> str:
        """What a curve is: the run, or the seeds; what it reached; where the data differ, on which."""
        first, spread = setting.records[0], reached(setting)
        ended = f"{spread.mean:.2%} ± {100 * spread.deviation:.2f}" if spread else "mean and range"
        outcome = _outcome(first) if len(setting.records) == 1 else ended
        return " · ".join([_name(setting), outcome, *self._data(first)])

    def _data(self, record: SavedRun) -> list[str]:
        return [record.variant] if len({each.variant for each in self._records}) > 1 else []


class OtherPart(Overlay):
    """Loss and accuracy of several runs on the part of the data that the Overlay does not show, for beside a table."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = OverlayView(split="train")

    def compose(self) -> ComposeResult:
        yield SeriesPlot(id="overlay-measure")
        yield SeriesPlot(id="overlay-accuracy")


def _name(setting: Setting) -> str:
    """The run, or the preset and the seeds."""
    first = setting.records[0]
    return labels([first.store])[0] if len(setting.records) == 1 else f"{first.preset.name}, {_end(setting)}"


def _end(setting: Setting) -> str:
    """What is left of it where there is no room: the end of the run's name, or the seeds."""
    if len(setting.records) > 1:
        return f"seeds {', '.join(map(str, setting.seeds))}"
    return labels([setting.records[0].store])[0].rpartition("-")[2]


def _outcome(record: SavedRun) -> str:
    """The accuracy a run reached, or how it ended without one."""
    if record.state != "done" or record.result is None:
        return f"{record.state} at {record.updates:,}"
    return figure("accuracy", record.result["final"][record.result["judge"]]["accuracy"])


def _diverged_at(record: SavedRun) -> int | None:
    """The update at which the loss was not finite; None where it was."""
    return record.result["diverged_at"] if record.result else None


def _divergence(record: SavedRun) -> str:
    """That a run diverged, and where its curves end."""
    if record.state != "diverged":
        return ""
    seen = [row["update"] for row in record.metrics if isfinite(row["train_loss"])]
    end = f"; its curves end at update {seen[-1]:,.0f}, the last evaluation before" if seen else ""
    return f"{record.state_line}{end}"


def side_by_side(settings: Sequence[Setting], look: Look) -> Table:
    """A column for each run: data, state, settings that differ, results beside the reported ones. Of one run, the
    settings that differ from its preset's."""
    placed = [(k, record) for k, setting in enumerate(settings) for record in setting.records]
    records = [record for _, record in placed]
    compared = compare(records)
    heads = [Text("\n".join(run["label"].rsplit("-", 1))) for run in compared["runs"]]  # the preset, the run
    if len(records) == 1:
        compared["settings"] = {key: [value] for key, value in changed(records[0].preset).items()}
    else:
        for head, (k, _) in zip(heads, placed, strict=True):
            head.append(f"\n{LETTERS[k]}", look.style(k).rich)
    return table(compared, records, heads)
