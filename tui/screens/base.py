"""What all modes have in common: the bar above, the footer below, messages, and a clock for redrawing."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.widgets.field_help import FIELDS
from tui.widgets.keys import Keys
from tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from tui.app import GradlabApp


class ModeScreen(Screen[None]):
    """The screen of a mode. Subclasses yield widgets in compose_mode(), and may override tick()."""

    mode: str  # its name; set by Mode.open
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "leave_field", "Back", id="app.leave_field",
            tooltip="Out of a field, so that single keys are commands again; back to the whole curves.",
        ),
    ]  # fmt: skip

    @property
    def lab(self) -> "GradlabApp":
        """The app, by its own type."""
        return cast("GradlabApp", self.app)

    def compose(self) -> ComposeResult:
        yield ModeBar(self.mode)
        yield from self.compose_mode()
        yield Keys(show_command_palette=False)

    def compose_mode(self) -> ComposeResult:
        """The widgets between bar and footer."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Start the clock. Textual calls this of every class of a mode, so subclasses need not."""
        self._clock = self.set_interval(1 / self.lab.settings.refresh_rate, self._tick)
        self._drawn_with = self.lab.settings.model_copy()
        self.call_after_refresh(self.lab.settle)  # a mode stays as long as the app

    def on_screen_resume(self) -> None:
        """Settings may have been changed in another mode."""
        if self._drawn_with != self.lab.settings:
            self.settings_changed()

    def _tick(self) -> None:
        if self in self.app.screen_stack:  # of the mode that is shown, perhaps under a dialogue
            if self.lab.training:
                self.lab.training.tick()
            self.query_one(ModeBar).tick()
            self.tick()

    def tick(self) -> None:
        """Redraw what has changed. Called at the refresh rate of the settings while this mode is shown."""

    async def open_preset(self, preset: str) -> None:
        """Show a preset (a name or a path) that was chosen in another mode, where this one has a use for it."""

    def settings_changed(self) -> None:
        """The user changed colours, markers or rate: redraw."""
        self._drawn_with = self.lab.settings.model_copy()
        self._clock.stop()
        self._clock = self.set_interval(1 / self.lab.settings.refresh_rate, self._tick)

    def tell(self, message: str) -> None:
        """A message for the user."""
        self.notify(message, markup=False)

    def refuse(self, error: Exception | str) -> None:
        """Show an error in one line."""
        self.notify(" ".join(str(error).split()), severity="error", timeout=8, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaving a field is offered in one."""
        return isinstance(self.focused, FIELDS) if action == "leave_field" else True

    def action_leave_field(self) -> None:
        """Focus nothing."""
        self.set_focus(None)
