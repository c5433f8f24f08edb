"""Help: every key that works where it was called, made from the bindings."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui.screens.base import ModeScreen
from tui.widgets.tables import facts

TEXTUALS = {  # what Textual's own keys do, in our words
    "app.focus_next": "To the next field.",
    "app.focus_previous": "To the field before.",
    "screen.copy_text": "Copy the selected text.",
    "command_palette": "Find a command, a preset or a run.",
}


class HelpScreen(ModalScreen[None]):
    """The bindings, in groups: this mode's, everywhere's, and those of the widget that has the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close", tooltip="Close the help."),
    ]

    def __init__(self, bindings: Mapping[str, ActiveBinding]) -> None:
        super().__init__()
        self._active = bindings

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide-dialogue") as dialogue:
            dialogue.border_title = "Keys"
            dialogue.border_subtitle = "esc closes"
            with VerticalScroll():
                for title, rows in self._groups().items():
                    yield Static(title, classes="group")
                    yield Static(facts(rows, min(76, self.app.size.width) - 8, "$footer-key-foreground"))

    def _groups(self) -> dict[str, list[tuple[str, str]]]:
        groups: dict[str, dict[str, tuple[list[str], str]]] = {
            "This mode": {},
            "Everywhere": {},
            "The field you are in": {},
        }
        ours_first = sorted(self._active.values(), key=lambda active: active.binding.id is None)
        for active in ours_first:
            binding = active.binding
            if binding.system or not binding.description:
                continue
            where = "The field you are in" if isinstance(active.node, Widget) else "Everywhere"
            if isinstance(active.node, ModeScreen):
                where = "Everywhere" if (binding.id or "app").startswith("app") else "This mode"
            what = TEXTUALS.get(binding.action, binding.tooltip or binding.description)
            keys, _ = groups[where].setdefault(binding.action, ([], what))
            keys.append(self.app.get_key_display(binding))
        told = {
            title: [(" ".join(keys), what) for keys, what in rows.values()] for title, rows in groups.items() if rows
        }
        width = max(len(keys) for rows in told.values() for keys, _ in rows)  # one column through all groups
        return {title: [(keys.rjust(width), what) for keys, what in rows] for title, rows in told.items()}
