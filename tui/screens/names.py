"""Names: 18 probabilities for a surname while you type, the letters explained, and a table of names."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, HorizontalScroll, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Select
from textual.worker import Worker, WorkerState

from data.alphabet import fold
from data.errors import DataError
from data.sources import SURNAMES
from lab.errors import LabError
from lab.names.answer import Guesses, answer
from lab.names.model import NamesModel, Origin, load, models
from lab.names.table import WRITERS, csv_text, markdown, save
from lab.names.view import CAUTION, headline, mark, strengths
from lab.user_paths import at_home
from presets.errors import PresetError
from tui.modes import MODES
from tui.screens.base import ModeScreen
from tui.screens.dialogues import AskScreen
from tui.widgets import tables
from tui.widgets.choice import Choice
from tui.widgets.text import Text

NOT_OF_NAMES = (*(mode.key for mode in MODES), "?", ",")  # typed into the field they are the app's keys
LABELS = max(map(len, SURNAMES.classes))
FIGURES = len("0.0000")
FAR = 100_000  # cells; scrolling ends where the table does


class NameInput(Input):
    """The field. Keys that no name has are left to the app, so that the modes are a digit away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Add", id="names.add", tooltip="Add the name to the table."),
    ]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Is the key text?"""
        return super().check_consume_key(key, character) and character not in NOT_OF_NAMES

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            event.prevent_default()


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
        Binding("ctrl+z", "remove", "Take off", id="names.remove", tooltip="Remove the last name from the table."),
        Binding("ctrl+l", "clear", "Clear", show=False, id="names.clear", tooltip="Remove all names from the table."),
        Binding("ctrl+b", "table", "Table", show=False, id="names.table",
                tooltip="In a narrow terminal: switch between bars and table."),
    ]  # fmt: skip

    def compose_mode(self) -> ComposeResult:
        with Horizontal(id="ask"):
            yield NameInput(placeholder="type a surname", compact=True, id="surname")
            yield Choice[Origin | None]([("reading the runs", None)], allow_blank=False, compact=True, id="model")
        with Horizontal(id="answers"):
            with VerticalScroll(id="guess", can_focus=False):
                yield Text(id="letters")
                yield Text(id="bars")
                yield Text(id="about")
            with VerticalScroll(id="kept", can_focus=False), Horizontal():
                yield Text(id="classes")
                with HorizontalScroll(id="columns"):
                    yield Text(id="columns-text")

    def on_mount(self) -> None:
        """Read which models there are."""
        self._model: NamesModel | None = None
        self._chosen = False  # by the user: a newer run does not change it
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
        """Bars as long as there is room."""
        self.call_after_refresh(self._guess)

    def settings_changed(self) -> None:
        """Draw in the new characters."""
        super().settings_changed()
        self._guess()

    # Whose guesses

    def _find_models(self) -> None:
        runs = self.lab.runs
        self.run_worker(lambda: list(models(runs)), thread=True, exclusive=True, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Offer the models there are; the newest names run's guesses until another is chosen."""
        if event.state is WorkerState.ERROR:
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
            self.query_one("#surname").focus()

    def _use(self, origin: Any) -> None:
        if self._model is None or origin != self._model.origin:
            try:
                self._model = load(origin)
            except (LabError, PresetError) as error:
                self.refuse(error)
                return
        self.query_one("#model").tooltip = headline(self._model.origin)
        self.query_one("#about", Text).show(f"{CAUTION}\n{headline(self._model.origin)}")
        self._guess()
        self._show_table()

    # The guess

    def _guess(self) -> None:
        """Bars and letters for what stands in the field."""
        letters, bars = self.query_one("#letters", Text), self.query_one("#bars", Text)
        name = self.query_one("#surname", Input).value
        if self._model is None or not name.strip():
            letters.show("")
            bars.show(Content.styled("\n".join(SURNAMES.classes), "$foreground-muted"))
            return
        try:
            said = answer(self._model, [name], explain=True)
        except DataError as error:
            letters.show("")
            bars.show(Content.styled(str(error), "$text-error"))
            return
        ascii_only = self.lab.settings.markers == "ascii"
        (guess,) = said.guesses
        letters.show(spelt(guess.folded, guess.letters or (), ascii_only))
        room = self.query_one("#guess").content_size.width - LABELS - FIGURES - 3
        ranked = list(zip(said.classes, guess.probabilities, strict=True))
        if self._best_first:
            ranked.sort(key=lambda pair: -pair[1])
        bars.show(probability_bars(ranked, guess.best, room, ascii_only))

    def action_type(self) -> None:
        """Go to the field."""
        self.query_one("#surname").focus()

    def action_order(self) -> None:
        """The other order."""
        self._best_first = not self._best_first
        self._guess()

    def action_model(self) -> None:
        """Open the choice of models."""
        select = self.query_one("#model", Select)
        select.focus()
        select.action_show_overlay()

    # The table

    @on(Input.Submitted, "#surname")
    def _add(self, event: Input.Submitted) -> None:
        name = " ".join(event.value.split())
        if self._model is None or not name:
            return
        if fold(name) in map(fold, self._kept):
            self.tell(f"{name} is already in the table")
        else:
            try:
                self._model.probabilities([name])
            except DataError as error:
                self.refuse(error)
                return
            self._kept.append(name)
            self._show_table()
            self._scroll_to_last()
        event.input.select_all()  # the next letter begins the next name

    def _show_table(self) -> None:
        classes, columns = self.query_one("#classes", Text), self.query_one("#columns-text", Text)
        said = self._answer()
        if said is None:
            classes.show("")
            columns.show(Content.styled("enter adds the name here", "$foreground-muted"))
        else:
            classes.show(Content.styled("\n".join(["", *SURNAMES.classes]), "$foreground-muted"))
            columns.show(table_columns(said))

    def _scroll_to_last(self) -> None:
        self.call_after_refresh(self.query_one("#columns").scroll_to, x=FAR, animate=False)

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

    def action_table(self) -> None:
        """The table instead of the bars, and back."""
        self.toggle_class("-table")
        self._scroll_to_last()


def _label(origin: Origin) -> str:
    """A model in the choice."""
    return f"{origin.accuracy:.1%} {f'{origin.preset}, shipped' if origin.run is None else origin.name}"


def _table_file(text: str) -> Path:
    """The file meant. Raises ValueError."""
    if Path(text).suffix not in WRITERS:
        raise ValueError("a file name that ends in .md or .csv")
    return Path(text)


def spelt(folded: str, drops: Sequence[float], ascii_only: bool) -> Content:
    """The letters of a name, coloured by what they say for the best class; the same as marks below."""
    letters, marks = [], []
    for letter, share in zip(folded, strengths(drops), strict=True):
        style = "$text-error" if share < -1 / 8 else "bold $text-success" if share > 1 / 8 else "$foreground-muted"
        letters.append((f"{letter} ", style))
        marks.append((f"{mark(share, ascii_only)} ", style))
    return Content("\n").join([Content.assemble(*letters), Content.assemble(*marks)])


def probability_bars(ranked: Sequence[tuple[str, float]], best: str, room: int, ascii_only: bool) -> Content:
    """A line for each class: name, probability, a bar as long as the room for 1."""
    lines = []
    for nationality, p in ranked:
        style = "bold" if nationality == best else ""
        colour = "$primary" if nationality == best else "$secondary"
        drawn = tables.bar(p, max(room, 1), ascii_only)
        lines.append(Content.assemble((f"{nationality:<{LABELS}} {p:.{FIGURES - 2}f} ", style), (drawn, colour)))
    return Content("\n").join(lines)


def table_columns(said: Guesses) -> Content:
    """A column for each name, of the probabilities of all classes and the best one's name; without the classes."""
    guesses = said.guesses
    widths = [max(len(guess.name), len(guess.best), FIGURES) for guess in guesses]

    def line(cells: Sequence[str], style: str = "", bold: str = "") -> Content:
        """Cells of a row; those of names whose best class is `bold` stand out."""
        parts = zip(cells, widths, guesses, strict=True)
        return Content("  ").join(
            Content.styled(f"{cell:>{width}}", "bold $text-primary" if guess.best == bold else style)
            for cell, width, guess in parts
        )

    lines = [line([guess.name for guess in guesses], "$foreground-muted")]
    lines += [
        line([f"{guess.probabilities[k]:.4f}" for guess in guesses], bold=nationality)
        for k, nationality in enumerate(said.classes)
    ]
    return Content("\n").join([*lines, line([guess.best for guess in guesses], "bold")])
