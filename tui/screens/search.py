"""Search: trials of a preset with many values of a setting, shown as points as they come in, and the best of them."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Select

from lab import command_lines
from lab.drawing.figure import Curve, Figure
from lab.drawing.sparkline import sparkline
from lab.errors import LabError
from lab.machine import cores
from lab.search.refine import in_words, narrowed
from lab.search.result import best_rows
from lab.search.search import begin, settings_of, with_trials
from lab.search.view import how_it_ended, points_figure, ranking, validation_curve
from presets.errors import PresetError
from presets.load import as_changes, load, names
from presets.schema import Vary
from tui.screens.code import CodeScreen, code_of
from tui.screens.lr_range import LrRangeScreen
from tui.screens.train import STYLES, TrainScreen
from tui.searching import SearchThread, ShownSearch, family, newest
from tui.widgets import tables
from tui.widgets.choice import Choice
from tui.widgets.empty import Empty
from tui.widgets.panel import Panel
from tui.widgets.plot import SeriesPlot
from tui.widgets.progress import progress
from tui.widgets.text import Text

VARIANTS = ("auto", "mini", "full")
SECONDS = 1.0  # between two looks at the trials that are being trained
CURVES = 6  # trials whose curves can be told apart
SPARK, WIDE = 10, 120  # cells of a sparkline, and columns from which it has room
LAMBDAS = [-5 + k / 8 for k in range(33)]  # log10, of the examples
POINTS = Figure(
    "accuracy / log10 lambda",
    (
        Curve(
            tuple((x, 0.5 - (x + 3) ** 2 / 40) for x in LAMBDAS), 0, "validation", joined=False,
            band=tuple((x, 0.485 - (x + 3) ** 2 / 40, 0.515 - (x + 3) ** 2 / 40) for x in LAMBDAS),
        ),
        Curve(tuple((x, 0.68 - 0.014 * (x + 5) ** 2) for x in LAMBDAS), 1, "train", joined=False),
    ),
    (-5, -1),
    percent=True,
    rings=((-3.0, 0.5),),
)  # fmt: skip
TRIALS = Figure(
    "validation",
    tuple(
        Curve(tuple((50.0 * k, end + (0.1 - end) * 0.8**k) for k in range(21)), style, str(style + 1))
        for style, end in enumerate((0.5, 0.47, 0.42, 0.36))
    ),
    (0, 1000),
    percent=True,
    x_title="update",
)
RANKING = """\
     lambda   log10  accuracy  trial  validation
1  0.001000  -3.000    50.00%     17  ▁▃▅▆▇▇████
2  0.001334  -2.875    49.96%     18  ▁▃▅▆▇▇████
3  0.000750  -3.125    49.96%     16  ▁▃▅▆▇▇███▇"""
ENDED = """\
a2-coarse  done  CIFAR-10, embedded part
33 of 33 trials
n narrows to loss.lambda from 0.00075 to 0.00133"""
FULL = 46  # columns that the whole table takes
WORDS = {"loading": "loading the data", "stopped": "stopped, saved"}


class SearchScreen(CodeScreen):
    """What to search on top, how it goes below, then the trials as points and as a table."""

    AUTO_FOCUS = ""  # nothing: single keys are commands
    CSS_PATH = "../styles/search.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "Search", id="search.start", tooltip="Start a search, or continue a stopped one."),
        Binding("ctrl+r", "start", "Search", show=False, id="search.start_from_field", tooltip="Search, from a field."),
        Binding("s", "stop", "Stop", id="search.stop", tooltip="Stop and save the search; r continues it."),
        Binding("n", "refine", "Narrow", id="search.refine",
                tooltip="Search again in the range of the best trials of the last finished search."),
        Binding("t", "train", "Train best", id="search.train", tooltip="Open Train with the best values."),
        Binding("c", "code", "Your code", show=False, id="search.code",
                tooltip="Search with code of yours in the place of the preset's network; again: without it."),
        Binding("l", "lr_range", "LR range", id="search.lr_range",
                tooltip="Learning-rate range test: eta grows over an epoch; which values are of use?"),
        Binding("f", "form", "Settings", id="search.form", tooltip="Go to the settings; escape leaves them."),
        Binding("j,pagedown", "scroll(1)", "Down", show=False, id="search.down", tooltip="Scroll the table down."),
        Binding("k,pageup", "scroll(-1)", "Up", show=False, id="search.up", tooltip="Scroll the table up."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        presets = _searchable()
        with Horizontal(id="search-form"):
            yield Choice([(name, name) for name in presets], allow_blank=False, compact=True, id="search-preset")
            yield Label("trials")
            yield Input(type="integer", max_length=4, compact=True, id="trials")
            yield Label("jobs")
            yield Input(type="integer", max_length=3, placeholder=str(cores()), compact=True, id="jobs")
            yield Label("data")
            yield Choice([(v, v) for v in VARIANTS], allow_blank=False, compact=True, id="search-data")
        yield Text(id="search-head")
        what = (
            "Many trials of a preset, each with another value of a setting: which is best? n then looks closer there."
        )
        keys = [("r", "starts a search"), ("f", "goes to its settings"), ("l", "tests which learning rates are of use")]
        yield Empty(what, keys, [POINTS, TRIALS], [RANKING, ENDED], id="no-search")
        with Horizontal(id="trials-side-by-side"):
            yield SeriesPlot(id="points")
            with Vertical(id="ranking-side"):
                with Panel("ranking", id="ranking-panel"), VerticalScroll(id="ranking-scroll", can_focus=False):
                    yield Text(id="ranking")
                yield SeriesPlot(id="going")

    def on_mount(self) -> None:
        """What the first tick shows: the newest search of the preset that is chosen."""
        self._search: ShownSearch | None = None
        self._preset = load(self.source)  # as it is chosen
        self._target: str | None = None  # code that is to be searched with
        self._look = True  # on the disk for what was found earlier?
        self._shown: object = None
        self._looked = 0.0  # at the trials that are being trained
        self._sparks: dict[str, str] = {}  # by the path of a trial that has ended

    # What is searched

    @property
    def source(self) -> str:
        """The preset chosen: a name or a path."""
        return str(self.query_one("#search-preset", Select).value)

    async def open_preset(self, preset: str) -> None:
        """Make this preset what is to be searched."""
        try:
            settings_of(load(preset))
        except (LabError, PresetError) as error:
            self.refuse(error)
            return
        select = self.query_one("#search-preset", Select)
        select.set_options([(name, name) for name in dict.fromkeys([*_searchable(), preset])])
        select.value = preset

    def action_code(self) -> None:
        """Choose code; if some was chosen, leave it out again."""
        if self._target is None:
            super().action_code()
        else:
            self._take(None)

    def take_code(self, target: str) -> None:
        """See CodeScreen.take_code."""
        self._take(target)

    def _take(self, target: str | None) -> None:
        self._target, self._look = target, True
        self.tick()

    def _number(self, field: str) -> int | None:
        """What stands in a field; None for nothing. Raises LabError."""
        text = self.query_one(f"#{field}", Input).value
        if text and not (text.isdigit() and int(text) > 0):
            raise LabError(f"{field} = {text}: must be a whole number from 1 on")
        return int(text) if text else None

    def action_start(self) -> None:
        """Start a search. Stops and saves the current training or search first."""
        self._start(refine=False)

    def action_refine(self) -> None:
        """Search where the best lie."""
        if newest(self.lab.runs, self._preset, self._target) is None:  # said before what is going is stopped for it
            self.refuse(f"there is nothing to narrow: no search of {self._preset.name} has finished yet")
            return
        self._start(refine=True)

    def _start(self, refine: bool) -> None:
        try:
            trials, jobs = self._number("trials"), self._number("jobs")
            preset = with_trials(load(self.source), trials)
        except (LabError, PresetError) as error:
            self.refuse(error)
            return
        variant = str(self.query_one("#search-data", Select).value)
        code = code_of(self._target) if self._target else None
        work = partial(begin, preset, variant, self.lab.runs, jobs or cores(), trials, None, refine, code)
        command = command_lines.search(self.source, trials, jobs, variant, refine, self._target)
        self.lab.search(SearchThread(preset, work, self.lab.compute, command, self._target))
        self.set_focus(None)
        self.tick()

    def action_stop(self) -> None:
        """End it and keep it."""
        if self.lab.searching and not self.lab.searching.ended:
            self.lab.searching.stop()

    def action_form(self) -> None:
        """To the settings."""
        self.set_focus(self.query_one("#search-preset"))

    async def action_train(self) -> None:
        """Open Train with the values of the best trial, in the preset that is to train them longer if there is one."""
        best = best_rows(self._search.rows) if self._search else []
        if self._search is None or not best:
            self.refuse("there is no best yet: no trial has come to its end")
            return
        searched = family(self._search.preset)  # perhaps not the one chosen meanwhile
        longer = settings_of(self._search.preset).longer or (self.source if searched == self._preset.name else searched)
        await self._to_train(longer, as_changes(best[0]["values"]), self._search.target)

    def action_lr_range(self) -> None:
        """Test the learning rates of the preset that is chosen."""
        if any(work and not work.ended for work in (self.lab.training, self.lab.searching)):
            self.refuse("a training or a search is going: stop it first")
            return
        variant = str(self.query_one("#search-data", Select).value)
        self.app.push_screen(LrRangeScreen(self._preset, variant, self._target), self._train_in_range)

    async def _train_in_range(self, changes: list[str] | None) -> None:
        if changes is not None:
            await self._to_train(self.source, changes, self._target)

    async def _to_train(self, preset: str, changes: Sequence[str], target: str | None) -> None:
        await self.app.switch_mode("train")
        train = self.app.screen
        assert isinstance(train, TrainScreen), "the mode just opened"
        await train.open_preset(preset, changes)
        if target is not None:
            train.train_code(target)

    def action_scroll(self, by: int) -> None:
        """The table, by a page."""
        pane = self.query_one("#ranking-scroll")
        pane.scroll_relative(y=by * (pane.size.height - 1), animate=False)

    # What is shown

    def tick(self) -> None:
        """Show what is new of the search that is going, or was the last; else the newest kept of the preset chosen."""
        searching = self.lab.searching
        if searching is not None and (not searching.ended or self._is_chosen(searching)):
            self._search, self._look = searching, True
        elif self._look:
            self._search, self._look = newest(self.lab.runs, self._preset, self._target), False
        self.query_one("#search-head", Text).show(self._head())
        self.set_class(self._search is None, "-none")
        if self._search is not None:
            shown = (self._search, self._search.rows, self.size, self.lab.look)
            if shown != self._shown:
                self._shown = shown
                self._draw_points(self._search)
                self._draw_ranking(self._search)
                self._looked = 0.0
            if time.monotonic() - self._looked > SECONDS:
                self._looked = time.monotonic()
                self._draw_curves(self._search)

    def _is_chosen(self, shown: ShownSearch) -> bool:
        return family(shown.preset) == self._preset.name and shown.target == self._target

    def _head(self) -> Content:
        shown = self._search
        preset = shown.preset if shown else self._preset
        settings = settings_of(preset)
        target = shown.target if shown else self._target
        line = [(preset.name, "bold")]
        if target:
            line.append((f"  code: {target}", "$text-secondary"))
        facts = [preset.title]
        if shown is not None:
            phase = " ".join(f"failed: {shown.error}".split()) if shown.phase == "failed" else shown.phase
            line.append((f"  {WORDS.get(phase, phase)}", STYLES.get(shown.phase, "$text-primary")))
            line.append((f"  {shown.data}", "$foreground-muted"))
            facts = [f"{len(shown.rows)} of {shown.trials} trials"]
            if isinstance(shown, SearchThread) and shown.search:
                facts.append(f"{shown.search.jobs} at a time")
        ranges = ", ".join(f"{vary.key} {_range(vary)}" for vary in settings.vary)
        varied = f"{ranges}; {settings.maximise.replace('.', ' ')}"
        if len(varied) > self.size.width:
            varied = re.sub(r"[a-z]+\.(?=[a-z])", "", varied)  # without the sections of keys
        last = Content.styled(varied if shown is None else narrowing(shown) or varied, "$foreground-muted")
        middle = Content(" · ".join(facts))
        if shown is not None and not shown.ended:
            ascii_only = self.lab.settings.markers == "ascii"
            bar = progress(len(shown.rows) / max(shown.trials, 1), shown.seconds_left, ascii_only=ascii_only)
            middle = Content.assemble(bar, f"  {middle.plain}")
        return Content("\n").join([Content.assemble(*line), middle, last])

    def _draw_points(self, shown: ShownSearch) -> None:
        settings, reference = settings_of(shown.preset), shown.preset.reference
        figure = points_figure(settings, shown.rows, shown.noise)
        figure = replace(figure, title=_short(figure.title))
        reported = reference.reported.get(settings.maximise) if reference else None
        if reported:
            beside = " (full data)" if shown.variant == "mini" else ""
            name = f"reported {reported:.2%}{beside}"
            figure = replace(figure, references=(reported,), reference_name=name)
        self.query_one("#points", SeriesPlot).show(figure)

    def _draw_curves(self, shown: ShownSearch) -> None:
        """The trials that are being trained; when none is, the best ones."""
        going, title = shown.going(), "validation, trials being trained"
        if not going:
            best = best_rows(shown.rows)[:CURVES]
            going, title = {row["trial"]: Path(row["run"]) for row in best}, "validation, the best trials"
        newest_first = sorted(going.items(), reverse=shown.ended is False)[:CURVES]
        curves = [
            Curve(tuple(validation_curve(folder)), k, str(number)) for k, (number, folder) in enumerate(newest_first)
        ]
        plot = self.query_one("#going", SeriesPlot)
        plot.show(Figure(title, tuple(curves), percent=True, x_title="update"))

    def _spark(self, folder: str) -> str:
        if folder not in self._sparks:
            ys = [y for _, y in validation_curve(Path(folder))]
            self._sparks[folder] = sparkline(ys, SPARK, self.lab.look.ascii) if ys else ""
        return self._sparks[folder]

    def _draw_ranking(self, shown: ShownSearch) -> None:
        headings, ranked = ranking(settings_of(shown.preset), shown.rows)
        columns = len(headings) - (self.size.width < FULL)  # all, or without the number of the trial
        cells = [row[:columns] for row in ([_short(heading) for heading in headings], *ranked)]
        if self.size.width >= WIDE and ranked:
            sparks = [self._spark(row["run"]) for row in best_rows(shown.rows)]
            cells = [[*row, spark.ljust(SPARK)] for row, spark in zip(cells, ["validation", *sparks], strict=True)]
        lines = [tables.table(cells[0], cells[1:])] if ranked else []
        others = [row for row in shown.rows if row["state"] != "done"]
        lines += [
            Content.styled(f"trial {row['trial']} {how_it_ended(row)}", "$text-warning")
            for row in sorted(others, key=lambda row: int(row["trial"]))
        ]
        self.query_one("#ranking", Text).show(Content("\n").join(lines))

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self._sparks, self._shown = {}, None

    @on(Select.Changed, "#search-preset")
    def _chosen(self) -> None:
        self._preset, self._look = load(self.source), True
        settings = settings_of(self._preset)
        self.query_one("#trials", Input).placeholder = str(settings.trials or settings.combinations)
        self.tick()

    def on_screen_resume(self) -> None:
        """There may be new searches."""
        self._look = True


def narrowing(shown: ShownSearch) -> str:
    """Where n would search, of a search that is done."""
    if shown.phase != "done":
        return ""
    try:
        return f"n narrows to {in_words(narrowed(settings_of(shown.preset), shown.rows))}"
    except ValueError:
        return ""


def _searchable() -> list[str]:
    """The presets that come with a search."""
    return [name for name in names() if load(name).search]


def _short(title: str) -> str:
    """A title without the section of its key or the part of the data, which stand above."""
    return re.sub(r"\w+\.|validation |test ", "", title).rstrip(" /")  # before a trial there is no axis to name


def _range(vary: Vary) -> str:
    if vary.values is not None:
        return f"in {', '.join(str(value).lower() for value in vary.values)}"
    return f"{vary.distribution} from {vary.low:.3g} to {vary.high:.3g}"
