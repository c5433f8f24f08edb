"""What the field that has the focus takes, in a fixed place."""

from textual.content import Content
from textual.widgets import Checkbox, Input, Select

from tui.widgets.text import Text

FIELDS = (Checkbox, Input, Select)


class FieldHelp(Text):
    """The tooltip of the focused field of the screen: what the mouse is told and what the keyboard is told is one.

    otherwise: what stands here while no field has the focus.
    """

    def __init__(self, otherwise: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._otherwise = otherwise

    def on_mount(self) -> None:
        """Follow the focus."""
        self.watch(self.screen, "focused", self._tell)

    def _tell(self) -> None:
        field = self.screen.focused
        if isinstance(field, FIELDS) and field.tooltip:
            self.show(Content(str(field.tooltip)))
        else:
            self.show(Content.styled(self._otherwise, "$foreground-muted"))
