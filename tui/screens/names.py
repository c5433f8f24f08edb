"""Names: 18 probabilities for a surname while you type, the letters explained, and a table of names."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, HorizontalScroll, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Select
from textual.worker import Worker, WorkerState

from data.alphabet import fold
from data.errors import DataError
from data.sources import SURNAMES
from lab.errors import LabError
from lab.names.answer import Guesses, answer, names_in
from lab.names.model import NamesModel, Origin, load, models
from lab.names.neighbours import Neighbour, Neighbours, neighbours
from lab.names.table import WRITERS, csv_text, markdown, save
from lab.names.view import CAUTION, headline
from lab.user_paths import at_home
from presets.errors import PresetError
from tui.screens.base import ModeScreen
from tui.screens.dialogues import AskScreen
from tui.widgets.choice import Choice
from tui.widgets.empty import Empty, muted
from tui.widgets.guesses import (
    GAP,
    column_widths,
    letter_map,
    neighbour_lines,
    probability_bars,
    spelt,
    table_columns,
)
from tui.widgets.panel import Panel, entitle
from tui.widgets.text import FittedText, Text, first_that_fits

MEANING = ("how much the letter speaks for the class, in nats", "in nats")  # the first that has room
ALIKE = ("likeness to the network", "likeness")
FRAME = 6  # cells of the line on top that are not for a title
UNSAID = "For each letter and each likely class: does it speak for it?"
NEAREST = 18  # training names
WIDE = 120  # columns
PANES = ("guess", "why", "kept")  # where not all have room, those that take turns
EXAMPLE = """\
            Malmberg     Zhao
              German  Chinese
Chinese       0.0036   0.9709
English       0.0322   0.0000
German        0.6007   0.0001"""


EXAMPLE_NAME = "Malmberg"
EXAMPLE_NEAR = [  # as the shipped model finds them
    Neighbour(name, nationality, likeness)
    for name, nationality, likeness in (
        ("mordberg", "Russian", 0.88), ("goldberg", "English", 0.88), ("gramberg", "Russian", 0.88),
        ("nuremberg", "German", 0.87), ("talberg", "Russian", 0.87), ("grandberg", "Russian", 0.87),
        ("fromberg", "Russian", 0.87), ("adlerberg", "Russian", 0.87), ("greenberg", "German", 0.86),
        ("granberg", "Russian", 0.86), ("oelberg", "German", 0.86), ("rutberg", "Russian", 0.86),
        ("auttenberg", "German", 0.85),
    )
]  # fmt: skip


class NameInput(Input):
    """The field. Several lines that are pasted are several names."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Add", id="names.add", tooltip="Add the name to the table."),
    ]

    class Several(Message):
        """Names that were pasted, one on each line."""

        def __init__(self, names: list[str]) -> None:
            super().__init__()
            self.names = names

    def _on_paste(self, event: events.Paste) -> None:
        if self._several(event.text):
            event.stop()
            event.prevent_default()

    def action_paste(self) -> None:
        """What was copied in the app."""
        if not self._several(self.app.clipboard):
            super().action_paste()

    def _several(self, text: str) -> bool:
        names = names_in(text)
        if len(names) > 1:
            self.post_message(self.Several(names))
        return len(names) > 1


class NamesScreen(ModeScreen):
    """The field and the choice of model on top; the guess at the left, the table at the right."""

    CSS_PATH = "../styles/names.tcss"
    AUTO_FOCUS = "#surname"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "type", "Type", show=False, key_display="/", id="names.type", tooltip="Go to the field."),
        Binding("ctrl+o", "order", "Order", id="names.order", tooltip="Sort by probability, or by class."),
        Binding("ctrl+n", "model", "Model", id="names.model",
                tooltip="Choose the model: a names run, or the shipped one."),
        Binding("f2", "model", "Model", show=False, id="names.model_in_a_browser",
                tooltip="Choose the model, where a browser keeps ctrl+n for itself."),
        Binding("ctrl+y", "copy('.md')", "Copy", id="names.copy", tooltip="Copy the table as Markdown."),
        Binding("ctrl+t,f3", "copy('.csv')", "Copy CSV", show=False, id="names.copy_csv",
                tooltip="Copy the table as CSV."),
        Binding("ctrl+s", "save", "Save", id="names.save", tooltip="Save the table as Markdown or CSV."),
        Binding("ctrl+r", "remove", "Remove", id="names.remove", tooltip="Remove the last name from the table."),
        Binding("ctrl+l", "clear", "Clear", show=False, id="names.clear", tooltip="Remove all names from the table."),
        Binding("ctrl+b", "pane", "Letters/table", id="names.table",
                tooltip="Where not all has room: bars, what the letters say, the table in turn."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Horizontal(id="ask"):
            yield NameInput(
                placeholder="type a surname, or paste several, one on each line", compact=True, id="surname"
            )
            yield Choice[Origin | None]([("reading the runs", None)], allow_blank=False, compact=True, id="model")
        with Container(id="answers"):
            with Panel("guess", id="guess"):
                yield Text(id="letters")
                yield FittedText(id="bars")
            with Panel("letters by classes", id="map-panel"):
                yield FittedText(id="map")
            with Panel("table", id="kept"):
                yield Empty("Names side by side, and what is likely of each.",
                            [("enter", "adds the name"), ("ctrl+s", "saves the table"), ("ctrl+y", "copies it")],
                            [EXAMPLE], id="no-names")  # fmt: skip
                with VerticalScroll(id="kept-scroll", can_focus=False), Horizontal():
                    yield Text(id="classes")
                    with HorizontalScroll(id="columns"):
                        yield Text(id="columns-text")
            with Panel("nearest training names", id="near-panel"):
                yield FittedText(id="near")
        yield FittedText(id="about")

    def on_mount(self) -> None:
        """Read which models there are."""
        self._model: NamesModel | None = None
        self._near: Neighbours | None = None  # of the model, once they are computed
        self._is_example = True  # what the panels show
        self._chosen = False  # by the user: a newer run does not change it
        self._show_pane(PANES[0])
        self._kept: list[str] = []
        self._best_first = True
        self._find_models()
        # not at the message that the field has changed: it comes when the letter is painted, and bars a frame later
        self.watch(self.query_one("#surname"), "value", self._guess)
        self._show_table()

    def on_screen_resume(self) -> None:
        """There may be new runs."""
        if self._model:
            self._find_models()

    def on_resize(self) -> None:
        """Where there is room now, names that are alike are looked for."""
        self._entitle()
        self._scroll_to_last()
        self.call_after_refresh(self._guess)

    def settings_changed(self) -> None:
        """Draw in the new characters."""
        super().settings_changed()
        self._guess()

    # Whose guesses

    def _find_models(self) -> None:
        runs = self.lab.runs
        self.run_worker(lambda: list(models(runs)), thread=True, exclusive=True, exit_on_error=False, group="models")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Offer the models there are; the newest names run's guesses until another is chosen."""
        if event.worker.group == "near":
            self._take_near(event)
        elif event.state is WorkerState.ERROR:
            self.refuse(f"{self.lab.runs}: {event.worker.error}")
        elif event.state is WorkerState.SUCCESS:
            origins: list[Origin] = event.worker.result or []
            before = self._model.origin if self._model and self._chosen else None
            select: Select[Origin | None] = self.query_one("#model", Select)
            with self.prevent(Select.Changed):
                select.set_options((_label(origin), origin) for origin in origins)
                select.value = before if before in origins else origins[0]
            self._use(select.value)

    @on(Select.Changed, "#model")
    def _model_chosen(self, event: Select.Changed) -> None:
        if isinstance(event.value, Origin):
            self._chosen = True
            self._use(event.value)
            self.set_focus(self.query_one("#surname"))

    def _use(self, origin: Any) -> None:
        if self._model is None or origin != self._model.origin:
            try:
                self._model, self._near = load(origin), None
            except (LabError, PresetError) as error:
                self.refuse(error)
                return
            self.workers.cancel_group(self, "near")
        self.query_one("#model").tooltip = headline(self._model.origin)
        self.query_one("#about", FittedText).fit(partial(_about, headline(self._model.origin)))
        self._entitle()
        self._guess()
        self._show_table()

    def _entitle(self) -> None:
        """What frames say where there is room; elsewhere the last line says it."""
        wide = self.size.width >= WIDE
        example = f"example: {EXAMPLE_NAME}" if self._is_example else ""
        entitle(self.query_one("#guess"), "guess", example, CAUTION if wide else "")
        told = _shorter(headline(self._model.origin)) if wide and self._model else [""]
        entitle(self.query_one("#kept"), "table", "", _fitting(told, self.size.width // 2))
        for panel, title, meanings in (
            ("#map-panel", "letters by classes", MEANING),
            ("#near-panel", "nearest training names", ALIKE),
        ):
            entitle(self.query_one(panel), title, _fitting(meanings, self.size.width // 2 - len(title)))

    def _take_near(self, event: Worker.StateChanged) -> None:
        """The training names have been read."""
        if event.state is WorkerState.ERROR:
            self._say_near(f"They cannot be computed: {event.worker.error}.")
        elif event.state is WorkerState.SUCCESS and event.worker.result:
            self._near = event.worker.result
            self.lab.settle()
            self._guess()

    def _say_near(self, text: str) -> None:
        self.query_one("#near", FittedText).fit(partial(_in_lines, text))

    def _find_near(self) -> None:
        """Read the training names, once they are asked for: it takes a second, in a thread."""
        if self._model and self._near is None and not any(worker.group == "near" for worker in self.workers):
            self._say_near("Reading the training names ...")
            work = partial(neighbours, self._model.origin)
            self.run_worker(work, group="near", thread=True, exit_on_error=False)

    # The guess

    def _guess(self) -> None:
        """Bars for what stands in the field. What explains them is drawn later, so that no letter waits for it."""
        letters, bars = self.query_one("#letters", Text), self.query_one("#bars", FittedText)
        name = self.query_one("#surname", Input).value
        self._mark_example(not name.strip())
        if self._model is None:
            letters.show("")
            bars.fit(lambda width: Content.styled("\n".join(SURNAMES.classes), "$foreground-muted"))
            self._explain_nothing()
            return
        if not name.strip():
            letters.show("")
            self._explain_nothing()
            self._show_example(self._model)
            return
        try:
            said = answer(self._model, [name])
        except DataError as error:
            letters.show("")
            reason = Content.styled(str(error), "$text-error")
            bars.fit(lambda width: reason)
            self._explain_nothing()
            return
        (guess,) = said.guesses
        ranked = list(zip(said.classes, guess.probabilities, strict=True))
        if self._best_first:
            ranked.sort(key=lambda pair: -pair[1])
        bars.fit(partial(probability_bars, ranked, guess.best, self.lab.look.ascii))
        self.call_after_refresh(self._explain, name)

    def _mark_example(self, example: bool) -> None:
        if example != self._is_example:
            self._is_example = example
            self._entitle()

    def _show_example(self, model: NamesModel) -> None:
        """Before anything is typed: what the panels will show, of a name of ours."""
        said = answer(model, [EXAMPLE_NAME], explain=True)
        (guess,) = said.guesses
        ranked = sorted(zip(said.classes, guess.probabilities, strict=True), key=lambda pair: -pair[1])
        ascii_only = self.lab.look.ascii
        drawn: dict[str, Callable[[int], Content]] = {
            "#bars": partial(probability_bars, ranked, guess.best, ascii_only),
            "#map": partial(letter_map, guess, model.classes),
        }
        if model.origin.run is None:
            drawn["#near"] = partial(neighbour_lines, EXAMPLE_NEAR, guess.best, ascii_only)
        for panel, draw in drawn.items():
            self.query_one(panel, FittedText).fit(partial(_muted, draw))

    def _explain_nothing(self) -> None:
        self.query_one("#map", FittedText).fit(partial(_in_lines, UNSAID))
        self._say_near("The training names most like it.")

    def _explain(self, name: str) -> None:
        """What the letters say, and which names are alike; nothing of a name that has changed since."""
        if self._model is None or name != self.query_one("#surname", Input).value:
            return
        (guess,) = answer(self._model, [name], explain=True).guesses
        near, ascii_only = self.query_one("#near", FittedText), self.lab.look.ascii
        self.query_one("#letters", Text).show(spelt(guess.folded, guess.letters or (), ascii_only))
        self.query_one("#map", FittedText).fit(partial(letter_map, guess, self._model.classes))
        if self._near:
            nearest = self._near.nearest(guess.name, NEAREST)
            near.fit(partial(neighbour_lines, nearest, guess.best, ascii_only))
        elif near.region:  # it takes its time, and where nobody sees it nobody needs it
            self._find_near()

    def action_type(self) -> None:
        """Go to the field."""
        self.set_focus(self.query_one("#surname"))

    def action_order(self) -> None:
        """The other order."""
        self._best_first = not self._best_first
        self._guess()

    def action_model(self) -> None:
        """Open the choice of models."""
        select = self.query_one("#model", Select)
        self.set_focus(select)
        select.action_show_overlay()

    # The table

    @on(Input.Submitted, "#surname")
    def _add(self, event: Input.Submitted) -> None:
        name = " ".join(event.value.split())
        if self._model and name and self._keep([name]):
            event.input.select_all()  # the next letter begins the next name

    @on(NameInput.Several)
    def _add_several(self, event: NameInput.Several) -> None:
        before = len(self._kept)
        self._keep(event.names)
        self.tell(f"{len(self._kept) - before} of {len(event.names)} pasted names are added")

    def _keep(self, names: Sequence[str]) -> bool:
        """Put names into the table; False, and it is said why, for one that the network cannot read."""
        if self._model is None:
            return False
        try:
            said = answer(self._model, names)
        except DataError as error:
            self.refuse(error)
            return False
        for each in said.refused:
            self.refuse(each["reason"])
        for guess in said.guesses:
            if guess.folded in map(fold, self._kept):
                self.tell(f"{guess.name} is already in the table")
            else:
                self._kept.append(guess.name)
        self._show_table()
        self._show_pane("kept")
        self._scroll_to_last()
        return not said.refused

    def _show_table(self) -> None:
        classes, columns = self.query_one("#classes", Text), self.query_one("#columns-text", Text)
        said = self._answer()
        self.query_one("#no-names").display = said is None
        self.query_one("#kept-scroll").display = said is not None
        if said is None:
            classes.show("")
            columns.show("")
        else:
            classes.show(Content.styled("\n".join(["", "most likely", *SURNAMES.classes]), "$foreground-muted"))
            columns.show(table_columns(said))

    def _scroll_to_last(self) -> None:
        self.call_after_refresh(self._show_last)

    def _show_last(self) -> None:
        """As many of the last columns as have room, whole: a number without its first digits would be another one."""
        if said := self._answer():
            pane, room = self.query_one("#columns"), self.query_one("#columns").size.width
            widths = column_widths(said)
            width, start = sum(widths) + len(GAP) * (len(widths) - 1), 0
            while width > max(room, widths[-1]):
                before = widths.pop(0) + len(GAP)
                width, start = width - before, start + before
            self.query_one("#columns-text").styles.padding = (0, max(room - width, 0) if start else 0, 0, 0)
            self.call_after_refresh(pane.scroll_to, x=start, animate=False)

    def _answer(self) -> Guesses | None:
        """The guesses at the names kept; None without any."""
        return answer(self._model, self._kept) if self._model and self._kept else None

    def action_copy(self, ending: str) -> None:
        """The table to the clipboard."""
        if said := self._answer():
            self.app.copy_to_clipboard((markdown if ending == ".md" else csv_text)(said))
            self.tell(f"copied as {'Markdown' if ending == '.md' else 'CSV'}: {', '.join(self._kept)}")
        else:
            self.refuse("the table is empty: enter adds a name")

    def action_save(self) -> None:
        """Ask for a file, and write the table."""
        if said := self._answer():
            ask = AskScreen("Save the table", f"A .md or .csv file in {Path.cwd()}", "names.md", _table_file)
            self.app.push_screen(ask, partial(self._save, said))
        else:
            self.refuse("the table is empty: enter adds a name")

    def _save(self, said: Guesses, file: str | None) -> None:
        if file is None:
            return
        try:
            save(said, Path(at_home(file)))
        except LabError as error:
            self.refuse(error)
        else:
            self.tell(f"saved as {file}")

    def action_remove(self) -> None:
        """Without the last name."""
        if self._kept:
            self._kept.pop()
            self._show_table()

    def action_clear(self) -> None:
        """Without any name."""
        self._kept.clear()
        self._show_table()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing takes turns where all has room."""
        if action == "pane":
            return not self.has_class("-tall") or self.has_class("-narrow")
        return super().check_action(action, parameters)

    def action_pane(self) -> None:
        """What comes next of what takes turns; bars have a place of their own from 80 columns on."""
        turns = PANES if self.has_class("-narrow") else PANES[1:]
        self._show_pane(turns[(turns.index(self._pane) + 1) % len(turns)] if self._pane in turns else turns[-1])
        self._scroll_to_last()
        self.call_after_refresh(self._guess)  # there is room to explain now

    def _show_pane(self, pane: str) -> None:
        self._pane = pane
        for each in PANES:
            self.set_class(each == pane, f"-{each}")


def _in_lines(text: str, width: int) -> Content:
    """Words in a weak colour, in as many lines as they need."""
    return Content.styled("\n".join(wrap(text, max(width, 1))), "$foreground-muted")


def _muted(draw: Callable[[int], Content], width: int) -> Content:
    return muted(draw(width))


def _fitting(texts: Sequence[str], room: int) -> str:
    """The first of some texts that has room on a frame, or the last if none has."""
    return next((text for text in texts if len(text) + FRAME <= room), texts[-1])


def _shorter(headline: str) -> list[str]:
    """What is said of a model, and with less and less of it."""
    return [headline, *(headline.partition(stop)[0] for stop in (" · ", ":"))]


def _about(headline: str, width: int) -> Content:
    return first_that_fits((Content(f"{CAUTION} {each}") for each in [*_shorter(headline), ""]), width)


def _label(origin: Origin) -> str:
    """A model in the choice."""
    return f"{origin.accuracy:.1%} {f'{origin.preset}, shipped' if origin.run is None else origin.name}"


def _table_file(text: str) -> Path:
    """The file meant. Raises ValueError."""
    if Path(text).suffix not in WRITERS:
        raise ValueError("a file name that ends in .md or .csv")
    return Path(text)
