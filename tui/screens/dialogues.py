"""Small dialogues: ask for a line, or for yes or no."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual_fspicker import Filters

CODE = Filters(("Code", lambda path: path.suffix in (".py", ".ipynb", ".m")), ("All", lambda path: True))


class AskScreen(ModalScreen[str | None]):
    """Asks for a line; enter takes it if `check` (which raises ValueError) has nothing against it, escape does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="ask.cancel", tooltip="Leave everything as it is."),
    ]

    def __init__(self, title: str, note: str, text: str, check: Callable[[str], object]) -> None:
        super().__init__()
        self._title, self._note, self._text, self._check = title, note, text, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue") as dialogue:
            dialogue.border_title = self._title
            dialogue.border_subtitle = "enter accepts · esc cancels"
            yield Static(self._note, classes="note", markup=False)
            yield Input(self._text, compact=True)
            yield Static("", classes="wrong", markup=False)

    @on(Input.Changed)
    @on(Input.Submitted)
    def _judge(self, event: Input.Changed | Input.Submitted) -> None:
        try:
            self._check(event.value.strip())
        except ValueError as error:
            self.query_one(".wrong", Static).update(str(error))
            return
        self.query_one(".wrong", Static).update("")
        if isinstance(event, Input.Submitted):
            self.dismiss(event.value.strip())


class ConfirmScreen(ModalScreen[bool]):
    """Asks whether to do what cannot be undone: y does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes", id="confirm.yes", tooltip="Do it."),
        Binding("n,escape", "dismiss(False)", "No", id="confirm.no", tooltip="Leave everything as it is."),
    ]

    def __init__(self, title: str, question: str) -> None:
        super().__init__()
        self._title, self._question = title, question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue") as dialogue:
            dialogue.border_title = self._title
            dialogue.border_subtitle = "y yes · n no"
            yield Static(self._question, markup=False)
