"""Train."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class TrainScreen(ModeScreen):
    """Train."""

    mode = "train"

    def compose_mode(self) -> ComposeResult:
        yield Static("The training will stand here. Until then: gradlab run PRESET", classes="note")
