"""Train: a preset's form, its training in a thread, and what can be seen of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import ClassVar

from rich.console import Group
from rich.text import Text as RichText
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ScrollableContainer, Vertical
from textual.content import Content
from textual.widgets import RichLog, Static, TabbedContent, TabPane

from core.health import LayerHealth
from lab import command_lines
from lab.errors import LabError
from lab.library.own_presets import save
from lab.runs import run as lab_run
from lab.runs.pictures import Picture
from lab.runs.pictures_view import grid
from lab.runs.store import SPLITS, RunStore
from lab.runs.view import figure
from lab.training import code_run
from lab.user_paths import at_home
from presets.errors import PresetError
from presets.load import load
from presets.sanity import overfit
from tui.run_figures import MEASURES, SIZES, size_figure
from tui.screens.code import CodeScreen, code_of
from tui.screens.dialogues import AskScreen
from tui.training import SEEN, ShownRun, TrainingThread
from tui.widgets import tables
from tui.widgets.curves import Curves
from tui.widgets.field_help import FIELDS
from tui.widgets.findings import FindingsPanel
from tui.widgets.form import PresetForm
from tui.widgets.plot import SeriesPlot
from tui.widgets.progress import progress
from tui.widgets.reading import UNREAD
from tui.widgets.text import FittedText, first_that_fits

DEFAULT_PRESET = "a2-setting1"
NO_PICTURES = (
    "Pictures are the weights of a single dense layer (templates), of a first convolution over images (kernels), and, "
    "when a run has ended, the images it is surest about and wrong."
)
LOOKS = ("confusion-tab", "classes-tab", "pictures-tab", "layers-tab")  # at a network, also at a saved one
NARROWEST = 20  # columns to which words are broken
LAYERS = (
    "weight, gradient: root mean squares over a layer; dead: share of its units that never fire\n"
    "update/weight: near 1e-3 a layer learns well, near 1e-6 hardly at all"
)
WORDS = {
    "loading": "loading data",
    "finishing": "computing the final numbers",
    "interrupted": "stopped and saved; space resumes",
}
WAITS = ("paused", "interrupted", "failed")  # phases of a run that can be resumed
STYLES = {"failed": "$text-error", "diverged": "$text-error", "done": "$text-success", "paused": "$text-warning"}


class TrainScreen(CodeScreen):
    """The form at the left (where it is narrow: instead, with f), the run at the right."""

    AUTO_FOCUS = ""  # nothing: single keys are commands
    CSS_PATH = "../styles/train.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "Start", id="train.start", tooltip="Train with the settings as they are."),
        Binding("ctrl+r", "start_here", "Start", id="train.start_here", tooltip="Start, from a field."),
        Binding("space", "pause", "Pause", id="train.pause", tooltip="Pause the run; again: resume it."),
        Binding("space", "resume", "Resume", id="train.resume", tooltip="Resume the run."),
        Binding("n", "step", "Step", id="train.step", tooltip="Make one update, then pause."),
        Binding("s", "stop", "Stop", id="train.stop", tooltip="Stop and save the run; it can be resumed."),
        Binding("e", "eta", "Eta", id="train.eta", tooltip="Change the learning rate of the current run."),
        Binding("f", "form", "Settings", id="train.form", tooltip="Edit the settings; escape goes back to the run."),
        Binding("c", "measure", "Loss/cost/eta", show=False, id="train.measure", tooltip="Plot loss, cost or eta."),
        Binding("y", "switch('log')", "Log axis", show=False, id="train.log", tooltip="Logarithmic loss and eta."),
        Binding("m", "switch('smooth')", "Smooth", show=False, id="train.smooth", tooltip="Smooth the curves."),
        Binding("z", "switch('zoom')", "Zoom", show=False, id="train.zoom", tooltip="Zoom to the last cycle of eta."),
        Binding("x", "switch('epochs')", "Epochs", show=False, id="train.epochs", tooltip="Against epochs or updates."),
        Binding("left", "read('left')", "Value left", show=False, id="train.left",
                tooltip="Read the values of the curves further left."),
        Binding("right", "read('right')", "Value right", show=False, id="train.right",
                tooltip="Read the values of the curves further right."),
        Binding("plus,equals_sign", "read('in')", "Zoom in", show=False, key_display="+", id="train.zoom_in",
                tooltip="See half as much of the x axis; the wheel does it, too."),
        Binding("minus", "read('out')", "Zoom out", show=False, key_display="-", id="train.zoom_out",
                tooltip="See twice as much of the x axis."),
        Binding("left_square_bracket", "tab(-1)", "Tab left", show=False, key_display="[", id="train.tab_left",
                tooltip="The tab at the left."),
        Binding("right_square_bracket", "tab(1)", "Tab right", show=False, key_display="]", id="train.tab_right",
                tooltip="The tab at the right."),
        Binding("o", "overfit", "Sanity check", show=False, id="train.overfit",
                tooltip="Overfit 100 examples: sets the settings and starts."),
        Binding("t", "code", "Your code", show=False, id="train.code",
                tooltip="Choose code of yours and train it in the place of the preset's network."),
        Binding("a", "all_settings", "All settings", show=False, id="train.all_settings",
                tooltip="Show also the settings that cannot matter here, or hide them."),
        Binding("u", "reset", "Reset", show=False, id="train.reset", tooltip="All settings as in the preset."),
        Binding("ctrl+s", "save", "Save preset", show=False, id="train.save",
                tooltip="Save the settings as a preset of yours."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Horizontal(id="train"):
            yield PresetForm(self.lab.preset or DEFAULT_PRESET, id="form")
            with Vertical(id="live"):
                yield FittedText(id="headline")
                with TabbedContent(id="tabs"):
                    with TabPane("Curves", id="curves-tab"):
                        yield Curves(id="curves")
                        yield FindingsPanel(id="findings")
                    with TabPane("Confusion", id="confusion-tab"), ScrollableContainer():
                        yield FittedText(id="confusion")
                    with TabPane("Classes", id="classes-tab"), ScrollableContainer():
                        yield FittedText(id="classes")
                    with TabPane("Pictures", id="pictures-tab"), ScrollableContainer():
                        yield Static("", id="pictures")
                    with TabPane("Layers", id="layers-tab"):
                        with ScrollableContainer():
                            yield FittedText(id="layers")
                        with Horizontal(id="sizes"):
                            yield from (SeriesPlot() for _ in SIZES)
                    with TabPane("Log", id="log-tab"):
                        yield RichLog(id="log", max_lines=1000, min_width=0, wrap=True)

    def on_mount(self) -> None:
        """Show a run that is there already."""
        self._shown: ShownRun | None = None
        self._complained_of: ShownRun | None = None
        self._logged = 0
        self._waited = False
        self._asked_at = -1
        self._pictures: dict[str, list[Picture]] | None = None
        self._room = 0
        self.tick()

    # What is shown

    @property
    def record(self) -> ShownRun | None:
        """The run that is shown."""
        return self.lab.training

    def tick(self) -> None:
        """Show what is new of the run, in the tab that is open."""
        record = self.record
        if record is not self._shown:
            self._shown, self._logged, self._asked_at = record, 0, -1
            self.query_one("#log", RichLog).clear()
        if self._waited != self._waits:
            self._waited = self._waits
            self.refresh_bindings()
        self.query_one("#headline", FittedText).fit(partial(self._headline, record))
        if record and record.phase == "failed" and record is not self._complained_of:
            self._complained_of = record
            self.refuse(f"{record.preset.name} failed: {record.error}")  # the headline may have no room for all of it
        tab = self.query_one("#tabs", TabbedContent).active
        if isinstance(record, TrainingThread):
            record.watch_health = tab == "layers-tab"
            self._ask(record, tab)
            if tab == "curves-tab":
                record.ask_for_findings()
        if record and tab in LOOKS:
            record.look(self.lab.compute, self.lab.threads)
        if tab == "layers-tab":
            self._show_sizes(record.health if record else [])
        ascii_only = self.lab.settings.markers == "ascii"
        match tab:
            case "curves-tab":
                self.query_one("#curves", Curves).show(record)
                self._show_findings(record)
            case "confusion-tab" if record and record.confusion:
                what, classes, counts = record.confusion
                draw = partial(tables.confusion, classes, counts, ascii_only=ascii_only)
                self._fill("confusion", f"{what}: rows true, columns guessed", draw)
            case "classes-tab" if record and record.confusion:
                what, classes, counts = record.confusion
                self._fill("classes", what, partial(tables.scores, classes, counts, ascii_only=ascii_only))
            case "pictures-tab":
                self._show_pictures(record)
            case "layers-tab" if record and record.health:
                said = "" if record.looked in ("", SEEN) else f"\n{record.looked}"
                self._fill("layers", f"{LAYERS}{said}", lambda width, height: tables.layers(record.health))
            case "confusion-tab" | "classes-tab" | "layers-tab":
                unknown = record and (record.looked or "Not yet known.")
                self._fill(tab.removesuffix("-tab"), unknown or "No run yet.", lambda width, height: Content(""))
            case "log-tab" if record:
                for line in record.log[self._logged :]:
                    self.query_one("#log", RichLog).write(line)
                self._logged = len(record.log)

    def _show_findings(self, record: ShownRun | None) -> None:
        panel = self.query_one("#findings", FindingsPanel)
        panel.set_class(record is None, "-no-run")
        if record:
            of = "" if record.ended else "so far"
            panel.show(record.findings, of, "" if record.ended else "They are read at each evaluation.")

    def _show_sizes(self, health: Sequence[LayerHealth]) -> None:
        for name, plot in zip(SIZES, self.query("#sizes SeriesPlot").results(SeriesPlot), strict=True):
            plot.show(size_figure(health, name, plot.figure.cursor))
            plot.display = bool(plot.figure.curves)

    @on(SeriesPlot.Pointed, "#sizes SeriesPlot")
    def _layer_pointed_at(self, event: SeriesPlot.Pointed) -> None:
        event.plot.show(replace(event.plot.figure, cursor=event.x))

    def _show_pictures(self, record: ShownRun | None) -> None:
        pane = self.query_one("#pictures", Static)
        named, room = record.pictures if record else {}, self.query_one("#tabs").content_size.width - 4
        if named is self._pictures and room == self._room:
            return
        self._pictures, self._room = named, room
        drawn = [
            part
            for name, group in named.items()
            for part in (RichText(f"{name.capitalize()}\n", style="bold"), grid(group, room, not self.app.no_color))
        ]
        pane.set_class(not drawn, "-hint")
        pane.update(Group(*drawn) if drawn else NO_PICTURES)

    def _fill(self, id: str, what: str, table: Callable[[int, int], Content]) -> None:
        """Lines that say what it is, and a table made for the room that they leave."""
        height = self.query_one("#tabs ContentSwitcher").size.height

        def filled(width: int) -> Content:
            lines = [line for part in what.splitlines() for line in wrap(part, max(width, NARROWEST))]
            head = Content.styled("\n".join(lines), "$foreground-muted")
            return Content("\n").join([head, Content(""), table(width, height - len(lines) - 1)])

        self.query_one(f"#{id}", FittedText).fit(filled)

    def _ask(self, record: TrainingThread, tab: str) -> None:
        """Let the training thread look at what the open tab shows, once for an evaluation (layers: for a second)."""
        if tab == "layers-tab":
            record.ask_for_health()
        elif tab in ("confusion-tab", "classes-tab", "pictures-tab") and len(record.points) != self._asked_at:
            self._asked_at = len(record.points)
            if tab == "pictures-tab":
                record.ask_for_pictures()
            else:
                record.ask_for_confusion()

    def _headline(self, record: ShownRun | None, width: int) -> Content:
        if record is None:
            opened = self.form.opened
            head = Content.assemble((opened.name, "bold"), (f"  {opened.title}", "$foreground-muted"))
            return Content("\n").join([head, Content.styled("no run yet", "$foreground-muted")])
        phase = WORDS.get(record.phase, record.phase)
        if record.phase == "diverged" and record.result:
            phase = f"diverged at update {record.result['diverged_at']:,}: try a smaller eta"
        if record.phase == "failed":
            phase = f"failed: {' '.join(str(record.error).split())}"
        made = f"update {record.update:,} of {record.updates:,}" if record.updates else ""
        epoch = f"epoch {record.snapshot.epoch:.1f}" if record.snapshot else ""
        rate = f"{record.rate:,.0f}/s" if record.rate and record.phase == "running" else ""
        name = [(record.preset.name, "bold"), (f"  {phase}", STYLES.get(record.phase, "$text-primary"))]
        test = record.result["final"].get("test") if record.result and record.phase != "diverged" else None
        reached = (f"  test {figure('accuracy', test['accuracy'])}" if test else "", "bold $text-success")
        data = (f"  {record.data}", "$foreground-muted")
        with_time, bar = self._bars(record, width)
        firsts = [Content.assemble(*name, with_time, reached, data), Content.assemble(*name, with_time, reached)]
        firsts += [Content.assemble(*name, bar, reached), Content.assemble(*name, reached)]
        if record.ended:  # the word says what the bar says
            firsts.insert(1, Content.assemble(*name, reached, data))
        eta = self._eta_line(record)
        facts = [[made, epoch, eta, rate], [made, eta, rate], [made, eta], [eta]]
        lines = [first_that_fits(firsts, width), first_that_fits(map(_joined, facts), width)]
        if record.points:
            numbers = self._numbers(record)
            lines.append(first_that_fits((_joined(numbers[k:]) for k in range(len(numbers))), width))
        return Content("\n").join(lines)

    def _bars(self, record: ShownRun, width: int) -> tuple[Content, Content]:
        """How far it is, with the time left and without."""
        if not record.updates or record.phase in ("failed", "diverged"):
            return Content(""), Content("")
        left = record.seconds_left if record.phase == "running" else None
        done = record.update / record.updates
        timed, alone = (progress(done, each, width // 5, self.lab.look.ascii) for each in (left, None))
        return Content.assemble("  ", timed), Content.assemble("  ", alone)

    def _eta_line(self, record: ShownRun) -> str:
        """The learning rate; that another one was asked for, or since when it is not the schedule's."""
        if isinstance(record, TrainingThread) and record.asked:
            return f"{record.asked} from the next update"
        if record.eta is None:
            return ""
        last = record.interventions[-1] if record.interventions else None
        since = f" (set at update {last['update']:,})" if last and last["eta"] is not None else ""
        return f"eta {record.eta:.3g}{since}"

    def _numbers(self, record: ShownRun) -> list[str]:
        """Losses and accuracies of the last evaluation; at the end, of the test part beside the report."""
        row = record.points[-1]
        parts = [
            f"{split} {_short(row[f'{split}_loss'])} {figure('accuracy', row[f'{split}_accuracy'])}" for split in SPLITS
        ]
        if record.result and (test := record.result["final"].get("test")) and test["loss"] is not None:
            parts.append(f"test {_short(test['loss'])} {figure('accuracy', test['accuracy'])}")
        return parts

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        self.query_one("#curves", Curves).recolour()

    # What the user does

    @property
    def form(self) -> PresetForm:
        """The settings."""
        return self.query_one("#form", PresetForm)

    @on(TabbedContent.TabActivated)
    def _tab_opened(self) -> None:
        self._asked_at = -1
        self.call_after_refresh(self.tick)

    async def open_preset(self, preset: str, changes: Sequence[str] = ()) -> None:
        """Show a preset in the form, changed if `changes` ('key=value') say so. What belonged to a run of another one
        that has ended makes room; a run that is going stays in sight."""
        if not await self._open(preset, changes):
            return
        record = self.record
        if record and record.ended and record.preset.name != self.form.opened.name:
            self.lab.training = None
            self.tick()
        elif record and not self.form.display:  # what is in sight is the last run
            self.tell(f"{self.form.opened.name}: r starts it, f shows its settings")

    async def _open(self, preset: str, changes: Sequence[str] = ()) -> bool:
        try:
            await self.form.open(preset, [*changes])
        except PresetError as error:
            self.refuse(error)
            return False
        return True

    def action_start(self) -> None:
        """Train with the settings of the form. Stops and saves the current run first."""
        form = self.form
        if form.preset is None:
            self.refuse(f"not started: {form.message}")
            return
        begin = partial(lab_run.start, form.preset, form.variant, self.lab.runs, self.lab.threads)
        self._start(TrainingThread(form.preset, begin, self.lab.compute, form.command))

    def _start(self, training: TrainingThread) -> None:
        self.lab.train(training)
        self.remove_class("-editing")
        self.set_focus(None)
        self.query_one("#tabs", TabbedContent).active = "curves-tab"
        self.tick()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a field a letter is text: there ctrl+r starts. Escape leaves the settings, too."""
        if action == "leave_field" and (self.has_class("-editing") or self._reads):
            return True
        if action in ("pause", "resume"):  # the same key
            return self._waits == (action == "resume")
        return isinstance(self.focused, FIELDS) if action == "start_here" else super().check_action(action, parameters)

    def action_leave_field(self) -> None:
        """Back to the run; from a part of its curves, to all of them."""
        if self._reads and self.focused is None and not self.has_class("-editing"):
            self.query_one("#curves", Curves).switch(reading=UNREAD)
        super().action_leave_field()
        self.remove_class("-editing")

    @property
    def _reads(self) -> bool:
        """Are values of the curves read, or only a part of them seen?"""
        return any(curves.view.reading != UNREAD for curves in self.query(Curves))

    def action_start_here(self) -> None:
        """Train as the form says."""
        self.action_start()

    def show(self, record: ShownRun) -> None:
        """Show a saved run; space resumes it if it was interrupted."""
        if self.record is not None and not self.record.ended:
            self.refuse(f"{self.record.preset.name} is being trained: stop it first")
            return
        self.lab.training = record
        self.tick()

    def resume(self, store: RunStore) -> None:
        """Resume a saved run. Raises LabError."""
        begin = partial(code_run.resume, store, self.lab.threads)
        self.lab.train(TrainingThread(store.preset(), begin, self.lab.compute, command_lines.resume(store.path)))
        self.tick()

    @property
    def _waits(self) -> bool:
        """Is there a run that can be resumed?"""
        record = self.record
        return record is not None and record.store is not None and record.phase in WAITS

    def action_pause(self) -> None:
        """Pause."""
        if going := self._going():
            going.pause()
            self.tick()

    def action_resume(self) -> None:
        """Resume what was paused, or a run that was stopped."""
        record = self.record
        if isinstance(record, TrainingThread) and record.phase == "paused":
            record.go_on()
        elif record and record.store:
            try:
                self.resume(record.store)
            except LabError as error:
                self.refuse(error)
        self.tick()

    def action_step(self) -> None:
        """One update."""
        if going := self._going():
            going.step()

    def action_stop(self) -> None:
        """End the run and keep it."""
        if going := self._going():
            going.stop()

    def _going(self) -> TrainingThread | None:
        """The run that is going; says so if none is."""
        if isinstance(self.record, TrainingThread) and not self.record.ended:
            return self.record
        self.tell("No run is going: r starts one.")
        return None

    async def action_eta(self) -> None:
        """Ask for a learning rate: of the run that is going, or, in the form, of the next one."""
        record = self.record
        if not isinstance(record, TrainingThread) or not record.takes_eta:
            await self._edit("optimiser.eta")
            self.tell("No run is going: this is the eta of the next one.")
            return
        now = "" if record.eta is None else f"{record.eta:.3g}"
        note = "From the next update on. Empty: the schedule again. The run keeps a note of it."
        self.app.push_screen(AskScreen("Learning rate", note, now, self._eta), partial(self._set_eta, record))

    def _eta(self, text: str) -> float | None:
        """A learning rate as the schema allows it; None for no text. Raises PresetError."""
        if not text:
            return None
        alone = ["schedule.kind=constant", "training.updates=1", f"optimiser.eta={text}"]
        try:
            return load(DEFAULT_PRESET, alone).optimiser.eta
        except PresetError as error:
            raise PresetError(str(error).partition(": ")[2]) from None

    def _set_eta(self, record: TrainingThread, text: str | None) -> None:
        if text is None:
            return
        if not record.takes_eta:
            self.refuse("eta is as it was: the run has made its last update")
            return
        record.set_eta(self._eta(text))
        self.tick()

    async def action_form(self) -> None:
        """To the settings and back."""
        if self.form.has_focus_within:
            self.action_leave_field()
        else:
            await self._edit()

    async def _edit(self, key: str = "") -> None:
        """To the field of a setting, or the first one."""
        self.add_class("-editing")
        if field := await self.form.field(key):
            self.set_focus(field)

    def action_measure(self) -> None:
        """Loss, cost, eta in turn."""
        curves = self.query_one("#curves", Curves)
        curves.switch(measure=MEASURES[(MEASURES.index(curves.view.measure) + 1) % len(MEASURES)])

    def action_read(self, how: str) -> None:
        """Move the cursor of the curves, or zoom around it."""
        plot = self.query_one("#plot-measure", SeriesPlot)
        match how:
            case "left" | "right":
                plot.action_point(1 if how == "right" else -1)
            case _:
                plot.action_zoom(0.5 if how == "in" else 2.0)

    def action_switch(self, what: str) -> None:
        """Log axis, smoothing, zoom, epochs."""
        curves = self.query_one("#curves", Curves)
        curves.switch(**{what: not getattr(curves.view, what)})

    def action_tab(self, by: int) -> None:
        """The next tab."""
        tabs = self.query_one("#tabs", TabbedContent)
        names = [pane.id for pane in tabs.query(TabPane)]
        tabs.active = names[(names.index(tabs.active) + by) % len(names)] or ""

    def take_code(self, target: str) -> None:
        """See CodeScreen.take_code."""
        self.train_code(target)

    def train_code(self, target: str) -> None:
        """Train FILE:NAME as the form says. Stops and saves the current run first. Raises ValueError if it is none."""
        form, code = self.form, code_of(target)
        if form.preset is None:
            self.refuse(f"not started: {form.message}")
            return
        begin = partial(code_run.start, *code, form.preset, form.variant, self.lab.runs, self.lab.threads)
        command = command_lines.run_code(target, form.source, form.changes, form.variant)
        self._start(TrainingThread(form.preset, begin, self.lab.compute, command))

    async def action_overfit(self) -> None:
        """Can the network overfit 100 examples?"""
        try:
            preset = load(self.form.source, self.form.changes)
            await self.form.open(self.form.source, _merged(self.form.changes, overfit(preset)))
        except PresetError as error:
            self.refuse(error)
            return
        self.action_start()

    def action_all_settings(self) -> None:
        """Show what cannot matter, or hide it."""
        self.form.show_all()

    async def action_reset(self) -> None:
        """The preset as it was opened."""
        await self._open(self.form.source)

    def action_save(self) -> None:
        """Ask for a name, save there, and show what was saved."""
        if self.form.preset is None:
            self.refuse(f"not saved: {self.form.message}")
            return
        name = f"{Path(self.form.source).stem}-mine.toml"
        self.app.push_screen(AskScreen("Save preset", f"A file in {Path.cwd()}", name, _file_name), self._save)

    async def _save(self, name: str | None) -> None:
        if name is None or self.form.preset is None:
            return
        try:
            save(self.form.preset, path := _file_name(at_home(name)))
        except LabError as error:
            self.refuse(error)
            return
        await self._open(str(path))
        self.tell(f"saved: {command_lines.run(path)}")


def _joined(facts: Sequence[str]) -> Content:
    return Content(" · ".join(filter(None, facts)))


def _short(loss: float | None) -> str:
    """A loss in few characters however large it is: three decimals, or a power of ten."""
    if loss is None:
        return "none"
    return f"{loss:.3f}" if loss < 1000 else f"{loss:.1e}"


def _merged(changes: list[str], more: list[str]) -> list[str]:
    """Changes with others that replace those of the same key, and of a schedule or length they replace as a whole."""
    lengths = {f"training.{length}" for length in ("updates", "epochs", "cycles")}
    replaced = {change.partition("=")[0] for change in more} | lengths
    kept = [c for c in changes if c.partition("=")[0] not in replaced and not c.startswith("schedule.")]
    return [*kept, *more]


def _file_name(text: str) -> Path:
    """The file meant. Raises ValueError."""
    if not text or text.endswith("/") or not Path(text).stem.strip("."):
        raise ValueError("a file name, such as mine.toml")
    return Path(text if text.endswith(".toml") else f"{text}.toml")
