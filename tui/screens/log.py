"""A log that another program writes, followed as `gradlab watch` does: its curves, its columns, a preset behind it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Select, SelectionList, Static
from textual.worker import Worker, WorkerState

from lab.errors import LabError
from lab.user_paths import at_home
from lab.watch.columns import steps
from lab.watch.document import notes
from lab.watch.like import Like, like
from lab.watch.series import Drawn, drawn
from lab.watch.sources import PIPE, Source, source_at
from lab.watch.view import against, figures, values_table
from presets.errors import PresetError
from presets.load import names
from tui.screens.base import ModeScreen
from tui.widgets.choice import Choice
from tui.widgets.panel import Panel
from tui.widgets.plot import SeriesPlot
from tui.widgets.reading import UNREAD
from tui.widgets.text import Text

SECONDS = 0.5  # between two looks at the log
NOTHING = "nothing"  # behind the curves


class OpenLogScreen(ModalScreen[tuple[Source, Like | None] | None]):
    """Asks for a log and for the preset behind its curves; enter opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="open_log.cancel", tooltip="Open nothing."),
    ]

    def __init__(self, open: Callable[[str, str | None], tuple[Source, Like | None]]) -> None:
        """open: what is to be followed, by a path and a preset; raises LabError or PresetError."""
        super().__init__()
        self._open = open

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue") as dialogue:
            dialogue.border_title = "Open a log"
            dialogue.border_subtitle = "enter opens · esc cancels"
            yield Static("What another program writes: CSV, JSON lines, printed text, TensorBoard events, or the "
                         "folder above train/ and validation/.", classes="note", markup=False)  # fmt: skip
            yield Input(placeholder="run.csv", compact=True, id="log-path")
            with Horizontal(classes="setting"):
                yield Label("behind its curves")
                yield Choice([(name, name) for name in (NOTHING, *names())], value=NOTHING, allow_blank=False,
                             compact=True, id="log-like")  # fmt: skip
            yield Static("", classes="wrong", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        preset = str(self.query_one("#log-like", Select).value)
        try:
            self.dismiss(self._open(event.value.strip(), None if preset == NOTHING else preset))
        except (LabError, PresetError) as error:
            self.query_one(".wrong", Static).update(str(error))


class LogScreen(ModeScreen):
    """Lies over Runs. A thread reads; what it has read is drawn."""

    mode = "runs"
    AUTO_FOCUS = ""
    CSS_PATH = "../styles/log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "columns", "Columns", id="log.columns", tooltip="Choose what else is drawn; space marks it."),
        Binding("y", "log_axis", "Log axis", id="log.log", tooltip="Logarithmic losses."),
    ]  # fmt: skip

    def __init__(self, source: Source, against: Like | None) -> None:
        super().__init__()
        self._source, self._like = source, against
        self._drawn: Drawn | None = None
        self._wanted: list[str] = []  # columns that are drawn besides
        self._offered: list[str] = []
        self._log_axis = False
        self._reading = UNREAD
        self._looked = float("-inf")

    def compose_mode(self) -> ComposeResult:
        yield Text(id="log-head")
        with Horizontal():
            yield Container(id="log-plots")
            with Panel("columns", id="log-columns"):
                yield SelectionList[str](id="log-others", compact=True)
        with Panel("values", id="log-values"), VerticalScroll(can_focus=False):
            yield Static("", id="log-table")

    def on_mount(self) -> None:
        """Look at once."""
        self.tick()

    def on_unmount(self) -> None:
        """Close the file."""
        self._source.finish()

    # What is read

    def tick(self) -> None:
        """Read what is new, in a thread."""
        if time.monotonic() - self._looked > SECONDS and all(worker.is_finished for worker in self.workers):
            self._looked = time.monotonic()
            self.run_worker(self._read, thread=True, exit_on_error=False)

    def _read(self) -> Drawn:
        while self.is_attached and self._source.poll():
            pass
        return drawn(self._source.log, self._wanted)

    @on(Worker.StateChanged)
    async def _has_read(self, event: Worker.StateChanged) -> None:
        if event.state == WorkerState.ERROR:
            self.refuse(str(event.worker.error))
        elif event.state == WorkerState.SUCCESS and isinstance(event.worker.result, Drawn) and self.is_attached:
            self._drawn = event.worker.result
            await self._show()

    # What is shown

    async def _show(self) -> None:
        seen = self._drawn
        if seen is None:
            return
        self._show_head(seen)
        self._offer()
        self.query_one("#log-table", Static).update(values_table(seen, self._like) if seen.series else "")
        pictures = [
            replace(figure, log=self._log_axis and not figure.percent, cursor=self._reading.cursor,
                    span=self._reading.window or figure.span)
            for figure in figures(seen, self._like)
        ]  # fmt: skip
        room = self.query_one("#log-plots", Container)
        plots = [*room.query(SeriesPlot)]
        if len(plots) < len(pictures):
            await room.mount(*(SeriesPlot() for _ in pictures[len(plots) :]))
        for plot in plots[len(pictures) :]:
            plot.remove()
        room.styles.grid_size_columns = 1 if len(pictures) < 2 or self.has_class("-narrow") else 2
        for plot, figure in zip(room.query(SeriesPlot), pictures, strict=False):
            plot.show(figure)

    def _show_head(self, seen: Drawn) -> None:
        source = self._source
        facts = source.lacking or f"{source.log.rows:,} rows"
        lines = [Content.assemble((source.name, "bold"), f"  {facts}")]
        if self._like:
            lines.append(Content.styled(against(self._like, seen.x), "$foreground-muted"))
        if said := notes(source, seen):
            lines.append(Content.styled(" · ".join(said), "$text-warning"))
        self.query_one("#log-head", Text).show(Content("\n").join(lines))

    def _offer(self) -> None:
        """Every column that does not count and is not drawn without being asked for."""
        known = {series.column for series in self._drawn.series if series.measure} if self._drawn else set()
        offered = [name for name in self._source.log.columns if name not in known and not steps(name)]
        if offered != self._offered:
            self._offered = offered
            others = self.query_one("#log-others", SelectionList)
            with self.prevent(SelectionList.SelectedChanged):
                others.clear_options()
                others.add_options([(Content(name), name, name in self._wanted) for name in offered])
        self.set_class(not offered, "-nothing-else")

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        for plot in self.query(SeriesPlot):
            plot.redraw()

    # What the user does

    @on(SelectionList.SelectedChanged)
    def _chosen(self, event: SelectionList.SelectedChanged[str]) -> None:
        self._wanted = [name for name in self._offered if name in event.selection_list.selected]
        self._looked = float("-inf")

    @on(SeriesPlot.Pointed)
    async def _pointed(self, event: SeriesPlot.Pointed) -> None:
        self._reading = self._reading.at(event.x)
        await self._show()

    @on(SeriesPlot.Zoomed)
    async def _zoomed(self, event: SeriesPlot.Zoomed) -> None:
        whole = next((figure.span for figure in figures(self._drawn, self._like)), None) if self._drawn else None
        if whole:
            self._reading = self._reading.zoomed(whole, event.factor, event.x)
            await self._show()

    async def action_log_axis(self) -> None:
        """A logarithmic axis, or not."""
        self._log_axis = not self._log_axis
        await self._show()

    def action_columns(self) -> None:
        """To the columns."""
        if self._offered:
            self.add_class("-choosing")
            others = self.query_one("#log-others", SelectionList)
            others.highlighted = others.highlighted or 0
            self.set_focus(others)
        else:
            self.tell("Every column of this log is drawn.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape leads back to Runs."""
        return True if action == "leave_field" else super().check_action(action, parameters)

    def action_leave_field(self) -> None:
        """Out of the columns; from the curves, back to Runs."""
        if isinstance(self.focused, SelectionList):
            self.remove_class("-choosing")
            self.set_focus(None)
        else:
            self.dismiss()

    async def open_preset(self, preset: str) -> None:
        """A run was chosen elsewhere: show it in Runs."""
        below = self.app.screen_stack[-2]
        self.dismiss()
        if isinstance(below, ModeScreen):
            await below.open_preset(preset)


def opened(path: str, preset: str | None, runs: Path) -> tuple[Source, Like | None]:
    """The log at a path, and the preset that it is drawn against. Raises LabError, PresetError."""
    where = Path(at_home(path))
    if not path or where == PIPE:
        raise LabError("give a file, or a folder of event files")
    return source_at(where), like(preset, runs) if preset else None
