"""Runs: the saved runs as a table, and the curves and settings of the marked runs side by side."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Input, Static, TabbedContent, TabPane
from textual.worker import Worker, WorkerState, get_current_worker

from lab.errors import LabError
from lab.report.report import write_report
from lab.runs.catalogue import Catalogue, RunRow
from lab.runs.interventions import in_words
from lab.runs.notes import in_words as noted
from lab.runs.notes import matching, written
from lab.runs.saved import TIME, SavedRun, labels, value_text
from lab.runs.seeds import Setting, by_setting
from lab.runs.store import RunStore
from lab.runs.view import figure
from lab.watch.like import Like
from lab.watch.sources import Source
from presets.errors import PresetError
from tui.modes import key_of
from tui.screens.base import ModeScreen
from tui.screens.dialogues import AskScreen, ConfirmScreen
from tui.screens.log import LogScreen, OpenLogScreen, opened
from tui.screens.train import TrainScreen
from tui.training import saved
from tui.widgets.empty import ACCURACY, LEARNING, Empty
from tui.widgets.findings import TITLE, FindingsPanel
from tui.widgets.overlay import LETTERS, MEASURES, OtherPart, Overlay, side_by_side
from tui.widgets.progress import SHORT, progress

EXAMPLE = """\
    run               state     result  report  began             note
 A  a2-setting2-1f30  done      47.90%  46.77%  2026-01-02 10:30  #report
    a2-setting1-77c2  diverged  -       45.88%  2026-01-02 10:12  eta 15
 B  a2-setting1-04ab  done      46.57%  45.88%  2026-01-02 10:05  one cycle"""
OVER_ONE_ANOTHER = [
    replace(
        figure,
        title=f"validation {figure.title}",
        curves=tuple(replace(curve, label=letter) for curve, letter in zip(figure.curves, LETTERS, strict=False)),
        band=(),
    )
    for figure in (LEARNING, ACCURACY)
]
SECONDS = 1.0  # between two looks at the disk
MOST = 6  # settings that can be told apart in a plot
OF_RUNS = ("mark", "find", "note", "seeds", "unmark", "resume", "report", "delete", "measure", "part", "log", "tab")
TINY, NARROW, WIDE = 60, 76, 120  # columns
LAST = ("note", "changed")  # columns of the table that share the room that the others leave
SHORTEST = 10  # columns of either
SIDE_NAMES, SIDE_COLUMN = 22, 13  # columns of settings side by side: of their names, of a run


class RunsTable(DataTable[Text]):
    """Enter opens what is under the cursor, and the footer says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", key_display="⏎", id="runs.open",
                tooltip="Open the run in Train, in all its tabs."),
    ]  # fmt: skip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is no run, none can be opened."""
        return self.row_count > 0 if action == "select_cursor" else True


class RunsScreen(ModeScreen):
    """Marks are kept by path, in the order they were made; without any, the run under the cursor is shown. Marked runs
    of one setting share a letter: they are drawn as their mean and a band."""

    CSS_PATH = "../styles/runs.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="runs.mark",
                tooltip="Mark or unmark the run under the cursor."),
        Binding("slash", "find", "Find", id="runs.find", key_display="/",
                tooltip="Show only runs with these words or #tags; escape shows all."),
        Binding("n", "note", "Note", id="runs.note", tooltip="Note something of the run; words with # are tags."),
        Binding("a", "seeds", "All seeds", show=False, id="runs.seeds",
                tooltip="Mark all runs of this setting, whatever their seeds."),
        Binding("u", "unmark", "Unmark all", show=False, id="runs.unmark", tooltip="Unmark all runs."),
        Binding("r", "resume", "Resume", id="runs.resume", tooltip="Resume the interrupted run in Train."),
        Binding("w", "report", "Report", id="runs.report",
                tooltip="Write a report of the marked runs: report.md and figures as PNG, SVG and PDF."),
        Binding("d,delete", "delete", "Delete", id="runs.delete", tooltip="Delete the marked runs; asks first."),
        Binding("o", "open_log", "Open a log", id="runs.open_log",
                tooltip="Follow a log that another program writes, as gradlab watch does."),
        Binding("c", "measure", "Loss/cost/eta", show=False, id="runs.measure",
                tooltip="Plot loss, cost, accuracy or eta."),
        Binding("t", "part", "Train/validation", show=False, id="runs.part",
                tooltip="Plot several runs on their training or validation set."),
        Binding("y", "log", "Log axis", show=False, id="runs.log", tooltip="Logarithmic loss, cost and eta."),
        Binding("left_square_bracket", "tab(-1)", "Tab left", show=False, id="runs.tab_left", key_display="[",
                tooltip="The tab at the left."),
        Binding("right_square_bracket", "tab(1)", "Tab", id="runs.tab_right", key_display="]",
                tooltip="Curves; settings and results side by side; what the curves show, in words."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        yield Empty("Every run is kept here. You can open it again, lay it over others, and write a report of it.",
                    [(key_of("train"), "opens Train, where r starts a run"), (key_of("presets"), "shows the presets"),
                     ("o", "opens a log that another program writes")],
                    [EXAMPLE], OVER_ONE_ANOTHER, id="no-runs")  # fmt: skip
        with Vertical(id="with-runs"):
            yield Input(placeholder="/ finds: name, state, setting, note or #tag", compact=True, id="find")
            yield RunsTable(id="runs", cursor_type="row", cell_padding=1)
            yield Static("", id="run")
            with TabbedContent(id="runs-tabs"):
                with TabPane("Curves", id="overlay-tab"):
                    yield Overlay(id="overlay")
                with TabPane("Side by side", id="side-tab"), Horizontal():
                    with VerticalScroll(id="side-scroll"):
                        yield Static("", id="side")
                    yield OtherPart(id="other-part")
                with TabPane(TITLE.capitalize(), id="reading-tab"):
                    yield FindingsPanel()

    def on_mount(self) -> None:
        """Look at the disk at once."""
        self._catalogue = Catalogue(self.lab.runs)
        self._all: list[RunRow] = []  # the newest first
        self._rows: list[RunRow] = []  # those of them that are shown
        self._places: dict[str, int] = {}  # of marked runs among the settings that are drawn, by path
        self._marked: list[str] = []  # paths
        self._looked = float("-inf")
        self._progress = Content("")  # of a report that is being written
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
            self._progress = Content("")
            if event.state == WorkerState.SUCCESS:
                self.tell(f"written: {worker.result}")
        else:
            self._looked = time.monotonic()
            if event.state == WorkerState.SUCCESS:
                self._take(list(reversed(worker.result or [])))

    def _take(self, every: list[RunRow]) -> None:
        """Show these runs, as far as they are looked for, if they are not what is shown already."""
        rows = matching(every, self.query_one("#find", Input).value)
        if (not every, bool(rows)) != (self.has_class("-none"), bool(self._rows)):  # other keys are of use
            self.call_after_refresh(self.refresh_bindings)
        self.set_class(not every, "-none")
        self.set_class(bool(every), "-some")
        began, self._all = not self._all, every
        if rows != self._rows:
            there = {row["run"] for row in every}
            self._marked = [path for path in self._marked if path in there]
            cursor = self.current["run"] if self.current else None
            self._rows = rows
            self._place()
            self._fill(cursor)
        if began and every and self.focused is None:
            self.set_focus(self.runs)
        self._show()

    @on(Input.Changed, "#find")
    def _looked_for(self) -> None:
        self._take(self._all)

    @on(Input.Submitted, "#find")
    def _found(self) -> None:
        self.set_focus(self.runs)

    def on_resize(self) -> None:
        """There may be room for other columns, and for what is read from the curves below them."""
        tabs = self.query_one("#runs-tabs", TabbedContent)
        (tabs.show_tab if self.has_class("-short") else tabs.hide_tab)("reading-tab")
        if self._rows:
            self._fill(self.current["run"] if self.current else None)
            self._show()

    def _fill(self, cursor: str | None) -> None:
        """Fill the table again, with the cursor on the same run."""
        table, width = self.runs, self.size.width
        columns = ["", "run", "state", "result", "report"] if width >= TINY else ["", "run", "result"]
        columns += ["data", "began"] if width >= NARROW else []
        columns += LAST if width >= WIDE else []
        cells = {column: [self._cell(row, column) for row in self._rows] for column in columns}
        widths = {column: max(len(column), *(text.cell_len for text in texts), 0) for column, texts in cells.items()}
        if width >= WIDE:
            padding = 2 * table.cell_padding * len(columns) + 1  # and a scrollbar
            room = width - padding - sum(widths[column] for column in columns if column not in LAST)
            note = min(widths["note"], max(SHORTEST, room // 2, room - widths["changed"]))
            widths |= {"note": note, "changed": min(widths["changed"], max(SHORTEST, room - note))}
        table.clear(columns=True)
        for column in columns:
            # with its width: what the table itself measures may come after a paint, which then stays
            table.add_column(column, width=widths[column])
            for text in cells[column]:
                text.truncate(widths[column], overflow="ellipsis")
        for row, *texts in zip(self._rows, *cells.values(), strict=True):
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
            case "note" | "changed":
                return Text(_changes(row) if column == "changed" else noted(row["note"], row["tags"]), no_wrap=True)
            case _:
                return Text(row["data"])

    def _mark(self, path: str) -> Text:
        if path not in self._marked:
            return Text(" ")
        if (place := self._places.get(path)) is None:  # it cannot be drawn
            return Text("!", self.app.current_theme.error or "")
        return Text(LETTERS[place], self.lab.look.style(place).rich)

    def _read(self, paths: Sequence[str]) -> tuple[list[Setting], list[str]]:
        """The settings of these runs, and why others cannot be read."""
        records: list[SavedRun] = []
        complaints = []
        for path in paths:
            try:
                records.append(self._catalogue.record(RunStore(Path(path))))
            except (LabError, PresetError) as error:
                complaints.append(str(error))
        return by_setting(records), complaints

    def _place(self) -> None:
        """Give the marked runs the letters that they are drawn with."""
        settings, _ = self._read(self._marked)
        self._places = {str(each.store.path): k for k, setting in enumerate(settings) for each in setting.records}

    @on(DataTable.RowHighlighted)
    def _show(self) -> None:
        """Curves and settings of what is chosen."""
        settings, complaints = self._read(self.chosen)
        for overlay in self.query(Overlay):
            overlay.show(settings, complaints)
        self.query_one("#side", Static).update(
            side_by_side(settings, self.lab.look) if settings else Content("\n".join(complaints))
        )
        columns = SIDE_NAMES + SIDE_COLUMN * sum(len(setting.records) for setting in settings)
        self.set_class(columns > self.size.width // 2, "-crowded")
        self._show_findings()
        self._show_current()

    def _show_findings(self) -> None:
        """Of the run under the cursor: below its curves where there is room, and in a tab."""
        row = self.current
        settings, complaints = self._read([row["run"]] if row else [])
        for panel in self.query(FindingsPanel):
            if settings:
                record = settings[0].records[0]
                panel.show(record.findings, labels([record.store])[0], "There are no findings.")
            else:
                panel.show([], otherwise=" ".join(complaints))

    def _show_current(self) -> None:
        row = self.current
        if row is None:
            self.query_one("#run", Static).update(
                f"No run has {self.query_one('#find', Input).value}: escape shows all."
            )
            return
        facts = [row["state"], f"{row['updates']:,} updates"]
        name = row["name"] if self.size.width >= TINY else TIME.sub("", row["name"])
        if len(self._marked) > 1:
            facts.append(f"{len(self._marked)} runs marked")
        lines = [Content.assemble((name, "bold"), "  ", self._progress or " · ".join(facts))]
        about = [f"changed: {_changes(row) or 'nothing'}"]
        if said := noted(row["note"], row["tags"]):
            about.insert(0, said)
        lines.append(Content.styled(" · ".join(about), "$foreground-muted"))
        self.query_one("#run", Static).update(Content("\n").join(lines))

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        if self._rows:
            self._fill(self.current["run"] if self.current else None)
        for overlay in self.query(Overlay):
            overlay.recolour()

    # What the user does

    @on(DataTable.RowSelected)
    async def _open(self) -> None:
        """Open the run under the cursor in Train, as it was left."""
        row = self.current
        if row is None:
            return
        training = self.lab.training
        shown = training is not None and training.store is not None and str(training.store.path) == row["run"]
        try:
            record = None if shown else saved(RunStore(Path(row["run"])))
        except (LabError, PresetError) as error:
            self.refuse(error)
            return
        train = await self._to_train()
        if record:
            train.show(record)

    async def _to_train(self) -> TrainScreen:
        await self.app.switch_mode("train")
        train = self.app.screen
        assert isinstance(train, TrainScreen), "the mode just opened"
        return train

    def action_open_log(self) -> None:
        """Ask for a log, and show it over the runs."""
        ask = OpenLogScreen(lambda path, preset: opened(path, preset, self.lab.runs))
        self.app.push_screen(ask, self._show_log)

    def _show_log(self, chosen: tuple[Source, Like | None] | None) -> None:
        if chosen:
            self.app.push_screen(LogScreen(*chosen))

    def action_find(self) -> None:
        """To the field that narrows the list down."""
        self.add_class("-finding")
        self.set_focus(self.query_one("#find"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape shows all runs again, too. Without runs there is nothing to be done with them."""
        if action in OF_RUNS and self.has_class("-none"):
            return False
        if action == "leave_field" and any(field.value for field in self.query("#find").results(Input)):
            return True
        return super().check_action(action, parameters)

    def action_leave_field(self) -> None:
        """All runs, and back to the table."""
        self.query_one("#find", Input).value = ""
        self.remove_class("-finding")
        self.set_focus(self.runs)

    def action_note(self) -> None:
        """Ask for a line about the run under the cursor."""
        if row := self.current:
            ask = AskScreen("Note", f"Of {row['name']}. Words that begin with # are tags.",
                            noted(row["note"], row["tags"]), written)  # fmt: skip
            self.app.push_screen(ask, partial(self._note, row["run"]))

    def _note(self, path: str, text: str | None) -> None:
        if text is None:
            return
        try:
            RunStore(Path(path)).save_notes(written(text))
        except LabError as error:
            self.refuse(error)
        else:
            self._take(list(reversed(self._catalogue.list_runs())))

    def action_seeds(self) -> None:
        """Mark the runs of the setting under the cursor."""
        row = self.current
        if row is None:
            return
        likely = [each["run"] for each in self._all if each["preset"] == row["preset"]]
        settings, _ = self._read([row["run"], *(path for path in likely if path != row["run"])])
        own = [str(each.store.path) for each in settings[0].records] if settings else []
        if len(own) < 2:
            self.refuse(
                "there is no other run of this setting with another seed: gradlab run PRESET --seed N makes one"
            )
            return
        self._try_marks([path for path in self._marked if path not in own] + own)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark off."""
        if self.current is None:
            return
        path = self.current["run"]
        if path in self._marked:
            self._try_marks([each for each in self._marked if each != path])
        else:
            self._try_marks([*self._marked, path])

    def _try_marks(self, marks: list[str]) -> None:
        """Take these marks, if what they are of can be told apart."""
        settings, complaints = self._read(marks)
        if len(settings) + len(complaints) > MOST:
            self.refuse(f"a plot shows at most {MOST} settings: unmark one first")
            return
        self._marked = marks
        self._marks_changed()

    def action_unmark(self) -> None:
        """Unmark all runs."""
        self._marked = []
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._place()
        for i, row in enumerate(self._rows):
            self.runs.update_cell_at(Coordinate(i, 0), self._mark(row["run"]))
        self._show()

    def action_tab(self, by: int) -> None:
        """The next tab."""
        tabs = self.query_one("#runs-tabs", TabbedContent)
        names = [str(pane.id) for pane in tabs.query(TabPane) if tabs.get_tab(pane).display]
        tabs.active = names[(names.index(tabs.active) + by) % len(names)]

    def action_measure(self) -> None:
        """Loss, cost, accuracy, eta in turn."""
        for overlay in self.query(Overlay):
            overlay.switch(measure=MEASURES[(MEASURES.index(overlay.view.measure) + 1) % len(MEASURES)])

    def action_part(self) -> None:
        """The other part of the data."""
        for overlay in self.query(Overlay):
            overlay.switch(split="train" if overlay.view.split == "validation" else "validation")

    def action_log(self) -> None:
        """A logarithmic axis, or not."""
        for overlay in self.query(Overlay):
            overlay.switch(log=not overlay.view.log)

    async def action_resume(self) -> None:
        """Resume the run under the cursor in Train."""
        row = self.current
        if row is None:
            return
        if row["state"] != "interrupted":
            self.refuse(f"{row['name']} is {row['state']}: only an interrupted run can be resumed")
            return
        train = await self._to_train()
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
            self._progress = Content("writing a report")
            work = partial(write_report, stores, None, self._note_progress)
            self.run_worker(work, group="report", thread=True, exit_on_error=False)

    def _note_progress(self, done: int, total: int, name: str) -> None:
        """Called by the thread that writes the report; leaving the app ends it here."""
        if get_current_worker().is_cancelled:
            raise LabError("the report was not finished")
        bar = progress(done / max(total, 1), width=SHORT, ascii_only=self.lab.look.ascii)
        self._progress = Content.assemble("writing a report  ", bar, f"  figure {done} of {total}, {name}")

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
                self._take([row for row in self._all if row["run"] != path])


def _changes(row: RunRow) -> str:
    """The settings that differ from the preset's, as they are written after -s."""
    changes = [f"{key}={value_text(value)}" for key, value in row["changed"].items()]
    live = in_words(row["interventions"])
    return " ".join([*changes, *([f"while it ran: {live}"] if live else [])])
