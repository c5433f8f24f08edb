"""Jump: a letter on everything that can take the focus; the letter gives it the focus."""

from string import ascii_lowercase, ascii_uppercase
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Label

from tui.screens.base import ModeScreen

LETTERS = ascii_lowercase + ascii_uppercase


class JumpScreen(ModalScreen[Widget | None]):
    """Lies over a screen and labels its fields, lists and plots. Its result: what was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="jump.cancel", tooltip="Leave the focus where it is."),
    ]

    def __init__(self, screen: ModeScreen) -> None:
        super().__init__()
        seen = [each for each in screen.focus_chain if each.region and screen.find_widget(each).visible_region]
        self._places = dict(zip(LETTERS, seen, strict=False))

    def compose(self) -> ComposeResult:
        for letter, widget in self._places.items():
            label = Label(letter, classes="jump-letter")
            label.styles.offset = widget.region.offset
            yield label

    def on_key(self, event: events.Key) -> None:
        """The letter of a place; any other leaves the focus where it is."""
        if event.key != "escape":
            event.stop()
            self.dismiss(self._places.get(event.character or ""))
