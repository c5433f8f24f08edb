"""Search: not in the app yet; the command does it."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen

NOTE = "This mode cannot search yet. In a terminal, `gradlab search a2-coarse` does, and shows its trials as they come."


class SearchScreen(ModeScreen):
    """Says which command searches."""

    mode = "search"

    def compose_mode(self) -> ComposeResult:
        yield Static(NOTE, classes="note", markup=False)
