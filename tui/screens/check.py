"""Check."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class CheckScreen(ModeScreen):
    """Check."""

    mode = "check"

    def compose_mode(self) -> ComposeResult:
        yield Static(
            "Gradient checks of presets and of your own files will stand here. Until then: gradlab check PRESET",
            classes="note",
        )
