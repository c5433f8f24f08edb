"""The settings dialogue, made from the fields of AppSettings."""

from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, Select, Static

from tui.settings import AppSettings
from tui.widgets.choice import Choice

if TYPE_CHECKING:
    from tui.app import GradlabApp

RATES = (1, 2, 4, 10)


class SettingsScreen(ModalScreen[None]):
    """A choice for each setting; it holds at once and is kept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="settings.close", tooltip="Close the settings; they are saved."),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue") as dialogue:
            dialogue.border_title = "Settings"
            dialogue.border_subtitle = "esc closes"
            for name, field in AppSettings.model_fields.items():
                if field.title is None:
                    continue
                with Horizontal(classes="setting"):
                    yield Label(field.title)
                    yield Choice(
                        [(str(value), value) for value in self._choices(name)],
                        value=getattr(self._lab.settings, name),
                        allow_blank=False,
                        compact=True,
                        id=name,
                    )
                yield Static(field.description or "", classes="note")

    @property
    def _lab(self) -> "GradlabApp":
        return cast("GradlabApp", self.app)

    def _choices(self, name: str) -> list[Any]:
        current = getattr(self._lab.settings, name)
        if name == "theme":
            return sorted(
                {*self.app.available_themes, current}, key=lambda theme: (not theme.startswith("gradlab"), theme)
            )
        if name == "refresh_rate":
            return sorted({*RATES, current})
        return list(get_args(AppSettings.model_fields[name].annotation))

    def on_select_changed(self, event: Select.Changed) -> None:
        """Take the choice on."""
        assert event.select.id is not None, "each has the name of its setting"
        if getattr(self._lab.settings, event.select.id) != event.value:
            self._lab.change_settings(**{event.select.id: event.value})
