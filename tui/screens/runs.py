"""Runs: the saved runs as a table, and the curves and settings of the marked runs side by side."""

import time
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Static, TabbedContent, TabPane
from textual.worker import Worker, WorkerState, get_current_worker

from lab.errors import LabError
from lab.report.report import write_report
from lab.runs.catalogue import Catalogue, RunRow
from lab.runs.interventions import in_words
from lab.runs.saved import TIME, value_text
from lab.runs.store import RunStore
from lab.runs.view import figure
from presets.errors import PresetError
from tui.modes import key_of
from tui.screens.base import ModeScreen
from tui.screens.dialogues import ConfirmScreen
from tui.screens.train import TrainScreen
from tui.widgets.overlay import LETTERS, MEASURES, Overlay, side_by_side

SECONDS = 1.0  # between two looks at the disk
MOST = 6  # runs that can be told apart in a plot
TINY, NARROW, WIDE = 60, 76, 120  # columns
OTHERS = 92  # columns that all but the last column of the table may take


class RunsScreen(ModeScreen):
    """Marks are kept by path, in the order they were made; without any, the run under the cursor is shown."""

    CSS_PATH = "../styles/runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="runs.mark",
                tooltip="Mark or unmark the run under the cursor."),
        Binding("u", "unmark", "Unmark all", show=False, id="runs.unmark", tooltip="Unmark all runs."),
        Binding("r", "resume", "Resume", id="runs.resume", tooltip="Resume the interrupted run in Train."),
        Binding("w", "report", "Report", id="runs.report",
                tooltip="Write a report of the marked runs: report.md and figures as PNG, SVG and PDF."),
        Binding("d,delete", "delete", "Delete", id="runs.delete", tooltip="Delete the marked runs; asks first."),
        Binding("c", "measure", "Loss/cost/eta", show=False, id="runs.measure",
                tooltip="Plot loss, cost, accuracy or eta."),
        Binding("t", "part", "Train/validation", show=False, id="runs.part",
                tooltip="Plot several runs on their training or validation set."),
        Binding("y", "log", "Log axis", show=False, id="runs.log", tooltip="Logarithmic loss, cost and eta."),
        Binding("left_square_bracket", "tab", "Tab left", show=False, id="runs.tab_left", key_display="[",
                tooltip="Curves, or settings and results side by side."),
        Binding("right_square_bracket", "tab", "Tab", id="runs.tab_right", key_display="]",
                tooltip="Curves, or settings and results side by side."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        yield Static(f"No runs yet. {key_of('train')} opens Train, where r starts one.", id="no-runs")
        with Vertical(id="with-runs"):
            yield DataTable[Text](id="runs", cursor_type="row", cell_padding=1)
            yield Static("", id="run")
            with TabbedContent(id="runs-tabs"):
                with TabPane("Curves", id="overlay-tab"):
                    yield Overlay(id="overlay")
                with TabPane("Side by side", id="side-tab"), VerticalScroll():
                    yield Static("", id="side")

    def on_mount(self) -> None:
        """Look at the disk at once."""
        self._catalogue = Catalogue(self.lab.runs)
        self._rows: list[RunRow] = []  # the newest first
        self._marked: list[str] = []  # paths
        self._looked = float("-inf")
        self._progress = ""  # of a report that is being written
        self.tick()

    # What is shown

    @property
    def runs(self) -> DataTable[Text]:
        """The table."""
        return self.query_one("#runs", DataTable)

    @property
    def current(self) -> RunRow | None:
        """The row under the cursor."""
        return self._rows[self.runs.cursor_row] if self._rows else None

    @property
    def chosen(self) -> list[str]:
        """The paths of the marked runs; without marks, of the one under the cursor."""
        return self._marked or ([self.current["run"]] if self.current else [])

    def tick(self) -> None:
        """Look at the disk now and then, in a thread."""
        idle = all(worker.group != "look" or worker.is_finished for worker in self.workers)
        if idle and time.monotonic() - self._looked > SECONDS:
            self.run_worker(self._catalogue.list_runs, group="look", thread=True, exit_on_error=False)
        self._show_current()

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        worker = event.worker
        if not worker.is_finished:
            return
        if worker.error:
            self.refuse(worker.error if isinstance(worker.error, Exception) else repr(worker.error))
        if worker.group == "report":
            self._progress = ""
            if event.state == WorkerState.SUCCESS:
                self.tell(f"written: {worker.result}")
        else:
            self._looked = time.monotonic()
            if event.state == WorkerState.SUCCESS:
                self._take(list(reversed(worker.result or [])))

    def _take(self, rows: list[RunRow]) -> None:
        """Show these runs, if they are not what is shown already."""
        self.set_class(not rows, "-none")
        self.set_class(bool(rows), "-some")
        if rows != self._rows:
            there = {row["run"] for row in rows}
            self._marked = [path for path in self._marked if path in there]
            cursor = self.current["run"] if self.current else None
            self._rows = rows
            self._fill(cursor)
            if self.focused is None and rows:
                self.runs.focus()
        self._show()

    def on_resize(self) -> None:
        """There may be room for other columns."""
        if self._rows:
            self._fill(self.current["run"] if self.current else None)

    def _fill(self, cursor: str | None) -> None:
        """Fill the table again, with the cursor on the same run."""
        table, width = self.runs, self.size.width
        columns = ["", "run", "state", "result", "report"] if width >= TINY else ["", "run", "result"]
        columns += ["data", "began"] if width >= NARROW else []
        columns += ["changed"] if width >= WIDE else []
        cells = [[self._cell(row, column) for column in columns] for row in self._rows]
        table.clear(columns=True)
        for column, *texts in zip(columns, *cells, strict=True):
            # with its width: what the table itself measures may come after a paint, which then stays
            table.add_column(column, width=max(len(column), *(text.cell_len for text in texts), 0))
        for row, texts in zip(self._rows, cells, strict=True):
            table.add_row(*texts, key=row["run"])
        paths = [row["run"] for row in self._rows]
        table.move_cursor(row=paths.index(cursor) if cursor in paths else 0)

    def _cell(self, row: RunRow, column: str) -> Text:
        match column:
            case "":
                return self._mark(row["run"])
            case "run":
                return Text(TIME.sub("", row["name"]))
            case "state":
                state = row["state"].partition(":")[0]
                theme = self.app.current_theme
                colours = {"done": theme.success, "interrupted": theme.warning, "running": theme.primary}
                return Text(state, colours.get(state, theme.error) or "")
            case "result":
                note = " val." if row["judge"] == "validation" and row["accuracy"] is not None else ""
                return Text(figure("accuracy", row["accuracy"]) + note)
            case "report":
                return Text(figure("accuracy", row["reported"]))
            case "began":
                return Text(row["when"])
            case "changed":
                text = Text(_changes(row), no_wrap=True)
                text.truncate(max(10, self.size.width - OTHERS), overflow="ellipsis")
                return text
            case _:
                return Text(row["data"])

    def _mark(self, path: str) -> Text:
        if path not in self._marked:
            return Text(" ")
        place = self._marked.index(path)
        return Text(LETTERS[place], self.lab.look.style(place).rich)

    @on(DataTable.RowHighlighted)
    def _show(self) -> None:
        """Curves and settings of what is chosen."""
        records, complaints = [], []
        for path in self.chosen:
            try:
                records.append(self._catalogue.record(RunStore(Path(path))))
            except (LabError, PresetError) as error:
                complaints.append(str(error))
        self.query_one("#overlay", Overlay).show(records, complaints)
        self.query_one("#side", Static).update(
            side_by_side(records, self.lab.look) if records else Content("\n".join(complaints))
        )
        self._show_current()

    def _show_current(self) -> None:
        row = self.current
        if row is None:
            return
        facts = [row["state"], f"{row['updates']:,} updates"]
        name = row["name"] if self.size.width >= TINY else TIME.sub("", row["name"])
        if self._progress:
            facts = [self._progress]
        elif len(self._marked) > 1:
            facts.append(f"{len(self._marked)} runs marked")
        lines = [Content.assemble((name, "bold"), "  ", " · ".join(facts))]
        lines.append(Content.styled(f"changed: {_changes(row) or 'nothing'}", "$foreground-muted"))
        self.query_one("#run", Static).update(Content("\n").join(lines))

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        if self._rows:
            self._fill(self.current["run"] if self.current else None)
        self.query_one("#overlay", Overlay).recolour()

    # What the user does

    @on(DataTable.RowSelected)
    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark off."""
        if self.current is None:
            return
        path = self.current["run"]
        if path in self._marked:
            self._marked.remove(path)
        elif len(self._marked) == MOST:
            self.refuse(f"a plot shows at most {MOST} runs: unmark one first")
        else:
            self._marked.append(path)
        self._marks_changed()

    def action_unmark(self) -> None:
        """Unmark all runs."""
        self._marked = []
        self._marks_changed()

    def _marks_changed(self) -> None:
        for i, row in enumerate(self._rows):
            self.runs.update_cell_at(Coordinate(i, 0), self._mark(row["run"]))
        self._show()

    def action_tab(self) -> None:
        """The other tab."""
        tabs = self.query_one("#runs-tabs", TabbedContent)
        tabs.active = "side-tab" if tabs.active == "overlay-tab" else "overlay-tab"

    def action_measure(self) -> None:
        """Loss, cost, accuracy, eta in turn."""
        overlay = self.query_one("#overlay", Overlay)
        overlay.switch(measure=MEASURES[(MEASURES.index(overlay.view.measure) + 1) % len(MEASURES)])

    def action_part(self) -> None:
        """The other part of the data."""
        overlay = self.query_one("#overlay", Overlay)
        overlay.switch(split="train" if overlay.view.split == "validation" else "validation")

    def action_log(self) -> None:
        """A logarithmic axis, or not."""
        overlay = self.query_one("#overlay", Overlay)
        overlay.switch(log=not overlay.view.log)

    async def action_resume(self) -> None:
        """Resume the run under the cursor in Train."""
        row = self.current
        if row is None:
            return
        if row["state"] != "interrupted":
            self.refuse(f"{row['name']} is {row['state']}: only an interrupted run can be resumed")
            return
        await self.app.switch_mode("train")
        train = self.app.screen
        assert isinstance(train, TrainScreen), "the mode just opened"
        try:
            train.resume(RunStore(Path(row["run"])))
        except (LabError, PresetError) as error:
            self.refuse(error)

    async def open_preset(self, preset: str) -> None:
        """Put the cursor on a run, by its path."""
        self._take(list(reversed(self._catalogue.list_runs())))
        paths = [row["run"] for row in self._rows]
        if preset in paths:
            self.runs.move_cursor(row=paths.index(preset))

    def action_report(self) -> None:
        """Write a report of what is chosen, in a thread."""
        if self._progress:
            self.refuse("a report is being written: wait for it")
        elif stores := [RunStore(Path(path)) for path in self.chosen]:
            self._progress = "writing a report"
            work = partial(write_report, stores, None, self._note_progress)
            self.run_worker(work, group="report", thread=True, exit_on_error=False)

    def _note_progress(self, done: int, total: int, name: str) -> None:
        """Called by the thread that writes the report; leaving the app ends it here."""
        if get_current_worker().is_cancelled:
            raise LabError("the report was not finished")
        self._progress = f"writing a report: figure {done} of {total}, {name}"

    def action_delete(self) -> None:
        """Ask, and delete."""
        paths = self.chosen
        if paths:
            what = "this run and all its" if len(paths) == 1 else f"these {len(paths)} runs and all their"
            question = "\n".join([f"Delete {what} files for good?", "", *paths])
            self.app.push_screen(ConfirmScreen("Delete", question), partial(self._delete, paths))

    def _delete(self, paths: list[str], yes: bool | None) -> None:
        for path in paths if yes else []:
            try:
                RunStore(Path(path)).delete()
            except LabError as error:
                self.refuse(error)
            else:
                self._take([row for row in self._rows if row["run"] != path])


def _changes(row: RunRow) -> str:
    """The settings that differ from the preset's, as they are written after -s."""
    changes = [f"{key}={value_text(value)}" for key, value in row["changed"].items()]
    live = in_words(row["interventions"])
    return " ".join([*changes, *([f"while it ran: {live}"] if live else [])])
