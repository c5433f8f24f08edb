"""Names."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class NamesScreen(ModeScreen):
    """Names."""

    mode = "names"

    def compose_mode(self) -> ComposeResult:
        yield Static("Live nationality probabilities of a surname will stand here.", classes="note")
