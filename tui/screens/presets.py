"""Presets by report: what each reproduces, what was reported, and how close the user got."""

import time
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option
from textual.worker import Worker, WorkerState

from data.catalogue import Entry, entries
from data.errors import DataError
from data.sources import Variant
from lab.command_lines import fetch
from lab.errors import LabError
from lab.expected.curves import expected
from lab.library.own_presets import files
from lab.library.questions import questions
from lab.library.view import network_line
from lab.runs.view import figure
from presets.errors import PresetError
from presets.keys import known_keys, settings
from presets.load import load, names
from presets.reports import REPORTS
from presets.schema import Preset
from tui.preset_figures import eta_figure, expected_figure
from tui.screens.base import ModeScreen
from tui.widgets import tables
from tui.widgets.empty import LEARNING, Empty
from tui.widgets.panel import Panel, entitle
from tui.widgets.plot import SeriesPlot
from tui.widgets.sketch import sketch
from tui.widgets.text import FittedText, Text
from tui.words import duration

if TYPE_CHECKING:
    from lab.library.plan import Plan

GROUPS = {**REPORTS, "": "other presets", "own": "yours, in this folder"}
REST = 0.6  # seconds on a preset before its time is measured
KEYS = [("enter", "opens it in Train, where r trains it")]
TRY = "xyz"  # the keys of the questions
SHORT = 40  # columns below which facts keep to what is needed, so that the bars are in sight
LONGEST_BAR = 32  # cells
ROOMY = 150  # columns of a terminal from which three plots stand side by side
BESIDE = 90  # columns from which facts stand in two columns
WHERE: dict[Variant, str] = {"full": "", "mini": "embedded"}  # the better comparison first


@dataclass(frozen=True)
class Offer:
    """A preset in the list; `error` instead of it if the file cannot be used."""

    source: str  # a name or a path
    group: str
    preset: Preset | None
    error: str = ""

    @property
    def words(self) -> str:
        """What a search looks through: names, titles, description, and the settings that are not the usual ones."""
        preset = self.preset
        told = f"{preset.title} {preset.description} {network_line(preset.network)} {_set(preset)}" if preset else ""
        return f"{self.source} {GROUPS[self.group]} {told}".lower()

    @property
    def place(self) -> tuple[object, ...]:
        """Where it stands in the list: in the order of the report, searches last."""
        reference = self.preset.reference if self.preset else None
        where = reference.where if reference else ""
        search = self.preset is not None and self.preset.search is not None
        return list(GROUPS).index(self.group), search, not where.startswith(("section", "fig", "ex")), where


def _set(preset: Preset) -> str:
    """The settings of a preset that are not what the schema gives by itself, with their titles."""
    usual = Preset.model_validate(
        {"name": "", "title": "", "optimiser": {"kind": "sgd", "eta": 0.1}, "training": {"epochs": 1}}
    )
    known, given = known_keys(), settings(usual)
    return " ".join(
        f"{key} {known[key].title} {value}"
        for key, value in settings(preset).items()
        if key in known and given.get(key) != value
    )


def offers(folder: Path) -> list[Offer]:
    """All presets: those that come with Gradlab, in the order of GROUPS, and the user's in that folder."""
    shipped = [(name, load(name)) for name in names()]
    offers = [Offer(name, preset.reference.report if preset.reference else "", preset) for name, preset in shipped]
    offers.sort(key=lambda offer: offer.place)
    for path in files(folder):
        try:
            offers.append(Offer(str(path), "own", load(str(path))))
        except PresetError as error:
            offers.append(Offer(str(path), "own", None, str(error)))
    return offers


def _matching(offers: list[Offer], wanted: str) -> list[Offer]:
    """Those in which all that is typed is found as it stands ("assignment 2"); if there is none, all of its words."""
    together = [offer for offer in offers if " ".join(wanted.split()) in offer.words]
    return together or [offer for offer in offers if all(word in offer.words for word in wanted.split())]


class PresetList(OptionList):
    """The list; enter says in the footer what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Train", id="presets.train", tooltip="Open the preset in Train."),
    ]


class PresetsScreen(ModeScreen):
    """The list at the left, at the right what there is to know of the preset the cursor is on."""

    AUTO_FOCUS = "#list"  # single keys are commands
    CSS_PATH = "../styles/presets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "open('check')", "Check", id="presets.check", tooltip="Check the gradients of the preset."),
        Binding("s", "open('search')", "Search", id="presets.search", tooltip="Search for a better lambda."),
        Binding("slash", "find", "Find", key_display="/", id="presets.find",
                tooltip="Filter the list as you type; enter opens the preset, escape shows all again."),
        *(
            Binding(key, f"try({k})", f"Try {k + 1}", show=False, id=f"presets.try_{k + 1}",
                    tooltip=f"Open Train with the change that question {k + 1} of the panel \"try\" asks for.")
            for k, key in enumerate(TRY)
        ),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Horizontal():
            with Panel("presets", id="list-side"):
                yield Input(placeholder="/ filters: name, assignment, setting", compact=True, id="find")
                yield Text(id="list-head")
                yield PresetList(id="list", compact=True)
            with VerticalScroll(id="details", can_focus=False):
                with Panel("", id="facts"):
                    yield FittedText(id="preset-text")
                with Panel("the network", id="network"):
                    yield FittedText(id="sketch")
                with Horizontal(id="charts"):
                    yield SeriesPlot(id="expected-loss")
                    yield SeriesPlot(id="expected-accuracy")
                    yield Empty("No curves of this preset come with Gradlab.", KEYS, [LEARNING], id="no-curves")
                    yield SeriesPlot(id="plan-eta")
                with Horizontal(id="below"):
                    with Panel("how far", id="bars"):
                        yield FittedText(id="bars-text")
                    with Panel("try", id="questions"):
                        yield FittedText(id="questions-text")

    def on_mount(self) -> None:
        """Fill the list."""
        self._offers: list[Offer] = []
        self._best: dict[str, dict[Variant, float]] = {}
        self._data: dict[str, Entry] = {}
        self._times: dict[str, str] = {}
        self._plans: dict[str, Plan | None] = {}  # None: at work, or there is none
        self._since = 0.0
        self._looked_at_runs = True
        self.query_one("#list-head", Text).show(f" {'preset':<17}{'report':>7}{'yours':>8}")

    def on_resize(self) -> None:
        """The loss has room in a wide terminal only."""
        self.set_class(self.size.width >= ROOMY, "-roomy")

    def on_screen_resume(self) -> None:
        """Read the presets; there may be new runs and files."""
        self._offers = offers(Path())
        self._data = {entry.name: entry for entry in entries()}
        self._fill()
        self._looked_at_runs = False

    def _best_so_far(self) -> dict[str, dict[Variant, float]]:
        """In a thread: what each preset has reached in the user's runs."""
        from lab.runs.catalogue import best_so_far  # here, as below: the first paint does not wait for NumPy

        return best_so_far(self.lab.runs)

    # The list

    def _fill(self) -> None:
        """List what the words in the search field are found in."""
        options = self.query_one("#list", OptionList)
        before, matching = self.chosen, _matching(self._offers, self.query_one("#find", Input).value.lower())
        options.clear_options()
        group = None
        for offer in matching:
            if offer.group != group:
                group = offer.group
                options.add_option(Option(Content.styled(GROUPS[group], "bold $foreground-muted"), disabled=True))
            options.add_option(Option(self._line(offer), id=offer.source))
        sources = [offer.source for offer in matching]
        if sources:
            start = before.source if before and before.source in sources else sources[0]
            options.highlighted = options.get_option_index(start)
        else:
            options.add_option(Option(Content.styled("no preset matches", "$foreground-muted"), disabled=True))
        self._describe()

    def _line(self, offer: Offer) -> Content:
        name = Path(offer.source).name if offer.group == "own" else offer.source
        if offer.preset is None:
            return Content.assemble(f" {name:<17} ", ("cannot be used", "$text-error"))
        reference = offer.preset.reference
        reported = reference.reported.get(f"{offer.preset.data.judge}.accuracy") if reference else None
        best = max(self._best.get(offer.preset.name, {}).items(), key=lambda item: item[1], default=None)
        mark = {"full": " ", "mini": "*"}[best[0]] if best else " "
        return Content.assemble(
            f" {name:<17.17}",
            (f"{_percent(reported):>7}", "$foreground-muted"),
            f"{_percent(best and best[1]):>8}{mark}",
        )

    @property
    def chosen(self) -> Offer | None:
        """The preset the cursor is on."""
        options = self.query_one("#list", OptionList)
        if options.highlighted is None or not options.option_count:
            return None
        source = options.get_option_at_index(options.highlighted).id
        return next((offer for offer in self._offers if offer.source == source), None)

    # The details

    def _describe(self) -> None:
        """Show all that is known of the preset the cursor is on."""
        offer = self.chosen
        preset = offer.preset if offer else None
        for panel in self.query("#network, #charts, #below"):
            panel.set_class(preset is None, "-nothing")
        if offer is None or preset is None:
            entitle(self.query_one("#facts"), Path(offer.source).name if offer else "")
            error = Content.styled(offer.error, "$text-error") if offer else Content("No preset has all these words.")
            self.query_one("#preset-text", FittedText).fit(lambda width: error)
            return
        entitle(self.query_one("#facts"), preset.name, preset.title)
        self.query_one("#preset-text", FittedText).fit(partial(self._facts, offer, preset))
        self._show_curves(preset)
        self._show_plan(offer, preset)
        self.query_one("#bars-text", FittedText).fit(partial(self._bars, preset))
        self.query_one("#questions-text", FittedText).fit(partial(_questions, preset))

    def _facts(self, offer: Offer, preset: Preset, width: int) -> Content:
        what = [] if self.has_class("-tall") else [("network", network_line(preset.network))]  # or drawn below
        what += [
            ("optimiser", f"{preset.optimiser.kind}, eta {preset.optimiser.eta:g}, {preset.schedule.kind}"),
            ("lambda", f"{preset.loss.lambda_:g}"),
            ("length", _length(preset)),
        ]
        where = [("time", self._times.get(offer.source, "...")), ("data", self._data_line(preset, brief=width < SHORT))]
        if preset.reference:
            where.append(("report", f"{preset.reference.report}, {preset.reference.where}"))
            if width >= SHORT and (others := _other_numbers(preset)):
                where.append(("reported", others))
        parts = [Content(preset.description)] if preset.description else []
        if width < BESIDE:
            parts.append(tables.facts([*what, *where], width))
        else:
            left, right = tables.facts(what, width // 2 - 6), tables.facts(where, width // 2 + 4)
            lines = zip_longest(left.split(), right.split(), fillvalue=Content(""))
            parts.append(
                Content("\n").join(one.pad_right(width // 2 - 4 - len(one.plain)) + other for one, other in lines)
            )
        if width >= SHORT and preset.reference and preset.reference.note:
            parts.append(Content.styled(preset.reference.note, "italic"))
        return Content("\n").join(parts)

    def _data_line(self, preset: Preset, brief: bool) -> str:
        entry = self._data[preset.data.set]
        if not entry.download_size:
            return f"{entry.title}, all of it comes with Gradlab"
        if entry.full == "present":
            return f"{entry.title}, full, {preset.data.split}"
        return f"{entry.title}, embedded part" + ("" if brief else f" ({fetch(entry.name)} gets all)")

    def _show_curves(self, preset: Preset) -> None:
        known, reported = expected(preset.name), _accuracy(preset)[1]
        self.query_one("#charts").set_class(known is None, "-none")
        if known is None:
            return
        self.query_one("#expected-loss", SeriesPlot).show(expected_figure(known, "loss"))
        self.query_one("#expected-accuracy", SeriesPlot).show(expected_figure(known, "accuracy", reported))

    def _show_plan(self, offer: Offer, preset: Preset) -> None:
        planned, text = self._plans.get(offer.source), self.query_one("#sketch", FittedText)
        if planned is None:
            text.fit(lambda width: Content(""))
        else:
            text.fit(partial(sketch, planned.blocks, ascii_only=self.lab.look.ascii))
            self.query_one("#plan-eta", SeriesPlot).show(eta_figure(planned.etas, preset.optimiser.eta))

    def _bars(self, preset: Preset, width: int) -> Content:
        """The accuracies of the report, of plain code, of Gradlab's own runs and of the user's, one below another."""
        key, reported = _accuracy(preset)
        known, reference = expected(preset.name), preset.reference
        rows = [("report", reported, ""), ("plain code", reference.independent.get(key) if reference else None, "")]
        if known and key in known.finals:
            mean, spread = known.finals[key]
            rows.append(("gradlab", mean, f"±{100 * spread:.1f}" if spread is not None else ""))
        best = self._best.get(preset.name, {})
        rows += [("you", best[variant], WHERE[variant]) for variant in WHERE if variant in best][:1]
        beside = max((len(more) for _, value, more in rows if value is not None), default=0)
        room = min(max(width - 20 - beside, 4), LONGEST_BAR)
        lines = [Content.styled(key.replace(".", " "), "$foreground-muted")]
        for name, value, more in rows:
            if value is not None:
                bar = tables.bar(value, room, self.lab.look.ascii)
                colour = "$primary" if name == "you" else "$secondary"
                lines.append(
                    Content.assemble(
                        (f"{name:<11}", "$foreground-muted"), (bar, colour), f" {figure('accuracy', value)}",
                        (f" {more}", "$foreground-muted"),
                    )
                )  # fmt: skip
        if not best:
            lines.append(Content.assemble((f"{'you':<11}", "$foreground-muted"), "no finished run yet"))
        return Content("\n").join(lines)

    # What goes on

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._since = time.monotonic()
        self._describe()

    @on(OptionList.OptionSelected)
    async def _selected(self) -> None:
        await self.action_open("train")

    @on(Input.Changed, "#find")
    def _typed(self) -> None:
        self._fill()

    @on(Input.Submitted, "#find")
    async def _entered(self) -> None:
        self.set_focus(self.query_one("#list"))  # back from Train, a letter is a command, and no text for the filter
        await self.action_open("train")

    def tick(self) -> None:
        """Look at the runs; measure the time of a preset the cursor has rested on."""
        if self.lab.painted and not self._looked_at_runs:
            self._looked_at_runs = True
            self.run_worker(self._best_so_far, name="best", thread=True, exclusive=True, exit_on_error=False)
        offer = self.chosen
        if offer is None or offer.preset is None:
            return
        if self.lab.painted and offer.source not in self._plans:
            self._plans[offer.source] = None
            planned = offer.preset
            self.run_worker(
                lambda: _plan(planned), name=f"plan {offer.source}", thread=True, group="plan", exit_on_error=False
            )
        if offer.source in self._times:
            return
        if time.monotonic() - self._since > REST and not self.lab.compute.locked():
            preset = offer.preset
            self._times[offer.source] = "measuring"
            self._describe()
            self.run_worker(
                lambda: self._measure(preset),
                name=f"time {offer.source}",
                thread=True,
                group="time",
                exit_on_error=False,
            )

    def _measure(self, preset: Preset) -> str:
        """In a thread: about how long it trains here."""
        from lab.runs.estimate import seconds

        with self.lab.compute:
            return f"about {duration(seconds(preset))} here"

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what a thread found."""
        name, worker = event.worker.name, event.worker
        if name == "best" and event.state is WorkerState.SUCCESS:
            if worker.result != self._best:
                self._best = worker.result or {}
                self._fill()
        elif name.startswith("plan ") and event.state is WorkerState.SUCCESS:
            self._plans[name.removeprefix("plan ")] = worker.result
            self._describe()
        elif name.startswith("time ") and event.state in (WorkerState.SUCCESS, WorkerState.ERROR):
            time = worker.result if event.state is WorkerState.SUCCESS else f"unknown: {worker.error}"
            self._times[name.removeprefix("time ")] = str(time)
            self._describe()
        elif event.state is WorkerState.ERROR and isinstance(worker.error, DataError | LabError | OSError):
            self.refuse(worker.error)

    # What the user does

    async def action_open(self, mode: str) -> None:
        """Open the preset in a mode."""
        offer = self.chosen
        if offer is None:
            return
        if offer.preset is None:
            self.refuse(offer.error)
        else:
            await self.lab.open_preset(mode, offer.source)

    async def action_try(self, place: int) -> None:
        """Open Train with the change that a question asks for."""
        offer = self.chosen
        asked = questions(offer.preset) if offer and offer.preset else []
        if offer and place < len(asked):
            from tui.screens.train import TrainScreen  # here: it needs NumPy

            await self.lab.switch_mode("train")
            if isinstance(train := self.app.screen, TrainScreen):
                await train.open_preset(offer.source, asked[place].change)

    def action_find(self) -> None:
        """To the search field."""
        self.set_focus(self.query_one("#find"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape shows all presets again, also from the list."""
        if action == "leave_field" and self.query("#find") and self.query_one("#find", Input).value:
            return True
        return super().check_action(action, parameters)

    def settings_changed(self) -> None:
        """Draw in the new colours."""
        super().settings_changed()
        for plot in self.query(SeriesPlot):
            plot.redraw()
        self._describe()

    def action_leave_field(self) -> None:
        """Out of the search field, all presets again; the cursor goes to the list."""
        self.query_one("#find", Input).value = ""
        self.set_focus(self.query_one("#list"))

    def key_down(self) -> None:
        """From the search field into the list."""
        self.set_focus(self.query_one("#list"))


def _percent(value: float | None) -> str:
    return "" if value is None else figure("accuracy", value)


def _questions(preset: Preset, width: int) -> Content:
    """What the keys of the panel "try" ask for."""
    asked = [(key, question.ask) for key, question in zip(TRY, questions(preset), strict=False)]
    return tables.facts(asked, width, "bold $footer-key-foreground")


def _length(preset: Preset) -> str:
    training = preset.training
    for unit in ("updates", "epochs", "cycles"):
        if (length := getattr(training, unit)) is not None:
            return f"{length:,} {unit if length > 1 else unit[:-1]}, batch {training.batch}"
    return ""


def _plan(preset: Preset) -> "Plan":
    """In a thread: the plan of a preset."""
    from lab.library.plan import plan  # here: the first paint does not wait for NumPy

    return plan(preset)


def _accuracy(preset: Preset) -> tuple[str, float | None]:
    """The accuracy that judges the preset by its key, and what the report gives: without one, that of validation."""
    reported = preset.reference.reported if preset.reference else {}
    judge = f"{preset.data.judge}.accuracy"
    key = judge if judge in reported or "validation.accuracy" not in reported else "validation.accuracy"
    return key, reported.get(key)


def _other_numbers(preset: Preset) -> str:
    """What the report gives besides the accuracy that has a bar, and plain code beside it."""
    assert preset.reference is not None, "asked of a preset with a reference only"
    reported, plain = preset.reference.reported, preset.reference.independent
    told = []
    for key in dict.fromkeys([*reported, *plain]):
        if key == _accuracy(preset)[0]:
            continue
        measure, sources = key.partition(".")[2], (("", reported), ("plain code ", plain))
        numbers = [f"{name}{figure(measure, given[key])}" for name, given in sources if key in given]
        told.append(f"{key.replace('.', ' ')} {', '.join(numbers)}")
    return "; ".join(told)
