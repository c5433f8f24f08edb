"""Runs."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class RunsScreen(ModeScreen):
    """Runs."""

    mode = "runs"

    def compose_mode(self) -> ComposeResult:
        yield Static("The saved runs will stand here. Until then: gradlab runs", classes="note")
