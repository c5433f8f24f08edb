"""Presets."""

from textual.app import ComposeResult
from textual.widgets import Static

from tui.screens.base import ModeScreen


class PresetsScreen(ModeScreen):
    """Presets."""

    mode = "presets"

    def compose_mode(self) -> ComposeResult:
        yield Static("The presets will stand here, grouped by report. Until then: gradlab presets", classes="note")
