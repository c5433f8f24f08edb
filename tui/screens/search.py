"""Search."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class SearchScreen(ModeScreen):
    """Search."""

    mode = "search"

    def compose_mode(self) -> ComposeResult:
        yield Static("The search for lambda will stand here.", classes="note")
