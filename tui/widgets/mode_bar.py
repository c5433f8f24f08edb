"""The line on top: the modes, the one shown, and how the training is going."""

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Static

from tui.modes import MODES, Mode
from tui.widgets.progress import SHORT, progress
from tui.widgets.text import FittedText

if TYPE_CHECKING:
    from tui.app import GradlabApp
    from tui.training import ShownRun


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
        yield FittedText(id="training-state")

    def tick(self) -> None:
        """Show how the training is going."""
        app = cast("GradlabApp", self.app)
        self.query_one("#training-state", FittedText).fit(partial(_state, app.training, app.look.ascii))


def _state(training: "ShownRun | None", ascii_only: bool, width: int) -> Content:
    """The preset, the phase and how far it is; where there is no room for all, how far."""
    if training is None:
        return Content("")
    far = progress(training.update / training.updates, width=SHORT, ascii_only=ascii_only) if training.updates else ""
    whole = Content.assemble(f"{training.preset.name} {training.phase} ", far)
    return whole if len(whole.plain) <= width else Content(f"{far}".strip().rpartition(" ")[2])
