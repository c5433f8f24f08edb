"""Check: the gradients of a preset, of a report, or of a student's file."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.console import Console, ConsoleOptions, RenderableType
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, ScrollableContainer, Vertical
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Select, Static
from textual_fspicker import FileOpen

from core.gradcheck.check import GradientReport, Progress, TensorReport
from lab import command_lines
from lab.check.as_reported import REPORTS, check_like, passed
from lab.check.check import FILE_EXAMPLES, Report, check
from lab.check.preset import EXAMPLES
from lab.check.student import Began, FileReport, StudentReport
from lab.check.targets import FILE, WHOLE
from lab.check.view import Colours, table, verdict_first, word
from lab.drawing.figure import Curve, Figure
from presets.load import names
from tui.check_figure import errors_figure
from tui.checking import CheckThread, Saves
from tui.screens.base import ModeScreen
from tui.screens.dialogues import CODE
from tui.screens.train import TrainScreen
from tui.widgets import tables
from tui.widgets.choice import Choice
from tui.widgets.empty import Empty
from tui.widgets.field_help import FieldHelp
from tui.widgets.panel import Panel, entitle
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import FittedText, Text

EDGE = 1  # a column left free at the right
DEFAULT = "a2-setting1"
METHODS = ("complex", "central", "directional")
LIKE = "--like "  # what the name of a report's check begins with


TARGET_HELP = "A preset, what a report checked, or a file of yours: o opens one."
METHOD_HELP = "complex: exact but for rounding. central: two costs, a step apart. directional: whole tensors at once."
EXAMPLES_HELP = "How many examples the cost is computed for. At least 1."
GUIDE = (
    ("checked", "coordinates that were compared one by one"),
    ("crossed", "left out: the step took a ReLU or a maximum to its other side"),
    ("zero", "both derivatives are 0"),
    ("median", "of |a - n| / max(eps, |a| + |n|), a from backward and n from the cost"),
    ("worst", "the largest of these errors"),
    ("direction", "the error of the whole tensor along a random direction"),
    ("T", "the tolerance; all that lies to its right is wrong"),
)
TENSORS = """\
tensor     shape  checked   median    worst
W1       3072x50      100  2.1e-14  8.0e-13  passes
b1            50       50  4.0e-15  2.0e-14  passes
W2         50x10      100  1.3e-02  3.0e-01  FAILS"""
BOXES = """\
W1 |-[===:==]--|              T
b1 [==:=]-|                   T
W2                            T         |--[=:==]-|
   1e-15     1e-12     1e-9      1e-6      1e-3     1"""
ERRORS = Figure(
    "relative errors, sorted",
    tuple(
        Curve(tuple((float(x), 10 ** (low + (high - low) * x / 100)) for x in range(1, 101, 3)), k, name)
        for k, (name, low, high) in enumerate([("W1", -15, -12.1), ("b1", -15.7, -13.7), ("W2", -4, -0.5)])
    ),
    (0, 100),
    (1e-7,),
    log=True,
    x_title="% of the coordinates",
    reference_name="tolerance",
)


def clock() -> str:
    """The time of day."""
    return time.strftime("%H:%M:%S")


def _wrong(report: Report) -> bool:
    """Is a gradient wrong, and not only a file unreadable?"""
    if isinstance(report, FileReport):
        return any(_wrong(target) for target in report.targets)
    return not report.passed and not (isinstance(report, StudentReport) and report.problem)


def _said(reports: Sequence[Report]) -> Iterator[str]:
    """Of a whole file, what is to be said beside its targets."""
    for report in reports:
        if isinstance(report, FileReport):
            yield from (f"\n{text}" for text in (report.problem, *report.notes) if text)


class CheckFindings(NamedTuple):
    """Checks that have ended; box plots fill the width that there is when they are drawn."""

    reports: Sequence[GradientReport | StudentReport]
    colours: Colours

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        for report in self.reports:
            yield from verdict_first(report, options.max_width - EDGE, self.colours)


class CheckedTensors(NamedTuple):
    """The tensors that a check has done so far, in the width that there is when they are drawn."""

    tensors: Sequence[TensorReport]
    colours: Colours

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield table(self.tensors, options.max_width, self.colours)


class CheckScreen(ModeScreen):
    """At the left what to check and what was recognised in a file, at the right how it ended and all that is known of
    it. Where it is narrow, one below the other."""

    AUTO_FOCUS = ""  # nothing: single keys are commands
    CSS_PATH = "../styles/check.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "Check", id="check.start", tooltip="Check the gradients."),
        Binding("ctrl+r", "start", "Check", show=False, id="check.start_from_field", tooltip="Check, from a field."),
        Binding("s", "stop", "Stop", id="check.stop", tooltip="Stop the check after the current tensor."),
        Binding("o", "file", "Open file", id="check.file", tooltip="Choose code of yours: Python, a notebook, MATLAB."),
        Binding("t", "train", "Train it", show=False, id="check.train",
                tooltip="Train the code that is checked, like the preset in Train."),
        Binding("w", "watch", "Watch", id="check.watch", tooltip="Check again at each save, or not."),
        Binding("f", "form", "Settings", id="check.form", tooltip="Go to the settings; escape leaves them."),
        Binding("j,pagedown", "scroll(1)", "Down", show=False, id="check.down", tooltip="Scroll down."),
        Binding("k,pageup", "scroll(-1)", "Up", show=False, id="check.up", tooltip="Scroll up."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Container(id="check-body"):
            with Vertical(id="check-left"):
                yield from self._form()
                yield OptionList(id="recognised", compact=True, classes="panel")
                with Panel("saves", id="saves-panel"):
                    yield Text(id="saves")
                with Panel("how to read it", id="guide-panel"):
                    yield FittedText(id="guide")
            with Vertical(id="check-right"):
                yield Static("", id="verdict")
                yield Empty("Is what backward computes the derivative of what forward computes?",
                            [("r", "checks what the form says"), ("o", "opens code of yours"), ("w", "watches it")],
                            [TENSORS, BOXES], [ERRORS], id="no-check")  # fmt: skip
                with ScrollableContainer(id="findings-scroll", can_focus=False):
                    yield Static("", id="findings")
                yield SeriesPlot(id="errors")

    def _form(self) -> ComposeResult:
        target = Choice([(Content(name), name) for name in names()], id="target", compact=True, allow_blank=False)
        method = Choice([(m, m) for m in METHODS], value="complex", allow_blank=False, compact=True, id="method")
        examples = Input(type="integer", compact=True, id="examples", max_length=5)
        target.tooltip, method.tooltip, examples.tooltip = TARGET_HELP, METHOD_HELP, EXAMPLES_HELP
        with Panel("settings", id="check-form"):
            with Horizontal():
                yield Label("check")
                yield target
            with Container(id="how"):
                with Horizontal():
                    yield Label("method")
                    yield method
                with Horizontal():
                    yield Label("examples")
                    yield examples
            yield FieldHelp("f edits the settings.", id="check-help")

    def on_mount(self) -> None:
        """Offer what there is."""
        self._files: list[str] = []
        self._checking: CheckThread | None = None
        self._shown: object = None
        self._saves: Saves | None = None
        self._history: list[tuple[str, Content]] = []  # when each check of the watched file ended, and how
        self._noted: CheckThread | None = None  # the last one of them
        self._seen = 0  # saves that were answered by a check
        self._listed: FileReport | None = None  # whose targets are in the list
        self._offer(self.lab.preset if self.lab.preset in names() else DEFAULT)
        self.query_one("#guide", FittedText).fit(partial(tables.facts, GUIDE))

    def on_unmount(self) -> None:
        """The app ends."""
        self._watch(None)
        if self._checking:
            self._checking.cancel()

    # What to check

    async def open_preset(self, preset: str) -> None:
        """Make this preset, or FILE.py:NAME, what is to be checked."""
        self._offer(preset)

    def _offer(self, target: str | None) -> None:
        if target and target not in [*names(), *self._files] and not target.startswith(LIKE):
            self._files.append(target)
        offered = [(Content(name), name) for name in self._files + names()]
        offered += [(Content(f"{name}, as the report did"), LIKE + name) for name in REPORTS]
        select = self.query_one("#target", Select)
        select.set_options(offered)
        select.value = target

    @property
    def target(self) -> str:
        """What is chosen."""
        return str(self.query_one("#target", Select).value)

    @on(Select.Changed, "#target")
    def _target_changed(self) -> None:
        file = FILE.fullmatch(self.target) or WHOLE.fullmatch(self.target)
        self.query_one("#examples", Input).placeholder = str(FILE_EXAMPLES if file else EXAMPLES)
        like = self.target.startswith(LIKE)
        self.query_one("#method", Select).disabled = self.query_one("#examples", Input).disabled = like
        self._watch(Path(file["path"]) if file else None)
        self._show()

    @on(Select.Changed, "#method")
    @on(Input.Changed, "#examples")
    def _settings_changed(self) -> None:
        self._show()

    @property
    def command(self) -> str:
        """The same on the command line."""
        if self.target.startswith(LIKE):
            return command_lines.check_like(self.target.removeprefix(LIKE))
        method, examples = self._settings
        return command_lines.check(self.target, method, examples or None)

    @property
    def _settings(self) -> tuple[str, int | None]:
        if self.target.startswith(LIKE):
            return "complex", None
        text = self.query_one("#examples", Input).value
        return str(self.query_one("#method", Select).value), int(text) if text.isdigit() else None

    # The check

    def action_start(self) -> None:
        """Check; what is going on is dropped."""
        examples = self.query_one("#examples", Input).value
        if examples and not (examples.isdigit() and int(examples) > 0):
            self.refuse(f"examples = {examples}: must be a whole number from 1 on")
            return
        self.action_stop()
        target, (method, n) = self.target, self._settings

        def work(progress: Progress, began: Began) -> tuple[Sequence[Report], bool]:
            if target.startswith(LIKE):
                reports = check_like(target.removeprefix(LIKE), progress)
                return reports, passed(reports)
            report = check(target, method, n, progress=progress, began=began)
            return [report], report.passed

        self._checking = CheckThread(target, work)
        self._checking.start()
        self.tick()

    def action_stop(self) -> None:
        """End a check that is going on."""
        if self._checking and not self._checking.ended:
            self._checking.cancel()
        self.tick()

    def tick(self) -> None:
        """Show what is new; check again what was saved."""
        if self._saves and self._saves.count > self._seen:
            self._seen = self._saves.count
            self.action_start()
        going = self._checking
        state = (going, going and len(going.tensors), going and going.ended)
        if state != self._shown:
            self._shown = state
            self._note_save()
            self._show()

    def _note_save(self) -> None:
        """Keep how a check of the watched file ended."""
        going = self._checking
        if self._saves and going and going.ended and not going.cancelled and going is not self._noted:
            self._noted = going
            self._history.append((clock(), self._word(going)))

    def _word(self, checking: CheckThread) -> Content:
        """The verdict, and how many targets do not pass."""
        if checking.outcome is None:
            return Content.styled("not read", "$text-error")
        whole = self._whole()
        wrong = sum(not target.passed for target in whole.targets) if whole else 0
        count = f"  {wrong} of {len(whole.targets)}" if whole and wrong else ""
        right = checking.outcome[1]
        return Content.styled(f"{'passes' if right else 'FAILS'}{count}", "$text-success" if right else "$text-error")

    def _show(self) -> None:
        watching = f" · watching {self._saves.path.name}" if self._saves else ""
        self.query_one("#verdict", Static).update(
            Content.assemble(self._verdict(), "\n", (self.command + watching, "$foreground-muted"))
        )
        self._list()
        saves = [Content.assemble((f"{when}  ", "$foreground-muted"), how) for when, how in reversed(self._history)]
        self.query_one("#saves", Text).show(Content("\n").join(saves))
        self.set_class(bool(saves), "-saved")
        self.set_class(self._checking is None or self._checking.error is not None, "-none")
        shown, findings = self.query_one("#findings", Static), self._findings()
        shown.display = findings is not None
        shown.update(findings or "")
        self._draw_errors()

    @property
    def _colours(self) -> Colours:
        theme = self.app.current_theme
        return Colours(theme.success or "green", theme.error or "red")

    def _findings(self) -> RenderableType | None:
        """The table of the tensors checked so far, and of a check that has ended all it found."""
        checking, colours = self._checking, self._colours
        if checking is None or checking.error:
            return None
        if checking.outcome is None:
            return CheckedTensors(checking.tensors, colours) if checking.tensors else None
        return CheckFindings(self._chosen(), colours)

    def _draw_errors(self) -> None:
        """The errors of the tensors that are shown."""
        checking, plot = self._checking, self.query_one("#errors", SeriesPlot)
        tensors: Sequence[TensorReport] = ()
        if checking and not checking.error:
            reports = self._chosen() if checking.outcome else ()
            checks = [each.report if isinstance(each, StudentReport) else each for each in reports]
            tensors = [tensor for each in checks for tensor in each.tensors] if checks else checking.tensors
        figure = errors_figure(tensors)
        self.set_class(bool(figure.curves), "-errors")
        plot.show(figure)

    # What was recognised in a file

    def _whole(self) -> FileReport | None:
        """The check of a whole file, if that is what has ended."""
        reports = self._checking.outcome[0] if self._checking and self._checking.outcome else ()
        return next((report for report in reports if isinstance(report, FileReport)), None)

    def _list(self) -> None:
        """Everything recognised in the file, with its verdict; what is wrong is picked first."""
        whole, options = self._whole(), self.query_one("#recognised", OptionList)
        options.display = whole is not None and len(whole.targets) > 0
        if whole is self._listed:
            return
        self._listed, colours = whole, self._colours
        options.clear_options()
        if whole is None:
            return
        for target in whole.targets:
            name = Content(target.report.target.partition(":")[2])
            options.add_option(Content.assemble(name, "  ", Content.from_rich_text(word(target, colours))))
        options.highlighted = next((i for i, target in enumerate(whole.targets) if not target.passed), 0)
        entitle(options, "targets", "recognised in the file")

    def _chosen(self) -> Sequence[GradientReport | StudentReport]:
        """The reports to show: of a whole file the one picked in the list."""
        assert self._checking
        assert self._checking.outcome
        if whole := self._whole():
            at = self.query_one("#recognised", OptionList).highlighted
            return whole.targets[at or 0 : (at or 0) + 1]
        return [report for report in self._checking.outcome[0] if not isinstance(report, FileReport)]

    @on(OptionList.OptionHighlighted, "#recognised")
    def _picked(self) -> None:
        self._show()

    @on(OptionList.OptionSelected, "#recognised")
    def _check_alone(self, event: OptionList.OptionSelected) -> None:
        """Enter: from now on this one alone."""
        if whole := self._whole():
            self._offer(
                f"{self.target.rstrip(':')}:{whole.targets[event.option_index].report.target.partition(':')[2]}"
            )
            self.action_start()

    def _verdict(self) -> Content:
        checking = self._checking
        if checking is None:
            return Content("r compares backward with the derivative of forward; o opens your file.")
        done = ", ".join(tensor.name for tensor in checking.tensors)
        if checking.cancelled:
            return Content.assemble(("stopped", "$text-warning"), f"  {checking.target}: {done or 'nothing'} checked")
        if checking.error:
            return Content.styled(" ".join(str(checking.error).split()), "$text-error")
        if checking.outcome is None:
            return Content.assemble(("checking", "bold"), f"  {checking.target}: {done} ...")
        reports, right = checking.outcome
        how = ("PASSES", "bold $text-success") if right else ("FAILS", "bold $text-error")
        if not right and not any(_wrong(report) for report in reports):
            how = ("NOT CHECKED", "bold $text-error")
        return Content.assemble(how, f"  {checking.target}", *_said(reports))

    # What the user does

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        self.query_one("#errors", SeriesPlot).redraw()

    def action_scroll(self, by: int) -> None:
        """A page up or down."""
        scroll = self.query_one("#findings-scroll")
        scroll.scroll_page_down() if by > 0 else scroll.scroll_page_up()

    def action_form(self) -> None:
        """To the settings."""
        self.set_focus(self.query_one("#target", Select))

    def action_file(self) -> None:
        """Ask for a file."""
        self.app.push_screen(FileOpen(".", filters=CODE), self._file_chosen)

    def _file_chosen(self, path: Path | None) -> None:
        if path is None:
            return
        near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        self._offer(str(near))
        self.action_start()

    async def action_train(self) -> None:
        """Train what was checked, in Train."""
        target = self.target
        if (whole := self._whole()) and whole.targets:
            at = self.query_one("#recognised", OptionList).highlighted or 0
            target = f"{target.rstrip(':')}:{whole.targets[at].report.target.partition(':')[2]}"
        if FILE.fullmatch(target) is None:
            self.refuse("code of yours can be trained: o opens it, r checks it")
            return
        await self.app.switch_mode("train")
        train = self.app.screen
        assert isinstance(train, TrainScreen), "the mode just opened"
        if train.form.preset is None:
            await train.form.open(train.form.source, train.form.changes)
        train.train_code(target)

    def action_watch(self) -> None:
        """Watch the file, or stop watching it."""
        file = FILE.fullmatch(self.target) or WHOLE.fullmatch(self.target)
        if file is None:
            self.refuse("only a file can be watched: o opens one")
            return
        self._watch(None if self._saves else Path(file["path"]))
        self._show()

    def _watch(self, path: Path | None) -> None:
        if self._saves:
            self._saves.stop()
        if not (path and self._saves and path == self._saves.path):
            self._history = []
        self._saves, self._seen = Saves(path) if path else None, 0
