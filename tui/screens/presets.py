"""Presets by report: what each reproduces, what was reported, and how close the user got."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option
from textual.worker import Worker, WorkerState

from data.catalogue import Entry, entries
from data.errors import DataError
from data.sources import Variant
from lab.command_lines import fetch
from lab.library.own_presets import files
from lab.library.view import network_line
from lab.runs.view import figure
from presets.errors import PresetError
from presets.load import load, names
from presets.reports import REPORTS
from presets.schema import Preset
from tui.screens.base import ModeScreen
from tui.widgets import tables
from tui.widgets.text import Text
from tui.words import duration

GROUPS = {**REPORTS, "": "other presets", "own": "yours, in this folder"}
REST = 0.6  # seconds on a preset before its time is measured


@dataclass(frozen=True)
class Offer:
    """A preset in the list; `error` instead of it if the file cannot be used."""

    source: str  # a name or a path
    group: str
    preset: Preset | None
    error: str = ""

    @property
    def words(self) -> str:
        """What a search looks through."""
        preset = self.preset
        told = f"{preset.title} {preset.description} {network_line(preset.network)}" if preset else ""
        return f"{self.source} {GROUPS[self.group]} {told}".lower()


def offers(folder: Path) -> list[Offer]:
    """All presets: those that come with Gradlab, in the order of GROUPS, and the user's in that folder."""
    shipped = [(name, load(name)) for name in names()]
    offers = [Offer(name, preset.reference.report if preset.reference else "", preset) for name, preset in shipped]
    offers.sort(key=lambda offer: list(GROUPS).index(offer.group))
    for path in files(folder):
        try:
            offers.append(Offer(str(path), "own", load(str(path))))
        except PresetError as error:
            offers.append(Offer(str(path), "own", None, str(error)))
    return offers


class PresetList(OptionList):
    """The list; enter says in the footer what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Train", id="presets.train", tooltip="Open the preset in Train."),
    ]


class PresetsScreen(ModeScreen):
    """The list at the left, at the right what there is to know of the preset the cursor is on."""

    CSS_PATH = "../styles/presets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "open('check')", "Check", id="presets.check", tooltip="Check the gradients of the preset."),
        Binding("s", "open('search')", "Search", id="presets.search", tooltip="Search for a better lambda."),
        Binding("slash", "find", "Find", key_display="/", id="presets.find",
                tooltip="Filter the list as you type; enter opens the preset."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="list-side"):
                yield Input(placeholder="/ filters the list", compact=True, id="find")
                yield Text(id="list-head")
                yield PresetList(id="list", compact=True)
            with VerticalScroll(id="details", can_focus=False):
                yield Text(id="preset-text")

    def on_mount(self) -> None:
        """Fill the list."""
        self._offers: list[Offer] = []
        self._best: dict[str, dict[Variant, float]] = {}
        self._data: dict[str, Entry] = {}
        self._times: dict[str, str] = {}
        self._since = 0.0
        self._looked_at_runs = True
        self.query_one("#list-head", Text).show(f" {'preset':<17}{'report':>7}{'yours':>8}")
        self.query_one("#list").focus()

    def on_resize(self) -> None:
        """Break the lines again."""
        self.call_after_refresh(self._describe)

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
        wanted = self.query_one("#find", Input).value.lower().split()
        before = self.chosen
        matching = [offer for offer in self._offers if all(word in offer.words for word in wanted)]
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
        offer = self.chosen
        if offer is None:
            self.query_one("#preset-text", Text).show("")
            return
        if offer.preset is None:
            self.query_one("#preset-text", Text).show(Content.styled(offer.error, "$text-error"))
            return
        preset = offer.preset
        lines = [Content.styled(preset.title, "bold"), Content(preset.description), Content("")]
        facts = [
            ("network", network_line(preset.network)),
            ("optimiser", f"{preset.optimiser.kind}, eta {preset.optimiser.eta:g}, {preset.schedule.kind}"),
            ("lambda", f"{preset.loss.lambda_:g}"),
            ("length", _length(preset)),
            ("time", self._times.get(offer.source, "...")),
            ("data", self._data_line(preset)),
        ]
        if preset.reference:
            facts.append(("report", f"{preset.reference.report}, {preset.reference.where}"))
        width = self.query_one("#details").content_size.width
        lines += [tables.facts([*facts, *self._yours(preset)], width), Content(""), self._results(preset)]
        if preset.reference and preset.reference.note:
            lines += [Content(""), Content.styled(preset.reference.note, "italic")]
        self.query_one("#preset-text", Text).show(Content("\n").join(lines))

    def _data_line(self, preset: Preset) -> str:
        entry = self._data[preset.data.set]
        if not entry.download_size:
            return f"{entry.title}, all of it comes with Gradlab"
        if entry.full == "present":
            return f"{entry.title}, full, {preset.data.split}"
        return f"{entry.title}, embedded part ({fetch(entry.name)} gets all)"

    def _yours(self, preset: Preset) -> list[tuple[str, str]]:
        where: dict[Variant, str] = {"full": "all data", "mini": "the embedded part"}
        best = self._best.get(preset.name, {})
        told = [f"{figure('accuracy', best[variant])} on {what}" for variant, what in where.items() if variant in best]
        return [("your best", ", ".join(told) or "no finished run yet")]

    def _results(self, preset: Preset) -> Content:
        if preset.reference is None or not preset.reference.reported:
            return Content.styled(
                "The report has curves but no numbers." if preset.reference else "", "$foreground-muted"
            )
        reported, plain = preset.reference.reported, preset.reference.independent
        rows = []
        for key in dict.fromkeys([*reported, *plain]):
            measure = key.partition(".")[2]
            rows.append([key.replace(".", " "), *(figure(measure, given.get(key)) for given in (reported, plain))])
        return tables.table(["", "reported", "plain code"], rows)

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
        self.query_one("#list").focus()  # whoever comes back wants keys to be commands
        await self.action_open("train")

    def tick(self) -> None:
        """Look at the runs; measure the time of a preset the cursor has rested on."""
        if self.lab.painted and not self._looked_at_runs:
            self._looked_at_runs = True
            self.run_worker(self._best_so_far, name="best", thread=True, exclusive=True, exit_on_error=False)
        offer = self.chosen
        if offer is None or offer.preset is None or offer.source in self._times:
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
            return f"about {duration(seconds(preset, self.lab.threads))} on this machine and its data"

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what a thread found."""
        name, worker = event.worker.name, event.worker
        if name == "best" and event.state is WorkerState.SUCCESS:
            if worker.result != self._best:
                self._best = worker.result or {}
                self._fill()
        elif name.startswith("time ") and event.state in (WorkerState.SUCCESS, WorkerState.ERROR):
            time = worker.result if event.state is WorkerState.SUCCESS else f"unknown: {worker.error}"
            self._times[name.removeprefix("time ")] = str(time)
            self._describe()
        elif event.state is WorkerState.ERROR and isinstance(worker.error, DataError | OSError):
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

    def action_find(self) -> None:
        """To the search field."""
        self.query_one("#find").focus()

    def action_leave_field(self) -> None:
        """Out of the search field, all presets again; the cursor goes to the list."""
        self.query_one("#find", Input).value = ""
        self.query_one("#list").focus()

    def key_down(self) -> None:
        """From the search field into the list."""
        self.query_one("#list").focus()


def _percent(value: float | None) -> str:
    return "" if value is None else figure("accuracy", value)


def _length(preset: Preset) -> str:
    training = preset.training
    for unit in ("updates", "epochs", "cycles"):
        if (length := getattr(training, unit)) is not None:
            return f"{length:,} {unit if length > 1 else unit[:-1]}, batch {training.batch}"
    return ""
