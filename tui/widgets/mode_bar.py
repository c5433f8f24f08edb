"""The line on top: the modes, the one shown, and how the training is going."""

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label, Static

from tui.modes import MODES, Mode
from tui.widgets.text import Text

if TYPE_CHECKING:
    from tui.app import GradlabApp


class ModeTab(Horizontal):
    """Key and name of a mode; where it is narrow, only the current one has room for its name."""

    def __init__(self, mode: Mode, current: bool) -> None:
        super().__init__(id=f"tab-{mode.name}", classes="-current" if current else "")
        self._mode = mode
        self.tooltip = f"{mode.title}: {mode.help} (key {mode.key})"

    def compose(self) -> ComposeResult:
        yield Label(self._mode.key, classes="key")
        yield Label(self._mode.title, classes="name")

    def on_click(self) -> None:
        """Go there."""
        cast("GradlabApp", self.app).action_mode(self._mode.name)


class ModeBar(Horizontal):
    """Names and keys of the modes, to be clicked on; at the right, how the training is going."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def compose(self) -> ComposeResult:
        yield Static("Gradlab", id="brand")
        for mode in MODES:
            yield ModeTab(mode, current=mode.name == self._mode)
        yield Text(id="training-state")

    def tick(self) -> None:
        """Show how the training is going."""
        training, shown = cast("GradlabApp", self.app).training, self.query_one("#training-state", Text)
        if training is None:
            shown.show("")
            return
        share = f"{training.update / training.updates:.0%}" if training.updates else ""
        whole = f"{training.preset.name} {training.phase} {share}"
        shown.show(whole if len(whole) <= shown.content_size.width else share)
